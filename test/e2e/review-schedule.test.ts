import { expect, it } from 'vitest';
import type { Post } from '../../src/core/publish/post.ts';
import { labelsOf, textOf } from './discord-stage.ts';
import {
  bothShow,
  type Cards,
  changeRecords,
  draftInGroup,
  expectPublishedOnce,
  fillIn,
  newCards,
  pressable,
  replyInGroup,
  sayZone,
  startTeam,
  submitToBoth,
  submitWith,
  type Team,
} from './review-acts.ts';

/** When TikTok has got the one post. */
function publishedAt({ tiktok }: Team): number {
  expect(tiktok.state.publishes).toHaveLength(1);
  return tiktok.state.publishes[0]?.createdAt ?? 0;
}

const ON_DISCORD = 'Only Ana and people with Manage Server can do that here.';
const IN_GROUP = 'Only Ana and administrators of this group can do that here.';

/** In words on Telegram; Discord shows it in each reader's own time. */
const GOES_OUT = /Goes out (?:tomorrow 18:00 \(UTC\)|<t:\d+:f>)/;

/** A post that is approved for tomorrow, and when it was asked to go out in so many seconds instead. */
async function bringForward(team: Team, seconds: number): Promise<{ cards: Cards; askedAt: number }> {
  const cards = await submitWith(team, { caption: 'Early bird', when: 'tomorrow 18:00' });
  await bothShow(team, cards, GOES_OUT);
  team.discord.react(cards.onDiscord, '✅', team.ben);
  const scheduled = await bothShow(
    team,
    cards,
    /Scheduled[\s\S]*Approved by Ben[\s\S]*Goes out (?:tomorrow 18:00|<t:\d+:f>)/,
  );
  const buttons = ['Other time…', 'Publish now', 'Edit', 'Cancel'];
  expect(pressable(scheduled)).toEqual({ onDiscord: buttons, onTelegram: buttons });
  expect(team.tiktok.state.publishes).toEqual([]);
  const opened = await team.press(cards.onDiscord, 'Other time…');
  const askedAt = Date.now();
  await fillIn(team, opened, `in ${seconds} seconds`);
  return { cards, askedAt };
}

it('publishes what is approved before its time at its time, and never before', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const { cards, askedAt } = await bringForward(team, 2);
  await bothShow(team, cards, /Scheduled[\s\S]*Goes out (?:(?:today|tomorrow) \d\d:\d\d \(UTC\)|<t:\d+:f>)/);
  await expectPublishedOnce(team, cards);
  expect(publishedAt(team)).toBeGreaterThanOrEqual(askedAt + 2_000);
});

it('publishes at its time what was approved before a restart', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const { cards, askedAt } = await bringForward(team, 3);
  await team.whileDown();
  await expectPublishedOnce(team, cards);
  expect(publishedAt(team)).toBeGreaterThanOrEqual(askedAt + 3_000);
});

it('schedules without a review where none is asked for', async () => {
  await using team = await startTeam({ approvals: 0, joined: false });
  await sayZone(team);
  const handle = await team.offer(['phone.jpg'], { options: { caption: 'Alone', when: 'tomorrow 18:00' } });
  await team.composer(handle, /Goes out {2}\*\*<t:\d+:f>\*\*/);
  await team.see(handle, 'Everyone');
  await team.press(handle, 'Schedule');
  const card = await team.card(/Scheduled[\s\S]*Goes out <t:\d+:f>/);
  const opened = await team.press(card, 'Other time…');
  const askedAt = Date.now();
  await fillIn(team, opened, 'in 2 seconds');
  expect((await team.card(/Live on TikTok/)).id).toBe(card.id);
  expect(publishedAt(team)).toBeGreaterThanOrEqual(askedAt + 2_000);
});

it('publishes what is approved after its time at once', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const cards = await submitWith(team, { caption: 'Late riser', when: 'tomorrow 18:00' });
  await bothShow(team, cards, GOES_OUT);
  await team.whileDown((world) =>
    changeRecords<Post>(world, 'posts', (post) => ({ ...post, publishAt: Date.now() - 60_000 })),
  );
  await bothShow(team, cards, /Its time has passed, .*: it goes out as soon as it is approved/);
  await team.telegram.press(cards.onTelegram, 'Approve', team.dora);
  await expectPublishedOnce(team, cards);
});

