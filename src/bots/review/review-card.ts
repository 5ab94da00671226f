import type { StoredFile } from '../../core/media/types.ts';
import { type ChatRef, type Person, platformOf } from '../../core/people.ts';
import type { Pacing } from '../../core/publish/pacing.ts';
import { type Post, type PostIn, shownFile } from '../../core/publish/post.ts';
import type { CastResult } from '../../core/review/ballots.ts';
import { barredFrom, type Vote, type VoteChoice, votesOf } from '../../core/review/review.ts';
import { disclosureLabel } from '../../core/tiktok/codes.ts';
import { disconnectedLines, reconnectRow } from '../accounts/account-cards.ts';
import { postButton as on } from '../buttons.ts';
import { lengthOf } from '../cards/fit-text.ts';
import { type Button, buttonRow, type Card, type Line, type Picture, type Row } from '../platform.ts';
import {
  accountName,
  capital,
  countOf,
  destinationOf,
  excerptOf,
  hashtagNote,
  listOf,
  momentSpan,
  momentsText,
  onOff,
  postName,
  titleLine,
  whenSpan,
} from '../text/format.ts';
import { platformName } from '../text/link-cards.ts';
import { note } from '../text/messages.ts';
import { problemText, votersText } from '../text/problems.ts';
import { type Wording, wordingOf } from '../text/wording.ts';
import type { Away } from './downtime.ts';
import type { Outlook } from './electorate.ts';

export interface ReviewView {
  readonly post: Post;
  /** Where the card stands. */
  readonly chat: ChatRef;
  readonly votes: readonly Vote[];
  /** IANA name. */
  readonly timeZone: string;
  /** Whether there is anybody who could approve it; absent where that was not looked up. */
  readonly outlook?: Outlook | undefined;
  /** Whether its account is connected; absent where that was not looked up. */
  readonly hasAccess?: boolean | undefined;
  readonly pacing?: Pick<Pacing, 'patienceMs'> | undefined;
  /** Whether reactions under this card reach Nod. */
  readonly receivesReactions: boolean;
  /** Since when they do, where they did not from the beginning and cannot be read back. */
  readonly heardSince?: number | undefined;
  /** When Nod heard nothing of this chat while the review was open. */
  readonly away?: Away | undefined;
  /** How far the one file is that takes long, 0 to 1. */
  readonly prepared?: number | undefined;
  /** The page that shows what would be published. */
  readonly previewUrl: string;
  readonly now: number;
  readonly pictureOf: (file: StoredFile) => Picture;
}

type StateView = Pick<
  ReviewView,
  'post' | 'chat' | 'votes' | 'timeZone' | 'outlook' | 'hasAccess' | 'pacing' | 'prepared' | 'now'
>;

/** The card on which a team decides: what would be published, what is still missing, and until when. */
export function reviewCard(view: ReviewView): Card {
  const { post, pictureOf } = view;
  const { title, caption } = post.content;
  const shown = shownFile(post);
  const lines: Line[] = [
    [{ text: `${post.author.name} wants to post to ${accountName(post.account)}`, style: 'bold' }],
    ...contentLines(post),
    ...(title === undefined ? [] : [[], titleLine(title)]),
    ...(caption === '' ? [] : [[], ...caption.split('\n').map((line): Line => [line])]),
    ...hashtagLines(caption),
    [],
    ...stateLines(view),
    ...howLines(view),
  ];
  return {
    attachment: shown && pictureOf(shown),
    lines,
    rows: rowsOf(view, lengthOf(lines) > wordingOf(view.chat).cardRoom),
  };
}

/** Reminds those who can decide, below the card, once it is about time. */
export function reminderCard({ post, chat, votes, timeZone, now }: ReviewView): Card {
  const { review } = post;
  const { approvals = 0 } = review?.policy ?? {};
  const approved = votes.filter(({ mark }) => mark === 'approve').length;
  const until: Line =
    post.status === 'in_review' ? [' · open until ', momentSpan(post.expiresAt, now, timeZone)] : [];
  const wording = wordingOf(chat);
  return {
    lines: [
      [{ text: 'Still to be decided', style: 'bold' }, ...until],
      [
        `“${postName(post)}” for ${accountName(post.account)} has ${approved} of ${countOf(approvals, 'approval')}.`,
      ],
      ...(review === undefined ? [] : [[`Who decides: ${votersText(review.policy, review.chats, wording)}`]]),
    ],
    rows: [],
  };
}

