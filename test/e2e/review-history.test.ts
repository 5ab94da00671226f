import { expect, it } from 'vitest';
import { textOf } from './discord-stage.ts';
import {
  bothShow,
  type Cards,
  discordShows,
  expectPublishedOnce,
  fillIn,
  sayZone,
  startTeam,
  submitInGroup,
  submitToBoth,
  submitWith,
  type Team,
  textOnTelegram,
} from './review-acts.ts';

const obey = ({ telegram, group }: Team, from: Team['dora'], command: string) =>
  telegram.sendText(group, from, `/${command}@${telegram.state.bot.username}`);

/** What a history says, without its days, times and formatting. */
const entriesIn = (text: string): string[] =>
  text
    .split('\n')
    .flatMap((line) => /^(?:\d\d:\d\d|<t:\d+:f>) {2}(.*)$/.exec(line)?.[1]?.replaceAll('\\', '') ?? []);

const isThere = ({ telegram, group }: Team, { onTelegram }: Cards): boolean =>
  telegram.botMessages(group).some(({ message_id: id }) => id === onTelegram.message_id);

/** A post whose story has a bit of everything: Ana's, rejected, changed, approved on both platforms, published. */
async function tellStory(team: Team, caption: string) {
  const { discord, telegram, ben, dora, emil } = team;
  await sayZone(team);
  const first = await submitToBoth(team, caption);
  discord.react(first.onDiscord, '✅', ben);
  await bothShow(team, first, /Ben · 1 of 2/);
  discord.unreact(first.onDiscord, '✅', ben);
  await bothShow(team, first, /0 of 2/);
  const asked = await team.press(first.onDiscord, 'Reject…', ben);
  await fillIn(team, asked, 'Too dark');
  await bothShow(team, first, /Rejected by Ben[\s\S]*Too dark/);
  const second = await submitWith(team, { caption: 'Brighter', when: 'tomorrow 18:00' });
  await telegram.react(second.onTelegram, dora, '👍');
  await telegram.press(second.onTelegram, 'Approve', emil);
  await bothShow(team, second, /Scheduled/);
  await team.press(second.onDiscord, 'Publish now');
  await expectPublishedOnce(team, second);
  const third = await submitInGroup(team, team.gus, 'Never mind');
  await telegram.press(third.onTelegram, 'Cancel', dora);
  await bothShow(team, third, /Cancelled by Dora/);
  return { first, second, third };
}

it('shows everybody the same history in both places', async () => {
  await using team = await startTeam({ approvals: 2 });
  const { gus, finn } = team;
  await tellStory(team, 'Harbour');
  await obey(team, gus, 'history');
  const inGroup = entriesIn(textOnTelegram(await team.inGroup(/^History/)));
  const handle = await team.run('history', { user: finn });
  expect(handle.ephemeral).toBe(true);
  const onDiscord = entriesIn(textOf(await handle.waitForResponse('History')));
  expect(onDiscord).toEqual(inGroup);
  const account = '@studio.ana';
  expect(inGroup.slice(-13)).toEqual([
    `Ana submitted “Harbour” for ${account}`,
    'Ben approved “Harbour”',
    'Ben took back the approval of “Harbour”',
    'Ben rejected “Harbour”: Too dark',
    'Rejected by Ben: “Harbour”',
    `Ana submitted “Brighter” for ${account}`,
    'Dora approved “Brighter”',
    'Emil approved “Brighter”',
    'Approved by Dora and Emil: “Brighter”',
    'Ana set when “Brighter” goes out: It goes out as soon as it can.',
    `Published to ${account}: “Brighter”`,
    `Gus submitted “Never mind” for ${account}`,
    'Dora cancelled “Never mind”',
  ]);
});

const COLUMNS = ['time', 'event', 'person', 'person id', 'account', 'post', 'caption', 'detail', 'place'];

