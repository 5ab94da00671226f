import { join } from 'node:path';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { createGuard, type Passed } from '../../../src/bots/access/guard.ts';
import { type Anchor, type CardRecord, createCardIndex } from '../../../src/bots/cards/card-index.ts';
import { createSender } from '../../../src/bots/cards/send.ts';
import type { Card, ChatEvent, ChatEventOf, MessageRef, Question } from '../../../src/bots/platform.ts';
import { createJoinChats } from '../../../src/bots/settings/join-chats.ts';
import { createSettings } from '../../../src/bots/settings/settings.ts';
import { OLD_BUTTON } from '../../../src/bots/text/messages.ts';
import { createJoinCodes, type JoinCode } from '../../../src/core/accounts/join-codes.ts';
import { createWorkspaces, type Workspace } from '../../../src/core/accounts/workspaces.ts';
import type { Draft } from '../../../src/core/compose/draft.ts';
import { createRefresh } from '../../../src/core/compose/drafts.ts';
import { createHistory, type HistoryEntry } from '../../../src/core/history/history.ts';
import { createRecorder } from '../../../src/core/history/record-post.ts';
import type { Person } from '../../../src/core/people.ts';
import { UserError } from '../../../src/core/problems.ts';
import type { Post } from '../../../src/core/publish/post.ts';
import { type Ballot, createBallots } from '../../../src/core/review/ballots.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { temporaryDirectory } from '../../core/media/files.ts';
import { createPaperBot, textOf } from '../paper-bot.ts';

const NOW = Date.UTC(2026, 10, 22, 17, 2);
export const ANA: Person = { id: 'telegram:1', name: 'Ana' };
export const BEN: Person = { id: 'telegram:2', name: 'Ben' };
export const CHIARA: Person = { id: 'discord:30', name: 'Chiara' };

type Frame = Pick<ChatEvent, 'id' | 'chat' | 'workspace' | 'chatTitle' | 'isPrivate' | 'person' | 'reply'>;

const group = { id: '1', chat: 'telegram:-5', workspace: 'telegram:-5', chatTitle: 'Lab', isPrivate: false };
const server = {
  id: '1',
  chat: 'discord:10',
  workspace: 'discord:1',
  chatTitle: 'Studio',
  isPrivate: false,
};
const alone = { id: '1', chat: 'telegram:1', workspace: 'telegram:1', chatTitle: 'Ana', isPrivate: true };

/** Ana manages the group and Chiara the server; Ben manages nothing. */
export const LAB: Frame = { ...group, person: ANA };
export const LAB_AS_BEN: Frame = { ...group, person: BEN };
export const STUDIO: Frame = { ...server, person: CHIARA };
export const ALONE: Frame = { ...alone, person: ANA };

