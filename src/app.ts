import { join } from 'node:path';
import type { Logger } from 'pino';
import { isAbsent } from './bots/access/is-absent.ts';
import { stillManages } from './bots/access/still-manages.ts';
import { createBots, createChats } from './bots/index.ts';
import type { Bot } from './bots/platform.ts';
import type { Config } from './config.ts';
import { type ClaimUse, createOperators, type OperatorRecord } from './core/access/operators.ts';
import { admitConnected, createPlaceAccess, type PlaceAccess } from './core/access/place-access.ts';
import { type Account, createAccounts } from './core/accounts/accounts.ts';
import { type Consent, createConsents, type Invitation } from './core/accounts/consent.ts';
import { createJoinCodes, type JoinCode } from './core/accounts/join-codes.ts';
import { createWorkspaces, type Workspace } from './core/accounts/workspaces.ts';
import { createUsage } from './core/compose/disk-usage.ts';
import type { Draft } from './core/compose/draft.ts';
import { createComposer, createRefresh } from './core/compose/drafts.ts';
import { createIntake } from './core/compose/intake.ts';
import { createRework, createSubmission } from './core/compose/submit.ts';
import { createHistory, type HistoryEntry } from './core/history/history.ts';
import { createRecorder } from './core/history/record-post.ts';
import { createMediaPreparer } from './core/media/prepare.ts';
import { createMediaStore } from './core/media/store.ts';
import { createEngine } from './core/publish/engine.ts';
import { DEFAULT_PACING } from './core/publish/pacing.ts';
import { createPerformer, createWaiting } from './core/publish/perform.ts';
import type { ChatRef, Person, Post } from './core/publish/post.ts';
import { createPreviewLinks } from './core/publish/preview-links.ts';
import { createPublisher } from './core/publish/publisher.ts';
import { createPullProgress } from './core/publish/pull-progress.ts';
import { type Attempt, createReleaseGate } from './core/publish/release-gate.ts';
import { createSignals, type PostSignals, type Publish } from './core/publish/signals.ts';
import { createRetention } from './core/retention.ts';
import { type Ballot, createBallots } from './core/review/ballots.ts';
import { openStores } from './core/storage/database.ts';
import { createRandomIds, type RandomId } from './core/storage/random-ids.ts';
import { createSecrets, readOrMakeKey } from './core/storage/secrets.ts';
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