it('exports a whole story as a file, with who voted, in both places', async () => {
  await using team = await startTeam({ approvals: 2 });
  const { discord, telegram, ana, ben, dora, emil, gus } = team;
  await tellStory(team, '=HYPERLINK("http://evil.example","Harbour")');
  await obey(team, gus, 'history');
  const list = await team.inGroup(/^History/);
  expect(await telegram.press(list, 'Export CSV', gus)).toMatchObject({
    text: 'Only an administrator of this group can do that.',
  });
  await telegram.press(list, 'Export CSV', dora);
  const sent = await team.inGroup((one) => one.document !== undefined);
  expect(sent.document?.file_name).toMatch(/^nod-history-\d{4}-\d\d-\d\d\.csv$/);
  const inGroup = Buffer.from(telegram.files.get(sent.document?.file_id ?? '')?.bytes ?? []).toString();

  const history = await team.run('history');
  await history.waitForResponse('History');
  const opened = await team.press(history, 'Export CSV');
  const shown = await opened.waitForResponse(/The whole history, \d+ lines, with times in UTC\./);
  expect(discord.state.messages.get(shown.id)?.ephemeralFor).toBe(ana.id);
  const onDiscord = Buffer.from(discord.files.get(shown.attachments[0]?.id ?? '')?.bytes ?? []).toString();
  expect(onDiscord).toBe(inGroup);

  const [header, ...rows] = inGroup.trimEnd().split('\r\n');
  expect(header).toBe(COLUMNS.join(','));
  const told = rows.map((row) => row.split(',').slice(1, 4).join(' '));
  const story = [
    ...[`submitted Ana discord:${ana.id}`, `approved_by Ben discord:${ben.id}`],
    ...[`vote_taken_back Ben discord:${ben.id}`, `rejected_by Ben discord:${ben.id}`, 'rejected  '],
    ...[`submitted Ana discord:${ana.id}`, `approved_by Dora telegram:${dora.id}`],
    ...[`approved_by Emil telegram:${emil.id}`, 'approved  ', `scheduled Ana discord:${ana.id}`],
    ...['published  ', `submitted Gus telegram:${gus.id}`, `cancelled Dora telegram:${dora.id}`],
  ];
  expect(told.slice(-story.length)).toEqual(story);
  expect(rows.every((row) => /^\d{4}-\d\d-\d\dT[\d:.]+Z,/.test(row))).toBe(true);
  // A spreadsheet would run what begins with one of these.
  expect(inGroup).toContain(`"'=HYPERLINK(""http://evil.example"",""Harbour"")"`);
  expect(inGroup).toMatch(/,'@studio\.ana,/);
  expect(inGroup).not.toMatch(/(^|,)"?[=+@-]/m);
  const [, postId] = /published,,,'@studio\.ana,([^,]+),Brighter,/.exec(inGroup) ?? [];
  expect(inGroup.split(`,${postId},`)).toHaveLength(7);
});

it('goes by one set of rules in both places, and by two again when they are separated', async () => {
  await using team = await startTeam();
  const { telegram, dora, gus, ben, chiara } = team;
  await obey(team, dora, 'settings');
  const settings = await team.inGroup(/Approvals {2}1 before a post goes out/);
  expect(textOnTelegram(settings)).toContain('a change here changes them there');
  await telegram.press(settings, '2', dora);
  await team.inGroup(/Approvals {2}2 before a post goes out/);
  await (await team.run('settings')).waitForResponse('2 before a post goes out');
  const open = await submitToBoth(team, 'Open one');
  await bothShow(team, open, /0 of 2/);
  await telegram.press(settings, '5', dora);
  await (await team.run('settings')).waitForResponse('5 before a post goes out');

  // The card goes out of the group, but somebody may press it before that.
  const going = telegram.fault('hold', { method: 'editMessageCaption' });
  const handle = await team.run('settings');
  await handle.waitForResponse('Joined with');
  await team.press(handle, 'Separate Editors (Telegram)');
  await handle.waitForResponse(/Editors \(Telegram\) and Studio.* are separate\./);
  await team.inGroup(/Ana has separated two chats\./);
  await obey(team, dora, 'settings');
  await team.inGroup(/Approvals {2}1 before a post goes out/);
  // What was begun together goes on by its rules, where it was posted.
  expect(await telegram.press(open.onTelegram, 'Approve', dora)).toMatchObject({
    text: 'This chat no longer shares reviews with the one that the post is from.',
  });
  await telegram.until(() => going.hits > 0 || undefined, { what: 'The last edit of the card' });
  going.lift();
  await telegram.until(() => !isThere(team, open) || undefined, { what: 'The end of the card' });
  for (const person of [ben, chiara]) await team.press(open.onDiscord, 'Approve', person);
  await discordShows(team, open, /Approved by Ben and Chiara/);
  await obey(team, gus, 'history');
  const said = entriesIn(textOnTelegram(await team.inGroup(/^History/)));
  expect(said.join('\n')).not.toContain('Open one');
  expect(said.at(-1)).toMatch(/^Ana separated Editors \(Telegram\) from Studio/);
});
