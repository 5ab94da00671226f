import { LRUCache } from 'lru-cache';
import type { Account, Accounts } from '../accounts/accounts.ts';
import { UserError } from '../problems.ts';
import { lookOpensAt, SOONEST_LOOK_MS } from '../publish/pacing.ts';
import { type Post, type PostEvent, type PostIn, shareUrlsOf } from '../publish/post.ts';
import { looksDueTo } from '../publish/posts.ts';
import type { LeftVideos, PostSignals, Signals } from '../publish/signals.ts';
import type { Store } from '../storage/database.ts';
import { MAX_VIDEOS, type TikTokClient } from '../tiktok/client.ts';
import { TikTokApiError, TikTokRateLimitError, TikTokUnreachableError } from '../tiktok/errors.ts';
import { STATS_SCOPE } from '../tiktok/oauth.ts';
import type { VideoCounts } from '../tiktok/types.ts';

const PAGE = 50;
const MAX_ANSWERED = 1_000;

type Live = PostIn<'published'>;
/** A post that is live, with the time for which a look at its numbers is planned. */
type Planned = Live & { readonly nextResultsAt: number };

/** One call to TikTok about the posts of one account. */
interface Batch {
  /** The planned look that it answers, by the id of its post. */
  readonly plannedAt: ReadonlyMap<string, number>;
  readonly outcome: Omit<LeftVideos, 'plannedAt'> | { readonly error: unknown };
}

/**
 * Reads how posts do, at the times that they have planned.
 *
 * One call takes up to 20 ids of one account. Whoever is due takes along what is due soon, and leaves the answers for the
 * ticks of those posts, which then ask nothing.
 */
export function createResultsReader({
  posts,
  accounts,
  client,
  signals,
  isOn,
  now,
}: {
  posts: Pick<Store<Post>, 'find'>;
  accounts: Pick<Accounts, 'get' | 'withToken'>;
  client: Pick<TikTokClient, 'queryVideos'>;
  signals: Pick<Signals, 'read' | 'leaveVideos'>;
  /** Whether the operator wants numbers at all. */
  isOn: boolean;
  now: () => number;
}) {
  /** The call under way for each account. */
  const batches = new Map<string, Promise<Batch>>();
  /** The looks that were answered last, and may not have been saved yet. */
  const answered = new LRUCache<string, number>({ max: MAX_ANSWERED });

  /** What a tick of a post that is live finds out about its numbers; undefined when there is nothing to do. */
  async function readResults(post: Live, note: PostSignals | undefined): Promise<PostEvent | undefined> {
    const { endedAt: until, videos } = note ?? {};
    if (until !== undefined && post.results?.some(({ at }) => at <= until))
      return { type: 'results_deleted', until };
    if (!isPlanned(post)) return undefined;
    if (videos?.plannedAt === post.nextResultsAt) return ifStillOurs(post, videos);
    if (post.nextResultsAt > now()) return undefined;
    if (!isOn || idsOf(post).length === 0 || !(await hasAccess(post))) return NOTHING_SEEN;
    return (await answerLeft(post)) ?? look(post);
  }

  /** What was left for the post since its tick began. */
  async function answerLeft(post: Planned): Promise<PostEvent | undefined> {
    if (answered.get(post.id) !== post.nextResultsAt) return undefined;
    const videos = (await signals.read(post.id))?.videos;
    return videos?.plannedAt === post.nextResultsAt ? ifStillOurs(post, videos) : undefined;
  }

  async function look(post: Planned): Promise<PostEvent> {
    const { openId } = post.content;
    for (;;) {
      const { plannedAt, outcome } = await (batches.get(openId) ?? begin(post));
      if (plannedAt.get(post.id) !== post.nextResultsAt) continue;
      if ('error' in outcome) return unseen(outcome.error);
      return ifStillOurs(post, outcome);
    }
  }

  /** Our access may have ended since TikTok was asked. */
  async function ifStillOurs(post: Planned, told: Omit<LeftVideos, 'plannedAt'>): Promise<PostEvent> {
    return (await hasAccess(post)) ? resultsIn(post, told) : NOTHING_SEEN;
  }

  /** Others who want to know about the same account wait for this call. */
  function begin(post: Planned): Promise<Batch> {
    const { openId } = post.content;
    const batch = ask(post).finally(() => batches.delete(openId));
    batches.set(openId, batch);
    return batch;
  }

  async function ask(post: Planned): Promise<Batch> {
    const asked = [post, ...(await takeAlong(post))];
    const plannedAt = new Map(asked.map(({ id, nextResultsAt }) => [id, nextResultsAt]));
    const askedAt = now();
    try {
      const ids = asked.flatMap(idsOf);
      const found = await accounts.withToken(post.content.openId, (token) => client.queryVideos(token, ids));
      for (const [id, at] of plannedAt) answered.set(id, at);
      for (const other of asked.slice(1))
        await signals.leaveVideos(other.id, {
          plannedAt: other.nextResultsAt,
          askedAt,
          found: found
            .filter(({ id }) => other.postIds.includes(id))
            .map(({ id, shareUrl, counts }) => ({ id, shareUrl, counts })),
        });
      return { plannedAt, outcome: { askedAt, found } };
    } catch (error) {
      return { plannedAt, outcome: { error } };
    }
  }

  /** Other posts of the account that are due soon, as many as one call has room for. */
  async function takeAlong(post: Planned): Promise<Planned[]> {
    const taken: Planned[] = [];
    let room = MAX_VIDEOS - idsOf(post).length;
    for (let offset = 0; room > 0; offset += PAGE) {
      const page = await looksDueTo(posts, post.content.openId, now() + SOONEST_LOOK_MS + 1, {
        limit: PAGE,
        offset,
      });
      for (const other of page) {
        if (other.id === post.id || !isWanted(other)) continue;
        const { length } = idsOf(other);
        if (length === 0 || length > room) continue;
        taken.push(other);
        room -= length;
      }
      if (page.length < PAGE) break;
    }
    return taken;
  }

  const isWanted = (post: Post): post is Planned =>
    isPlanned(post) &&
    answered.get(post.id) !== post.nextResultsAt &&
    lookOpensAt(post.settledAt, post.nextResultsAt) <= now();

  /** Whether the account has let us read its public posts. */
  const hasAccess = async ({ content }: Post): Promise<boolean> =>
    mayReadResults(await accounts.get(content.openId));

  return { readResults };
}

