import { join } from 'node:path';
import type { Logger } from 'pino';
import { isAbsent, stillManages } from './bots/access/members.ts';
import { botOf, createBots, createChats } from './bots/index.ts';
import type { Bot } from './bots/platform.ts';
import type { Config } from './config.ts';
import { createCore } from './core/index.ts';
import { createMediaStore } from './core/media/store.ts';
import type { ChatRef } from './core/people.ts';
import { DEFAULT_PACING } from './core/publish/pacing.ts';
import { openStores, type RunStatement } from './core/storage/database.ts';
import { readOrMakeKey } from './core/storage/secrets.ts';
import { createTikTokClient } from './core/tiktok/client.ts';
import { createWeb, startServer } from './web/index.ts';

/** Nod as it runs; disposing ends it. */
export interface App extends AsyncDisposable {
  readonly url: string;
  /** What makes somebody its operator; absent where none is given out. */
  readonly claimCode: string | undefined;
  /** Where people find it, by chat platform. */
  readonly openUrls: readonly { readonly platform: Bot['platform']; readonly url: string }[];
}

/**
 * Builds everything, goes on where the last run ended, listens and starts.
 *
 * Resolves once all of it runs; disposing ends it in the reverse order. `onFatal` is told when a chat platform stops
 * taking our token, after which nothing but a new start helps.
 */
export async function startApp({
  config,
  log,
  onFatal,
  signal,
  cardIntervalMs,
  isClaimWanted = false,
  onStatement,
}: {
  config: Config;
  log: Logger;
  onFatal: (error: Error) => void;
  /** Ends the wait for a chat platform that does not answer; what has started by then is still to be disposed. */
  signal?: AbortSignal;
  /** How long a card stays as it is at least. */
  cardIntervalMs?: number;
  /** Gives out a claim code though Nod has an operator. */
  isClaimWanted?: boolean;
  /** Told of every statement that the database runs. */
  onStatement?: ((statement: RunStatement) => void) | undefined;
}): Promise<App> {
  await using stack = new AsyncDisposableStack();
  const now = Date.now;
  const { publicUrl, tiktok, access, limits, keepPostsMs } = config;
  const stores = stack.use(openStores({ file: join(config.dataDir, 'nod.db'), onStatement }));
  const mediaStore = createMediaStore({ directory: join(config.dataDir, 'media') });
  mediaStore.protect();
  const client = createTikTokClient({ ...tiktok, log });
  stack.defer(() => client.close());

  const bots = await createBots({ config, stores, log, now, onFatal });
  const botFor = (chat: ChatRef) => botOf(bots, chat);
  const core = createCore({
    stores,
    client,
    mediaStore,
    tiktok,
    publicUrl,
    limits,
    keepPostsMs,
    now,
    log,
    secretKey: config.secretKey ?? readOrMakeKey(join(config.dataDir, 'secret.key')),
    access: { ...access, isClaimWanted },
    pacing: { ...DEFAULT_PACING, pollIntervalMs: config.pollIntervalMs, pollAttempts: config.pollAttempts },
    chats: {
      openFile: (chat, ref) => botFor(chat).openFile(ref),
      isAbsent: (of) => isAbsent(botFor, of),
      stillManages: (asked) => stillManages(botFor, asked),
    },
  });
  const chats = createChats({
    previewUrl: (post) => `${publicUrl}${core.previewLinks.urlPath(post)}`,
    cardIntervalMs,
    core,
    bots,
    stores,
    publicUrl,
    isOpen: access.isOpen,
    now,
    log,
  });
  core.listen({ draftChanged: chats.cardQueue.touch, postChanged: chats.touch, postDeleted: chats.forget });
  const { cardQueue, sender, downtime, catchUp, accountNews } = chats;

  let isRunning = false;
  const web = createWeb({
    ...core,
    publicUrl,
    now,
    log,
    authorizePage: tiktok.authorizeUrl,
    clientSecret: tiktok.clientSecret,
    siteVerification: tiktok.siteVerification,
    operator: config.operator,
    health: () => ({ status: isRunning ? 'ok' : 'starting' }),
    onConsent: accountNews.consentEnded,
    onAccountRemoved: accountNews.accountRemoved,
  });

  stack.defer(() => cardQueue.stop());
  await downtime.start();
  stack.defer(() => downtime.stop());
  stack.defer(() => core.stop());
  await core.start();
  catchUp.start();
  stack.defer(() => catchUp.stop());
  const server = await startServer({ app: web, host: config.host, port: config.port });
  stack.defer(() => server.close());
  const stopBots = () => Promise.all(bots.map((bot) => bot.stop()));
  stack.defer(async () => {
    const stopped = stopBots();
    // Whatever still waits to be said is said after the next start, because its event is handled again.
    sender.stop();
    await stopped;
  });
  signal?.addEventListener('abort', stopBots, { once: true });
  const startOptions = {
    onGap: catchUp.reconcile,
    mayStore: core.access.isAllowed,
    isKnown: async (workspace: string) => (await core.access.get(workspace)) !== undefined,
  };
  if (!signal?.aborted)
    await Promise.all(bots.map((bot) => bot.start(chats.conversation.handle, startOptions)));
  isRunning = true;
  void catchUp.reconcile().then(core.votesAreRead);

  const running = stack.move();
  return {
    url: server.url,
    claimCode: access.isOpen && !isClaimWanted ? undefined : await core.operators.openClaim(),
    openUrls: bots.flatMap((bot) => {
      const url = bot.openUrl();
      return url === undefined ? [] : [{ platform: bot.platform, url }];
    }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
