import type { Logger } from 'pino';
import type { Workspaces } from '../core/accounts/workspaces.ts';
import type { Draft, DraftFile, MessageEdit } from '../core/compose/draft.ts';
import type { Composer } from '../core/compose/drafts.ts';
import type { Submission } from '../core/compose/submit.ts';
import { plainLink } from '../core/links/plain-link.ts';
import { fileOfLink, isLinkRef, type LinkedText, readLinks } from '../core/links/read-links.ts';
import { PHOTO_LIMITS } from '../core/media/types.ts';
import type { ChatRef, Person } from '../core/people.ts';
import { type Problem, UserError } from '../core/problems.ts';
import { fileIdOf, fileIndexOf, isSettled, type Post } from '../core/publish/post.ts';
import type { Store } from '../core/storage/database.ts';
import { createThrottle } from '../core/throttle.ts';
import type { Greetings } from './access/greetings.ts';
import type { Guard, OwnDraft, Passed } from './access/guard.ts';
import type { AccessRequests } from './access/requests.ts';
import { decodePress } from './buttons.ts';
import { type CardIndex, keyOf } from './cards/card-index.ts';
import type { CardQueue } from './cards/card-queue.ts';
import type { Copies } from './cards/copies.ts';
import type { Sender } from './cards/send.ts';
import { reviewSubject } from './cards/subjects.ts';
import type { UnshownCards } from './cards/unshown.ts';
import { COMMANDS, type CommandParts, commandOf } from './commands.ts';
import type { CommandOptions } from './compose/command-options.ts';
import type { ButtonPresses } from './compose/draft-buttons.ts';
import type { Hints } from './compose/hints.ts';
import type { VideoChoices } from './compose/video-choices.ts';
import type { ChatEvent, ChatEventOf, OfferedFile } from './platform.ts';
import type { CaptionChanges } from './posts/caption-change.ts';
import type { Lists } from './posts/post-list.ts';
import type { PostSchedule } from './posts/schedule.ts';
import type { Questions } from './questions.ts';
import type { Voting } from './review/voting.ts';
import type { SettingsDialogue } from './settings/settings.ts';
import { answeredTitle, note, OLD_BUTTON, problemCard } from './text/messages.ts';
import { problemText } from './text/problems.ts';
import { linkAsCaption, untakeableText } from './text/untakeable.ts';
import { wordingOf } from './text/wording.ts';

/** Told once a minute to each. */
const OFTEN: ReadonlySet<Problem['code']> = new Set(['too_much_at_once', 'too_many_codes']);

