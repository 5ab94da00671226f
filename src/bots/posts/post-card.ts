import type { StoredFile } from '../../core/media/types.ts';
import type { AccountName, ChatRef } from '../../core/people.ts';
import { isSlow, type Pacing } from '../../core/publish/pacing.ts';
import type { Post, PostFailure, PostFailureReason, PostIn, PostResults } from '../../core/publish/post.ts';
import {
  awaitsAccount,
  isSettled,
  isTakenDown,
  linksOf,
  profileLink,
  shownFile,
} from '../../core/publish/post.ts';
import type { PullProgress } from '../../core/publish/pull-progress.ts';
import { FETCHED_ALONE, PHOTO_OBSTACLES, type PullObstacle } from '../../core/publish/transfer/choose.ts';
import type { Vote } from '../../core/review/review.ts';
import { PRIVACY_NAMES } from '../../core/tiktok/codes.ts';
import { disconnectedLines, reconnectRow } from '../accounts/account-cards.ts';
import { postButton as on } from '../buttons.ts';
import { buttonRow, type Card, type Line, type Picture, type Row } from '../platform.ts';
import { heldBackLines, tryAgainLines } from '../quotas/limit-lines.ts';
import { resultsText } from '../results/result-words.ts';
import { decisionLines, isExplained, stateLines } from '../review/review-card.ts';
import { failureWords } from '../text/failures.ts';
import {
  accountName,
  barOf,
  capital,
  destinationOf,
  durationOf,
  excerptOf,
  momentSpan,
  momentsText,
  titleLine,
  whenSpan,
} from '../text/format.ts';
import { problemText } from '../text/problems.ts';
import { type Wording, wordingOf } from '../text/wording.ts';

export interface PostView {
  readonly post: Post;
  /** Where the card stands. */
  readonly chat: ChatRef;
  /** Those of its review. */
  readonly votes: readonly Vote[];
  /** Another post has taken its place. */
  readonly goesOn: boolean;
  /** Whether its account is connected: to be posted to or, once TikTok has the post, to be asked about. */
  readonly hasAccess: boolean;
  /** False where its account has not allowed Nod to send to the TikTok inbox. */
  readonly mayUseInbox?: boolean | undefined;
  /** How much of its video is converted, from 0 to 1, while it is. */
  readonly prepared?: number | undefined;
  /** What TikTok has taken of the media, while it takes it. */
  readonly pull?: PullProgress | undefined;
  /** Why TikTok fetches nothing from this Nod, where that is known. */
  readonly pullObstacle?: PullObstacle | undefined;
  /** How it does, as far as that is known and shown. */
  readonly results?: PostResults | undefined;
  /** IANA name. */
  readonly timeZone: string;
  readonly pacing: Pacing;
  readonly now: number;
  readonly pictureOf: (file: StoredFile) => Picture;
}

/** The card of a post: where it stands, and what can be done about it. */
export function postCard(view: PostView): Card {
  const { post, pictureOf, goesOn } = view;
  const { headline, lines: state } = body(view);
  const lines = [...state, ...resultsLines(view)];
  const { title } = post.content;
  const caption = excerptOf(post.content.caption, 300);
  const shown = shownFile(post);
  // Votes that count no longer are not shown.
  const decided = post.status === 'withdrawn' ? [] : decisionLines(view);
  const moments = isSettled(post) ? undefined : momentsText(post);
  if (isHeldBack(post)) lines.push(...RESTORED.lines);
  const below = goesOn ? [...lines, ['It goes on in a newer card below.']] : lines;
  return {
    attachment: shown && pictureOf(shown),
    lines: [
      [{ text: headline, style: 'bold' }, ` · ${accountName(post.account)}`],
      ...(title === undefined ? [] : [titleLine(title)]),
      ...(caption === '' ? [] : [[`“${caption}”`]]),
      ...(post.leavesOutAiLabel ? [[WITHOUT_LABEL]] : []),
      ...(isSettled(post) ? [] : [[destinationOf(post.content)]]),
      ...(moments === undefined ? [] : [[moments]]),
      ...(decided.length > 0 ? [[], ...decided] : []),
      ...(below.length > 0 ? [[], ...below] : []),
    ],
    rows: goesOn ? [] : [...(isHeldBack(post) ? [keepRow(post)] : []), ...rowsOf(view)],
  };
}