/** A chat that does not answer keeps no review open. */
const LATE_VOTES_MS = 2 * 60_000;

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
}): Promise<App> {
  await using stack = new AsyncDisposableStack();
  const now = Date.now;
  const { publicUrl } = config;
  const startedAt = now();
  const pacing = {
    ...DEFAULT_PACING,
    pollIntervalMs: config.pollIntervalMs,
    pollAttempts: config.pollAttempts,
  };

  const stores = stack.use(openStores({ file: join(config.dataDir, 'nod.db') }));
  const drafts = stores.store<Draft>('drafts');
  const posts = stores.store<Post>('posts');
  const mediaStore = createMediaStore({ directory: join(config.dataDir, 'media') });
  mediaStore.protect();
  const { isOpen, claimCode } = config.access;
  const access = createPlaceAccess({ places: stores.store<PlaceAccess>('access'), isOpen, now });
  const operators = createOperators({
    operators: stores.store<OperatorRecord>('operators'),
    claims: stores.store<ClaimUse>('claims'),
    configuredCode: claimCode,
    isClaimWanted,
    now,
  });
  const randomIds = createRandomIds({ ids: stores.store<RandomId>('random-ids'), now });
  const secrets = createSecrets({
    key: config.secretKey ?? readOrMakeKey(join(config.dataDir, 'secret.key')),
  });

  const client = createTikTokClient({ ...config.tiktok, log });
  stack.defer(() => client.close());
  const workspaceStore = stores.store<Workspace>('workspaces');
  const workspaces = createWorkspaces({ workspaces: workspaceStore });
  const accounts = createAccounts({
    accounts: stores.store<Account>('accounts'),
    ...{ workspaces, client, secrets, now, log },
  });
  const consents = createConsents({
    invitations: stores.store<Invitation>('invitations'),
    consents: stores.store<Consent>('consents'),
    clientKey: config.tiktok.clientKey,
    authorizePage: config.tiktok.authorizeUrl,
    redirectUri: `${publicUrl}/oauth/callback`,
    mayConnect: managesNow,
    ...{ accounts, client, now, log },
  });

  const engine = createEngine({ now, log });
  const wake = engine.wake;
  const preparer = createMediaPreparer({ store: mediaStore, log });
  stack.defer(() => preparer.stop());
  const gate = createReleaseGate({ attempts: stores.store<Attempt>('attempts'), now });
  const pulls = createPullProgress({ now, onProgress });
  const notes = createSignals({
    notes: stores.store<PostSignals>('notes'),
    publishes: stores.store<Publish>('publishes'),
    ...{ wake, now },
  });
  const ballots = createBallots({ ballots: stores.store<Ballot>('ballots'), wake });
  const history = createHistory({ entries: stores.store<HistoryEntry>('history') });
  const recorder = createRecorder({ history, ballots, now, log });
  const mayPost = access.isAllowed;
  const waiting = createWaiting({ notes, ballots, accounts, client, mayPost, mayExpire });
  const performer = createPerformer({
    mediaUrl: (attempt, file) => `${publicUrl}/media/${attempt.id}/${file.name}`,
    ...{ gate, pulls, notes, waiting, accounts, client, preparer, pacing, now },
  });
  const publisher = createPublisher({ posts, performer, gate, pulls, announce, pacing, now });

  const bots = await createBots({ config, stores, log, now, onFatal });
  const changed = (draftId: string) => chats.cardQueue.touch(draftId);
  const openFile = (chat: ChatRef, ref: string) => chats.botFor(chat).openFile(ref);
  const usage = createUsage({ now });
  const intake = createIntake({ drafts, mediaStore, preparer, usage, openFile, changed, log });
  const composer = createComposer({
    drafts,
    posts,
    randomIds,
    intake,
    accounts,
    client,
    usage,
    limits: config.limits,
    changed,
    now,
    log,
  });
  const submission = createSubmission({
    ...{ drafts, posts, randomIds, composer, intake, workspaces, announce, wake, now, log },
  });
  const rework = createRework({
    ...{ drafts, posts, randomIds, composer, intake, accounts, submission, notes, wake, now },
    isAbsent: (draft) => isAbsent(chats.botFor, draft),
  });
  const draftRefresh = createRefresh({ drafts, composer, workspaces, log });
  const joins = createJoinCodes({ codes: stores.store<JoinCode>('join-codes'), mayOffer: managesNow, now });
  const previewLinks = createPreviewLinks({ secrets, posts, now });
  const chats = createChats({
    core: {
      ...{ access, operators },
      ...{ drafts, posts, composer, submission, rework, workspaces, accounts, consents, ballots },
      ...{ recorder, history, joins, draftRefresh, notes, gate, pulls, mediaStore, pacing },
    },
    previewUrl: (post) => `${publicUrl}${previewLinks.urlPath(post)}`,
    ...(cardIntervalMs !== undefined && { cardIntervalMs }),
    ...{ bots, stores, publicUrl, isOpen, wake, now, log },
  });
  const { cardQueue, sender, downtime, catchUp } = chats;

  let isRunning = false;
  const { siteVerification } = config.tiktok;
  const web = createWeb({
    ...{ gate, pulls, mediaStore, previewLinks, consents, accounts, notes, publicUrl, now, log },
    authorizePage: config.tiktok.authorizeUrl,
    clientSecret: config.tiktok.clientSecret,
    ...(siteVerification !== undefined && { siteVerification }),
    operator: config.operator,
    health: () => ({ status: isRunning ? 'ok' : 'starting' }),
    onConsent: chats.accountNews.consentEnded,
    onAccountRemoved: chats.accountNews.accountRemoved,
  });
  const alsoSweep = async () => {
    await consents.sweep();
    await joins.sweep();
    await randomIds.sweep();
    await submission.sweep();
  };
  const retention = createRetention({ drafts, posts, mediaStore, usage, alsoSweep, now, log });

  stack.defer(() => cardQueue.stop());
  stack.defer(() => intake.stop());
  await downtime.start();
  stack.defer(() => downtime.stop());
  if (!isOpen) await admitConnected({ access, workspaces: workspaceStore });
  await submission.resume();
  // A crash may have come between a draft's last change and its card.
  for await (const [draftId] of drafts.entries()) cardQueue.touch(draftId);
  await publisher.resume(engine.schedule);
  retention.start();
  stack.defer(() => retention.stop());

  stack.defer(() => recorder.idle());
  engine.start(publisher.tick);
  stack.defer(() => engine.stop());
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
  if (!signal?.aborted)
    await Promise.all(
      bots.map((bot) =>
        bot.start(chats.conversation.handle, {
          onGap: catchUp.reconcile,
          mayStore: access.isAllowed,
          isKnown: async (workspace) => (await access.get(workspace)) !== undefined,
        }),
      ),
    );
  isRunning = true;
  catchUp.reconcile();

  /** Whether somebody may act for a place that may use this Nod, who could when they asked. */
  async function managesNow(asked: { workspace: string; chat: ChatRef; person: Person }): Promise<boolean> {
    return (await access.isAllowed(asked.workspace)) && (await stillManages(chats.botFor, asked));
  }

  /** Votes that were cast while Nod was away arrive, or are read back, right after the start. */
  function mayExpire(): boolean {
    return (isRunning && catchUp.hasRead()) || now() - startedAt > LATE_VOTES_MS;
  }

  /** Tells people that a post has changed, and writes down how far it has come. */
  function announce(post: Post): void {
    chats.touch(post);
    void recorder.follow(post);
  }

  /** Moves the bar on the card, and has the status read soon after the last byte has left. */
  function onProgress(attempt: Attempt): void {
    if (pulls.completedAt(attempt.id) !== undefined) wake(attempt.postId);
    void posts
      .get(attempt.postId)
      .then((post) => post && chats.touch(post, { soon: false }))
      .catch((error) => log.error({ err: error }, 'The progress of a pull could not be shown'));
  }

  const running = stack.move();
  return {
    url: server.url,
    claimCode: isOpen && !isClaimWanted ? undefined : await operators.openClaim(),
    openUrls: bots.flatMap((bot) => {
      const url = bot.openUrl();
      return url === undefined ? [] : [{ platform: bot.platform, url }];
    }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
