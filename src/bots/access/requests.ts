import type { Logger } from 'pino';
import type { Operators } from '../../core/access/operators.ts';
import type { Access, AccessState, PlaceAccess } from '../../core/access/place-access.ts';
import type { Recorder } from '../../core/history/record-post.ts';
import type { ChatRef, Person } from '../../core/people.ts';
import { UserError } from '../../core/problems.ts';
import type { Post, PostStatus } from '../../core/publish/post.ts';
import { underWayIn } from '../../core/publish/posts.ts';
import type { Signals } from '../../core/publish/signals.ts';
import type { Store } from '../../core/storage/database.ts';
import { createThrottle } from '../../core/throttle.ts';
import type { Press } from '../buttons.ts';
import type { Sender } from '../cards/send.ts';
import { PAGE_LABEL } from '../compose/page-link.ts';
import type { Bot, Card, ChatEvent, ChatEventOf } from '../platform.ts';
import type { JoinChats } from '../settings/join-chats.ts';
import { note } from '../text/messages.ts';
import { wordingOf } from '../text/wording.ts';
import { UPLOAD_LABEL } from '../uploads/upload-link.ts';
import {
  accessCard,
  claimedCard,
  decidedCard,
  fullCard,
  howToAdmitText,
  newOperatorCard,
  requestCard,
  SPOILED,
  strangerText,
} from './access-cards.ts';
import type { Greetings } from './greetings.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** TikTok has nothing of them yet. */
const WAITING: ReadonlySet<PostStatus> = new Set(['preparing', 'in_review', 'on_hold', 'queued']);
/** Nobody who causes these wants anything of Nod. */
const UNASKED: ReadonlySet<ChatEvent['type']> = new Set(['suggest', 'reaction', 'edit', 'overheard']);
const ALL: readonly AccessState[] = ['met', 'asked', 'postponed', 'allowed', 'withdrawn', 'blocked'];

const DECISIONS: Readonly<Record<string, AccessState>> = {
  allow: 'allowed',
  postpone: 'postponed',
  withdraw: 'withdrawn',
  block: 'blocked',
};