/** How a post stands that nobody votes on: its headline, how its review ended, and what is next. */
export function postStory(view: PostView): { readonly headline: string; readonly lines: readonly Line[] } {
  const { headline, lines } = body(view);
  const decided = view.post.status === 'withdrawn' ? [] : decisionLines(view);
  const restored = isHeldBack(view.post) ? RESTORED.lines : [];
  return { headline, lines: [...decided, ...lines, ...resultsLines(view), ...restored] };
}

/** Whether it does not go out before somebody has looked at the account. */
const isHeldBack = (post: Post): boolean => post.restoredAt !== undefined && !isSettled(post);

const keepRow = (post: Post): Row => buttonRow(on(post, 'It is not there: keep the time', 'keep'));

const RESTORED: Text = {
  headline: 'Is it out already?',
  lines: [
    ['Nod was restored from a backup, and this may have been posted early since.'],
    ['Look at the account first. If nobody says by its time that it is not there, it is not posted.'],
  ],
};

const resultsLines = ({ post, results }: PostView): Line[] =>
  post.status === 'published' && results !== undefined ? [[resultsText(post, results)]] : [];

/** Whoever agreed to that has promised to do it by hand. */
const WITHOUT_LABEL = 'Without the AI label, which TikTok did not take: set it in the TikTok app.';

function body(view: PostView): Text {
  const { post, chat } = view;
  switch (post.status) {
    case 'preparing':
      return preparingText(post, view);
    case 'in_review':
      return { headline: 'Waiting for approval', lines: stateLines(view) };
    case 'on_hold':
      return waitingText(post, view);
    case 'queued':
      return queuedText(post, view);
    case 'submitting':
      return { headline: 'Posting', lines: [['✓ queued'], ['· handing it to TikTok']] };
    case 'uploading':
      return uploadingText(post, view);
    case 'processing':
      return processingText(post, view);
    case 'failed': {
      const { headline, lines } = failedText(post.failure, wordingOf(chat));
      const { inbox } = failureWords(wordingOf(chat), post.failure.reason);
      return {
        headline,
        lines: [
          ...lines,
          ...transferLines(post, view),
          ...(inbox ? inboxLines(view) : []),
          ...tryAgainLines(post.failure, view),
        ],
      };
    }
    default:
      return finalText(post, wordingOf(chat)) ?? { headline: post.status, lines: [] };
  }
}

/** Whether TikTok could have fetched the media at all shows in one of these. */
const OF_FETCHING: ReadonlySet<PostFailureReason> = new Set([
  'url_not_verified',
  'invalid_request',
  'pull_failed',
  'never_pulled',
]);

/** Another way to TikTok, or that there is none. */
function transferLines({ failure, content }: PostIn<'failed'>, { pullObstacle }: PostView): Line[] {
  if (!OF_FETCHING.has(failure.reason)) return [];
  const isUnverified = failure.reason === 'url_not_verified';
  if (content.kind === 'video')
    return isUnverified ? [['With VIDEO_TRANSFER=auto it is uploaded instead.']] : [];
  if (pullObstacle === 'not_public') return [[PHOTO_OBSTACLES.not_public]];
  return isUnverified || pullObstacle === 'not_verified' ? [[FETCHED_ALONE]] : [];
}

function preparingText(post: PostIn<'preparing'>, view: PostView): Text {
  const isDecided = post.review === undefined || post.review.decision !== undefined;
  if (!isDecided) return { headline: 'Waiting for approval', lines: stateLines(view) };
  const planned = planLines(view);
  return {
    headline: planned.length > 0 ? 'Scheduled' : 'Posting',
    lines: [...preparingLines(post, view), ...planned, ...lostLines(view)],
  };
}

/** What is to be done for a post whose account is not connected, also long before its time. */
const lostLines = (view: PostView): Line[] => (view.hasAccess ? [] : disconnectedLines(view));

