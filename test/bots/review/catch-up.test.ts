import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import type { MessageRef } from '../../../src/bots/platform.ts';
import type { PostState } from '../../../src/core/publish/post.ts';
import { createAccessWorld, PEOPLE } from '../access/world.ts';

const REVIEW: PostState = { status: 'in_review', since: 0, expiresAt: 8e15 };

/** A world with two open reviews, whose cards stand in both places. */
async function startReviews() {
  const world = await createAccessWorld();
  for (const id of ['one', 'two']) world.chats.touch(await world.post(id, REVIEW));
  for (const { marks, until } of [world.telegram, world.discord])
    await until(() => marks.size === 2 || undefined);
  return world;
}

afterEach(() => void vi.useRealTimers());

it('takes the votes that it is reading back when it stops, and reads no others', async () => {
  await using world = await startReviews();
  const { catchUp } = world.chats;
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const read: MessageRef[] = [];
  Object.assign(world.telegram.bot, {
    async fetchReactions(message: MessageRef) {
      read.push(message);
      asked.resolve();
      await answered.promise;
      return [{ person: PEOPLE.mia, mark: 'approve' }];
    },
  });
  void catchUp.reconcile();
  await asked.promise;
  // Asked for once more, all would be read again afterwards.
  void catchUp.reconcile();
  const stopped = catchUp.stop();
  answered.resolve();
  await stopped;
  const votes = async () =>
    Promise.all(['one', 'two'].map(async (id) => (await world.nod.ballots.read(id)).length));
  expect((await votes()).sort()).toEqual([0, 1]);
  await nextTurn();
  expect((await votes()).sort()).toEqual([0, 1]);
  expect(read).toHaveLength(1);
});

it('reads all back every ten minutes until it stops', async () => {
  await using world = await startReviews();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { catchUp } = world.chats;
  const fetchReactions = vi.fn(async () => []);
  Object.assign(world.telegram.bot, { fetchReactions });
  catchUp.start();
  vi.advanceTimersByTime(10 * 60_000);
  await catchUp.reconcile();
  expect(fetchReactions).toHaveBeenCalled();
  await catchUp.stop();
  expect(vi.getTimerCount()).toBe(0);
});
