import { expect, it } from 'vitest';
import type { PostState } from '../../../src/core/publish/post.ts';
import {
  type AccessWorld,
  createAccessWorld,
  type Frame,
  GROUP,
  inPlace,
  PEOPLE,
  pressOnPost,
  readVotesOnPost,
} from '../access/world.ts';

const REVIEW: PostState = { status: 'in_review', since: 0, expiresAt: 8e15 };
const MIA = () => inPlace(GROUP, PEOPLE.mia);

/** Presses a button of the post's card so many milliseconds after the post was made; what the presser is told. */
const press = (world: AccessWorld, frame: Frame, verb: 'approve' | 'reject', at: number, more = {}) =>
  pressOnPost(world, frame, verb, { at: world.world.now() + at, ...more });

it('takes two taps on a button within some seconds for one vote, and a later press takes it back', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW);
  const counted = 'Your approval counts: 1 of 2. Press again later to take it back.';
  expect(await press(world, MIA(), 'approve', 0)).toBe(counted);
  expect(await press(world, MIA(), 'approve', 120)).toBe(counted);
  expect(await readVotesOnPost(world)).toEqual(['Mia approve']);
  expect(await press(world, MIA(), 'approve', 20_000)).toBe('Your approval is taken back.');
  expect(await press(world, MIA(), 'approve', 20_120)).toBe('Your approval is taken back.');
  expect(await readVotesOnPost(world)).toEqual([]);
  expect(await press(world, MIA(), 'approve', 40_000)).toBe(counted);
});

it('goes by the time that the platform tells, and by its own where it tells none', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW);
  await press(world, MIA(), 'approve', -60_000, { at: undefined });
  await press(world, MIA(), 'approve', 0, { at: undefined });
  expect(await readVotesOnPost(world)).toEqual(['Mia approve']);
  world.world.tiktok.clock.advance(60_000);
  await press(world, MIA(), 'approve', 0, { at: undefined });
  expect(await readVotesOnPost(world)).toEqual([]);
});

it('lets the other button count at once', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW, {
    review: {
      policy: { ...(await world.workspaces.settingsOf(GROUP.workspace)).policy, rejectionIsFinal: false },
      chats: [GROUP.chat],
      places: [GROUP.workspace],
    },
  });
  await press(world, MIA(), 'approve', 0);
  await press(world, MIA(), 'reject', 100);
  await press(world, MIA(), 'approve', 200);
  expect(await readVotesOnPost(world)).toEqual(['Mia approve']);
});

it('tells the second tap of the deciding vote what the first one has done', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW);
  await press(world, inPlace(GROUP, PEOPLE.vera), 'approve', 0);
  expect(await press(world, MIA(), 'approve', 0)).toBe('Approved. It is on its way.');
  expect(await press(world, MIA(), 'approve', 120)).toBe('Approved. It is on its way.');
});

it('takes two taps on Reject for one rejection', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW);
  expect(await press(world, MIA(), 'reject', 0)).toBe('Rejected. Nothing is posted.');
  expect(await press(world, MIA(), 'reject', 120)).toBe('Rejected. Nothing is posted.');
  const asked = world.telegram.show().filter((text) => text.includes('reply to this to say why'));
  expect(asked).toHaveLength(1);
});
