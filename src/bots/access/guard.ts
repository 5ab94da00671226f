import type { Operators } from '../../core/access/operators.ts';
import type { Access } from '../../core/access/place-access.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import { type Draft, hasFileOf, isMadeOf, isTheirs } from '../../core/compose/draft.ts';
import { openDraftsOf } from '../../core/compose/open-drafts.ts';
import type { Submission } from '../../core/compose/submit.ts';
import { readLinks } from '../../core/links/read-links.ts';
import { type ChatRef, isSomebody, isWithin } from '../../core/people.ts';
import { type Problem, UserError } from '../../core/problems.ts';
import type { Post } from '../../core/publish/post.ts';
import { postFrom } from '../../core/publish/posts.ts';
import { nowOf } from '../../core/publish/verbs.ts';
import type { Member } from '../../core/review/review.ts';
import type { Store } from '../../core/storage/database.ts';
import type { RandomIds } from '../../core/storage/random-ids.ts';
import { decodePress, type Press } from '../buttons.ts';
import type { CardIndex } from '../cards/card-index.ts';
import { parseSubject } from '../cards/subjects.ts';
import { commandOf } from '../commands.ts';
import type { Bot, ChatEvent, ChatEventOf, MessageRef } from '../platform.ts';
import { decodeQuestionId, type Questions } from '../questions.ts';
import { isAbsent } from './members.ts';
import {
  ACCESS_RIGHTS,
  ACCOUNT_RIGHTS,
  ANSWER_RIGHTS,
  DRAFT_RIGHTS,
  LIST_RIGHTS,
  POST_RIGHTS,
  type Right,
  rightOf,
  SETTINGS_RIGHTS,
} from './rights.ts';

/** An event whose person may cause it, here and now, with what it is about. */
export type Passed =
  | { readonly on: 'media'; readonly event: ChatEventOf<'media'> }
  | { readonly on: 'command'; readonly event: ChatEventOf<'command'> }
  /** Somebody, whoever it is, sends what may be the code that makes them the operator. */
  | { readonly on: 'claim'; readonly event: ChatEventOf<'command'> }
  | { readonly on: 'text'; readonly event: ChatEventOf<'text'> }
  /** Nothing but links, as an answer to the card of a draft. */
  | { readonly on: 'draft_links'; readonly event: ChatEventOf<'text'>; readonly draft: OwnDraft }
  | {
      readonly on: 'draft_answer';
      readonly event: ChatEventOf<'text'>;
      readonly kind: DraftAnswer;
      readonly draft: OwnDraft;
    }
  | {
      readonly on: 'post_answer';
      readonly event: ChatEventOf<'text'>;
      /** `caption`: its author writes another one, for what cannot be changed like a draft any more. */
      readonly kind: 'why' | 'when_post' | 'zone_post' | 'caption';
      readonly post: Post;
      readonly member: Member;
    }
  /** Something of drafts, or of a post, came from a message of its author's that has changed. */
  | { readonly on: 'draft_edit'; readonly event: ChatEventOf<'edit'>; readonly drafts: readonly Draft[] }
  | { readonly on: 'post_edit'; readonly event: ChatEventOf<'edit'>; readonly post: Post }
  | { readonly on: 'place_answer'; readonly event: ChatEventOf<'text'>; readonly kind: 'zone' | 'code' }
  | PassedPress
  /** Said by no button of ours, or not any more. */
  | { readonly on: 'nothing'; readonly event: ChatEventOf<'press'> }
  | { readonly on: 'reaction'; readonly event: ChatEventOf<'reaction'>; readonly post: Post }
  /** A reaction under a message that we know nothing of; it may be a copy of a card. */
  | { readonly on: 'unknown_message'; readonly event: ChatEventOf<'reaction'> }
  | { readonly on: 'suggestion'; readonly event: ChatEventOf<'suggest'> }
  | { readonly on: 'bot_rights'; readonly event: ChatEventOf<'rights'> }
  | { readonly on: 'overheard'; readonly event: ChatEventOf<'overheard'> }
  | { readonly on: 'untakeable'; readonly event: ChatEventOf<'untakeable'> };

