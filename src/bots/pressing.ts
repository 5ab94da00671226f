import type { Accounts } from '../core/accounts.ts';
import type { Choice } from '../core/choices.ts';
import type { Composer } from '../core/composer.ts';
import type { Draft } from '../core/draft.ts';
import { UserError } from '../core/errors.ts';
import type { Notes } from '../core/notes.ts';
import { type ChatRef, isSettled, type Person, type Post } from '../core/post.ts';
import type { Store } from '../core/stores.ts';
import type { Submission } from '../core/submission.ts';
import { isPrivacyLevel, type PostMode } from '../core/tiktok/types.ts';
import type { Board } from './board.ts';
import type { Bot, Card, ChatEventOf } from './bot.ts';
import { accountKey, decodePress, type Press } from './presses.ts';
import { note } from './view/messages.ts';
import { accountName } from './view/words.ts';

type PressEvent = ChatEventOf<'press'>;

/** Does what a pressed button says. */
export function createPressing({
  composer,
  submission,
  posts,
  drafts,
  accounts,
  notes,
  board,
  botFor,
  drawDraft,
}: {
  composer: Composer;
  submission: Submission;
  posts: Store<Post>;
  drafts: Store<Draft>;
  accounts: Accounts;
  notes: Notes;
  board: Board;
  botFor: (chat: ChatRef) => Bot;
  drawDraft: (draft: Draft, menu: 'files' | 'accounts') => Promise<Card>;
}) {
  /** @throws UserError when the person has to do something else first. */
  async function press(event: PressEvent): Promise<void> {
    const press = decodePress(event.press);
    if (press === undefined) return event.answer('This button is from an older Nod.');
    if (press.on === 'draft') await pressDraft(event, press);
    else if (press.on === 'post') await pressPost(event, press);
    else await pressAccount(event, press);
    await event.answer();
  }

  async function pressDraft(event: PressEvent, { id, verb, argument }: Press): Promise<void> {
    const { person } = event;
    const choice = choiceOf(verb, argument);
    if (choice !== undefined) {
      await composer.choose(id, person, choice);
      board.touch(id, { soon: true });
      return;
    }
    switch (verb) {
      case 'post':
        return submit(event, id, 'DIRECT_POST');
      case 'inbox':
        return submit(event, id, 'MEDIA_UPLOAD');
      case 'caption':
        return askForCaption(event, id);
      case 'account':
        await composer.pickAccount(id, person, await openIdOf(event.workspace, argument ?? ''));
        return board.touch(id, { soon: true });
      case 'again':
        await composer.refresh(id, person);
        return board.touch(id, { soon: true });
      case 'files':
      case 'accounts':
        return board.showInstead(id, await drawDraft(await composer.own(id, person), verb));
      case 'back':
        return board.touch(id, { soon: true });
      case 'discard':
        return discard(event, id);
      default:
        return event.answer('This button is from an older Nod.');
    }
  }

  async function submit(event: PressEvent, id: string, postMode: PostMode): Promise<void> {
    await submission.submit(id, event.person, postMode);
    board.touch(id, { soon: true });
  }

  async function askForCaption({ chat, person }: PressEvent, id: string): Promise<void> {
    await composer.own(id, person);
    const replyTo = await board.messageOf(id);
    const question = await botFor(chat).send(chat, note(`${person.name}, reply to this with the caption.`), {
      asksFor: person,
      ...(replyTo !== undefined && { replyTo }),
    });
    await board.anchor(question, id);
  }

  async function discard({ person }: PressEvent, id: string): Promise<void> {
    await composer.discard(id, person);
    await board.showInstead(id, note('Discarded. Nothing was posted.'));
  }

  async function pressPost({ person, chat }: PressEvent, { id, verb }: Press): Promise<void> {
    const post = await posts.get(id);
    if (post === undefined) throw new UserError({ code: 'post_gone' });
    switch (verb) {
      case 'cancel':
        return cancel(post, person, chat);
      case 'again':
        await submission.retry(post, person);
        return board.touch(post.draftId, { soon: true });
      case 'edit': {
        const draft = await submission.editAgain(post, person);
        return board.touch(draft.id, { soon: true });
      }
    }
  }

  /** The author may cancel, and whoever may manage the place. */
  async function cancel(post: Post, person: Person, chat: ChatRef): Promise<void> {
    if (post.author.id !== person.id && !(await botFor(chat).mayManage(chat, person))) {
      throw new UserError({ code: 'not_author', author: post.author.name });
    }
    if (isSettled(post)) throw new UserError({ code: 'not_cancellable', status: post.status });
    await notes.cancel(post.id, person.id);
  }

  async function pressAccount(
    { chat, workspace, person, message }: PressEvent,
    { id, verb }: Press,
  ): Promise<void> {
    if (verb !== 'disconnect') return;
    if (!(await botFor(chat).mayManage(chat, person))) throw new UserError({ code: 'not_admin' });
    const account = await accounts.get(await openIdOf(workspace, id));
    if (account === undefined) throw new UserError({ code: 'no_account' });
    const busy = await countUnderWay(workspace, account.openId);
    // TikTok ends what is in processing when access is taken back, so posts finish first.
    if (busy > 0) throw new UserError({ code: 'account_busy', username: accountName(account), posts: busy });
    await accounts.disconnect(workspace, account.openId);
    await botFor(chat).edit(message, note(`${accountName(account)} is disconnected.`));
    for await (const [draftId, draft] of drafts.entries()) {
      if (draft.workspace === workspace && draft.account?.openId === account.openId) {
        await composer.refresh(draftId, draft.author);
      }
    }
  }

  async function openIdOf(workspace: string, key: string): Promise<string> {
    const shared = await accounts.list(workspace);
    const account = shared.find(({ openId }) => accountKey(openId) === key);
    if (account === undefined) throw new UserError({ code: 'no_account' });
    return account.openId;
  }

  async function countUnderWay(workspace: string, openId: string): Promise<number> {
    let count = 0;
    for await (const [, post] of posts.entries()) {
      if (post.workspace === workspace && post.content.openId === openId && !isSettled(post)) count += 1;
    }
    return count;
  }

  return { press };
}

export type Pressing = ReturnType<typeof createPressing>;

const TOGGLES = [
  'allowComment',
  'allowDuet',
  'allowStitch',
  'aiGenerated',
  'yourBrand',
  'brandedContent',
] as const;

/** The choice that a button on a draft stands for; undefined when it stands for something else. */
function choiceOf(verb: string, argument = ''): Choice | undefined {
  switch (verb) {
    case 'privacy':
      return isPrivacyLevel(argument) ? { type: 'privacy', privacyLevel: argument } : undefined;
    case 'set': {
      const setting = TOGGLES.find((toggle) => toggle === argument);
      return setting && { type: 'toggle', setting };
    }
    case 'disclose':
      return { type: 'disclosing' };
    case 'photos':
      return { type: 'keep_photos' };
    case 'keep':
      return { type: 'keep_file', fileId: argument };
    case 'drop':
      return { type: 'drop_file', fileId: argument };
    case 'drop_refused':
      return { type: 'drop_refused' };
    default:
      return undefined;
  }
}
