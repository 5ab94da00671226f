import type { Logger } from 'pino';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { Draft } from '../../core/compose/draft.ts';
import type { Submission } from '../../core/compose/submit.ts';
import { aboutPost, type Recorder } from '../../core/history/record-post.ts';
import type { ChatRef, Obstacle, Person } from '../../core/people.ts';
import { isSettled, type Post } from '../../core/publish/post.ts';
import type { Store, Versioned } from '../../core/storage/database.ts';
import {
  type Bot,
  type Card,
  ChatClosedError,
  type ChatEvent,
  ChatUnreachableError,
  type Line,
  MessageGoneError,
} from '../platform.ts';
import { lineText, placeName, postName } from '../text/format.ts';
import { type ReviewPlacement, unshownCard, unshownLine } from '../text/messages.ts';
import { obstacleText } from '../text/obstacles.ts';
import { type CardIndex, hashOf } from './card-index.ts';
import type { Sender } from './send.ts';
import type { Rendering } from './show-card.ts';
import { parseSubject, reviewSubject } from './subjects.ts';

/** A card that no chat takes, and what its author knows of that; by its subject. */
export interface UnshownRecord extends Versioned {
  readonly author: Person;
  /** The place of the draft or the post. */
  readonly workspace: string;
  /** Where it should stand. */
  readonly chat: ChatRef;
  readonly obstacle: Obstacle;
  readonly since: number;
  /** The keys of what its author was told alone. */
  readonly told: readonly string[];
  /** What its author is told at their next word. */
  readonly unsaid?: { readonly key: string; readonly lines: readonly string[] } | undefined;
}

const TRIED_FOR_MS = 7 * 24 * 60 * 60_000;

/** A draft or the post that it became, as far as its author is concerned. */
type Work = { readonly post?: Post } & Pick<Draft, 'author' | 'workspace' | 'chat'>;

/**
 * Tells authors what no chat shows: on the message that they alone see, else in private, else at their next word, and
 * writes it down in the history. What could not be shown is tried again when it may pass, also after a restart.
 */
