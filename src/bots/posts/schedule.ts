import type { Accounts } from '../../core/accounts/accounts.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { DraftPlan } from '../../core/compose/draft.ts';
import type { Composer } from '../../core/compose/drafts.ts';
import { readPlan, readTimeZone } from '../../core/compose/parse-time.ts';
import { aboutPost, type Recorder } from '../../core/history/record-post.ts';
import type { Person } from '../../core/people.ts';
import { UserError } from '../../core/problems.ts';
import type { Post } from '../../core/publish/post.ts';
import type { Signals } from '../../core/publish/signals.ts';
import { applies, checkApplies, notNow } from '../../core/publish/verbs.ts';
import type { Store } from '../../core/storage/database.ts';
import { endLine } from '../accounts/account-cards.ts';
import type { CardQueue } from '../cards/card-queue.ts';
import type { Sender } from '../cards/send.ts';
import type { ChatEvent, ChatEventOf, Line } from '../platform.ts';
import { encodeQuestionId, type Questions } from '../questions.ts';
import { lineText, momentOf } from '../text/format.ts';
import { askWhenText, note, plannedLine, WHEN } from '../text/messages.ts';
import { wordingOf } from '../text/wording.ts';
import { likelyZones } from './likely-zones.ts';
import {
  askZoneCard,
  askZoneText,
  WHICH_ZONE,
  ZONE_ARGUMENTS,
  zoneKnownCard,
  zoneText,
} from './zone-card.ts';

const MAX_LENGTH = 100;

/** What is to go out, and when as far as that was said. */
interface Planned {
  readonly on: 'draft' | 'post';
  readonly id: string;
  readonly workspace: string;
  readonly plan: DraftPlan | undefined;
}

/** Whether another time can be set for the post. */
export const isPlannable = (post: Post): boolean => applies('plan', post) && post.attempts === 0;

