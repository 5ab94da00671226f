import type { Accounts } from '../accounts/accounts.ts';
import { type Cluster, createSoleCluster } from '../cluster/cluster.ts';
import type { LimitCount, Post, PostIn } from '../publish/post.ts';
import type { Publish } from '../publish/signals.ts';
import type { Store, Versioned } from '../storage/database.ts';
import type { Calls, TikTokClient } from '../tiktok/client.ts';
import type { PostMode } from '../tiktok/types.ts';
import {
  CAPS,
  type Count,
  capOf,
  forgottenAt,
  isLimit,
  type Learned,
  type Limit,
  opensAt,
  WINDOW_MS,
} from './limits.ts';

/** What a refusal of TikTok's has taught. */
export type Lesson = Learned & Versioned;

/** A post that goes to TikTok, which may not have taken it yet. */
export interface GoingPost extends Versioned {
  readonly openId: string;
  readonly postMode: PostMode;
  /** Since when (epoch milliseconds). */
  readonly at: number;
}

/** How much of a limit is used. */
export interface Meter {
  readonly used: number;
  readonly cap: number;
  /** When TikTok refused more than that; absent for the usual limit. */
  readonly learnedAt?: number | undefined;
  /** When there is room again; absent where there is some. */
  readonly opensAt?: number | undefined;
}

/** What is used of the limits of one account. */
export interface AccountQuota {
  /** Direct posts of the last day by this Nod; other apps' posts count at TikTok too. */
  readonly posts: Meter;
  /** Drafts of the last day that nobody has finished in the TikTok inbox. */
  readonly inbox: Meter;
  /** Of the last minute. */
  readonly calls: Calls;
  /** Posts that a limit holds back, and when the first of them goes on. */
  readonly waiting?: { readonly count: number; readonly nextAt: number } | undefined;
}

/** How many accounts have posted in a day. */
export interface CreatorQuota extends Meter {
  /** TikTok has said that it has not audited the app. */
  readonly isUnaudited: boolean;
}

/** What holds a post back. */
interface Held {
  readonly limit: Limit;
  readonly count: LimitCount;
}

/** A post in the line. */
interface Waiting {
  readonly id: string;
  readonly openId: string;
  readonly limit: Limit;
  /** Since when it may publish. */
  readonly since: number;
  readonly goesAt: number;
}

/** By their ids. */
type GoingPosts = ReadonlyMap<string, Pick<GoingPost, 'openId' | 'postMode'>>;

/** Longer than TikTok's answer is waited for. */
const LONGEST_GOING_MS = 2 * 60_000;
/** Posts behind those need not know at once that they can go sooner. */
const MAX_WOKEN = 20;
const UNAUDITED = 'unaudited';
const AUDITED = 'audited';
const CREATORS = 'creators';
/** Under which way of posting an account's own limits count. */
const LIMIT_OF = { DIRECT_POST: 'daily_post_limit', MEDIA_UPLOAD: 'pending_inbox_limit' } as const;

