import { type SeededPlace, seed } from '../seed.ts';
import { createWorld, discordOf } from '../world.ts';
import { startAudience } from './audience.ts';
import { createNod } from './nod/process.ts';
import { gatherPeople } from './people.ts';
import { createSwitchboard } from './switches.ts';
import { noteFetches } from './wire/fetches.ts';
import { startWire, type WireOptions } from './wire/proxy.ts';
import { createRedaction } from './wire/redaction.ts';
import { createTimeline } from './wire/timeline.ts';

/** Long enough to see the stages, short enough to wait for. */
const TIMING = { processingMs: 2_500, moderationMs: 3_500, webhookDelayMs: 150 };
/** More than a day of clicking needs. */
const ROOM = { MAX_DRAFTS_PER_PERSON: '100', MAX_DRAFTS_PER_PLACE: '200' };

export interface PlaygroundOptions {
  /** Nothing is connected and joined yet. */
  readonly isFresh?: boolean;
  /** How long TikTok takes. */
  readonly timing?: Partial<typeof TIMING>;
  readonly environment?: Record<string, string>;
}

/** Starts TikTok, Telegram, Discord and Nod between them, with Ana, Ben and Dora in both chats. */
export async function startPlayground({ isFresh = false, timing, environment }: PlaygroundOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(
    await createWorld({
      tiktok: {
        ...TIMING,
        ...timing,
        keepMedia: true,
        creator: { postCap: 1_000 },
        // A Nod that is being started again hears them, too.
        webhooks: { retryMs: 500 },
      },
      withDiscord: true,
      environment: {
        TIKTOK_STATS: 'true',
        POLL_INTERVAL_SECONDS: '5',
        TAKE_BACK_SECONDS: '2',
        ...ROOM,
        ...environment,
      },
    }),
  );
  const { tiktok, telegram } = world;
  const discord = discordOf(world);
  tiktok.seedCreator({ username: 'second.act', nickname: 'Second Act' });
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  const people = gatherPeople(world);
  const { group, posts, all } = people;
  const { studio } = discord;
  if (!isFresh) {
    const connectedBy = { id: `discord:${all.ana.discord.id}`, name: 'Ana' };
    const server = `discord:${studio.id}`;
    const linked = Object.values(all).map(
      ({ name, telegram: own, discord: other }) =>
        [
          { id: `telegram:${own.id}`, name },
          { id: `discord:${other.id}`, name },
        ] as const,
    );
    const places: SeededPlace[] = [
      {
        workspace: server,
        chat: `discord:${posts.id}`,
        title: 'Studio',
        isPrivate: false,
        connectedBy,
        approvals: 1,
      },
      {
        workspace: `telegram:${group.id}`,
        chat: `telegram:${group.id}`,
        title: 'Editors',
        isPrivate: false,
        joined: server,
      },
    ];
    await seed(world, places, { linked });
  }

  const timeline = createTimeline({ now: tiktok.clock.now });
  const wire = async (options: Omit<WireOptions, 'timeline'>) =>
    stack.use(await startWire({ ...options, timeline }));
  const toTelegram = await wire({
    from: 'Nod',
    to: 'Telegram',
    target: telegram.apiUrl,
  });
  const toDiscord = await wire({ from: 'Nod', to: 'Discord', target: new URL(discord.apiUrl).origin });
  const toTikTok = await wire({ from: 'Nod', to: 'TikTok', target: tiktok.apiUrl });
  const webhooks = await wire({ from: 'TikTok', to: 'Nod', target: world.publicUrl });
  tiktok.app.webhookUrl = `${webhooks.url}/webhooks/tiktok`;
  stack.defer(noteFetches({ tiktok, timeline }));

  const nod = stack.use(
    createNod({
      environment: {
        ...world.environment,
        TELEGRAM_API_URL: toTelegram.url,
        DISCORD_API_URL: `${toDiscord.url}/api`,
        TIKTOK_API_URL: toTikTok.url,
      },
      offsetMs: () => tiktok.clock.now() - Date.now(),
    }),
  );
  await nod.start();
  await discord.waitForGateway();
  const audience = stack.use(startAudience({ tiktok }));
  const switches = createSwitchboard({ world, nod, audience });
  const redaction = createRedaction({
    secrets: () => [
      telegram.token,
      discord.token,
      tiktok.app.clientSecret,
      ...tiktok.state.tokens.map(({ value }) => value),
      ...tiktok.state.codes.map(({ code }) => code),
      ...discord.state.interactions.map(({ token }) => token),
    ],
  });
  const kept = stack.move();
  return {
    world,
    tiktok,
    telegram,
    discord,
    people,
    nod,
    switches,
    timeline,
    redaction,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export type Playground = Awaited<ReturnType<typeof startPlayground>>;
