import { LRUCache } from 'lru-cache';
import type { Access } from '../../core/access/place-access.ts';
import type { Accounts } from '../../core/accounts/accounts.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { Draft, DraftFile } from '../../core/compose/draft.ts';
import { findEarlierPost } from '../../core/compose/earlier-post.ts';
import type { Submission } from '../../core/compose/submit.ts';
import type { MediaPreparer } from '../../core/media/prepare.ts';
import type { MediaStore } from '../../core/media/store/store.ts';
import type { StoredFile } from '../../core/media/types.ts';
import { type ChatRef, canStand, type Obstacle, wholeOf } from '../../core/people.ts';
import type { Pacing } from '../../core/publish/pacing.ts';
import {
  isSettled,
  isTakenDown,
  latestResults,
  type Post,
  type ReviewedPost,
} from '../../core/publish/post.ts';
import { readVotes } from '../../core/publish/posts.ts';
import type { PullCounts } from '../../core/publish/pull-progress.ts';
import type { ReleaseGate } from '../../core/publish/release-gate.ts';
import type { TransferChoice } from '../../core/publish/transfer/choose.ts';
import { takesVotes } from '../../core/publish/verbs.ts';
import type { Ballots } from '../../core/review/ballots.ts';
import type { Vote } from '../../core/review/review.ts';
import { createSteadyClock } from '../../core/steady-clock.ts';
import type { Store } from '../../core/storage/database.ts';
import { SCOPE_FOR } from '../../core/tiktok/oauth.ts';
import type { Uploads } from '../../core/uploads/uploads.ts';
import { placeOf, takesPart } from '../access/takes-part.ts';
import { type DraftMenu, draftCard } from '../compose/draft-card.ts';
import type { Bot, Card, Line, Picture } from '../platform.ts';
import { finalNote, type PostView, postCard, postStory } from '../posts/post-card.ts';
import { resultsNote } from '../results/result-words.ts';
import type { Downtime } from '../review/downtime.ts';
import type { Electorates, Outlook } from '../review/electorate.ts';
import type { ReactionDeliveries } from '../review/reaction-delivery.ts';
import {
  openLines,
  partedCard,
  reminderCard,
  reviewCard,
  stuckNote,
  votersLines,
} from '../review/review-card.ts';
import { handedOverCard, type ReviewPlacement } from '../text/messages.ts';
import type { Ending, Rendering } from './show-card.ts';
import { parseSubject } from './subjects.ts';

/** So many menus stay open; then the one that was drawn longest ago is closed. */
const MAX_MENUS = 1_000;
const MAX_OUTLOOKS = 500;
const OUTLOOK_MS = 30_000;

