import { expect, it } from 'vitest';
import { buttonsOf, textOf } from '../world.ts';
import { LINK, startStage } from './stage.ts';

/** At the platform's own pace of cards, and with the time to take a post back that a plain installation has. */
const environment = { TAKE_BACK_SECONDS: '3' };
const PLAIN = { cardIntervalMs: 'platform', environment } as const;
/** Less than the pause between two edits of a card. */
const AT_ONCE_MS = 2_000;

it('answers Post now on the card at once, and publishes nothing once Cancel is tapped there', async () => {
  await using stage = await startStage(PLAIN);
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft((message) => message.photo !== undefined);
  // The card has just changed, so that the next edit would have to wait.
  const chosen = await stage.choose(draft, 'Everyone', 'Who can see it?  Everyone');
  const pressedAt = Date.now();
  await stage.tap(chosen, 'Post now');
  const card = await stage.shows(draft, 'goes to TikTok in');
  expect(Date.now() - pressedAt).toBeLessThan(AT_ONCE_MS);
  expect(textOf(card)).toMatch(/^· goes to TikTok in [23] s; until then “Cancel” stops it for certain$/m);
  expect(buttonsOf(card)).toEqual(['Cancel']);
  await stage.tap(card, 'Cancel');
  const cancelled = await stage.shows(draft, 'Cancelled by Ana');
  expect(textOf(cancelled)).toContain('Nothing was posted.');
  await stage.settled();
  expect(stage.tiktok.state.publishes).toEqual([]);
});

it('posts what nobody cancels', async () => {
  await using stage = await startStage({ environment });
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.post(draft);
  await stage.shows(draft, LINK);
  expect(stage.fed()).toHaveLength(1);
});