/** A button that its person may press. */
export type PassedPress =
  | {
      readonly on: 'draft';
      readonly event: ChatEventOf<'press'>;
      readonly press: Press;
      readonly draft: OwnDraft;
    }
  | {
      readonly on: 'post';
      readonly event: ChatEventOf<'press'>;
      readonly press: Press;
      readonly post: Post;
      readonly member: Member;
    }
  | {
      readonly on: 'list' | 'account' | 'settings' | 'access';
      readonly event: ChatEventOf<'press'>;
      readonly press: Press;
    };

/** A draft of the person's, or one that becomes theirs because its author can do nothing with it any more. */
export interface OwnDraft {
  readonly draft: Draft;
  readonly isTakenOver: boolean;
}

/** What an answer is about, by its id. */
interface AnswerTopic {
  readonly kind: keyof typeof ANSWER_RIGHTS;
  readonly id: string;
  /** A question of ours asks for it, and not only a card. */
  readonly isAsked?: boolean;
}

/** What is asked about a draft. */
const DRAFT_ANSWERS = ['caption', 'title', 'when_draft', 'zone_draft', 'trim', 'cover_moment'] as const;
type DraftAnswer = (typeof DRAFT_ANSWERS)[number];

const isDraftAnswer = (kind: AnswerTopic['kind']): kind is DraftAnswer =>
  DRAFT_ANSWERS.some((known) => known === kind);

/** Somebody has spoken in a place that may not use this Nod. */
export interface Stranger {
  readonly on: 'stranger';
}

/**
 * The one guard in front of the conversation: finds out what an event is about and whether its person may do that, in the
 * place that the event comes from, now. It changes nothing.
 *
 * What comes from a chat is no proof: ids and verbs of buttons, subjects of windows and picked values can be forged.
 */
