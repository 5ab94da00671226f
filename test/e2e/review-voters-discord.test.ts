import { expect, it } from 'vitest';
import { startVotesStage, textOf } from './votes-stage.ts';

const NOT_YOURS =
  'Only people with Manage Server and administrators of the group on Telegram can approve or reject here.';
const OWN = 'A post needs the vote of somebody other than its author here. /tiktok settings can change that.';

it.concurrent('gives a say to who manages the server or administers it, and tells everybody else alone', async () => {
  await using stage = await startVotesStage({ approvals: 2 });
  const { discord, studio, finn, ben } = stage;
  const hugo = discord.user({ name: 'Hugo' });
  discord.addMember(studio, hugo, { permissions: ['ADMINISTRATOR'] });
  const review = await stage.review();
  const before = stage.said();
  discord.react(review.onDiscord, '✅', finn);
  expect(await stage.dm(finn, /approve or reject/)).toBe(NOT_YOURS);
  expect(await stage.pressed(review.onDiscord, 'Approve', finn)).toBe(NOT_YOURS);
  expect(await stage.pressed(review.onDiscord, 'Reject…', finn)).toBe(NOT_YOURS);
  discord.react(review.onDiscord, '✅', hugo);
  const [onDiscord] = await stage.shows(review, /Hugo · 1 of 2/);
  expect(onDiscord).not.toContain('Finn');
  expect(stage.said()).toEqual(before);
  await stage.pressed(review.onDiscord, 'Approve', ben);
  await stage.shows(review, /Approved by Hugo and Ben/);
});

it.concurrent('tells somebody who takes no direct messages in the channel, once for each review', async () => {
  await using stage = await startVotesStage();
  const { discord, posts, finn, ben } = stage;
  discord.setDmsClosed(finn, true);
  for (const caption of ['One', 'Two']) {
    const review = await stage.review(caption);
    for (const emoji of ['✅', '❌']) discord.react(review.onDiscord, emoji, finn);
    discord.unreact(review.onDiscord, '✅', finn);
    discord.react(review.onDiscord, '✅', finn);
    discord.react(review.onDiscord, '✅', ben);
    await stage.shows(review, /Ben · 1 of 2/);
    const replies = discord
      .messages(posts)
      .filter(({ message_reference: to }) => to?.message_id === review.onDiscord.id);
    expect(replies.map(textOf)).toEqual([NOT_YOURS]);
  }
});

it.concurrent('gives a say to the roles and people that the settings name, and to nobody else', async () => {
  await using stage = await startVotesStage();
  const { discord, studio, finn, ben, dora, telegram } = stage;
  const [editors, guests] = [
    discord.role(studio, { name: 'Editors' }),
    discord.role(studio, { name: 'Guests' }),
  ];
  const gina = discord.user({ name: 'Gina' });
  discord.addMember(studio, gina, { roles: [guests, editors] });
  await stage.settle(
    {
      select: 'Roles that may approve',
      values: [editors],
      shown: /Roles that may approve {2}\*\*Editors\*\*/,
    },
    { select: 'Approvers by name', values: [finn], shown: /by name {2}\*\*Finn\*\*/ },
    { press: /People with Manage Server approve/, shown: 'may not approve' },
  );
  const review = await stage.review();
  const [onDiscord] = await stage.shows(review, /Who decides: Editors and Finn\n/);
  expect(onDiscord).not.toContain('Manage Server');
  discord.react(review.onDiscord, '✅', ben);
  expect(await stage.dm(ben, /Only/)).toBe('Only Editors and Finn can approve or reject here.');
  const answer = await telegram.press(review.onTelegram, 'Approve', dora);
  expect(answer.text).toBe('Only Editors and Finn can approve or reject here.');
  discord.react(review.onDiscord, '✅', finn);
  await stage.shows(review, /Finn · 1 of 2/);
  await stage.pressed(review.onDiscord, 'Approve', gina);
  await stage.shows(review, /Approved by Finn and Gina/);
});

