import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { type ClaimUse, createOperators, type OperatorRecord } from './access/operators.ts';
import { admitConnected, createPlaceAccess, type PlaceAccess } from './access/place-access.ts';
import { type Account, createAccounts, readAccount } from './accounts/accounts.ts';
import { type Avatar, createAvatars } from './accounts/avatars.ts';
import { type Consent, createConsents, type Invitation } from './accounts/consent.ts';
import { createJoinCodes, type JoinCode } from './accounts/join-codes.ts';
import { type AccountNews, createAccountKeeper } from './accounts/keep-connected.ts';
import { createWorkspaces, type Workspace } from './accounts/workspaces.ts';
import { holdRestored, type Restoration } from './backup/hold-restored.ts';
import { type Cluster, createSoleCluster, type News } from './cluster/cluster.ts';
import { createUsage } from './compose/disk-usage.ts';
import type { Draft } from './compose/draft.ts';
import { createComposer, createRefresh } from './compose/drafts.ts';
import { createIntake, createTakeApart } from './compose/intake.ts';
import type { Shares } from './compose/limits.ts';
import { type OldDraft, upgradeDraft } from './compose/old-drafts.ts';
import { createComposePages } from './compose/page/compose-pages.ts';
import type { ComposeTicket } from './compose/page/tickets.ts';
import { createRework, createSubmission, type DropReason } from './compose/submit.ts';
import { createProbe } from './doctor/probe.ts';
import { createWebhookLog, type WebhookRecord } from './doctor/webhooks.ts';
import type { Observer } from './health/observer.ts';
import { createHistory, type HistoryEntry } from './history/history.ts';
import { createRecorder } from './history/record-post.ts';
import { type LinkOptions, openLink } from './links/open-link.ts';
import type { SharedPreparer } from './media/conversions/shared-preparer.ts';
import type { Ffmpeg } from './media/ffmpeg.ts';
import { createMediaPreparer, type MediaPreparer } from './media/prepare.ts';
import type { MediaStore } from './media/store/store.ts';
import { type StoredFile, VIDEO_LIMITS } from './media/types.ts';
import type { ChatRef, Obstacle, Person } from './people.ts';
import { createEmbeddedEngine } from './publish/engine/embedded.ts';
import type { Engine } from './publish/engine/engine.ts';
import { createFollower } from './publish/live/follow.ts';
import type { Pacing } from './publish/pacing.ts';
import { createPerformer, createWaiting } from './publish/perform.ts';
import { isSettled, type Post } from './publish/post.ts';
import { upgradeWithdrawn } from './publish/posts.ts';
import { createPreviewLinks } from './publish/preview-links.ts';
import { createPublisher } from './publish/publisher.ts';
import { createPullProgress } from './publish/pull-progress.ts';
import { type Attempt, createReleaseGate } from './publish/release-gate.ts';
import { createSignals, type PostSignals, type Publish, upgradeSignals } from './publish/signals.ts';
import {
  createTransferChoice,
  type PullObstacle,
  type UnverifiedAddress,
  type VideoTransfer,
} from './publish/transfer/choose.ts';
import { createUploader } from './publish/transfer/upload.ts';
import { createQuotas, type GoingPost, type Lesson } from './quotas/quotas.ts';
import { createResultsEnding, type EndedAccess } from './results/end-results.ts';
import { createResultsReader } from './results/read-results.ts';
import { createRetention } from './retention.ts';
import { type Ballot, createBallots } from './review/ballots.ts';
import { createPersonLinks, type LinkCode, type PersonLink } from './review/person-links.ts';
import { createSteadyClock } from './steady-clock.ts';
import type { Stores } from './storage/database.ts';
import { createRandomIds, type RandomId } from './storage/random-ids.ts';
import { createSecrets } from './storage/secrets.ts';
import type { TikTokClient } from './tiktok/client.ts';
import type { UploadTicket } from './uploads/tickets.ts';
import { createUploads } from './uploads/uploads.ts';

/** A chat that does not answer keeps no review open. */
const LATE_VOTES_MS = 2 * 60_000;
const MAX_ANNOUNCED = 1_000;
/** So often others are told how much has left. */
const PROGRESS_EVERY_MS = 500;
/** Of a post that ended before that, others have been told that it left room. */
const JUST_NOW_MS = 60_000;