/** Decides with people when something goes out. */
export function createSchedule({
  composer,
  posts,
  signals,
  workspaces,
  accounts,
  recorder,
  cardQueue,
  questions,
  sender,
  wake,
  now,
}: {
  composer: Composer;
  posts: Store<Post>;
  signals: Signals;
  workspaces: Workspaces;
  accounts: Pick<Accounts, 'get'>;
  recorder: Recorder;
  cardQueue: CardQueue;
  questions: Questions;
  sender: Sender;
  /** Resolves when the post has been looked at. */
  wake: (postId: string) => Promise<void>;
  now: () => number;
}) {
  /** Asks when a draft shall go out; first, once for the place, in which time zone. */
  async function askForDraft(event: ChatEventOf<'press'>, draftId: string): Promise<void> {
    await ask(event, await planOfDraft(event.person, draftId));
  }

  /** Asks when a post shall go out that waits for its review or its time. */
  async function askForPost(event: ChatEventOf<'press'>, post: Post): Promise<void> {
    await ask(event, planOfPost(post));
  }

  async function planOfDraft(person: Person, id: string): Promise<Planned> {
    const { workspace, plan } = await composer.own(id, person);
    return { on: 'draft', id, workspace, plan };
  }

  function planOfPost(post: Post): Planned {
    checkPlannable(post);
    const { id, workspace, publishAt } = post;
    return { on: 'post', id, workspace, plan: publishAt === undefined ? undefined : { at: publishAt } };
  }

  async function ask(event: ChatEventOf<'press'>, planned: Planned): Promise<void> {
    const timeZone = await workspaces.timeZoneOf(planned.workspace);
    if (timeZone === undefined) await askForZone(event, planned);
    else await askForTime(event, planned, timeZone);
  }

  async function askForTime(
    event: ChatEventOf<'press'>,
    { on, id, plan }: Planned,
    timeZone: string,
  ): Promise<void> {
    const text = plan === undefined || 'problem' in plan ? '' : momentOf(plan.at, now(), timeZone);
    const subject = encodeQuestionId({ kind: `when_${on}`, id });
    const hint = `Times are those of ${timeZone}.`;
    const question = { subject, title: WHEN, hint, text, maxLength: MAX_LENGTH };
    const card = note(askWhenText(event.person, timeZone));
    await questions.ask(event, { question, card, replyTo: event.message });
  }

  async function askForZone(event: ChatEventOf<'press'>, { on, id }: Planned): Promise<void> {
    const place = await event.openPrivately?.();
    const card = askZoneCard({ on, id, person: event.person, zones: likelyZones(event.locale), now: now() });
    if (place === undefined) await sender.say(event.chat, card, { replyTo: event.message });
    else await sender.sayInstead(place, card);
  }

  async function pressZoneForDraft(
    event: ChatEventOf<'press'>,
    draftId: string,
    argument: string,
  ): Promise<void> {
    await pressZone(event, await planOfDraft(event.person, draftId), argument);
  }

  async function pressZoneForPost(event: ChatEventOf<'press'>, post: Post, argument: string): Promise<void> {
    await pressZone(event, planOfPost(post), argument);
  }

  /** A zone was chosen, or another one is to be written, or a time follows one that was written. */
  async function pressZone(event: ChatEventOf<'press'>, planned: Planned, argument: string): Promise<void> {
    if (argument === ZONE_ARGUMENTS.other) {
      const subject = encodeQuestionId({ kind: `zone_${planned.on}`, id: planned.id });
      const question = { subject, title: WHICH_ZONE, text: '', maxLength: MAX_LENGTH };
      const card = note(askZoneText(event.person));
      return questions.ask(event, { question, card, replyTo: event.message });
    }
    if (argument === ZONE_ARGUMENTS.time) return ask(event, planned);
    const timeZone = await beginZone(event, planned, argument);
    const isPlanned = await planAgain(event.person, planned);
    if (!isPlanned) await askForTime(event, planned, timeZone);
    // A press has to be answered before its message can be edited everywhere.
    await event.answer();
    // What is not on the message proves nothing: another card of ours must not be replaced.
    const said = note(zoneText(timeZone, wordingOf(event.chat)));
    if (event.isOnMessage) await sender.sayInstead(event.message, said);
  }

  async function takeZoneForDraft(event: ChatEventOf<'text'>, draftId: string): Promise<void> {
    await takeZone(event, await planOfDraft(event.person, draftId));
  }

  async function takeZoneForPost(event: ChatEventOf<'text'>, post: Post): Promise<void> {
    await takeZone(event, planOfPost(post));
  }

  /** A window cannot open out of another one, so a button leads on to the time. */
  async function takeZone(event: ChatEventOf<'text'>, planned: Planned): Promise<void> {
    const timeZone = await beginZone(event, planned, event.text);
    const isPlanned = await planAgain(event.person, planned);
    const text = zoneText(timeZone, wordingOf(event.chat));
    await sender.answer(event, isPlanned ? note(text) : zoneKnownCard(text, planned));
  }

  /** The zone that holds from now on: the one that was said first, which is written down. */
  async function beginZone(
    { person }: Pick<ChatEvent, 'person'>,
    { workspace }: Planned,
    text: string,
  ): Promise<string> {
    const timeZone = readTimeZone(text);
    if (await workspaces.beginTimeZone(workspace, timeZone))
      await recorder.note({
        place: workspace,
        person,
        what: 'settings_changed',
        detail: `time zone: ${timeZone}`,
      });
    return (await workspaces.timeZoneOf(workspace)) ?? timeZone;
  }

  /** Reads a time that waited for its zone; whether there was one. */
  async function planAgain(person: Person, { on, id, plan }: Planned): Promise<boolean> {
    if (on !== 'draft' || plan === undefined || !('problem' in plan)) return false;
    if (plan.problem.code !== 'when_zone_missing') return false;
    await composer.plan(id, person, plan.problem.text);
    cardQueue.touch(id, { soon: true });
    return true;
  }

  /** Takes the answer for a draft; false where it is no time that can be, which the card says. */
  async function takeForDraft({ person, text }: ChatEventOf<'text'>, draftId: string): Promise<boolean> {
    const isTime = await composer.plan(draftId, person, text);
    cardQueue.touch(draftId, { soon: true });
    return isTime;
  }

  /** Takes the answer for a post; what to say to it. */
  async function takeForPost(event: ChatEventOf<'text'>, post: Post): Promise<Line[]> {
    checkPlannable(post);
    const publishAt = await read(event.text, post.workspace);
    const line = await plan(post, event.person, publishAt);
    const { timeZone } = await workspaces.settingsOf(post.workspace);
    const account = await accounts.get(post.content.openId);
    const end = endLine(account, publishAt, { timeZone, now: now() });
    return end === undefined ? [line] : [line, end];
  }

  /** Lets a planned post go out as soon as it may. */
  async function release(event: ChatEventOf<'press'>, post: Post): Promise<void> {
    checkPlannable(post);
    await event.answer(lineText(await plan(post, event.person, undefined)));
  }

  /** Lets a post that was restored go out at its time, because somebody has seen that it is not out yet. */
  async function keep(event: ChatEventOf<'press'>, post: Post): Promise<void> {
    checkPlannable(post);
    await event.answer(lineText(await plan(post, event.person, post.publishAt)));
  }

  async function plan(post: Post, person: Person, publishAt: number | undefined): Promise<Line> {
    await signals.reschedule(post.id, publishAt);
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
    const plan = readPlan(text, { now: now(), timeZone: await workspaces.timeZoneOf(workspace) });
    if (plan !== undefined && 'problem' in plan) throw new UserError(plan.problem);
    return plan?.at;
  }

  function checkPlannable(post: Post): void {
    checkApplies('plan', post);
    if (!isPlannable(post)) throw tooLate(post);
  }

  return {
    askForDraft,
    askForPost,
    pressZoneForDraft,
    pressZoneForPost,
    takeForDraft,
    takeForPost,
    takeZoneForDraft,
    takeZoneForPost,
    release,
    keep,
  };
}

export type PostSchedule = ReturnType<typeof createSchedule>;

/** A post that waits for another attempt has been at TikTok, as one that is being handed over. */
const tooLate = (post: Post): UserError =>
  applies('plan', post)
    ? new UserError({ code: 'not_now', verb: 'plan', status: 'submitting', links: [] })
    : notNow('plan', post);
