import { expect, it } from 'vitest';
import { buttonsOf } from '../world.ts';
import { startVotesStage } from './votes-stage.ts';

it.concurrent('counts a reaction for as long as it stands', async () => {
  await using stage = await startVotesStage();
  const { telegram, tiktok, dora, emil } = stage;
  const review = await stage.review();
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.shows(review, /[✅👍] Dora · 1 of 2/u);
  await telegram.react(review.onTelegram, dora, []);
  await stage.shows(review, /approvals\W+0 of 2/);
  await telegram.react(review.onTelegram, emil, '👍');
  await stage.shows(review, /Emil · 1 of 2/);
  expect(tiktok.state.publishes).toEqual([]);
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.shows(review, /Approved by Emil and Dora/);
  await stage.shows(review, /Live on TikTok/);
  expect(stage.publishesOf(review)).toHaveLength(1);
});

it.concurrent('counts two taps on a button as one vote', async () => {
  await using stage = await startVotesStage();
  const { telegram, dora, emil } = stage;
  const review = await stage.review();
  const approve = (who: typeof dora) => telegram.press(review.onTelegram, 'Approve', who);
  const counted = 'Your approval counts: 1 of 2. Press again later to take it back.';
  const taps = await Promise.all([approve(dora), approve(dora)]);
  expect(taps.map(({ text }) => text)).toEqual([counted, counted]);
  await stage.shows(review, /Dora · 1 of 2/);
  expect((await approve(emil)).text).toBe('Approved. It is on its way.');
  await stage.shows(review, /Live on TikTok/);
  expect(stage.publishesOf(review)).toHaveLength(1);
});

it.concurrent('takes the button and the reaction of one person for one vote', async () => {
  await using stage = await startVotesStage();
  const { telegram, dora } = stage;
  const review = await stage.review();
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.shows(review, /Dora · 1 of 2/);
  const again = await telegram.press(review.onTelegram, 'Approve', dora);
  expect(again.text).toContain('1 of 2');
  await telegram.react(review.onTelegram, dora, []);
  await stage.settled();
  await stage.shows(review, /Dora · 1 of 2/);
});

it.concurrent('ends the review with 👎 alone, and with 👎 beside 👍', async () => {
  await using stage = await startVotesStage({ approvals: 1 });
  const { telegram, tiktok, dora } = stage;
  for (const marks of [['👎'], ['👍', '👎']]) {
    const review = await stage.review(`With ${marks.join('')}`);
    await telegram.react(review.onTelegram, dora, marks);
    await stage.shows(review, /Not approved[\s\S]+[❌👎] Rejected by Dora[\s\S]+Nothing was posted/u);
  }
  await stage.settled();
  expect(tiktok.state.publishes).toEqual([]);
});

it.concurrent('takes a vote back when another emoji takes its place, and counts no other emoji', async () => {
  await using stage = await startVotesStage();
  const { telegram, dora, emil, gus } = stage;
  const review = await stage.review();
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.shows(review, /Dora · 1 of 2/);
  await telegram.react(review.onTelegram, dora, '🔥');
  await stage.shows(review, /0 of 2/);
  for (const emoji of ['🔥', '👏', '👌', '💯', 'custom:5368324170671202286', '❤'])
    await telegram.react(review.onTelegram, gus, emoji);
  await telegram.react(review.onTelegram, emil, ['🔥', 'custom:5368324170671202286', '👍']);
  await stage.settled();
  const [, onTelegram] = await stage.shows(review, /Emil · 1 of 2/);
  expect(onTelegram).not.toMatch(/Dora|Gus/);
  expect(stage.shownTo(gus)).toEqual([]);
});

it.concurrent('leaves reactions under all other messages alone', async () => {
  await using stage = await startVotesStage({ byHand: true });
  const { telegram, group, dora, gus } = stage;
  const news = await stage.inGroup(/are joined/);
  const talk = await telegram.sendText(group, gus, 'Lunch?');
  const review = await stage.review();
  const before = stage.said();
  for (const message of [news, talk]) {
    await telegram.react(message, dora, '👍');
    await telegram.react(message, gus, '👎');
    await telegram.react(message, gus, []);
  }
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.shows(review, /Dora · 1 of 2/);
  await stage.settled();
  expect(stage.said()).toEqual(before);
  expect([dora, gus].flatMap(stage.shownTo)).toEqual([]);
});

it.concurrent('hears no reactions unless it administers the group, says so, and counts the buttons', async () => {
  await using stage = await startVotesStage({ botIsAdmin: false });
  const { telegram, group, dora, emil } = stage;
  const review = await stage.review();
  const [onDiscord, onTelegram] = await stage.shows(review, /0 of 2/);
  expect(onTelegram).toContain(
    'Vote with the buttons. Reactions count as well once Nod is an administrator of this group; it needs no special rights.',
  );
  expect(onDiscord).toContain('✅ approves, ❌ rejects, as a reaction or a button.');
  await telegram.react(review.onTelegram, emil, '👍');
  const answer = await telegram.press(review.onTelegram, 'Approve', dora);
  expect(answer.text).toContain('1 of 2');
  await stage.shows(review, /Dora · 1 of 2/);
  expect(telegram.find(review.onTelegram).reactions.has(telegram.state.bot.id)).toBe(false);

  telegram.setAdmin(group, 'bot', true);
  await stage.inGroup(/👍 approves, 👎 rejects, as a reaction or a button\./);
  await telegram.until(() => telegram.find(review.onTelegram).reactions.get(telegram.state.bot.id));
  // What was put before was not heard; put once more it is.
  await telegram.react(review.onTelegram, emil, []);
  await telegram.react(review.onTelegram, emil, '👍');
  await stage.shows(review, /Approved by Dora and Emil/);
  await stage.shows(review, /Live on TikTok/);
});

it.concurrent('says on the card that reactions no longer reach it when it administers the group no more', async () => {
  await using stage = await startVotesStage();
  const { telegram, group, dora, emil } = stage;
  const review = await stage.review();
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.shows(review, /Dora · 1 of 2/);
  telegram.setAdmin(group, 'bot', false);
  const card = await stage.inGroup(/Vote with the buttons/);
  expect(card.message_id).toBe(review.onTelegram.message_id);
  expect(buttonsOf(card)).toContain('Approve');
  await telegram.press(review.onTelegram, 'Approve', emil);
  await stage.shows(review, /Approved by Dora and Emil/);
});
