import { join } from 'node:path';
import type { Logger } from 'pino';
import { createBoard } from './bots/board.ts';
import { type Bot, ChatClosedError } from './bots/bot.ts';
import { type Anchor, type CardRecord, createCardRecords } from './bots/card-records.ts';
import { createConversation } from './bots/conversation.ts';
import { createNews } from './bots/news.ts';
import { createPressing } from './bots/pressing.ts';
import { createRenderer } from './bots/rendering.ts';
import { createSpeech } from './bots/speech.ts';
import { createSuggesting } from './bots/suggesting.ts';
import type { InboxRecord } from './bots/telegram/index.ts';
import { COMMANDS } from './bots/view/messages.ts';
import type { Config } from './config.ts';
import { type Account, createAccounts, type Workspace } from './core/accounts.ts';
import { createComposer } from './core/composer.ts';
import { type Consent, createConsents, type Invitation } from './core/consents.ts';
import type { Draft } from './core/draft.ts';
import { createEngine } from './core/engine.ts';
import { createIntake } from './core/intake.ts';
import { type Attempt, createGate } from './core/media/gate.ts';
import { createMediaPreparer } from './core/media/prepare.ts';
import { createPulls } from './core/media/pulls.ts';
import { createMediaStore } from './core/media/store.ts';
import { createNotes, type PostNotes, type Publish } from './core/notes.ts';
import { DEFAULT_PACING } from './core/pacing.ts';
import { createPerformer } from './core/perform.ts';
import type { ChatRef, Post } from './core/post.ts';
import { createPublisher } from './core/publisher.ts';
import { createRetention } from './core/retention.ts';
import { createSecrets, readOrMakeKey } from './core/secrets.ts';
import { openStores, type Stores } from './core/stores.ts';
import { createSubmission } from './core/submission.ts';
import { createTikTokClient } from './core/tiktok/client.ts';
import { createWeb, startServer } from './web/index.ts';

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
}: {
  config: Config;
  log: Logger;
  onFatal: (error: Error) => void;
  /** Ends the wait for a chat platform that does not answer; what has started by then is still to be disposed. */
  signal?: AbortSignal;
  /** How long a card stays as it is at least. */
  cardIntervalMs?: number;
}): Promise<AsyncDisposable & { readonly url: string }> {
  await using stack = new AsyncDisposableStack();
  const now = Date.now;
  const { publicUrl } = config;
  const pacing = {
    ...DEFAULT_PACING,
    pollIntervalMs: config.pollIntervalMs,
    pollAttempts: config.pollAttempts,
  };

  const stores = stack.use(openStores({ file: join(config.dataDir, 'nod.db') }));
  const drafts = stores.store<Draft>('drafts');
  const posts = stores.store<Post>('posts');
  const mediaStore = createMediaStore({ directory: join(config.dataDir, 'media') });
  const secrets = createSecrets({
    key: config.secretKey ?? readOrMakeKey(join(config.dataDir, 'secret.key')),
  });

  const client = createTikTokClient({ ...config.tiktok, log });
  stack.defer(() => client.close());
  const accounts = createAccounts({
    accounts: stores.store<Account>('accounts'),
    workspaces: stores.store<Workspace>('workspaces'),
    ...{ client, secrets, now, log },
  });
  const consents = createConsents({
    invitations: stores.store<Invitation>('invitations'),
    consents: stores.store<Consent>('consents'),
    clientKey: config.tiktok.clientKey,
    authorizePage: config.tiktok.authorizeUrl,
    redirectUri: `${publicUrl}/oauth/callback`,
    ...{ accounts, client, now, log },
  });

  const engine = createEngine({ now, log });
  const wake = engine.wake;
  const preparer = createMediaPreparer({ store: mediaStore, log });
  stack.defer(() => preparer.stop());
  const gate = createGate({ attempts: stores.store<Attempt>('attempts'), now });
  const pulls = createPulls({ now, onProgress });
  const notes = createNotes({
    notes: stores.store<PostNotes>('notes'),
    publishes: stores.store<Publish>('publishes'),
    ...{ wake, now },
  });
  const performer = createPerformer({
    mediaUrl: (attempt, file) => `${publicUrl}/media/${attempt.id}/${file.name}`,
    ...{ gate, pulls, notes, accounts, client, preparer, pacing, now },
  });
  const announce = (post: Post) => board.touch(post.draftId, { soon: true });
  const publisher = createPublisher({ posts, performer, gate, pulls, announce, pacing, now });

  const bots = await createBots({ config, stores, log, now, onFatal });
  const botFor = (chat: ChatRef) => botOf(bots, chat);
  const changed = (draftId: string) => board.touch(draftId);
  const openFile = (chat: ChatRef, ref: string) => botFor(chat).openFile(ref);
  const intake = createIntake({ drafts, mediaStore, preparer, openFile, changed, log });
  const composer = createComposer({ drafts, posts, intake, accounts, client, changed, now, log });
  const submission = createSubmission({ drafts, posts, composer, intake, accounts, wake, now, log });
  const { render, drawDraft } = createRenderer({
    drafts,
    submission,
    accounts,
    gate,
    pulls,
    mediaStore,
    pacing,
    now,
  });
  const records = createCardRecords({
    cards: stores.store<CardRecord>('cards'),
    anchors: stores.store<Anchor>('anchors'),
  });
  const speech = createSpeech({ botFor, log });
  const board = createBoard({
    records,
    ...(cardIntervalMs !== undefined && { editPauseMs: cardIntervalMs }),
    ...{ botFor, render, now, log },
  });
  const pressing = createPressing({
    ...{ composer, submission, posts, drafts, accounts, notes, board, records, speech, botFor, drawDraft },
  });
  const suggesting = createSuggesting({ accounts, composer, board, now });
  const conversation = createConversation({
    ...{ composer, pressing, drafts, posts, accounts, consents, board, records, speech, suggesting },
    ...{ botFor, publicUrl, now, log },
  });
  const news = createNews({ composer, drafts, posts, notes, board, speech, log });

  let isRunning = false;
  const { siteVerification } = config.tiktok;
  const web = createWeb({
    ...{ gate, pulls, mediaStore, consents, accounts, notes, publicUrl, now, log },
    authorizePage: config.tiktok.authorizeUrl,
    clientSecret: config.tiktok.clientSecret,
    ...(siteVerification !== undefined && { siteVerification }),
    operator: config.operator,
    health: () => ({ status: isRunning ? 'ok' : 'starting' }),
    onConsent: news.consentEnded,
    onAccountRemoved: news.accountRemoved,
  });
  const retention = createRetention({ drafts, posts, mediaStore, alsoSweep: consents.sweep, now, log });

  stack.defer(() => board.stop());
  stack.defer(() => intake.stop());
  await submission.resume();
  // A crash may have come between a draft's last change and its card.
  for await (const [draftId] of drafts.entries()) board.touch(draftId);
  await publisher.resume(engine.schedule);
  retention.start();
  stack.defer(() => retention.stop());

  engine.start(publisher.tick);
  stack.defer(() => engine.stop());
  const server = await startServer({ app: web, host: config.host, port: config.port });
  stack.defer(() => server.close());
  const stopBots = () => Promise.all(bots.map((bot) => bot.stop()));
  stack.defer(async () => {
    const stopped = stopBots();
    // Whatever still waits to be said is said after the next start, because its event is handled again.
    speech.stop();
    await stopped;
  });
  signal?.addEventListener('abort', stopBots, { once: true });
  if (!signal?.aborted) await Promise.all(bots.map((bot) => bot.start(conversation.handle)));
  isRunning = true;

  /** Moves the bar on the card, and has the status read soon after the last byte has left. */
  function onProgress(attempt: Attempt): void {
    if (pulls.completedAt(attempt.id) !== undefined) wake(attempt.postId);
    void posts
      .get(attempt.postId)
      .then((post) => post && board.touch(post.draftId))
      .catch((error) => log.error({ err: error }, 'The progress of a pull could not be shown'));
  }

  const running = stack.move();
  return { url: server.url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** The bots of the platforms that have a token; the library of a platform that has none is not even loaded. */
async function createBots({
  config,
  stores,
  log,
  now,
  onFatal,
}: {
  config: Config;
  stores: Stores;
  log: Logger;
  now: () => number;
  onFatal: (error: Error) => void;
}): Promise<Bot[]> {
  const bots: Bot[] = [];
  if (config.telegram !== undefined) {
    const { createTelegramBot } = await import('./bots/telegram/index.ts');
    const inbox = stores.store<InboxRecord>('telegram-inbox');
    const commands = COMMANDS.map(({ name, description }) => ({ command: name, description }));
    bots.push(createTelegramBot({ ...config.telegram, inbox, commands, log, now, onFatal }));
  }
  if (config.discord !== undefined) {
    const { createDiscordBot } = await import('./bots/discord/index.ts');
    bots.push(createDiscordBot({ ...config.discord, log, now, onFatal }));
  }
  return bots;
}

/** A conversation names its platform: `telegram:…`, `discord:…`. */
function botOf(bots: readonly Bot[], chat: ChatRef): Bot {
  const bot = bots.find(({ platform }) => chat.startsWith(`${platform}:`));
  if (bot !== undefined) return bot;
  throw new ChatClosedError('This Nod has no token for the platform of this conversation.');
}