/** Answers strangers, asks the operator about them, and does what the operator decides. */
export function createAccessRequests({
  access,
  operators,
  greetings,
  joinChats,
  posts,
  signals,
  recorder,
  sender,
  isOpen,
  botFor,
  now,
  log,
}: {
  access: Access;
  operators: Operators;
  greetings: Pick<Greetings, 'greet' | 'welcome'>;
  joinChats: Pick<JoinChats, 'separateAll'>;
  posts: Store<Post>;
  signals: Signals;
  recorder: Recorder;
  sender: Sender;
  isOpen: boolean;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
  log: Logger;
}) {
  /** Who says the same again and again is answered once a day. */
  const answers = createThrottle({ limit: 1, windowMs: DAY_MS, now });

  const hints = createThrottle({ limit: 5, windowMs: HOUR_MS, now });

  /** Deals with a word from a place that may not use Nod; true when its person lets the place in by speaking there. */
  async function meet(event: ChatEvent): Promise<boolean> {
    if (UNASKED.has(event.type)) return false;
    // People may answer a message of ours with a picture for one another.
    if (event.type === 'media' && event.isOnlyReply) return false;
    if (await operators.isOperator(event.person)) return admitFor(event);
    if (event.type === 'rights') return false;
    const known = await access.get(event.workspace);
    if (known?.state === 'blocked') return answerOnlyIfWaited(event);
    const isClaimed = (await operators.list()).length > 0;
    const request = await access.request(newcomerIn(event));
    const isNew = request !== undefined && request !== 'full';
    const isAsked = isNew || known?.state === 'asked' || known?.state === 'postponed';
    if (request === 'full') await tellFull();
    else if (request !== undefined) await tellOperators(requestCard(request));
    await answer(event, strangerText({ isClaimed, isAsked }));
    return false;
  }

  /** The operator's own order lets a place in, unless that was taken back before. */
  async function admitFor(event: ChatEvent): Promise<boolean> {
    if (event.type === 'rights' && !event.isPresent) return false;
    const known = await access.get(event.workspace);
    if (known?.state === 'blocked' || known?.state === 'withdrawn') {
      await answer(event, strangerText({ isClaimed: true, isAsked: false }));
      return false;
    }
    if (!isOrder(event)) {
      await answer(event, howToAdmitText(wordingOf(event.chat)));
      return false;
    }
    const place = await access.admit(newcomerIn(event));
    if (place !== undefined && !event.isPrivate) await tellOperators(decidedCard(place));
    await greetings.greet(event);
    return true;
  }

  /** A press spins and a command waits until something is said. */
  async function answerOnlyIfWaited(event: ChatEvent): Promise<false> {
    if (event.type === 'press') await event.answer();
    else if (event.reply !== undefined)
      await answer(event, strangerText({ isClaimed: true, isAsked: false }));
    return false;
  }

  async function answer(event: ChatEvent, text: string): Promise<void> {
    if (event.type === 'press') return event.answer(text);
    const isFirst = answers.take(`${event.workspace} ${text}`);
    if (isFirst || event.reply !== undefined) await sender.answer(event, note(text));
  }

  /** @throws UserError `claim_code_unknown` `too_many_codes` */
  async function claim(event: ChatEventOf<'command'>): Promise<void> {
    const { name, argument, person, chat, workspace } = event;
    const wording = wordingOf(chat);
    const isCode = operators.isCode(argument);
    if (!isCode && (await access.get(workspace))?.state === 'blocked') {
      await answerOnlyIfWaited(event);
      return;
    }
    const way = name === 'start' ? WAYS.get(argument) : undefined;
    if (way !== undefined) return hint(event, way);
    if (isCode && canOthersRead(event)) {
      await operators.spoil(argument);
      await sender.answer(event, note(SPOILED));
      return;
    }
    if (await operators.isOperator(person)) {
      if (!(await access.isAllowed(workspace)) && !(await admitFor(event))) return;
    } else {
      const others = await operators.list();
      const fetchChat = async () => (await botFor(chat).privateChat(person)) ?? chat;
      await operators.claim(argument, person, fetchChat);
      log.info({ person: person.id }, 'Somebody has claimed this Nod');
      for (const other of others) sender.tell(other.chat, newOperatorCard(person, wording.name));
      await access.admit(newcomerIn(event));
    }
    const waiting = (await access.list('asked')).length;
    await sender.answer(event, claimedCard(wording, waiting));
    await greetings.greet(event);
  }

  /** It comes from a link of ours into a private chat, which was all that it is for. */
  async function hint(event: ChatEventOf<'command'>, way: string): Promise<void> {
    if (hints.take(event.chat)) await sender.answer(event, note(way));
  }

  /** Does what the operator decides about a place, or shows all of them. */
  async function press(event: ChatEventOf<'press'>, { id, verb, argument = '0' }: Press): Promise<void> {
    const state = DECISIONS[verb];
    if (state === undefined) return showAll(event, Number.parseInt(argument, 10) || 0);
    const before = await access.get(id.replaceAll('.', ':'));
    if (before === undefined) throw new UserError({ code: 'place_unknown' });
    if (state !== 'allowed' && (await isOperatorChat(before))) throw new UserError({ code: 'operator_chat' });
    const { isDecided, place } = await access.decide(before.workspace, state);
    await event.answer();
    if (place === undefined) return;
    const isEnd = place.state === 'withdrawn' || place.state === 'blocked';
    // Also when pressed again: a crash may have come after the decision.
    if (isEnd) await joinChats.separateAll(place.workspace, event.person);
    if (!isDecided) {
      await sender.sayInstead(event.message, decidedCard(place));
      return;
    }
    const cancelled = isEnd ? await cancelWaiting(place, event.person) : 0;
    await noteDecision(place, event.person);
    await sender.sayInstead(event.message, decidedCard(place, cancelled));
    if (state === 'allowed') await greetings.welcome(place);
  }

  const isOperatorChat = async ({ chat, isPrivate }: PlaceAccess): Promise<boolean> =>
    isPrivate && (await operators.list()).some((operator) => operator.chat === chat);

  async function showAll(event: ChatEventOf<'press'>, page: number): Promise<void> {
    const card = accessCard({ places: await access.list(...ALL), page, isOpen });
    await event.answer();
    await sender.sayInstead(event.message, card);
  }

  /** What is under way ends with the access, as far as TikTok lets it; how many posts had not reached TikTok. */
  async function cancelWaiting({ workspace }: PlaceAccess, by: Person): Promise<number> {
    let count = 0;
    for (const post of await underWayIn(posts, workspace)) {
      await signals.cancel(post.id, by);
      if (WAITING.has(post.status)) count += 1;
    }
    return count;
  }

  async function noteDecision({ workspace, state }: PlaceAccess, person: Person): Promise<void> {
    if (state !== 'allowed' && state !== 'withdrawn') return;
    const what = state === 'allowed' ? 'access_allowed' : 'access_withdrawn';
    await recorder.note({ place: workspace, person, what });
  }

  async function tellFull(): Promise<void> {
    if (answers.take('full')) await tellOperators(fullCard);
  }

  async function tellOperators(card: Card): Promise<void> {
    for (const { chat } of await operators.list()) sender.tell(chat, card);
  }

  /** Takes note of who uses an open Nod. */
  const greet = (event: ChatEvent): Promise<void> => access.meet(newcomerIn(event));

  return { meet, greet, claim, press };
}

/** How to go on after `/start` with what a link of ours carries. */
const WAYS: ReadonlyMap<string, string> = new Map([
  ['connect', 'Now write /connect in your group again: I send you the link here.'],
  ['begin', 'Now write /upload in your group again: I send you the link here.'],
  ['upload', `Now tap “${UPLOAD_LABEL}” on your draft again: I send you the link here.`],
  ['page', `Now tap “${PAGE_LABEL}” on your draft again: I send you the link here.`],
]);

export type AccessRequests = ReturnType<typeof createAccessRequests>;

function newcomerIn({ workspace, workspaceTitle, chatTitle, chat, isPrivate, person, handle }: ChatEvent) {
  return { workspace, title: workspaceTitle || chatTitle, chat, isPrivate, person, handle };
}

/** Whether somebody tells Nod to do something; words can be about it, or somebody else's. */
const isOrder = (event: ChatEvent): boolean =>
  event.isPrivate ||
  event.type === 'command' ||
  event.type === 'rights' ||
  (event.type === 'media' && event.isForwarded !== true);

/** What is said in a group can be read there, unless it is no message. */
const canOthersRead = ({ isPrivate, reply }: ChatEvent): boolean => !isPrivate && reply === undefined;