it.each([
  { when: 'soonish', problem: '“soonish” is no time that Nod understands.' },
  { when: 'tomorrow', problem: 'Say the hour as well, like “tomorrow 18:00”.' },
  { when: 'yesterday 18:00', problem: 'That time has passed. Choose a later one.' },
  { when: '2099-01-01 18:00', problem: 'Nod plans up to 365 days ahead. Choose an earlier time.' },
])('refuses “$when” on the card, and posts nothing before it is put right', async ({ when, problem }) => {
  await using team = await startTeam({ joined: false });
  await sayZone(team);
  const handle = await team.offer(['phone.jpg'], { options: { caption: 'Someday', when } });
  await team.composer(handle, problem);
  await team.see(handle, 'Everyone');
  await (await team.press(handle, 'Ask for approval')).waitForFollowUp(problem);
  const opened = await team.press(handle, 'When…');
  await fillIn(team, opened, 'now');
  const mended = await handle.waitForResponse((one) => !textOf(one).includes(problem));
  expect(textOf(mended)).not.toContain('Goes out');
  await team.press(handle, 'Ask for approval');
  await team.press(await team.inPosts(/wants to post/), 'Approve', team.ben);
  await team.inPosts(/Live on TikTok/);
});

it('takes a time for a draft, by a window on Discord and by a reply on Telegram', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const { telegram, gus } = team;
  const handle = await team.offer(['phone.jpg'], { options: { caption: 'On Discord' } });
  await team.composer(handle);
  await fillIn(team, await team.press(handle, 'When…'), 'tomorrow 18:00');
  await handle.waitForResponse(/Goes out {2}\*\*<t:\d+:f>/);
  const again = await team.press(handle, 'When…');
  expect(JSON.stringify(again.modal)).toContain('tomorrow 18:00');

  const draft = await draftInGroup(team, gus, 'On Telegram');
  expect(await telegram.press(draft, 'When…', gus)).toEqual({ show_alert: false });
  const question = /Gus, reply to this with the time, like “tomorrow 18:00” \(UTC\), or “now”\./;
  await replyInGroup(team, { from: gus, question, text: 'mañana' });
  await team.inGroup(/On Telegram[\s\S]*Say the hour as well, like “mañana 18:00”/);
  await replyInGroup(team, { from: gus, question, text: 'mañana a las 7:30' });
  await team.inGroup(/On Telegram[\s\S]*Goes out {2}tomorrow 07:30 \(UTC\)/);
});

it('lets its author and who manages either place change the time on the card of a review', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const { telegram, finn, ben, dora, gus } = team;
  const cards = await submitToBoth(team);
  const refused = await team.press(cards.onDiscord, 'When…', finn);
  await refused.waitForFollowUp(ON_DISCORD);
  expect(await telegram.press(cards.onTelegram, 'When…', gus)).toMatchObject({
    text: IN_GROUP,
  });
  const opened = await fillIn(team, await team.press(cards.onDiscord, 'When…', ben), 'tomorrow 9:15');
  await opened.waitForResponse(/It goes out <t:\d+:f>\./);
  await bothShow(team, cards, /Goes out (?:tomorrow 09:15 \(UTC\)|<t:\d+:f>)/);

  await telegram.press(cards.onTelegram, 'When…', dora);
  const question = /Dora, reply to this with the time/;
  await replyInGroup(team, { from: dora, question, text: 'whenever' });
  await team.inGroup(/“whenever” is no time that Nod understands/);
  await bothShow(team, cards, /Goes out (?:tomorrow 09:15 \(UTC\)|<t:\d+:f>)/);
  await replyInGroup(team, { from: gus, question, text: 'tomorrow 10:00' });
  await team.inGroup(IN_GROUP);
  await replyInGroup(team, { from: dora, question, text: 'now' });
  await team.inGroup('It goes out as soon as it can.');
  await bothShow(team, cards, /Open until [^\n]*\n(?!Goes out)/);
  await telegram.press(cards.onTelegram, 'Approve', dora);
  await expectPublishedOnce(team, cards);
});

it('changes, hurries or cancels what is scheduled, for its author and who manages a place', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const { telegram, ben, dora, finn } = team;
  const cards = await submitWith(team, { caption: 'First', when: 'tomorrow 18:00' });
  await team.press(cards.onDiscord, 'Approve', ben);
  await bothShow(team, cards, /Scheduled[\s\S]*(?:tomorrow 18:00|<t:\d+:f>)/);
  for (const button of ['Other time…', 'Publish now', 'Cancel', 'Edit'])
    await (await team.press(cards.onDiscord, button, finn)).waitForFollowUp(
      /^Only Ana .*can do that here\.$/,
    );
  await fillIn(team, await team.press(cards.onDiscord, 'Other time…', ben), 'tomorrow 20:00');
  await bothShow(team, cards, /Scheduled[\s\S]*(?:tomorrow 20:00|<t:\d+:f>)/);
  expect(await telegram.press(cards.onTelegram, 'Publish now', dora)).toMatchObject({
    text: 'It goes out as soon as it can.',
  });
  await expectPublishedOnce(team, cards);

  const second = await submitWith(team, { caption: 'Second', when: 'tomorrow 18:00' });
  await telegram.press(second.onTelegram, 'Approve', dora);
  await bothShow(team, second, /Scheduled/);
  await telegram.press(second.onTelegram, 'Cancel', dora);
  const cancelled = await bothShow(team, second, /Cancelled by Dora/);
  expect(labelsOf(cancelled.onDiscord)).toEqual(['Try again', 'Edit']);
  expect(team.tiktok.state.publishes).toHaveLength(1);
});

