import { LRUCache } from 'lru-cache';
import type { Person } from '../people.ts';
import type { VoterRules } from '../review/review.ts';
import { createSteadyClock } from '../steady-clock.ts';
import type { Store, Versioned } from '../storage/database.ts';
import type { PostMode, Video } from '../tiktok/types.ts';

const MAX_LINKED = 1_000;

/** What others leave for a post's next tick. Only that tick writes the post. */
export interface PostSignals extends Versioned {
  /** Somebody wants the post stopped, or taken back to change it. */
  readonly cancelled?: { readonly by: Person; readonly isWithdrawn?: true };
  /** Somebody wants the post at another time; null for as soon as possible. */
  readonly publishAt?: number | null;
  /** When that was said. */
  readonly plannedAt?: number;
  /** Others shall have a say in the review. */
  readonly voters?: VoterRules;
  /** How often TikTok has announced news. */
  readonly hints?: number;
  /** What TikTok has announced last of each public id. */
  readonly publicIds?: Readonly<Record<string, PublicNews>>;
  /** The place of TikTok's last word about a public id among all of them: near the time, but never before an earlier word. */
  readonly publicToldAt?: number;
  /** How its videos do, read along with those of another post. */
  readonly videos?: LeftVideos | undefined;
  /** Numbers that were read until then are not ours to keep any more. */
  readonly endedAt?: number;
}

/** What TikTok has told about a post that it was not asked about alone. */
export interface LeftVideos {
  /** The planned look that it answers. */
  readonly plannedAt: number;
  readonly askedAt: number;
  readonly found: readonly Pick<Video, 'id' | 'shareUrl' | 'counts'>[];
}

/** Whether people can see a post, as TikTok announced it. */
export interface PublicNews {
  readonly postId: string;
  readonly isPublic: boolean;
  /** When it came to be so; seconds since 1970, by TikTok's clock. */
  readonly since: number;
}

export const isGone = (news: PublicNews | undefined): boolean => news?.isPublic === false;

/** A draft can be posted again and again. */
const MAX_PUBLIC_IDS = 50;
/** News of a publish may come before TikTok's answer to our call has. */
const EARLY_MS = 10 * 60_000;
const MAX_EARLY = 1_000;

