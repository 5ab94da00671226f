import { setImmediate as others } from 'node:timers/promises';
import { type ChatRef, isWithin, type Person } from '../people.ts';
import type { Ballots } from '../review/ballots.ts';
import type { Vote } from '../review/review.ts';
import type { Search, Store } from '../storage/database.ts';
import {
  fileIndexOf,
  isReviewed,
  type Likeness,
  type Post,
  type PostIn,
  type PostStatus,
  votesOn,
} from './post.ts';

// Posts are kept for a year, so they are found by index and never by reading all of them. One that is under way has no
// `settledAt`; these are few.

/** So many tries of one content are looked at. */
const MAX_ALIKE = 50;
const DAY_MS = 24 * 3_600_000;
/** Drafts that are older are hardly finished any more. */
const OLD_DRAFT_MS = 30 * DAY_MS;

type Posts = Pick<Store<Post>, 'find'>;

/** Gives posts that were taken back their own status; until version 0.1 they were cancelled ones with a mark. */
export async function upgradeWithdrawn(posts: Pick<Store<Post>, 'find' | 'update'>): Promise<void> {
  for (const [id] of await posts.find({ by: 'isWithdrawn' })) {
    await posts.update(id, (post) => {
      const { isWithdrawn: _, isShutOut: __, ...rest } = post as Post & Marks;
      return { ...rest, status: 'withdrawn' } as PostIn<'withdrawn'>;
    });
  }
}

interface Marks {
  readonly isWithdrawn?: true;
  readonly isShutOut?: true;
}

const search = async (posts: Posts, wanted: Search): Promise<Post[]> =>
  (await posts.find(wanted)).map(([, post]) => post);

/** So many are in memory at once, and looked at before other work has its turn. */
const PAGE = 25;

/** All posts under way, page by page, with other work in between: there may be thousands. */
export async function* eachUnderWay(posts: Posts): AsyncGenerator<Post, void> {
  let after = '';
  for (;;) {
    const page = await posts.find({ without: 'settledAt', limit: PAGE, after });
    for (const [, post] of page) yield post;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    [after] = last;
    await others();
  }
}

/** The posts under way that were submitted in a place. */
export const underWayIn = (posts: Posts, workspace: string): Promise<Post[]> =>
  search(posts, { where: { workspace }, without: 'settledAt' });

/** The posts under way to an account. */
export const underWayTo = (posts: Posts, openId: string): Promise<Post[]> =>
  search(posts, { where: { 'content.openId': openId }, without: 'settledAt' });

/** The posts of a place to an account that have the same files, or the same caption, newest first. */
export const alikeIn = (
  posts: Posts,
  workspace: string,
  {
    openId,
    likeness,
    by,
  }: { readonly openId: string; readonly likeness: Likeness; readonly by: keyof Likeness },
): Promise<Post[]> => {
  const hash = likeness[by];
  if (hash === undefined) return Promise.resolve([]);
  const where = { workspace, 'content.openId': openId, [`likeness.${by}`]: hash };
  return search(posts, { where, by: 'createdAt', newestFirst: true, limit: MAX_ALIKE });
};

/** The posts of a place that its people decided about last, the newest first. */
export const lastDecidedIn = (posts: Posts, workspace: string, limit: number): Promise<Post[]> =>
  search(posts, { where: { workspace }, by: 'review.decision.at', newestFirst: true, limit });

/** The votes that count in the review of a post as its ballot is now; none where there is no review. */
export const readVotes = async (ballots: Pick<Ballots, 'read'>, post: Post): Promise<readonly Vote[]> =>
  isReviewed(post) ? votesOn(post, await ballots.read(post.id)) : [];

/** The posts under way whose reviews stand in a chat, in whichever of its topics. */
export async function reviewsIn(posts: Posts, chat: ChatRef): Promise<Post[]> {
  const found: Post[] = [];
  for await (const post of eachUnderWay(posts))
    if (post.review?.chats.some((one) => isWithin(one, chat))) found.push(post);
  return found;
}

/** The last posts of these places together, newest first. */
export async function recentIn(posts: Posts, workspaces: readonly string[], limit: number): Promise<Post[]> {
  const found = await Promise.all(
    [...new Set(workspaces)].map((workspace) =>
      search(posts, { where: { workspace }, by: 'createdAt', newestFirst: true, limit }),
    ),
  );
  return found
    .flat()
    .sort((a, b) => b.createdAt - a.createdAt)
    .slice(0, limit);
}

