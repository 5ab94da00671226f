import type { Rework } from '../../core/compose/submit.ts';
import { UserError } from '../../core/problems.ts';
import { isSettled, type Post } from '../../core/publish/post.ts';
import type { Signals } from '../../core/publish/signals.ts';
import type { Member } from '../../core/review/review.ts';
import { isPrivacyLevel } from '../../core/tiktok/types.ts';
import type { Press } from '../buttons.ts';
import type { CardIndex } from '../cards/card-index.ts';
import type { CardQueue } from '../cards/card-queue.ts';
import type { Sender } from '../cards/send.ts';
import type { ChatEventOf } from '../platform.ts';
import type { Voting } from '../review/voting.ts';
import { CANCELLING, note, OLD_BUTTON } from '../text/messages.ts';
import type { PostSchedule } from './schedule.ts';

type PressEvent = ChatEventOf<'press'>;

/** A press on the card of a post whose person may do what it says. */
interface PressOnPost {
  readonly event: PressEvent;
  readonly press: Press;
  readonly post: Post;
  readonly member: Member;
}

/** Does what a pressed button on the card of a post says. */
export function createPostButtons({
  rework,
  notes,
  voting,
  schedule,
  cardQueue,
  touch,
  cardIndex,
  sender,
}: {
  rework: Rework;
  notes: Signals;
  voting: Voting;
  schedule: PostSchedule;
  cardQueue: CardQueue;
  /** Shows what has changed about the post. */
  touch: (post: Post) => void;
  cardIndex: CardIndex;
  sender: Sender;
}) {
  /** @throws UserError when the person has to do something else first. */
  async function press({ event, press, post, member }: PressOnPost): Promise<void> {
    const { person } = event;
    const { verb, argument = '' } = press;
    switch (verb) {
      case 'approve':
      case 'reject':
        return voting.press(event, { post, member }, verb);
      case 'why':
        return voting.pressWhy(event, post);
      case 'when':
        return schedule.askForPost(event, post);
      case 'now':
        return schedule.release(event, post);
      case 'caption':
        return void (await sender.say(event.chat, note(post.content.caption), { replyTo: event.message }));
      case 'cancel':
        return cancel(event, post);
      case 'again':
        await rework.retry(post);
        return touch(post);
      case 'privacy':
        if (!isPrivacyLevel(argument)) return event.answer(OLD_BUTTON);
        await rework.rechoose(post, person, argument);
        return touch(post);
      case 'edit':
        return edit(event, post);
      default:
        return event.answer(OLD_BUTTON);
    }
  }

  async function edit(event: PressEvent, post: Post): Promise<void> {
    const place = await event.openPrivately?.();
    const draft = await rework.withdraw(post, event.person);
    if (place !== undefined) await cardIndex.adopt(draft.id, place);
    cardQueue.touch(draft.id, { soon: true });
  }

  async function cancel(event: PressEvent, post: Post): Promise<void> {
    if (isSettled(post)) throw new UserError({ code: 'not_cancellable', status: post.status });
    await notes.cancel(post.id, event.person);
    await event.answer(CANCELLING);
  }

  return { press };
}

export type PostButtons = ReturnType<typeof createPostButtons>;
