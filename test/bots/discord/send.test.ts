import { expect, it } from 'vitest';
import {
  buttonRow,
  ChatBusyError,
  ChatClosedError,
  ChatUnreachableError,
  MessageGoneError,
} from '../../../src/bots/platform.ts';
import { startDiscordEmulator } from '../../emulators/discord/index.ts';
import { card, startHarness } from './harness.ts';

it('sends a card with picture, menu and buttons', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const sent = await harness.createBot().send(chat, {
    attachment: await harness.picture('one'),
    lines: [[{ text: '3 photos', style: 'bold' }, ' _for_ TikTok'], ['# no heading']],
    rows: [
      {
        type: 'choice',
        prompt: 'Who can see it?',
        options: [{ label: 'Everyone', press: 'all', isChosen: false }],
      },
      buttonRow(
        { label: 'Post now', press: 'post', tone: 'main' },
        { label: 'Discard', press: 'drop', tone: 'bad' },
        { label: 'Help', href: 'https://nod.example/help' },
      ),
    ],
  });
  expect(discord.render(discord.posts)).toBe(
    [
      '--- #posts (Studio) ---',
      'Nod',
      '  │ [picture-one.jpg]',
      '  │ **3 photos** \\_for\\_ TikTok',
      '  │ \\# no heading',
      '  │ [ ▾ Who can see it? ]',
      '  │ [ Post now ] [ Discard ] [ Help ↗ ]',
    ].join('\n'),
  );
  expect(sent).toEqual({ chat, id: discord.messages(discord.posts)[0]?.id, picture: 'one' });
});

it('uploads a picture only when it changed, and drops it when there is none', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const [one, two] = [await harness.picture('one'), await harness.picture('two', 'blue')];
  const names = () => discord.messages(discord.posts)[0]?.attachments.map(({ filename }) => filename);
  const uploads = () => harness.callsOf('editMessage').map(({ files }) => files.length);

  const text = await bot.send(chat, card('Looking at it'));
  const first = await bot.edit(text, { ...card('3 photos'), attachment: one });
  expect(first).toEqual({ ...text, picture: 'one' });
  expect(await bot.edit(first, { ...card('Posting'), attachment: one })).toEqual(first);
  expect(names()).toEqual(['picture-one.jpg']);
  const second = await bot.edit(first, { ...card('Posting'), attachment: two });
  expect(names()).toEqual(['picture-two.jpg']);
  expect(await bot.edit(second, card('Live'))).toEqual(text);
  expect(names()).toEqual([]);
  expect(await bot.edit(text, card('Live'))).toEqual(text);
  expect(uploads()).toEqual([1, 0, 1, 0, 0]);
});

it('attaches a text file under a name that Discord keeps, before and after a picture', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const file = { type: 'file' as const, name: 'who approved (ünder).txt', text: 'Ana ✅\nBen ❌\n' };
  const sent = await bot.send(chat, { ...card('All of it'), attachment: file });
  expect(sent).not.toHaveProperty('picture');
  expect(discord.render(discord.posts)).toContain('│ All of it\n  │ [who_approved_nder_.txt]');
  const [stored] = [...discord.files.values()];
  expect(Buffer.from(stored?.bytes ?? []).toString()).toBe(file.text);
  expect(stored?.contentType).toMatch(/^text\/plain/);
  const withPicture = await bot.edit(sent, { ...card('3 photos'), attachment: await harness.picture('one') });
  expect(withPicture.picture).toBe('one');
  await bot.edit(withPicture, { ...card('Again'), attachment: file });
  expect(discord.messages(discord.posts)[0]?.attachments.map(({ filename }) => filename)).toEqual([
    'who_approved_nder_.txt',
  ]);
  await bot.edit(sent, card('No file'));
  expect(discord.messages(discord.posts)[0]?.attachments).toEqual([]);
});

it('attaches a text file to an answer that one person sees', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, events } = await harness.startBot();
  const handle = await discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'history',
  });
  const { reply } = await events.one('command');
  if (reply === undefined) throw new Error('There is no reply.');
  await bot.edit(reply, {
    ...card('History'),
    attachment: { type: 'file', name: 'history.txt', text: 'Nothing yet' },
  });
  expect(discord.render(handle)).toContain('│ History\n  │ [history.txt]');
});

it('calls for the person who is meant and for nobody whom a text names', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben);
  const bot = harness.createBot();
  const pings = () => [...discord.state.messages.values()].at(-1)?.pings;
  await bot.send(chat, card(`@everyone <@${ben.id}> <@&${discord.studio.id}>`));
  expect(pings()).toEqual({ users: [], roles: [], everyone: false });
  const callsFor = { id: `discord:${discord.ana.id}`, name: 'Ana' };
  await bot.send(chat, card('Live on TikTok', `<@${ben.id}>`), { callsFor });
  expect(pings()).toEqual({ users: [discord.ana.id], roles: [], everyone: false });
  expect(discord.render(discord.posts)).toContain(`│ <@${discord.ana.id}> Live on TikTok`);
});

it('sends once under one key, and once when the answer is lost', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const first = await bot.send(chat, card('Posting'), { onceKey: 'draft-1.0' });
  expect(await bot.send(chat, card('Posting'), { onceKey: 'draft-1.0' })).toEqual(first);
  discord.fault('drop-reply', { route: 'createMessage' });
  const lost = await bot.send(chat, card('Live'), { onceKey: 'draft-1.1' }).catch(() => undefined);
  const again = await bot.send(chat, card('Live'), { onceKey: 'draft-1.1' });
  expect(discord.messages(discord.posts)).toHaveLength(2);
  expect(lost ?? again).toEqual(again);
});

