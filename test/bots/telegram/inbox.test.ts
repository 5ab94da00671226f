import { expect, it } from 'vitest';
import { ChatBusyError, type ChatEvent } from '../../../src/bots/platform.ts';
import type { RequestEntry } from '../../emulators/telegram/index.ts';
import { createReleaseGate } from '../records.ts';
import { startHarness } from './harness.ts';

const HOUR_MS = 60 * 60 * 1000;

it('handles an update once although Telegram delivers it twice', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  await telegram.sendText(telegram.anaChat, telegram.ana, 'one');
  await events.first(1);
  await telegram.until(() => (telegram.pendingUpdates().length === 0 ? true : undefined));
  expect(telegram.redeliver()).toHaveLength(1);
  await telegram.sendText(telegram.anaChat, telegram.ana, 'two');
  expect(await events.first(2)).toMatchObject([{ text: 'one' }, { text: 'two' }]);
  expect(events.all).toHaveLength(2);
});

it('handles an update again whose handling a crash cut off, before newer ones', async () => {
  await using harness = await startHarness();
  const { telegram, inbox } = harness;
  const never = createReleaseGate();
  const first = await harness.startBot(() => never.opened);
  await telegram.sendText(telegram.anaChat, telegram.ana, 'one');
  await telegram.sendText(telegram.anaChat, telegram.ana, 'two');
  await first.events.first(1);
  await telegram.until(() => (telegram.pendingUpdates().length === 0 ? true : undefined));
  // As after a crash: the first bot is deaf, and whatever it holds in memory never goes on.
  const stopped = first.bot.stop();
  await telegram.waitForRequest('getUpdates', { when: isFarewell });
  await telegram.sendText(telegram.anaChat, telegram.ana, 'three');
  const { events } = await harness.startBot(undefined, { inbox });
  expect((await events.first(3)).map(textOf)).toEqual(['one', 'two', 'three']);
  never.open();
  await stopped;
  expect(first.events.all).toHaveLength(1);
});

it('leaves at a stop what it has not begun for the next start', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const gate = createReleaseGate();
  const first = await harness.startBot(() => gate.opened);
  await telegram.sendText(telegram.anaChat, telegram.ana, 'one');
  await telegram.sendText(telegram.anaChat, telegram.ana, 'two');
  await first.events.first(1);
  await telegram.until(() => (telegram.pendingUpdates().length === 0 ? true : undefined));
  const stopped = first.bot.stop();
  await telegram.waitForRequest('getUpdates', { when: isFarewell });
  gate.open();
  await stopped;
  expect(first.events.all.map(textOf)).toEqual(['one']);
  const second = await harness.startBot();
  expect((await second.events.first(1)).map(textOf)).toEqual(['two']);
});

it('keeps the order in which updates came where the clock was set back', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const gate = createReleaseGate();
  let nowMs = Date.now();
  const first = await harness.startBot(() => gate.opened, { now: () => nowMs });
  for (const text of ['one', 'two', 'three']) {
    await telegram.sendText(telegram.anaChat, telegram.ana, text);
    await telegram.until(() => (telegram.pendingUpdates().length === 0 ? true : undefined));
    nowMs -= HOUR_MS;
  }
  const stopped = first.bot.stop();
  await telegram.waitForRequest('getUpdates', { when: isFarewell });
  gate.open();
  await stopped;
  const { events } = await harness.startBot();
  expect((await events.first(2)).map(textOf)).toEqual(['two', 'three']);
});

it('waits out an outage of Telegram’s without giving an update up', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  let failures = 0;
  const { events } = await harness.startBot(async () => {
    failures += 1;
    if (failures <= 5) throw new ChatBusyError('Wait.', { retryAfterMs: 1 });
  });
  await telegram.sendText(telegram.anaChat, telegram.ana, 'one');
  expect((await events.first(6)).map(textOf)).toEqual(['one', 'one', 'one', 'one', 'one', 'one']);
});

it('handles the chats side by side and each in order', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const gate = createReleaseGate();
  const ben = telegram.user({ firstName: 'Ben' });
  const benChat = telegram.privateChat(ben);
  const { events } = await harness.startBot(async (event) => {
    if (textOf(event) === 'slow') await gate.opened;
  });
  await telegram.sendText(telegram.anaChat, telegram.ana, 'slow');
  await telegram.sendText(telegram.anaChat, telegram.ana, 'after it');
  await telegram.sendText(benChat, ben, 'meanwhile');
  expect((await events.first(2)).map(textOf)).toEqual(['slow', 'meanwhile']);
  gate.open();
  expect((await events.first(3)).map(textOf)).toEqual(['slow', 'meanwhile', 'after it']);
});

it('gives an event up that fails three times and goes on with the chat', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot(async (event) => {
    if (textOf(event) === 'poison') throw new Error('a bug');
  });
  await telegram.sendText(telegram.anaChat, telegram.ana, 'poison');
  await telegram.sendText(telegram.anaChat, telegram.ana, 'fine');
  expect((await events.first(4)).map(textOf)).toEqual(['poison', 'poison', 'poison', 'fine']);
  expect(harness.logLines.all.filter((line) => line.includes('a bug'))).toHaveLength(3);
  await telegram.waitForMessage(telegram.anaChat, CAME_TO_NOTHING);
});