/** Counts what is used of TikTok's limits, so that what would be refused is not sent. */
export function createQuotas({
  publishes,
  posts,
  lessons,
  accounts,
  client,
  cluster = createSoleCluster(),
  going: sharedGoing,
  now,
}: {
  publishes: Pick<Store<Publish>, 'find' | 'update'>;
  posts: Pick<Store<Post>, 'get' | 'find'>;
  lessons: Store<Lesson>;
  accounts: Pick<Accounts, 'get' | 'accessToken'>;
  client: Pick<TikTokClient, 'callsOf'>;
  cluster?: Pick<Cluster, 'isShared' | 'exclusively'> | undefined;
  /** Where several processes note what goes; one alone has no need of it. */
  going: Store<GoingPost>;
  now: () => number;
}) {
  /** The posts that wait for room: read once, and then known from what is heard. */
  const line = new Map<string, Waiting>();
  let isLineRead = false;
  let lineRead: Promise<void> | undefined;
  /** Of which something was heard before. */
  const heardOf = new Set<string>();
  /** The posts that go to TikTok, which may not have taken them yet. */
  const ownGoing = new Map<string, Omit<GoingPost, 'version'>>();

  /**
   * Which limit holds a post back and until when (epoch milliseconds); undefined where there is room.
   *
   * One look at an account after the other, so that of many posts that are due at once no more go than there is room for.
   */
  const holdBack = (post: PostIn<'queued'>): Promise<Held | undefined> =>
    cluster.exclusively(`quotas ${post.content.openId}`, () => look(post));

  async function look(post: PostIn<'queued'>): Promise<Held | undefined> {
    await noteGone(post.id);
    const held = await heldByAccount(post);
    if (held !== undefined || !(await isOneMoreCreator(post))) return note(post, held);
    return cluster.exclusively('quotas', async () => note(post, await heldByApp(post)));
  }

  /** Notes what has come of a look before the next one. */
  async function note(post: PostIn<'queued'>, held: Held | undefined): Promise<Held | undefined> {
    if (held === undefined) {
      line.delete(post.id);
      await noteGoing(post);
    } else line.set(post.id, waitingOf(post, held.limit, held.count.opensAt));
    return held;
  }

  async function noteGoing({ id, content: { openId, postMode } }: Post): Promise<void> {
    const goingPost = { openId, postMode, at: now() };
    ownGoing.set(id, goingPost);
    if (cluster.isShared) await sharedGoing.upsert(id, () => goingPost);
  }

  async function noteGone(postId: string): Promise<void> {
    if (ownGoing.delete(postId) && cluster.isShared) await sharedGoing.delete(postId);
  }

  /** The posts of an account, or all, that go to TikTok; what a process that died has left counts until TikTok would have answered. */
  async function readGoing(openId?: string): Promise<GoingPosts> {
    if (!cluster.isShared) return ownGoing;
    const found = new Map<string, GoingPost>();
    const noted =
      openId === undefined ? sharedGoing.entries() : await sharedGoing.find({ where: { openId } });
    for await (const [id, goingPost] of noted) {
      if (ownGoing.has(id) || Math.abs(now() - goingPost.at) < LONGEST_GOING_MS) found.set(id, goingPost);
      else await sharedGoing.delete(id);
    }
    return found;
  }

  /** Is told of every post that was saved; whether it has left the line, so that others move up. */
  function heard(post: Post): boolean {
    if (!isLineRead) heardOf.add(post.id);
    // Where that fails, it counts for some time more.
    if (post.status !== 'submitting') noteGone(post.id).catch(() => {});
    const waiting = waitingIn(post);
    if (waiting === undefined) return line.delete(post.id);
    line.set(post.id, waiting);
    return false;
  }

  function readLine(): Promise<void> {
    lineRead ??= findWaiting()
      .then((found) => {
        for (const waiting of found) if (!heardOf.has(waiting.id)) line.set(waiting.id, waiting);
        heardOf.clear();
        isLineRead = true;
      })
      .finally(() => {
        if (!isLineRead) lineRead = undefined;
      });
    return lineRead;
  }

  async function findWaiting(openId?: string): Promise<Waiting[]> {
    const where = openId === undefined ? {} : { 'content.openId': openId };
    const found = await posts.find({ where, by: 'wait.limit.opensAt', without: 'settledAt' });
    return found.flatMap(([, post]) => waitingIn(post) ?? []);
  }

  async function heldByAccount(post: PostIn<'queued'>): Promise<Held | undefined> {
    const { openId, postMode } = post.content;
    const limit = LIMIT_OF[postMode];
    const count = await countFor(post, limit, await readGoing(openId));
    return count.opensAt > now() ? { limit, count } : undefined;
  }

  /** Whether it is known how many accounts may post, and this one has not in the last day. */
  async function isOneMoreCreator({ content: { openId, postMode } }: PostIn<'queued'>): Promise<boolean> {
    if (postMode !== 'DIRECT_POST' || !(await isCreatorCapKnown())) return false;
    return (await accepted(postMode, { openId })).length === 0;
  }

  async function heldByApp(post: PostIn<'queued'>): Promise<Held | undefined> {
    const count = await countFor(post, 'app_creator_cap', await readGoing());
    return count.opensAt > now() ? { limit: 'app_creator_cap', count } : undefined;
  }

  /** Remembers that TikTok has refused a post because of a limit; how that limit is used, and when there is room again. */
  async function learn(post: Post, limit: Limit): Promise<LimitCount> {
    const { taken } = await countOf(limit, post.content.openId, post.id);
    const lesson = { cap: taken.length, at: now() };
    await lessons.upsert(keyOf(limit, post.content.openId), () => lesson);
    // With more accounts than that the app is audited, and has another limit.
    if (limit === 'app_creator_cap' && lesson.cap <= CAPS.app_creator_cap) await learnUnaudited();
    const count = await countFor(post, limit);
    return { ...count, opensAt: Math.max(count.opensAt, now() + 60_000) };
  }

  /** Remembers that TikTok has not audited this app. */
  async function learnUnaudited(): Promise<void> {
    await lessons.upsert(UNAUDITED, () => ({ cap: CAPS.app_creator_cap, at: now() }));
  }

  /** Forgets that the app is not audited once a public post has gone through. */
  async function follow(post: Post): Promise<void> {
    const { postMode, settings } = post.content;
    const isPublic = postMode === 'DIRECT_POST' && settings.privacyLevel === 'PUBLIC_TO_EVERYONE';
    if (post.status !== 'published' || !isPublic) return;
    const lesson = await lessons.get(UNAUDITED);
    if (lesson !== undefined && lesson.at < post.settledAt) await lessons.delete(UNAUDITED);
    const audited = await lessons.get(AUDITED);
    if (audited === undefined)
      await lessons.create(AUDITED, { cap: CAPS.app_creator_cap, at: post.settledAt });
  }

  /** The posts of an account that a limit holds back, in the order in which they go on. */
  const heldOf = async (openId: string): Promise<Pick<Post, 'id'>[]> =>
    (await waitingFor({ openId })).slice(0, MAX_WOKEN);

  /** What is used of the limits of an account. */
  async function read(openId: string): Promise<AccountQuota> {
    const times = (await waitingFor({ openId })).map(({ goesAt }) => goesAt);
    return {
      posts: meterOf(await countOf('daily_post_limit', openId)),
      inbox: meterOf(await countOf('pending_inbox_limit', openId)),
      calls: await client.callsOf(await tokenInUse(openId)),
      waiting: times.length === 0 ? undefined : { count: times.length, nextAt: Math.min(...times) },
    };
  }

  /** How many accounts have posted in a day; undefined as long as no limit of theirs is known. */
  async function readCreators(): Promise<CreatorQuota | undefined> {
    if (!(await isCreatorCapKnown())) return undefined;
    const isUnaudited = await isKnownUnaudited(lessons);
    return { ...meterOf(await countOf('app_creator_cap')), isUnaudited };
  }

  /** Deletes what counts no more. */
  async function sweep(): Promise<void> {
    // Which deletes what processes that died have left.
    await readGoing();
    for await (const [key, lesson] of lessons.entries())
      if (key !== UNAUDITED && key !== AUDITED && forgottenAt(lesson) <= now()) await lessons.delete(key);
  }

  /** `others` go to TikTok as well. */
  async function countFor(post: Post, limit: Limit, others: GoingPosts = new Map()): Promise<LimitCount> {
    const { openId } = post.content;
    const isOfApp = limit === 'app_creator_cap';
    const count = await countOf(limit, openId, post.id, others);
    const waiting = await waitingFor({ limit, openId: isOfApp ? undefined : openId });
    const own = { id: post.id, since: sinceOf(post) };
    const before = waiting.filter((other) => other.id !== post.id && inTurn(other, own) < 0);
    const accounts = new Set(before.map((other) => other.openId).filter((other) => other !== openId));
    const ahead = isOfApp ? accounts.size : before.length;
    const cap = capOf(count, now());
    return {
      used: count.taken.length,
      cap: Number.isFinite(cap) ? cap : count.taken.length,
      isLearned: cap < count.cap || undefined,
      ahead: ahead || undefined,
      opensAt: opensAt({ ...count, ahead }, now()),
    };
  }

  /** What counts towards a limit now but for one post; towards the limit of accounts, all others. */
  async function countOf(
    limit: Limit,
    openId?: string,
    except?: string,
    others: GoingPosts = new Map(),
  ): Promise<Count> {
    const learned = await lessonOf(keyOf(limit, openId));
    if (limit !== 'app_creator_cap') {
      const postMode = limit === 'daily_post_limit' ? 'DIRECT_POST' : 'MEDIA_UPLOAD';
      const taken = await accepted(postMode, { openId, except, others });
      return { taken: taken.map(({ at }) => at), cap: CAPS[limit], learned };
    }
    const cap = (await lessons.get(UNAUDITED)) === undefined ? Infinity : CAPS.app_creator_cap;
    // An account counts as long as its last post does.
    const last = new Map((await accepted('DIRECT_POST', { others })).map((one) => [one.openId, one.at]));
    if (openId !== undefined) last.delete(openId);
    return { taken: [...last.values()], cap, learned };
  }

  /** Whether TikTok has refused an account because there were too many, or because nobody has audited the app. */
  async function isCreatorCapKnown(): Promise<boolean> {
    if ((await lessons.get(UNAUDITED)) !== undefined) return true;
    const learned = await lessonOf(CREATORS);
    return learned !== undefined && now() < forgottenAt(learned);
  }

  /** What TikTok took in the last day and has not come to nothing, oldest first; a finished draft is no draft any more. */
  async function accepted(
    postMode: PostMode,
    {
      openId,
      except,
      others = new Map(),
    }: {
      openId?: string | undefined;
      except?: string | undefined;
      others?: GoingPosts | undefined;
    } = {},
  ): Promise<{ openId: string; at: number }[]> {
    const where = openId === undefined ? { postMode } : { openId, postMode };
    const found = await publishes.find({ where, by: 'at', from: now() - WINDOW_MS + 1 });
    const counted: { openId: string; at: number }[] = [];
    const yetToCome = new Map(others);
    for (const [publishId, publish] of found) {
      if (publish.at === undefined || publish.openId === undefined || publish.postId === except) continue;
      const post = await posts.get(publish.postId);
      if (post === undefined || !counts(post, publishId, publish.at)) continue;
      counted.push({ openId: publish.openId, at: await pastTime(publish.at, publishes, publishId) });
      yetToCome.delete(post.id);
    }
    for (const other of yetToCome.values())
      if (other.postMode === postMode && (openId === undefined || other.openId === openId))
        counted.push({ openId: other.openId, at: now() });
    return counted;
  }

  async function lessonOf(key: string): Promise<Lesson | undefined> {
    const lesson = await lessons.get(key);
    return lesson && { ...lesson, at: await pastTime(lesson.at, lessons, key) };
  }

  /** A time that lies ahead of a clock that was set back would count for too long: it becomes now, for good. */
  async function pastTime<V extends Versioned & { readonly at?: number | undefined }>(
    at: number,
    store: Pick<Store<V>, 'update'>,
    key: string,
  ): Promise<number> {
    if (at <= now()) return at;
    const past = now();
    await store.update(key, (record) => ({ ...record, at: past }));
    return past;
  }

  /** The posts that wait for a limit, in the order in which they go on. */
  async function waitingFor(of: { openId?: string | undefined; limit?: Limit }): Promise<Waiting[]> {
    await readLine();
    // Of posts that another process holds back nothing is heard here.
    return (cluster.isShared ? await findWaiting(of.openId) : [...line.values()])
      .filter(({ openId }) => of.openId === undefined || openId === of.openId)
      .filter(({ limit }) => of.limit === undefined || limit === of.limit)
      .sort(inTurn);
  }

  /** The token with which the account's calls are made now; one that has ended has made none in the last minute. */
  async function tokenInUse(openId: string): Promise<string | undefined> {
    const account = await accounts.get(openId);
    const isInUse = account !== undefined && !account.expired && account.accessExpiresAt - 120_000 > now();
    return isInUse ? accounts.accessToken(openId).catch(() => undefined) : undefined;
  }

  const meterOf = (count: Count): Meter => {
    const cap = capOf(count, now());
    const at = opensAt(count, now());
    return {
      used: count.taken.length,
      cap,
      learnedAt: cap < count.cap ? count.learned?.at : undefined,
      opensAt: at > now() ? at : undefined,
    };
  };

  return { holdBack, heard, learn, learnUnaudited, follow, heldOf, read, readCreators, sweep };
}

