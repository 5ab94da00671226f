import pino from 'pino';
import { expect, it } from 'vitest';
import { connectLink, giveLink } from '../../../src/bots/accounts/connect-link.ts';
import { createSender } from '../../../src/bots/cards/send.ts';
import type { ChatEventOf } from '../../../src/bots/platform.ts';
import { createPaperBot, paper, textOf } from '../paper-bot.ts';

const LINK = 'https://nod.example.com/connect/secret';
const CHANNEL = 'discord:10';

function start(options: Parameters<typeof createPaperBot>[0] = {}) {
  const discord = createPaperBot({ platform: 'discord', ...options });
  const botFor = () => discord.bot;
  const sender = createSender({ botFor, log: pino({ level: 'silent' }) });
  const give = (event: Partial<ChatEventOf<'command'>>) =>
    giveLink({ sender, botFor }, { ...COMMAND, ...event }, connectLink(LINK));
  const shown = () => JSON.stringify(discord.messages.map(({ versions }) => versions.at(-1)?.card));
  return { discord, give, shown };
}

const COMMAND: ChatEventOf<'command'> = {
  id: '1',
  chat: CHANNEL,
  workspace: 'discord:1',
  chatTitle: '#posts',
  isPrivate: false,
  person: { id: 'discord:30', name: 'Chiara' },
  type: 'command',
  name: 'connect',
  argument: '',
};

it('puts the link into the answer that only the person sees, and says nothing beside', async () => {
  const { discord, give, shown } = start();
  const reply = await discord.bot.send(CHANNEL, paper('…'));
  await give({ reply: { ...reply, isPrivate: true } });
  expect(shown()).toContain(LINK);
  expect(discord.messages).toHaveLength(1);
  expect(discord.whispered).toEqual([]);
});

it('never falls back to the channel when that answer is gone', async () => {
  const { discord, give, shown } = start();
  await give({ reply: { chat: CHANNEL, id: 'gone', isPrivate: true } });
  expect(discord.whispered).toMatchObject([{ person: COMMAND.person }]);
  expect(JSON.stringify(discord.whispered)).toContain(LINK);
  expect(shown()).not.toContain(LINK);
  expect(discord.show()).toEqual([
    'Chiara, the link to connect is for you alone: only you see it, here or in our private chat.',
  ]);
});

it('keeps the link where nobody can be told alone', async () => {
  const { discord, give, shown } = start({ whispers: false });
  await give({ reply: { chat: CHANNEL, id: 'gone', isPrivate: true } });
  await give({});
  expect(shown()).not.toContain(LINK);
  expect(discord.show()).toEqual(Array(2).fill(expect.stringContaining('write /tiktok connect here again.')));
});

it('answers in the private chat itself', async () => {
  const { discord, give, shown } = start();
  await give({ isPrivate: true });
  expect(shown()).toContain(LINK);
  expect(textOf(discord.messages[0]?.versions[0]?.card)).toContain(
    'Connect a TikTok account with this link.',
  );
});
