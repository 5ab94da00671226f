import { Bot } from 'grammy';
import { expect, it } from 'vitest';
import { startTelegramEmulator } from './index.ts';
import { createCall } from './wire.ts';

const start = async () => {
  const telegram = await startTelegramEmulator();
  const call = createCall(telegram);
  const send = () => call('sendMessage', { chat_id: telegram.anaChat.id, text: 'x' });
  return { telegram, call, send, sent: () => telegram.botMessages(telegram.anaChat).length };
};

it('refuses a number of requests of one method after letting some pass', async () => {
  const { telegram, call, send } = await start();
  await using _ = telegram;
  const fault = telegram.fault('429', { method: 'sendMessage', times: 2, skip: 1, retryAfterSeconds: 7 });
  expect((await send()).status).toBe(200);
  expect(await send()).toMatchObject({ status: 429, parameters: { retry_after: 7 } });
  expect((await call('getMe')).status).toBe(200);
  expect((await send()).status).toBe(429);
  expect((await send()).status).toBe(200);
  expect(fault.hits).toBe(2);
});

it('answers 5xx without doing the work', async () => {
  const { telegram, send, sent } = await start();
  await using _ = telegram;
  telegram.fault('5xx');
  expect(await send()).toMatchObject({ status: 502, description: 'Bad Gateway' });
  expect(sent()).toBe(0);
});

it('drops a request undone, and a reply after the work is done', async () => {
  const { telegram, send, sent } = await start();
  await using _ = telegram;
  telegram.fault('drop-request');
  await expect(send()).rejects.toThrow();
  expect(sent()).toBe(0);
  telegram.fault('drop-reply');
  await expect(send()).rejects.toThrow();
  expect(sent()).toBe(1);
  expect(telegram.state.requests.map(({ dropped }) => dropped)).toEqual([true, true]);
});

it('holds requests until lifted, and delays them', async () => {
  const { telegram, send, sent } = await start();
  await using _ = telegram;
  const hold = telegram.fault('hold', { method: 'sendMessage' });
  const held = send();
  await telegram.waitForRequest('sendMessage');
  expect(sent()).toBe(0);
  hold.lift();
  expect((await held).status).toBe(200);
  telegram.fault('latency', { delayMs: 5, times: 1 });
  expect((await send()).status).toBe(200);
});

it('tells who waits for it that a request is held', async () => {
  const { telegram, send } = await start();
  await using _ = telegram;
  const hold = telegram.fault('hold', { method: 'sendMessage' });
  const isMet = telegram.until(() => hold.hits || undefined, { timeoutMs: 10_000 });
  const held = send();
  expect(await isMet).toBe(1);
  hold.lift();
  expect((await held).status).toBe(200);
});

it('is unreachable until that is lifted, waiting polls included', async () => {
  const { telegram, call, send } = await start();
  await using _ = telegram;
  const poll = call('getUpdates', { timeout: 30 });
  await telegram.waitForPoll();
  const outage = telegram.fault('unreachable');
  await expect(poll).rejects.toThrow();
  await expect(send()).rejects.toThrow();
  outage.lift();
  expect((await send()).status).toBe(200);
});

it('ends a waiting poll so that it meets a fault of getUpdates', async () => {
  const { telegram } = await start();
  await using _ = telegram;
  const bot = new Bot(telegram.token, { client: { apiRoot: telegram.apiUrl } });
  const running = bot.start();
  running.catch(() => {});
  await telegram.waitForPoll();
  telegram.fault('401');
  await expect(running).rejects.toMatchObject({ error_code: 401 });
});

it('claims that a message to edit is not there', async () => {
  const { telegram, call, send } = await start();
  await using _ = telegram;
  const { result } = await send();
  telegram.fault('edit-not-found');
  const edit = { chat_id: telegram.anaChat.id, message_id: result.message_id, text: 'y' };
  expect((await call('editMessageText', edit)).description).toBe('Bad Request: message to edit not found');
  expect((await call('editMessageText', edit)).status).toBe(200);
});

it('ends polls, waits and presses when closed', async () => {
  const { telegram, call } = await start();
  const poll = call('getUpdates', { timeout: 30 });
  const outcome = poll.then(
    () => 'ended',
    () => 'cut',
  );
  await telegram.waitForPoll();
  const wait = telegram.waitForMessage(telegram.anaChat, 'never');
  await telegram.close();
  await expect(wait).rejects.toThrow('closed');
  expect(['ended', 'cut']).toContain(await outcome);
});
