import { expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import type { PostState } from '../../../src/core/publish/post.ts';
import { type AccessWorld, createAccessWorld, GROUP, inPlace, PEOPLE } from '../access/world.ts';
import { textOf } from '../paper-bot.ts';

const HOUR_MS = 3_600_000;
const SERVER_REMINDER =
  /^Still to be decided · open until .+\n“Our secret” for Studio Ana \(@studio\.ana\) has 1 of 2 approvals\.\nWho decides: Vera, people with Manage Server and administrators of the group on Telegram$/;

/** A world whose cards follow their posts, with the texts of all messages that were sent in a chat. */
async function startCalls() {
  const world = await createAccessWorld();
  const { nod, chats } = world;
  nod.listen({ draftChanged: chats.cardQueue.touch, postChanged: chats.touch });
  const sentIn = (bot: 'telegram' | 'discord') =>
    world[bot].messages.map(({ versions }) => textOf(versions[0]?.card));
  return { world, nod, sentIn };
}

/** A post of Ana's in review, whose cards stand in both places. */
async function startReview(world: AccessWorld): Promise<void> {
  const since = world.world.now();
  const state: PostState = { status: 'in_review', since, expiresAt: since + 72 * HOUR_MS };
  world.chats.touch(await world.post('post', state));
  for (const { marks, until } of [world.telegram, world.discord]) await until(() => marks.size || undefined);
}

const press = async (world: AccessWorld, verb: string, who: (typeof PEOPLE)[keyof typeof PEOPLE]) =>
  world.handle({
    ...inPlace(GROUP, who),
    type: 'press',
    press: encodePress({ on: 'post', id: 'post', verb }),
    message: await world.message(GROUP.chat),
    isOnMessage: false,
    answer: async () => {},
  });

it('reminds those who can decide once, in each chat of the review, and calls the author when it has expired', async () => {
  const { world, nod, sentIn } = await startCalls();
  await using _ = world;
  await startReview(world);
  await nod.publisher.tick('post');
  await press(world, 'approve', PEOPLE.mia);
  world.world.tiktok.clock.advance(54 * HOUR_MS);
  await nod.publisher.tick('post');
  for (const bot of ['telegram', 'discord'] as const)
    await world[bot].until(() => sentIn(bot).find((text) => text.startsWith('Still to be decided')));
  expect(sentIn('discord')).toContainEqual(expect.stringMatching(SERVER_REMINDER));
  // Looked at once more, as after a restart.
  await nod.publisher.resume(() => {});
  world.world.tiktok.clock.advance(18 * HOUR_MS);
  await nod.publisher.tick('post');
  await world.telegram.until(() =>
    sentIn('telegram').find((text) => text.startsWith('The review has expired')),
  );
  await world.settled();
  for (const bot of ['telegram', 'discord'] as const)
    expect(sentIn(bot).filter((text) => text.startsWith('Still to be decided'))).toHaveLength(1);
});

it('calls the author of a rejected post along with the reason', async () => {
  const { world, nod, sentIn } = await startCalls();
  await using _ = world;
  await startReview(world);
  await press(world, 'reject', PEOPLE.vera);
  await nod.publisher.tick('post');
  await world.telegram.until(() => world.telegram.show().find((text) => text.startsWith('✕ Not approved')));
  expect(sentIn('telegram').filter((text) => text.startsWith('✕ Not approved'))).toEqual([]);
  await world.handle({ ...inPlace(GROUP, PEOPLE.vera), type: 'text', text: 'Too dark', subject: 'why:post' });
  const called = await world.telegram.until(() =>
    sentIn('telegram').find((text) => text.startsWith('✕ Not approved')),
  );
  expect(called).toBe(
    '✕ Not approved · Studio Ana (@studio.ana)\n👎 Rejected by Vera: “Too dark”\nNothing was posted.',
  );
  world.world.tiktok.clock.advance(10_000);
  await nod.publisher.tick('post');
  await world.settled();
  expect(sentIn('telegram').filter((text) => text.startsWith('✕ Not approved'))).toHaveLength(1);
});

it('calls the author of a rejected post after ten seconds without a reason', async () => {
  const { world, nod, sentIn } = await startCalls();
  await using _ = world;
  await startReview(world);
  await press(world, 'reject', PEOPLE.vera);
  await nod.publisher.tick('post');
  world.world.tiktok.clock.advance(10_000);
  await nod.publisher.tick('post');
  const called = await world.telegram.until(() =>
    sentIn('telegram').find((text) => text.startsWith('✕ Not approved')),
  );
  expect(called).toContain('👎 Rejected by Vera\n');
  await world.settled();
});