/** The files are being prepared, or Nod has failed and tries again. */
function preparingLines({ wait, notBefore }: PostIn<'preparing'>, view: PostView): Line[] {
  const { chat, now, timeZone, prepared } = view;
  const isWaiting = wait !== undefined && notBefore !== undefined && notBefore > now;
  if (!isWaiting && prepared !== undefined)
    return [[`· converting the video, ${Math.floor(prepared * 100)} %`]];
  if (wait === undefined || notBefore === undefined) return [['· preparing the files']];
  const { what } = failureWords(wordingOf(chat), wait.reason);
  return [
    [wait.file === undefined ? `${capital(what)}.` : `${what}: ${wait.file.name}. The file may be fine.`],
    ['Next try ', whenSpan(notBefore, now, timeZone), '.'],
  ];
}

const THEN_FINISHED = 'Then its owner finishes it in TikTok; this card says when.';
const NOTHING_LEFT = 'There is nothing left to do; this card will show how it goes.';

/** When it goes out and what then happens, as long as that is still to come. */
function planLines({ post: { publishAt, content }, hasAccess, timeZone, now }: PostView): Line[] {
  if (publishAt === undefined || publishAt <= now) return [];
  const moment = momentSpan(publishAt, now, timeZone);
  const isForInbox = content.postMode === 'MEDIA_UPLOAD';
  const goes: Line = [isForInbox ? 'Goes to the inbox ' : 'Goes out ', moment, '.'];
  if (!hasAccess) return [goes];
  return [goes, [isForInbox ? THEN_FINISHED : NOTHING_LEFT]];
}

/** What its author has to decide, and until when. */
function waitingText(post: PostIn<'on_hold'>, view: PostView): Text {
  const { chat, now, timeZone } = view;
  const { headline, lines } = heldText(post, wordingOf(chat));
  const until = momentSpan(post.expiresAt, now, timeZone);
  const inbox = post.problem.code === 'privacy_not_offered' ? inboxLines(view) : [];
  return {
    headline,
    lines: [...lines, ...inbox, ['If nothing is chosen by ', until, ', nothing is posted.']],
  };
}

function queuedText(post: PostIn<'queued'>, view: PostView): Text {
  const { chat, now, timeZone } = view;
  const planned = planLines(view);
  if (awaitsAccount(post)) return { headline: 'Waiting', lines: disconnectedLines(view) };
  if (post.wait === undefined) {
    return planned.length > 0
      ? { headline: 'Scheduled', lines: [...planned, ...lostLines(view)] }
      : { headline: 'Posting', lines: [[takeBackText(post, now)], ...lostLines(view)] };
  }
  const { what, next } = failureWords(wordingOf(chat), post.wait.reason, post.wait.reasonRaw);
  const held = heldBackLines(post.wait, { until: post.notBefore, now, timeZone });
  const nextTry: Line = ['Nothing is posted twice. Next try ', whenSpan(post.notBefore, now, timeZone), '.'];
  return {
    headline: 'Waiting',
    lines: [
      [`${capital(what)}.`],
      ...(next === undefined ? [] : [[next]]),
      ...(held ?? [nextTry]),
      ...lostLines(view),
    ],
  };
}

function takeBackText({ notBefore }: PostIn<'queued'>, now: number): string {
  const seconds = Math.ceil((notBefore - now) / 1000);
  return seconds > 0
    ? `· goes to TikTok in ${seconds} s; until then “Cancel” stops it for certain`
    : '· queued';
}

function uploadingText(post: PostIn<'uploading'>, { pull, now, timeZone }: PostView): Text {
  const { bytes = 0, totalBytes = 0 } = pull ?? {};
  const uploaded = Math.max(bytes, post.uploadedBytes);
  const percent = totalBytes === 0 ? 0 : Math.floor((uploaded / totalBytes) * 100);
  const bar = uploaded === 0 || totalBytes === 0 ? '·' : `${barOf(uploaded, totalBytes)} `;
  const isPausing = post.notBefore !== undefined && post.notBefore > now;
  const next: Line[] = isPausing
    ? [['TikTok did not take a part of it. Next try ', whenSpan(post.notBefore, now, timeZone), '.']]
    : [];
  return {
    headline: 'Posting',
    lines: [['✓ queued'], [`${bar} uploading the video to TikTok, ${percent} %`], ...next],
  };
}

