import type { PullProgress } from '../../core/media/pulls.ts';
import type { StoredFile } from '../../core/media/types.ts';
import { isSlow, type Pacing } from '../../core/pacing.ts';
import type { Post, PostFailure, PostIn } from '../../core/post.ts';
import type { Button, Card, Line, Picture } from '../bot.ts';
import { postButton as on } from './buttons.ts';
import { failureWords } from './failures.ts';
import { type Idiom, idiomOf } from './idioms.ts';
import { problemText } from './problems.ts';
import { accountName, barOf, durationOf, excerptOf, PRIVACY_NAMES, whenOf } from './words.ts';

export interface PostView {
  readonly post: Post;
  /** Whether TikTok would still tell us about it. */
  readonly hasAccess: boolean;
  /** What TikTok has taken of the media, while it takes it. */
  readonly pull?: PullProgress;
  readonly pacing: Pacing;
  readonly now: number;
  readonly pictureOf: (file: StoredFile) => Picture;
}

/** The card of a post: where it stands, and what can be done about it. */
export function postCard(view: PostView): Card {
  const { post, pictureOf } = view;
  const { headline, lines } = body(view);
  const caption = excerptOf(post.content.caption, 300);
  const shown = shownFile(post);
  return {
    ...(shown !== undefined && { picture: pictureOf(shown) }),
    lines: [
      [{ text: headline, style: 'bold' }, ` · ${accountName(post.account)}`],
      ...(caption === '' ? [] : [[`“${caption}”`]]),
      ...(lines.length > 0 ? [[], ...lines] : []),
    ],
    rows: buttonsOf(post),
  };
}

/** Somebody may post before the preview is drawn; the first photo then stands for all. */
function shownFile({ preview, media = [] }: Post): StoredFile | undefined {
  const [first] = media;
  return preview ?? (first?.kind === 'photo' ? first.file : undefined);
}

/** The message that ends the story, so that a phone buzzes; undefined while it goes on, and for who ended it. */
export function finalNote(post: Post): Card | undefined {
  const text = post.status === 'cancelled' ? undefined : finalText(post);
  if (text === undefined) return undefined;
  return {
    lines: [[{ text: text.headline, style: 'bold' }, ` · ${accountName(post.account)}`], ...text.lines],
    rows: [],
  };
}

interface Text {
  readonly headline: string;
  readonly lines: Line[];
}

function body(view: PostView): Text {
  const { post } = view;
  switch (post.status) {
    case 'preparing':
      return { headline: 'Posting', lines: [['· preparing the files']] };
    case 'in_review':
      return { headline: 'Waiting for approval', lines: [] };
    case 'queued':
      return queuedText(post, view.now);
    case 'submitting':
      return { headline: 'Posting', lines: [['✓ queued'], ['· handing it to TikTok']] };
    case 'processing':
      return processingText(post, view);
    default:
      return finalText(post) ?? { headline: post.status, lines: [] };
  }
}

function queuedText(post: PostIn<'queued'>, now: number): Text {
  if (post.wait === undefined) return { headline: 'Posting', lines: [['· queued']] };
  const { what, next } = failureWords(idiomOf(post.chat), post.wait.reason, post.wait.reasonRaw);
  return {
    headline: 'Waiting',
    lines: [
      [`${what}.`],
      ...(next === undefined ? [] : [[next]]),
      [`Nothing is posted twice. Next try ${whenOf(post.notBefore, now)}.`],
    ],
  };
}