export function createGuard({
  drafts,
  posts,
  submission,
  workspaces,
  access,
  operators,
  cardIndex,
  questions,
  randomIds,
  botFor,
}: {
  drafts: Pick<Store<Draft>, 'get' | 'find'>;
  posts: Pick<Store<Post>, 'get' | 'find'>;
  submission: Pick<Submission, 'latestPost'>;
  workspaces: Pick<Workspaces, 'areTogether'>;
  access: Pick<Access, 'isAllowed'>;
  operators: Pick<Operators, 'isOperator' | 'isCode'>;
  cardIndex: Pick<CardIndex, 'subjectOf'>;
  questions: Pick<Questions, 'openTo' | 'isOpen'>;
  randomIds: Pick<RandomIds, 'wasOffered'>;
  botFor: (chat: ChatRef) => Bot;
}) {
  /**
   * What the event may touch; undefined for what is no business of ours.
   *
   * @throws UserError when its person may not do that, or it is about nothing that there is.
   */
  async function authorise(event: ChatEvent): Promise<Passed | Stranger | undefined> {
    if (event.type === 'command' && isClaim(event)) return { on: 'claim', event };
    if (!(await access.isAllowed(event.workspace))) return { on: 'stranger' };
    switch (event.type) {
      case 'media':
        if (event.isOnlyReply && !(await joinsDraft(event))) return undefined;
        await checkMember(event);
        return { on: 'media', event };
      case 'edit':
        return authoriseEdit(event);
      case 'command':
        await checkPlaceRight(event, commandOf(event.name)?.right ?? 'member');
        return { on: 'command', event };
      case 'text':
        return authoriseText(event);
      case 'press':
        return authorisePress(event);
      case 'reaction':
        return authoriseReaction(event);
      case 'suggest':
        await checkMember(event);
        return { on: 'suggestion', event };
      case 'rights':
        return { on: 'bot_rights', event };
      case 'overheard':
        return { on: 'overheard', event };
      case 'untakeable':
        return { on: 'untakeable', event };
    }
  }

  /**
   * Somebody, who may be a stranger, sends what may be the code that makes them the operator. Where others read along, a
   * link into the group can carry anything.
   */
  function isClaim({ name, argument, isPrivate, reply }: ChatEventOf<'command'>): boolean {
    if (name !== 'start') return commandOf(name)?.right === 'anyone';
    return argument !== '' && (isPrivate || reply !== undefined || operators.isCode(argument));
  }

  /**
   * Whether media that only answer a card of ours join its draft; all other answers of that kind are people's own talk.
   *
   * @throws UserError `not_author` where the draft is somebody else's.
   */
  async function joinsDraft({ replyTo, workspace, person }: ChatEventOf<'media'>): Promise<boolean> {
    const subject = replyTo && (await cardIndex.subjectOf(replyTo));
    const about = subject === undefined ? undefined : parseSubject(subject);
    if (about === undefined || !('draftId' in about)) return false;
    const draft = await drafts.get(about.draftId);
    if (draft === undefined || draft.workspace !== workspace || draft.submitted !== undefined) return false;
    if (draft.author.id !== person.id) throw new UserError({ code: 'not_author', author: draft.author.name });
    return true;
  }

  /** Nobody but its author changes a draft by a message, even where somebody else has written that. */
  async function authoriseEdit(event: ChatEventOf<'edit'>): Promise<Passed | undefined> {
    const { chat, person, messageId } = event;
    const made = (await openDraftsOf(drafts, person)).filter(
      (one) => one.chat === chat && isMadeOf(one, messageId),
    );
    const post = made.length === 0 ? await postFrom(posts, { chat, person, messageId }) : undefined;
    if (made.length === 0 && post === undefined) return authoriseLateOffer(event);
    await checkMember(event);
    // The files of one message may have become several drafts; its words may be in others as well.
    const ofFiles = made.filter((draft) => hasFileOf(draft, messageId));
    if (made.length > 0)
      return { on: 'draft_edit', event, drafts: ofFiles.length > 0 ? ofFiles : made.slice(0, 1) };
    return post && { on: 'post_edit', event, post };
  }

  /** Somebody has forgotten to address us and has added that; what was offered before, and is discarded, stays so. */
  async function authoriseLateOffer({ offer }: ChatEventOf<'edit'>): Promise<Passed | undefined> {
    if (offer === undefined) return undefined;
    // A video of an album has a draft of its own.
    for (const key of [offer.album ?? offer.messageId, offer.messageId])
      if (await randomIds.wasOffered(offer, key)) return undefined;
    await checkMember(offer);
    return { on: 'media', event: offer };
  }

  /**
   * A text that answers nothing of ours is for us where it asks to post what it links to, and in a private chat, where it
   * answers the question that is open.
   */
  async function authoriseText(event: ChatEventOf<'text'>): Promise<Passed | undefined> {
    const subject = event.subject ?? (event.replyTo && (await cardIndex.subjectOf(event.replyTo)));
    if (subject !== undefined) {
      const topic = topicOf(subject);
      if (await bringsLinks(event, topic))
        return { on: 'draft_links', event, draft: await findOwnDraft(event, topic.id) };
      return authoriseAnswer(event, topic);
    }
    if (event.isToPost && readLinks(event.text).links.length > 0) {
      await checkMember(event);
      return { on: 'text', event };
    }
    if (!event.isPrivate) return undefined;
    const asked = await questions.openTo(event);
    if (asked !== undefined && (await isOpen(topicOf(asked)))) return authoriseAnswer(event, topicOf(asked));
    return { on: 'text', event };
  }

  /** Whether links alone answer the card of a draft: a question for its caption may be answered with a link. */
  async function bringsLinks(
    { subject, replyTo, text }: ChatEventOf<'text'>,
    topic: AnswerTopic,
  ): Promise<boolean> {
    if (subject !== undefined || replyTo === undefined || topic.kind !== 'caption') return false;
    const { links, rest } = readLinks(text);
    return links.length > 0 && rest === '' && (await isOpen(topic)) && !(await questions.isOpen(replyTo));
  }

  /** Whether there still is what a question was about. */
  async function isOpen({ kind, id }: AnswerTopic): Promise<boolean> {
    if (!isDraftAnswer(kind)) return true;
    const draft = await drafts.get(id);
    return draft !== undefined && draft.submitted === undefined;
  }

  async function authoriseAnswer(
    event: ChatEventOf<'text'>,
    { kind, id, isAsked = false }: AnswerTopic,
  ): Promise<Passed> {
    const right = ANSWER_RIGHTS[kind];
    if (kind === 'caption' && !(await isOpen({ kind, id }))) {
      const post = await submission.latestPost(id);
      if (post !== undefined && post.workspace === event.workspace && post.author.id === event.person.id)
        return { on: 'post_answer', event, kind, post, member: await checkPostRight(event, post, right) };
    }
    if (isDraftAnswer(kind)) return { on: 'draft_answer', event, kind, draft: await findOwnDraft(event, id) };
    if (kind === 'zone' || kind === 'code') {
      await checkPlaceRight(event, right);
      return { on: 'place_answer', event, kind };
    }
    const post = await findPost(event, id);
    const member = await checkPostRight(event, post, right);
    // A vote is one person's, and so is its reason; a reply to the card may be about anything.
    if (kind === 'why' && isAsked && !isSomebody(event.person))
      throw new UserError({ code: 'speaks_as_group', name: event.person.name });
    return { on: 'post_answer', event, kind, post, member };
  }

  async function authorisePress(event: ChatEventOf<'press'>): Promise<Passed> {
    const press = decodePress(event.press);
    const right = press && rightOfPress(press);
    if (press === undefined || right === undefined) return { on: 'nothing', event };
    if (press.on === 'draft') {
      const draft = await findOwnDraft(event, press.id);
      if (right === 'manager') await checkPlaceRight(event, right);
      return { on: 'draft', event, press, draft };
    }
    if (press.on === 'post') {
      const post = await findPost(event, press.id);
      return { on: 'post', event, press, post, member: await checkPostRight(event, post, right) };
    }
    await checkPlaceRight(event, right);
    return { on: press.on, event, press };
  }

  /** Whose vote counts is decided where votes are taken, and told with the reason. */
  async function authoriseReaction(event: ChatEventOf<'reaction'>): Promise<Passed | undefined> {
    const post = await findReviewUnder(event.message);
    if (post === undefined) return { on: 'unknown_message', event };
    // A reaction does not tell the topic in which it was set.
    const isShownHere = post.review?.chats.some((chat) => isWithin(chat, event.chat)) ?? false;
    const isHeard = isShownHere || (await workspaces.areTogether(post.workspace, event.workspace));
    return isHeard ? { on: 'reaction', event, post } : undefined;
  }

  /** The post whose review a message shows. */
  async function findReviewUnder(message: MessageRef): Promise<Post | undefined> {
    const subject = await cardIndex.subjectOf(message);
    const about = subject === undefined ? undefined : parseSubject(subject);
    return about !== undefined && 'postId' in about ? posts.get(about.postId) : undefined;
  }

  /** @throws UserError `draft_gone`, also for whoever is not to know of it. */
  async function findOwnDraft(event: ChatEvent, id: string): Promise<OwnDraft> {
    const draft = await drafts.get(id);
    if (draft === undefined || draft.workspace !== event.workspace || draft.submitted !== undefined) {
      throw await whatBecameOf(event, id, draft);
    }
    const member = await checkMember(event);
    if (isTheirs(draft, event.person)) return { draft, isTakenOver: false };
    if (member.isManager && (await isAbsent(botFor, draft))) return { draft, isTakenOver: true };
    throw new UserError(notAuthor(draft));
  }

  /** What somebody is told about a draft that is not open; what it has become only where it is their own. */
  async function whatBecameOf(
    { person, workspace }: ChatEvent,
    id: string,
    draft: Draft | undefined,
  ): Promise<UserError> {
    const post = await submission.latestPost(id);
    const found = draft ?? post;
    if (found?.workspace !== workspace || found.author.id !== person.id)
      return new UserError({ code: 'draft_gone' });
    if (post === undefined) return new UserError({ code: 'draft_already_submitted' });
    return new UserError({ code: 'draft_already_submitted', ...nowOf(post) });
  }

  /** @throws UserError `post_gone`, also for whoever is not to know of it; `not_shared` where its card still stands. */
  async function findPost({ chat, workspace }: ChatEvent, id: string): Promise<Post> {
    const post = await posts.get(id);
    if (post === undefined) throw new UserError({ code: 'post_gone' });
    if (await workspaces.areTogether(post.workspace, workspace)) return post;
    throw new UserError({ code: post.review?.chats.includes(chat) ? 'not_shared' : 'post_gone' });
  }

  async function checkPostRight(event: ChatEvent, post: Post, right: Right): Promise<Member> {
    const member = await checkMember(event);
    const isAuthor = await isAuthorNow(event, post);
    if (right === 'manager' && !member.isManager) throw new UserError({ code: 'not_admin' });
    if (right === 'author' && !isAuthor && !(member.isManager && (await isAbsent(botFor, post))))
      throw new UserError({ code: 'not_author', author: post.author.name });
    if (right === 'author_or_manager' && !isAuthor && !member.isManager)
      throw new UserError({ code: 'not_author_or_manager', author: post.author.name });
    return member;
  }

  /** An author who acts from a place that is joined must still be in the place of the post. */
  async function isAuthorNow({ person, workspace }: ChatEvent, post: Post): Promise<boolean> {
    if (post.author.id !== person.id) return false;
    if (post.workspace === workspace) return true;
    return !(await isAbsent(botFor, post));
  }

  async function checkPlaceRight(event: ChatEvent, right: Right): Promise<void> {
    const member = await checkMember(event);
    if (right === 'manager' && !member.isManager) throw new UserError({ code: 'not_admin' });
    if (right === 'self' && !isSomebody(event.person)) throw new UserError({ code: 'not_a_person' });
    if (right === 'operator' && !(await operators.isOperator(event.person)))
      throw new UserError({ code: 'not_operator' });
  }

  /** Who speaks in a place counts as its member where the platform does not tell. */
  async function checkMember({ chat, person }: ChatEvent): Promise<Member> {
    const member = await botFor(chat).fetchMember(chat, person);
    if (member.isMember !== false) return member;
    if (isSomebody(person)) throw new UserError({ code: 'not_member' });
    throw new UserError({ code: 'speaks_as_channel', name: person.name });
  }

  return { authorise };
}