function processingText(post: PostIn<'processing'>, view: PostView): Text {
  const { chat, pull, hasAccess, pacing, timeZone, now } = view;
  const lines: Line[] = [
    ['✓ queued'],
    ['✓ TikTok has it (', { text: shortId(post.publishId), style: 'code' }, ')'],
  ];
  const isPulled = pull !== undefined && pull.completedAt !== undefined;
  if (isPulled) lines.push(['✓ TikTok took the media']);
  else if (post.transfer === 'upload') lines.push(['✓ uploaded']);
  else if (pull !== undefined && pull.bytes > 0)
    lines.push([`${barOf(pull.bytes, pull.totalBytes)}  ${pullText(post, pull)}`]);
  else lines.push(['· TikTok takes the media']);
  if (!hasAccess) {
    lines.push(
      ['Nod has lost access to the account and cannot see how this ends.'],
      [`${wordingOf(chat).slash}connect it again, and this card goes on.`],
    );
  } else if (isSlow(post.checks, pacing)) {
    const since = durationOf(now - post.since);
    lines.push([
      `TikTok is still processing (${since}). That can take a while; this card keeps checking, next `,
      whenSpan(post.nextCheckAt, now, timeZone),
      '.',
    ]);
  } else if (isPulled) lines.push(['· processing']);
  if (post.cancelRefused) lines.push(['TikTok says that it is too late to cancel.']);
  return { headline: 'Posting', lines };
}

function pullText(post: Post, pull: PullProgress): string {
  const percent = Math.floor((pull.bytes / pull.totalBytes) * 100);
  return pull.files === 1
    ? `TikTok is taking the ${post.content.kind}, ${percent} %`
    : `TikTok is taking photo ${pull.fileNumber} of ${pull.files}`;
}

function rowsOf(view: PostView): Row[] {
  const { post } = view;
  const cancel = on(post, 'Cancel', 'cancel');
  const lostRows = view.hasAccess ? [] : [reconnectRow(post)];
  switch (post.status) {
    case 'in_review':
      return [...lostRows, buttonRow(cancel)];
    case 'submitting':
    case 'uploading':
      return [buttonRow(cancel)];
    case 'preparing':
    case 'queued':
      return [...lostRows, ...(planLines(view).length > 0 ? plannedRows(post) : [buttonRow(cancel)])];
    case 'on_hold':
      return heldRows(post, view);
    case 'processing':
      return [...lostRows, ...(isCancellable(post) ? [buttonRow(cancel)] : [])];
    case 'failed':
      return failedRows(post, view);
    case 'unconfirmed':
      return [buttonRow(on(post, 'It is not there: post it again', 'again'))];
    case 'rejected':
      return [
        isExplained(view)
          ? buttonRow(on(post, 'Edit', 'edit'))
          : buttonRow(on(post, 'Say why', 'why'), on(post, 'Edit', 'edit')),
      ];
    case 'withdrawn':
      return [buttonRow(on(post, 'Edit', 'edit'))];
    case 'cancelled':
    case 'expired':
      return [buttonRow(on(post, 'Try again', 'again'), on(post, 'Edit', 'edit'))];
    default:
      return [];
  }
}

/** TikTok gives up pulls alone, and only for a while. */
const isCancellable = (post: PostIn<'processing'>): boolean =>
  !post.cancelRefused && post.transfer !== 'upload';

/** The one next step comes first. */
function failedRows(post: PostIn<'failed'>, view: PostView): Row[] {
  const words = failureWords(wordingOf(view.chat), post.failure.reason);
  const { edit, inbox, connect, unlabel, trim } = words;
  const again = edit
    ? buttonRow(on(post, 'Edit and try again', 'edit'), on(post, 'Try again', 'again'))
    : buttonRow(on(post, 'Try again', 'again'), on(post, 'Edit', 'edit'));
  if (connect) return [reconnectRow(post), again];
  if (unlabel) return [buttonRow(on(post, 'Post without the AI label', 'unlabel')), again];
  if (trim && post.content.kind === 'video') return [trimRow(post), again];
  return inbox && post.content.postMode === 'DIRECT_POST' ? [...inboxRows(post, view), again] : [again];
}