/** Looks up what a draft, the post that it became, or a review looks like now. */
export function createRenderer({
  access,
  drafts,
  posts,
  submission,
  workspaces,
  accounts,
  ballots,
  gate,
  pulls,
  transfers,
  mediaStore,
  preparer,
  uploads,
  downtime,
  reactionDelivery,
  electorates,
  botFor,
  previewUrl,
  placementOf,
  stats,
  pacing,
  now,
}: {
  access: Pick<Access, 'isAllowed'>;
  drafts: Store<Draft>;
  posts: Store<Post>;
  submission: Submission;
  workspaces: Workspaces;
  accounts: Accounts;
  ballots: Ballots;
  gate: ReleaseGate;
  pulls: PullCounts;
  transfers: Pick<TransferChoice, 'obstacle'>;
  mediaStore: MediaStore;
  preparer: Pick<MediaPreparer, 'progressOf' | 'hasFfmpeg'>;
  uploads: Pick<Uploads, 'progressOf'>;
  downtime: Downtime;
  reactionDelivery: ReactionDeliveries;
  electorates: Electorates;
  botFor: (chat: ChatRef) => Bot;
  /** The page that shows what a post would publish. */
  previewUrl: (post: Post) => string;
  /** In which chats the cards of a post's review are. */
  placementOf: (post: Post) => Promise<ReviewPlacement>;
  /** Whether how posts do is shown. */
  stats: boolean;
  pacing: Pacing;
  now: () => number;
}) {
  /** The menu that is open on a draft's card, by the draft's id. */
  const menus = new LRUCache<string, DraftMenu>({ max: MAX_MENUS });
  const outlooks = new LRUCache<string, Promise<Outlook>>({
    max: MAX_OUTLOOKS,
    ttl: OUTLOOK_MS,
    ttlResolution: 0,
    perf: { now: createSteadyClock(now) },
  });

  async function render(subject: string): Promise<Rendering | undefined> {
    const drawn = await draw(subject);
    if (drawn !== undefined) await fetchPicture(drawn.card);
    return drawn;
  }

  /** Has the picture of a card on this machine; a card is shown without one that cannot be had. */
  async function fetchPicture({ attachment }: Card): Promise<void> {
    if (attachment?.type !== 'picture') return;
    const file = await mediaStore.fetch(attachment.key).catch(() => undefined);
    file?.[Symbol.dispose]();
  }

  async function draw(subject: string): Promise<Rendering | undefined> {
    const about = parseSubject(subject);
    if ('postId' in about) {
      const post = await posts.get(about.postId);
      return post && renderReviewed(post, about.chat);
    }
    const post = await submission.latestPost(about.draftId);
    if (post?.review !== undefined) return handedOver(post);
    if (post !== undefined) return renderPost(post, post.chat, { goesOn: false });
    const draft = await drafts.get(about.draftId);
    if (draft === undefined) return undefined;
    const { chat, sentWith } = draft;
    return {
      chat,
      elsewhere: async () => others(chat, [wholeOf(chat)]),
      card: await drawDraft(draft),
      isForAll: false,
      beside: sentWith && (await isOfSameAuthor(draft, sentWith.draftId)) ? sentWith.draftId : undefined,
    };
  }

  const isOfSameAuthor = async ({ author }: Draft, otherId: string): Promise<boolean> =>
    (await drafts.get(otherId))?.author.id === author.id;

  /** The card on which it was composed leads to the card of the review, which is a message of its own. */
  const handedOver = async (post: Post): Promise<Rendering> => ({
    chat: post.chat,
    card: handedOverCard(post, await placementOf(post)),
    isForAll: false,
    isOnlyInPlace: true,
  });

  /** Where the card of a post may stand when its chat does not take it; the same people see it there. */
  async function elsewhereOf(post: Post, chat: ChatRef): Promise<readonly ChatRef[]> {
    const { review } = post;
    const home = review?.chats[0] ?? post.chat;
    const id = review === undefined ? post.workspace : placeOf(post, chat);
    const place = (await workspaces.placesOf(post.workspace)).find((one) => one.id === id);
    const first = chat === home ? post.chat : place?.chat;
    return others(chat, [first, place?.reviewChat, wholeOf(chat)]);
  }

  async function renderReviewed(post: Post, chat: ChatRef): Promise<Rendering> {
    const place = placeOf(post, chat);
    if (place !== post.workspace && !(await takesPart({ access, workspaces }, post, place)))
      return parted(chat);
    if (!takesVotes(post)) {
      const goesOn = isSettled(post) && (await submission.nextPost(post)) !== undefined;
      return renderPost(post, chat, { goesOn });
    }
    const votes = await readVotes(ballots, post);
    const { timeZone } = await workspaces.settingsOf(post.workspace);
    const { receivesReactions, heardSince } = await reactionDelivery.fetchDelivery(post, chat);
    const away = botFor(chat).fetchReactions === undefined ? downtime.awayDuring(post.createdAt) : undefined;
    const { review } = post;
    const outlook = review && (await electorates.outlookOf({ ...post, review }));
    const hasAccess = await canReach(post);
    const view = {
      post,
      chat,
      votes,
      timeZone,
      outlook,
      hasAccess,
      pacing,
      receivesReactions,
      heardSince,
      away,
      prepared: preparedPart(post),
      previewUrl: previewUrl(post),
      now: now(),
      pictureOf,
    };
    return {
      chat,
      card: reviewCard(view),
      isForAll: true,
      isLoud: true,
      isOnlyInPlace: isDisplaced(post, chat),
      marks: receivesReactions ? ['approve', 'reject'] : undefined,
      elsewhere: () => elsewhereOf(post, chat),
      ending: isReminded(post)
        ? { key: `${post.id} reminder`, card: reminderCard(view) }
        : chat === review?.chats[0]
          ? stuckEnding(post, chat, outlook)
          : undefined,
    };
  }

  /** What is left of a review in a place that is not to see more of it. */
  const parted = (chat: ChatRef): Rendering => ({
    chat,
    card: partedCard(chat),
    isForAll: true,
    isOnlyInPlace: true,
    isWithoutPicture: true,
  });

  /** `goesOn`: another post goes on where this one ended. */
  async function renderPost(post: Post, chat: ChatRef, { goesOn }: { goesOn: boolean }): Promise<Rendering> {
    const view = await viewOf(post, chat, { goesOn });
    const isHome = chat === (post.review?.chats[0] ?? post.chat) || isDisplaced(post, chat);
    const ending = isHome && !goesOn && !mayBeExplained(post, view.votes) ? finalNote(view) : undefined;
    return {
      chat,
      card: postCard(view),
      isForAll: true,
      isLoud: post.status === 'on_hold',
      isOnlyInPlace: isDisplaced(post, chat),
      elsewhere: () => elsewhereOf(post, chat),
      ending: ending && {
        key: `${post.id} ${isTakenDown(post) ? 'taken_down' : post.status}`,
        card: ending,
        callsFor: post.author,
      },
      followUp: isHome && stats ? resultsNote(post) : undefined,
    };
  }

  /** The card of a post as it is now. */
  async function drawPost(post: Post, chat: ChatRef): Promise<Card> {
    const card = postCard(await viewOf(post, chat));
    await fetchPicture(card);
    return card;
  }

  async function viewOf(post: Post, chat: ChatRef, { goesOn = false } = {}): Promise<PostView> {
    const isLeaving = post.status === 'uploading' || post.status === 'processing';
    const attempt = isLeaving ? await gate.read(post.attemptId) : undefined;
    const pull = attempt && pulls.progress(attempt);
    const hasAccess = isSettled(post) || (await canReach(post));
    const votes = await readVotes(ballots, post);
    const { timeZone } = await workspaces.settingsOf(post.workspace);
    const prepared = preparedPart(post);
    const results = stats ? latestResults(post) : undefined;
    const mayUseInbox = await allowsInbox(post);
    const pullObstacle = post.status === 'failed' ? await transfers.obstacle() : undefined;
    const view = { post, chat, votes, goesOn, hasAccess, mayUseInbox, prepared, pull, results };
    return { ...view, pullObstacle, timeZone, pacing, now: now(), pictureOf };
  }

  /** Pages ask every few seconds, and a platform is asked for each person who is named. */
  function outlookFor(post: ReviewedPost): Promise<Outlook> {
    const key = `${post.id} ${post.version}`;
    const outlook = outlooks.get(key) ?? electorates.outlookOf(post);
    if (!outlooks.has(key)) outlooks.set(key, outlook);
    return outlook;
  }

  /** How a post stands, in the words of its cards. */
  async function storyOf(post: Post): Promise<PostStory> {
    const view = await viewOf(post, post.review?.chats[0] ?? post.chat);
    const { review } = post;
    // How a review ended is among the lines.
    if (review === undefined || !takesVotes(post)) return { ...postStory(view), votes: [] };
    const outlook = await outlookFor({ ...post, review });
    const lines = [...openLines({ ...view, outlook }), ...votersLines(view)];
    return { headline: 'Waiting for approval', lines, votes: view.votes };
  }

  /** Whether the account of a post that could go to the inbox instead has granted that. */
  async function allowsInbox({ status, content }: Post): Promise<boolean> {
    if (status !== 'on_hold' && status !== 'failed') return true;
    const account = await accounts.get(content.openId);
    return account === undefined || account.scopes.includes(SCOPE_FOR.MEDIA_UPLOAD);
  }

  /** How far the one file is that takes long. */
  function preparedPart({ status, content: { sources } }: Post): number | undefined {
    const [source, ...more] = sources;
    if (status !== 'preparing' || source === undefined || more.length > 0) return undefined;
    return preparer.progressOf(source.file, source.use);
  }

  /** Whether the account is there to post to, or for what TikTok has already, to be asked about. */
  async function canReach({ status, workspace, content }: Post): Promise<boolean> {
    if (status !== 'uploading' && status !== 'processing') return accounts.isConnected(workspace, content);
    const account = await accounts.get(content.openId);
    return account !== undefined && !account.expired;
  }

  async function drawDraft(draft: Draft): Promise<Card> {
    const shared = await accounts.list(draft.workspace);
    const { policy, timeZone } = await workspaces.settingsOf(draft.workspace);
    const menu = menus.get(draft.id);
    const obstacle = policy.approvals === 0 ? await fetchObstacle(draft.chat) : undefined;
    const earlier = menu === undefined ? await findEarlierPost({ posts, workspaces, now }, draft) : undefined;
    const view = { draft, accounts: shared, policy, timeZone, earlier, now: now(), pictureOf, menu };
    return draftCard({ ...view, obstacle, progressOf, hasFfmpeg: preparer.hasFfmpeg() });
  }

  /** How far the work on a file is. */
  function progressOf(file: DraftFile): number | undefined {
    if (file.state === 'waiting') return uploads.progressOf(file.ref);
    return file.state === 'stored' ? preparer.progressOf(file.source, file.use) : undefined;
  }

  /** What will keep the card of a post from the chat in which it is composed out of everybody's sight. */
  async function fetchObstacle(chat: ChatRef): Promise<Obstacle | undefined> {
    const bot = botFor(chat);
    const obstacle = bot.composesInPrivate ? await bot.fetchObstacle(chat) : undefined;
    return obstacle === undefined || canStand(obstacle) ? undefined : obstacle;
  }

  /** Has the card of a draft drawn with this menu open, or with none; which one was open before. */
  function setMenu(draftId: string, menu: DraftMenu | undefined): DraftMenu | undefined {
    const before = menus.get(draftId);
    menus.set(draftId, menu);
    return before;
  }

  function pictureOf(file: StoredFile): Picture {
    return { type: 'picture', key: file.key, path: mediaStore.path(file) };
  }

  return { render, drawPost, storyOf, setMenu };
}

