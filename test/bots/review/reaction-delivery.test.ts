import { expect, it } from 'vitest';
import type { PostState } from '../../../src/core/publish/post.ts';
import { type AccessWorld, createAccessWorld, GROUP, inPlace, PEOPLE } from '../access/world.ts';

const REVIEW: PostState = { status: 'in_review', since: 0, expiresAt: 8e15 };
const LOST = /Reactions reach Nod here since .*: take it off and set it again, or use the buttons\./;

/** Whether Nod administers the group; the group shows its cards anew. */
async function becomes(world: AccessWorld, isAdministrator: boolean): Promise<void> {
  Object.assign(world.telegram.bot, { receivesReactions: async () => isAdministrator });
  await world.handle({ ...inPlace(GROUP, PEOPLE.mia), type: 'rights', isPresent: true });
}

const card = ({ telegram }: AccessWorld, what: RegExp, isThere = true): Promise<string> =>
  telegram.until(() =>
    telegram.show().find((text) => text.includes('wants to post') && what.test(text) === isThere),
  );

it('says on the card since when reactions are heard, where some may have been lost', async () => {
  await using world = await createAccessWorld();
  await becomes(world, false);
  world.chats.touch(await world.post('one', REVIEW));
  await card(world, /Vote with the buttons/);
  world.world.tiktok.clock.advance(3_600_000);
  await becomes(world, true);
  const text = await card(world, LOST);
  expect(text).toContain('👍 approves, 👎 rejects');
  await becomes(world, false);
  await card(world, LOST, false);
  await becomes(world, true);
  await card(world, LOST);
});

it('says nothing of it on a card whose reactions were heard from the beginning', async () => {
  await using world = await createAccessWorld();
  await becomes(world, false);
  await becomes(world, true);
  world.chats.touch(await world.post('one', REVIEW));
  await card(world, /👍 approves/);
  await card(world, LOST, false);
});
