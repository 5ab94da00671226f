import type { Workspaces } from '../../core/accounts/workspaces.ts';
import { plannedAt } from '../../core/compose/draft.ts';
import type { Composer } from '../../core/compose/drafts.ts';
import { readWhen } from '../../core/compose/parse-time.ts';
import { aboutPost, type Recorder } from '../../core/history/record-post.ts';
import type { Person } from '../../core/people.ts';
import { UserError } from '../../core/problems.ts';
import type { Post } from '../../core/publish/post.ts';
import type { Signals } from '../../core/publish/signals.ts';
import { applies, checkApplies, notNow } from '../../core/publish/verbs.ts';
import type { Store } from '../../core/storage/database.ts';
import type { CardQueue } from '../cards/card-queue.ts';
import type { ChatEventOf, Line } from '../platform.ts';
import { encodeQuestionId, type QuestionId, type Questions } from '../questions.ts';
import { momentOf } from '../text/format.ts';
import { AT_ONCE, askWhenText, lineText, note, plannedLine, WHEN } from '../text/messages.ts';

const MAX_LENGTH = 100;

/** Whether another time can be set for the post. */
export const isPlannable = (post: Post): boolean => applies('plan', post) && post.attempts === 0;

/** Decides with people when something goes out. */
export function createSchedule({
  composer,
  posts,
  notes,
  workspaces,
  recorder,
  cardQueue,
  questions,
  wake,
  now,
}: {
  composer: Composer;
  posts: Store<Post>;
  notes: Signals;
  workspaces: Workspaces;
  recorder: Recorder;
  cardQueue: CardQueue;
  questions: Questions;
  /** Resolves when the post has been looked at. */
  wake: (postId: string) => Promise<void>;
  now: () => number;
}) {
  /** Asks when a draft shall go out. */
  async function askForDraft(event: ChatEventOf<'press'>, draftId: string): Promise<void> {
    const draft = await composer.own(draftId, event.person);
    const { workspace } = draft;
    await ask(event, { kind: 'when_draft', id: draftId }, { workspace, publishAt: plannedAt(draft) });
  }

  /** Asks when a post shall go out that waits for its review or its time. */
  async function askForPost(event: ChatEventOf<'press'>, post: Post): Promise<void> {
    checkPlannable(post);
    await ask(event, { kind: 'when_post', id: post.id }, post);
  }

  async function ask(
    event: ChatEventOf<'press'>,
    topic: QuestionId,
    plan: { workspace: string; publishAt?: number | undefined },
  ): Promise<void> {
    const { timeZone } = await workspaces.settingsOf(plan.workspace);
    const text = plan.publishAt === undefined ? '' : momentOf(plan.publishAt, now(), timeZone);
    const question = { subject: encodeQuestionId(topic), title: WHEN, text, maxLength: MAX_LENGTH };
    const card = note(askWhenText(event.person, timeZone));
    await questions.ask(event, { question, card, replyTo: event.message });
  }

  /** Takes the answer for a draft; false where it is no time that can be, which the card says. */
  async function takeForDraft({ person, text }: ChatEventOf<'text'>, draftId: string): Promise<boolean> {
    const { workspace } = await composer.own(draftId, person);
    const isTime = await planDraft(draftId, { workspace, person, text });
    cardQueue.touch(draftId, { soon: true });
    return isTime;
  }

  /** Takes the answer for a post; what to say to it. */
  async function takeForPost(event: ChatEventOf<'text'>, post: Post): Promise<Line> {
    checkPlannable(post);
    return plan(post, event.person, await read(event.text, post.workspace));
  }

  /** A time that cannot be stands on the card, for what shall go out later must not go out at once; false for such. */
  async function planDraft(
    draftId: string,
    { workspace, person, text }: { workspace: string; person: Person; text: string },
  ): Promise<boolean> {
    try {
      const at = await read(text, workspace);
      await composer.choose(draftId, person, { type: 'when', plan: at === undefined ? undefined : { at } });
      return true;
    } catch (error) {
      if (!(error instanceof UserError) || !error.problem.code.startsWith('when_')) throw error;
      await composer.choose(draftId, person, { type: 'when', plan: { problem: error.problem } });
      return false;
    }
  }

  /** Lets a planned post go out as soon as it may. */
  async function release(event: ChatEventOf<'press'>, post: Post): Promise<void> {
    checkPlannable(post);
    await event.answer(lineText(await plan(post, event.person, undefined)));
  }

  async function plan(post: Post, person: Person, publishAt: number | undefined): Promise<Line> {
    await notes.reschedule(post.id, publishAt);
    // Preparing files takes its time, and so does publishing at once: neither is waited for.
    if (publishAt !== undefined && post.status !== 'preparing') {
      await wake(post.id);
      const current = (await posts.get(post.id)) ?? post;
      if (current.publishAt !== publishAt) throw tooLate(current);
    }
    const { timeZone } = await workspaces.settingsOf(post.workspace);
    const line = plannedLine(publishAt, now(), timeZone);
    await recorder.note({ ...aboutPost(post), person, what: 'scheduled', detail: lineText(line) });
    return line;
  }

  /** Milliseconds since the epoch, or undefined for at once. */
  async function read(text: string, workspace: string): Promise<number | undefined> {
    if (AT_ONCE.has(text.trim().toLowerCase())) return undefined;
    const { timeZone } = await workspaces.settingsOf(workspace);
    return readWhen(text, { now: now(), timeZone });
  }

  function checkPlannable(post: Post): void {
    checkApplies('plan', post);
    if (!isPlannable(post)) throw tooLate(post);
  }

  return { askForDraft, askForPost, takeForDraft, takeForPost, planDraft, release };
}

export type PostSchedule = ReturnType<typeof createSchedule>;

/** A post that waits for another attempt has been at TikTok, as one that is being handed over. */
const tooLate = (post: Post): UserError =>
  applies('plan', post)
    ? new UserError({ code: 'not_now', verb: 'plan', status: 'submitting', links: [] })
    : notNow('plan', post);
