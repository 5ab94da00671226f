import type { Accounts } from '../../accounts/accounts.ts';
import { UserError } from '../../problems.ts';
import { isLimit } from '../../quotas/limits.ts';
import type { ResultsReader } from '../../results/read-results.ts';
import type { Store } from '../../storage/database.ts';
import { MAX_VIDEOS, type TikTokClient } from '../../tiktok/client.ts';
import { type Advice, failureOf } from '../../tiktok/codes.ts';
import { TikTokApiError, TikTokRateLimitError, TikTokUnreachableError } from '../../tiktok/errors.ts';
import { STATS_SCOPE } from '../../tiktok/oauth.ts';
import type { PublishStatus, Video } from '../../tiktok/types.ts';
import { type Next, type Post, type PostEvent, type PostIn, shareUrlsOf } from '../post.ts';
import { livePostsAround, underWayTo } from '../posts.ts';
import { isGone, type PostSignals, type Signals } from '../signals.ts';
import { matchVideo } from './match-video.ts';

type Live = PostIn<'published' | 'in_inbox'>;
type Followed = Live | PostIn<'uploading' | 'processing'>;
/** What TikTok may have published. */
type Taken = Followed | PostIn<'unconfirmed'>;

/** An hour of a creator who posts a lot. */
const MAX_PAGES = 3;
const WINDOW_MS = 3_600_000;

/** Asks TikTok what became of a publish, and learns by every way there is where the post can be seen. */
export function createFollower({
  signals,
  accounts,
  client,
  posts,
  readResults,
  now,
}: {
  signals: Signals;
  accounts: Accounts;
  client: TikTokClient;
  posts: Pick<Store<Post>, 'find'>;
  readResults: ResultsReader['readResults'];
  now: () => number;
}) {
  /** What is to be learned of a settled post now; undefined for nothing. */
  async function follow(post: Live): Promise<PostEvent | undefined> {
    const note = await signals.read(post.id);
    const told = await publicNews(post, note);
    if (told !== undefined) return told;
    const isDue = post.nextCheckAt !== undefined && post.nextCheckAt <= now();
    // A draft can be posted a second time; what has its id has nothing more to learn by a hint.
    const isOpen = post.status === 'in_inbox' || post.postIds.length === 0 || isDraft(post);
    if (!isDue && !(isOpen && isHinted(post, note)))
      return post.status === 'published' ? readResults(post, note) : undefined;
    const read = await readStatus(post, { note, pulledBytes: 0 });
    const isWithoutId =
      post.status === 'published' && read.type === 'status_read' && read.status.postIds.length === 0;
    return (isWithoutId ? await findInList(post) : undefined) ?? read;
  }

  /** TikTok's answer about a publish, with what its webhooks have told of public ids. */
  async function readStatus(
    post: Followed,
    { note, pulledBytes }: { note: PostSignals | undefined; pulledBytes: number },
  ): Promise<Extract<PostEvent, { type: 'status_read' | 'status_unread' }>> {
    const askedAt = now();
    const hints = note?.hints;
    const { openId } = post.content;
    try {
      const answer = await accounts.withToken(openId, (token) => client.fetchStatus(token, post.publishId));
      const postIds = [...new Set([...knownIds(post), ...answer.postIds, ...idsIn(note)])];
      const status: PublishStatus = { ...answer, postIds };
      const read = {
        type: 'status_read' as const,
        status,
        goneIds: goneOf(postIds, note),
        shareUrls: await readLinks(post, postIds),
        pulledBytes: Math.max(status.downloadedBytes ?? 0, status.uploadedBytes ?? 0, pulledBytes),
        askedAt,
        hints,
      };
      if (status.status !== 'FAILED') return read;
      const advice = failureOf(status.failReason);
      const failure = { reason: advice.reason, reasonRaw: status.failReason };
      return { ...read, failure, next: nextOf(advice) };
    } catch (error) {
      return unread(error, { askedAt, hints, pulledBytes });
    }
  }

  /** What webhooks have told of public ids and the post does not have yet; it proves more than any status. */
  async function publicNews(post: Taken, note: PostSignals | undefined): Promise<PostEvent | undefined> {
    const known = knownIds(post);
    const postIds = [...new Set([...known, ...idsIn(note)])];
    const goneIds = goneOf(postIds, note);
    const knownGone = ('goneIds' in post && post.goneIds) || [];
    if (postIds.length === known.length && sameIds(goneIds, knownGone)) return undefined;
    const shareUrls = await readLinks(post, postIds);
    return { type: 'public_told', postIds, goneIds, shareUrls, hints: note?.hints };
  }

  /**
   * TikTok's own links to those of the ids that are new, where the account's handle is not known; with it a link can be made of
   * the id, and TikTok's own comes with the first numbers.
   */
  async function readLinks(post: Taken, postIds: readonly string[]) {
    if (post.account.username !== undefined) return undefined;
    const fresh = postIds.filter((id) => !knownIds(post).includes(id)).slice(0, MAX_VIDEOS);
    if (fresh.length === 0) return undefined;
    const videos = await readVideos(post, (token) => client.queryVideos(token, fresh));
    return shareUrlsOf(videos ?? []);
  }

  /** The post in the list of what its creator has made public, where it can be nothing else. */
  async function findInList(post: PostIn<'published'>): Promise<PostEvent | undefined> {
    const videos = await readVideos(post, (token) => listBackTo(token, post.settledAt - WINDOW_MS));
    if (videos === undefined) return undefined;
    const { openId } = post.content;
    const around = await livePostsAround(posts, openId, post.settledAt);
    const others = [...around, ...(await underWayTo(posts, openId))].filter(({ id }) => id !== post.id);
    const taken = new Set(others.flatMap(knownIds));
    const rivals = others.filter((other) => knownIds(other).length === 0);
    const video = matchVideo(post, videos, { taken, rivals });
    return video && { type: 'video_found', postId: video.id, shareUrls: shareUrlsOf([video]) };
  }

  async function listBackTo(token: string, from: number): Promise<Video[]> {
    const found: Video[] = [];
    let cursor: number | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await client.listVideos(token, { cursor });
      found.push(...page.videos);
      cursor = page.nextCursor;
      if (cursor === undefined || cursor < from) break;
    }
    return found;
  }

  /** Undefined where the account has not allowed it, or TikTok does not tell. */
  async function readVideos(
    { content: { openId } }: Post,
    read: (token: string) => Promise<Video[]>,
  ): Promise<Video[] | undefined> {
    const account = await accounts.get(openId);
    if (!account?.scopes.includes(STATS_SCOPE)) return undefined;
    try {
      return await accounts.withToken(openId, read);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      return undefined;
    }
  }

  return { follow, publicNews, readStatus };
}

