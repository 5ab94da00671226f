import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Accounts } from '../accounts/accounts.ts';
import type { Workspaces } from '../accounts/workspaces.ts';
import type { PreparedMedia } from '../media/types.ts';
import { type AccountName, type ChatRef, canStand, type Obstacle, type Person } from '../people.ts';
import { UserError } from '../problems.ts';
import {
  hashContent,
  isPosted,
  isSettled,
  type Likeness,
  likenessOf,
  mayAppear,
  type Post,
  type PostContent,
  type PostMessage,
  type PostReview,
  type PostStatus,
  whatWaits,
} from '../publish/post.ts';
import type { Signals } from '../publish/signals.ts';
import { APPLIES, applies, checkApplies, notNow, nowOf } from '../publish/verbs.ts';
import type { Fresh, Store } from '../storage/database.ts';
import type { RandomIds } from '../storage/random-ids.ts';
import { SCOPE_FOR } from '../tiktok/oauth.ts';
import type { PostMode, PrivacyLevel } from '../tiktok/types.ts';
import {
  canGoOn,
  chosenAccount,
  contentOf,
  type Draft,
  type DraftFile,
  plannedAt,
  problemsOf,
  UNDECIDED,
  usableFiles,
  versionOf,
} from './draft.ts';
import type { Composer } from './drafts.ts';
import type { Intake } from './intake.ts';
import { openDraftsUntouchedSince } from './open-drafts.ts';
import { takesTexts } from './typed-texts.ts';

const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000;
/** A draft of which nothing can be posted. */
const USELESS_AFTER_MS = 3_600_000;

/** What a post waits for before it may be published. */
export interface Plan {
  readonly review?: PostReview | undefined;
  readonly publishAt?: number | undefined;
}

/** Why a draft that lay there was deleted: nobody touched it for a week, or nothing of it can be posted. */
export type DropReason = 'abandoned' | 'useless';