/** Settings over real records, in a Telegram group and on a Discord server on paper. */
export async function startSettings({ whispers = true } = {}) {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  const log = pino({ level: 'silent' });
  const now = () => NOW;
  const standingOf = ({ id }: Person) => ({ isManager: id !== BEN.id, roles: [] });
  const telegram = createPaperBot({ standingOf, whispers });
  const discord = createPaperBot({ platform: 'discord', standingOf });
  const paperOf = (chat: string) => (chat.startsWith('discord:') ? discord : telegram);
  const botFor = (chat: string) => paperOf(chat).bot;

  const workspaces = createWorkspaces({ workspaces: stores.store<Workspace>('workspaces') });
  const joins = createJoinCodes({
    codes: stores.store<JoinCode>('joins'),
    mayOffer: async () => true,
    now,
  });
  const history = createHistory({ entries: stores.store<HistoryEntry>('history') });
  const ballots = createBallots({ ballots: stores.store<Ballot>('ballots'), wake: () => {} });
  const recorder = createRecorder({ history, ballots, now, log });
  const composer = { refresh: () => Promise.reject(new Error('There are no drafts here.')) };
  const draftRefresh = createRefresh({ drafts: stores.store<Draft>('drafts'), composer, workspaces, log });
  const sender = createSender({ botFor, log });
  const cardIndex = createCardIndex({
    cards: stores.store<CardRecord>('cards'),
    anchors: stores.store<Anchor>('anchors'),
  });
  const posts = stores.store<Post>('posts');
  const joinChats = createJoinChats({
    posts,
    workspaces,
    joins,
    recorder,
    draftRefresh,
    sender,
    botFor,
    touch: () => {},
  });
  const settings = createSettings({
    workspaces,
    joinChats,
    history,
    recorder,
    sender,
    cardIndex,
    now,
    operators: { isOperator: async () => false },
  });

  const guard = createGuard({
    drafts: stores.store<Draft>('drafts'),
    posts,
    workspaces,
    cardIndex,
    botFor,
    access: { isAllowed: async () => true },
    operators: { isOperator: async () => false, isCode: () => false },
  });

  /** Does what the guard lets pass. */
  async function receive(event: ChatEvent): Promise<void> {
    const passed = await guard.authorise(event);
    if (passed !== undefined) await dispatch(passed);
  }

  function dispatch(passed: Passed | { on: 'stranger' }): Promise<void> {
    if (passed.on === 'command') return runCommand(passed.event);
    if (passed.on === 'settings') return settings.press(passed.event, passed.press);
    if (passed.on === 'nothing') return passed.event.answer(OLD_BUTTON);
    if (passed.on === 'place_answer') return settings.take(passed.event, passed.kind);
    throw new Error(`The settings know nothing of ${passed.on}.`);
  }

  async function runCommand(event: ChatEventOf<'command'>): Promise<void> {
    if (event.name === 'settings') return settings.show(event);
    if (event.name === 'history') return settings.showHistory(event);
    if (event.name === 'join') return settings.join(event);
    if (event.name === 'approver') return settings.toggleApprover(event);
  }

  for (const { workspace, chat, chatTitle, isPrivate } of [LAB, STUDIO, ALONE]) {
    await workspaces.meet({ workspace, chat, chatTitle, isPrivate });
    await workspaces.change(workspace, () => ({ timeZone: 'Europe/Berlin' }));
  }

  async function command(frame: Frame, name: string, more: { argument?: string; target?: Person } = {}) {
    await receive({ ...frame, type: 'command', name, argument: '', ...more });
  }

  /** A message that stands in the chat, such as a card that somebody presses on. */
  const stand = (frame: Frame, more: Partial<MessageRef> = {}): Promise<MessageRef> =>
    botFor(frame.chat)
      .send(frame.chat, { lines: [['card']], rows: [] })
      .then((message) => ({ ...message, ...more }));

  /** Presses a button; gives the note that the presser got. */
  async function press(
    frame: Frame,
    data: string,
    more: Partial<Omit<ChatEventOf<'press'>, 'isOnMessage'>> = {},
  ) {
    const notes: (string | undefined)[] = [];
    const answer = async (note?: string) => void notes.push(note);
    const message = more.message ?? (await stand(frame));
    const pressed = { ...frame, type: 'press' as const, press: data, message, isOnMessage: true, answer };
    await receive({ ...pressed, ...more });
    return notes[0];
  }

  /** Answers a question that was asked about a subject. */
  async function answer(frame: Frame, subject: string, text: string, reply?: MessageRef) {
    const event = { ...frame, type: 'text' as const, text, subject };
    await receive(reply === undefined ? event : { ...event, reply });
  }

  /** What the newest message of a chat shows. */
  function newest({ chat }: Frame): Card | undefined {
    const messages = paperOf(chat).messages.filter(({ ref }) => ref.chat === chat);
    return messages.at(-1)?.versions.at(-1)?.card;
  }

  async function told(frame: Frame): Promise<string[]> {
    const entries = await history.recent(await workspaces.idsOf(frame.workspace), 20);
    return entries.map(({ person, what, detail }) => `${person?.name} ${what} ${detail}`);
  }

  return {
    workspaces,
    joins,
    history,
    cardIndex,
    telegram,
    discord,
    command,
    press,
    answer,
    stand,
    newest,
    told,
    says: (frame: Frame) => textOf(newest(frame)),
    policyOf: async (frame: Frame) => (await workspaces.settingsOf(frame.workspace)).policy,
  };
}

/** The code of the problem that a person is told. */
export async function problemOf(doing: Promise<unknown>): Promise<string> {
  try {
    await doing;
  } catch (error) {
    if (error instanceof UserError) return error.problem.code;
    throw error;
  }
  throw new Error('There was no problem.');
}

/** A window that records what it asks. */
export function createWindow() {
  const asked: Question[] = [];
  return { asked, ask: async (question: Question) => void asked.push(question) };
}