it('shows what goes out in both places, and moves and cancels it from there', async () => {
  await using team = await startTeam();
  const { telegram, group, finn, ben, gus, dora } = team;
  await sayZone(team);
  const cards = await submitWith(team, { caption: 'Early bird', when: 'tomorrow 18:00' });
  const listed = await team.run('queue', { user: finn });
  expect(listed.ephemeral).toBe(true);
  await listed.waitForResponse(/18:00 {2}\*\*Early bird[\s\S]*waits for 1 more approval/);
  await team.press(cards.onDiscord, 'Approve', ben);
  await bothShow(team, cards, /Scheduled/);
  await team.press(listed, '1', finn);
  await listed.waitForResponse(/Scheduled[\s\S]*Posted by Ana/);
  const refused = await team.press(listed, 'Other time…', finn);
  await refused.waitForFollowUp(/^Only Ana .*can do that here\.$/);

  await telegram.sendText(group, gus, `/queue@${telegram.state.bot.username}`);
  const list = await team.inGroup(/Going out[\s\S]*Early bird\n.* · approved/);
  await telegram.press(list, '1', gus);
  const opened = await team.inGroup(/Scheduled[\s\S]*Posted by Ana/);
  expect(opened.message_id).toBe(list.message_id);
  expect(await telegram.press(opened, 'Cancel', gus)).toMatchObject({ text: expect.stringContaining('Ana') });
  await telegram.press(opened, 'Cancel', dora);
  await bothShow(team, cards, /Cancelled by Dora/);
  await team.inGroup(/“Early bird” is being cancelled[\s\S]*Nothing is waiting to go out/);
  expect(team.tiktok.state.publishes).toEqual([]);
});

it('takes a scheduled post back into a draft that keeps its time', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const cards = await submitWith(team, { caption: 'First', when: 'tomorrow 18:00' });
  await team.press(cards.onDiscord, 'Approve', team.ben);
  await bothShow(team, cards, /Scheduled/);
  const opened = await team.press(cards.onDiscord, 'Edit');
  await team.composer(opened, /Goes out {2}\*\*<t:\d+:f>\*\*/);
  await bothShow(team, cards, /Taken back by Ana/);
  await team.see(opened, 'Everyone');
  await team.press(opened, 'Ask for approval');
  await bothShow(
    team,
    await newCards(team, 'First', cards),
    /0 of 1[\s\S]*Goes out (?:tomorrow 18:00|<t:\d+:f>)/,
  );
  await team.settled();
  expect(team.tiktok.state.publishes).toEqual([]);
});

it('reads and shows times in the zone that the settings name, in both places', async () => {
  await using team = await startTeam();
  const { telegram, dora } = team;
  await telegram.sendText(team.group, dora, `/settings@${telegram.state.bot.username}`);
  const settings = await team.inGroup(/Time zone {2}UTC/);
  await telegram.press(settings, 'Time zone…', dora);
  await replyInGroup(team, { from: dora, question: /reply to this with the time zone/, text: 'tokyo' });
  await team.inGroup(/Time zone {2}Asia\/Tokyo/);
  const cards = await submitWith(team, { caption: 'Morning', when: 'tomorrow 18:00' });
  await bothShow(team, cards, /Goes out (?:tomorrow 18:00 \(Asia\/Tokyo\)|<t:\d+:f>)/);
  await team.press(cards.onDiscord, 'Approve', team.ben);
  await bothShow(team, cards, /Scheduled[\s\S]*(?:\(Asia\/Tokyo\)|<t:\d+:f>)/);
  const opened = await team.press(cards.onDiscord, 'Other time…');
  const soon = Math.floor(Date.now() / 1_000) * 1_000 + 3_000;
  const inTokyo = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'Asia/Tokyo' });
  await fillIn(team, opened, inTokyo.format(soon));
  await expectPublishedOnce(team, cards);
  expect(publishedAt(team)).toBeGreaterThanOrEqual(soon);
});