/** Turns drafts into posts. */
export function createSubmission({
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
  takeBackMs,
  now,
  log,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  randomIds: RandomIds;
  composer: Composer;
  intake: Intake;
  workspaces: Workspaces;
  /** What would keep a card out of a chat. */
  fetchObstacle: (chat: ChatRef) => Promise<Obstacle | undefined>;
  /** Tells that there is a post; it must not throw and is not waited for. */
  announce: (post: Post) => void;
  /** Ends what is done for a draft that is gone, and lets its files go. */
  discarded: (draft: Draft) => void;
  /** Tells that an open draft was deleted because it lay there; it must not throw. */
  dropped: (draftId: string, why: DropReason) => void;
  wake: (postId: string) => void;
  /** How long a post waits, so that it can still be cancelled. */
  takeBackMs: number;
  now: () => number;
  log: Logger;
}) {
  /**
   * Makes the draft a post, which carries its id: doing it twice never makes two.
   *
   * @throws UserError naming the first thing that is missing; `draft_changed` where it is not what the person has seen.
   */
  async function submit(
    id: string,
    person: Person,
    postMode: PostMode,
    isAsSeen: (draft: Draft) => boolean = () => true,
  ): Promise<Post> {
    const draft = await composer.own(id, person);
    if (!isAsSeen(draft)) throw new UserError({ code: 'draft_changed' });
    await checkReviewIsSeen(draft);
    const [problem] = problemsOf(draft, postMode);
    if (problem !== undefined) throw new UserError(problem);
    const publishAt = plannedAt(draft);
    if (publishAt !== undefined && publishAt <= now()) throw new UserError({ code: 'when_past' });
    const account = chosenAccount(draft);
    if (account !== undefined) await checkShares(draft, account);
    // Only the draft that was checked is submitted: a file that joined meanwhile makes this write fail.
    const submitted = await drafts.replace(id, draft, { ...draft, submitted: { postMode, at: now() } });
    return submitted === undefined ? submit(id, person, postMode, isAsSeen) : savePost(submitted);
  }

  /**
   * What is not known is found out when the card is sent.
   *
   * @throws UserError `review_unseen` where no chat would take the card of the review.
   */
  async function checkReviewIsSeen({ workspace, chat }: Draft): Promise<void> {
    const { review } = await planOf({ workspace, chat });
    if (review === undefined) return;
    let first: { chat: ChatRef; obstacle: Obstacle } | undefined;
    for (const one of new Set([...review.chats, chat])) {
      const obstacle = await fetchObstacle(one).catch(() => undefined);
      if (obstacle === undefined || canStand(obstacle)) return;
      first ??= { chat: one, obstacle };
    }
    if (first !== undefined)
      throw new UserError({ code: 'review_unseen', ...first, isHere: first.chat === chat });
  }

  async function savePost(draft: Draft): Promise<Post> {
    const account = chosenAccount(draft);
    if (draft.submitted === undefined || account === undefined)
      throw new Error('The draft is not submitted.');
    const { postMode, at } = draft.submitted;
    const content = contentOf(draft, postMode);
    const files = usableFiles(draft);
    const media = files.flatMap((file) => (file.state === 'ready' ? [file.media] : []));
    const { nickname, username } = account;
    const { workspace, chat } = draft;
    const plan = await planOf({ workspace, chat, publishAt: plannedAt(draft) });
    const isPrepared = media.length === files.length;
    // A photo stands for itself; the picture of a video has to be drawn before anybody approves it.
    const isSeen = draft.preview !== undefined || content.kind === 'photo';
    const post = await save({
      id: draft.id,
      workspace,
      chat,
      author: draft.author,
      draftId: draft.id,
      messages: messagesOf(draft),
      account: { nickname, username },
      preview: draft.preview,
      content,
      contentHash: hashContent(content),
      likeness: likenessIn(content),
      createdAt: at,
      attempts: 0,
      retries: 0,
      ...plan,
      ...(isPrepared && isSeen
        ? { media, ...whatWaits(plan, at, { earliest: at + takeBackMs }) }
        : { media: isPrepared ? media : undefined, status: 'preparing' }),
    });
    await drafts.delete(draft.id);
    return post;
  }

  /** @throws UserError when the account has left the place, or the place has left those that share it. */
  async function checkShares(
    { workspace }: { workspace: string },
    { openId, username, nickname }: AccountName & { openId: string },
  ): Promise<void> {
    if ((await workspaces.openIdsOf(workspace)).includes(openId)) return;
    throw new UserError({ code: 'account_disconnected', username: username ?? nickname });
  }

  /** Whose approval and which time the post waits for. */
  async function planOf(from: {
    workspace: string;
    chat: ChatRef;
    publishAt?: number | undefined;
  }): Promise<Plan> {
    const { workspace, chat, publishAt } = from;
    const { policy } = await workspaces.settingsOf(workspace);
    const isReviewed = policy.approvals > 0;
    return {
      review: isReviewed ? { policy, ...(await workspaces.reviewPlacesOf(workspace, chat)) } : undefined,
      publishAt: publishAt !== undefined && publishAt > now() ? publishAt : undefined,
    };
  }

  /** Saves a post unless it was saved before, and sets it going. */
  async function save(post: Fresh<Post>): Promise<Post> {
    const saved = (await posts.create(post.id, post)) ?? (await posts.get(post.id));
    if (saved === undefined) throw new Error(`Post ${post.id} was neither saved nor found.`);
    announce(saved);
    wake(saved.id);
    return saved;
  }

  /** The post that a draft became, or the last try again of it. */
  async function latestPost(draftId: string): Promise<Post | undefined> {
    let latest = await posts.get(draftId);
    while (latest !== undefined && isSettled(latest)) {
      const next = await nextPost(latest);
      if (next === undefined) break;
      latest = next;
    }
    return latest;
  }

  /** The post that goes on where this one ended, if there is one; only a settled post has one. */
  async function nextPost({ id, status }: Post): Promise<Post | undefined> {
    if (!GOES_ON.has(status)) return undefined;
    return posts.get((await randomIds.findNextPost(id)) ?? nextPostIdBefore(id));
  }

  /** Whether a post that came to nothing went on as one that was posted, so that it has no use for its files any more. */
  async function wasPosted(post: Post): Promise<boolean> {
    const edit = applies('retry', post) ? undefined : await randomIds.findEdit(post.id);
    for (const next of [await nextPost(post), edit === undefined ? undefined : await posts.get(edit)])
      if (next !== undefined && (isPosted(next) || (await wasPosted(next)))) return true;
    return false;
  }

  /**
   * Goes on after a start: finishes interrupted submissions and intakes, and forgets abandoned drafts.
   *
   * Returns the ids of the drafts that are still open.
   */
  async function resume(): Promise<string[]> {
    const open: string[] = [];
    for await (const [id, draft] of drafts.entries()) {
      if (draft.submitted !== undefined) await savePost(draft);
      else if (isAbandoned(draft)) await drop(draft, 'abandoned');
      else {
        open.push(id);
        intake.work(draft);
        composer
          .lookForAccount(draft)
          .catch((error) => log.error({ err: error }, 'A draft stays without its account'));
      }
    }
    return open;
  }

  /** Forgets drafts that nobody has touched for a week, and those of which nothing can be posted after an hour. */
  async function sweep(): Promise<void> {
    for (const { id } of await openDraftsUntouchedSince(drafts, now() - USELESS_AFTER_MS)) {
      // Only as it is now: somebody may just be taking it up again.
      const draft = await drafts.get(id);
      if (draft === undefined) continue;
      if (isAbandoned(draft)) await drop(draft, 'abandoned');
      else if (isUseless(draft)) await drop(draft, 'useless');
    }
  }

  async function drop(draft: Draft, why: DropReason): Promise<void> {
    await drafts.delete(draft.id);
    discarded(draft);
    dropped(draft.id, why);
  }

  const isUseless = (draft: Draft): boolean =>
    draft.submitted === undefined &&
    draft.updatedAt < now() - USELESS_AFTER_MS &&
    draft.files.every((file) => file.state === 'refused' && !canGoOn(file));

  const isAbandoned = ({ submitted, updatedAt }: Draft): boolean =>
    submitted === undefined && updatedAt < now() - ABANDONED_AFTER_MS;

  return { submit, checkShares, planOf, save, latestPost, nextPost, wasPosted, resume, sweep };
}