function hashtagLines(caption: string): Line[] {
  const text = hashtagNote(caption);
  return text === undefined ? [] : [[{ text: `${text}.`, style: 'italic' }]];
}

/** What is left where a team is not to see more of it. */
export const partedCard = (chat: ChatRef): Card => note(problemText({ code: 'not_shared' }, wordingOf(chat)));

const LEFT_OUT_LABEL =
  'TikTok did not take its AI label: it goes without, and the label is set in the TikTok app.';

/** What would be published beside the caption, as TikTok's settings have it. */
function contentLines(post: Post): Line[] {
  const { kind, settings, postMode } = post.content;
  const destination = destinationOf(post.content);
  const moments = momentsText(post);
  const momentLines: Line[] = moments === undefined ? [] : [[moments]];
  if (postMode === 'MEDIA_UPLOAD') return [[destination], ...momentLines];
  const { allowComment, allowDuet, allowStitch, autoAddMusic } = settings;
  const toggles = [
    `comments ${onOff(allowComment)}`,
    ...(kind === 'video' ? [`Duet ${onOff(allowDuet)}`, `Stitch ${onOff(allowStitch)}`] : []),
    ...(autoAddMusic ? ['music by TikTok'] : []),
  ];
  const disclosure = disclosureLabel(settings);
  const labels = [
    ...(disclosure === undefined ? [] : [`“${disclosure}”`]),
    ...(settings.aiGenerated ? ['“AI-generated”'] : []),
  ];
  return [
    [[destination, ...toggles].join(' · ')],
    ...momentLines,
    ...(labels.length === 0 ? [] : [[`Labelled ${listOf(labels)}`]]),
    ...(post.leavesOutAiLabel ? [[LEFT_OUT_LABEL]] : []),
  ];
}

/** What is still missing, until when, and what then happens. */
export const stateLines = (view: StateView): Line[] => [...voteLines(view), ...openLines(view)];

/** How many approvals are there, and who rejects. */
function voteLines({ post, chat, votes }: StateView): Line[] {
  const { approvals = 0 } = post.review?.policy ?? {};
  const wording = wordingOf(chat);
  const approvers = votes.filter(({ mark }) => mark === 'approve').map(({ person }) => person.name);
  const needs = `Needs ${countOf(approvals, 'approval')}`;
  const so = approvers.length === 0 ? '' : `: ${wording.approveMark} ${listOf(approvers)}`;
  return [
    [{ text: needs, style: 'bold' }, `${so} · ${approvers.length} of ${approvals}`],
    ...rejectionLines(votes, wording),
    ...fromLines(
      votes.map(({ person }) => person),
      post,
      chat,
    ),
  ];
}

/** Whether it can be approved at all, until when it is open, and what then happens. */
export function openLines(view: StateView): Line[] {
  const { post, hasAccess, pacing, timeZone, now } = view;
  const lines: Line[] = outlookLines(view);
  if (post.status === 'preparing') lines.push(preparingLine(post, view));
  if (post.status === 'in_review') {
    const until = momentSpan(post.expiresAt, now, timeZone);
    lines.push(['Open until ', until, '; if nobody decides by then, nothing is posted.']);
  }
  lines.push(planLine(post, view));
  if (hasAccess === false && pacing !== undefined)
    lines.push(...disconnectedLines({ post, pacing, timeZone, now }));
  return lines;
}

function preparingLine(
  { wait, notBefore }: PostIn<'preparing'>,
  { prepared, now, timeZone }: StateView,
): Line {
  if (wait === undefined || notBefore === undefined) {
    const part = prepared === undefined ? '' : `, ${Math.floor(prepared * 100)} %`;
    return [`The files are still being prepared${part}; votes count already.`];
  }
  return ['Nod could not prepare the files yet. Next try ', whenSpan(notBefore, now, timeZone), '.'];
}

function planLine({ publishAt, content }: Post, { now, timeZone }: StateView): Line {
  const isForInbox = content.postMode === 'MEDIA_UPLOAD';
  const goes = isForInbox ? 'goes to the inbox' : 'goes out';
  if (publishAt === undefined) return [`It ${goes} as soon as it is approved.`];
  const moment = momentSpan(publishAt, now, timeZone);
  return publishAt > now
    ? [`${capital(goes)} `, moment, ' if it is approved by then, else as soon as it is.']
    : ['Its time has passed, ', moment, `: it ${goes} as soon as it is approved.`];
}

