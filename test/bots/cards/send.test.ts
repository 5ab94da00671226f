import pino from 'pino';
import { expect, it } from 'vitest';
import { createSender } from '../../../src/bots/cards/send.ts';
import { ChatBusyError, ChatClosedError, ChatUnreachableError } from '../../../src/bots/platform.ts';
import { createPaperBot, paper } from '../paper-bot.ts';

const CHAT = 'telegram:1';

function start() {
  const chat = createPaperBot();
  const sender = createSender({ botFor: () => chat.bot, log: pino({ level: 'silent' }) });
  return { chat, sender, say: (text: string) => sender.say(CHAT, paper(text)) };
}

it.concurrent('waits where the chat asks for it', async () => {
  const { chat, say } = start();
  chat.fail(new ChatBusyError('Wait.', { retryAfterMs: 200 }));
  const askedAt = Date.now();
  expect(await say('hello')).toEqual({ chat: CHAT, id: '1' });
  expect(Date.now() - askedAt).toBeGreaterThanOrEqual(195);
});

it.concurrent('says what may have arrived once more and then gives up', async () => {
  const { chat, say } = start();
  for (let count = 0; count < 5; count += 1)
    chat.fail(new ChatUnreachableError('No answer.'), { arrives: true });
  expect(await say('hello')).toBeUndefined();
  expect(chat.show()).toEqual(['hello', 'hello']);
});

it.concurrent('gives up where nobody listens, or where the wait would be too long', async () => {
  const { chat, say } = start();
  chat.fail(new ChatClosedError('Blocked.'));
  expect(await say('hello')).toBeUndefined();
  chat.fail(new ChatBusyError('Wait.', { retryAfterMs: 3_600_000 }));
  expect(await say('hello')).toBeUndefined();
  expect(chat.show()).toEqual([]);
});

it.concurrent('throws on what is a bug', async () => {
  const { chat, say } = start();
  chat.fail(new TypeError('A bug.'));
  await expect(say('hello')).rejects.toThrow('A bug.');
});

it.concurrent('says it anew where the message is gone that it was to replace', async () => {
  const { chat, sender } = start();
  await sender.sayInstead({ chat: CHAT, id: '7' }, paper('instead'));
  expect(chat.show()).toEqual(['instead']);
});

it.concurrent('ends its waits when Nod stops, so that the event is handled again later', async () => {
  const { chat, sender, say } = start();
  chat.fail(new ChatBusyError('Wait.', { retryAfterMs: 30_000 }));
  const saying = say('hello');
  await chat.failed();
  sender.stop();
  await expect(saying).rejects.toThrow();
  expect(chat.show()).toEqual([]);
});