export type Guard = ReturnType<typeof createGuard>;

/** Whose draft it is; one that was sent in the name of a group waits for an administrator. */
function notAuthor({ author }: Draft): Problem {
  return isSomebody(author)
    ? { code: 'not_author', author: author.name }
    : { code: 'sent_as_group', name: author.name };
}

/** A plain draft id asks for the caption; a reply to the card of a review says why one rejects it. */
function topicOf(subject: string): AnswerTopic {
  const topic = decodeQuestionId(subject);
  if (topic !== undefined) return { ...topic, isAsked: true };
  const about = parseSubject(subject);
  return 'postId' in about ? { kind: 'why', id: about.postId } : { kind: 'caption', id: about.draftId };
}

function rightOfPress({ on, id, verb }: Press): Right | undefined {
  switch (on) {
    case 'draft':
      return rightOf(DRAFT_RIGHTS, verb);
    case 'post':
      return rightOf(POST_RIGHTS, verb);
    case 'list':
      return rightOf(LIST_RIGHTS, `${id} ${verb}`);
    case 'account':
      return rightOf(ACCOUNT_RIGHTS, verb);
    case 'settings':
      return rightOf(SETTINGS_RIGHTS, `${id} ${verb}`);
    case 'access':
      return rightOf(ACCESS_RIGHTS, verb);
  }
}
