import { expect, it } from 'vitest';
import type { DowntimeRecord } from '../../src/bots/review/downtime.ts';
import type { World } from '../world.ts';
import { textOf } from './discord-stage.ts';
import { launchNod } from './process.ts';
import {
  bothShow,
  changeRecords,
  expectPublishedOnce,
  groupShows,
  startTeam,
  submitToBoth,
  textOnTelegram,
} from './review-acts.ts';

const MINUTE_MS = 60_000;

/** Makes Nod believe that it was last there so long ago. */
const setBack = (world: World, minutes: number) =>
  changeRecords<DowntimeRecord>(world, 'presence', (seen) => ({
    ...seen,
    lastSeenAt: seen.lastSeenAt - minutes * MINUTE_MS,
  }));

const AWAY =
  /Nod was away from .* to .*\. A vote from then that is not shown here did not arrive: use the buttons\./;

it.each([
  { way: 'was stopped', options: {} },
  { way: 'was killed', options: { launch: launchNod } },
])('counts what Discord’s reactions have become while it $way', async ({ options }) => {
  await using team = await startTeam({ ...options, approvals: 2 });
  const { discord, tiktok, ben, chiara, finn, dora } = team;
  const cards = await submitToBoth(team);
  discord.react(cards.onDiscord, '✅', chiara);
  await bothShow(team, cards, /Chiara · 1 of 2/);
  await team.whileDown(() => {
    discord.unreact(cards.onDiscord, '✅', chiara);
    discord.react(cards.onDiscord, '✅', finn);
    discord.react(cards.onDiscord, '🎉', chiara);
    discord.react(cards.onDiscord, '✅', ben, { burst: true });
  });
  const shown = await bothShow(team, cards, /(✅|👍) Ben · 1 of 2/);
  expect(textOf(shown.onDiscord)).not.toMatch(/Chiara|Finn/);
  expect(tiktok.state.publishes).toEqual([]);
  await team.telegram.press(cards.onTelegram, 'Approve', dora);
  await expectPublishedOnce(team, cards);
  await bothShow(team, cards, /Approved by Ben and Dora/);
});

it('publishes once, or not at all, by what was decided while it was away', async () => {
  await using team = await startTeam({ approvals: 2 });
  const { discord, ben, chiara, tiktok } = team;
  const approved = await submitToBoth(team, 'Sunrise');
  const rejected = await submitToBoth(team, 'Sunset');
  await team.whileDown(() => {
    for (const person of [ben, chiara]) discord.react(approved.onDiscord, '✅', person);
    discord.react(rejected.onDiscord, '✅', chiara);
    discord.react(rejected.onDiscord, '❌', ben);
  });
  await expectPublishedOnce(team, approved);
  await bothShow(team, rejected, /Not approved[\s\S]*Rejected by Ben[\s\S]*Nothing was posted\./);
  await team.whileDown();
  await bothShow(team, rejected, /Rejected by Ben/);
  expect(tiktok.state.publishes).toHaveLength(1);
});

it('counts what came while its session with Discord was lost', async () => {
  await using team = await startTeam({ approvals: 2 });
  const { discord, ben, chiara, dora } = team;
  const cards = await submitToBoth(team);
  discord.react(cards.onDiscord, '✅', chiara);
  await bothShow(team, cards, /Chiara · 1 of 2/);
  discord.invalidateSession({ isResumable: false });
  discord.unreact(cards.onDiscord, '✅', chiara);
  discord.react(cards.onDiscord, '✅', ben);
  await bothShow(team, cards, /(✅|👍) Ben · 1 of 2/);
  await team.telegram.react(cards.onTelegram, dora, '👍');
  await expectPublishedOnce(team, cards);
});

it('counts the reactions that Telegram has kept for it', async () => {
  await using team = await startTeam({ approvals: 2 });
  const { telegram, dora, emil } = team;
  const cards = await submitToBoth(team);
  await telegram.react(cards.onTelegram, dora, '👍');
  await bothShow(team, cards, /Dora · 1 of 2/);
  await team.whileDown(async () => {
    await telegram.react(cards.onTelegram, dora, []);
    await telegram.react(cards.onTelegram, emil, '👍');
  });
  await bothShow(team, cards, /(✅|👍) Emil · 1 of 2/);
  await telegram.react(cards.onTelegram, dora, ['👍']);
  await expectPublishedOnce(team, cards);
});

it('says in the group when it was away, because older reactions are lost there', async () => {
  await using team = await startTeam({ approvals: 2 });
  const { telegram, dora, emil, ben } = team;
  const cards = await submitToBoth(team);
  await telegram.press(cards.onTelegram, 'Approve', dora);
  await bothShow(team, cards, /Dora · 1 of 2/);
  await team.whileDown(async (world) => {
    await telegram.react(cards.onTelegram, emil, '👍');
    telegram.advance(25 * 60 * MINUTE_MS);
    await setBack(world, 25 * 60);
  });
  const shown = await groupShows(team, cards, AWAY);
  expect(textOnTelegram(shown)).toMatch(/👍 Dora · 1 of 2/);
  team.discord.react(cards.onDiscord, '✅', ben);
  await expectPublishedOnce(team, cards);
  await team.settled();
  // Discord tells the reactions of any time, so nothing can have got lost there.
  const versions = [...team.discord.state.messages.values()].flatMap((one) => one.versions);
  expect(versions.length).toBeGreaterThan(0);
  expect(JSON.stringify(versions)).not.toContain('Nod was away');
});

it('says nothing of an absence that lost nothing, or that was before the review', async () => {
  await using team = await startTeam();
  const cards = await submitToBoth(team, 'One');
  await team.whileDown((world) => setBack(world, 2));
  await team.telegram.press(cards.onTelegram, 'Approve', team.dora);
  await expectPublishedOnce(team, cards);
  await team.whileDown((world) => setBack(world, 60));
  const later = await submitToBoth(team, 'Two');
  await groupShows(team, later, /👍 approves, 👎 rejects/);
  await team.settled();
  const said = team.telegram.state.messages.flatMap(({ versions }) => versions.map(({ message }) => message));
  expect(said.map(textOnTelegram).join('\n')).not.toContain('Nod was away');
});