/**
 * What may have gone live of an account within a day of a time (epoch milliseconds): people finish a draft when they like, and
 * nobody knows of what stayed unconfirmed.
 */
export async function livePostsAround(posts: Posts, openId: string, at: number): Promise<Post[]> {
  const settled = (status: PostStatus, from: number) =>
    search(posts, {
      where: { 'content.openId': openId, status },
      by: 'settledAt',
      from,
      below: at + DAY_MS,
    });
  const found = await Promise.all([
    settled('published', at - DAY_MS),
    settled('in_inbox', at - OLD_DRAFT_MS),
    settled('unconfirmed', at - OLD_DRAFT_MS),
  ]);
  return found.flat();
}

/** The posts that TikTok is to be asked about at some time, settled ones among them. */
export const withNextCheck = async (posts: Posts): Promise<Post[]> => [
  ...(await search(posts, { by: 'nextCheckAt' })),
  ...(await search(posts, { by: 'nextResultsAt' })),
];

/** A page of the posts of an account whose numbers are to be read before this time (epoch milliseconds), earliest first. */
export const looksDueTo = (
  posts: Posts,
  openId: string,
  below: number,
  page: { readonly limit: number; readonly offset: number },
): Promise<Post[]> =>
  search(posts, { where: { 'content.openId': openId }, by: 'nextResultsAt', below, ...page });

/** A page of the posts of an account that have numbers, of which the oldest are older than this (epoch milliseconds). */
export const withResultsOf = (
  posts: Posts,
  openId: string,
  below: number,
  page: { readonly limit: number; readonly offset: number },
): Promise<Post[]> =>
  search(posts, { where: { 'content.openId': openId }, by: 'results[0].at', below, ...page });

/** The last posts of a place that went live, the newest first. */
export async function liveIn(
  posts: Posts,
  workspace: string,
  range: Pick<Search, 'from' | 'below' | 'limit'>,
): Promise<PostIn<'published'>[]> {
  const where = { workspace, status: 'published' };
  const found = await search(posts, { ...range, where, by: 'settledAt', newestFirst: true });
  return found.filter((post) => post.status === 'published');
}

/** The post that went live last; undefined where none has. */
export async function lastPublished(posts: Posts): Promise<PostIn<'published'> | undefined> {
  const found = await search(posts, {
    where: { status: 'published' },
    by: 'settledAt',
    newestFirst: true,
    limit: 1,
  });
  return found.find((post) => post.status === 'published');
}

/** The posts that settled at this time (epoch milliseconds) or later, page by page, with other work in between. */
export async function* eachSettledSince(posts: Posts, from: number): AsyncGenerator<Post, void> {
  for (let offset = 0; ; offset += PAGE) {
    const page = await search(posts, { by: 'settledAt', from, limit: PAGE, offset });
    yield* page;
    if (page.length < PAGE) return;
    await others();
  }
}

/** The posts in one of these statuses that settled at this time (epoch milliseconds) or later, by status. */
export async function endedSince(
  posts: Posts,
  statuses: readonly PostStatus[],
  from: number,
): Promise<Post[]> {
  const found: Post[] = [];
  for (const status of statuses)
    found.push(...(await search(posts, { where: { status }, by: 'settledAt', from })));
  return found;
}

/** A page of the posts that settled before this time (epoch milliseconds), oldest first. */
export const settledBefore = (
  posts: Posts,
  below: number,
  page: { readonly limit: number; readonly offset: number },
): Promise<Post[]> => search(posts, { by: 'settledAt', below, ...page });

/** How many of a person's posts are looked at for one that came from a message: people edit for two days. */
const RECENT = 50;

/** The latest post of a person that came from a message of theirs; undefined where none did. */
export async function postFrom(
  posts: Posts,
  { chat, person, messageId }: { chat: ChatRef; person: Person; messageId: string },
): Promise<Post | undefined> {
  const theirs = { where: { 'author.id': person.id }, by: 'createdAt', newestFirst: true, limit: RECENT };
  return (await search(posts, theirs)).find(
    (post) =>
      post.chat === chat &&
      post.messages?.some((message) => fileIndexOf(message.messageId, messageId) !== undefined),
  );
}

/** A draft's post and all that went on where it had ended, oldest first. */
export const postsOfDraft = (posts: Posts, draftId: string): Promise<Post[]> =>
  search(posts, { where: { draftId }, by: 'createdAt' });
