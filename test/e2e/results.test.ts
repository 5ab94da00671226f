import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import type { App } from '../../src/app.ts';
import type { Workspace } from '../../src/core/accounts/workspaces.ts';
import { defaultTimeZone } from '../../src/core/compose/parse-time.ts';
import type { Post } from '../../src/core/publish/post.ts';
import { nextMonday } from '../../src/core/week.ts';
import type { WireMessage } from '../emulators/discord/index.ts';
import type { World } from '../world.ts';
import { startDiscordStage } from './discord-stage.ts';
import { bothShow, changeRecords, startTeam, submitToBoth } from './review-acts.ts';
import { LINK, type Stage, startStage } from './stage.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WITH_STATS = { TIKTOK_STATS: 'true' };
const NUMBERS = '1,204 views · 88 likes · 7 comments · 3 shares';
const COUNTS = { views: 1_204, likes: 88, comments: 7, shares: 3 };
/** https://docs.discord.com/developers/resources/message#message-object-message-flags */
const SUPPRESS_NOTIFICATIONS = 4096;

/** Lets so much time pass for all that is live, while Nod is away. */
async function age(world: World, ms: number): Promise<void> {
  for (const { id } of world.tiktok.state.posts) world.tiktok.setCounts(id, COUNTS);
  await changeRecords<Post>(world, 'posts', (post) =>
    post.status === 'published'
      ? {
          ...post,
          settledAt: post.settledAt - ms,
          nextResultsAt: post.nextResultsAt && post.nextResultsAt - ms,
          results: post.results?.map((one) => ({ ...one, at: one.at - ms })),
        }
      : post,
  );
}

/** A stage whose Nod can be stopped for something to happen. */
async function startAgeing() {
  let meanwhile = async (_: World): Promise<void> => {};
  const launch = async (world: World) => {
    await meanwhile(world);
    return world.start();
  };
  return {
    launch,
    async whileDown(stage: Pick<Stage, 'restart'>, act: (world: World) => Promise<void>): Promise<void> {
      meanwhile = act;
      await stage.restart();
      meanwhile = async () => {};
    },
  };
}

it('shows how a post did on its card, and says so once and silently after a day', async () => {
  const { launch, whileDown } = await startAgeing();
  await using stage = await startStage({ environment: WITH_STATS, launch });
  const { telegram, anaChat } = stage;
  await stage.sendFile('phone.jpg');
  await stage.post(await stage.draft());
  const card = await stage.card(LINK);
  const repliesTo = ({ message_id }: Message) =>
    telegram.botMessages(anaChat).filter(({ reply_to_message: to }) => to?.message_id === message_id);
  await whileDown(stage, (world) => age(world, HOUR_MS));
  await stage.shows(card, `${NUMBERS} · after 1 h`);
  await stage.settled();
  const before = repliesTo(card).length;
  await whileDown(stage, (world) => age(world, DAY_MS - HOUR_MS));
  await stage.shows(card, `${NUMBERS} · after 24 h`);
  const told = await stage.card('On TikTok after 24 h');
  expect(told.reply_to_message?.message_id).toBe(card.message_id);
  expect(telegram.state.requests.filter(({ parameters }) => parameters.disable_notification)).toContainEqual(
    expect.objectContaining({
      parameters: expect.objectContaining({ text: expect.stringContaining('On TikTok after 24 h') }),
    }),
  );
  await whileDown(stage, (world) => age(world, 6 * DAY_MS));
  await stage.shows(card, `${NUMBERS} · after 7 days`);
  await stage.settled();
  expect(repliesTo(card)).toHaveLength(before + 1);
});

it('shows it in all places of a review, and says it in the one that it came from', async () => {
  await using team = await startTeam({ approvals: 1, environment: WITH_STATS });
  const { discord, posts, telegram, group, ben } = team;
  const cards = await submitToBoth(team);
  discord.react(cards.onDiscord, '✅', ben);
  await bothShow(team, cards, LINK);
  await team.whileDown((world) => age(world, DAY_MS));
  await bothShow(team, cards, /1,204 views · 88 likes · 7 comments · 3 shares · after 24 h/);
  const told = await team.ending('On TikTok after 24 h');
  expect(told.message_reference?.message_id).toBe(cards.onDiscord.id);
  expect(told.flags & SUPPRESS_NOTIFICATIONS).toBe(SUPPRESS_NOTIFICATIONS);
  await team.settled();
  const says = ({ content }: WireMessage) => content.includes('On TikTok after');
  expect(discord.messages(posts).filter(says).length).toBeLessThanOrEqual(1);
  expect(telegram.botMessages(group).filter(({ text }) => text?.includes('On TikTok after'))).toEqual([]);
});

