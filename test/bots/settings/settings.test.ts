import { expect, it } from 'vitest';
import { textOf } from '../paper-bot.ts';
import {
  ALONE,
  ANA,
  BEN,
  CHIARA,
  createWindow,
  LAB,
  LAB_AS_BEN,
  problemOf,
  STUDIO,
  startSettings,
} from './settings-world.ts';

const EDITORS = { id: 'discord:40', name: 'Editors' };
const DORA = { id: 'discord:31', name: 'Dora' };

it('shows the settings where they were asked for', async () => {
  const { command, says, stand, discord, press } = await startSettings();
  await command(LAB, 'settings');
  expect(says(LAB)).toContain('Approvals  1 before a post goes out');
  const reply = await stand(STUDIO, { isPrivate: true });
  await command({ ...STUDIO, reply }, 'settings');
  expect(discord.show()).toHaveLength(1);
  expect(says(STUDIO)).toContain('People with Manage Server  may approve');
  await press(STUDIO, 's:card:show', { message: reply });
  expect(discord.show()).toHaveLength(1);
});

it('lets only those who manage a place see and change its settings', async () => {
  const { command, press, answer, says, policyOf, told, telegram } = await startSettings();
  for (const name of ['settings', 'join', 'approver'])
    expect(await problemOf(command(LAB_AS_BEN, name, { argument: 'ABCD-EFGH', target: BEN }))).toBe(
      'not_admin',
    );
  const presses = ['s:approvals:set:0', 's:people:pick', 's:join:issue', 's:zone:ask', 's:history:export'];
  for (const data of presses)
    expect(await problemOf(press(LAB_AS_BEN, data, { picked: [BEN] }))).toBe('not_admin');
  expect(await problemOf(answer(LAB_AS_BEN, 'zone:telegram:-5', 'UTC'))).toBe('not_admin');
  expect(await policyOf(LAB)).toMatchObject({ approvals: 1, people: [] });
  expect([await told(LAB), telegram.whispered]).toEqual([[], []]);
  await command(LAB_AS_BEN, 'history');
  expect(says(LAB)).toBe('Nothing has happened here yet.');
});

it('changes the rules by buttons, redraws the card and writes the change down', async () => {
  const { press, policyOf, told, stand, says, telegram } = await startSettings();
  const message = await stand(LAB);
  const presses = [
    's:approvals:set:2',
    's:author:set:yes',
    's:rejection:set:no',
    's:hours:set:168',
    's:reviews:set:here',
    's:reviews:set:posted',
  ];
  for (const data of presses) expect(await press(LAB, data, { message })).toBeUndefined();
  expect(await policyOf(LAB)).toMatchObject({
    approvals: 2,
    authorVotes: true,
    rejectionIsFinal: false,
    openHours: 168,
  });
  expect(telegram.messages).toHaveLength(1);
  expect(says(LAB)).toContain('2 rejections  end a review');
  expect((await told(LAB)).toSorted()).toEqual([
    'Ana settings_changed approvals: 1 → 2',
    'Ana settings_changed one rejection is final: yes → no',
    'Ana settings_changed reviews are shown: in one chat',
    'Ana settings_changed reviews are shown: where posted',
    'Ana settings_changed reviews stay open: 72 h → 7 days',
    'Ana settings_changed the author’s own vote counts: no → yes',
  ]);
});

it('writes down no change that is none, and keeps away from what no button says', async () => {
  const { press, policyOf, told } = await startSettings();
  const before = await policyOf(LAB);
  await press(LAB, 's:approvals:set:1');
  for (const data of [
    's:approvals:set:11',
    's:approvals:set:-1',
    's:hours:set:1',
    's:managers:set:2',
    's:x:y',
  ])
    expect(await press(LAB, data)).toBe('This button is from an older Nod.');
  expect(await policyOf(LAB)).toEqual(before);
  expect(await told(LAB)).toEqual([]);
});

it('picks roles and people, and leaves alone who was named on the other platform', async () => {
  const { press, command, policyOf, workspaces, says } = await startSettings();
  await workspaces.join(LAB.workspace, LAB.chat, STUDIO.workspace);
  await command(LAB, 'approver', { target: BEN });
  expect(says(LAB)).toBe('Ben may approve from now on.');
  await press(STUDIO, 's:people:pick', { picked: [CHIARA, DORA] });
  await press(STUDIO, 's:roles:pick', { picked: [EDITORS] });
  expect(await policyOf(STUDIO)).toMatchObject({ roles: [EDITORS], people: [BEN, CHIARA, DORA] });
  await press(STUDIO, 's:people:pick', { picked: [] });
  expect(await policyOf(STUDIO)).toMatchObject({ roles: [EDITORS], people: [BEN] });
  await press(LAB, 's:roles:drop:discord.40');
  await press(STUDIO, 's:people:drop:telegram.2');
  expect(await policyOf(LAB)).toMatchObject({ roles: [], people: [] });
});

it('never leaves a place without anybody who may approve', async () => {
  const { press, command, policyOf, stand, discord } = await startSettings();
  const note = 'Then nobody could approve anything. Name a role or a person first.';
  expect(await press(LAB, 's:managers:set:no')).toBe(note);
  await press(STUDIO, 's:roles:pick', { picked: [EDITORS] });
  expect(await press(STUDIO, 's:managers:set:no')).toBeUndefined();
  const message = await stand(STUDIO);
  expect(await press(STUDIO, 's:roles:pick', { picked: [], message })).toBe(note);
  // The menu shows again what is picked.
  expect(discord.messages.at(-1)?.versions.at(-1)?.card.rows[1]).toMatchObject({ picked: ['discord:40'] });
  await command(LAB, 'approver', { target: BEN });
  await press(LAB, 's:managers:set:no');
  expect(await problemOf(command(LAB, 'approver', { target: BEN }))).toBe('nobody_may_vote');
  expect(await policyOf(LAB)).toMatchObject({ managersVote: false, people: [BEN] });
});