const PULL_OBSTACLES: Readonly<Record<PullObstacle, string>> = {
  not_public: 'PUBLIC_URL is no public https address, so TikTok cannot fetch from it.',
  not_verified:
    'TikTok has refused to fetch from PUBLIC_URL: verify it in TikTok’s developer portal, under “URL properties”.',
};

/** What the core asks of the chats. */
export interface ChatPorts {
  /** @see Bot.openFile */
  readonly openFile: (chat: ChatRef, ref: string) => Promise<Readable>;
  /** Whether an author can do nothing with a draft or a post any more. */
  readonly isAbsent: (of: { author: Person; chat: ChatRef }) => Promise<boolean>;
  /** What would keep a card out of a chat, as far as it is known before one is sent. */
  readonly fetchObstacle: (chat: ChatRef) => Promise<Obstacle | undefined>;
  /** Whether somebody manages the place now. */
  readonly stillManages: (asked: { chat: ChatRef; person: Person }) => Promise<boolean>;
}

/** What is told to whoever shows drafts and posts. */
export interface CoreListener {
  readonly draftChanged: (draftId: string) => void;
  /** A draft that lay there was deleted. */
  readonly draftDropped?: (draftId: string, why: DropReason) => void;
  /** A file of the draft has come through an upload page. */
  readonly draftUploaded?: (draftId: string) => void;
  /** Nothing was uploaded through the page that would have begun a draft; nothing of it is kept. */
  readonly draftNeverBegun?: (draftId: string) => Promise<void>;
  /** A change that need not be seen at once is not `soon`. */
  readonly postChanged: (post: Post, options?: { soon?: boolean }) => void;
  /** Of a post that has ended something may not have been told before the start; resolves when it was looked at. */
  readonly postResumed?: (post: Post) => Promise<void>;
  /** The places of an account are to be told something; resolves when they were. */
  readonly accountNews?: (news: AccountNews) => Promise<void>;
  /** What is kept about it elsewhere is to be deleted as well. */
  readonly postDeleted?: (post: Post) => Promise<void>;
}

export interface CoreOptions {
  readonly stores: Stores;
  /** The same, where only the process that leads may write; any may unless said otherwise. */
  readonly ledStores?: Stores | undefined;
  readonly client: TikTokClient;
  readonly mediaStore: MediaStore;
  /** Finds nothing where the machine has none: what needs it is refused then. */
  readonly findFfmpeg: () => Ffmpeg | undefined;
  /** Encrypts tokens and signs links to look at posts. */
  readonly secretKey: string;
  readonly tiktok: {
    readonly clientKey: string;
    readonly authorizeUrl: string;
    /** Accounts are asked for links and numbers of their posts. */
    readonly stats?: boolean | undefined;
  };
  /** Where TikTok and browsers reach us; without a slash at the end. */
  readonly publicUrl: string;
  /** Where TikTok fetches media, if it is another address that leads to us as well. */
  readonly mediaBaseUrl?: string | undefined;
  /** How videos get to TikTok; by pull unless said otherwise. */
  readonly videoTransfer?: VideoTransfer | undefined;
  readonly access: {
    readonly isOpen: boolean;
    readonly claimCode?: string | undefined;
    readonly isClaimWanted?: boolean | undefined;
  };
  readonly limits: Shares;
  /** How big one file may be that comes by an upload page or a link. */
  readonly uploadLimitBytes?: number | undefined;
  /** Other ways to the servers of links than the internet, for tests. */
  readonly links?: LinkOptions | undefined;
  /** How long a settled post is kept after its end. */
  readonly keepPostsMs: number;
  /** How long the media of what was posted stay, in place of half a minute. */
  readonly releaseMediaAfterMs?: number | undefined;
  readonly pacing: Pacing;
  /** Other patience with files than usual. */
  readonly intake?:
    | Partial<
        Pick<
          Parameters<typeof createIntake>[0],
          'retryDelaysMs' | 'outageDelaysMs' | 'inspectTimeoutMs' | 'maxFileBytes'
        >
      >
    | undefined;
  /** Calls each post when its time has come; else one on the clock of the process. */
  readonly engine?: Engine | undefined;
  /** Has files prepared by any process that works, and not by the one that asks. */
  readonly sharePreparer?: ((local: MediaPreparer) => SharedPreparer) | undefined;
  readonly chats: ChatPorts;
  /** The other processes of this Nod; none unless said otherwise. */
  readonly cluster?: Cluster | undefined;
  /** False where others take the posts on their way. */
  readonly makesRuns?: boolean | undefined;
  /** Counts what happens. */
  readonly observer?: Observer | undefined;
  readonly now: () => number;
  readonly log: Logger;
}

