import type { Logger } from 'pino';
import type { Accounts } from '../core/accounts.ts';
import type { Composer } from '../core/composer.ts';
import type { Consents } from '../core/consents.ts';
import type { DraftFile } from '../core/draft.ts';
import { UserError } from '../core/errors.ts';
import type { ChatRef, Person, Post } from '../core/post.ts';
import type { Workspaces } from '../core/workspaces.ts';
import type { Board } from './board.ts';
import type { Bot, ChatEvent, ChatEventOf } from './bot.ts';
import type { CardRecords } from './card-records.ts';
import type { Lists } from './lists.ts';
import { checkManages } from './managing.ts';
import type { Planning } from './planning.ts';
import type { PostLookup } from './post-lookup.ts';
import type { Pressing } from './pressing.ts';
import type { Settings } from './settings.ts';
import type { Speech } from './speech.ts';
import { parseSubject, reviewSubject } from './subjects.ts';
import type { Suggesting } from './suggesting.ts';
import { decodeTopic } from './topics.ts';
import { idiomOf } from './view/idioms.ts';
import { cancelCard, postsCard } from './view/lists.ts';
import {
  accountsCard,
  connectCard,
  disconnectCard,
  helpCard,
  note,
  problemCard,
  startCard,
} from './view/messages.ts';
import { problemText } from './view/problems.ts';
import type { Voting } from './voting.ts';

