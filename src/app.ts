import type { Logger } from 'pino';
import { isAbsent, stillManages } from './bots/access/members.ts';
import { botOf, createBots, createChats } from './bots/index.ts';
import type { ChatEvent } from './bots/platform.ts';
import { type ChatState, createStarter } from './bots/start.ts';
import { problemText } from './bots/text/problems.ts';
import { wordingOf } from './bots/text/wording.ts';
import { untilLeading, whileLeading } from './bots/while-leading.ts';
import type { Config } from './config.ts';
import { type Account, readAccount } from './core/accounts/accounts.ts';
import { findKey } from './core/accounts/key-check.ts';
import { LeaseLostError } from './core/cluster/cluster.ts';
import { ownAddress, ownId } from './core/cluster/identity.ts';
import type { SharedCluster } from './core/cluster/redis/open-cluster.ts';
import { createHealthWatch, type WriteCheck } from './core/health/health-watch.ts';
import { createCore } from './core/index.ts';
import type { LinkOptions } from './core/links/open-link.ts';
import { findFfmpeg } from './core/media/ffmpeg.ts';
import type { ChatRef } from './core/people.ts';
import { DEFAULT_PACING } from './core/publish/pacing.ts';
import { StartError } from './core/start-error.ts';
import { FencedError, fencedStores, type RunStatement } from './core/storage/database.ts';
import { takeFolder } from './core/storage/folder.ts';
import { createSecrets } from './core/storage/secrets.ts';
import { createTikTokClient } from './core/tiktok/client.ts';
import { checksOf } from './doctor.ts';
import { metricSources } from './metric-sources.ts';
import { loadSharedPreparer, openMedia } from './open-media.ts';
import { openRecords } from './open-records.ts';
import { createForwarding, createWeb, healthOf, startServer } from './web/index.ts';

const ANOTHER_RUNS =
  'Another Nod works on the records in this Redis: stop it first. For several at once, set S3_BUCKET for each of them.';

/** Nod as it runs; disposing ends it. */
export interface App extends AsyncDisposable {
  readonly url: string;
  /** What makes somebody its operator; absent where none is given out. */
  readonly claimCode: string | undefined;
  readonly chats: readonly ChatState[];
  /** For whoever gave the clock and has moved it: what is due by now is done when it resolves. */
  clockMoved(): Promise<void>;
}

/**
 * Builds everything, goes on where the last run ended, listens and starts.
 *
 * Resolves once all of it runs, but for chats that do not answer, which come when they do; disposing ends it in the
 * reverse order. `onFatal` is told when no chat platform takes our tokens any more, after which nothing but a new start
 * helps.
 */
