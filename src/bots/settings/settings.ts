import type { Operators } from '../../core/access/operators.ts';
import type { Settings as Rules, Workspaces } from '../../core/accounts/workspaces.ts';
import { readTimeZone } from '../../core/compose/parse-time.ts';
import { type History, type HistoryEntry, toCsv } from '../../core/history/history.ts';
import type { Recorder } from '../../core/history/record-post.ts';
import { type ChatRef, canStand, isSomebody, type Obstacle, type Person } from '../../core/people.ts';
import { UserError } from '../../core/problems.ts';
import type { Post } from '../../core/publish/post.ts';
import type { ReviewPolicy } from '../../core/review/review.ts';
import type { Press } from '../buttons.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot, Card, ChatEvent, ChatEventOf } from '../platform.ts';
import { encodeQuestionId, type Questions } from '../questions.ts';
import type { Electorates } from '../review/electorate.ts';
import { OLD_BUTTON } from '../text/messages.ts';
import { obstacleText } from '../text/obstacles.ts';
import { problemText } from '../text/problems.ts';
import { wordingOf } from '../text/wording.ts';
import { exportCard, historyCard } from './history-card.ts';
import type { JoinChats } from './join-chats.ts';
import { type PolicyChange, policyChangeOf } from './policy-fields.ts';
import {
  approverCard,
  approverHelpCard,
  authorCountsText,
  changesText,
  joinHelpCard,
  NAME_APPROVER,
  QUESTIONS,
  questionCard,
  reviewChatText,
  settingsCard,
} from './settings-card.ts';

type PressEvent = ChatEventOf<'press'>;
type Asking = Pick<ChatEvent, 'chat' | 'workspace' | 'isPrivate' | 'person' | 'reply'>;

const HISTORY_ENTRIES = 15;

/**
 * The settings of a place, its history, and its joining with another, as people use them in the chat. Whoever asks has been
 * checked before.
 */