export function createUnshownCards({
  unshown,
  posts,
  drafts,
  submission,
  workspaces,
  recorder,
  cardIndex,
  sender,
  render,
  touch,
  botFor,
  now,
  log,
}: {
  unshown: Store<UnshownRecord>;
  posts: Pick<Store<Post>, 'get'>;
  drafts: Pick<Store<Draft>, 'get'>;
  submission: Pick<Submission, 'latestPost'>;
  workspaces: Pick<Workspaces, 'placesOf'>;
  recorder: Pick<Recorder, 'note'>;
  cardIndex: CardIndex;
  sender: Sender;
  render: (subject: string) => Promise<Rendering | undefined>;
  /** Shows the card of a subject anew. */
  touch: (subject: string) => void;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
  log: Logger;
}) {
  /** The author of each, so that what has no such record costs nothing. */
  const known = new Map<string, string>();
  let loading: Promise<void> | undefined;
  let isLoaded = false;
  /** One after the other, so that nobody is told twice. */
  let working: Promise<void> = Promise.resolve();

  function load(): Promise<void> {
    loading ??= Array.fromAsync(unshown.entries()).then((all) => {
      for (const [subject, { author }] of all) known.set(subject, author.id);
      isLoaded = true;
    });
    return loading;
  }

  function run(task: () => Promise<void>): void {
    working = working.then(load).then(task);
    working = working.catch((error) =>
      log.error({ err: error }, 'An author could not be told what is not shown'),
    );
  }

  /** Takes note that no chat takes the card of a subject; it does not throw. */
  const closed = (subject: string, obstacle: Obstacle): void => run(() => tellAlone(subject, obstacle));

  /** Takes note that the card of a subject is shown; it does not throw. */
  function shown(subject: string): void {
    if (isLoaded && !known.has(subject)) return;
    run(async () => {
      if (!known.delete(subject)) return;
      await unshown.delete(subject);
      await touchOwn(subject);
    });
  }

  /** Takes note that the card of a subject stands elsewhere than before; it does not throw. */
  const moved = (subject: string): void => run(() => touchOwn(subject));

  /** Shows the message anew on which the post of a review was composed, which tells where the review stands. */
  async function touchOwn(subject: string): Promise<void> {
    const about = parseSubject(subject);
    const post = 'postId' in about ? await posts.get(about.postId) : undefined;
    if (post !== undefined) touch(post.draftId);
  }

  async function tellAlone(subject: string, obstacle: Obstacle): Promise<void> {
    const work = await workOf(subject);
    const rendering = work && (await render(subject));
    if (work === undefined || rendering === undefined) return;
    // What became of a review is told with the review's own card.
    if (work.post?.review !== undefined && !('postId' in parseSubject(subject))) return;
    const { author, workspace, post } = work;
    const { chat, ending } = rendering;
    known.set(subject, author.id);
    const record = await unshown.upsert(subject, (current) => ({
      told: [],
      since: now(),
      ...current,
      author,
      workspace,
      chat,
      obstacle,
    }));
    await touchOwn(subject);
    // A review stands in its own place first; from the others it is missed by those who would vote there.
    if (post?.review !== undefined && post.review.chats[0] !== chat) return;
    const isSeen = post !== undefined && (await showOnOwn(post, obstacle));
    // The link may come some time after the ending.
    const state = post !== undefined && isSettled(post) ? post.status : 'open';
    const key =
      ending === undefined ? `${post?.id ?? subject} ${state}` : `${ending.key} ${hashOf(ending.card)}`;
    if (record.told.includes(key) || record.unsaid?.key === key) return;
    const card = unshownCard({
      post,
      shown: linesOf(rendering, post),
      why: await whyText(work, chat, obstacle),
      chat,
      isInJoinedChat: post !== undefined && (await isShownInJoinedChat(post)),
    });
    if (isSeen && ending === undefined) return noteTold(subject, key);
    if ((await tellInPrivate(work, card)) || isSeen) return noteTold(subject, key);
    await unshown.update(subject, (current) => ({
      ...current,
      unsaid: { key, lines: card.lines.map(lineText) },
    }));
    if (post === undefined) return;
    const detail = obstacleText(obstacle, chat, 'there');
    await recorder.note({ ...aboutPost(post), what: 'not_shown', detail });
  }

  /** Whether the review of a post has a card in a joined chat. */
  async function isShownInJoinedChat({ id, review }: Post): Promise<boolean> {
    const [, ...others] = review?.chats ?? [];
    for (const other of others) {
      const subject = reviewSubject(id, other);
      if (!known.has(subject) && (await cardIndex.messageOf(subject)) !== undefined) return true;
    }
    return false;
  }

  async function noteTold(subject: string, key: string): Promise<void> {
    await unshown.update(subject, (current) => ({
      ...current,
      told: [...current.told, key],
      unsaid: undefined,
    }));
  }

  async function workOf(subject: string): Promise<Work | undefined> {
    const about = parseSubject(subject);
    const post = await ('postId' in about ? posts.get(about.postId) : submission.latestPost(about.draftId));
    if (post !== undefined) return { post, author: post.author, workspace: post.workspace, chat: post.chat };
    return 'postId' in about ? undefined : drafts.get(about.draftId);
  }

  /** Shows it on the message on which it was composed, as long as that can be edited; whether it could. */
  async function showOnOwn(post: Post, obstacle: Obstacle): Promise<boolean> {
    const record = await cardIndex.read(post.draftId);
    const rendering = record?.message.isPrivate && (await render(post.draftId));
    if (record === undefined || !rendering) return false;
    const { card } = rendering;
    const why = post.review === undefined ? [[], [unshownLine(obstacle, rendering.chat)]] : [];
    try {
      await botFor(record.message.chat).edit(record.message, { ...card, lines: [...card.lines, ...why] });
      return true;
    } catch (error) {
      if (!isUnseen(error)) throw error;
      return false;
    }
  }

  /** Says it to the author in the chat that they alone have with us; whether that could be done. */
  async function tellInPrivate({ author, chat }: Work, card: Card): Promise<boolean> {
    const own = await botFor(chat).privateChat(author);
    if (own === undefined || own === chat) return false;
    return (await sender.say(own, card)) !== undefined;
  }

  async function whyText({ workspace }: Work, chat: ChatRef, obstacle: Obstacle): Promise<string> {
    const place = (await workspaces.placesOf(workspace)).find(({ id }) => id === workspace);
    const there = place === undefined || place.title === '' ? 'there' : `in ${placeName(place)}`;
    return obstacleText(obstacle, chat, there);
  }

  /** Says to whoever has just spoken what they could not be told before. */
  async function tellNext(event: ChatEvent): Promise<void> {
    await load();
    const { person } = event;
    for (const [subject, authorId] of known) {
      if (authorId !== person.id) continue;
      const record = await unshown.get(subject);
      if (record?.unsaid === undefined) continue;
      const { key, lines } = record.unsaid;
      if (await sayNow(event, record, lines)) await noteTold(subject, key);
    }
  }

  async function sayNow(
    event: ChatEvent,
    { workspace }: UnshownRecord,
    lines: readonly string[],
  ): Promise<boolean> {
    // The message that waits for what was sent becomes its card.
    if (event.type === 'media' && event.reply !== undefined) return false;
    if (event.type === 'suggest' || event.type === 'reaction' || event.type === 'rights') return false;
    if (event.tellAlso !== undefined) return event.tellAlso(lines.join('\n'));
    if (event.workspace !== workspace && !event.isPrivate) return false;
    const card = { lines: lines.map((line) => [line]), rows: [] };
    return (await sender.say(event.chat, card)) !== undefined;
  }

  /** Tries all cards again that no chat has taken, for some days. */
  function retry(): void {
    run(async () => {
      for (const [subject, { since }] of await Array.fromAsync(unshown.entries()))
        if (now() - since < TRIED_FOR_MS) touch(subject);
    });
  }

  /** What keeps a card from being shown; undefined where nothing does. */
  async function obstacleOf(subject: string): Promise<Obstacle | undefined> {
    await load();
    return known.has(subject) ? (await unshown.get(subject))?.obstacle : undefined;
  }

  /** Forgets what was not shown of a subject. */
  async function forget(subject: string): Promise<void> {
    await load();
    if (known.delete(subject)) await unshown.delete(subject);
  }

  /** Resolves when all authors are told who can be told now. */
  const idle = (): Promise<void> => working;

  return { closed, shown, moved, tellNext, retry, obstacleOf, forget, idle };
}