/** Decides what happens for each event of a chat that the guard has let pass, whatever the platform. */
export function createConversation({
  guard,
  accessRequests,
  greetings,
  hints,
  composer,
  drafts,
  submission,
  buttonPresses,
  lists,
  workspaces,
  voting,
  schedule,
  videoChoices,
  captionChanges,
  questions,
  settings,
  cardQueue,
  unshownCards,
  copies,
  retry,
  touch,
  cardIndex,
  sender,
  commandOptions,
  commandParts,
  now,
  log,
}: {
  guard: Guard;
  accessRequests: AccessRequests;
  greetings: Pick<Greetings, 'greet'>;
  hints: Hints;
  composer: Composer;
  drafts: Pick<Store<Draft>, 'get'>;
  submission: Pick<Submission, 'latestPost'>;
  buttonPresses: ButtonPresses;
  lists: Lists;
  workspaces: Workspaces;
  voting: Voting;
  schedule: PostSchedule;
  videoChoices: VideoChoices;
  captionChanges: CaptionChanges;
  questions: Questions;
  settings: SettingsDialogue;
  cardQueue: CardQueue;
  unshownCards: UnshownCards;
  copies: Copies;
  /** Shows what chats did not take. */
  retry: () => void;
  touch: (post: Post) => void;
  cardIndex: CardIndex;
  sender: Sender;
  commandOptions: CommandOptions;
  commandParts: CommandParts;
  now: () => number;
  log: Logger;
}) {
  /** How often such problems are told. */
  const tellings = createThrottle({ limit: 1, windowMs: 60_000, now });

  /** Handles one event; what a person can put right is said in the chat where it came from. */
  async function handle(event: ChatEvent): Promise<void> {
    try {
      await receive(event);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { type, chat, person } = event;
      log.info({ code: error.problem.code, type, chat, person: person.id }, 'An event was refused');
      if (isToldAlready(event, error)) return;
      if (event.type === 'press') {
        await event.answer(problemText(error.problem, wordingOf(event.chat)));
        await closeCopy(event);
        if (error.problem.code === 'draft_gone') await closeGone(event, error.problem);
      } else await sender.answer(event, problemCard(error.problem, wordingOf(event.chat)));
    }
  }

  /** Whoever sends many files or codes need not read the same about each; a message that waits for an answer gets it. */
  function isToldAlready({ type, reply, chat, person }: ChatEvent, { problem }: UserError): boolean {
    if (!OFTEN.has(problem.code) || type === 'press' || reply !== undefined) return false;
    return !tellings.take(`${person.id} ${chat} ${problem.code}`);
  }

  async function receive(event: ChatEvent): Promise<void> {
    const passed = await guard.authorise(event);
    if (passed === undefined) return;
    if (passed.on === 'stranger') {
      if (await accessRequests.meet(event)) await receive(event);
      return;
    }
    if (passed.on === 'unknown_message') return takeUnknown(passed.event);
    if (passed.on === 'overheard') return hints.hint(passed.event);
    if (passed.on === 'claim') return COMMANDS.claim.run(commandParts, passed.event);
    await accessRequests.greet(event);
    await workspaces.meet(event);
    await dispatch(passed);
    if (event.type === 'press') await closeCopy(event);
    await unshownCards.tellNext(event);
  }

  /** A reaction under a card that a crash has left counts for its post, once the card is known. */
  async function takeUnknown(event: ChatEventOf<'reaction'>): Promise<void> {
    const subject = await copies.learn(event.message);
    if (subject === undefined) return;
    cardQueue.touch(subject, { soon: true });
    const passed = await guard.authorise(event);
    if (passed?.on === 'reaction') await dispatch(passed);
  }

  /** Ends the card on which somebody has pressed a button where it is an older copy, whatever the press came to. */
  async function closeCopy(event: ChatEventOf<'press'>): Promise<void> {
    const subject = event.isOnMessage ? await copies.close(event) : undefined;
    if (subject !== undefined) cardQueue.touch(subject, { soon: true });
  }

  /** Ends the card of a draft that is no more: a crash had come before that was shown. */
  async function closeGone({ message, press, chat }: ChatEventOf<'press'>, problem: Problem): Promise<void> {
    const id = decodePress(press)?.id ?? '';
    const shown = await cardIndex.messageOf(id);
    if (shown === undefined || keyOf(shown) !== keyOf(message)) return;
    const isThere = (await drafts.get(id)) ?? (await submission.latestPost(id));
    if (isThere === undefined) cardQueue.showInstead(id, problemCard(problem, wordingOf(chat)));
  }

  async function dispatch(
    passed: Exclude<Passed, { on: 'claim' | 'unknown_message' | 'overheard' }>,
  ): Promise<void> {
    switch (passed.on) {
      case 'media':
        return takeMedia(passed.event);
      case 'text':
        return takeText(passed.event);
      case 'draft_links':
        await ownId(passed.draft, passed.event.person);
        return takeLinks(passed.event, readLinks(passed.event.text));
      case 'draft_answer':
        return takeDraftAnswer(passed);
      case 'post_answer':
        return takePostAnswer(passed);
      case 'place_answer':
        await settings.take(passed.event, passed.kind);
        return questions.settle(passed.event);
      case 'draft_edit':
        return takeDraftEdit(passed);
      case 'post_edit':
        return takePostEdit(passed);
      case 'nothing':
        return passed.event.answer(OLD_BUTTON);
      case 'reaction':
        return voting.react(passed.event, passed.post);
      case 'suggestion':
        return commandOptions.suggest(passed.event);
      case 'bot_rights':
        if (passed.event.isAdded) await greetings.greet(passed.event);
        return showReviews(passed.event.chat);
      case 'untakeable':
        return sayWhatToDo(passed.event, untakeableText(passed.event.what));
      case 'command':
        return runCommand(passed.event);
      default:
        return buttonPresses.press(passed);
    }
  }

  async function takeMedia(event: ChatEventOf<'media'>): Promise<void> {
    const { workspace, chat, person, caption, captionFrom, leftOut, replyTo, messageId, reply } = event;
    const file = draftFile(event, event.file);
    // What came with it stands in a draft where it can say so itself.
    if (file.link !== undefined && file.state === 'refused' && file.album === undefined)
      throw new UserError(file.problem);
    if (!event.isPrivate) await hints.learn(event);
    const joins = replyTo && (await cardIndex.subjectOf(replyTo));
    const draft = await composer.offer({
      workspace,
      chat,
      person,
      caption,
      captionFrom,
      leftOut,
      when: event.wishes?.when,
      joins,
      file,
    });
    // The file came twice, and is part of a post already.
    if (draft === undefined) return;
    if (reply !== undefined) {
      // What was sent together may have become several drafts: the first one takes the message.
      if ([undefined, draft.id].includes(await cardIndex.subjectOf(reply)))
        await cardIndex.adopt(draft.id, reply);
      cardQueue.touch(draft.id);
    }
    const wishes = draft.files[0]?.id === messageId ? event.wishes : undefined;
    // TikTok is asked in the background: the rest of the album waits behind this file.
    composer
      .lookForAccount(draft)
      .then(() => wishes && commandOptions.fulfil(draft, wishes))
      .catch((error) => log.error({ err: error, draftId: draft.id }, 'A draft stays without its account'));
  }

  async function takeDraftEdit({ event, drafts }: PassedOn<'draft_edit'>): Promise<void> {
    const edit = editOf(
      event,
      drafts.flatMap(({ files }) => files),
    );
    for (const { id } of drafts)
      if (await composer.edit(id, event.person, edit)) cardQueue.touch(id, { soon: true });
  }

  async function takePostEdit({ event, post }: PassedOn<'post_edit'>): Promise<void> {
    const files = (post.messages ?? []).flatMap(({ messageId, file }) =>
      file === undefined ? [] : [{ id: messageId, ref: file.ref }],
    );
    await captionChanges.tellOfEdit(event, post, editOf(event, files));
  }

  /**
   * Plain text in a private chat is the caption of the one draft that has none. Links alone are files, and so are links in a
   * text that no draft waits for.
   */
  async function takeText(event: ChatEventOf<'text'>): Promise<void> {
    const { workspace, person, text, isToPost } = event;
    const linked = readLinks(text);
    const waiting = (await lists.openDrafts(workspace, person)).filter((draft) => draft.caption === '');
    const isForFiles = isToPost || linked.rest === '' || waiting.length === 0;
    if (linked.links.length > 0 && isForFiles) return takeLinks(event, linked);
    const [only, ...others] = waiting;
    if (only !== undefined && others.length === 0) return caption(only.id, event);
    await sender.answer(
      event,
      note(`${wordingOf(event.chat).toPost} To change a caption, reply to its card.`),
    );
  }

  /** Takes what is behind links as files that were sent as one. */
  async function takeLinks(event: ChatEventOf<'text'>, { links, rest }: LinkedText): Promise<void> {
    const { messageId = event.id, order = 0, text: _, subject: __, ...frame } = event;
    const max = PHOTO_LIMITS.maxCount;
    if (links.length > max) throw new UserError({ code: 'too_many_photos', count: links.length, max });
    const refusal = links.map(refusalOfLink).find((problem) => problem !== undefined);
    if (refusal !== undefined) {
      const wording = wordingOf(event.chat);
      const asCaption = event.isPrivate ? ` ${linkAsCaption}` : '';
      return sayWhatToDo(event, `${problemText(refusal, wording)}${asCaption}`);
    }
    for (const [index, link] of links.entries())
      await takeMedia({
        ...frame,
        type: 'media',
        messageId: fileIdOf(messageId, index),
        // Between this message and the next one.
        order: order + index / 100,
        album: links.length > 1 ? `links ${messageId}` : undefined,
        file: fileOfLink(link),
        caption: index === 0 && rest !== '' ? rest : undefined,
      });
  }

  /** Many of a kind are answered once a minute. */
  async function sayWhatToDo(event: ChatEvent, text: string): Promise<void> {
    const { person, chat, reply } = event;
    const isFirst = tellings.take(`${person.id} ${chat} ${text}`);
    if (isFirst || reply !== undefined) await sender.answer(event, note(text));
  }

  async function takeDraftAnswer({ event, kind, draft }: PassedOn<'draft_answer'>): Promise<void> {
    const id = await ownId(draft, event.person);
    if (kind === 'caption') await caption(id, event);
    else if (kind === 'title') await title(id, event);
    else if (kind === 'zone_draft') await schedule.takeZoneForDraft(event, id);
    else if (kind === 'trim') await videoChoices.takeStart(event, id);
    else if (kind === 'cover_moment') await videoChoices.takeCover(event, id);
    else if (!(await schedule.takeForDraft(event, id))) return;
    await questions.settle(event);
  }

  async function ownId({ draft, isTakenOver }: OwnDraft, person: Person): Promise<string> {
    if (isTakenOver) await composer.takeOver(draft.id, person);
    return draft.id;
  }

  async function takePostAnswer(passed: PassedOn<'post_answer'>): Promise<void> {
    const { event, kind, post } = passed;
    if (kind === 'caption') return captionChanges.offer(event, post, event.text);
    if (kind === 'when_post') {
      await sender.answer(event, { lines: await schedule.takeForPost(event, post), rows: [] });
      return questions.settle(event);
    }
    if (kind === 'zone_post') {
      await schedule.takeZoneForPost(event, post);
      return questions.settle(event);
    }
    const said = await voting.explain(event, passed);
    if (said !== undefined) {
      await sender.answer(event, note(said));
      return questions.settle(event);
    }
    // What an author answers to the card of a review that waits may be another caption; all else is people's own talk.
    if (post.author.id === event.person.id && !isSettled(post))
      await captionChanges.offer(event, post, event.text);
  }

  async function caption(draftId: string, { person, text, messageId }: ChatEventOf<'text'>): Promise<void> {
    await composer.choose(draftId, person, { type: 'caption', text, messageId });
    cardQueue.touch(draftId, { soon: true });
  }

  async function title(draftId: string, { person, text }: ChatEventOf<'text'>): Promise<void> {
    await composer.choose(draftId, person, { type: 'title', text: answeredTitle(text) });
    cardQueue.touch(draftId, { soon: true });
  }

  /** What people can do about the reviews in a chat may have changed, and whether their cards still stand. */
  async function showReviews(chat: ChatRef): Promise<void> {
    retry();
    for (const post of await lists.reviewsIn(chat)) {
      for (const each of post.review?.chats ?? []) await cardIndex.noteDoubtful(reviewSubject(post.id, each));
      touch(post);
    }
  }

  /** In a group another bot may know a command that Nod has not. */
  async function runCommand(event: ChatEventOf<'command'>): Promise<void> {
    const command = commandOf(event.name);
    if (command !== undefined) return command.run(commandParts, event);
    if (!event.isPrivate) return;
    const { slash } = wordingOf(event.chat);
    await sender.answer(event, note(`There is no ${slash}${event.name}. ${slash}help shows what there is.`));
  }

  return { handle };
}