/** Who could approve it, where that is not enough or nobody can know. */
function outlookLines({ post, chat, outlook }: StateView): Line[] {
  const { review, author } = post;
  if (review === undefined || outlook === undefined || outlook.isApprovable === true) return [];
  const wording = wordingOf(chat);
  if (outlook.isApprovable === undefined) {
    // Where no role gives a say, only an outage keeps Nod from knowing.
    if (!review.chats.some((one) => wordingOf(one).hidesRoles)) return [];
    const own = outlook.isAuthorBarred ? `, or lets ${author.name}’s own vote count` : '';
    const text = `Nod cannot see who holds a role on Discord. If nobody else can approve this, ${wording.slash}settings names somebody${own}.`;
    return [[{ text, style: 'italic' }]];
  }
  const [who, ways] = stuckText(post, chat, outlook);
  return [[], [{ text: who, style: 'bold' }], [ways]];
}

/** Why nobody can approve the post, and what those can do about it who manage the place. */
function stuckText({ author, review }: Post, chat: ChatRef, { electorate, isAuthorBarred }: Outlook) {
  const wording = wordingOf(chat);
  const { people } = electorate;
  const approvals = review?.policy.approvals ?? 1;
  const who =
    people.length === 0
      ? `Nobody${isAuthorBarred ? ` but ${author.name}` : ''} has a say here, so nobody can approve this.`
      : `Only ${listOf(people.map(({ name }) => name))} can approve this, and it needs ${approvals}.`;
  const own = isAuthorBarred ? `, or let ${author.name}’s own vote count` : '';
  const managers = capital(wording.managers);
  return [who, `${managers} can name an approver${own}: the buttons below.`] as const;
}

/** Calls the author where nobody is left who could approve a post. */
export const stuckNote = (post: Post, chat: ChatRef, outlook: Outlook): Card => {
  const [who, ways] = stuckText(post, chat, outlook);
  return { ...note(who, ways), rows: wayOutRows(post, outlook) };
};

const wayOutRows = (post: Post, outlook: Outlook | undefined): Row[] =>
  outlook?.isApprovable !== false
    ? []
    : [
        buttonRow(
          on(post, 'Name an approver…', 'approver'),
          ...(outlook.isAuthorBarred
            ? [on(post, `Count ${excerptOf(post.author.name, 20)}’s vote`, 'own_vote')]
            : []),
        ),
      ];

/** Where two platforms vote together: from which of them each vote came, unless all are from this one. */
function fromLines(voters: readonly Person[], { review }: Post, chat: ChatRef): Line[] {
  const platforms = [...new Set((review?.chats ?? []).map(platformOf))];
  if (voters.every(({ id }) => platformOf(id) === platformOf(chat))) return [];
  const from = platforms.flatMap((platform) => {
    const names = voters.filter(({ id }) => platformOf(id) === platform).map(({ name }) => name);
    return names.length === 0 ? [] : [`from ${platformName(platform)}: ${listOf(names)}`];
  });
  return [[{ text: capital(from.join(' · ')), style: 'italic' }]];
}

/** Who has a say. */
export const votersLines = ({ post: { review }, chat }: Pick<ReviewView, 'post' | 'chat'>): Line[] =>
  review === undefined ? [] : [[`Who decides: ${votersText(review.policy, review.chats, wordingOf(chat))}`]];

/** How to vote here, and what may have got lost. */
function howLines(view: ReviewView): Line[] {
  const { chat, receivesReactions, heardSince, away, timeZone, now } = view;
  const wording = wordingOf(chat);
  const { approveMark, rejectMark, noMarks } = wording;
  const how = receivesReactions
    ? `${approveMark} approves, ${rejectMark} rejects, as a reaction or a button.`
    : noMarks;
  return [
    ...votersLines(view),
    [{ text: how, style: 'italic' }],
    ...(heardSince === undefined ? [] : [heardLine(heardSince, view)]),
    ...(away === undefined ? [] : [awayLine(away, now, timeZone)]),
  ];
}

/** Telegram tells of a reaction when it changes, and never again. */
function heardLine(heardSince: number, { chat, timeZone, now }: ReviewView): Line {
  const { approveMark, rejectMark } = wordingOf(chat);
  return [
    'Reactions reach Nod here since ',
    momentSpan(heardSince, now, timeZone),
    `. An earlier ${approveMark} or ${rejectMark} that is not shown here did not arrive: take it off and set it again, or use the buttons.`,
  ];
}