/** What stands before the inbox. */
const inboxLines = ({ mayUseInbox = true }: PostView): Line[] =>
  mayUseInbox ? [] : [['For the inbox the account has to allow it: connect it again first.']];

/** The inbox, and before that the way to allow it where the account has not. */
const inboxRows = (post: Post, { mayUseInbox = true }: PostView): Row[] => [
  ...(mayUseInbox ? [] : [reconnectRow(post)]),
  buttonRow(on(post, 'Send to my inbox instead', 'inbox')),
];

const trimRow = (post: Post): Row => buttonRow(on(post, 'Trim…', 'trim'));

const plannedRows = (post: Post): Row[] => [
  buttonRow(on(post, 'Other time…', 'when'), on(post, 'Publish now', 'now')),
  buttonRow(on(post, 'Edit', 'edit'), on(post, 'Cancel', 'cancel')),
];

function heldRows(post: PostIn<'on_hold'>, view: PostView): Row[] {
  const levels = post.privacyLevelOptions.map((level) => on(post, PRIVACY_NAMES[level], 'privacy', level));
  const choices = levels.length === 0 ? [] : [buttonRow(...levels)];
  const { code } = post.problem;
  const inbox = code === 'privacy_not_offered' ? inboxRows(post, view) : [];
  const trim = code === 'video_too_long_for_creator' ? [trimRow(post)] : [];
  return [...choices, ...inbox, ...trim, buttonRow(on(post, 'Edit', 'edit'), on(post, 'Cancel', 'cancel'))];
}

/** Enough of TikTok's id to tell two posts apart. */
function shortId(publishId: string): string {
  return `publish …${publishId.slice(-6)}`;
}

/** A headline and what stands below it. */
interface Text {
  readonly headline: string;
  readonly lines: Line[];
}

/** The message with which a phone buzzes: for an ending, except to who made it, and for a choice to be made. */
export function finalNote({
  post,
  chat,
  votes,
}: Pick<PostView, 'post' | 'chat' | 'votes'>): Card | undefined {
  const text = callingText(post, wordingOf(chat));
  if (text === undefined) return undefined;
  const why = post.status === 'rejected' ? decisionLines({ post, chat, votes }) : [];
  return {
    lines: [
      [{ text: text.headline, style: 'bold' }, ` · ${accountName(post.account)}`],
      ...why,
      ...text.lines,
    ],
    rows: awaitsAccount(post) ? [reconnectRow(post)] : [],
  };
}

function callingText(post: Post, wording: Wording): Text | undefined {
  if (post.status === 'on_hold') return heldText(post, wording);
  if (awaitsAccount(post)) return AWAITS_ACCOUNT;
  if (isHeldBack(post)) return RESTORED;
  return post.status === 'cancelled' || post.status === 'withdrawn' ? undefined : finalText(post, wording);
}

const AWAITS_ACCOUNT: Text = {
  headline: 'Waiting for its account',
  lines: [
    ['Its TikTok account must be connected again; the post goes out as soon as that is done.'],
    ['The card says until when it waits.'],
  ],
};

/** What a post waits for that its author has to decide anew. */
function heldText({ problem, review }: PostIn<'on_hold'>, wording: Wording): Text {
  const lines: Line[] = [[problemText(problem, wording)]];
  if (problem.code === 'video_too_long_for_creator') lines.push(['“Trim…” takes it back into a draft.']);
  if (review !== undefined)
    lines.push(['The approval was for the old choice, so a new choice is reviewed again.']);
  return { headline: 'Waiting for its author', lines };
}