export type ResultsReader = ReturnType<typeof createResultsReader>;

/** Whether TikTok lets us read how the posts of an account do. */
export const mayReadResults = (account: Pick<Account, 'scopes' | 'expired'> | undefined): boolean =>
  account !== undefined && account.expired !== true && account.scopes.includes(STATS_SCOPE);

const isPlanned = (post: Post): post is Planned =>
  post.status === 'published' && post.nextResultsAt !== undefined;

/** What TikTok is asked about: a draft may be posted more often than one call takes. */
const idsOf = ({ postIds, goneIds = [] }: Live): string[] =>
  postIds.filter((id) => !goneIds.includes(id)).slice(0, MAX_VIDEOS);

/** There was nobody to ask, or nothing to ask about. */
const NOTHING_SEEN: PostEvent = { type: 'results_read' };

/** The posts that one draft became count together. */
function resultsIn(post: Live, { askedAt, found }: Omit<LeftVideos, 'plannedAt'>): PostEvent {
  const byId = new Map(found.map((video) => [video.id, video]));
  const own = post.postIds.flatMap((id) => byId.get(id) ?? []);
  const shareUrls = shareUrlsOf(own);
  const counts = sumOf(own.flatMap(({ counts }) => counts ?? []));
  return {
    type: 'results_read',
    results: counts && { at: askedAt, ...counts },
    shareUrls: Object.keys(shareUrls).length === 0 ? undefined : shareUrls,
  };
}

/** Undefined for none, which is not 0. */
export function sumOf(all: readonly VideoCounts[]): VideoCounts | undefined {
  if (all.length === 0) return undefined;
  const total = (key: keyof VideoCounts) => all.reduce((sum, counts) => sum + counts[key], 0);
  return {
    views: total('views'),
    likes: total('likes'),
    comments: total('comments'),
    shares: total('shares'),
  };
}

/** What is no trouble of TikTok's or of an account's is a bug and thrown on. */
function unseen(error: unknown): PostEvent {
  if (error instanceof UserError) return NOTHING_SEEN;
  if (error instanceof TikTokRateLimitError)
    return { type: 'results_unread', retryAfterMs: error.retryAfterMs };
  if (error instanceof TikTokApiError || error instanceof TikTokUnreachableError)
    return { type: 'results_unread' };
  throw error;
}
