import { UserError } from '../core/errors.ts';
import type { Notes } from '../core/notes.ts';
import { isSettled, type Post } from '../core/post.ts';
import type { Reworking } from '../core/reworking.ts';
import { isPrivacyLevel } from '../core/tiktok/types.ts';
import type { Board } from './board.ts';
import type { ChatEventOf } from './bot.ts';
import type { CardRecords } from './card-records.ts';
import type { Planning } from './planning.ts';
import type { PostLookup } from './post-lookup.ts';
import type { Press } from './presses.ts';
import type { Speech } from './speech.ts';
import { CANCELLING, note, OLD_BUTTON } from './view/messages.ts';
import type { Voting } from './voting.ts';

type PressEvent = ChatEventOf<'press'>;

/** Does what a pressed button on the card of a post says. */
export function createPostPressing({
  postLookup,
  reworking,
  notes,
  voting,
  planning,
  board,
  touch,
  records,
  speech,
}: {
  postLookup: PostLookup;
  reworking: Reworking;
  notes: Notes;
  voting: Voting;
  planning: Planning;
  board: Board;
  /** Shows what has changed about the post. */
  touch: (post: Post) => void;
  records: CardRecords;
  speech: Speech;
}) {
  /** @throws UserError when the person has to do something else first. */
  async function press(event: PressEvent, { id, verb, argument = '' }: Press): Promise<void> {
    const { person } = event;
    const post = await postLookup.lookUp(event, id);
    switch (verb) {
      case 'approve':
      case 'reject':
        return voting.press(event, post, verb);
      case 'why':
        return voting.pressWhy(event, post);
      case 'when':
        return planning.askForPost(event, post);
      case 'now':
        return planning.release(event, post);
      case 'caption':
        return void (await speech.say(event.chat, note(post.content.caption), { replyTo: event.message }));
      case 'cancel':
        return cancel(event, post);
      case 'again':
        await reworking.retry(post, person);
        return touch(post);
      case 'privacy':
        if (!isPrivacyLevel(argument)) return event.answer(OLD_BUTTON);
        await reworking.rechoose(post, person, argument);
        return touch(post);
      case 'edit':
        return edit(event, post);
      default:
        return event.answer(OLD_BUTTON);
    }
  }

  async function edit(event: PressEvent, post: Post): Promise<void> {
    if (post.author.id !== event.person.id)
      throw new UserError({ code: 'not_author', author: post.author.name });
    const place = await event.openPrivately?.();
    const draft = await reworking.withdraw(post, event.person);
    if (place !== undefined) await records.adopt(draft.id, place);
    board.touch(draft.id, { soon: true });
  }

  async function cancel(event: PressEvent, post: Post): Promise<void> {
    await postLookup.checkMayChange(event, post);
    if (isSettled(post)) throw new UserError({ code: 'not_cancellable', status: post.status });
    await notes.cancel(post.id, event.person);
    await event.answer(CANCELLING);
  }

  return { press };
}

export type PostPressing = ReturnType<typeof createPostPressing>;
