import { awaitsAccount, type Post } from '../../core/publish/post.ts';
import { applies } from '../../core/publish/verbs.ts';
import type { Vote } from '../../core/review/review.ts';
import { postButton, queueButton } from '../buttons.ts';
import { type Button, buttonRow, buttonRows, type Card, type Line, type Row } from '../platform.ts';
import { dateFormat } from '../text/date-format.ts';
import { failureWords } from '../text/failures.ts';
import { accountName, audienceOf, countOf, excerptOf, momentOf, postName, whenOf } from '../text/format.ts';
import { note } from '../text/messages.ts';
import type { Wording } from '../text/wording.ts';

/** With these a page stays below half of what a message of either platform holds. */
export const QUEUE_PAGE = 8;
const NAME_LENGTH = 40;
const ACCOUNT_LENGTH = 40;
const BUTTONS_A_ROW = 4;

/** A post that is going out, with what its place needs to know of it. */
export interface QueueEntry {
  readonly post: Post;
  /** Those that count. */
  readonly votes: readonly Vote[];
  /** Whether Nod may post to its account. */
  readonly hasAccess: boolean;
}

export interface QueueView {
  /** Those of the page. */
  readonly entries: readonly QueueEntry[];
  /** From 0. */
  readonly page: number;
  /** Of all pages. */
  readonly count: number;
  /** What somebody has just cancelled here; it is left out. */
  readonly cancelled?: Post | undefined;
  readonly wording: Wording;
  /** IANA name. */
  readonly timeZone: string;
  readonly now: number;
}

/** What goes out, first what goes now, then what people have to decide, then by time. */
export function inQueueOrder(posts: readonly Post[], now: number): Post[] {
  const rank = (post: Post): number => goesOutAt(post, now) ?? (waitsForPeople(post) ? 0 : -1);
  return posts.toSorted((a, b) => rank(a) - rank(b) || a.createdAt - b.createdAt);
}

/** What goes out from a place, day by day; a number opens a post. */
export function queueCard(view: QueueView): Card {
  const { entries, page, count, cancelled, wording, timeZone, now } = view;
  const before: Line[] =
    cancelled === undefined
      ? []
      : [[`“${postName(cancelled, NAME_LENGTH)}” is being cancelled; its card tells how it ends.`], []];
  if (count === 0) {
    const empty = note(
      'Nothing is waiting to go out.',
      `${wording.toPost} “When…” on its card sets a time; without one it goes out at once.`,
      `${wording.slash}posts shows what went out.`,
    );
    return { ...empty, lines: [...before, ...empty.lines] };
  }
  const first = page * QUEUE_PAGE + 1;
  const lines: Line[] = [...before, [{ text: 'Going out', style: 'bold' }, ` · times in ${timeZone}`]];
  let section = '';
  for (const [index, entry] of entries.entries()) {
    const title = sectionOf(entry.post, now, timeZone);
    if (title !== section) lines.push([], [{ text: title, style: 'bold' }]);
    section = title;
    lines.push(...entryLines(entry, first + index, view));
  }
  const last = first + entries.length - 1;
  const pages = count > QUEUE_PAGE ? [`${first} to ${last} of ${count}. `] : [];
  const how = 'Press a number to look at the post, move it or cancel it.';
  return {
    lines: [...lines, [], [{ text: [...pages, how].join(''), style: 'italic' }]],
    rows: [
      ...buttonRows(
        entries.map(({ post }, index) => postButton(post, String(first + index), 'show', String(page))),
        BUTTONS_A_ROW,
      ),
      ...pageRows(view),
    ],
  };
}

function pageRows({ page, count }: QueueView): Row[] {
  const pages: Button[] = [
    ...(page > 0 ? [queueButton('‹ Before', page - 1)] : []),
    ...((page + 1) * QUEUE_PAGE < count ? [queueButton('After ›', page + 1)] : []),
  ];
  return pages.length === 0 ? [] : [buttonRow(...pages)];
}

