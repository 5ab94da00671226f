import { expect, it } from 'vitest';
import { labelsOf, textOf } from './discord-stage.ts';
import {
  askInGroup,
  bothShow,
  discordShows,
  draftInGroup,
  expectPublishedOnce,
  groupShows,
  inChannelOf,
  inGroupOf,
  newCards,
  newCode,
  startTeam,
  submitToBoth,
  submitWith,
  textOnTelegram,
} from './review-acts.ts';

it('goes on in the supergroup that a group has become, with the votes from before', async () => {
  await using started = await startTeam({ approvals: 3, joined: false });
  const { telegram, discord, dora, emil, gus, ben } = started;
  const admins = [dora, emil];
  const old = telegram.group({ title: 'Writers', admins, members: [gus], botIsAdmin: true });
  const before = inGroupOf(started, old);
  await telegram.sendText(old, dora, `/join ${await newCode(started)}`);
  await before.inGroup(/are joined/);
  const cards = await submitWith(before, { caption: 'First light' });
  await telegram.react(cards.onTelegram, dora, '👍');
  await bothShow(before, cards, /Dora · 1 of 3/);
  const team = inGroupOf(started, telegram.migrateToSupergroup(old));
  const moved = { ...cards, onTelegram: await team.inGroup(/wants to post[\s\S]*Dora · 1 of 3/) };
  await telegram.react(moved.onTelegram, emil, '👍');
  await bothShow(team, moved, /Dora and Emil · 2 of 3/);
  discord.react(cards.onDiscord, '✅', ben);
  await expectPublishedOnce(team, moved);
  await bothShow(team, moved, /Approved by Dora, Emil and Ben/);
  expect(telegram.botMessages(team.group).filter(({ caption }) => caption !== undefined)).toHaveLength(1);
});

it('sends a card anew that somebody has deleted, with its votes', async () => {
  await using team = await startTeam({ approvals: 4 });
  const { discord, telegram, ana, ben, chiara, dora, emil } = team;
  discord.grant(discord.studio, ana, ['MANAGE_MESSAGES']);
  const old = await submitToBoth(team);
  discord.react(old.onDiscord, '✅', ben);
  await bothShow(team, old, /Ben · 1 of 4/);
  discord.deleteMessage(old.onDiscord, ana);
  await telegram.react(old.onTelegram, dora, '👍');
  const onDiscord = await team.inPosts(
    (one) => one.id !== old.onDiscord.id && /Ben and Dora · 2 of 4/.test(textOf(one)),
  );
  await telegram.deleteMessage(old.onTelegram);
  discord.react(onDiscord, '✅', ben);
  discord.react(onDiscord, '✅', chiara);
  const onTelegram = await team.inGroup(
    (one) =>
      one.message_id !== old.onTelegram.message_id &&
      /Ben, Dora and Chiara · 3 of 4/.test(textOnTelegram(one)),
  );
  const cards = { onDiscord, onTelegram };
  await bothShow(team, cards, /Ben, Dora and Chiara · 3 of 4/);
  await telegram.react(onTelegram, emil, '👍');
  await expectPublishedOnce(team, cards);
});

it('finds out at its start that a card was deleted, though nothing else has changed', async () => {
  await using team = await startTeam({ approvals: 2 });
  const { discord, ana, ben, dora } = team;
  discord.grant(discord.studio, ana, ['MANAGE_MESSAGES']);
  const old = await submitToBoth(team);
  discord.react(old.onDiscord, '✅', ben);
  await bothShow(team, old, /Ben · 1 of 2/);
  await team.whileDown(() => discord.deleteMessage(old.onDiscord, ana));
  const onDiscord = await team.inPosts(
    (one) => one.id !== old.onDiscord.id && /Ben · 1 of 2/.test(textOf(one)),
  );
  await team.telegram.press(old.onTelegram, 'Approve', dora);
  await expectPublishedOnce(team, { ...old, onDiscord });
});

it('goes on in the group while Discord’s channel is closed to it, and there again afterwards', async () => {
  await using team = await startTeam({ approvals: 3 });
  const { discord, telegram, posts, ben, dora, emil } = team;
  const cards = await submitToBoth(team);
  discord.setOverwrite(posts, 'bot', { deny: ['VIEW_CHANNEL', 'SEND_MESSAGES'] });
  await telegram.react(cards.onTelegram, dora, '👍');
  await groupShows(team, cards, /Dora · 1 of 3/);
  discord.react(cards.onDiscord, '✅', ben);
  discord.setOverwrite(posts, 'bot', {});
  await bothShow(team, cards, /Dora and Ben · 2 of 3/);
  await telegram.react(cards.onTelegram, emil, '👍');
  await expectPublishedOnce(team, cards);
});

