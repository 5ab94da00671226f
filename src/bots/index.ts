import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Operators } from '../core/access/operators.ts';
import type { Access } from '../core/access/place-access.ts';
import type { Accounts } from '../core/accounts/accounts.ts';
import type { Consents } from '../core/accounts/consent.ts';
import type { Joins } from '../core/accounts/join-codes.ts';
import type { Workspaces } from '../core/accounts/workspaces.ts';
import type { Draft } from '../core/compose/draft.ts';
import type { Composer, Refreshing } from '../core/compose/drafts.ts';
import type { Reworking, Submission } from '../core/compose/submit.ts';
import type { History } from '../core/history/history.ts';
import type { Chronicle } from '../core/history/record-post.ts';
import type { MediaStore } from '../core/media/store.ts';
import type { Pacing } from '../core/publish/pacing.ts';
import type { ChatRef, Post } from '../core/publish/post.ts';
import type { Pulls } from '../core/publish/pull-progress.ts';
import type { Gate } from '../core/publish/release-gate.ts';
import type { Notes } from '../core/publish/signals.ts';
import type { Ballots } from '../core/review/ballots.ts';
import type { Store, Stores } from '../core/storage/database.ts';
import { createGuard } from './access/guard.ts';
import { createAccessRequests } from './access/requests.ts';
import { createNews } from './accounts/account-news.ts';
import { type Anchor, type CardRecord, createCardRecords } from './cards/card-index.ts';
import { createBoard } from './cards/card-queue.ts';
import { createRenderer } from './cards/render-subject.ts';
import { createSpeech } from './cards/send.ts';
import { subjectsOf } from './cards/subjects.ts';
import { createSuggesting } from './compose/command-options.ts';
import { createPressing } from './compose/draft-buttons.ts';
import { createConversation } from './conversation.ts';
import { type Bot, ChatClosedError } from './platform.ts';
import { createPostPressing } from './posts/post-buttons.ts';
import { createLists } from './posts/post-list.ts';
import { createPlanning } from './posts/schedule.ts';
import { createReconciling } from './review/catch-up.ts';
import { createPresence, type PresenceRecord } from './review/downtime.ts';
import { createTelling } from './review/explain-refusal.ts';
import { createStandIns } from './review/fallback-card.ts';
import { createVoting } from './review/voting.ts';
import { createJoining } from './settings/join-chats.ts';
import { createSettings } from './settings/settings.ts';
import type { InboxRecord, MoveRecord } from './telegram/index.ts';
import { COMMANDS, REPLY_COMMANDS } from './text/messages.ts';

/** The chat side of the composition root: everything that talks with people, built over the core. */
export function createChats({
  core,
  bots,
  stores,
  publicUrl,
  lookUrl,
  isOpen,
  wake,
  cardIntervalMs,
  now,
  log,
}: {
  core: {
    access: Access;
    operators: Operators;
    drafts: Store<Draft>;
    posts: Store<Post>;
    composer: Composer;
    submission: Submission;
    reworking: Reworking;
    workspaces: Workspaces;
    accounts: Accounts;
    consents: Consents;
    ballots: Ballots;
    chronicle: Chronicle;
    refreshing: Refreshing;
    history: History;
    joins: Joins;
    notes: Notes;
    gate: Gate;
    pulls: Pulls;
    mediaStore: MediaStore;
    pacing: Pacing;
  };
  bots: readonly Bot[];
  stores: Stores;
  publicUrl: string;
  lookUrl: (post: Post) => string;
  /** Whoever is not blocked may use this Nod. */
  isOpen: boolean;
  /** Resolves when the post has been looked at. */
  wake: (postId: string) => Promise<void>;
  cardIntervalMs?: number;
  now: () => number;
  log: Logger;
}) {
  const botFor = (chat: ChatRef) => botOf(bots, chat);
  const presence = createPresence({
    presences: stores.store<PresenceRecord>('presence'),
    ...{ now, log },
  });
  const { render, drawDraft } = createRenderer({ ...core, presence, botFor, lookUrl, now });
  const records = createCardRecords({
    cards: stores.store<CardRecord>('cards'),
    anchors: stores.store<Anchor>('anchors'),
  });
  const speech = createSpeech({ botFor, log });
  const board = createBoard({
    records,
    ...(cardIntervalMs !== undefined && { editPauseMs: cardIntervalMs }),
    onClosed: (subject) => standIns.closed(subject),
    ...{ botFor, render, now, log },
  });
  const standIns = createStandIns({ ...core, records, render, speech, log });

  const telling = createTelling({ records, speech, botFor });
  const voting = createVoting({ ...core, records, speech, telling, touch, botFor, now });
  const refresh = (post: Post) => touch(post, { soon: false });
  const { retry } = board;
  const reconciling = createReconciling({ ...core, voting, records, refresh, retry, botFor, log });
  const planning = createPlanning({ ...core, board, records, speech, wake, now });
  const joining = createJoining({ ...core, speech, touch, botFor });
  const settings = createSettings({ ...core, joining, speech, records, now });
  const postPressing = createPostPressing({
    ...{ ...core, voting, planning, board, touch, records, speech },
  });
  const guard = createGuard({ ...core, records, botFor });
  const accessRequests = createAccessRequests({ ...core, joining, speech, isOpen, botFor, now, log });
  const pressing = createPressing({
    ...{ ...core, postPressing, planning, settings, accessRequests, board, records, speech, drawDraft },
  });
  const suggesting = createSuggesting({ ...core, board, now });
  const lists = createLists({ ...core, botFor });
  const conversation = createConversation({
    ...{ ...core, guard, accessRequests, pressing, lists, voting, planning, settings, suggesting },
    ...{ board, touch, records, speech, botFor, publicUrl, now, log },
  });
  const news = createNews({ ...core, touch, speech, log });

  /** Shows what has changed about a post, on all of its cards. */
  function touch(post: Post, { soon = true } = {}): void {
    for (const subject of subjectsOf(post)) board.touch(subject, { soon });
  }

  return { conversation, news, board, speech, presence, reconciling, botFor, touch };
}

export type Chats = ReturnType<typeof createChats>;

/** The bots of the platforms that have a token; the library of a platform that has none is not even loaded. */
export async function createBots({
  config,
  stores,
  log,
  now,
  onFatal,
}: {
  config: Config;
  stores: Stores;
  log: Logger;
  now: () => number;
  onFatal: (error: Error) => void;
}): Promise<Bot[]> {
  const bots: Bot[] = [];
  if (config.telegram !== undefined) {
    const { createTelegramBot } = await import('./telegram/index.ts');
    const inbox = stores.store<InboxRecord>('telegram-inbox');
    const moves = stores.store<MoveRecord>('telegram-moves');
    const commands = [...COMMANDS, ...REPLY_COMMANDS].map(({ name, description }) => ({
      command: name,
      description,
    }));
    bots.push(createTelegramBot({ ...config.telegram, inbox, moves, commands, log, now, onFatal }));
  }
  if (config.discord !== undefined) {
    const { createDiscordBot } = await import('./discord/index.ts');
    bots.push(createDiscordBot({ ...config.discord, log, now, onFatal }));
  }
  return bots;
}

/** A conversation names its platform: `telegram:…`, `discord:…`. */
function botOf(bots: readonly Bot[], chat: ChatRef): Bot {
  const bot = bots.find(({ platform }) => chat.startsWith(`${platform}:`));
  if (bot !== undefined) return bot;
  throw new ChatClosedError('This Nod has no token for the platform of this conversation.');
}
