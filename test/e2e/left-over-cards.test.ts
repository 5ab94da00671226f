import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { buttonsOf } from '../world.ts';
import { labelsOf, textOf } from './discord-stage.ts';
import { launchNod, type NodProcess } from './process.ts';
import { type Cards, groupShows, startTeam, submitToBoth, type Team, textOnTelegram } from './review-acts.ts';
import { startStage } from './stage.ts';

const CAPTION = 'First light';
const TWICE = /This card was sent twice/;

/** A team whose Nod is a process that every stop kills, right after Telegram has taken a card and before Nod knows. */
async function leaveCard({ approvals = 2 } = {}): Promise<{ team: Team; left: Message; cards: Cards }> {
  const team = await startTeam({ approvals, launch: launchNod });
  team.telegram.fault('drop-reply', { method: 'sendPhoto' });
  const first = await submitToBoth(team, CAPTION);
  await team.whileDown();
  const onTelegram = await team.inGroup(
    (one) => one.message_id > first.onTelegram.message_id && textOnTelegram(one).includes('wants to post'),
  );
  return { team, left: first.onTelegram, cards: { ...first, onTelegram } };
}

/** The card that was left, once it is closed; it points to the real one. */
async function closed(team: Team, left: Message, real: Message): Promise<Message> {
  const shown = await groupShows(team, { onTelegram: left }, TWICE);
  expect(buttonsOf(shown)).toEqual([]);
  const links = shown.caption_entities?.flatMap((one) => (one.type === 'text_link' ? [one.url] : []));
  const groupId = -1_000_000_000_000 - team.group.id;
  expect(links).toEqual([`https://t.me/c/${groupId}/${real.message_id}`]);
  return shown;
}

it.concurrent('closes a card that a crash has left in a group with the first press on it, which counts', async () => {
  const { team, left, cards } = await leaveCard();
  await using _ = team;
  await team.telegram.press(left, 'Approve', team.dora);
  await groupShows(team, cards, /1 of 2/);
  await closed(team, left, cards.onTelegram);
});

it.concurrent('counts a reaction under a card that a crash has left, and closes it', async () => {
  const { team, left, cards } = await leaveCard();
  await using _ = team;
  await team.telegram.react(left, team.dora, '👍');
  await groupShows(team, cards, /Dora · 1 of 2/);
  await closed(team, left, cards.onTelegram);
  await team.telegram.react(left, team.emil, '👍');
  await groupShows(team, cards, /Approved by Dora and Emil|✓ /);
});

it.concurrent('counts a reaction from while it was away under a card that it has not noted', async () => {
  await using team = await startTeam({ approvals: 2, launch: launchNod });
  team.telegram.fault('drop-reply', { method: 'sendPhoto' });
  const { onTelegram: left } = await submitToBoth(team, CAPTION);
  await team.whileDown(() => team.telegram.react(left, team.dora, '👍'));
  // Whether another one was sent before depends on which comes first.
  await team.inGroup((one) => /Dora · 1 of 2/.test(textOnTelegram(one)));
});

it.concurrent('counts no reaction under a left card whose post was edited since, and says so', async () => {
  const { team, left, cards } = await leaveCard();
  await using _ = team;
  await team.press(cards.onDiscord, 'Edit');
  await groupShows(team, cards, /Taken back by Ana/);
  await team.telegram.react(left, team.dora, '👍');
  const shown = await groupShows(team, { onTelegram: left }, TWICE);
  expect(buttonsOf(shown)).toEqual([]);
  expect(textOnTelegram(shown)).toContain('Its post has been edited since, so nothing counts here.');
  expect(team.tiktok.state.publishes).toEqual([]);
});

it.concurrent('closes a left card whose button does nothing any more', async () => {
  const { team, left, cards } = await leaveCard({ approvals: 1 });
  await using _ = team;
  await team.telegram.press(cards.onTelegram, 'Approve', team.dora);
  await groupShows(team, cards, /✓ Live on TikTok/);
  await team.telegram.press(left, 'Approve', team.emil);
  await closed(team, left, cards.onTelegram);
});

it.concurrent('closes a draft that a crash has left', async () => {
  let nod: NodProcess | undefined;
  await using stage = await startStage({
    async launch(world) {
      nod = await launchNod(world);
      return nod;
    },
  });
  // It may be sent before it has its picture.
  const isCard = (sent: Record<string, unknown>) => /for TikTok/.test(String(sent.caption ?? sent.text));
  stage.telegram.fault('drop-reply', { when: isCard });
  await stage.sendFile('phone.jpg');
  const left = await stage.draft();
  await stage.restart();
  const real = await stage.draft((one) => one.message_id !== left.message_id);
  await stage.tap(left, 'Everyone');
  await stage.shows(real, 'Who can see it?  Everyone');
  const shown = await stage.shows(left, TWICE);
  expect(buttonsOf(shown)).toEqual([]);
});

it.concurrent('closes a draft that a crash has left before it had a picture', async () => {
  let nod: NodProcess | undefined;
  await using stage = await startStage({
    async launch(world) {
      nod = await launchNod(world);
      return nod;
    },
  });
  // The file takes so long that the card comes without it.
  const download = stage.telegram.fault('hold', { method: 'file' });
  stage.telegram.fault('drop-reply', { method: 'sendMessage' });
  await stage.sendFile('phone.jpg');
  const left = await stage.card('on the way');
  await stage.restart();
  await stage.card((one) => one.message_id !== left.message_id && textOnTelegram(one).includes('on the way'));
  download.lift();
  await stage.draft((one) => one.message_id !== left.message_id && one.photo !== undefined);
  await stage.tap(left, 'Discard');
  const shown = await stage.shows(left, TWICE);
  expect(buttonsOf(shown)).toEqual([]);
});

it.concurrent('finds in Discord the card that a crash kept it from noting, and the votes under it', async () => {
  await using team = await startTeam({ approvals: 2, launch: launchNod });
  const { discord, posts, ben } = team;
  const isReview = (body: unknown) => JSON.stringify(body).includes('wants to post');
  const fault = discord.fault('drop-reply', { route: 'createMessage', when: isReview, times: 1_000 });
  const { onDiscord } = await submitToBoth(team, CAPTION);
  await team.whileDown(({ advance }) => {
    fault.lift();
    // Discord forgets after some minutes that it was sent.
    advance(10 * 60_000);
    discord.react(onDiscord, '✅', ben);
  });
  await discord.waitForMessage(posts, (one) => one.id === onDiscord.id && /1 of 2/.test(textOf(one)));
  const live = discord.messages(posts).filter((one) => labelsOf(one).includes('Approve'));
  expect(live.map(({ id }) => id)).toEqual([onDiscord.id]);
});