it('says on Discord’s card when reactions do not reach it, and when they do again', async () => {
  await using team = await startTeam();
  const { discord, posts, ben } = team;
  const cards = await submitToBoth(team);
  discord.setOverwrite(posts, 'bot', { deny: ['READ_MESSAGE_HISTORY'] });
  await discordShows(team, cards, /Vote with the buttons\. For reactions to count, Nod needs/);
  discord.setOverwrite(posts, 'bot', {});
  await discordShows(team, cards, /✅ approves, ❌ rejects, as a reaction or a button/);
  discord.react(cards.onDiscord, '✅', ben);
  await expectPublishedOnce(team, cards);
});

it('goes on on Discord while it is out of the group, and there again afterwards', async () => {
  await using team = await startTeam({ approvals: 2 });
  const { discord, telegram, group, ben, chiara } = team;
  const first = await submitToBoth(team, 'Sunrise');
  const second = await submitToBoth(team, 'Sunset');
  telegram.removeBot(group);
  for (const { onDiscord } of [first, second]) discord.react(onDiscord, '✅', ben);
  await discordShows(team, second, /Ben · 1 of 2/);
  discord.react(first.onDiscord, '✅', chiara);
  await discordShows(team, first, /Live on TikTok/);
  telegram.setAdmin(group, 'bot', true);
  await groupShows(team, second, /Ben · 1 of 2/);
  await expectPublishedOnce(team, first);
  await telegram.react(second.onTelegram, team.dora, '👍');
  await bothShow(team, second, /Live on TikTok/);
  expect(team.tiktok.state.publishes).toHaveLength(2);
});

it('takes votes under a card that stands in a topic', async () => {
  await using team = await startTeam({ forum: true, approvals: 2 });
  const { telegram, group, gus, dora, ben } = team;
  const threadId = telegram.topic(group, 'TikTok');
  const draft = await draftInGroup(team, gus, 'From a topic', { threadId });
  await askInGroup(team, draft, gus);
  const cards = await newCards(team, 'From a topic');
  expect(cards.onTelegram.message_thread_id).toBe(threadId);
  await telegram.react(cards.onTelegram, dora, '👍');
  await bothShow(team, cards, /Dora · 1 of 2/);
  await telegram.react(cards.onTelegram, dora, []);
  await bothShow(team, cards, /0 of 2/);
  await telegram.react(cards.onTelegram, dora, '👍');
  await team.press(cards.onDiscord, 'Approve', ben);
  await expectPublishedOnce(team, cards);
});

it('brings reviews into the channel and the topic that the settings name', async () => {
  await using team = await startTeam({ forum: true });
  const { discord, telegram, group, dora, posts } = team;
  const reviews = discord.channel(discord.studio, { name: 'reviews' });
  const threadId = telegram.topic(group, 'Reviews');
  const handle = await team.run('settings', { channel: reviews });
  await handle.waitForResponse('where each was posted');
  await team.press(handle, 'Show reviews here');
  await handle.waitForResponse('Reviews of posts from here are shown  **here**');
  await telegram.sendText(group, dora, `/settings@${telegram.state.bot.username}`, { threadId });
  const settings = await team.inGroup(/where each was posted/);
  await telegram.press(settings, 'Show reviews here', dora);
  await team.inGroup(/Reviews of posts from here are shown {2}here/);

  const moved = inChannelOf(team, reviews);
  const cards = await submitWith(moved, { caption: 'Moved' });
  expect(cards.onTelegram.message_thread_id).toBe(threadId);
  expect(discord.messages(posts).filter((one) => textOf(one).includes('wants to post'))).toEqual([]);
  await telegram.react(cards.onTelegram, dora, '👍');
  await expectPublishedOnce(moved, cards);
  await moved.inPosts((one) => one.message_reference?.message_id === cards.onDiscord.id);

  const again = await team.run('settings', { channel: posts });
  await again.waitForResponse('in another channel or topic');
  expect(labelsOf(await again.waitForResponse())).toContain('Show reviews here');
  await team.press(again, 'Show reviews where posted');
  await again.waitForResponse('where each was posted');
  const back = await submitWith(team, { caption: 'Back' });
  expect(back.onDiscord.channel_id).toBe(posts.id);
});

it('shows a review where it was posted, when the channel for reviews is gone', async () => {
  await using team = await startTeam();
  const { discord, ben } = team;
  const reviews = discord.channel(discord.studio, { name: 'reviews' });
  const handle = await team.run('settings', { channel: reviews });
  await handle.waitForResponse('where each was posted');
  await team.press(handle, 'Show reviews here');
  await handle.waitForResponse('Reviews of posts from here are shown  **here**');
  discord.deleteChannel(reviews);
  const cards = await submitToBoth(team);
  await discordShows(team, cards, /is here for now\. The channel where it belongs is deleted/);
  discord.react(cards.onDiscord, '✅', ben);
  await expectPublishedOnce(team, cards);
});
