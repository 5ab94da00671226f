import type { StoredFile } from '../../core/media/types.ts';
import type { ChatRef, Post } from '../../core/publish/post.ts';
import type { Vote } from '../../core/review/review.ts';
import { disclosureLabel, PRIVACY_NAMES } from '../../core/tiktok/names.ts';
import { postButton as on } from '../card-buttons.ts';
import { lengthOf } from '../cards/fit-text.ts';
import type { Button, Card, Line, Picture, Row } from '../platform.ts';
import { shownFile } from '../posts/post-card.ts';
import { accountName, countOf, filesWord, listOf, momentOf } from '../text/format.ts';
import { note } from '../text/messages.ts';
import { problemText } from '../text/problems.ts';
import { idiomOf } from '../text/wording.ts';
import type { Away } from './downtime.ts';
import { rejectionLines, votersText } from './vote-words.ts';

export interface ReviewView {
  readonly post: Post;
  /** Where the card stands. */
  readonly chat: ChatRef;
  readonly votes: readonly Vote[];
  /** IANA name. */
  readonly timeZone: string;
  /** Whether reactions under this card reach Nod. */
  readonly hearsMarks: boolean;
  /** When Nod heard nothing of this chat while the review was open. */
  readonly away?: Away;
  /** The page that shows what would be published. */
  readonly lookUrl: string;
  readonly now: number;
  readonly pictureOf: (file: StoredFile) => Picture;
}

/** The card on which a team decides: what would be published, what is still missing, and until when. */
export function reviewCard(view: ReviewView): Card {
  const { post, pictureOf } = view;
  const { caption } = post.content;
  const shown = shownFile(post);
  const lines: Line[] = [
    [{ text: `${post.author.name} wants to post to ${accountName(post.account)}`, style: 'bold' }],
    ...contentLines(post),
    ...(caption === '' ? [] : [[], ...caption.split('\n').map((line): Line => [line])]),
    [],
    ...stateLines(view),
    ...howLines(view),
  ];
  return {
    ...(shown !== undefined && { picture: pictureOf(shown) }),
    lines,
    rows: rowsOf(view, lengthOf(lines) > idiomOf(view.chat).cardRoom),
  };
}

/** What is left where a team is not to see more of it. */
export const partedCard = (chat: ChatRef): Card => note(problemText({ code: 'not_shared' }, idiomOf(chat)));

/** What would be published beside the caption, as TikTok's settings have it. */
function contentLines({ content }: Post): Line[] {
  const { kind, settings, postMode, sources } = content;
  const what = filesWord(kind, sources.length);
  if (postMode === 'MEDIA_UPLOAD') return [[`${what}, to the TikTok inbox, where its owner finishes it`]];
  const { privacyLevel, allowComment, allowDuet, allowStitch } = settings;
  const audience = privacyLevel === undefined ? [] : [PRIVACY_NAMES[privacyLevel]];
  const toggles = [
    `comments ${onOff(allowComment)}`,
    ...(kind === 'video' ? [`Duet ${onOff(allowDuet)}`, `Stitch ${onOff(allowStitch)}`] : []),
  ];
  const disclosure = disclosureLabel(settings);
  const labels = [
    ...(disclosure === undefined ? [] : [`“${disclosure}”`]),
    ...(settings.aiGenerated ? ['“AI-generated”'] : []),
  ];
  return [
    [[what, ...audience, ...toggles].join(' · ')],
    ...(labels.length === 0 ? [] : [[`Labelled ${listOf(labels)}`]]),
  ];
}

const onOff = (value: boolean): string => (value ? 'on' : 'off');

function stateLines(view: ReviewView): Line[] {
  const { post, chat, votes, timeZone, now } = view;
  const { approvals = 0 } = post.review?.policy ?? {};
  const idiom = idiomOf(chat);
  const approvers = votes.filter(({ mark }) => mark === 'approve').map(({ person }) => person.name);
  const needs = `Needs ${countOf(approvals, 'approval')}`;
  const so = approvers.length === 0 ? '' : `: ${idiom.approveMark} ${listOf(approvers)}`;
  const lines: Line[] = [
    [{ text: needs, style: 'bold' }, `${so} · ${approvers.length} of ${approvals}`],
    ...rejectionLines(votes, idiom),
  ];
  if (post.status === 'preparing') lines.push(['The files are still being prepared.']);
  if (post.status === 'in_review') lines.push([`Open until ${momentOf(post.expiresAt, now, timeZone)}`]);
  if (post.publishAt !== undefined) lines.push([planText(post.publishAt, view)]);
  return lines;
}

function planText(publishAt: number, { now, timeZone }: ReviewView): string {
  const moment = `${momentOf(publishAt, now, timeZone)} (${timeZone})`;
  return publishAt > now
    ? `Goes out ${moment}`
    : `Was to go out ${moment}; approved now, it goes out at once`;
}

/** How to vote here, and what may have got lost. */
function howLines({ post, chat, hearsMarks, away, timeZone, now }: ReviewView): Line[] {
  const idiom = idiomOf(chat);
  const { approveMark, rejectMark, noMarks } = idiom;
  const { review } = post;
  const how = hearsMarks
    ? `${approveMark} approves, ${rejectMark} rejects, as a reaction or a button.`
    : noMarks;
  return [
    ...(review === undefined ? [] : [[`Who decides: ${votersText(review.policy, review.chats, idiom)}`]]),
    [{ text: how, style: 'italic' }],
    ...(away === undefined ? [] : [[awayText(away, now, timeZone)]]),
  ];
}

function awayText({ from, until }: Away, now: number, timeZone: string): string {
  const [begin, end] = [momentOf(from, now, timeZone), momentOf(until, now, timeZone)];
  return `Nod was away from ${begin} to ${end}. A vote from then that is not shown here did not arrive: use the buttons.`;
}

function rowsOf({ post, lookUrl }: ReviewView, isCut: boolean): Row[] {
  const look: Button[] = [{ label: 'Look at it', href: lookUrl }];
  if (isCut) look.push(on(post, 'Whole caption', 'caption'));
  return [
    [
      { ...on(post, 'Approve', 'approve'), tone: 'good' },
      { ...on(post, 'Reject…', 'reject'), tone: 'bad' },
    ],
    look,
    [on(post, 'When…', 'when'), on(post, 'Edit', 'edit'), on(post, 'Cancel', 'cancel')],
  ];
}
