import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { ChatUnreachableError } from '../../../src/bots/platform.ts';
import { TokenRefusedError } from '../../../src/bots/telegram/index.ts';
import { jpeg, startHarness } from './harness.ts';

const STRANGE_TOKEN = '654321:another_token_of_the_right_form';

it('asks for its kinds of updates by name and sets its menu', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  await harness.startBot();
  await telegram.waitForPoll();
  expect(telegram.allowedUpdates()).toEqual([
    'message',
    'edited_message',
    'callback_query',
    'message_reaction',
    'my_chat_member',
  ]);
  expect([...telegram.state.commands.values()]).toMatchObject([
    { scope: { type: 'all_private_chats' }, commands: [{ command: 'accounts' }] },
  ]);
});

it('refuses to start with a token that Telegram does not know', async () => {
  await using harness = await startHarness();
  for (const token of [STRANGE_TOKEN, 'nonsense']) {
    const error = await harness.errorOf(harness.startBot(undefined, { token }));
    expect(error).toBeInstanceOf(TokenRefusedError);
    expect(error).toHaveProperty('message', expect.stringContaining('TELEGRAM_TOKEN'));
    expect(harness.logLines.all.join('')).not.toContain(token);
  }
});

it('starts although the menu of commands is refused', async () => {
  await using harness = await startHarness();
  harness.telegram.fault('5xx', { method: 'setMyCommands' });
  const { events } = await harness.startBot();
  await harness.telegram.sendText(harness.telegram.anaChat, harness.telegram.ana, 'hello');
  expect(await events.one('text')).toMatchObject({ text: 'hello' });
});

it('starts once Telegram can be reached', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const outage = telegram.fault('unreachable');
  const starting = harness.startBot();
  await harness.logged('Telegram does not answer');
  outage.lift();
  const { events } = await starting;
  await telegram.sendText(telegram.anaChat, telegram.ana, 'hello');
  expect(await events.one('text')).toMatchObject({ text: 'hello' });
});

it('starts after an answer to its first question that says nothing of its token', async () => {
  await using harness = await startHarness();
  const refusal = harness.telegram.fault('400', { method: 'getMe' });
  await harness.startBot();
  expect(refusal.hits).toBe(1);
});

it('gives up starting when it is stopped', async () => {
  await using harness = await startHarness();
  const outage = harness.telegram.fault('unreachable');
  const bot = harness.createBot();
  const starting = bot.start(async () => {});
  await harness.telegram.until(() => outage.hits > 0 || undefined, { what: 'The outage' });
  await bot.stop();
  await starting;
  expect(harness.telegram.state.requests).toEqual([]);
});

it('goes on after an outage and hears what was said meanwhile', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  await telegram.waitForPoll();
  const outage = telegram.fault('unreachable');
  await telegram.sendText(telegram.anaChat, telegram.ana, 'anybody there?');
  outage.lift();
  expect(await events.one('text')).toMatchObject({ text: 'anybody there?' });
  const log = harness.logLines.all.join('');
  expect(log).toContain('Telegram does not answer; trying on');
  expect(log).toContain('Telegram answers again');
});

it('says that another program polls with its token and goes on when that has ended', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  await telegram.waitForPoll();
  await fetch(`${telegram.apiUrl}/bot${telegram.token}/getUpdates`);
  await telegram.waitForRequest('getUpdates', { when: ({ status }) => status === 409 });
  await telegram.sendText(telegram.anaChat, telegram.ana, 'hello');
  expect(await events.one('text')).toMatchObject({ text: 'hello' });
  expect(harness.logLines.all.join('')).toContain('Another program polls Telegram');
});

it('reports a token that is revoked while it runs', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const fatal = Promise.withResolvers<Error>();
  await harness.startBot(undefined, { onFatal: fatal.resolve });
  await telegram.waitForPoll();
  telegram.fault('401');
  expect(await fatal.promise).toBeInstanceOf(TokenRefusedError);
});

it('never names the URL of a file when its download fails', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { bot, events } = await harness.startBot();
  await telegram.sendPhoto(telegram.anaChat, telegram.ana, { bytes: await jpeg() });
  const { ref } = (await events.one('media')).file;
  for (const fault of ['5xx', 'drop-request', 'cut-download'] as const) {
    telegram.fault(fault, { method: 'file' });
    const error = await harness.errorOf(bot.openFile(ref).then(buffer));
    expect(error, fault).toBeInstanceOf(ChatUnreachableError);
  }
  expect(await harness.errorOf(bot.openFile('strange'))).toBeInstanceOf(ChatUnreachableError);
});

it('asks for no file before the time that Telegram has told', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  let nowMs = Date.now();
  const { bot, events } = await harness.startBot(undefined, { now: () => nowMs });
  await telegram.sendPhoto(telegram.anaChat, telegram.ana, { bytes: await jpeg() });
  const { ref } = (await events.one('media')).file;
  telegram.fault('429', { method: 'getFile', retryAfterSeconds: 25 });
  expect(await harness.errorOf(bot.openFile(ref))).toMatchObject({ retryAfterMs: 25_000 });
  nowMs += 10_000;
  expect(await harness.errorOf(bot.openFile(ref))).toMatchObject({ retryAfterMs: 15_000 });
  nowMs += 15_000;
  await buffer(await bot.openFile(ref));
  expect(telegram.state.requests.filter(({ method }) => method === 'getFile')).toHaveLength(2);
});

it('never names its token when nobody listens at the address', async () => {
  await using harness = await startHarness();
  const { telegram, chat } = harness;
  const bot = harness.createBot();
  await telegram.close();
  const lines = [['Hello']];
  const calls = [
    () => bot.send(chat, { lines, rows: [] }),
    () => bot.edit({ chat, id: '1' }, { lines, rows: [] }),
    () => bot.remove({ chat, id: '1' }),
    () => bot.openFile('file'),
    () => bot.fetchMember('telegram:-1', { id: 'telegram:1', name: 'Ana' }),
    () => bot.addReactions({ chat, id: '1' }, ['approve']),
    () => bot.receivesReactions('telegram:-1'),
  ];
  for (const call of calls) {
    const error = await harness.errorOf(call());
    expect(error).toBeInstanceOf(ChatUnreachableError);
    expect(error).toHaveProperty('message', expect.stringContaining('ECONNREFUSED'));
  }
});
