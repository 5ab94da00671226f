import type { Reworking } from '../../core/compose/submit.ts';
import { UserError } from '../../core/problems.ts';
import { isSettled, type Post } from '../../core/publish/post.ts';
import type { Notes } from '../../core/publish/signals.ts';
import type { Standing } from '../../core/review/review.ts';
import { isPrivacyLevel } from '../../core/tiktok/types.ts';
import type { Press } from '../buttons.ts';
import type { CardRecords } from '../cards/card-index.ts';
import type { Board } from '../cards/card-queue.ts';
import type { Speech } from '../cards/send.ts';
import type { ChatEventOf } from '../platform.ts';
import type { Voting } from '../review/voting.ts';
import { CANCELLING, note, OLD_BUTTON } from '../text/messages.ts';
import type { Planning } from './schedule.ts';

type PressEvent = ChatEventOf<'press'>;

/** A press on the card of a post whose person may do what it says. */
interface PressOnPost {
  readonly event: PressEvent;
  readonly press: Press;
  readonly post: Post;
  readonly standing: Standing;
}

/** Does what a pressed button on the card of a post says. */
export function createPostPressing({
  reworking,
  notes,
  voting,
  planning,
  board,
  touch,
  records,
  speech,
}: {
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
  async function press({ event, press, post, standing }: PressOnPost): Promise<void> {
    const { person } = event;
    const { verb, argument = '' } = press;
    switch (verb) {
      case 'approve':
      case 'reject':
        return voting.press(event, { post, standing }, verb);
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
        await reworking.retry(post);
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
    const place = await event.openPrivately?.();
    const draft = await reworking.withdraw(post, event.person);
    if (place !== undefined) await records.adopt(draft.id, place);
    board.touch(draft.id, { soon: true });
  }

  async function cancel(event: PressEvent, post: Post): Promise<void> {
    if (isSettled(post)) throw new UserError({ code: 'not_cancellable', status: post.status });
    await notes.cancel(post.id, event.person);
    await event.answer(CANCELLING);
  }

  return { press };
}

export type PostPressing = ReturnType<typeof createPostPressing>;
