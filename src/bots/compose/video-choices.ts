import { allowedSeconds, coverMsOf, videoToTrim } from '../../core/compose/draft.ts';
import type { Composer } from '../../core/compose/drafts.ts';
import { readMoment } from '../../core/compose/parse-time.ts';
import { clockOf } from '../../core/plain-text.ts';
import type { CardIndex } from '../cards/card-index.ts';
import type { CardQueue } from '../cards/card-queue.ts';
import type { ChatEventOf } from '../platform.ts';
import { encodeQuestionId, type Questions } from '../questions.ts';
import { durationOf } from '../text/format.ts';
import { note, OLD_BUTTON } from '../text/messages.ts';

const MAX_LENGTH = 40;

/** Chooses with people which part of a video is posted, and which moment of it is the cover. */
export function createVideoChoices({
  composer,
  questions,
  cardIndex,
  cardQueue,
}: {
  composer: Composer;
  questions: Questions;
  cardIndex: CardIndex;
  cardQueue: CardQueue;
}) {
  /** Asks for the moment at which a video shall begin. */
  async function askForStart(event: ChatEventOf<'press'>, id: string): Promise<void> {
    const { person } = event;
    const draft = await composer.own(id, person);
    const start = videoToTrim(draft)?.use?.cut?.startSeconds;
    const length = durationOf(allowedSeconds(draft) * 1000);
    const question = {
      subject: encodeQuestionId({ kind: 'trim', id }),
      title: 'Trim from',
      hint: `Like 1:05; up to ${length} from there are posted.`,
      text: start === undefined ? '' : clockOf(start),
      maxLength: MAX_LENGTH,
    };
    const card = note(
      `${person.name}, reply to this with the moment from which on the video is posted, like 1:05. Up to ${length} from there are posted.`,
    );
    await questions.ask(event, { question, card, replyTo: await cardIndex.messageOf(id) });
  }

  /** Asks for the moment that shall be the cover. */
  async function askForCover(event: ChatEventOf<'press'>, id: string): Promise<void> {
    const { person } = event;
    const draft = await composer.own(id, person);
    const ms = coverMsOf(draft);
    const question = {
      subject: encodeQuestionId({ kind: 'cover_moment', id }),
      title: 'Cover',
      hint: 'A moment of the video, like 0:07.',
      text: ms === undefined ? '' : clockOf(ms / 1000),
      maxLength: MAX_LENGTH,
    };
    const card = note(`${person.name}, reply to this with the moment that shall be the cover, like 0:07.`);
    await questions.ask(event, { question, card, replyTo: await cardIndex.messageOf(id) });
  }

  /** @throws UserError where it is no moment of the video. */
  async function takeStart({ person, text }: ChatEventOf<'text'>, id: string): Promise<void> {
    await composer.choose(id, person, { type: 'trim', startSeconds: readMoment(text) });
    cardQueue.touch(id, { soon: true });
  }

  /** @throws UserError where it is no moment of the video. */
  async function takeCover({ person, text }: ChatEventOf<'text'>, id: string): Promise<void> {
    await chooseCover(id, person, Math.round(readMoment(text) * 1000));
    cardQueue.touch(id, { soon: true });
  }

  async function chooseCover(id: string, person: ChatEventOf<'text'>['person'], ms: number): Promise<void> {
    await composer.choose(id, person, { type: 'cover_moment', ms });
  }

  /** Takes the picture that was tapped; what is no number of milliseconds was said by no button of ours. */
  async function pressFrame(event: ChatEventOf<'press'>, id: string, argument: string): Promise<void> {
    if (!/^\d{1,9}$/.test(argument)) return event.answer(OLD_BUTTON);
    await chooseCover(id, event.person, Number(argument));
  }

  /** Has the pictures drawn to choose the cover from; they come into the menu when they are there. */
  async function openFrames({ person }: ChatEventOf<'press'>, id: string): Promise<void> {
    await composer.openCovers(id, person);
  }

  return { askForStart, askForCover, takeStart, takeCover, pressFrame, openFrames };
}

export type VideoChoices = ReturnType<typeof createVideoChoices>;