/** A post of the queue alone, with what can be done about it; `card` is its own. */
export function openedCard({
  card,
  post,
  page,
  isPlannable,
  previewUrl,
}: {
  card: Card;
  post: Post;
  /** The one to go back to. */
  page: number;
  isPlannable: boolean;
  /** The page that shows what would be published; absent where this place does not see that. */
  previewUrl?: string | undefined;
}): Card {
  const when = post.publishAt === undefined ? 'When…' : 'Other time…';
  const buttons: Button[] = [
    ...(isPlannable ? [postButton(post, when, 'when')] : []),
    ...(canCancel(post) ? [postButton(post, 'Cancel', 'cancel', String(page))] : []),
  ];
  return {
    lines: [...card.lines, [], [`Posted by ${post.author.name}.`]],
    rows: [
      ...(buttons.length === 0 ? [] : [buttonRow(...buttons)]),
      ...(previewUrl === undefined ? [] : [buttonRow({ label: 'Look at it', href: previewUrl })]),
      buttonRow(queueButton('‹ All that goes out', page)),
    ],
  };
}

const canCancel = (post: Post): boolean =>
  applies('cancel', post) &&
  !(post.status === 'processing' && (post.cancelRefused || post.transfer === 'upload'));

const isWithTikTok = ({ status }: Post): boolean =>
  status === 'submitting' || status === 'uploading' || status === 'processing';

/** When it is tried next, as long as that is still to come. */
function goesOutAt(post: Post, now: number): number | undefined {
  const { publishAt = 0 } = post;
  const at =
    post.status === 'queued' && !awaitsAccount(post) ? Math.max(post.notBefore, publishAt) : publishAt;
  return at > now ? at : undefined;
}

/** Somebody has to approve it, or to choose. */
const waitsForPeople = ({ status, review }: Post): boolean =>
  status === 'on_hold' ||
  status === 'in_review' ||
  (status === 'preparing' && review !== undefined && review.decision === undefined);

function sectionOf(post: Post, now: number, timeZone: string): string {
  const at = goesOutAt(post, now);
  if (at !== undefined) return dayOf(at, now, timeZone);
  return waitsForPeople(post) ? 'As soon as it is decided' : 'Now';
}

/** `Today, Thu 26 Nov`, `Fri 27 Nov`; another year is named. */
function dayOf(at: number, now: number, timeZone: string): string {
  // The Canadian way to write a day is the one of ISO 8601.
  const iso = (moment: number) => dateFormat('en-CA', { timeZone }).format(moment);
  const isThisYear = iso(at).slice(0, 4) === iso(now).slice(0, 4);
  const day = dateFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: isThisYear ? undefined : 'numeric',
    timeZone,
  });
  const named = day.format(at).replace(',', '');
  return iso(at) === iso(now) ? `Today, ${named}` : named;
}

function entryLines(entry: QueueEntry, number: number, view: QueueView): Line[] {
  const { post } = entry;
  const { timeZone, now } = view;
  const at = goesOutAt(post, now);
  const clock = dateFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone });
  const time = at === undefined ? '' : `${clock.format(at)}  `;
  const account = excerptOf(accountName(post.account), ACCOUNT_LENGTH);
  return [
    [`${number}  ${time}`, { text: postName(post, NAME_LENGTH), style: 'bold' }],
    [`${account} · ${audienceOf(post.content)} · ${stateText(entry, view)}`],
  ];
}

function stateText(entry: QueueEntry, { wording, timeZone, now }: QueueView): string {
  const { post, hasAccess } = entry;
  if (isWithTikTok(post)) return 'TikTok is taking it';
  if (post.restoredAt !== undefined) return 'may be out already, which its card asks';
  if (!hasAccess) return `its account needs ${wording.slash}connect again`;
  switch (post.status) {
    case 'preparing': {
      const { wait, notBefore } = post;
      if (wait !== undefined && notBefore !== undefined)
        return `${failureWords(wording, wait.reason).what}, next try ${whenOf(notBefore, now, timeZone)}`;
      return ['preparing the files', ...missingText(entry)].join(', ');
    }
    case 'in_review': {
      const [missing = 'approved'] = missingText(entry);
      return `${missing}, until ${momentOf(post.expiresAt, now, timeZone)}`;
    }
    case 'on_hold':
      return `waits for ${post.author.name} to choose`;
    case 'queued':
      if (post.wait !== undefined) return failureWords(wording, post.wait.reason, post.wait.reasonRaw).what;
      if (post.review !== undefined) return 'approved';
      return post.notBefore > now ? 'scheduled' : 'next in line';
    default:
      return post.status.replace('_', ' ');
  }
}

/** How many approvals are missing; nothing where none is. */
function missingText({ post: { review }, votes }: QueueEntry): string[] {
  if (review === undefined || review.decision !== undefined) return [];
  const missing = review.policy.approvals - votes.filter(({ mark }) => mark === 'approve').length;
  return missing > 0 ? [`waits for ${countOf(missing, 'more approval')}`] : [];
}
