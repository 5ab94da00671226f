import { setImmediate as others } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Keeper, Usage } from './compose/disk-usage.ts';
import { type Draft, judgedOf } from './compose/draft.ts';
import { keeperOf } from './compose/limits.ts';
import type { MediaStore } from './media/store/store.ts';
import type { StoredFile } from './media/types.ts';
import { isPosted, type Post } from './publish/post.ts';
import { eachSettledSince, eachUnderWay, endedSince, postsOfDraft, settledBefore } from './publish/posts.ts';
import type { Store } from './storage/database.ts';

const SWEEP_EVERY_MS = 3_600_000;
/** A file this young may belong to a draft that is just being written. */
const YOUNG_MS = 3_600_000;
/** How long a post that came to nothing can be tried again with its files, and any card be shown again. */
const KEPT_MS = 7 * 24 * 3_600_000;
const PAGE = 100;
/** Posts end and drafts are discarded one after the other; what they leave is looked at together. */
const RELEASE_AFTER_MS = 30_000;
/** What nothing holds may be about to be named for so long. */
const STRAY_MS = 600_000;
/** How long the files of a post that came to nothing are safe when there is no room for new ones. */
const SAFE_MS = 24 * 3_600_000;
const PRESSED_EVERY_MS = 30_000;
const POSTED = ['published', 'in_inbox'] as const;
const CAME_TO_NOTHING = ['failed', 'rejected', 'expired', 'cancelled', 'withdrawn', 'unconfirmed'] as const;

/**
 * Deletes media that nothing needs any more: what was posted or discarded within a minute, what failed and previews after a
 * week, or after a day when there is no room left. Deletes posts when they have been settled for long.
 *
 * On the way it counts for whom the rest is kept.
 */