export type Submission = ReturnType<typeof createSubmission>;

const likenessIn = ({ sources, caption }: PostContent): Likeness =>
  likenessOf(
    sources.map(({ file }) => file),
    caption,
  );

/** The messages that a draft was made of, those of its files whether they have a text or not. */
function messagesOf(draft: Draft): PostMessage[] {
  const { files, typed = [] } = draft;
  const untyped = { text: '', use: takesTexts(draft) ? ('joined' as const) : ('left_out' as const) };
  const ofFiles = files.map(({ id, order, ref, key }): PostMessage => {
    const text = typed.find(({ messageId }) => messageId === id) ?? { ...untyped, messageId: id, order };
    return { ...text, file: { ref, key } };
  });
  return [...ofFiles, ...typed.filter(({ messageId }) => !files.some(({ id }) => id === messageId))];
}

/** Until version 0.1 the id followed from that of the post before; what was tried again then is not tried once more. */
const nextPostIdBefore = (postId: string): string =>
  createHash('sha256').update(`again ${postId}`).digest('base64url').slice(0, 14);

/**
 * Where another post may go on: what came to nothing, or is or was taken back for another choice; and what is live, since that
 * may have shown only after somebody tried it again.
 */
const GOES_ON: ReadonlySet<PostStatus> = new Set([
  ...APPLIES.retry,
  ...APPLIES.rechoose,
  'withdrawn',
  'published',
]);
/** What came to nothing without anybody's wish needs no second approval for the same content. */
const KEEPS_APPROVAL: ReadonlySet<PostStatus> = new Set(['failed', 'unconfirmed']);

/**
 * Tries posts again, or takes them back to change them; what it makes of them is new, with its own review. Whoever asks has
 * been checked before.
 */
