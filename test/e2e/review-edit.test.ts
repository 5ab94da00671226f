import { expect, it } from 'vitest';
import type { Post } from '../../src/core/publish/post.ts';
import { buttonsOf } from '../world.ts';
import { labelsOf, textOf } from './discord-stage.ts';
import {
  askInGroup,
  bothShow,
  changeRecords,
  expectPublishedOnce,
  newCards,
  pressable,
  sayZone,
  startTeam,
  submitInGroup,
  submitToBoth,
  textOnTelegram,
  toldDirectly,
  toldInGroup,
} from './review-acts.ts';

const TAKEN_BACK =
  /Taken back by \w+ to change it[\s\S]*Its votes no longer count; the changed post is reviewed again\./;

it('takes a post back into a private draft, and gives what comes of it a review of its own', async () => {
  await using team = await startTeam({ approvals: 2 });
  const { discord, telegram, tiktok, ana, ben, chiara, dora, emil } = team;
  const old = await submitToBoth(team);
  discord.react(old.onDiscord, '✅', ben);
  await bothShow(team, old, /Ben · 1 of 2/);
  const opened = await team.press(old.onDiscord, 'Edit');
  const composer = await team.composer(opened, 'First light');
  expect(discord.state.messages.get(composer.id)?.ephemeralFor).toBe(ana.id);
  const taken = await bothShow(team, old, TAKEN_BACK);
  expect(pressable(taken)).toEqual({ onDiscord: ['Edit'], onTelegram: ['Edit'] });

  discord.react(old.onDiscord, '✅', chiara);
  await toldDirectly(team, chiara, /no longer open for votes/);
  await telegram.react(old.onTelegram, dora, '👍');
  await toldInGroup(team, dora, /no longer open for votes/);

  await team.see(opened, 'Everyone');
  await team.press(opened, 'Ask for approval');
  const next = await newCards(team, 'First light', old);
  await bothShow(team, next, /0 of 2/);
  await telegram.press(next.onTelegram, 'Approve', emil);
  await bothShow(team, next, /Emil · 1 of 2/);
  expect(tiktok.state.publishes).toEqual([]);
  discord.react(next.onDiscord, '✅', ben);
  await expectPublishedOnce(team, next);
  await bothShow(team, old, TAKEN_BACK);
});

it('keeps in the new draft everything that was chosen but who can see it', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const handle = await team.offer(['photo.webp', 'phone.jpg'], {
    options: { caption: 'First light', when: 'tomorrow 18:00' },
  });
  await team.composer(handle, /2 photos[\s\S]*Goes out/);
  await team.choose(handle, 'Comments: off', 'Comments  **on**');
  await team.choose(handle, 'AI label: off', 'AI-generated  **yes**');
  await team.choose(handle, 'Disclosure: off', 'choose what it promotes');
  await team.choose(handle, '☐ Your brand', 'Promotional content');
  await team.see(handle, 'Everyone');
  await team.press(handle, 'Ask for approval');
  const old = await newCards(team, 'First light');
  const draft = await team.composer(await team.press(old.onDiscord, 'Edit'), /Goes out/);
  expect(textOf(draft)).toMatch(/2 photos for TikTok.*Studio Ana[\s\S]*photo\.webp[\s\S]*phone\.jpg/);
  expect(textOf(draft)).toMatch(/Comments {2}\*\*on[\s\S]*Promotional content[\s\S]*AI-generated {2}\*\*yes/);
  expect(textOf(draft)).toMatch(/First light[\s\S]*Goes out {2}\*\*<t:\d+:f>/);
  // TikTok wants a person to choose this each time.
  expect(textOf(draft)).toContain('Who can see it?  **choose one**');
});

it('takes a post back into a draft in the group that it was posted from', async () => {
  await using team = await startTeam();
  const { telegram, gus, dora, inGroup } = team;
  const old = await submitInGroup(team, gus, 'Second light');
  expect(await telegram.press(old.onTelegram, 'Edit', gus)).toEqual({ show_alert: false });
  const taken = await bothShow(team, old, TAKEN_BACK);
  expect(textOf(taken.onDiscord)).toContain('Taken back by Gus');
  const draft = await inGroup(
    (one) => one.message_id > old.onTelegram.message_id && buttonsOf(one).includes('Everyone'),
  );
  expect(textOnTelegram(draft)).toMatch(/1 photo for TikTok[\s\S]*Caption\nSecond light/);
  await telegram.sendText(team.group, gus, 'Third light', { replyTo: draft });
  await inGroup(/Caption\nThird light/);
  await askInGroup(team, draft, gus);
  const next = await newCards(team, 'Third light', old);
  await telegram.react(next.onTelegram, dora, '👍');
  await expectPublishedOnce(team, next);
  expect(team.tiktok.state.publishes[0]?.postInfo).toMatchObject({ description: 'Third light' });
});

