import { expect, it } from 'vitest';
import type { Post } from '../../src/core/publish/post.ts';
import type { WireMessage } from '../emulators/discord/index.ts';
import { textOf } from './discord-stage.ts';
import {
  bothShow,
  changeRecords,
  expectPublishedOnce,
  newCards,
  pressable,
  sayZone,
  startTeam,
  submitInGroup,
  submitToBoth,
  submitWith,
  type Team,
} from './review-acts.ts';

const ASKS = /Waiting for its author[\s\S]*“Everyone” is not open to this account any more\. Choose again\./;
const CHOICES = ['Followers', 'Friends', 'Only me', 'Send to my inbox instead', 'Edit', 'Cancel'];

/** What was asked of TikTok that could have become a post. */
const inits = ({ tiktok }: Team) =>
  tiktok.state.requests.filter(({ endpoint }) => endpoint?.endsWith('/init'));

/** Ana's approved post, whose account has become private before it went out. */
async function startHeld() {
  await using stack = new AsyncDisposableStack();
  const team = stack.use(await startTeam());
  const cards = await submitToBoth(team);
  team.tiktok.creator.private = true;
  await team.press(cards.onDiscord, 'Approve', team.ben);
  const held = await bothShow(team, cards, ASKS);
  const kept = stack.move();
  return { team, held, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const levelOf = ({ tiktok }: Team) => tiktok.state.publishes[0]?.postInfo.privacy_level;

it('asks its author anew who can see it, and lets the team decide about the new choice', async () => {
  await using started = await startHeld();
  const { team, held } = started;
  const { discord, telegram, ana, ben, dora } = team;
  expect(pressable(held)).toEqual({ onDiscord: CHOICES, onTelegram: CHOICES });
  expect(textOf(held.onDiscord)).toContain(
    'The approval was for the old choice, so a new choice is reviewed again.',
  );
  expect(inits(team)).toEqual([]);
  const isAnswer = ({ message_reference: to }: WireMessage) => to?.message_id === held.onDiscord.id;
  const called = await team.inPosts((one) => isAnswer(one) && ASKS.test(textOf(one)));
  expect(discord.state.messages.get(called.id)?.pings.users).toEqual([ana.id]);
  await (await team.press(held.onDiscord, 'Followers', ben)).waitForFollowUp('Only Ana can do that here.');
  expect(await telegram.press(held.onTelegram, 'Followers', dora)).toMatchObject({
    text: 'Only Ana can do that here.',
  });
  await team.press(held.onDiscord, 'Followers', ana);
  const next = await newCards(team, 'First light', held);
  expect(textOf(next.onDiscord)).toMatch(/visible to: Followers[\s\S]*0 of 1/);
  await bothShow(team, held, /It goes on in a newer card below\./);
  expect(inits(team)).toEqual([]);
  discord.react(held.onDiscord, '✅', ben);
  await telegram.react(next.onTelegram, dora, '👍');
  await expectPublishedOnce(team, next);
  expect(textOf((await bothShow(team, next, /Approved by/)).onDiscord)).toContain('Approved by Dora');
  expect(inits(team)).toHaveLength(1);
  expect(levelOf(team)).toBe('FOLLOWER_OF_CREATOR');
});

it('asks at the time of a scheduled post, and goes out at once when the new choice is approved later', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const cards = await submitWith(team, { caption: 'First light', when: 'tomorrow 18:00' });
  await team.press(cards.onDiscord, 'Approve', team.ben);
  const scheduled = await bothShow(team, cards, /Scheduled/);
  team.tiktok.creator.private = true;
  await team.press(scheduled.onDiscord, 'Publish now');
  const held = await bothShow(team, cards, ASKS);
  expect(inits(team)).toEqual([]);
  await team.press(held.onDiscord, 'Only me');
  const next = await newCards(team, 'First light', held);
  await team.press(next.onDiscord, 'Approve', team.ben);
  await expectPublishedOnce(team, next);
  expect(levelOf(team)).toBe('SELF_ONLY');
});

it('asks as well when TikTok refuses the level that it had offered a moment before', async () => {
  await using team = await startTeam();
  const cards = await submitToBoth(team);
  team.tiktok.fault('init-403:privacy_level_option_mismatch');
  await team.press(cards.onDiscord, 'Approve', team.ben);
  const held = await bothShow(team, cards, ASKS);
  const choices = ['Friends', 'Only me', 'Send to my inbox instead', 'Edit', 'Cancel'];
  expect(pressable(held)).toEqual({ onDiscord: choices, onTelegram: choices });
  await team.press(held.onDiscord, 'Friends');
  const next = await newCards(team, 'First light', held);
  await team.press(next.onDiscord, 'Approve', team.ben);
  await expectPublishedOnce(team, next);
  expect(levelOf(team)).toBe('MUTUAL_FOLLOW_FRIENDS');
});

it('makes one review of two hurried choices', async () => {
  await using started = await startHeld();
  const { team, held } = started;
  await Promise.all([team.press(held.onDiscord, 'Followers'), team.press(held.onDiscord, 'Followers')]);
  const next = await newCards(team, 'First light', held);
  await team.press(next.onDiscord, 'Approve', team.ben);
  await expectPublishedOnce(team, next);
  const shown = team.telegram
    .botMessages(team.group)
    .filter(({ caption }) => caption?.includes('First light'));
  expect(shown).toHaveLength(2);
});

it('can be taken back instead of choosing, and begins anew as a draft', async () => {
  await using started = await startHeld();
  const { team, held } = started;
  const opened = await team.press(held.onDiscord, 'Edit');
  await team.composer(opened, 'First light');
  await bothShow(team, held, /Taken back by Ana/);
  await team.see(opened, 'Followers');
  await team.press(opened, 'Ask for approval');
  const next = await newCards(team, 'First light', held);
  await team.press(next.onDiscord, 'Approve', team.ben);
  await expectPublishedOnce(team, next);
  expect(levelOf(team)).toBe('FOLLOWER_OF_CREATOR');
});

it('can be cancelled instead of choosing, also by who manages the other place', async () => {
  await using started = await startHeld();
  const { team, held } = started;
  await team.telegram.press(held.onTelegram, 'Cancel', team.dora);
  await bothShow(team, held, /Cancelled by Dora[\s\S]*Nothing was posted\./);
  await team.settled();
  expect(inits(team)).toEqual([]);
});

it('asks where the post was composed, and takes the choice there', async () => {
  await using team = await startTeam();
  const { telegram, gus, dora } = team;
  const cards = await submitInGroup(team, gus, 'Second light');
  team.tiktok.creator.private = true;
  await telegram.press(cards.onTelegram, 'Approve', dora);
  const held = await bothShow(team, cards, ASKS);
  await (await team.press(held.onDiscord, 'Friends')).waitForFollowUp('Only Gus can do that here.');
  expect(await telegram.press(held.onTelegram, 'Friends', gus)).toEqual({ show_alert: false });
  const next = await newCards(team, 'Second light', held);
  await telegram.press(next.onTelegram, 'Approve', dora);
  await expectPublishedOnce(team, next);
  expect(levelOf(team)).toBe('MUTUAL_FOLLOW_FRIENDS');
});

it('says what is wrong with a video that has become too long for its account', async () => {
  await using team = await startTeam();
  const cards = await submitWith(team, { caption: 'Long cut', files: ['demo/sunset.mp4'] });
  team.tiktok.creator.maxVideoPostDurationSec = 1;
  await team.press(cards.onDiscord, 'Approve', team.ben);
  const held = await bothShow(
    team,
    cards,
    /Waiting for its author[\s\S]*It runs \d+ s; this account may post up to 1 s/,
  );
  const ways = ['Trim…', 'Edit', 'Cancel'];
  expect(pressable(held)).toEqual({ onDiscord: ways, onTelegram: ways });
  await team.settled();
  expect(inits(team)).toEqual([]);
});

it('ends when its author chooses nothing', async () => {
  await using started = await startHeld();
  const { team, held } = started;
  await team.whileDown((world) =>
    changeRecords<Post>(world, 'posts', (post) =>
      post.status === 'on_hold' ? { ...post, expiresAt: Date.now() - 1 } : post,
    ),
  );
  await bothShow(team, held, /Nobody chose, so this has expired[\s\S]*Nothing was posted\./);
  await team.settled();
  expect(inits(team)).toEqual([]);
});