export function createRetention({
  drafts,
  posts,
  mediaStore,
  usage,
  keepPostsMs,
  forget,
  alsoSweep,
  inHand,
  wasPosted,
  releaseAfterMs = RELEASE_AFTER_MS,
  now,
  log,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  mediaStore: MediaStore;
  usage: Usage;
  /** How long a post is kept after it has settled. */
  keepPostsMs: number;
  /** Deletes what others keep about a post. The history is not about the post alone and stays. */
  forget: (post: Post) => Promise<void>;
  /** Goes along every hour. */
  alsoSweep: () => Promise<void>;
  /** Files that are about to be named by a draft. */
  inHand: () => Iterable<StoredFile>;
  /** Whether a post that came to nothing went on as one that was posted. */
  wasPosted: (post: Post) => Promise<boolean>;
  /** How long what was let go of stays. */
  releaseAfterMs?: number | undefined;
  now: () => number;
  log: Logger;
}) {
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();
  let sweptAt = 0;
  let isStopping = false;
  /** The keys of files that a post or a draft needs no more; another one may. */
  const letGo = new Set<string>();
  let releaseTimer: NodeJS.Timeout | undefined;
  let releasing: Promise<void> = Promise.resolve();
  let making: Promise<void> | undefined;
  let madeAt = Number.NEGATIVE_INFINITY;

  function start(): void {
    mediaStore.whenFull(makeRoom);
    const run = () => {
      sweeping = sweepAll().catch((error) =>
        log.error({ err: error }, 'What nothing needs could not be deleted'),
      );
    };
    timer = setInterval(run, SWEEP_EVERY_MS);
    run();
  }

  /** After somebody moved the clock: resolves when what is due by now is swept. */
  async function clockMoved(): Promise<void> {
    await sweeping;
    if (now() - sweptAt >= SWEEP_EVERY_MS) await sweepAll();
  }

  async function sweepAll(): Promise<void> {
    sweptAt = now();
    // Those whose files a stop or a crash has left.
    for (const post of await endedSince(posts, POSTED, now() - 2 * SWEEP_EVERY_MS)) settled(post);
    await sweep();
    await alsoSweep();
    await sweepPosts();
  }

  /** Deletes what settled long ago, unless it goes on as a post that has not; a crash in between leaves it to the next sweep. */
  async function sweepPosts(): Promise<void> {
    const before = now() - keepPostsMs;
    let kept = 0;
    let count = 0;
    while (!isStopping) {
      const page = await settledBefore(posts, before, { limit: PAGE, offset: kept });
      for (const { draftId } of page) {
        // The database answers without a pause, and other work has its turn in between.
        await others();
        if (isStopping) break;
        const all = await postsOfDraft(posts, draftId);
        if (all.every((post) => 'settledAt' in post && post.settledAt < before)) {
          for (const post of all) await remove(post);
          count += all.length;
        } else kept += 1;
      }
      if (page.length < PAGE) break;
    }
    if (count > 0) log.info({ count }, 'Deleted posts that settled long ago');
  }

  /** The post goes last, so that what a crash leaves is found by it. */
  async function remove(post: Post): Promise<void> {
    // Should a draft be left from which it was made, it would be made again.
    await drafts.delete(post.id);
    await forget(post);
    await posts.delete(post.id);
  }

  /** Deletes the media of a post that was posted soon, unless something else needs them. */
  function settled(post: Post): void {
    if (!isPosted(post)) return;
    // The picture on its card stays.
    releaseSoon(mediaOf(post).filter(({ key }) => key !== post.preview?.key));
  }

  /** The same for a draft that nobody wants any more. */
  const discarded = (draft: Draft): void => releaseSoon(filesOfDraft(draft));

  function releaseSoon(files: readonly StoredFile[]): void {
    for (const { key } of files) letGo.add(key);
    if (isStopping || letGo.size === 0) return;
    releaseTimer ??= setTimeout(() => {
      releaseTimer = undefined;
      releasing = release().catch((error) =>
        log.error({ err: error }, 'What was posted could not be deleted'),
      );
    }, releaseAfterMs);
  }

  /** Deletes what was let go of and nothing else needs. */
  async function release(): Promise<void> {
    if (letGo.size === 0) return;
    const keys = [...letGo];
    const needed = await neededFiles({ failedSince: now() - KEPT_MS + 1, among: letGo });
    const deleted: string[] = [];
    for (const key of keys) {
      if (needed.has(key)) letGo.delete(key);
      else if (await mediaStore.removeUnneeded(key)) deleted.push(key);
    }
    for (const key of deleted) letGo.delete(key);
    usage.forget(deleted);
    if (deleted.length > 0)
      log.debug({ count: deleted.length }, 'Deleted media of what was posted or discarded');
    // What is too new to be certain about comes again.
    releaseSoon([]);
  }

  /**
   * The files that drafts and posts need, `among` those that are asked about. Of posts that came to nothing those count that
   * did so lately, and have not been posted since.
   */
  async function neededFiles({
    failedSince,
    among,
  }: {
    failedSince: number;
    among?: ReadonlySet<string>;
  }): Promise<Set<string>> {
    const keys = new Set<string>();
    const keep = (files: Iterable<StoredFile>) => {
      for (const { key } of files) keys.add(key);
    };
    for await (const [, draft] of drafts.entries()) keep(filesOfDraft(draft));
    for await (const post of eachUnderWay(posts)) keep(filesOfPost(post));
    for (const post of await endedSince(posts, CAME_TO_NOTHING, failedSince)) {
      const files = filesOfPost(post);
      const isAsked = among === undefined || files.some(({ key }) => among.has(key));
      if (isAsked && !(await wasPosted(post))) keep(files);
    }
    keep(inHand());
    return keys;
  }

  /** Deletes what may go because there is no room for so many bytes more: what nothing names, then old failures. */
  async function makeRoom(bytes: number): Promise<void> {
    if (performance.now() - madeAt < PRESSED_EVERY_MS) return making;
    madeAt = performance.now();
    making = (async () => {
      await release();
      await sweep({ olderThanMs: STRAY_MS });
      await deleteFailed(bytes);
    })().catch((error) => log.error({ err: error }, 'No room could be made for new media'));
    await making;
  }

  /** Deletes the media of posts that came to nothing until there is room, the oldest first. */
  async function deleteFailed(bytes: number): Promise<void> {
    const before = now() - SAFE_MS;
    const needed = await neededFiles({ failedSince: before });
    const failed = await endedSince(posts, CAME_TO_NOTHING, now() - KEPT_MS + 1);
    const old = failed.flatMap((post) => ('settledAt' in post && post.settledAt < before ? [post] : []));
    for (const post of old.toSorted((a, b) => a.settledAt - b.settledAt)) {
      if (isStopping || (await mediaStore.fits(bytes))) return;
      const keys = mediaOf(post).flatMap(({ key }) => (needed.has(key) ? [] : [key]));
      for (const key of keys) await mediaStore.removeUnneeded(key);
      usage.forget(keys);
      log.info(
        { postId: post.id },
        'Deleted the media of a post that came to nothing, because there was no room',
      );
    }
  }

  async function sweep({ olderThanMs = YOUNG_MS }: { olderThanMs?: number } = {}): Promise<void> {
    const keep = new Set<string>();
    await usage.recount(
      async (count) => {
        const keepAll = (keeper: Keeper, files: readonly StoredFile[]) => {
          for (const { key } of files) keep.add(key);
          count(keeper, files);
        };
        for await (const { keeper, files } of keptFiles({ drafts, posts }, now())) keepAll(keeper, files);
      },
      { since: now() - YOUNG_MS },
    );
    for (const { key } of inHand()) keep.add(key);
    const removed = await mediaStore.sweep({ keep, olderThanMs, now: now() });
    if (removed.count > 0) log.info(removed, 'Deleted media that nothing needs any more');
  }

  async function stop(): Promise<void> {
    isStopping = true;
    clearInterval(timer);
    clearTimeout(releaseTimer);
    await Promise.all([sweeping, releasing, making]);
  }

  return { start, clockMoved, sweep, sweepPosts, settled, discarded, release, makeRoom, stop };
}

/** The files that are kept for each draft and post, and for whom; `now` in epoch milliseconds. */
export async function* keptFiles(
  { drafts, posts }: { drafts: Store<Draft>; posts: Store<Post> },
  now: number,
): AsyncGenerator<{ keeper: Keeper; files: StoredFile[] }, void> {
  for await (const [, draft] of drafts.entries())
    yield { keeper: keeperOf(draft), files: filesOfDraft(draft) };
  for await (const post of eachUnderWay(posts)) yield { keeper: keeperOf(post), files: filesOfPost(post) };
  for await (const post of eachSettledSince(posts, now - KEPT_MS + 1))
    yield { keeper: keeperOf(post), files: filesOfPost(post) };
}

function filesOfPost(post: Post): StoredFile[] {
  return [...(isPosted(post) ? [] : mediaOf(post)), ...(post.preview === undefined ? [] : [post.preview])];
}

function filesOfDraft({ files, preview, coverSheet }: Draft): StoredFile[] {
  const kept = files.flatMap((file) => [
    judgedOf(file)?.source,
    ...(file.before ?? []).map(({ media }) => media.file),
    file.state === 'ready' ? file.media.file : undefined,
  ]);
  return [...kept, preview, coverSheet?.picture].filter((file) => file !== undefined);
}

function mediaOf(post: Post): StoredFile[] {
  const sources = post.content.sources.map((source) => source.file);
  const media = (post.media ?? []).map((item) => item.file);
  return [...sources, ...media];
}