/** A file of a message as a draft has it. */
function draftFile(
  message: Pick<ChatEventOf<'media'>, 'messageId'> &
    Partial<Pick<ChatEventOf<'media'>, 'order' | 'album' | 'isAlbumPart'>>,
  file: OfferedFile,
): DraftFile {
  const { messageId, order = 0, album, isAlbumPart } = message;
  const { ref, link, key, name, bytes, claimedKind, thumbnailRef, tooBig } = file;
  const offered = {
    id: messageId,
    order,
    name,
    ref,
    link,
    key,
    album,
    isAlbumPart,
    bytes,
    claimedKind,
    thumbnailRef,
  };
  const problem = link === undefined ? undefined : refusalOfLink(link);
  if (problem !== undefined) return { ...offered, state: 'refused', problem };
  if (tooBig === undefined) return { ...offered, state: 'waiting' };
  const { maxBytes } = tooBig;
  return {
    ...offered,
    state: 'refused',
    problem: { code: 'file_too_big_for_chat', name, bytes: bytes ?? maxBytes, maxBytes },
  };
}

/** What an edit makes of files that are there; some of them, or none, are of its message. */
function editOf(event: ChatEventOf<'edit'>, known: readonly Pick<DraftFile, 'id' | 'ref'>[]): MessageEdit {
  const { messageId, text, file } = event;
  const linked = known.filter(({ id, ref }) => isLinkRef(ref) && fileIndexOf(id, messageId) !== undefined);
  if (linked.length > 0) return linksEditOf(event, linked);
  return { messageId, text, files: file && [draftFile(event, file)] };
}

