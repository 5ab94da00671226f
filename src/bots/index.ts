import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Workspace } from '../core/accounts/workspaces.ts';
import type { DropReason } from '../core/compose/submit.ts';
import { type Check, runChecks } from '../core/doctor/check.ts';
import type { Core } from '../core/index.ts';
import { type ChatRef, platformOf } from '../core/people.ts';
import type { Post } from '../core/publish/post.ts';
import type { Stores } from '../core/storage/database.ts';
import { createGreetings } from './access/greetings.ts';
import { createGuard } from './access/guard.ts';
import { createAccessRequests } from './access/requests.ts';
import { createAccountNews } from './accounts/account-news.ts';
import { type Anchor, type CardRecord, createCardIndex } from './cards/card-index.ts';
import { createCardQueue } from './cards/card-queue.ts';
import { createCopies, type SendingRecord } from './cards/copies.ts';
import { createRenderer } from './cards/render-subject.ts';
import { createSender } from './cards/send.ts';
import { reviewSubject, subjectsOf } from './cards/subjects.ts';
import { createUnshownCards, readPlacement, type UnshownRecord } from './cards/unshown.ts';
import { commandsIn, type Readers } from './commands.ts';
import { createCommandOptions } from './compose/command-options.ts';
import { createButtonPresses } from './compose/draft-buttons.ts';
import { createHints, type HintRecord } from './compose/hints.ts';
import { createVideoChoices } from './compose/video-choices.ts';
import { createConversation } from './conversation.ts';
import { type CountedMessage, countMessages } from './count-messages.ts';
import type { LastSessions } from './discord/index.ts';
import { chatChecks } from './doctor/chat-checks.ts';
import { type Bot, ChatClosedError } from './platform.ts';
import { createCaptionChanges, type ProposedCaption } from './posts/caption-change.ts';
import { createPostButtons } from './posts/post-buttons.ts';
import { createLists } from './posts/post-list.ts';
import { createQueue } from './posts/queue.ts';
import { createSchedule } from './posts/schedule.ts';
import { type AskedQuestion, createQuestions, questionsAbout } from './questions.ts';
import { createDigests } from './results/digest.ts';
import { createCatchUp } from './review/catch-up.ts';
import { createDowntime, type DowntimeRecord } from './review/downtime.ts';
import { createElectorates } from './review/electorate.ts';
import { createRefusals } from './review/explain-refusal.ts';
import { createReactionDelivery, type ReactionDeliveryRecord } from './review/reaction-delivery.ts';
import { createVoting } from './review/voting.ts';
import { createJoinChats } from './settings/join-chats.ts';
import { createSettings } from './settings/settings.ts';
import type { InboxRecord, MoveRecord } from './telegram/index.ts';
import { platformName } from './text/link-cards.ts';
import { DROPPED, note } from './text/messages.ts';
import { createUploadNews } from './uploads/upload-news.ts';

/** What the chats use of the core. */
type ChatCore = Omit<
  Core,
  | 'intake'
  | 'usage'
  | 'publisher'
  | 'engine'
  | 'previewLinks'
  | 'listen'
  | 'votesAreRead'
  | 'clockMoved'
  | 'start'
  | 'stop'
>;