/** Decides what happens for each event of a chat, whatever the platform. */
export function createConversation({
  composer,
  pressing,
  lists,
  accounts,
  consents,
  workspaces,
  voting,
  planning,
  postLookup,
  settings,
  board,
  touch,
  records,
  speech,
  suggesting,
  botFor,
  publicUrl,
  now,
  log,
}: {
  composer: Composer;
  pressing: Pressing;
  lists: Lists;
  accounts: Accounts;
  consents: Consents;
  workspaces: Workspaces;
  voting: Voting;
  planning: Planning;
  postLookup: PostLookup;
  settings: Settings;
  board: Board;
  touch: (post: Post) => void;
  records: CardRecords;
  speech: Speech;
  suggesting: Suggesting;
  botFor: (chat: ChatRef) => Bot;
  publicUrl: string;
  now: () => number;
  log: Logger;
}) {
  /** Handles one event; what a person can put right is said in the chat where it came from. */
  async function handle(event: ChatEvent): Promise<void> {
    try {
      await workspaces.meet(event);
      await dispatch(event);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (event.type === 'press') await event.answer(problemText(error.problem, idiomOf(event.chat)));
      else await speech.answer(event, problemCard(error.problem, idiomOf(event.chat)));
    }
  }

  async function dispatch(event: ChatEvent): Promise<void> {
    switch (event.type) {
      case 'media':
        return takeMedia(event);
      case 'text':
        return takeText(event);
      case 'press':
        return pressing.press(event);
      case 'suggest':
        return suggesting.suggest(event);
      case 'reaction':
        return voting.react(event);
      case 'rights':
        return showReviews(event.chat);
      case 'command':
        return obey(event);
    }
  }

  async function takeMedia(event: ChatEventOf<'media'>): Promise<void> {
    const { workspace, chat, person, caption, replyTo, wishes, reply } = event;
    const joins = replyTo && (await records.subjectOf(replyTo));
    const draft = await composer.offer({
      ...{ workspace, chat, person, file: draftFile(event) },
      ...(caption !== undefined && { caption }),
      ...(joins !== undefined && { joins }),
    });
    // The file came twice, and is part of a post already.
    if (draft === undefined) return;
    if (reply !== undefined) {
      await records.adopt(draft.id, reply);
      board.touch(draft.id);
    }
    // The time first: what shall go out later must not be offered to go out at once.
    if (wishes?.when !== undefined)
      await planning.planDraft(draft.id, { workspace: draft.workspace, person, text: wishes.when });
    // TikTok is asked in the background: the rest of the album waits behind this file.
    composer
      .lookForAccount(draft)
      .then(() => wishes && suggesting.fulfil(draft, wishes))
      .catch((error) => log.error({ err: error, draftId: draft.id }, 'A draft stays without its account'));
  }

  function draftFile({ messageId, order, album, file }: ChatEventOf<'media'>): DraftFile {
    const { ref, name, bytes, claimedKind, thumbnailRef, tooBig } = file;
    const offered = {
      ...{ id: messageId, order, name, ref },
      ...(album !== undefined && { album }),
      ...(bytes !== undefined && { bytes }),
      ...(claimedKind !== undefined && { claimedKind }),
      ...(thumbnailRef !== undefined && { thumbnailRef }),
    };
    if (tooBig === undefined) return { ...offered, state: 'waiting' };
    const { maxBytes } = tooBig;
    return {
      ...offered,
      state: 'refused',
      problem: { code: 'file_too_big_for_chat', name, bytes: bytes ?? maxBytes, maxBytes },
    };
  }

  /** A reply to a card, or to our question for one, is its caption; so is plain text while one draft has none. */
  async function takeText(event: ChatEventOf<'text'>): Promise<void> {
    const { workspace, person, text, replyTo, isPrivate } = event;
    const subject = event.subject ?? (replyTo && (await records.subjectOf(replyTo)));
    if (subject !== undefined) return takeAnswer(event, subject);
    if (!isPrivate) return;
    const [only, ...others] = (await lists.openDrafts(workspace, person)).filter(
      (draft) => draft.caption === '',
    );
    if (only !== undefined && others.length === 0) return caption(only.id, person, text);
    await speech.answer(event, note(`${idiomOf(event.chat).toPost} To change a caption, reply to its card.`));
  }

  /** A reply to the card of a review says why one rejects it. */
  async function takeAnswer(event: ChatEventOf<'text'>, subject: string): Promise<void> {
    const about = parseSubject(subject);
    const { kind, id } = decodeTopic(subject) ?? { kind: 'why', id: 'postId' in about ? about.postId : '' };
    if (id === '') return caption(subject, event.person, event.text);
    if (kind === 'zone' || kind === 'code') return settings.take(event, { kind, id });
    if (kind === 'when_draft') return planning.takeForDraft(event, id);
    const post = await postLookup.lookUp(event, id);
    const said = kind === 'why' ? await voting.explain(event, post) : await planning.takeForPost(event, post);
    if (said !== undefined) await speech.answer(event, note(said));
  }

  async function caption(draftId: string, person: Person, text: string): Promise<void> {
    await composer.choose(draftId, person, { type: 'caption', text });
    board.touch(draftId, { soon: true });
  }

  /** What people can do about the reviews in a chat may have changed, and whether their cards still stand. */
  async function showReviews(chat: ChatRef): Promise<void> {
    board.retry();
    for (const post of await lists.reviewsIn(chat)) {
      for (const each of post.review?.chats ?? []) await records.noteDoubtful(reviewSubject(post.id, each));
      touch(post);
    }
  }

  async function obey(event: ChatEventOf<'command'>): Promise<void> {
    const { chat, workspace, person } = event;
    const idiom = idiomOf(chat);
    switch (event.name) {
      case 'start':
        return speech.answer(event, startCard((await accounts.list(workspace)).length > 0));
      case 'help':
        return speech.answer(event, helpCard(idiom, event.maxFileBytes));
      case 'connect': {
        await checkManages(botFor(chat), event);
        const { id } = await consents.invite(event);
        return speech.answer(event, connectCard(`${publicUrl}/connect/${id}`));
      }
      case 'accounts':
        return speech.answer(event, accountsCard(await accounts.list(workspace), idiom));
      case 'disconnect':
        await checkManages(botFor(chat), event);
        return speech.answer(event, disconnectCard(await accounts.list(workspace), idiom));
      case 'settings':
      case 'history':
      case 'join':
      case 'approver':
        return settings.obey(event);
      case 'posts': {
        // Where drafts are composed in private they can get lost from sight, so this brings them back.
        const hidden = botFor(chat).composesInPrivate ? await lists.openDrafts(workspace, person) : [];
        const { timeZone } = await workspaces.settingsOf(workspace);
        const posts = await lists.recentPosts(workspace);
        return speech.answer(event, postsCard({ posts, hidden, idiom, timeZone, now: now() }));
      }
      case 'cancel':
        return speech.answer(
          event,
          cancelCard(await lists.openDrafts(workspace, person), await lists.postsUnderWay(workspace, person)),
        );
      default:
        return event.isPrivate
          ? speech.answer(
              event,
              note(`There is no ${idiom.slash}${event.name}. ${idiom.slash}help shows what there is.`),
            )
          : undefined;
    }
  }

  return { handle };
}