it('sends another message where the one under its key was deleted', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const deleted = await bot.send(chat, card('Posting'), { onceKey: 'draft-1' });
  await bot.remove(deleted);
  const next = await bot.send(chat, card('Live'), { onceKey: 'draft-1' });
  expect(next.id).not.toBe(deleted.id);
  expect(await bot.send(chat, card('Done'), { onceKey: 'draft-1' })).toEqual(next);
  expect(discord.messages(discord.posts)).toHaveLength(1);
});

it('does not double what the library repeats by itself', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  discord.fault('5xx', { route: 'createMessage', times: 2 });
  await bot.send(chat, card('Posting'));
  const nonces = harness.callsOf('createMessage').map(({ body }) => body);
  expect(nonces).toHaveLength(3);
  expect(new Set(nonces.map((body) => JSON.stringify(body))).size).toBe(1);
  expect(nonces[0]).toMatchObject({ enforce_nonce: true });
  await bot.send(chat, card('Posting'));
  expect(discord.messages(discord.posts)).toHaveLength(2);
});

it('replies to a message, and says it all the same where it may not or cannot', async () => {
  await using harness = await startHarness({ rateLimits: { sends: false } });
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const replyTo = await bot.send(chat, card('Posting'));
  await bot.send(chat, card('Live'), { replyTo, silent: true });
  expect(discord.render(discord.posts)).toContain('Nod (reply to Nod)');
  expect((discord.messages(discord.posts).at(-1)?.flags ?? 0) & (1 << 12)).not.toBe(0);
  discord.setOverwrite(discord.posts, 'bot', { deny: ['READ_MESSAGE_HISTORY'] });
  await bot.send(chat, card('Said anyway'), { replyTo });
  await bot.remove(replyTo);
  await bot.send(chat, card('And now'), { replyTo });
  expect(discord.render(discord.posts)).toContain('Nod\n  │ And now');
});

it('deletes a message, also one that is gone', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const sent = await bot.send(chat, card('Posting'));
  await bot.remove(sent);
  await bot.remove(sent);
  expect(discord.messages(discord.posts)).toEqual([]);
  expect(await harness.errorOf(bot.edit(sent, card('Live')))).toBeInstanceOf(MessageGoneError);
});

it('tells a chat that is closed from a call that nobody can help', async () => {
  await using harness = await startHarness({ allowLint: true });
  const { discord, chat } = harness;
  const bot = harness.createBot();
  discord.setOverwrite(discord.posts, 'bot', { deny: ['SEND_MESSAGES'] });
  expect(await harness.errorOf(bot.send(chat, card('a')))).toBeInstanceOf(ChatClosedError);
  discord.setOverwrite(discord.posts, 'bot', { deny: ['VIEW_CHANNEL'] });
  expect(await harness.errorOf(bot.send(chat, card('a')))).toBeInstanceOf(ChatClosedError);
  discord.deleteChannel(discord.posts);
  expect(await harness.errorOf(bot.send(chat, card('a')))).toBeInstanceOf(ChatClosedError);
  const dm = discord.dm(discord.ana);
  discord.setDmsClosed(discord.ana, true);
  expect(await harness.errorOf(bot.send(`discord:${dm.id}`, card('a')))).toBeInstanceOf(ChatClosedError);
  discord.setDmsClosed(discord.ana, false);
  const twice = [buttonRow({ label: 'A', press: 'a' }), buttonRow({ label: 'B', press: 'a' })];
  const error = await harness.errorOf(bot.send(`discord:${dm.id}`, { lines: [['x']], rows: twice }));
  expect(error).toMatchObject({ name: 'DiscordError', code: 50_035 });
});

it('says whether a call may have been done when Discord does not answer', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  discord.fault('5xx', { route: 'createMessage', times: 4 });
  const down = await harness.errorOf(bot.send(chat, card('a')));
  expect(down).toBeInstanceOf(ChatUnreachableError);
  expect(down).toMatchObject({ maybeDone: true });
  const gone = await startDiscordEmulator();
  await gone.close();
  const nowhere = harness.createBot({ apiUrl: gone.apiUrl });
  expect(await harness.errorOf(nowhere.send(chat, card('a')))).toMatchObject({
    name: 'ChatUnreachableError',
    maybeDone: false,
  });
});

it('waits out a short limit and hands a long one on', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  discord.fault('429', { route: 'createMessage', retryAfterSeconds: 0.05 });
  const sent = await bot.send(chat, card('Posting'));
  discord.fault('429', { route: 'editMessage', retryAfterSeconds: 120 });
  const error = await harness.errorOf(bot.edit(sent, card('Live')));
  expect(error).toBeInstanceOf(ChatBusyError);
  expect(error).toMatchObject({ retryAfterMs: expect.closeTo(120_000, -3) });
});

it('edits a message at most every 5 s, and every 15 s when it is over an hour old', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const bot = harness.createBot();
  const sent = await bot.send(chat, card('Posting'));
  expect(bot.editPauseMs(sent, discord.now())).toBe(5_000);
  expect(bot.editPauseMs(sent, discord.now() + 59 * 60_000)).toBe(5_000);
  expect(bot.editPauseMs(sent, discord.now() + 61 * 60_000)).toBe(15_000);
});

it('edits a card that another process has sent', async () => {
  await using harness = await startHarness();
  const { discord, chat } = harness;
  const before = harness.createBot();
  const sent = await before.send(chat, { ...card('Posting'), attachment: await harness.picture('one') });
  await before.stop();
  await harness.createBot().edit(sent, { ...card('Live'), attachment: await harness.picture('one') });
  expect(discord.render(discord.posts)).toContain('│ [picture-one.jpg]\n  │ Live');
});