/** Notes on posts, and the way back from TikTok's `publish_id` to our post. */
export function createSignals({
  signals,
  publishes,
  wake,
  onLinked = () => {},
  now,
}: {
  signals: Store<PostSignals>;
  publishes: Store<Publish>;
  wake: (postId: string) => void;
  /** Told of each publish whose post is known from now on. */
  onLinked?: ((publishId: string) => void) | undefined;
  now: () => number;
}) {
  /** The post of each publish that was linked last; TikTok tells of it within a moment, and that never changes. */
  const linked = new LRUCache<string, string>({ max: MAX_LINKED });

  /** News of publishes that are not known yet; in memory, since anybody's may come. */
  const early = new LRUCache<string, readonly PublicNews[]>({
    max: MAX_EARLY,
    ttl: EARLY_MS,
    perf: { now: createSteadyClock(now) },
  });

  let lastToldAt: number | undefined;

  const read = (postId: string): Promise<PostSignals | undefined> => signals.get(postId);

  /** Asks for a post to be stopped; what that achieves is told by the post. */
  async function cancel(postId: string, by: Person): Promise<void> {
    await write(postId, { cancelled: { by } });
  }

  /** Asks for a post to be taken back, because it goes on as something else. */
  async function withdraw(postId: string, by: Person): Promise<void> {
    await write(postId, { cancelled: { by, isWithdrawn: true } });
  }

  /** Asks for another time (milliseconds since the epoch), or for none. */
  async function reschedule(postId: string, publishAt: number | undefined): Promise<void> {
    await write(postId, { publishAt: publishAt ?? null, plannedAt: now() });
  }

  /** Asks for others to have a say in the review of a post. */
  async function changeVoters(postId: string, voters: VoterRules): Promise<void> {
    await write(postId, { voters });
  }

  /**
   * Notes that TikTok has news about a publish of ours, of a public id where it says so; false when it is none of ours,
   * as far as is known yet.
   */
  async function hint(publishId: string, news?: PublicNews): Promise<boolean> {
    const postId = linked.get(publishId) ?? (await publishes.get(publishId))?.postId;
    if (postId === undefined) {
      const before = early.get(publishId) ?? [];
      early.set(publishId, news === undefined ? before : [...before, news]);
      return false;
    }
    await noteNews(postId, news === undefined ? [] : [news]);
    return true;
  }

  /** Leaves what a planned look at the numbers of a post would find. */
  async function leaveVideos(postId: string, videos: LeftVideos): Promise<void> {
    await write(postId, { videos });
  }

  /** Has the numbers deleted that were read of a post until now. */
  async function endResults(postId: string, endedAt: number): Promise<void> {
    await write(postId, { videos: undefined, endedAt });
  }

  /** Notes which post a `publish_id` is of that TikTok has just given, and what it is counted towards. */
  async function link(
    publishId: string,
    postId: string,
    about: Pick<Publish, 'openId' | 'postMode'> = {},
  ): Promise<void> {
    const { openId, postMode } = about;
    const created = await publishes.create(publishId, { postId, openId, postMode, at: now() });
    if (created === undefined) return;
    linked.set(publishId, postId);
    await noteEarly(publishId, postId);
    onLinked(publishId);
  }

  /** Another process has linked a publish, of which TikTok may have told this one before. */
  async function heardOf(publishId: string): Promise<void> {
    const postId = (await publishes.get(publishId))?.postId;
    if (postId !== undefined) await noteEarly(publishId, postId);
  }

  async function noteEarly(publishId: string, postId: string): Promise<void> {
    const told = early.get(publishId);
    early.delete(publishId);
    if (told !== undefined) await noteNews(postId, told);
  }

  async function noteNews(postId: string, news: readonly PublicNews[]): Promise<void> {
    const publicToldAt = news.length === 0 ? undefined : await nextToldAt();
    await change(postId, (current) => {
      const hints = (current?.hints ?? 0) + 1;
      if (publicToldAt === undefined) return { hints };
      return { hints, publicIds: withNews(current?.publicIds, news), publicToldAt };
    });
  }

  /** Goes on from the last one, also where the clock was set back. */
  async function nextToldAt(): Promise<number> {
    const [last] = lastToldAt === undefined ? await lastTold(1) : [];
    lastToldAt = Math.max(now(), (lastToldAt ?? last?.[1].publicToldAt ?? 0) + 1);
    return lastToldAt;
  }

  const write = (postId: string, note: Omit<PostSignals, 'version'>): Promise<void> =>
    change(postId, () => note);

  async function change(
    postId: string,
    noteOf: (current: PostSignals | undefined) => Omit<PostSignals, 'version'>,
  ): Promise<void> {
    await signals.upsert(postId, (current) => ({ ...current, ...noteOf(current) }));
    wake(postId);
  }

  /** The posts of which TikTok has announced something of a public id last, newest first. */
  const lastToldOf = async (limit: number): Promise<string[]> =>
    (await lastTold(limit)).map(([postId]) => postId);

  const lastTold = (limit: number) => signals.find({ by: 'publicToldAt', newestFirst: true, limit });

  /** Deletes everything that was left for a post, and the ways back to it. */
  async function forget(postId: string): Promise<void> {
    await signals.delete(postId);
    for (const [publishId] of await publishes.find({ where: { postId } })) {
      linked.delete(publishId);
      await publishes.delete(publishId);
    }
  }

  return {
    read,
    cancel,
    withdraw,
    reschedule,
    changeVoters,
    hint,
    leaveVideos,
    endResults,
    link,
    heardOf,
    lastToldOf,
    forget,
  };
}

export type Signals = ReturnType<typeof createSignals>;

/** Signals as Nod left them before announcements were counted: TikTok announced news at that time. */
type OldSignals = PostSignals & { readonly hintedAt?: number };

/** The signals that a record stands for, also where an older Nod wrote it: its post is rather asked about once too often. */
export function upgradeSignals(record: PostSignals | OldSignals): PostSignals {
  if (!('hintedAt' in record)) return record;
  const { hintedAt, ...signals } = record;
  return { ...signals, hints: (signals.hints ?? 0) + (hintedAt === undefined ? 0 : 1) };
}

/**
 * Events come in any order and again and again: of each id the latest holds. Of two of the same second it is the one that the
 * post is gone, which comes after the other.
 */
function withNews(
  known: PostSignals['publicIds'] = {},
  news: readonly PublicNews[],
): Record<string, PublicNews> {
  const all: Record<string, PublicNews> = { ...known };
  for (const one of news) {
    const before = all[one.postId];
    if (before === undefined && Object.keys(all).length >= MAX_PUBLIC_IDS) continue;
    if (before === undefined || isLater(one, before)) all[one.postId] = one;
  }
  return all;
}

const isLater = (one: PublicNews, before: PublicNews): boolean =>
  one.since > before.since || (one.since === before.since && isGone(one));

/** Which post a `publish_id` belongs to. */
export interface Publish extends Versioned {
  readonly postId: string;
  /** Absent, as the next two are, in records from before publishes were counted. */
  readonly openId?: string | undefined;
  readonly postMode?: PostMode | undefined;
  /** When TikTok accepted it; epoch milliseconds. */
  readonly at?: number | undefined;
}