export type UnshownCards = ReturnType<typeof createUnshownCards>;

/** Whether nobody sees what was to be shown, whatever the reason. */
const isUnseen = (error: unknown): boolean =>
  error instanceof MessageGoneError ||
  error instanceof ChatClosedError ||
  error instanceof ChatUnreachableError;

/** What there is to be told: how the post has ended, or what its card would say. */
const linesOf = ({ card, ending }: Rendering, post: Post | undefined): readonly Line[] =>
  ending === undefined || post === undefined ? card.lines : [[`“${postName(post)}”`], ...ending.card.lines];

/** In which chats the cards of a post's review are. */
export async function readPlacement(
  { cardIndex, obstacleOf }: { cardIndex: CardIndex; obstacleOf: UnshownCards['obstacleOf'] },
  { id, chat, review }: Post,
): Promise<ReviewPlacement> {
  const [home = chat, ...others] = review?.chats ?? [];
  const missing = await Promise.all(others.map((other) => obstacleOf(reviewSubject(id, other))));
  const record = await cardIndex.read(reviewSubject(id, home));
  return {
    obstacle: await obstacleOf(reviewSubject(id, home)),
    displaced: record?.displaced && { chat: record.message.chat, why: record.displaced },
    isMissingInJoinedChat: missing.some((one) => one !== undefined),
  };
}