export function createSettings({
  workspaces,
  joinChats,
  electorates,
  history,
  recorder,
  sender,
  questions,
  operators,
  stats,
  botFor,
  now,
}: {
  workspaces: Workspaces;
  joinChats: JoinChats;
  electorates: Pick<Electorates, 'revise'>;
  history: History;
  recorder: Recorder;
  sender: Sender;
  questions: Questions;
  operators: Pick<Operators, 'isOperator'>;
  /** Whether how posts do is shown. */
  stats: boolean;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
}) {
  async function show(event: ChatEventOf<'command'>): Promise<void> {
    await sender.answer(event, await draw(event));
  }

  async function showHistory(event: ChatEventOf<'command'>): Promise<void> {
    await sender.answer(event, await drawHistory(event));
  }

  /** Joins the place with the one whose code is given; without a code says how that goes. */
  async function join(event: ChatEventOf<'command'>): Promise<void> {
    if (event.argument.trim() === '') await sender.answer(event, joinHelpCard(event.chat));
    else await joinChats.join(event, event.argument);
  }

  /** @throws UserError for what cannot be. */
  async function press(event: PressEvent, press: Press): Promise<void> {
    const { id, verb, argument = '' } = press;
    const change = policyChangeOf(press, event);
    if (change !== undefined) return changeByPress(event, change);
    switch (`${id} ${verb}`) {
      case 'card show':
        return redraw(event);
      case 'reviews set':
        return moveReviews(event, argument === 'here' ? event.chat : undefined);
      case 'digest set':
        return setDigest(event, argument);
      case 'zone ask':
        return ask(event, 'zone');
      case 'join ask':
        return ask(event, 'code');
      case 'join issue':
        return joinChats.invite(event);
      case 'join separate':
        return redraw(event, await joinChats.separate(event, argument));
      case 'history export':
        return exportHistory(event);
      default:
        return event.answer(OLD_BUTTON);
    }
  }

  /** Takes the answer to a question of ours: a time zone, or the code of another chat. */
  async function take(event: ChatEventOf<'text'>, kind: 'zone' | 'code'): Promise<void> {
    try {
      if (kind === 'code') return await joinChats.join(event, event.text);
      const timeZone = readTimeZone(event.text);
      await change(event, () => ({ timeZone }));
    } catch (error) {
      // What is wrong stands on the card where the answer would take its place.
      if (!(error instanceof UserError) || event.reply === undefined) throw error;
      return sender.answer(event, await draw(event, problemText(error.problem, wordingOf(event.chat))));
    }
    await sender.answer(event, await draw(event));
  }

  async function draw(asking: Asking, notice?: string): Promise<Card> {
    const { workspace, chat, isPrivate, person, reply } = asking;
    const settings = await workspaces.settingsOf(workspace);
    const places = await workspaces.placesOf(workspace);
    // Others would read who uses this Nod.
    const isSeenAlone = isPrivate || reply !== undefined;
    const isOperator = isSeenAlone && (await operators.isOperator(person));
    const view = { workspace, chat, isPrivate, settings, places, isOperator, stats };
    return settingsCard({ ...view, now: now(), notice });
  }

  async function redraw(event: PressEvent, notice?: string): Promise<void> {
    // A press has to be answered before its message can be edited everywhere.
    await event.answer();
    await sender.sayInstead(event.message, await draw(event, notice));
  }

  async function changeByPress(event: PressEvent, policyChange: PolicyChange): Promise<void> {
    try {
      await changePolicy(event, policyChange);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // A menu goes on showing what was picked, though it is refused, until it is drawn anew.
      await event.answer(problemText(error.problem, wordingOf(event.chat)));
      await redraw(event);
      return;
    }
    await redraw(event);
  }

  /** @throws UserError `nobody_may_vote` */
  async function changePolicy(event: Asking, policyChange: PolicyChange): Promise<void> {
    await change(event, ({ policy }) => {
      const next = policyChange(policy);
      if (isForNobody(next)) throw new UserError({ code: 'nobody_may_vote' });
      return { policy: next };
    });
    await electorates.revise(event.workspace);
  }

  /** Lets authors approve their own posts here, and so a post that nobody else can approve. */
  async function countAuthor(event: PressEvent, { author }: Post): Promise<void> {
    await changePolicy(event, (policy) => ({ ...policy, authorVotes: true }));
    await event.answer(authorCountsText(author));
  }

  /** Shows where somebody is named who may approve. */
  async function askForApprover(event: PressEvent): Promise<void> {
    const reply = await event.openPrivately?.();
    if (reply === undefined || !wordingOf(event.chat).hasMenus) return event.answer(NAME_APPROVER);
    await sender.sayInstead(reply, await draw({ ...event, reply }));
  }

  /** Changes the rules, and writes down what that has made different. */
  async function change({ workspace, person }: Asking, to: (rules: Rules) => Partial<Rules>): Promise<void> {
    let detail: string | undefined;
    await workspaces.change(workspace, (before) => {
      const changed = to(before);
      detail = changesText(before, { ...before, ...changed });
      return changed;
    });
    if (detail !== undefined) await note({ workspace, person }, detail);
  }

  const note = ({ workspace, person }: Pick<Asking, 'workspace' | 'person'>, detail: string) =>
    recorder.note({ place: workspace, person, what: 'settings_changed', detail });

  async function setDigest(event: PressEvent, argument: string): Promise<void> {
    if (argument !== 'yes' && argument !== 'no') return event.answer(OLD_BUTTON);
    await change(event, () => ({ weeklyDigest: argument === 'yes' }));
    await redraw(event);
  }

  async function moveReviews(event: PressEvent, reviewChat: ChatRef | undefined): Promise<void> {
    const { workspace } = event;
    const obstacle = reviewChat === undefined ? undefined : await fetchObstacle(reviewChat);
    if (reviewChat !== undefined && obstacle !== undefined && !canStand(obstacle))
      throw new UserError({ code: 'no_cards_here', obstacle, chat: reviewChat });
    const before = (await workspaces.placesOf(workspace)).find(({ id }) => id === workspace);
    if (before?.reviewChat !== reviewChat) {
      await workspaces.setReviewChat(workspace, reviewChat);
      await note(event, reviewChatText(reviewChat));
    }
    await redraw(event, obstacle && obstacleText(obstacle, event.chat, 'here'));
  }

  /** What is not known is found out when a card is sent. */
  const fetchObstacle = (chat: ChatRef): Promise<Obstacle | undefined> =>
    botFor(chat)
      .fetchObstacle(chat)
      .catch(() => undefined);

  /** Lets the person to whom the command replies approve, or not any more. */
  async function toggleApprover(event: ChatEventOf<'command'>): Promise<void> {
    const { chat, workspace, target } = event;
    if (target === undefined || !isSomebody(target)) return sender.answer(event, approverHelpCard(chat));
    const isTarget = ({ id }: Person) => id === target.id;
    await changePolicy(event, ({ people, ...policy }) => {
      const others = people.filter((person) => !isTarget(person));
      return { ...policy, people: others.length < people.length ? others : [...people, target] };
    });
    const { policy } = await workspaces.settingsOf(workspace);
    const state = { isNamed: policy.people.some(isTarget), isReviewed: policy.approvals > 0, chat };
    await sender.answer(event, approverCard(target, state));
  }

  async function ask(event: PressEvent, kind: 'zone' | 'code'): Promise<void> {
    const subject = encodeQuestionId({ kind, id: event.workspace });
    const question = { subject, text: '', ...QUESTIONS[kind] };
    await questions.ask(event, {
      question,
      card: questionCard(kind, event.person),
      replyTo: event.message,
    });
  }

  async function drawHistory({ workspace, chat }: Asking): Promise<Card> {
    const { timeZone } = await workspaces.settingsOf(workspace);
    const entries = await history.recent(await workspaces.idsOf(workspace), HISTORY_ENTRIES);
    return historyCard({ entries, timeZone, wording: wordingOf(chat) });
  }

  async function exportHistory(event: PressEvent): Promise<void> {
    const { workspace, chat } = event;
    const place = await event.openPrivately?.();
    const { timeZone } = await workspaces.settingsOf(workspace);
    const entries: HistoryEntry[] = await Array.fromAsync(history.all(await workspaces.idsOf(workspace)));
    const card = exportCard({ csv: toCsv(entries), count: entries.length, now: now(), timeZone });
    await (place === undefined ? sender.say(chat, card) : sender.sayInstead(place, card));
  }

  return { show, showHistory, join, toggleApprover, countAuthor, askForApprover, press, take };
}

export type SettingsDialogue = ReturnType<typeof createSettings>;

/** Then no post could ever be approved, as soon as reviews are on. */
const isForNobody = ({ managersVote, roles, people }: ReviewPolicy): boolean =>
  !managersVote && roles.length + people.length === 0;