export async function startApp({
  config,
  log,
  onFatal,
  onLateChat = () => {},
  signal,
  cardIntervalMs,
  isClaimWanted = false,
  isNewKeyWanted = false,
  now = Date.now,
  onStatement,
  links,
}: {
  config: Config;
  log: Logger;
  onFatal: (error: Error) => void;
  /** Told of a chat that has come after the start. */
  onLateChat?: (chat: ChatState, app: Pick<App, 'claimCode'>) => void;
  /** Ends the wait for a chat platform that does not answer; what has started by then is still to be disposed. */
  signal?: AbortSignal;
  /** How long a card stays as it is at least. */
  cardIntervalMs?: number;
  /** Gives out a claim code though Nod has an operator. */
  isClaimWanted?: boolean;
  /** Goes on with a key that opens no tokens, whose accounts are connected again then. */
  isNewKeyWanted?: boolean;
  /** A clock that a story moves. */
  now?: (() => number) | undefined;
  /** Told of every statement that the database runs. */
  onStatement?: ((statement: RunStatement) => void) | undefined;
  /** Other ways to the servers of links than the internet; no setting does that. */
  links?: LinkOptions | undefined;
}): Promise<App> {
  await using stack = new AsyncDisposableStack();
  const { publicUrl, videoTransfer, tiktok, access, limits, uploadLimitBytes, keepPostsMs } = config;
  const folder = stack.use(
    takeFolder(config.dataDir, {
      isDataExpected: config.isDataExpected,
      isDatabaseElsewhere: config.redisUrl !== undefined,
    }),
  );
  if (folder.isNew)
    log.info(
      { folder: folder.folder },
      'A first start: the folder has no database. Had this Nod accounts before, stop it and look for their folder',
    );
  const health = createHealthWatch({ folder: folder.folder, log });
  const stores = stack.use(
    await openRecords({
      config,
      file: folder.database,
      onStatement,
      onFailure(error) {
        if (error instanceof FencedError) cluster?.refused();
        else health.statementFailed(error);
      },
      log,
    }),
  );
  const cluster =
    config.redisUrl === undefined
      ? undefined
      : stack.use(
          await (await import('./core/cluster/redis/open-cluster.ts')).openCluster({
            url: config.redisUrl,
            id: ownId(folder.folder),
            mayLead: config.roles.has('bots'),
            log,
          }),
        );
  const media = stack.use(
    await openMedia({ config, directory: folder.media, onFailure: health.bucketFailed, log }),
  );
  const { mediaStore } = media;
  // Only where it is wanted, as it brings a library along.
  const metrics =
    config.metrics &&
    (await import('./web/metrics/metrics-server.ts')).createMetricsServer({ ...config.metrics, log });
  const client = createTikTokClient({
    ...tiktok,
    limitCalls: cluster?.limitCalls,
    now,
    onCall(call) {
      health.tiktokCalled(call);
      metrics?.tiktokCalled(call);
    },
    log,
  });
  stack.defer(() => client.close());

  const secretKey = await findKey({
    accounts: stores.store<Account>('accounts', { upgrade: readAccount }),
    configured: config.secretKey,
    file: folder.key,
    isNewKeyWanted,
    log,
  });

  // Drafts, and what is known about messages in the chats, are written by the process that holds these.
  const ledStores = cluster === undefined ? stores : fencedStores(stores, cluster.fence);
  const allBots = await createBots({
    config,
    stores: ledStores,
    log,
    now,
    isPaced: cardIntervalMs === undefined,
    onLost: (platform, error) => starter.lost(platform, error),
    mayAct: cluster?.mayAct,
    onMessage: metrics?.messageCounted,
  });
  const bots = cluster === undefined ? allBots : allBots.map((bot) => whileLeading(bot, cluster));
  const botFor = (chat: ChatRef) => botOf(bots, chat);
  const engine =
    config.redisUrl === undefined
      ? undefined
      : (await import('./core/publish/engine/bullmq.ts')).createBullEngine({
          url: config.redisUrl,
          now,
          log,
        });
  const core = createCore({
    stores,
    ledStores,
    client,
    mediaStore,
    findFfmpeg,
    tiktok,
    publicUrl,
    mediaBaseUrl: config.mediaBaseUrl,
    videoTransfer,
    limits,
    keepPostsMs,
    uploadLimitBytes,
    links,
    observer: metrics?.observer,
    engine,
    sharePreparer: await loadSharedPreparer({ config, log }),
    cluster,
    makesRuns: config.roles.has('worker'),
    now,
    log,
    secretKey,
    access: { ...access, isClaimWanted },
    pacing: {
      ...DEFAULT_PACING,
      pollIntervalMs: config.pollIntervalMs,
      pollAttempts: config.pollAttempts,
      takeBackMs: config.takeBackMs,
    },
    chats: {
      openFile: (chat, ref) => botFor(chat).openFile(ref),
      isAbsent: (of) => isAbsent(botFor, of),
      fetchObstacle: (chat) => botFor(chat).fetchObstacle(chat),
      stillManages: (asked) => stillManages(botFor, asked),
    },
  });
  const chats = createChats({
    previewUrl: (post) => `${publicUrl}${core.previewLinks.urlPath(post)}`,
    cardIntervalMs,
    core,
    bots,
    stores: ledStores,
    publicUrl,
    isOpen: access.isOpen,
    checks: checksOf({
      ...core,
      config,
      stores,
      client,
      secrets: createSecrets({ key: secretKey }),
      network: links?.network,
      now,
    }),
    now,
    log,
  });
  core.listen({
    draftChanged: chats.cardQueue.touch,
    draftDropped: chats.dropDraft,
    draftNeverBegun: chats.forgetDraft,
    draftUploaded: chats.uploadNews.uploaded,
    postChanged: chats.postChanged,
    postResumed: chats.postResumed,
    postDeleted: chats.forget,
    accountNews: chats.accountNews.accountNews,
  });
  const { cardQueue, sender, digests, downtime, catchUp, accountNews } = chats;

  let isRunning = false;
  let areChatsOpen = false;
  let isEnding = false;
  /** Whether the work of whoever led before goes on here. */
  let takenUp: Promise<boolean> = Promise.resolve(false);
  /** Resolves when the lead, where it has come, was taken. */
  let taken: Promise<void> = Promise.resolve();
  let claimCode: string | undefined;
  const starter = createStarter({
    bots,
    onLate(chat) {
      onLateChat(chat, { claimCode });
      void readVotes();
    },
    onFatal,
    log,
  });
  const web = createWeb({
    ...core,
    publicUrl,
    isMediaCached: config.mediaBaseUrl !== undefined,
    now,
    log,
    authorizePage: tiktok.authorizeUrl,
    clientSecret: tiktok.clientSecret,
    siteVerification: tiktok.siteVerification,
    operator: config.operator,
    storyOf: chats.tellStory,
    chatLink: chats.chatLink,
    chats: starter.states,
    forwarding: cluster && createForwarding({ cluster, hasTakenUp: () => takenUp, log }),
    uploadLimitBytes,
    explain: (problem, chat) => problemText(problem, wordingOf(chat)),
    health: () =>
      healthOf(cluster?.isLeading() === false ? [] : starter.states(), {
        isStarted: isRunning,
        ...health.read(),
      }),
    onConsent: accountNews.consentEnded,
    onAccountRemoved: accountNews.accountRemoved,
  });

  stack.defer(() => cardQueue.stop());
  stack.defer(() => health.stop());
  health.start(stores.store<WriteCheck>('write-checks', { isExpendable: true }), {
    isRemote: config.redisUrl !== undefined,
    tryBucket: media.tryOut,
  });
  const stopBots = () => Promise.all(bots.map((bot) => bot.stop()));
  stack.defer(() => core.stop());
  const leading = new AsyncDisposableStack();
  stack.defer(async () => {
    await taken;
    await leading.disposeAsync();
  });
  if (cluster === undefined) await lead();
  else await core.start();
  const server = await startServer({ app: web, host: config.host, port: config.port });
  stack.defer(() => server.close());
  const sources = { core, bots, cardQueue, database: folder.database };
  const measured = await metrics?.start(
    metricSources({ ...sources, readChats: starter.states, readSigns: health.read }),
  );
  stack.defer(() => measured?.close());
  stack.defer(async () => {
    await taken;
    // Whatever still waits to be said is said after the next start, because its event is handled again.
    await Promise.all([sender.stop(), stopBots(), digests.stop()]);
  });
  signal?.addEventListener('abort', stopBots, { once: true });
  if (cluster === undefined) await openChats();
  else await join(cluster);
  stack.defer(() => {
    isEnding = true;
  });

  /** Goes on with what one process does for all. */
  async function lead(): Promise<void> {
    await downtime.start();
    leading.defer(() => downtime.stop());
    await (cluster === undefined ? core.start() : core.lead());
    await cardQueue.takeUpUnsure();
    catchUp.start();
    leading.defer(() => catchUp.stop());
  }

  async function openChats(): Promise<void> {
    if (!access.isOpen || isClaimWanted) claimCode = await core.operators.openClaim();
    const options = {
      // At the start all is read once, when every chat has come.
      onGap: () => void (areChatsOpen && catchUp.reconcile()),
      mayStore: core.access.isAllowed,
      isKnown: async (workspace: string) => (await core.access.get(workspace)) !== undefined,
      timeZoneOf: async (workspace: string) => (await core.workspaces.settingsOf(workspace)).timeZone,
    };
    if (!signal?.aborted) await starter.start(receive, options);
    areChatsOpen = true;
    isRunning = true;
    void readVotes();
    digests.start();
  }

  async function receive(event: ChatEvent): Promise<void> {
    if (cluster !== undefined) await untilLeading(cluster.mayAct);
    await chats.conversation.handle(event);
  }

  /** Leads at once where no other process does, and else as soon as that one has ended. */
  async function join(cluster: SharedCluster): Promise<void> {
    isRunning = true;
    await cluster.start({
      address: config.internalUrl ?? ownAddress({ host: config.host, port: server.port }),
      onLed({ isTakeOver }) {
        if (isEnding) return;
        log.info('This process leads: it holds the chats');
        if (isTakeOver) cardQueue.expectLateEdits();
        const led = lead();
        takenUp = led.then(
          () => true,
          () => false,
        );
        taken = led.then(openChats).catch((error) => onFatal(error));
      },
      onLost: () => onFatal(new LeaseLostError()),
      onGone: () => core.resume(),
    });
    // Whoever has the media on its own disk is the only one that can find them.
    if (config.s3 === undefined && !(await cluster.leadsSoon())) throw new StartError(ANOTHER_RUNS);
    await taken;
  }

  /** Votes that were cast in a chat that is still away may arrive when it comes. */
  async function readVotes(): Promise<void> {
    await catchUp.reconcile();
    const isAnyAway = bots.some((bot) => bot.connection() !== 'connected' && bot.connection() !== 'refused');
    if (isAnyAway) return;
    core.votesAreRead();
    cluster?.votesAreRead();
  }

  const running = stack.move();
  return {
    url: server.url,
    claimCode,
    chats: cluster?.isLeading() === false ? [] : starter.states(),
    async clockMoved() {
      await core.clockMoved();
      await digests.round();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
