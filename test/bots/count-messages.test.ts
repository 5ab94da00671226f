import { expect, it } from 'vitest';
import { type CountedMessage, countMessages } from '../../src/bots/count-messages.ts';
import {
  CardRefusedError,
  ChatBusyError,
  ChatClosedError,
  ChatUnreachableError,
  MessageGoneError,
} from '../../src/bots/platform.ts';
import { createPaperBot, paper } from './paper-bot.ts';

const CHAT = 'telegram:1';

function createScene() {
  const chat = createPaperBot();
  const told: CountedMessage[] = [];
  return { chat, told, bot: countMessages(chat.bot, (message) => told.push(message)) };
}

it('counts what is sent, edited and deleted, and leaves it as it is', async () => {
  const { chat, told, bot } = createScene();
  const message = await bot.send(CHAT, paper('one'));
  await bot.edit(message, paper('two'));
  await bot.remove(message);
  expect(told.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
    'send ok',
    'edit ok',
    'remove ok',
  ]);
  expect(new Set(told.map(({ platform }) => platform))).toEqual(new Set(['telegram']));
  expect(chat.messages).toHaveLength(1);
});

it.each([
  ['busy', new ChatBusyError('Wait.', { retryAfterMs: 1 })],
  ['unreachable', new ChatUnreachableError('No answer.')],
  ['closed', new ChatClosedError('Not here.')],
  ['gone', new MessageGoneError('It is gone.')],
  ['refused', new CardRefusedError('Not like this.')],
  ['failed', new Error('A bug.')],
])('counts a message as %s', async (outcome, error) => {
  const { chat, told, bot } = createScene();
  chat.fail(error);
  await expect(bot.send(CHAT, paper('one'))).rejects.toBe(error);
  expect(told).toEqual([{ platform: 'telegram', action: 'send', outcome }]);
});