/** The whole of Nod but its chats and its web pages, built and joined; nothing runs before `start`. */
export function createCore(options: CoreOptions) {
  const {
    stores,
    ledStores = stores,
    client,
    mediaStore,
    tiktok,
    publicUrl,
    mediaBaseUrl = publicUrl,
    access: accessRules,
    chats,
    pacing,
    cluster = createSoleCluster(),
    makesRuns = true,
    now,
    log,
  } = options;
  const steadyNow = createSteadyClock(now);
  const listeners = new Set<CoreListener>();
  /** Posts as they were last told of. */
  const announced = new LRUCache<string, Post>({ max: MAX_ANNOUNCED });
  /** When others were told last how much of an attempt has left. */
  const toldProgressAt = new LRUCache<string, number>({ max: MAX_ANNOUNCED });
  let areVotesRead = false;
  let votesMissedSince: number | undefined = steadyNow();
  let lettingGoOn: Promise<void> = Promise.resolve();
  let resuming: Promise<void> = Promise.resolve();
  let isStopping = false;

  const drafts = ledStores.store<Draft, OldDraft>('drafts', { upgrade: upgradeDraft });
  const posts = stores.store<Post>('posts');
  const workspaceStore = stores.store<Workspace>('workspaces');
  const randomIds = createRandomIds({ ids: stores.store<RandomId>('random-ids'), now });
  const secrets = createSecrets({ key: options.secretKey });

  const access = createPlaceAccess({
    places: stores.store<PlaceAccess>('access'),
    isOpen: accessRules.isOpen,
    now,
  });
  const operators = createOperators({
    operators: stores.store<OperatorRecord>('operators'),
    claims: stores.store<ClaimUse>('claims'),
    configuredCode: accessRules.claimCode,
    isClaimWanted: accessRules.isClaimWanted,
    now,
  });
  const workspaces = createWorkspaces({ workspaces: workspaceStore });
  const accountStore = stores.store<Account>('accounts', { upgrade: readAccount });
  const accounts = createAccounts({
    accounts: accountStore,
    workspaces,
    client,
    secrets,
    async accessEnds(openId) {
      await resultsEnding.endAccess(openId);
      await avatars.forget(openId);
    },
    pictured: (openId, url) => avatars.offer(openId, url),
    changed: accountsChanged,
    exclusively: cluster.exclusively,
    now,
    log,
  });
  const avatars = createAvatars({
    avatars: stores.store<Avatar>('avatars', { isExpendable: true }),
    secrets,
    openLink: (link, how) => openLink(link, { ...how, ...options.links }),
    isConnected: async (openId) => (await accountStore.get(openId)) !== undefined,
    now,
    log,
  });
  const accountKeeper = createAccountKeeper({
    records: accountStore,
    accounts,
    workspaces,
    tell: tellOfAccount,
    now,
    log,
  });
  const consents = createConsents({
    invitations: stores.store<Invitation>('invitations'),
    consents: stores.store<Consent>('consents'),
    clientKey: tiktok.clientKey,
    authorizePage: tiktok.authorizeUrl,
    redirectUri: `${publicUrl}/oauth/callback`,
    stats: tiktok.stats,
    mayConnect: managesNow,
    accounts,
    client,
    now,
    log,
  });
  const joins = createJoinCodes({ codes: stores.store<JoinCode>('join-codes'), mayOffer: managesNow, now });
  const personLinks = createPersonLinks({
    links: stores.store<PersonLink>('person-links'),
    codes: stores.store<LinkCode>('link-codes'),
    now,
  });

  const { engine = createEmbeddedEngine({ now, log }), observer = {} } = options;
  const localPreparer = createMediaPreparer({
    store: mediaStore,
    findFfmpeg: options.findFfmpeg,
    onPrepared: observer.filePrepared,
    log,
  });
  const sharedPreparer = options.sharePreparer?.(localPreparer);
  const preparer: MediaPreparer = sharedPreparer ?? localPreparer;
  const gate = createReleaseGate({
    attempts: stores.store<Attempt>('attempts'),
    isShared: cluster.isShared,
    now,
  });
  const pulls = createPullProgress({ now, onProgress, onComplete: observer.mediaLeft });
  const publishes = stores.store<Publish>('publishes');
  const signals = createSignals({
    signals: stores.store<PostSignals>('notes', { upgrade: upgradeSignals }),
    publishes,
    wake,
    onLinked: (publishId) => cluster.tell({ type: 'linked', publishId }),
    now,
  });
  const ballots = createBallots({
    ballots: stores.store<Ballot>('ballots'),
    wake,
    onCast: observer.entryCast,
  });
  const history = createHistory({ entries: stores.store<HistoryEntry>('history') });
  const recorder = createRecorder({ history, ballots, now, log });
  const quotas = createQuotas({
    publishes,
    posts,
    lessons: stores.store<Lesson>('quotas'),
    accounts,
    client,
    going: stores.store<GoingPost>('going', { isExpendable: true }),
    cluster,
    now,
  });
  const waiting = createWaiting({
    signals,
    ballots,
    accounts,
    client,
    quotas,
    mayExpire,
    mayPost: access.isAllowed,
  });
  const results = createResultsReader({
    posts,
    accounts,
    client,
    signals,
    isOn: tiktok.stats === true,
    now,
  });
  const resultsEnding = createResultsEnding({
    ended: stores.store<EndedAccess>('ended-access'),
    posts,
    signals,
    now,
  });
  const follower = createFollower({
    signals,
    accounts,
    client,
    posts,
    readResults: results.readResults,
    now,
  });
  const transfers = createTransferChoice({
    mode: options.videoTransfer ?? 'pull',
    publicUrl: mediaBaseUrl,
    addresses: stores.store<UnverifiedAddress>('unverified-addresses'),
    now,
  });
  const uploader = createUploader({ gate, client, waiting, pulls, secrets, mediaStore, now });
  const performer = createPerformer({
    mediaUrl: (attempt, file) => `${mediaBaseUrl}/media/${attempt.id}/${file.name}`,
    gate,
    pulls,
    signals,
    waiting,
    follower,
    accounts,
    client,
    preparer,
    transfers,
    uploader,
    takesOver,
    progressed: (post) => showChanged(post, { soon: false }),
    pacing,
    now,
  });
  const publisher = createPublisher({
    posts,
    signals,
    performer,
    gate,
    pulls,
    announce,
    came: observer.postCame,
    retell,
    pacing,
    now,
  });
  const previewLinks = createPreviewLinks({ secrets, posts, now });
  const probe = createProbe({ key: secrets.keyFor('probe') });
  const webhookLog = createWebhookLog({ webhooks: stores.store<WebhookRecord>('webhooks'), now });

  const usage = createUsage({ now });
  const { openFile, isAbsent, fetchObstacle } = chats;
  const takeApart = createTakeApart({ drafts, randomIds, usage, limits: options.limits, now });
  const intake = createIntake({
    drafts,
    mediaStore,
    preparer,
    usage,
    takeApart,
    onApart: lookForAccount,
    openFile,
    uploads: { isArriving: (ref) => uploads.isArriving(ref), take: (file) => uploads.take(file) },
    openLink: (link, how) => openLink(link, { ...how, ...options.links }),
    limits: options.limits,
    changed,
    log,
    maxLinkBytes: options.uploadLimitBytes,
    ...options.intake,
  });
  const composer = createComposer({
    limits: options.limits,
    timeZoneOf: workspaces.timeZoneOf,
    drafts,
    posts,
    randomIds,
    intake,
    accounts,
    client,
    usage,
    changed,
    discarded,
    now,
    log,
  });
  const uploads = createUploads({
    tickets: ledStores.store<UploadTicket>('upload-tickets'),
    drafts,
    composer,
    intake,
    mediaStore,
    isAllowed: access.isAllowed,
    isAbsent,
    changed,
    onBegun: lookForAccount,
    neverBegun,
    onWhole: uploaded,
    onEnded: observer.uploadEnded,
    maxBytes: Math.min(options.uploadLimitBytes ?? VIDEO_LIMITS.maxBytes, VIDEO_LIMITS.maxBytes),
    now,
    log,
  });
  const submission = createSubmission({
    drafts,
    posts,
    randomIds,
    composer,
    intake,
    workspaces,
    fetchObstacle,
    announce,
    discarded,
    dropped,
    wake,
    takeBackMs: pacing.takeBackMs,
    now,
    log,
  });
  const composePages = createComposePages({
    tickets: ledStores.store<ComposeTicket>('compose-tickets'),
    drafts,
    composer,
    submission,
    workspaces,
    accounts,
    isAllowed: access.isAllowed,
    isAbsent,
    now,
  });
  const rework = createRework({
    drafts,
    posts,
    randomIds,
    composer,
    intake,
    accounts,
    submission,
    signals,
    isAbsent,
    wake,
    takeBackMs: pacing.takeBackMs,
    now,
  });
  const draftRefresh = createRefresh({ drafts, composer, workspaces, log });
  const retention = createRetention({
    keepPostsMs: options.keepPostsMs,
    drafts,
    posts,
    mediaStore,
    usage,
    forget,
    alsoSweep,
    inHand,
    wasPosted: submission.wasPosted,
    releaseAfterMs: options.releaseMediaAfterMs,
    now,
    log,
  });

  /** Files that no draft names yet. */
  function* inHand(): Generator<StoredFile> {
    yield* intake.inHand();
    yield* uploads.inHand();
  }

  cluster.listen(hear);

  /** Begins what each process does; where there is no other one, also what one does for all. */
  async function start(): Promise<void> {
    if (!cluster.isShared) return lead();
    // Whoever leads deletes what is left over in its own folder alone.
    await mediaStore.discardUnfinished();
    await uploads.standBy();
    sharedPreparer?.start();
    engine.start(makesRuns ? publisher.tick : undefined);
  }

  /** Goes on where whoever led before has ended, with what one process does for all. */
  async function lead(): Promise<void> {
    votesMissedSince = steadyNow();
    await upgradeWithdrawn(posts);
    const restorations = stores.store<Restoration>('restorations');
    const count = await holdRestored({ restorations, posts, now });
    if (count > 0) log.warn({ count }, 'Held back posts that may have gone out since the backup');
    await warnOfObstacle();
    if (!accessRules.isOpen) await admitConnected({ access, workspaces: workspaceStore });
    await uploads.start();
    // A crash may have come between a draft's last change and its card.
    for (const draftId of await submission.resume()) changed(draftId);
    retention.start();
    // Before any post goes on, which may open another one.
    const attempts = await gate.list();
    if (!cluster.isShared) engine.start(publisher.tick);
    accountKeeper.start();
    resume(attempts);
  }

  /** Has posts go on that nobody may have called for, and told of what nobody may have told. */
  function resume(attempts?: readonly Attempt[]): void {
    resuming = resuming
      .then(() => publisher.resume(engine.schedule, { attempts, isStopping: () => isStopping }))
      .catch((error) => log.error({ err: error }, 'Not all posts go on; the next start tries again'));
  }

  /** Says what the operator does where TikTok fetches nothing from here. */
  async function warnOfObstacle(): Promise<void> {
    const obstacle = await transfers.obstacle();
    if (obstacle !== undefined)
      log.warn({ publicUrl: mediaBaseUrl }, `${PULL_OBSTACLES[obstacle]} ${transfers.consequence}`);
  }

  /** Resolves once everything under way has come to a point from which the next start goes on. */
  async function stop(): Promise<void> {
    isStopping = true;
    await resuming;
    await uploads.stop();
    // A run of the engine may wait for a file that takes long to prepare, or for a chunk that takes long to upload.
    uploader.stop();
    await Promise.all([engine.stop(), intake.stop(), preparer.stop(), accountKeeper.stop(), avatars.stop()]);
    await recorder.idle();
    await lettingGoOn;
    await retention.stop();
  }

  /** Has the post looked at, and what is done for it ended where somebody has stopped it. */
  async function wake(postId: string): Promise<void> {
    const reconsidered = performer
      .reconsider(postId)
      .catch((error) => log.error({ err: error, postId }, 'Preparing goes on, whoever has stopped it'));
    cluster.tell({ type: 'decided', postId });
    await Promise.all([reconsidered, engine.wake(postId)]);
  }

  /** Something that another process has told. */
  function hear(news: News): void {
    heard(news).catch((error) => log.error({ err: error, news }, 'News of another process had no effect'));
  }

  async function heard(news: News): Promise<void> {
    if (news.type === 'decided') return performer.reconsider(news.postId);
    if (news.type === 'sent') pulls.heard(news.attemptId, news.count);
    if (!cluster.isLeading()) return;
    switch (news.type) {
      case 'post': {
        const post = await posts.get(news.postId);
        if (post !== undefined) announceHere(post, { soon: news.soon });
        return;
      }
      case 'sent': {
        const post = await posts.get(news.postId);
        if (post !== undefined) tellOf(post, { soon: false });
        return;
      }
      case 'taken-over':
        return intake.leave(news.postId);
      case 'draft':
        return changed(news.draftId);
      case 'accounts':
        return accountKeeper.wake();
      case 'linked':
        return signals.heardOf(news.publishId);
    }
  }

  function accountsChanged(): void {
    if (cluster.isLeading()) accountKeeper.wake();
    else cluster.tell({ type: 'accounts' });
  }

  /** A post prepares its files itself from here on. */
  function takesOver({ id: postId }: Post): void {
    intake.leave(postId);
    cluster.tell({ type: 'taken-over', postId });
  }

  /** Deletes what is kept about a post besides itself and the history. */
  async function forget(post: Post): Promise<void> {
    for (const { forget } of [ballots, signals, randomIds]) await forget(post.id);
    for (const { postDeleted } of listeners) await postDeleted?.(post);
  }

  async function alsoSweep(): Promise<void> {
    await consents.sweep();
    await joins.sweep();
    await personLinks.sweep();
    await randomIds.sweep();
    await submission.sweep();
    await composePages.sweep();
    await resultsEnding.sweep();
    await quotas.sweep();
  }

  /** Has the listener told of every change from now on. */
  const listen = (listener: CoreListener): void => void listeners.add(listener);

  function changed(draftId: string): void {
    if (!cluster.isLeading()) {
      cluster.tell({ type: 'draft', draftId });
      return;
    }
    for (const listener of listeners) listener.draftChanged(draftId);
    followUploads(draftId);
  }

  function followUploads(draftId: string): void {
    uploads
      .follow(draftId)
      .catch((error) => log.error({ err: error, draftId }, 'Uploads go on that nobody may want any more'));
  }

  function discarded(draft: Draft): void {
    intake.leave(draft.id);
    followUploads(draft.id);
    retention.discarded(draft);
  }

  /** TikTok is asked in the background. */
  function lookForAccount(draft: Draft): void {
    composer
      .lookForAccount(draft)
      .catch((error) => log.error({ err: error, draftId: draft.id }, 'A draft stays without its account'));
  }

  function uploaded(draftId: string): void {
    for (const { draftUploaded } of listeners) draftUploaded?.(draftId);
  }

  async function neverBegun(draftId: string): Promise<void> {
    for (const { draftNeverBegun } of listeners) await draftNeverBegun?.(draftId);
  }

  function dropped(draftId: string, why: DropReason): void {
    for (const listener of listeners) listener.draftDropped?.(draftId, why);
  }

  /** Tells of a post that has changed. */
  function announce(post: Post): void {
    if (cluster.isLeading()) announceHere(post);
    else {
      quotas.heard(post);
      cluster.tell({ type: 'post', postId: post.id, soon: true });
    }
  }

  /** Shows a post that has changed, and writes down how far it has come. */
  function announceHere(post: Post, options?: { soon: boolean }): void {
    announced.set(post.id, post);
    const hasLeftLine = quotas.heard(post);
    tellOf(post, options);
    // One that is preparing takes over what its draft has begun.
    if (post.status !== 'preparing') intake.leave(post.id);
    retention.settled(post);
    void recorder.follow(post);
    lettingGoOn = lettingGoOn
      .then(() => letOthersGoOn(post, hasLeftLine))
      .catch((error) =>
        log.error(
          { err: error, postId: post.id },
          'Posts that a limit holds back wait longer than they need',
        ),
      );
  }

  /** Tells of a post as it was before the start, which may have changed since then. */
  async function retell(post: Post): Promise<void> {
    if (announced.has(post.id)) return;
    await recorder.follow(post);
    retention.settled(post);
    if (!isSettled(post)) return;
    await letOthersGoOn(post, false);
    for (const { postResumed } of listeners) await postResumed?.(post);
  }

  /** A post that has ended, or left the line, may leave room below a limit to others of its account. */
  async function letOthersGoOn(post: Post, hasLeftLine: boolean): Promise<void> {
    const hasEnded = 'settledAt' in post && post.settledAt >= now() - JUST_NOW_MS;
    if (!hasEnded && !hasLeftLine) return;
    await quotas.follow(post);
    for (const { id } of await quotas.heldOf(post.content.openId)) void engine.wake(id);
  }

  function showChanged(post: Post, { soon }: { soon: boolean }): void {
    if (cluster.isLeading()) tellOf(post, { soon });
    else cluster.tell({ type: 'post', postId: post.id, soon });
  }

  function tellOf(post: Post, options?: { soon: boolean }): void {
    for (const listener of listeners) listener.postChanged(post, options);
  }

  async function tellOfAccount(news: AccountNews): Promise<void> {
    for (const { accountNews } of listeners) await accountNews?.(news);
  }

  /** Moves the bar on the card, and has the status read soon after the last byte has left. */
  function onProgress(attempt: Attempt): void {
    const completedAt = pulls.completedAt(attempt.id);
    if (completedAt !== undefined) engine.schedule(attempt.postId, completedAt + pacing.afterPullMs);
    tellProgress(attempt, completedAt !== undefined);
    if (!cluster.isLeading()) return;
    showProgress(attempt).catch((error) =>
      log.error({ err: error }, 'The progress of a pull could not be shown'),
    );
  }

  /** Tells the others now and then, and of the end at once. */
  function tellProgress({ id: attemptId, postId }: Attempt, isComplete: boolean): void {
    if (!cluster.isShared) return;
    const at = performance.now();
    if (!isComplete && at - (toldProgressAt.get(attemptId) ?? 0) < PROGRESS_EVERY_MS) return;
    toldProgressAt.set(attemptId, at);
    const count = pulls.countOf(attemptId);
    if (count !== undefined) cluster.tell({ type: 'sent', attemptId, postId, count });
  }

  /** Runs for each piece of a file that leaves. */
  async function showProgress({ postId }: Attempt): Promise<void> {
    const post = announced.get(postId) ?? (await posts.get(postId));
    if (post !== undefined) tellOf(post, { soon: false });
  }

  /** Whether somebody may act for a place that may use this Nod, who could when they asked. */
  async function managesNow(asked: { workspace: string; chat: ChatRef; person: Person }): Promise<boolean> {
    return (await access.isAllowed(asked.workspace)) && (await chats.stillManages(asked));
  }

  /** Votes that were cast while Nod was away arrive, or are read back, right after the start. */
  async function mayExpire({ expiresAt }: { expiresAt: number }): Promise<boolean> {
    const areRead = cluster.isLeading() ? areVotesRead : (await cluster.votesReadUntil()) > expiresAt;
    if (areRead) return true;
    votesMissedSince ??= steadyNow();
    return steadyNow() - votesMissedSince > LATE_VOTES_MS;
  }

  /** After somebody moved the clock: resolves when all that is due by now is done. */
  async function clockMoved(): Promise<void> {
    accountKeeper.wake();
    await resuming;
    await engine.clockMoved();
    await retention.clockMoved();
  }

  /** From now on reviews whose time is over may end. */
  function votesAreRead(): void {
    areVotesRead = true;
    votesMissedSince = undefined;
  }

  return {
    /** Accounts are asked for links and numbers of their posts. */
    stats: tiktok.stats === true,
    access,
    operators,
    workspaces,
    accounts,
    accountKeeper,
    avatars,
    consents,
    joins,
    personLinks,
    drafts,
    posts,
    randomIds,
    composer,
    submission,
    composePages,
    rework,
    draftRefresh,
    intake,
    uploads,
    usage,
    ballots,
    recorder,
    history,
    signals,
    quotas,
    transfers,
    gate,
    pulls,
    publisher,
    engine,
    preparer,
    previewLinks,
    probe,
    webhookLog,
    mediaStore,
    pacing,
    wake,
    listen,
    sweepResults: resultsEnding.sweep,
    votesAreRead,
    clockMoved,
    start,
    lead,
    resume,
    stop,
  };
}

export type Core = ReturnType<typeof createCore>;