it('names an approver by a reply, and takes them off by another', async () => {
  const { command, policyOf, says, told, press } = await startSettings();
  await press(LAB, 's:approvals:set:0');
  await command(LAB, 'approver', { target: BEN });
  expect(says(LAB)).toBe('Ben may approve from now on.\nReviews are off; /settings turns them on.');
  expect((await policyOf(LAB)).people).toEqual([BEN]);
  await command(LAB, 'approver', { target: BEN });
  expect(says(LAB)).toContain('Ben is no longer named as an approver.');
  expect((await policyOf(LAB)).people).toEqual([]);
  expect((await told(LAB)).toSorted().slice(1)).toEqual([
    'Ana settings_changed people who may approve: Ben → none',
    'Ana settings_changed people who may approve: none → Ben',
  ]);
});

it('explains how to name somebody, and refuses a chat that speaks as itself', async () => {
  const { command, policyOf, says } = await startSettings();
  for (const more of [{}, { target: { id: 'telegram:-5', name: 'Lab' } }]) {
    await command(LAB, 'approver', more);
    expect(says(LAB)).toMatch(/^To name somebody who may approve, reply to a message of theirs/);
  }
  expect((await policyOf(LAB)).people).toEqual([]);
});

it('asks for the time zone by a reply', async () => {
  const { press, answer, newest, says, cardIndex, telegram, workspaces, told } = await startSettings();
  await press(LAB, 's:zone:ask');
  expect(says(LAB)).toBe('Ana, reply to this with the time zone, such as Europe/Berlin.');
  const question = telegram.messages.at(-1)?.ref ?? { chat: '', id: '' };
  expect(await cardIndex.subjectOf(question)).toBe('zone:telegram:-5');
  expect(await problemOf(answer(LAB, 'zone:telegram:-5', 'Atlantis'))).toBe('time_zone_unknown');
  await answer(LAB, 'zone:telegram:-5', 'new york');
  expect(textOf(newest(LAB))).toContain('Time zone  America/New_York, 12:02 now');
  expect((await workspaces.settingsOf(LAB.workspace)).timeZone).toBe('America/New_York');
  expect(await told(LAB)).toEqual(['Ana settings_changed time zone: Europe/Berlin → America/New_York']);
});

it('asks for the time zone in a window, and says on the card what is wrong with the answer', async () => {
  const { press, answer, says, stand, discord } = await startSettings();
  const message = await stand(STUDIO, { isPrivate: true });
  const { asked, ask } = createWindow();
  await press(STUDIO, 's:zone:ask', { message, ask });
  expect(asked).toEqual([
    { subject: 'zone:discord:1', title: 'Time zone, such as Europe/Berlin', text: '', maxLength: 60 },
  ]);
  await answer(STUDIO, 'zone:discord:1', 'Atlantis', message);
  expect(says(STUDIO)).toMatch(/^Settings\n“Atlantis” is no time zone that Nod knows\..*\n\nApprovals/);
  await answer(STUDIO, 'zone:discord:1', 'UTC', message);
  expect(says(STUDIO)).toContain('Time zone  UTC, 17:02 now');
  expect(discord.messages).toHaveLength(1);
});

it('shows everybody the history of all joined places, and only the last fifteen entries', async () => {
  const { command, history, says, workspaces } = await startSettings();
  await workspaces.join(LAB.workspace, LAB.chat, STUDIO.workspace);
  for (let minute = 0; minute < 20; minute += 1) {
    const place = minute % 2 === 0 ? LAB.workspace : STUDIO.workspace;
    const detail = `the number ${minute}`;
    await history.append('x', { place, at: minute * 60_000, person: ANA, what: 'settings_changed', detail });
  }
  await command(LAB_AS_BEN, 'history');
  const lines = says(LAB).split('\n');
  expect(lines[3]).toBe('01:05  Ana changed the number 5');
  expect(lines[17]).toBe('01:19  Ana changed the number 19');
});

it('exports the whole history into the chat, or to the presser alone where that is possible', async () => {
  const { press, newest, discord, history, stand } = await startSettings();
  for (let minute = 0; minute < 20; minute += 1) {
    for (const place of [LAB.workspace, STUDIO.workspace])
      await history.append('x', { place, at: minute, person: ANA, what: 'settings_changed' });
  }
  await press(LAB, 's:history:export');
  const exported = newest(LAB)?.attachment;
  if (exported?.type !== 'file') throw new Error('There is no file.');
  expect(exported.name).toBe('nod-history-2026-11-22.csv');
  expect(exported.text.trim().split('\r\n')).toHaveLength(21);
  const message = await stand(STUDIO);
  const place = await stand(STUDIO, { isPrivate: true });
  await press(STUDIO, 's:history:export', { message, openPrivately: async () => place });
  expect(discord.messages.map(({ versions }) => versions.at(-1)?.card.attachment?.type === 'file')).toEqual([
    false,
    true,
  ]);
});

it('has settings for a private chat as well', async () => {
  const { command, says, press } = await startSettings();
  await command(ALONE, 'settings');
  expect(says(ALONE)).toContain('Time zone  Europe/Berlin, 18:02 now');
  expect(await problemOf(press(ALONE, 's:join:issue'))).toBe('join_private');
  expect(await problemOf(command(ALONE, 'join', { argument: 'ABCD-EFGH' }))).toBe('join_private');
});
