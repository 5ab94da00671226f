import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPace } from '../../../src/bots/telegram/pace.ts';

const PRIVATE = 1;
const GROUP = -1;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** Takes as many turns as pass at once. */
async function takeAll(pace: ReturnType<typeof createPace>, chat: number, rank: 'person' | 'new' | 'edit') {
  let count = 0;
  while (pace.pauseMs(chat, rank) === 0) {
    await pace.take(chat, rank);
    count += 1;
  }
  return count;
}

it('lets a short burst pass in a chat, and then waits until it is old', async () => {
  const pace = createPace();
  expect(await takeAll(pace, PRIVATE, 'person')).toBe(5);
  expect(pace.pauseMs(PRIVATE, 'person')).toBe(5_000);
  expect(pace.pauseMs(2, 'person')).toBe(0);
  const waited = pace.take(PRIVATE, 'person');
  expect(pace.depth()).toBe(1);
  await vi.advanceTimersByTimeAsync(5_000);
  await waited;
  expect(pace.depth()).toBe(0);
});

it('leaves room in a group for what people wait for', async () => {
  const pace = createPace();
  for (let count = 0; count < 15; count += await takeAll(pace, GROUP, 'edit')) vi.advanceTimersByTime(5_000);
  expect(pace.pauseMs(GROUP, 'edit')).toBeGreaterThan(5_000);
  vi.advanceTimersByTime(5_000);
  expect(pace.pauseMs(GROUP, 'person')).toBe(0);
});

it('has no more than thirty calls a second go to all chats', async () => {
  const pace = createPace();
  for (let chat = 1; chat <= 30; chat += 1) await pace.take(chat, 'person');
  expect(pace.pauseMs(31, 'person')).toBe(1_000);
});

it('lets what people wait for go before what came earlier', async () => {
  const pace = createPace();
  await takeAll(pace, PRIVATE, 'person');
  const order: string[] = [];
  const taken = (['edit', 'new', 'person'] as const).map((rank) =>
    pace.take(PRIVATE, rank).then(() => void order.push(rank)),
  );
  await vi.advanceTimersByTimeAsync(20_000);
  await Promise.all(taken);
  expect(order).toEqual(['person', 'new', 'edit']);
});

it('waits as long as a chat asks, and learns how much it takes', async () => {
  const pace = createPace();
  for (let count = 0; count < 12; count += await takeAll(pace, GROUP, 'edit')) vi.advanceTimersByTime(5_000);
  pace.noteBusy(GROUP, 30_000);
  expect(pace.pauseMs(GROUP, 'person')).toBeGreaterThanOrEqual(30_000);
  expect(pace.pauseMs(PRIVATE, 'person')).toBe(0);
  vi.advanceTimersByTime(60_000);
  let passed = 0;
  for (let turns = 0; turns < 11; turns += 1) {
    passed += await takeAll(pace, GROUP, 'person');
    vi.advanceTimersByTime(5_000);
  }
  expect(passed).toBe(9);
});

it('lets all that waits pass when it stops', async () => {
  const pace = createPace();
  await takeAll(pace, PRIVATE, 'person');
  const waited = pace.take(PRIVATE, 'edit');
  pace.stop();
  await waited;
  expect(vi.getTimerCount()).toBe(0);
});
