import type { Composer } from '../../core/compose/drafts.ts';
import type { Rework } from '../../core/compose/submit.ts';
import { UserError } from '../../core/problems.ts';
import { isSettled, type Post } from '../../core/publish/post.ts';
import type { Signals } from '../../core/publish/signals.ts';
import { checkApplies, nowOf } from '../../core/publish/verbs.ts';
import type { Member } from '../../core/review/review.ts';
import { isPrivacyLevel } from '../../core/tiktok/types.ts';
import type { Press } from '../buttons.ts';
import type { CardIndex } from '../cards/card-index.ts';
import type { CardQueue } from '../cards/card-queue.ts';
import type { Sender } from '../cards/send.ts';
import type { DraftMenu } from '../compose/draft-card.ts';
import type { ChatEventOf } from '../platform.ts';
import type { Voting } from '../review/voting.ts';
import type { SettingsDialogue } from '../settings/settings.ts';
import { CANCELLING, note, OLD_BUTTON } from '../text/messages.ts';
import { type CaptionChanges, NEWER_CAPTION, RECAPTIONED } from './caption-change.ts';
import { pageIn, type Queue } from './queue.ts';
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
  composer,
  signals,
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
}: {
  rework: Rework;
  composer: Pick<Composer, 'choose'>;
  signals: Signals;
  voting: Voting;
  schedule: PostSchedule;
  captionChanges: CaptionChanges;
  queue: Queue;
  settings: SettingsDialogue;
  cardQueue: CardQueue;
  /** Shows what has changed about the post. */
  touch: (post: Post) => void;
  cardIndex: CardIndex;
  sender: Sender;
  /** Has the card of a draft drawn with this menu open. */
  setMenu: (draftId: string, menu: DraftMenu) => void;
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
      case 'zone':
        return schedule.pressZoneForPost(event, post, argument);
      case 'now':
        return schedule.release(event, post);
      case 'keep':
        return schedule.keep(event, post);
      case 'caption':
        return void (await sender.say(event.chat, note(post.content.caption), { replyTo: event.message }));
      case 'cancel':
        return cancel(event, post, press.argument);
      case 'show':
        return queue.open(event, post, pageIn(argument));
      case 'again':
        return goOn(post, await rework.retry(post, person));
      case 'inbox':
        return goOn(post, await rework.reroute(post, person));
      case 'privacy':
        if (!isPrivacyLevel(argument)) return event.answer(OLD_BUTTON);
        return goOn(post, await rework.rechoose(post, person, argument));
      case 'unlabel':
        return goOn(post, await rework.unlabel(post, person));
      case 'edit':
        return void (await edit(event, post));
      case 'trim':
        return trim(event, post);
      case 'recaption':
        return recaption(event, post, argument);
      case 'approver':
        return settings.askForApprover(event);
      case 'own_vote':
        return settings.countAuthor(event, post);
      default:
        return event.answer(OLD_BUTTON);
    }
  }

  /** Shows that another post goes on; pressed once more, that may be over already. */
  function goOn(post: Post, next: Post): void {
    touch(post);
    if (isSettled(next)) throw new UserError({ code: 'goes_on', ...nowOf(next) });
  }

  /** Takes the post back, with the caption that was offered above the button. */
  async function recaption(event: PressEvent, post: Post, key: string): Promise<void> {
    const caption = await captionChanges.take(post, event.person, key);
    if (caption === undefined) return event.answer(NEWER_CAPTION);
    await edit(event, post, caption);
    await event.answer();
    if (event.isOnMessage) await sender.sayInstead(event.message, note(RECAPTIONED));
  }

  async function edit(event: PressEvent, post: Post, caption?: string): Promise<string> {
    const place = await event.openPrivately?.();
    const draft = await rework.withdraw(post, event.person);
    if (caption !== undefined)
      await composer.choose(draft.id, event.person, { type: 'caption', text: caption });
    if (place !== undefined) await cardIndex.adopt(draft.id, place);
    cardQueue.touch(draft.id, { soon: true });
    return draft.id;
  }

  /** Takes the post back into a draft that asks which part of its video to post. */
  async function trim(event: PressEvent, post: Post): Promise<void> {
    const draftId = await edit(event, post);
    setMenu(draftId, 'trimming');
    cardQueue.touch(draftId, { soon: true });
  }

  /** `page` is that of the queue in which it was pressed, which goes on without the post. */
  async function cancel(event: PressEvent, post: Post, page: string | undefined): Promise<void> {
    checkApplies('cancel', post);
    const isTooLate = post.status === 'processing' && (post.cancelRefused || post.transfer === 'upload');
    if (isTooLate) throw new UserError({ code: 'not_cancellable' });
    await signals.cancel(post.id, event.person);
    await event.answer(CANCELLING);
    if (page !== undefined && event.isOnMessage) await queue.show(event, pageIn(page), post);
  }

  return { press };
}

export type PostButtons = ReturnType<typeof createPostButtons>;
