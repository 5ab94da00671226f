import { expect, it } from 'vitest';
import { jpeg, startHarness } from './harness.ts';

it('hears once of a photo that nobody has addressed to it, where it administers the group, and keeps nothing', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const team = telegram.group({ title: 'Team', members: [telegram.ana], botIsAdmin: true });
  const { overheard } = await harness.startBot();
  const bytes = await jpeg();
  const sent = await telegram.sendPhoto(team, telegram.ana, { bytes, caption: 'lunch' });
  expect(await overheard.one('overheard')).toMatchObject({
    person: { id: `telegram:${telegram.ana.id}` },
    message: { chat: `telegram:${team.id}`, id: String(sent.message_id) },
  });
  await harness.settled();
  expect(await harness.inboxRecords()).toEqual([]);
});

it('sees nothing of what is not addressed to it under privacy mode', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const team = telegram.group({ title: 'Team', members: [telegram.ana] });
  const { overheard } = await harness.startBot();
  await telegram.sendPhoto(team, telegram.ana, { bytes: await jpeg(), caption: 'lunch' });
  await harness.settled();
  expect(overheard.all).toEqual([]);
});

it('takes what is passed on, a picture that moves and what is for another bot for talk', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const ben = telegram.user({ firstName: 'Ben' });
  const team = telegram.group({ title: 'Team', members: [telegram.ana], botIsAdmin: true });
  const { events, overheard } = await harness.startBot();
  const bytes = await jpeg();
  await telegram.sendPhoto(team, telegram.ana, { bytes, forwardedFrom: ben });
  await telegram.sendPhoto(team, telegram.ana, { bytes, caption: '/frame@another_bot' });
  await telegram.sendAnimation(team, telegram.ana, { bytes, fileName: 'cat.mp4' });
  await telegram.sendOther(team, telegram.ana, 'sticker');
  await telegram.sendDocument(team, telegram.ana, {
    bytes,
    fileName: 'list.pdf',
    mimeType: 'application/pdf',
  });
  await harness.settled();
  expect([...events.all, ...overheard.all]).toEqual([]);
});

it.each([
  ['sticker', 'sticker'],
  ['voice', 'sound'],
  ['audio', 'sound'],
  ['location', 'place'],
  ['venue', 'place'],
  ['contact', 'contact'],
  ['poll', 'poll'],
  ['dice', 'other'],
] as const)('tells that somebody has sent a %s in private', async (kind, what) => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  await telegram.sendOther(telegram.anaChat, telegram.ana, 'pinned');
  await telegram.sendOther(telegram.anaChat, telegram.ana, kind);
  expect(await events.one('untakeable')).toMatchObject({ what, isPrivate: true });
  await harness.settled();
  expect(events.all).toHaveLength(1);
});

it.each([
  ['a group', {}],
  ['a supergroup', { supergroup: true }],
])('hears that it was added to %s', async (_, kind) => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const { events } = await harness.startBot();
  const team = telegram.group({ title: 'Team', admins: [telegram.ana], announce: true, ...kind });
  await events.when((all) => all.some((event) => event.type === 'rights' && event.isAdded === true));
  expect(events.all.at(-1)).toMatchObject({
    workspace: `telegram:${team.id}`,
    person: { id: `telegram:${telegram.ana.id}` },
    isPresent: true,
  });
});

it('was not added where a group becomes a supergroup, nor where it is made an administrator', async () => {
  await using harness = await startHarness();
  const { telegram } = harness;
  const team = telegram.group({ title: 'Team', admins: [telegram.ana] });
  const { events } = await harness.startBot();
  telegram.setAdmin(team, 'bot', true);
  telegram.migrateToSupergroup(team);
  await events.when((all) => all.length > 1);
  await harness.settled();
  expect(events.all.filter((event) => event.type === 'rights' && event.isAdded === true)).toEqual([]);
});