/**
 * The same for a message whose links were taken as files: a link that is still in it keeps its file, another one stands in
 * the place of one that is not. What was never taken, or was left out on the card, stays out.
 */
function linksEditOf(
  event: ChatEventOf<'edit'>,
  known: readonly Pick<DraftFile, 'id' | 'ref'>[],
): MessageEdit {
  const { messageId, text } = event;
  const { links, rest } = readLinks(text);
  const offered = links.map(fileOfLink);
  const fresh = new Set(offered.filter(({ ref }) => !known.some((one) => one.ref === ref)));
  const lost = known.filter(({ ref }) => !offered.some((one) => one.ref === ref));
  const files: DraftFile[] = [];
  const gone: string[] = [];
  for (const { id } of lost) {
    const here = offered[fileIndexOf(id, messageId) ?? 0];
    const next = here !== undefined && fresh.has(here) ? here : fresh.values().next().value;
    if (next === undefined) gone.push(id);
    else {
      fresh.delete(next);
      files.push({ ...draftFile(event, next), id });
    }
  }
  return { messageId, text: rest, files, gone: links.length === 0 ? [] : gone };
}

/** Why nothing is fetched from a link, as far as that can be told without asking anybody. */
function refusalOfLink(link: string): Problem | undefined {
  try {
    plainLink(link);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.problem;
    throw error;
  }
}

type PassedOn<T extends Passed['on']> = Extract<Passed, { on: T }>;
