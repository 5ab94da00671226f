import type { ChatRef, Post, PostFailure, PostIn } from '../../core/publish/post.ts';
import { PRIVACY_NAMES } from '../../core/tiktok/names.ts';
import type { Card, Line } from '../platform.ts';
import { failureWords } from '../text/failures.ts';
import { accountName, durationOf } from '../text/format.ts';
import { problemText } from '../text/problems.ts';
import { type Idiom, idiomOf } from '../text/wording.ts';

/** A headline and what stands below it. */
export interface Text {
  readonly headline: string;
  readonly lines: Line[];
}

/** The message with which a phone buzzes: for an ending, except to who made it, and for a choice to be made. */
export function finalNote(post: Post, chat: ChatRef): Card | undefined {
  const text = callingText(post, idiomOf(chat));
  if (text === undefined) return undefined;
  return {
    lines: [[{ text: text.headline, style: 'bold' }, ` · ${accountName(post.account)}`], ...text.lines],
    rows: [],
  };
}

function callingText(post: Post, idiom: Idiom): Text | undefined {
  if (post.status === 'on_hold') return heldText(post, idiom);
  return post.status === 'cancelled' ? undefined : finalText(post, idiom);
}

/** What a post waits for that its author has to decide anew. */
export function heldText({ problem, review }: PostIn<'on_hold'>, idiom: Idiom): Text {
  const lines: Line[] = [[problemText(problem, idiom)]];
  if (review !== undefined)
    lines.push(['What is approved is what was shown, so a new choice is reviewed anew.']);
  return { headline: 'Waiting for its author', lines };
}

/** How the story of a post ends; undefined while it goes on. */
export function finalText(post: Post, idiom: Idiom): Text | undefined {
  switch (post.status) {
    case 'published':
      return publishedText(post);
    case 'in_inbox':
      return inboxText(post);
    case 'failed':
      return failedText(post.failure, idiom);
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
    case 'rejected':
      return { headline: '✕ Not approved', lines: [['Nothing was posted.']] };
    case 'expired':
      return expiredText(post);
    default:
      return undefined;
  }
}

function cancelledText({ by, isWithdrawn, isShutOut, review }: PostIn<'cancelled'>): Text {
  const whose = by === undefined ? '' : ` by ${by.name}`;
  const headline = `Cancelled${whose}`;
  if (!isWithdrawn && isShutOut)
    return { headline, lines: [['This Nod may not be used here any more. Nothing was posted.']] };
  if (!isWithdrawn) return { headline, lines: [['Nothing was posted.']] };
  const lines: Line[] =
    review === undefined ? [] : [['Its votes count no longer; what comes of it is reviewed anew.']];
  return { headline: `Taken back${whose} to change it`, lines };
}

function expiredText({ review }: PostIn<'expired'>): Text {
  const isUndecided = review !== undefined && review.decision === undefined;
  const headline = isUndecided ? 'The review has expired' : 'Nobody chose, so this has expired';
  return { headline, lines: [['Nothing was posted.']] };
}

const LINK_FOLLOWS =
  'TikTok shows the link after its review, usually within a minute; it will appear on the card.';
const NO_LINK = 'TikTok has not told its link within a day; look for it on the profile.';

function publishedText(post: PostIn<'published'>): Text {
  const took = durationOf(post.settledAt - (post.readyAt ?? post.createdAt));
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