it('lets nobody but its author take a post back', async () => {
  await using team = await startTeam();
  const { telegram, ben, dora } = team;
  const cards = await submitToBoth(team);
  const refused = await team.press(cards.onDiscord, 'Edit', ben);
  await refused.waitForFollowUp('Only Ana can do that here.');
  expect(await telegram.press(cards.onTelegram, 'Edit', dora)).toMatchObject({
    text: 'Only Ana can do that here.',
  });
  await telegram.press(cards.onTelegram, 'Approve', dora);
  await expectPublishedOnce(team, cards);
});

it('opens one draft however often a post is taken back, and none once that is live', async () => {
  await using team = await startTeam();
  const old = await submitToBoth(team);
  await team.composer(await team.press(old.onDiscord, 'Edit'), 'First light');
  await bothShow(team, old, TAKEN_BACK);
  const opened = await team.press(old.onDiscord, 'Edit');
  await team.composer(opened, 'First light');
  const hidden = await (await team.run('posts')).waitForResponse('First light');
  expect(labelsOf(hidden).filter((label) => label.startsWith('Continue draft'))).toHaveLength(1);
  await team.see(opened, 'Everyone');
  await team.press(opened, 'Ask for approval');
  const next = await newCards(team, 'First light', old);
  await team.press(next.onDiscord, 'Approve', team.ben);
  await expectPublishedOnce(team, next);
  // TikTok tells the link only after it has told that the post is live.
  await bothShow(team, next, /tiktok\.com/);
  const late = await team.press(old.onDiscord, 'Edit');
  await late.waitForResponse(
    /It is live already: https:\/\/www\.tiktok\.com\/\S+ It went on in a newer card\./,
  );
});

it('lets its author and who manages either place cancel a review, and nobody else', async () => {
  await using team = await startTeam();
  const { telegram, tiktok, ben, finn, dora, gus } = team;
  const byBen = await submitToBoth(team, 'One');
  await (await team.press(byBen.onDiscord, 'Cancel', finn)).waitForFollowUp(
    'Only Ana and people with Manage Server can do that here.',
  );
  const refused = await telegram.press(byBen.onTelegram, 'Cancel', gus);
  expect(refused).toMatchObject({ text: 'Only Ana and administrators of this group can do that here.' });
  await team.press(byBen.onDiscord, 'Cancel', ben);
  const ended = await bothShow(team, byBen, /Cancelled by Ben[\s\S]*Nothing was posted\./);
  expect(labelsOf(ended.onDiscord)).toEqual(['Try again', 'Edit']);
  const byDora = await submitToBoth(team, 'Two');
  await telegram.press(byDora.onTelegram, 'Cancel', dora);
  await bothShow(team, byDora, /Cancelled by Dora/);
  const byAna = await submitToBoth(team, 'Three');
  await team.press(byAna.onDiscord, 'Cancel');
  await bothShow(team, byAna, /Cancelled by Ana/);
  expect(await telegram.press(byAna.onTelegram, 'Cancel', dora).catch(String)).toContain('no button');
  await team.settled();
  expect(tiktok.state.publishes).toEqual([]);
});

it('reviews anew what is tried again after it was cancelled', async () => {
  await using team = await startTeam({ approvals: 2 });
  const { discord, ben, dora, telegram } = team;
  const old = await submitToBoth(team);
  discord.react(old.onDiscord, '✅', ben);
  await bothShow(team, old, /Ben · 1 of 2/);
  await team.press(old.onDiscord, 'Cancel');
  await bothShow(team, old, /Cancelled by Ana/);
  await team.press(old.onDiscord, 'Try again');
  const next = await newCards(team, 'First light', old);
  await bothShow(team, next, /0 of 2/);
  await bothShow(team, old, /It goes on in a newer card below\./);
  await telegram.press(next.onTelegram, 'Approve', dora);
  await bothShow(team, next, /Dora · 1 of 2/);
  await team.press(next.onDiscord, 'Approve', ben);
  await expectPublishedOnce(team, next);
});

it('ends a review whose time is over, in both places, and counts no vote any more', async () => {
  await using team = await startTeam();
  const { discord, tiktok, telegram, ben, dora } = team;
  const old = await submitToBoth(team);
  // A review is open for a day at least, so its end is brought forward on the disk.
  await team.whileDown((world) =>
    changeRecords<Post>(world, 'posts', (post) =>
      post.status === 'in_review' ? { ...post, expiresAt: Date.now() - 1 } : post,
    ),
  );
  const ended = await bothShow(team, old, /The review has expired[\s\S]*Nothing was posted\./);
  expect(pressable(ended)).toEqual({ onDiscord: ['Try again', 'Edit'], onTelegram: ['Try again', 'Edit'] });
  discord.react(old.onDiscord, '✅', ben);
  await toldDirectly(team, ben, /no longer open for votes/);
  expect(tiktok.state.publishes).toEqual([]);
  await team.press(old.onDiscord, 'Try again');
  const next = await newCards(team, 'First light', old);
  await telegram.press(next.onTelegram, 'Approve', dora);
  await expectPublishedOnce(team, next);
});