/** The chat side of the composition root: everything that talks with people, built over the core. */
export function createChats({
  core,
  bots,
  stores,
  publicUrl,
  previewUrl,
  isOpen,
  checks = [],
  cardIntervalMs,
  now,
  log,
}: {
  core: ChatCore;
  bots: readonly Bot[];
  stores: Stores;
  publicUrl: string;
  previewUrl: (post: Post) => string;
  /** Whoever is not blocked may use this Nod. */
  isOpen: boolean;
  /** What the doctor looks at beside the chats. */
  checks?: readonly Check[] | undefined;
  cardIntervalMs?: number | undefined;
  now: () => number;
  log: Logger;
}) {
  const botFor = (chat: ChatRef) => botOf(bots, chat);
  const downtime = createDowntime({
    presences: stores.store<DowntimeRecord>('presence', { isExpendable: true }),
    now,
    log,
  });
  const deliveries = stores.store<ReactionDeliveryRecord>('hearings');
  const reactionDelivery = createReactionDelivery({ deliveries, botFor, now });
  const cardIndex = createCardIndex({
    cards: stores.store<CardRecord>('cards'),
    anchors: stores.store<Anchor>('anchors'),
  });
  const placementOf = (post: Post) => readPlacement({ cardIndex, obstacleOf: unshownCards.obstacleOf }, post);
  const electorates = createElectorates({ ...core, botFor, now });
  const { render, drawPost, storyOf, setMenu } = createRenderer({
    ...core,
    downtime,
    reactionDelivery,
    electorates,
    placementOf,
    botFor,
    previewUrl,
    now,
  });
  const sender = createSender({ botFor, log });
  const sendings = stores.store<SendingRecord>('sendings');
  const copies = createCopies({ ...core, sendings, cardIndex, botFor, now, log });
  const cardQueue = createCardQueue({
    cardIndex,
    copies,
    editPauseMs: cardIntervalMs,
    onClosed: (subject, obstacle) => unshownCards.closed(subject, obstacle),
    onShown: (subject) => unshownCards.shown(subject),
    onMoved: (subject) => unshownCards.moved(subject),
    // Somebody may have voted under it.
    onFound: () => void catchUp.reconcile(),
    botFor,
    render,
    now,
    log,
  });
  const unshownCards = createUnshownCards({
    ...core,
    unshown: stores.store<UnshownRecord>('unshown'),
    cardIndex,
    sender,
    render,
    touch: cardQueue.touch,
    botFor,
    now,
    log,
  });

  const asked = stores.store<AskedQuestion>('questions');
  const questions = createQuestions({ asked, sender, cardIndex, botFor, now, log });
  const proposals = stores.store<ProposedCaption>('proposed-captions');
  const captionChanges = createCaptionChanges({ ...core, proposals, sender });
  const refusals = createRefusals({ cardIndex, sender, botFor });
  const voting = createVoting({ ...core, cardIndex, questions, refusals, touch, botFor, now });
  function retry(): void {
    cardQueue.retry();
    unshownCards.retry();
  }
  const catchUp = createCatchUp({ ...core, voting, cardIndex, check, retry, botFor, log });
  const schedule = createSchedule({ ...core, cardQueue, questions, sender, now });
  const videoChoices = createVideoChoices({ ...core, questions, cardIndex, cardQueue });
  const queue = createQueue({ ...core, drawPost, previewUrl, sender, now });
  const joinChats = createJoinChats({ ...core, sender, touch, botFor });
  const digests = createDigests({ ...core, sender, now, log });
  const settings = createSettings({ ...core, joinChats, electorates, sender, questions, botFor, now });
  const postButtons = createPostButtons({
    ...core,
    voting,
    schedule,
    captionChanges,
    queue,
    settings,
    cardQueue,
    touch,
    cardIndex,
    sender,
    setMenu,
  });
  const guard = createGuard({ ...core, cardIndex, questions, botFor });
  const greetings = createGreetings({ ...core, sender });
  const hints = createHints({ hints: stores.store<HintRecord>('hints'), sender, botFor, now });
  const accessRequests = createAccessRequests({
    ...core,
    greetings,
    joinChats,
    sender,
    isOpen,
    botFor,
    now,
    log,
  });
  const accountNews = createAccountNews({ ...core, touch, sender, now });
  const buttonPresses = createButtonPresses({
    ...core,
    accountNews,
    postButtons,
    schedule,
    videoChoices,
    questions,
    queue,
    settings,
    accessRequests,
    cardQueue,
    cardIndex,
    sender,
    publicUrl,
    setMenu,
    botFor,
  });
  const commandOptions = createCommandOptions({ ...core, cardQueue, now });
  const lists = createLists({ ...core, botFor });
  const places = stores.store<Workspace>('workspaces');
  const examine = shared(() => runChecks([...checks, ...chatChecks({ ...core, bots, places })], { log }));
  const commandParts = {
    ...core,
    examine,
    accessRequests,
    greetings,
    lists,
    queue,
    settings,
    cardIndex,
    sender,
    botFor,
    publicUrl,
    now,
  };
  const conversation = createConversation({
    ...core,
    guard,
    accessRequests,
    greetings,
    hints,
    buttonPresses,
    lists,
    voting,
    schedule,
    videoChoices,
    captionChanges,
    questions,
    settings,
    commandOptions,
    commandParts,
    cardQueue,
    unshownCards,
    copies,
    retry,
    touch,
    cardIndex,
    sender,
    now,
    log,
  });

  const uploadNews = createUploadNews({ ...core, cardIndex, sender, botFor, now, log });

  /** Shows what has changed about a post, on all of its cards. */
  function touch(post: Post, { soon = true } = {}): void {
    for (const subject of subjectsOf(post)) cardQueue.touch(subject, { soon });
  }

  /** Shows what has changed about a post by itself, for which nobody waits. */
  function postChanged(post: Post, { soon = true } = {}): void {
    for (const subject of subjectsOf(post)) cardQueue.touch(subject, { soon, byItself: true });
  }

  /** Shows a post where its cards are not as they should be. */
  async function check(post: Post): Promise<void> {
    for (const subject of subjectsOf(post)) await cardQueue.check(subject);
  }

  /** Ends the card of a draft that lay there and is gone. */
  function dropDraft(draftId: string, why: DropReason): void {
    cardQueue.showInstead(draftId, note(DROPPED[why]));
  }

  /** Deletes which message would have shown a draft that never began. */
  const forgetDraft = (draftId: string): Promise<void> => cardIndex.forget(draftId);

  /** The messages that show a post to many, by their links. */
  async function messagesOf(post: Post): Promise<{ platform: string; url: string }[]> {
    const { id, draftId, review } = post;
    const subjects = review === undefined ? [draftId] : review.chats.map((chat) => reviewSubject(id, chat));
    const messages = await Promise.all(subjects.map(cardIndex.messageOf));
    return messages.flatMap((message) => {
      if (message === undefined || message.isPrivate) return [];
      const url = botFor(message.chat).messageUrl(message);
      return url === undefined ? [] : [{ platform: platformName(message.chat), url }];
    });
  }

  /** How a post stands, and where its cards are. */
  const tellStory = async (post: Post) => ({ ...(await storyOf(post)), messages: await messagesOf(post) });

  /** The way into a chat, for whoever is in it. */
  function chatLink(chat: ChatRef): { platform: string; url: string } | undefined {
    const url = botFor(chat).chatUrl(chat);
    return url === undefined ? undefined : { platform: platformName(chat), url };
  }

  /** Deletes which messages were about a post. */
  async function forget(post: Post): Promise<void> {
    for (const subject of [...subjectsOf(post), ...questionsAbout(post)]) {
      await cardIndex.forget(subject);
      await copies.forget(subject);
      await unshownCards.forget(subject);
      await questions.forget(subject);
    }
    await reactionDelivery.forget(post);
    await captionChanges.forget(post);
  }

  const parts = { conversation, accountNews, cardQueue, unshownCards, sender, digests, downtime, catchUp };
  const shown = { touch, postChanged, postResumed: check };
  return { ...parts, botFor, ...shown, tellStory, chatLink, dropDraft, forgetDraft, forget, uploadNews };
}