export type Quotas = ReturnType<typeof createQuotas>;

/** Whether TikTok has refused a post because it has not audited the app, and let none through since. */
export const isKnownUnaudited = async (lessons: Pick<Store<Lesson>, 'get'>): Promise<boolean> =>
  (await lessons.get(UNAUDITED)) !== undefined;

/** Whether TikTok has ever let a public post through, as it does for audited apps alone. */
export const isKnownAudited = async (lessons: Pick<Store<Lesson>, 'get'>): Promise<boolean> =>
  (await lessons.get(AUDITED)) !== undefined;

const keyOf = (limit: Limit, openId = ''): string =>
  limit === 'app_creator_cap' ? CREATORS : `${limit} ${openId}`;

/** Since when a post may publish. */
const sinceOf = ({ readyAt, createdAt }: Post): number => readyAt ?? createdAt;

function waitingOf(post: Post, limit: Limit, goesAt: number): Waiting {
  return { id: post.id, openId: post.content.openId, limit, since: sinceOf(post), goesAt };
}

function waitingIn(post: Post): Waiting | undefined {
  if (post.status !== 'queued' || post.wait?.limit === undefined) return undefined;
  const { reason } = post.wait;
  return isLimit(reason) ? waitingOf(post, reason, post.notBefore) : undefined;
}

/** Who may publish first goes first. */
const inTurn = (a: Pick<Waiting, 'id' | 'since'>, b: Pick<Waiting, 'id' | 'since'>): number =>
  a.since - b.since || (a.id < b.id ? -1 : 1);

/** Whether a publish counts towards a limit, as its post is now; what failed, or was cancelled, does not. */
function counts(post: Post, publishId: string, at: number): boolean {
  switch (post.status) {
    // TikTok has just accepted it, and the post does not say so yet.
    case 'submitting':
      return at >= post.since;
    case 'uploading':
    case 'processing':
    case 'in_inbox':
    case 'unconfirmed':
      return post.publishId === publishId;
    case 'published':
      return post.publishId === publishId && post.content.postMode === 'DIRECT_POST';
    default:
      return false;
  }
}