export function createRework({
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
  takeBackMs,
  now,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  randomIds: RandomIds;
  composer: Composer;
  intake: Intake;
  accounts: Accounts;
  submission: Submission;
  signals: Signals;
  /** Whether the author of a draft can do nothing with it any more. */
  isAbsent: (draft: Draft) => Promise<boolean>;
  /** Resolves when the post has been looked at. */
  wake: (postId: string) => Promise<void>;
  /** How long a post waits, so that it can still be cancelled. */
  takeBackMs: number;
  now: () => number;
}) {
  /**
   * Tries a post again that came to nothing: a new post of the same content, whose author is whoever tries. It is the same
   * post however often that is asked.
   */
  async function retry(post: Post, person: Person): Promise<Post> {
    checkApplies('retry', post);
    const isApproved = post.review?.decision?.outcome === 'approved' && KEEPS_APPROVAL.has(post.status);
    const plan = await submission.planOf(post);
    const kept = isApproved && post.review !== undefined ? { ...plan, review: post.review } : plan;
    return saveNext({ ...post, author: person }, kept);
  }

  /** Chooses anew who can see a post that waits for this choice: it goes on as a new post, with its own review. */
  async function rechoose(post: Post, person: Person, privacyLevel: PrivacyLevel): Promise<Post> {
    if (post.status !== 'on_hold') throw notNow('rechoose', post);
    if (!post.privacyLevelOptions.includes(privacyLevel))
      throw new UserError({ code: 'privacy_not_offered', privacyLevel });
    const content = { ...post.content, settings: { ...post.content.settings, privacyLevel } };
    return goOnWith(post, person, content);
  }

  /** Sends a post to the TikTok inbox that cannot go to the profile: a new post, with its own review. */
  async function reroute(post: Post, person: Person): Promise<Post> {
    checkApplies('reroute', post);
    const { openId } = post.content;
    const account = (await accounts.list(post.workspace)).find((shared) => shared.openId === openId);
    const scope = SCOPE_FOR.MEDIA_UPLOAD;
    if (account !== undefined && !account.scopes.includes(scope))
      throw new UserError({ code: 'scope_missing', scope });
    return goOnWith(post, person, {
      ...post.content,
      postMode: 'MEDIA_UPLOAD',
      settings: UNDECIDED,
      coverMs: undefined,
    });
  }

  /** Posts without the AI label what TikTok did not take with it: a new post, with its own review. */
  async function unlabel(post: Post, person: Person): Promise<Post> {
    if (post.status !== 'failed' || post.failure.reason !== 'ai_label_refused') throw notNow('unlabel', post);
    const settings = { ...post.content.settings, aiGenerated: false };
    return goOnWith({ ...post, leavesOutAiLabel: true }, person, { ...post.content, settings });
  }

  /** What was approved is not what goes on now, so it is reviewed anew. */
  async function goOnWith(post: Post, person: Person, content: PostContent): Promise<Post> {
    // The post that waits ends first: should somebody cancel it meanwhile, nothing goes on.
    if (!isSettled(post)) {
      const ended = await takeBack(post, person);
      if (ended.status !== 'withdrawn')
        throw isSettled(ended) ? notNow('rechoose', ended) : tooLate('edit', ended);
    }
    const next = { ...post, author: person, content, contentHash: hashContent(content) };
    return saveNext(next, await submission.planOf(post));
  }

  /** The post that goes on where another one ended. One for each, however often the button is tapped. */
  async function saveNext(post: Post, plan: Plan): Promise<Post> {
    const { workspace, chat, author, draftId, messages, account, preview, content, contentHash } = post;
    const { leavesOutAiLabel } = post;
    await submission.checkShares(post, { ...account, openId: content.openId });
    const media = await keptMedia(post);
    if (media === undefined) await checkSources(post);
    const at = now();
    const same = { workspace, chat, author, draftId, messages, account, preview, content, contentHash };
    return submission.save({
      ...same,
      leavesOutAiLabel,
      likeness: likenessIn(content),
      id: (await submission.nextPost(post))?.id ?? (await randomIds.forNextPost(post.id)),
      ...plan,
      createdAt: at,
      attempts: 0,
      retries: 0,
      ...(media !== undefined
        ? { media, ...whatWaits(plan, at, { earliest: at + takeBackMs }) }
        : { status: 'preparing' }),
    });
  }

  /** Takes a post that is not at TikTok yet back into a draft of the person's; what is settled is only opened again. */
  async function withdraw(post: Post, person: Person): Promise<Draft> {
    await checkIsLast(post);
    checkApplies('edit', post);
    const ended = isSettled(post) ? post : await takeBack(post, person);
    if (!isSettled(ended)) throw tooLate('edit', ended);
    checkApplies('edit', ended);
    return editAgain(ended, person);
  }

  /** @throws UserError where another post goes on already: what would be made of this one would be posted twice. */
  async function checkIsLast(post: Post): Promise<void> {
    const next = await submission.nextPost(post);
    if (next !== undefined) throw goesOn((await submission.latestPost(next.id)) ?? next);
    const edited = await submission.latestPost(await randomIds.forEdit(post.id));
    if (edited !== undefined && mayAppear(edited)) throw goesOn(edited);
  }

  /** Asks for the post to be taken back; how it is afterwards. */
  async function takeBack(post: Post, person: Person): Promise<Post> {
    await signals.withdraw(post.id, person);
    await wake(post.id);
    return (await posts.get(post.id)) ?? post;
  }

  /**
   * Opens a draft with what a post was made of, to change it; the one that is open already, if there is one.
   *
   * @throws UserError `not_author` where that one belongs to somebody else who is still there.
   */
  async function editAgain(post: Post, person: Person): Promise<Draft> {
    await checkSources(post);
    const id = await freeDraftId(post);
    const begun = await drafts.create(id, await draftOf(post, id, person));
    const draft = begun ?? (await drafts.get(id));
    if (draft === undefined) return editAgain(post, person);
    if (draft.author.id !== person.id) {
      if (!(await isAbsent(draft))) throw new UserError({ code: 'not_author', author: draft.author.name });
      await composer.takeOver(id, person);
    }
    intake.work(draft);
    const shared = await accounts.list(post.workspace);
    if (begun !== undefined && shared.some(({ openId }) => openId === post.content.openId))
      await composer.chooseAccount(id, post.content.openId);
    else await composer.lookForAccount(draft);
    return draft;
  }

  /** The same for all who ask at once; another one as soon as its draft has become a post. */
  async function freeDraftId({ id }: Post): Promise<string> {
    let draftId = await randomIds.forEdit(id);
    while ((await posts.get(draftId)) !== undefined) draftId = await randomIds.renewEdit(id, draftId);
    return draftId;
  }

  async function draftOf(post: Post, id: string, author: Person): Promise<Fresh<Draft>> {
    const kept = await keptMedia(post);
    const at = now();
    const { content } = post;
    const files = content.sources.map((source, index): DraftFile => {
      const media = kept?.[index];
      const { name, use, durationSeconds, pictures } = source;
      const offered = { id: String(index + 1), order: index, name, ref: '', use };
      const judged = { source: source.file, kind: content.kind, durationSeconds, pictures };
      return media === undefined
        ? { ...offered, ...judged, state: 'stored' }
        : { ...offered, ...judged, state: 'ready', media };
    });
    const [first] = content.sources;
    const { coverMs } = content;
    const { yourBrand, brandedContent } = content.settings;
    return {
      id,
      workspace: post.workspace,
      chat: post.chat,
      author,
      files,
      coverFileId: content.coverIndex === undefined ? undefined : files[content.coverIndex]?.id,
      preview: post.preview,
      title: content.title,
      coverMoment:
        first === undefined || coverMs === undefined
          ? undefined
          : { of: versionOf({ source: first.file, use: first.use }), ms: coverMs },
      caption: content.caption,
      account: { state: 'unchosen' },
      settings: content.settings,
      disclosing: yourBrand || brandedContent,
      plan: post.publishAt !== undefined && post.publishAt > at ? { at: post.publishAt } : undefined,
      createdAt: at,
      updatedAt: at,
    };
  }

  /** The files as TikTok pulls them, if they are all still there. */
  async function keptMedia({ media }: Post): Promise<readonly PreparedMedia[] | undefined> {
    if (media === undefined) return undefined;
    return (await intake.areKept(media.map(({ file }) => file))) ? media : undefined;
  }

  /** @throws UserError naming a file that was deleted since: nobody could post it. */
  async function checkSources({ content }: Post): Promise<void> {
    for (const { name, file } of content.sources) {
      if (!(await intake.areKept([file]))) throw new UserError({ code: 'file_deleted', name });
    }
  }

  return { retry, rechoose, reroute, unlabel, withdraw };
}

export type Rework = ReturnType<typeof createRework>;

const goesOn = (post: Post): UserError => new UserError({ code: 'goes_on', ...nowOf(post) });

/** What is under way could not be taken back: TikTok is being asked, or has it. */
const tooLate = (verb: 'edit', { status }: Post): UserError =>
  new UserError({
    code: 'not_now',
    verb,
    status: status === 'processing' || status === 'uploading' ? status : 'submitting',
    links: [],
  });
