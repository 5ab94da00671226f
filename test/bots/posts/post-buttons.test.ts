import { expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import type { PostState } from '../../../src/core/publish/post.ts';
import { type AccessWorld, createAccessWorld, GROUP, inPlace, PEOPLE } from '../access/world.ts';

const LIVE: PostState = {
  status: 'published',
  settledAt: 0,
  publishId: 'p1',
  postIds: ['7602997517160123666'],
  checks: 0,
  checkedAt: 0,
};

/** What Ana is told who presses a button on the card of her post. */
async function press(world: AccessWorld, verb: string) {
  const told: (string | undefined)[] = [];
  await world.handle({
    ...inPlace(GROUP, PEOPLE.ana),
    type: 'press',
    press: encodePress({ on: 'post', id: 'post', verb }),
    message: await world.message(GROUP.chat),
    isOnMessage: true,
    answer: async (note) => void told.push(note),
  });
  return told[0];
}

it.each([
  ['edit', LIVE, /^It is live already: https:\/\/www\.tiktok\.com\/\S+\/photo\/7602997517160123666 /],
  ['edit', { ...LIVE, status: 'in_inbox' }, /^It is in the TikTok inbox already\./],
  ['cancel', LIVE, /^It is live already: /],
  ['again', LIVE, /^It is live already: .* Nothing is posted twice\.$/],
  ['approve', LIVE, /^It is live already: .*no longer open for votes/],
  ['when', { status: 'cancelled', settledAt: 0 }, /^It was cancelled, and nothing was posted\./],
  ['cancel', { status: 'rejected', settledAt: 0 }, /^It was not approved\. There is nothing to cancel\./],
] as const)('answers %s on a card that lags behind with how the post is', async (verb, state, words) => {
  await using world = await createAccessWorld();
  await world.post('post', state);
  if (verb === 'approve') await world.nod.posts.update('post', (post) => ({ ...post, author: PEOPLE.gus }));
  expect(await press(world, verb)).toMatch(words);
  await world.settled();
  expect(await Array.fromAsync(world.drafts.entries())).toEqual([]);
  expect(await Array.fromAsync(world.nod.posts.entries())).toHaveLength(1);
});

it('says that it is too late to cancel where TikTok has said so', async () => {
  await using world = await createAccessWorld();
  await world.post('post', {
    status: 'processing',
    attemptId: 'a1',
    publishId: 'p1',
    since: 0,
    checks: 0,
    checkedAt: 0,
    nextCheckAt: 8e15,
    pulledBytes: 0,
    cancelRefused: true,
  });
  expect(await press(world, 'cancel')).toBe('It is too late to cancel this post.');
});