/** How a post stands: for those who do not see its card. */
interface PostStory {
  readonly headline: string;
  readonly lines: readonly Line[];
  /** Those that stand while it can be voted on. */
  readonly votes: readonly Vote[];
}

/** The chats that are there and not this one, each once. */
const others = (chat: ChatRef, chats: readonly (ChatRef | undefined)[]): ChatRef[] =>
  [...new Set(chats)].filter((one) => one !== undefined).filter((one) => one !== chat);

/** Said in a message of its own where it comes to that after the card: the card does not call anybody when it changes. */
function stuckEnding(post: Post, chat: ChatRef, outlook: Outlook | undefined): Ending | undefined {
  if (outlook?.isApprovable !== false) return undefined;
  const card = stuckNote(post, chat, outlook);
  return { key: `${post.id} stuck`, card, callsFor: post.author, isSaidByCard: true };
}

const isReminded = (post: Post): boolean => post.status === 'in_review' && post.isReminded === true;

/** Whether a reason may still come for a rejection, so that its author is not called without it. */
const mayBeExplained = (post: Post, votes: readonly Vote[]): boolean =>
  post.status === 'rejected' &&
  post.callsAt !== undefined &&
  !votes.some(({ reason }) => reason !== undefined);

/** Whether the review of a post has a card here only because it could not be shown where it belongs. */
const isDisplaced = ({ review }: Post, chat: ChatRef): boolean =>
  review !== undefined && !review.chats.includes(chat);
