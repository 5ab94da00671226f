import { expect, it } from 'vitest';
import { submitInGroup } from './review-acts.ts';
import { startVotesStage, textOf, textOnTelegram } from './votes-stage.ts';

const NOT_YOURS =
  'Only administrators of this group and people with Manage Server on Discord can approve or reject here.';
const NOT_YOURS_THERE =
  'Only people with Manage Server and administrators of the group on Telegram can approve or reject here.';
const OWN = 'A post needs the vote of somebody other than its author here. /settings can change that.';
const ANONYMOUS =
  'Telegram does not say which administrator reacted anonymously, so that does not count. The buttons do.';

it.concurrent('gives a say to administrators, and tells everybody else alone', async () => {
  await using stage = await startVotesStage();
  const { telegram, gus, dora, emil } = stage;
  const review = await stage.review();
  const before = stage.said();
  await telegram.react(review.onTelegram, gus, '👍');
  await stage.shown(gus, NOT_YOURS);
  for (const button of ['Approve', 'Reject…'])
    expect(await telegram.press(review.onTelegram, button, gus)).toEqual({
      show_alert: true,
      text: NOT_YOURS,
    });
  await telegram.react(review.onTelegram, emil, '👍');
  const [, onTelegram] = await stage.shows(review, /Emil · 1 of 2/);
  expect(onTelegram).not.toContain('Gus');
  expect(stage.said()).toEqual(before);
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.shows(review, /Approved by Emil and Dora/);
});

it.concurrent('goes by what somebody is when they vote, and still is when the last vote decides', async () => {
  await using stage = await startVotesStage({ approvals: 3 });
  const { telegram, group, gus, dora, emil } = stage;
  const review = await stage.review();
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.shows(review, /Dora · 1 of 3/);
  for (const person of [dora, emil]) telegram.setAdmin(group, person, false);
  telegram.setAdmin(group, gus, true);
  await telegram.react(review.onTelegram, emil, '👍');
  await stage.shown(emil, NOT_YOURS);
  await telegram.react(review.onTelegram, gus, '👍');
  await stage.shows(review, /Dora and Gus · 2 of 3/);
  telegram.removeMember(group, gus);
  await stage.pressed(review.onDiscord, 'Approve', stage.ben);
  // Dora administers the group no more, and Gus is gone.
  await stage.shows(review, /approvals\W+[✅👍] Ben · 1 of 3/u);
  telegram.setAdmin(group, dora, true);
  await telegram.react(review.onTelegram, dora, []);
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.shows(review, /2 of 3/);
  await stage.pressed(review.onDiscord, 'Approve', stage.chiara);
  await stage.shows(review, /Approved by Ben, Dora and Chiara/);
});

it.concurrent('gives a say to who is named by a reply with /approver, until they are taken off again', async () => {
  await using stage = await startVotesStage();
  const { telegram, group, gus, dora } = stage;
  const at = telegram.state.bot.username;
  const word = await telegram.sendText(group, gus, 'Morning!');
  await telegram.sendText(group, gus, `/approver@${at}`, { replyTo: word });
  await stage.inGroup(/Only an administrator/);
  await telegram.sendText(group, dora, `/approver@${at}`, { replyTo: word });
  await stage.inGroup(/Gus may approve/);
  const first = await stage.review('One');
  await stage.shows(first, /Who decides: Gus, (people with Manage Server|administrators of this group)/);
  await telegram.react(first.onTelegram, gus, '👍');
  await stage.shows(first, /Gus · 1 of 2/);
  await telegram.sendText(group, dora, `/approver@${at}`, { replyTo: word });
  await stage.inGroup(/Gus is no longer named/);
  const second = await stage.review('Two');
  const answer = await telegram.press(second.onTelegram, 'Approve', gus);
  expect(answer.text).toBe(NOT_YOURS);
  // The terms of a review are those of its beginning.
  expect((await telegram.press(first.onTelegram, 'Approve', dora)).text).toContain('on its way');
  await stage.shows(first, /Approved by Gus and Dora/);
});

it.concurrent('asks for somebody else than the author, until the settings say otherwise', async () => {
  await using stage = await startVotesStage({ approvals: 1 });
  const { telegram, emil } = stage;
  const first = { caption: 'Mine', ...(await submitInGroup(stage, emil, 'Mine')) };
  await telegram.react(first.onTelegram, emil, '👍');
  await stage.shown(emil, OWN);
  expect((await telegram.press(first.onTelegram, 'Approve', emil)).text).toBe(OWN);
  await stage.settle({ press: /Author’s own vote/, shown: /author’s own vote {2}\*\*counts/ });
  const second = { caption: 'Also mine', ...(await submitInGroup(stage, emil, 'Also mine')) };
  await telegram.react(second.onTelegram, emil, '👍');
  await stage.shows(second, /Approved by Emil\n/);
  await stage.shows(second, /Live on TikTok/);
  await stage.settled();
  expect(stage.publishesOf(first)).toEqual([]);
});

it.concurrent('sends anonymous administrators to the button once for each review, which knows who they are', async () => {
  await using stage = await startVotesStage();
  const { telegram, group, dora, emil } = stage;
  for (const caption of ['One', 'Two']) {
    const review = await stage.review(caption);
    for (const emoji of ['👍', '👎', '👍'])
      await telegram.react(review.onTelegram, dora, emoji, { isAnonymous: true });
    await telegram.react(review.onTelegram, dora, [], { isAnonymous: true });
    await telegram.react(review.onTelegram, emil, '👍');
    await stage.shows(review, /Emil · 1 of 2/);
    const replies = telegram
      .botMessages(group)
      .filter(({ reply_to_message: to }) => to?.message_id === review.onTelegram.message_id);
    expect(replies.map(textOnTelegram)).toEqual([ANONYMOUS]);
    expect((await telegram.press(review.onTelegram, 'Approve', dora)).text).toContain('on its way');
    await stage.shows(review, /Approved by Emil and Dora/);
  }
});

it.concurrent('tells both places what nobody can be told alone', async () => {
  await using stage = await startVotesStage();
  const { discord, telegram, finn, dora } = stage;
  discord.setDmsClosed(finn, true);
  const review = await stage.review();
  await telegram.react(review.onTelegram, dora, '👍', { isAnonymous: true });
  expect(textOnTelegram(await stage.inGroup(ANONYMOUS))).toBe(ANONYMOUS);
  discord.react(review.onDiscord, '✅', finn);
  expect(textOf(await stage.inPosts(NOT_YOURS_THERE))).toBe(NOT_YOURS_THERE);
});

it.concurrent('hears of no reactions of other bots', async () => {
  await using stage = await startVotesStage();
  const { telegram, group, emil } = stage;
  const robot = telegram.user({ firstName: 'Robot', isBot: true });
  telegram.addMember(group, robot);
  telegram.setAdmin(group, robot, true);
  const review = await stage.review();
  await telegram.react(review.onTelegram, robot, '👍');
  await telegram.react(review.onTelegram, emil, '👍');
  await stage.settled();
  const [, onTelegram] = await stage.shows(review, /Emil · 1 of 2/);
  expect(onTelegram).not.toContain('Robot');
});