/** How the story of a post ends; undefined while it goes on. */
function finalText(post: Post, wording: Wording): Text | undefined {
  switch (post.status) {
    case 'published':
      return publishedText(post);
    case 'in_inbox':
      return inboxText(post);
    case 'failed':
      return failedText(post.failure, wording);
    case 'unconfirmed':
      return {
        headline: '? Not confirmed',
        lines: [
          ['For a day TikTok has said neither yes nor no, and the post may be there.'],
          ['Look at the account first. Only if it is not there, post it again.'],
        ],
      };
    case 'cancelled':
      return cancelledText(post);
    case 'withdrawn':
      return withdrawnText(post);
    case 'rejected':
      return { headline: '✕ Not approved', lines: [['Nothing was posted.']] };
    case 'expired':
      return expiredText(post);
    default:
      return undefined;
  }
}

function cancelledText({ by, isShutOut }: PostIn<'cancelled'>): Text {
  const why = isShutOut ? 'This Nod may not be used here any more. ' : '';
  return {
    headline: by === undefined ? 'Cancelled' : `Cancelled by ${by.name}`,
    lines: [[`${why}Nothing was posted.`]],
  };
}

function withdrawnText({ by, review }: PostIn<'withdrawn'>): Text {
  const lines: Line[] =
    review === undefined ? [] : [['Its votes no longer count; the changed post is reviewed again.']];
  return { headline: `Taken back by ${by.name} to change it`, lines };
}

function expiredText({ review }: PostIn<'expired'>): Text {
  const isUndecided = review !== undefined && review.decision === undefined;
  const headline = isUndecided ? 'The review has expired' : 'Nobody chose, so this has expired';
  return { headline, lines: [['Nothing was posted.']] };
}

const LINK_FOLLOWS =
  'TikTok tells the link after its review, usually within a minute; Nod looks for it for a day.';

/** Nothing is left to look for; should TikTok tell it later all the same, the card shows it then. */
function noLinkLines({ username }: AccountName): Line[] {
  return username === undefined
    ? [['TikTok has not told the link. Look for the post on the profile.']]
    : [['TikTok has not told the link. Look for the post on the profile:'], [profileLink(username)]];
}

const TAKEN_DOWN: Text = {
  headline: '✕ No longer public on TikTok',
  lines: [
    ['TikTok has taken it down, or somebody has made it private or deleted it.'],
    ['The notices in the TikTok app of the account say more.'],
  ],
};

function publishedText(post: PostIn<'published'>): Text {
  if (isTakenDown(post)) return TAKEN_DOWN;
  const took = durationOf(post.settledAt - (post.readyAt ?? post.createdAt));
  const links = linksOf(post);
  if (links.length > 0) return { headline: `✓ Live on TikTok · ${took}`, lines: links.map((link) => [link]) };
  const { privacyLevel } = post.content.settings;
  const isPublic = privacyLevel === 'PUBLIC_TO_EVERYONE';
  const lines: Line[] =
    privacyLevel === undefined || isPublic
      ? post.nextCheckAt === undefined
        ? noLinkLines(post.account)
        : [[LINK_FOLLOWS]]
      : [[`Visible to: ${PRIVACY_NAMES[privacyLevel]}. TikTok gives no link for posts that are not public.`]];
  return { headline: `✓ Posted · ${took}`, lines };
}

function inboxText(post: PostIn<'in_inbox'>): Text {
  const lines: Line[] = [['Open TikTok, tap the notification in the inbox and finish the post there.']];
  const { kind, caption } = post.content;
  if (kind === 'video' && caption !== '') {
    lines.push(
      ['TikTok takes no caption with it. Here it is, ready to copy:'],
      [{ text: caption, style: 'code' }],
    );
  }
  return { headline: '✓ In the TikTok inbox', lines };
}

function failedText(failure: PostFailure, wording: Wording): Text {
  const { what, next } = failureWords(wording, failure.reason, failure.reasonRaw);
  const { file } = failure;
  const lines: Line[] =
    file === undefined ? [] : [[`File ${file.number}, ${file.name}: ${problemText(file.problem, wording)}`]];
  if (next !== undefined) lines.push([next]);
  return { headline: `✕ Not posted: ${what}`, lines: [['Nothing is public.'], ...lines] };
}