/** The bots of the platforms that have a token; the library of a platform that has none is not even loaded. */
export async function createBots({
  config,
  stores,
  log,
  now,
  isPaced,
  onLost,
  mayAct,
  onMessage,
}: {
  config: Config;
  stores: Stores;
  log: Logger;
  now: () => number;
  /** False has nothing wait for the limits of the chats. */
  isPaced?: boolean;
  /** A platform has taken our bot, and does so no more. */
  onLost: (platform: Bot['platform'], error: Error) => void;
  /** False while another process may hold the chats. */
  mayAct?: (() => boolean) | undefined;
  /** Told of each message that a bot sends, edits or deletes. */
  onMessage?: ((message: CountedMessage) => void) | undefined;
}): Promise<Bot[]> {
  const bots: Bot[] = [];
  if (config.telegram !== undefined) {
    const { createTelegramBot } = await import('./telegram/index.ts');
    const inbox = stores.store<InboxRecord>('telegram-inbox');
    const supergroups = stores.store<MoveRecord>('telegram-moves');
    const menuOf = (readers: Readers) =>
      commandsIn('menu', readers).map(({ name, description }) => ({ command: name, description }));
    const commands = menuOf('private');
    const groupCommands = { members: menuOf('members'), managers: menuOf('managers') };
    const onFatal = (error: Error) => onLost('telegram', error);
    const { telegram } = config;
    bots.push(
      createTelegramBot({
        ...telegram,
        uploadLimitBytes: config.uploadLimitBytes,
        inbox,
        supergroups,
        commands,
        groupCommands,
        log,
        now,
        isPaced,
        onFatal,
      }),
    );
  }
  if (config.discord !== undefined) {
    const { createDiscordBot } = await import('./discord/index.ts');
    const onFatal = (error: Error) => onLost('discord', error);
    const sessions = stores.store<LastSessions>('discord-session', { isExpendable: true });
    bots.push(createDiscordBot({ ...config.discord, sessions, log, now, onFatal, mayAct }));
  }
  return onMessage === undefined ? bots : bots.map((bot) => countMessages(bot, onMessage));
}

/** Whoever asks while it runs gets what that run gives. */
function shared<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}

/** A conversation names its platform: `telegram:…`, `discord:…`. */
export function botOf(bots: readonly Bot[], chat: ChatRef): Bot {
  const bot = bots.find(({ platform }) => platform === platformOf(chat));
  if (bot !== undefined) return bot;
  throw new ChatClosedError('This Nod has no token for the platform of this conversation.');
}