it('lists how the last posts did', async () => {
  const { launch, whileDown } = await startAgeing();
  await using stage = await startStage({ environment: WITH_STATS, launch });
  await stage.say('/results');
  await stage.card('Nothing has gone live from here yet.');
  await stage.sendFile('phone.jpg');
  await stage.post(await stage.draft());
  const card = await stage.card(LINK);
  await stage.say('/results');
  await stage.card(/no numbers yet; Nod looks (today|tomorrow)/);
  await whileDown(stage, (world) => age(world, HOUR_MS));
  await stage.shows(card, NUMBERS);
  await stage.say('/results');
  const listed = await stage.card(/^How your posts did[\s\S]*after 1 h/);
  expect(listed.text).toContain(`${NUMBERS} · after 1 h · Studio Ana`);
  expect(listed.text).toMatch(LINK);
});

it('lists them on Discord, and says how an account that was connected before gets them', async () => {
  const { launch, whileDown } = await startAgeing();
  await using stage = await startDiscordStage({ environment: WITH_STATS, launch });
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.post(handle);
  await stage.card(LINK);
  await whileDown(stage, (world) =>
    changeRecords(world, 'accounts', (account) => ({ ...account, scopes: ['video.publish'] })),
  );
  const asked = await stage.run('results');
  await asked.waitForResponse('was connected without the right to read numbers');
  await asked.waitForResponse('/tiktok connect');
});

it('says that numbers are off, and to who manages the place how they are turned on', async () => {
  await using stage = await startDiscordStage();
  const { discord, ana } = stage;
  const asked = await stage.run('results', { user: ana });
  await asked.waitForResponse('`TIKTOK_STATS=true`');
  const finn = discord.user({ name: 'Finn' });
  discord.addMember(discord.studio, finn);
  const other = await stage.run('results', { user: finn });
  const answered = await other.waitForResponse('This Nod does not read how posts do.');
  expect(JSON.stringify(answered)).not.toContain('TIKTOK_STATS');
});

it('sends a weekly digest where who manages the place has asked for one', async () => {
  const { launch, whileDown } = await startAgeing();
  await using stage = await startStage({ environment: WITH_STATS, launch });
  const { telegram } = stage;
  await stage.say('/settings');
  const settings = await stage.card('How your posts did, weekly  off');
  await stage.choose(settings, '☐ Weekly digest', 'weekly  on Mondays at 9:00');
  await stage.sendFile('phone.jpg');
  await stage.post(await stage.draft());
  const card = await stage.card(LINK);
  await whileDown(stage, (world) => age(world, 7 * DAY_MS));
  await stage.shows(card, NUMBERS);
  await whileDown(stage, (world) =>
    changeRecords<Workspace>(world, 'workspaces', (place) => ({
      ...place,
      digest: place.digest && { nextAt: Date.now() - 1 },
    })),
  );
  const digest = await stage.card('Last week on TikTok');
  expect(digest.text).toContain(NUMBERS);
  await stage.restart();
  await stage.settled();
  expect(telegram.botMessages(stage.anaChat).filter(({ text }) => text?.includes('Last week'))).toHaveLength(
    1,
  );
});

it('tells of the week of a post by a clock that is moved', async () => {
  let app: App | undefined;
  const launch = async (world: World) => {
    app = await world.start();
    return app;
  };
  await using stage = await startStage({ environment: WITH_STATS, launch, movesClock: true });
  const { clock } = stage.tiktok;
  const passes = async (ms: number) => {
    clock.advance(ms);
    await app?.clockMoved();
  };
  await stage.say('/settings');
  await stage.choose(await stage.card('weekly  off'), '☐ Weekly digest', 'weekly  on Mondays');
  await stage.sendFile('phone.jpg');
  await stage.post(await stage.draft());
  const card = await stage.card(LINK);
  await passes(HOUR_MS);
  await stage.shows(card, '0 views · 0 likes · 0 comments · 0 shares · after 1 h');
  // Posted early on a Monday, it is told of on the next one.
  for (let mondays = 0; mondays < 2; mondays += 1)
    await passes(nextMonday(clock.now(), defaultTimeZone(), 9) - clock.now());
  await stage.card('Last week on TikTok · 1 post');
});
