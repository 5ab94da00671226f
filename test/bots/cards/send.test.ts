import pino from 'pino';
import { expect, it } from 'vitest';
import { createSender } from '../../../src/bots/cards/send.ts';
import { ChatBusyError, ChatClosedError, ChatUnreachableError } from '../../../src/bots/platform.ts';
import { createPaperBot, paper } from '../paper-bot.ts';

const CHAT = 'telegram:1';

function start(options: Parameters<typeof createPaperBot>[0] = {}) {
  const chat = createPaperBot(options);
  const sender = createSender({
    botFor: () => chat.bot,
    retryDelaysMs: [1, 1, 1],
    log: pino({ level: 'silent' }),
  });
  return { chat, sender, say: (text: string) => sender.say(CHAT, paper(text)) };
}

it.concurrent('waits where the chat asks for it', async () => {
  const { chat, say } = start();
  chat.fail(new ChatBusyError('Wait.', { retryAfterMs: 200 }));
  const askedAt = Date.now();
  expect(await say('hello')).toEqual({ chat: CHAT, id: '1' });
  expect(Date.now() - askedAt).toBeGreaterThanOrEqual(195);
});

it.concurrent('says what may have arrived once the platform answers again', async () => {
  let isUp = false;
  let asked = 0;
  const isReachable = () => {
    asked += 1;
    isUp = asked > 2;
    return isUp;
  };
  const { chat, say } = start({ isReachable });
  for (let count = 0; count < 2; count += 1) chat.fail(new ChatUnreachableError('502'));
  expect(await say('hello')).toEqual({ chat: CHAT, id: '1' });
  expect(asked).toBe(3);
});

it.concurrent('gives up what may have arrived four times at a platform that answers', async () => {
  const { chat, say } = start();
  for (let count = 0; count < 5; count += 1)
    chat.fail(new ChatUnreachableError('No answer.'), { arrives: true });
  expect(await say('hello')).toBeUndefined();
  expect(chat.show()).toEqual(['hello', 'hello', 'hello', 'hello']);
});

it.concurrent('gives up where nobody listens', async () => {
  const { chat, say } = start();
  chat.fail(new ChatClosedError('Blocked.'));
  expect(await say('hello')).toBeUndefined();
  expect(chat.show()).toEqual([]);
});

it.concurrent('tells another chat without anybody waiting for it, and ends that when it stops', async () => {
  const { chat, sender } = start();
  chat.fail(new ChatBusyError('Wait.', { retryAfterMs: 3_600_000 }));
  sender.tell(CHAT, paper('news'));
  await chat.failed();
  sender.tell('telegram:2', paper('other news'));
  await chat.shows('other news');
  await sender.stop();
  expect(chat.show()).toEqual(['other news']);
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