function processingText(post: PostIn<'processing'>, { pull, hasAccess, pacing, now }: PostView): Text {
  const lines: Line[] = [
    ['✓ queued'],
    ['✓ TikTok has it (', { text: shortId(post.publishId), style: 'code' }, ')'],
  ];
  const isPulled = pull !== undefined && pull.completedAt !== undefined;
  if (isPulled) lines.push(['✓ TikTok took the media']);
  else if (pull !== undefined && pull.bytes > 0)
    lines.push([`${barOf(pull.bytes, pull.totalBytes)}  ${pullText(post, pull)}`]);
  else lines.push(['· TikTok takes the media']);
  if (!hasAccess) {
    lines.push(
      ['Nod has lost access to the account and cannot see how this ends.'],
      [`${idiomOf(post.chat).slash}connect it again, and this card goes on.`],
    );
  } else if (isSlow(post.checks, pacing)) {
    const next = whenOf(post.nextCheckAt, now);
    lines.push([
      `TikTok is still processing (${durationOf(now - post.since)}). That can take a while; this card keeps checking, next ${next}.`,
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

function finalText(post: Post): Text | undefined {
  switch (post.status) {
    case 'published':
      return publishedText(post);
    case 'in_inbox':
      return inboxText(post);
    case 'failed':
      return failedText(post.failure, idiomOf(post.chat));
    case 'unconfirmed':
      return {
        headline: '? Not confirmed',
        lines: [
          ['For a day TikTok has said neither yes nor no, and the post may be there.'],
          ['Look at the account first. Only if it is not there, post it again.'],
        ],
      };
    case 'cancelled':
      return { headline: 'Cancelled', lines: [['Nothing was posted.']] };
    case 'rejected':
      return { headline: '✕ Not approved', lines: [['Nothing was posted.']] };
    case 'expired':
      return { headline: 'The review has expired', lines: [['Nothing was posted.']] };
    default:
      return undefined;
  }
}

const LINK_FOLLOWS =
  'TikTok shows the link after its review, usually within a minute; it will appear on the card.';
const NO_LINK = 'TikTok has not told its link within a day; look for it on the profile.';

function publishedText(post: PostIn<'published'>): Text {
  const took = durationOf(post.settledAt - post.createdAt);
  const links = linksOf(post);
  if (links.length > 0) return { headline: `✓ Live on TikTok · ${took}`, lines: links.map((link) => [link]) };
  const { privacyLevel } = post.content.settings;
  const isPublic = privacyLevel === 'PUBLIC_TO_EVERYONE';
  const lines: Line[] =
    privacyLevel === undefined || isPublic
      ? [[post.nextCheckAt === undefined ? NO_LINK : LINK_FOLLOWS]]
      : [[`Visible to: ${PRIVACY_NAMES[privacyLevel]}. TikTok gives no link for posts that are not public.`]];
  return { headline: `✓ Posted · ${took}`, lines };
}

/** The links of a post, as far as TikTok has told them. */
export function linksOf(post: Post): string[] {
  if (post.status !== 'published') return [];
  const { username } = post.account;
  // Without the handle TikTok still resolves the id.
  const handle = username ?? '';
  return post.postIds.map(
    (id) => `https://www.tiktok.com/@${encodeURIComponent(handle)}/${post.content.kind}/${id}`,
  );
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

function failedText(failure: PostFailure, idiom: Idiom): Text {
  const { what, next } = failureWords(idiom, failure.reason, failure.reasonRaw);
  const { file } = failure;
  const lines: Line[] =
    file === undefined ? [] : [[`File ${file.number}, ${file.name}: ${problemText(file.problem, idiom)}`]];
  if (next !== undefined) lines.push([next]);
  return { headline: `✕ Not posted: ${what}`, lines: [['Nothing is public.'], ...lines] };
}

function buttonsOf(post: Post): Button[][] {
  switch (post.status) {
    case 'preparing':
    case 'in_review':
    case 'queued':
    case 'submitting':
      return [[on(post, 'Cancel', 'cancel')]];
    case 'processing':
      return post.cancelRefused ? [] : [[on(post, 'Cancel', 'cancel')]];
    case 'failed':
      return failureWords(idiomOf(post.chat), post.failure.reason).edit
        ? [[on(post, 'Edit and try again', 'edit'), on(post, 'Try again', 'again')]]
        : [[on(post, 'Try again', 'again'), on(post, 'Edit', 'edit')]];
    case 'unconfirmed':
      return [[on(post, 'It is not there: post it again', 'again')]];
    case 'cancelled':
    case 'expired':
      return [[on(post, 'Try again', 'again'), on(post, 'Edit', 'edit')]];
    default:
      return [];
  }
}

/** Enough of TikTok's id to tell two posts apart. */
function shortId(publishId: string): string {
  return `publish …${publishId.slice(-6)}`;
}
