import type { Logger } from 'pino';
import type { Accounts } from '../core/accounts.ts';
import type { Composer } from '../core/composer.ts';
import type { Consents } from '../core/consents.ts';
import type { Draft, DraftFile } from '../core/draft.ts';
import { UserError } from '../core/errors.ts';
import { type ChatRef, isSettled, type Person, type Post } from '../core/post.ts';
import type { Store } from '../core/stores.ts';
import type { Board } from './board.ts';
import type { Bot, Card, ChatEvent, ChatEventOf } from './bot.ts';
import type { CardRecords } from './card-records.ts';
import type { Pressing } from './pressing.ts';
import type { Speech } from './speech.ts';
import type { Suggesting } from './suggesting.ts';
import { idiomOf } from './view/idioms.ts';
import {
  accountsCard,
  cancelCard,
  connectCard,
  disconnectCard,
  helpCard,
  note,
  postsCard,
  problemCard,
  startCard,
} from './view/messages.ts';
import { problemText } from './view/problems.ts';

const RECENT_POSTS = 10;

/** Decides what happens for each event of a chat, whatever the platform. */
export function createConversation({
  composer,
  pressing,
  drafts,
  posts,
  accounts,
  consents,
  board,
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
  drafts: Store<Draft>;
  posts: Store<Post>;
  accounts: Accounts;
  consents: Consents;
  board: Board;
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
      await dispatch(event);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (event.type === 'press') await event.answer(problemText(error.problem, idiomOf(event.chat)));
      else await say(event, problemCard(error.problem, idiomOf(event.chat)));
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
    // TikTok is asked in the background: the rest of the album waits behind this file.
    composer
      .lookForAccount(draft)
      .then(() => wishes && suggesting.fulfil(draft, wishes))
      .catch((error) => log.error({ err: error, draftId: draft.id }, 'A draft stays without its account'));
  }

  function draftFile({ messageId, album, file }: ChatEventOf<'media'>): DraftFile {
    const { ref, name, bytes, claimedKind, thumbnailRef, tooBig } = file;
    const offered = {
      ...{ id: messageId, order: Number(messageId), name, ref },
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
    if (subject !== undefined) return caption(subject);
    if (!isPrivate) return;
    const [only, ...others] = (await openDrafts(workspace, person)).filter((draft) => draft.caption === '');
    if (only !== undefined && others.length === 0) return caption(only.id);
    await say(event, note(`${idiomOf(event.chat).toPost} To change a caption, reply to its card.`));

    async function caption(draftId: string): Promise<void> {
      await composer.choose(draftId, person, { type: 'caption', text });
      board.touch(draftId, { soon: true });
    }
  }

  async function obey(event: ChatEventOf<'command'>): Promise<void> {
    const { chat, workspace, person } = event;
    const idiom = idiomOf(chat);
    switch (event.name) {
      case 'start':
        return say(event, startCard((await accounts.list(workspace)).length > 0));
      case 'help':
        return say(event, helpCard(idiom, event.maxFileBytes));
      case 'connect': {
        await checkMayManage(event);
        const { id } = await consents.invite(event);
        return say(event, connectCard(`${publicUrl}/connect/${id}`));
      }
      case 'accounts':
        return say(event, accountsCard(await accounts.list(workspace), idiom));
      case 'disconnect':
        await checkMayManage(event);
        return say(event, disconnectCard(await accounts.list(workspace), idiom));
      case 'posts': {
        // Where drafts are composed in private they can get lost from sight, so this brings them back.
        const hidden = botFor(chat).composesInPrivate ? await openDrafts(workspace, person) : [];
        return say(event, postsCard({ posts: await recentPosts(workspace), hidden, idiom, now: now() }));
      }
      case 'cancel':
        return say(
          event,
          cancelCard(await openDrafts(workspace, person), await postsUnderWay(workspace, person)),
        );
      default:
        return event.isPrivate
          ? say(
              event,
              note(`There is no ${idiom.slash}${event.name}. ${idiom.slash}help shows what there is.`),
            )
          : undefined;
    }
  }

  async function checkMayManage({ chat, person }: { chat: ChatRef; person: Person }): Promise<void> {
    if (!(await botFor(chat).mayManage(chat, person))) throw new UserError({ code: 'not_admin' });
  }

  /** Answers where the person asked: in a message that waits for it, else in the chat. */
  async function say({ chat, reply }: ChatEvent, card: Card): Promise<void> {
    await (reply === undefined ? speech.say(chat, card) : speech.sayInstead(reply, card));
  }

  async function openDrafts(workspace: string, person: Person): Promise<Draft[]> {
    const open: Draft[] = [];
    for await (const [, draft] of drafts.entries()) {
      if (draft.workspace === workspace && draft.author.id === person.id && draft.submitted === undefined)
        open.push(draft);
    }
    return open;
  }

  async function recentPosts(workspace: string): Promise<Post[]> {
    const found = await postsOf((post) => post.workspace === workspace);
    return found.sort((a, b) => b.createdAt - a.createdAt).slice(0, RECENT_POSTS);
  }

  function postsUnderWay(workspace: string, person: Person): Promise<Post[]> {
    return postsOf(
      (post) => post.workspace === workspace && post.author.id === person.id && !isSettled(post),
    );
  }

  async function postsOf(wanted: (post: Post) => boolean): Promise<Post[]> {
    const found: Post[] = [];
    for await (const [, post] of posts.entries()) if (wanted(post)) found.push(post);
    return found;
  }

  return { handle };
}
