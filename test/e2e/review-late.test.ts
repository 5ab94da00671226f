import { expect, it } from 'vitest';
import { type Review, startVotesStage, type VotesStage } from './votes-stage.ts';

/** Keeps both cards as they are, so that their buttons can be pressed when it is too late. */
function holdCards({ discord, telegram }: VotesStage) {
  const held = [
    discord.fault('hold', { route: 'editMessage' }),
    telegram.fault('hold', { method: 'editMessageCaption' }),
  ] as const;
  return async () => {
    await discord.until(() => held[0].hits > 0 || undefined, { what: 'The edit on Discord' });
    await telegram.until(() => held[1].hits > 0 || undefined, { what: 'The edit on Telegram' });
    for (const each of held) each.lift();
  };
}

/** Resolves when TikTok was asked to publish the post of a review. */
const isAsked = ({ tiktok }: VotesStage, { caption }: Review) =>
  tiktok.whenPublish(({ postInfo }) => postInfo.description === caption);

it.concurrent('answers votes that come after the approval with who approved', async () => {
  await using stage = await startVotesStage({ tiktok: { processingMs: 30_000 } });
  const { discord, studio, telegram, ben, chiara, finn, dora, emil, gus } = stage;
  const hugo = discord.user({ name: 'Hugo' });
  discord.addMember(studio, hugo, { permissions: ['ADMINISTRATOR'] });
  const review = await stage.review();
  const release = holdCards(stage);
  discord.react(review.onDiscord, '✅', ben);
  await telegram.react(review.onTelegram, dora, '👍');
  await isAsked(stage, review);
  const over = 'This was approved already, by Ben and Dora.';
  for (const button of ['Approve', 'Reject…']) {
    for (const user of [chiara, ben, finn])
      expect(await stage.pressed(review.onDiscord, button, user)).toBe(over);
    for (const user of [emil, dora, gus])
      expect((await telegram.press(review.onTelegram, button, user)).text).toBe(over);
  }
  discord.react(review.onDiscord, '✅', hugo);
  expect(await stage.dm(hugo, /already/)).toBe(over);
  await telegram.react(review.onTelegram, emil, '👎');
  await stage.shown(emil, over);
  await release();
  await stage.shows(review, /Approved by Ben and Dora[\s\S]*TikTok has it/);
  discord.react(review.onDiscord, '❌', chiara);
  expect(await stage.dm(chiara, /already/)).toBe(over);
  expect(stage.publishesOf(review)).toHaveLength(1);
});

it.concurrent('answers who has approved only when they change their mind', async () => {
  await using stage = await startVotesStage({ tiktok: { processingMs: 30_000 } });
  const { discord, telegram, ben, chiara, dora } = stage;
  const review = await stage.review();
  const over = 'This was approved already, by Ben and Dora.';
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /Ben · 1 of 2/);
  await telegram.react(review.onTelegram, dora, '👍');
  discord.react(review.onDiscord, '✅', ben, { burst: true });
  await stage.shows(review, /Approved by Ben and Dora[\s\S]*TikTok has it/);
  await telegram.react(review.onTelegram, dora, []);
  await telegram.react(review.onTelegram, dora, '👍');
  discord.unreact(review.onDiscord, '✅', ben);
  discord.react(review.onDiscord, '✅', ben);
  discord.react(review.onDiscord, '✅', chiara);
  await stage.dm(chiara, /already/);
  expect(stage.dmsOf(ben)).toEqual([]);
  discord.react(review.onDiscord, '❌', ben);
  expect(await stage.dm(ben, /already/)).toBe(over);
  await telegram.react(review.onTelegram, dora, '👎');
  await stage.shown(dora, over);
  await stage.settled();
  expect(stage.shownTo(dora)).toEqual([over]);
  expect(stage.dmsOf(ben)).toEqual([over]);
  await stage.shows(review, /Approved by Ben and Dora\n/);
  expect(stage.publishesOf(review)).toHaveLength(1);
});

it.concurrent('answers votes that come after the rejection with who rejected', async () => {
  await using stage = await startVotesStage();
  const { discord, telegram, ben, chiara, dora, emil } = stage;
  const review = await stage.review();
  const release = holdCards(stage);
  const opened = await discord.press(review.onDiscord, 'Reject…', chiara);
  await telegram.react(review.onTelegram, dora, '👎');
  const over = 'This was rejected already, by Dora.';
  await telegram.react(review.onTelegram, emil, '👍');
  await stage.shown(emil, over);
  expect(await stage.pressed(review.onDiscord, 'Approve', ben)).toBe(over);
  const sent = await discord.submitModal(opened, { text: 'Not ours' });
  await sent.waitForResponse(over);
  await release();
  const [onDiscord] = await stage.shows(review, /Rejected by Dora/);
  expect(onDiscord).not.toMatch(/Chiara|Not ours/);
  discord.react(review.onDiscord, '✅', chiara);
  expect(await stage.dm(chiara, /already/)).toBe(over);
  await stage.settled();
  expect(stage.publishesOf(review)).toEqual([]);
});

it.concurrent('takes a reaction under what is live for a reaction', async () => {
  await using stage = await startVotesStage({ approvals: 1 });
  const { discord, telegram, ben, chiara, finn, dora, emil, gus } = stage;
  const review = await stage.review();
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /Live on TikTok/);
  const shown = await stage.shows(review, /tiktok\.com/);
  await stage.ending();
  const next = await stage.review('What comes next');
  const before = stage.said();
  for (const user of [ben, chiara, finn]) {
    discord.react(review.onDiscord, '❌', user);
    discord.react(review.onDiscord, '🎉', user);
  }
  discord.unreact(review.onDiscord, '✅', ben);
  for (const user of [dora, emil, gus]) await telegram.react(review.onTelegram, user, '👎');
  await telegram.react(review.onTelegram, dora, '👍', { isAnonymous: true });
  // These are answered after all of those.
  discord.react(next.onDiscord, '✅', finn);
  await stage.dm(finn, /Only/);
  await telegram.react(next.onTelegram, gus, '👍');
  await telegram.until(() => stage.shownTo(gus)[0]);
  await stage.settled();
  expect(stage.said()).toEqual(before);
  expect([ben, chiara].flatMap(stage.dmsOf)).toEqual([]);
  expect([dora, emil].flatMap(stage.shownTo)).toEqual([]);
  expect(await stage.shows(review, /tiktok\.com/)).toEqual(shown);
  expect([stage.dmsOf(finn), stage.shownTo(gus)].map(({ length }) => length)).toEqual([1, 1]);
});
