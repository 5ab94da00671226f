import { expect, it } from 'vitest';
import type { Card } from '../../../src/bots/platform.ts';
import type { PostState } from '../../../src/core/publish/post.ts';
import { REVIEW } from '../../core/posts.ts';
import { createAccessWorld, GROUP } from '../access/world.ts';

const WEEK_MS = 7 * 24 * 3_600_000;

const hrefsOf = (card: Card | undefined): string[] =>
  (card?.rows ?? [])
    .flatMap((row) => (row.type === 'buttons' ? row.buttons : []))
    .flatMap((button) => ('href' in button ? [button.href] : []));

it('puts a fresh link on the card of an open review each week, when all is read back', async () => {
  await using world = await createAccessWorld();
  const { chats, telegram, previewLinks } = world;
  const review: PostState = { status: 'in_review', since: 0, expiresAt: 8e15 };
  const post = await world.post('post', review);
  const shows = (path: string) =>
    telegram.until(() => {
      const [message, ...others] = telegram.messages.filter(({ ref }) => ref.chat === GROUP.chat);
      if (others.length > 0) throw new Error('There is one card.');
      return hrefsOf(message?.versions.at(-1)?.card).includes(`https://nod.example${path}`) || undefined;
    });
  chats.catchUp.reconcile();
  const first = previewLinks.urlPath(post);
  await shows(first);
  world.world.tiktok.clock.advance(WEEK_MS);
  chats.catchUp.reconcile();
  const second = previewLinks.urlPath(post);
  expect(second).not.toBe(first);
  await shows(second);
});

it('shows no link on the card of a post that only waits for its time', async () => {
  await using world = await createAccessWorld();
  const { chats, telegram } = world;
  const decision = { outcome: 'approved' as const, by: [], at: 0 };
  const review = { ...REVIEW, chats: [GROUP.chat], places: [GROUP.workspace], decision };
  await world.post('post', { status: 'queued', notBefore: 8e15 }, { review });
  chats.catchUp.reconcile();
  await telegram.until(() => telegram.messages.at(-1));
  expect(telegram.messages.flatMap(({ versions }) => versions.flatMap(({ card }) => hrefsOf(card)))).toEqual(
    [],
  );
});