export type Follower = ReturnType<typeof createFollower>;

/** Whether TikTok has announced news since it was asked. */
export const isHinted = (
  post: Exclude<Followed, { status: 'uploading' }>,
  note: PostSignals | undefined,
): boolean => (note?.hints ?? 0) > (post.hintsSeen ?? 0);

const isDraft = ({ content }: Post): boolean => content.postMode === 'MEDIA_UPLOAD';

const knownIds = (post: Post): readonly string[] => ('postIds' in post ? post.postIds : []);

const idsIn = (note: PostSignals | undefined): string[] => Object.keys(note?.publicIds ?? {});

const goneOf = (postIds: readonly string[], note: PostSignals | undefined): string[] =>
  postIds.filter((id) => isGone(note?.publicIds?.[id]));

const sameIds = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((id) => other.includes(id));

/** Limits that time lifts are waited for; everything else that may be tried again is counted. */
export function nextOf({ retry, reason, delayMs }: Advice): Next {
  if (retry === 'never') return { type: 'give_up' };
  const isLifted = reason === 'rate_limited' || isLimit(reason);
  return isLifted && delayMs !== undefined ? { type: 'hold', delayMs } : { type: 'retry' };
}

/** A status that could not be read says nothing about the post. */
export function unread(
  error: unknown,
  known: { askedAt: number; hints: number | undefined; pulledBytes: number },
): Extract<PostEvent, { type: 'status_unread' }> {
  if (!isTrouble(error)) throw error;
  const retryAfterMs = error instanceof TikTokRateLimitError ? error.retryAfterMs : undefined;
  return { type: 'status_unread', ...known, retryAfterMs };
}

/** What is TikTok's or the account's matter; everything else is a bug. */
const isTrouble = (error: unknown): boolean =>
  error instanceof TikTokApiError || error instanceof TikTokUnreachableError || error instanceof UserError;