function awayLine({ from, until }: Away, now: number, timeZone: string): Line {
  return [
    'Nod was away from ',
    momentSpan(from, now, timeZone),
    ' to ',
    momentSpan(until, now, timeZone),
    '. A vote from then that is not shown here did not arrive: use the buttons.',
  ];
}

function rowsOf({ post, outlook, hasAccess, previewUrl }: ReviewView, isCut: boolean): Row[] {
  const look: Button[] = [{ label: 'Look at it', href: previewUrl }];
  if (isCut) look.push(on(post, 'Whole caption', 'caption'));
  return [
    buttonRow(
      { ...on(post, 'Approve', 'approve'), tone: 'good' },
      { ...on(post, 'Reject…', 'reject'), tone: 'bad' },
    ),
    ...wayOutRows(post, outlook),
    ...(hasAccess === false ? [reconnectRow(post)] : []),
    buttonRow(...look),
    buttonRow(on(post, 'When…', 'when'), on(post, 'Edit', 'edit'), on(post, 'Cancel', 'cancel')),
  ];
}

/** Who rejects, and why. */
function rejectionLines(votes: readonly Vote[], { rejectMark }: Wording): Line[] {
  return votes
    .filter(({ mark }) => mark === 'reject')
    .map(({ person, reason }) => [
      `${rejectMark} ${person.name}${reason === undefined ? '' : `: “${reason}”`}`,
    ]);
}

/** How the review of a post ended and by whom, with the reasons of those who rejected it. */
export function decisionLines({
  post,
  chat,
  votes,
}: {
  post: Post;
  chat: ChatRef;
  votes: readonly Vote[];
}): Line[] {
  const decision = post.review?.decision;
  if (decision === undefined) return [];
  const wording = wordingOf(chat);
  const names = listOf(decision.by.map(({ name }) => name));
  const from = fromLines(decision.by, post, chat);
  if (decision.outcome === 'approved') return [[`${wording.approveMark} Approved by ${names}`], ...from];
  const reasons = votes.filter(({ mark, reason }) => mark === 'reject' && reason !== undefined);
  const [first, ...others] = reasons;
  const headline = `${wording.rejectMark} Rejected by ${names}`;
  const isOnes = decision.by.length === 1 && others.length === 0;
  if (first !== undefined && isOnes) return [[`${headline}: “${first.reason}”`], ...from];
  return [[headline], ...rejectionLines(reasons, wording), ...from];
}

/** Whether everybody has said why whose votes have rejected the post. */
export const isExplained = ({ post, votes }: { post: Post; votes: readonly Vote[] }): boolean =>
  (post.review?.decision?.by ?? []).every(({ id }) =>
    votes.some(({ person, reason }) => person.id === id && reason !== undefined),
  );

/** The title of the window that asks for a reason. */
export const WHY = 'Why not? (you may leave it empty)';
export const REASON_TAKEN = 'Your reason stands on the card.';
export const NO_REASON = 'You gave no reason, so nothing has changed.';
export const ANONYMOUS_NOTE =
  'Telegram does not say which administrator reacted anonymously, so that does not count. The buttons do.';

/** Asks for the reason of a rejection. */
export const askWhyText = ({ name }: Person): string => `${name}, reply to this to say why, if you like.`;

/** What somebody is told who takes a button back; what is left says the same still. */
export function takenBackText(mark: VoteChoice, left: 'reaction' | 'account' | undefined): string {
  const word = mark === 'approve' ? 'approval' : 'rejection';
  if (left === 'reaction') return `Your reaction still counts as ${word}: take it back, too.`;
  if (left === 'account') return `Your ${word} from the other chat still counts: take it back there, too.`;
  return `Your ${word} is taken back.`;
}

/** What somebody is told whose vote was taken. */
export function castText(
  mark: VoteChoice,
  { acts, decision }: CastResult,
  { review, contentHash, publishAt, author }: Post,
): string {
  if (decision?.outcome === 'rejected') return 'Rejected. Nothing is posted.';
  if (decision?.outcome === 'approved')
    return publishAt === undefined ? 'Approved. It is on its way.' : 'Approved. It goes out at its time.';
  const barred = review && barredFrom({ policy: review.policy, author });
  const count = votesOf(acts, contentHash, barred).filter((vote) => vote.mark === mark).length;
  const needed = review?.policy.approvals ?? 0;
  const word = mark === 'approve' ? 'approval' : 'rejection';
  return `Your ${word} counts: ${count} of ${needed}. Press again later to take it back.`;
}