it.concurrent('goes by what somebody is when they vote: a role lost before counts no more, one lost afterwards did', async () => {
  await using stage = await startVotesStage({ approvals: 3 });
  const { discord, studio, ben, finn } = stage;
  const editors = discord.role(studio, { name: 'Editors' });
  const gina = discord.user({ name: 'Gina' });
  discord.addMember(studio, gina, { roles: [editors] });
  discord.setRoles(studio, finn, [editors]);
  await stage.settle({
    select: 'Roles that may approve',
    values: [editors],
    shown: /Roles that may approve {2}\*\*Editors\*\*/,
  });
  const review = await stage.review();
  discord.react(review.onDiscord, '✅', finn);
  await stage.shows(review, /Finn · 1 of 3/);
  for (const person of [finn, gina]) discord.setRoles(studio, person, []);
  discord.react(review.onDiscord, '✅', gina);
  expect(await stage.dm(gina, /Only/)).toMatch(/^Only Editors, people with Manage Server/);
  expect(await stage.pressed(review.onDiscord, 'Approve', gina)).toMatch(/^Only Editors/);
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /Finn and Ben · 2 of 3/);
  // Who has lost the say can still take back what was given with it.
  discord.unreact(review.onDiscord, '✅', finn);
  await stage.shows(review, /approvals\W+[✅👍] Ben · 1 of 3/u);
});

it.concurrent('goes by the role and not by its name, and by no role that is deleted', async () => {
  await using stage = await startVotesStage();
  const { discord, studio, finn, chiara } = stage;
  const [editors, guests] = [
    discord.role(studio, { name: 'Editors' }),
    discord.role(studio, { name: 'Guests' }),
  ];
  const gina = discord.user({ name: 'Gina' });
  discord.addMember(studio, gina, { roles: [guests] });
  discord.setRoles(studio, finn, [editors]);
  await stage.settle({
    select: 'Roles that may approve',
    values: [editors, guests],
    shown: /Roles that may approve {2}\*\*Editors and Guests\*\*/,
  });
  const review = await stage.review();
  discord.changeRole(studio, editors, { name: 'Board' });
  discord.role(studio, { name: 'Editors' });
  discord.deleteRole(studio, guests);
  discord.react(review.onDiscord, '✅', gina);
  await stage.dm(gina, /^Only/);
  discord.react(review.onDiscord, '✅', finn);
  await stage.shows(review, /Finn · 1 of 2/);
  await stage.pressed(review.onDiscord, 'Approve', chiara);
  await stage.shows(review, /Approved by Finn and Chiara/);
  await stage.shows(review, /Live on TikTok/);
});

it.concurrent('keeps the vote of somebody who has left the server, as it was cast', async () => {
  await using stage = await startVotesStage();
  const { discord, studio, ben, chiara } = stage;
  const review = await stage.review();
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /Ben · 1 of 2/);
  discord.removeMember(studio, ben);
  await stage.pressed(review.onDiscord, 'Approve', chiara);
  await stage.shows(review, /Approved by Ben and Chiara/);
  await stage.shows(review, /Live on TikTok/);
});

it.concurrent('asks for somebody else than the author, until the settings say otherwise', async () => {
  await using stage = await startVotesStage({ approvals: 1 });
  const { discord, ana } = stage;
  const first = await stage.review('Mine');
  discord.react(first.onDiscord, '✅', ana);
  expect(await stage.dm(ana, /somebody other/)).toBe(OWN);
  expect(await stage.pressed(first.onDiscord, 'Approve', ana)).toBe(OWN);
  await stage.settle(
    { select: 'Approvers by name', values: [ana], shown: /by name {2}\*\*Ana\*\*/ },
    { press: /People with Manage Server approve/, shown: 'may not approve' },
    { press: /Author’s own vote/, shown: /author’s own vote {2}\*\*counts/ },
  );
  // The terms of a review are those of its beginning.
  expect(await stage.pressed(first.onDiscord, 'Approve', ana)).toBe(OWN);
  const second = await stage.review('Mine alone');
  await stage.shows(second, /Who decides: Ana\n/);
  discord.react(second.onDiscord, '✅', ana);
  await stage.shows(second, /Approved by Ana\n/);
  await stage.shows(second, /Live on TikTok/);
  await stage.settled();
  expect(stage.publishesOf(first)).toEqual([]);
});

it.concurrent('takes no reaction of another bot for a vote, and tells it nothing', async () => {
  await using stage = await startVotesStage();
  const { discord, studio, ben } = stage;
  const robot = discord.user({ name: 'Robot', isBot: true });
  discord.addMember(studio, robot, { permissions: ['ADMINISTRATOR'] });
  const review = await stage.review();
  const before = stage.said();
  discord.react(review.onDiscord, '✅', robot);
  discord.react(review.onDiscord, '❌', robot);
  discord.unreact(review.onDiscord, '❌', robot);
  discord.react(review.onDiscord, '✅', ben);
  await stage.settled();
  const [onDiscord] = await stage.shows(review, /Ben · 1 of 2/);
  expect(onDiscord).not.toContain('Robot');
  expect(stage.said()).toEqual(before);
  expect(stage.dmsOf(robot)).toEqual([]);
});