/** As in a power cut while an event is handled: the bot is deaf, and what it holds in memory goes on only at the end. */
async function crashDuring(
  harness: Harness,
  gate: ReturnType<typeof createReleaseGate>,
): Promise<() => Promise<void>> {
  const { bot, events } = await harness.startBot(() => gate.opened);
  await events.first(1);
  const stopped = bot.stop();
  await harness.telegram.waitForRequest('getUpdates', { when: isFarewell });
  return () => stopped;
}

it('keeps an event while Nod ends again and again for other reasons', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const gate = createReleaseGate();
  await telegram.sendText(telegram.anaChat, telegram.ana, 'a vote');
  const lives = [];
  for (let life = 1; life <= 4; life += 1) lives.push(await crashDuring(harness, gate));
  const { events } = await harness.startBot();
  expect((await events.first(1)).map(textOf)).toEqual(['a vote']);
  gate.open();
  for (const ended of lives) await ended();
});

it('gives up an event in which ten lives have ended, and says so', async () => {
  await using harness = await startHarness();
  const { telegram, inbox } = harness;
  const gate = createReleaseGate();
  await telegram.sendText(telegram.anaChat, telegram.ana, 'poison');
  const ended = await crashDuring(harness, gate);
  const [record] = await harness.inboxRecords();
  if (record?.state !== 'waiting') throw new Error('It does not wait.');
  await inbox.update(String(record.update.update_id).padStart(12, '0'), () => ({ ...record, lives: 10 }));
  const { bot, events } = await harness.startBot();
  await telegram.sendText(telegram.anaChat, telegram.ana, 'fine');
  expect((await events.first(1)).map(textOf)).toEqual(['fine']);
  await telegram.waitForMessage(telegram.anaChat, CAME_TO_NOTHING);
  await bot.stop();
  expect(await harness.inboxRecords()).toMatchObject([{ state: 'done' }, { state: 'done' }]);
  gate.open();
  await ended();
});

it('asks Telegram again for an update that it could not write down', async () => {
  await using harness = await startHarness();
  const { telegram, inbox } = harness;
  let failures = 1;
  const failing: typeof inbox = {
    ...inbox,
    create: async (key, value) => {
      if (failures-- > 0) throw new Error('The disk is full.');
      return inbox.create(key, value);
    },
  };
  const { events } = await harness.startBot(undefined, { inbox: failing });
  await telegram.sendText(telegram.anaChat, telegram.ana, 'one');
  expect((await events.first(1)).map(textOf)).toEqual(['one']);
  expect(harness.logLines.all.join('')).toContain('The disk is full.');
});

it('goes on with an update whose handling and whose record failed together, as where the records are away', async () => {
  await using harness = await startHarness();
  const { telegram, inbox } = harness;
  let away = 0;
  const failing: typeof inbox = {
    ...inbox,
    update: async (...args) => {
      if (away-- > 0) throw new Error('The records are away.');
      return inbox.update(...args);
    },
  };
  let isFirst = true;
  const { bot, events } = await harness.startBot(
    async () => {
      if (!isFirst) return;
      isFirst = false;
      away = 2;
      throw new Error('The records are away.');
    },
    { inbox: failing },
  );
  await telegram.sendText(telegram.anaChat, telegram.ana, 'one');
  await telegram.sendText(telegram.anaChat, telegram.ana, 'two');
  expect((await events.first(3)).map(textOf)).toEqual(['one', 'one', 'two']);
  await bot.stop();
  expect(await harness.inboxRecords()).toMatchObject([{ state: 'done' }, { state: 'done' }]);
});

it('leaves to the next start what comes while Nod is stopped', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>()];
  const bot = harness.createBot();
  const mayStore = (): Promise<boolean> => {
    asked.resolve();
    return answer.promise;
  };
  await bot.start(async () => {}, { mayStore });
  await telegram.sendText(telegram.anaChat, telegram.ana, 'one');
  await asked.promise;
  const stopped = bot.stop();
  answer.resolve(true);
  await stopped;
  const { events } = await harness.startBot();
  expect((await events.first(1)).map(textOf)).toEqual(['one']);
});

it('forgets what was handled more than a day ago', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  let nowMs = Date.now();
  const now = () => nowMs;
  const { bot, events } = await harness.startBot(undefined, { now });
  await telegram.sendText(telegram.anaChat, telegram.ana, 'one');
  await events.first(1);
  await bot.stop();
  expect(await harness.inboxRecords()).toMatchObject([{ state: 'done', doneAt: nowMs }]);
  nowMs += 24 * HOUR_MS;
  await (await harness.startBot(undefined, { now })).bot.stop();
  expect(await harness.inboxRecords()).toHaveLength(1);
  nowMs += 2 * HOUR_MS;
  await (await harness.startBot(undefined, { now })).bot.stop();
  expect(await harness.inboxRecords()).toEqual([]);
});

const CAME_TO_NOTHING = 'Something went wrong in Nod: this message came to nothing. Please send it again.';
type Harness = Awaited<ReturnType<typeof startHarness>>;

/** Stopping confirms the last update with a poll that does not wait. */
const isFarewell = ({ parameters, status }: RequestEntry) => parameters.limit === 1 && status === 200;

const textOf = (event: ChatEvent) => (event.type === 'text' ? event.text : event.type);
