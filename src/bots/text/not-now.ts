import type { PostStatus } from '../../core/publish/post.ts';
import type { APPLIES, PostVerb } from '../../core/publish/verbs.ts';

/** How a post is now, as a sentence to whoever wants something else of it. */
const NOW: Readonly<Record<PostStatus, string>> = {
  preparing: 'Its files are still being prepared.',
  in_review: 'It still waits for approval.',
  on_hold: 'It waits for its author to choose.',
  queued: 'It is on its way.',
  submitting: 'It is on its way.',
  uploading: 'It is being uploaded to TikTok.',
  processing: 'TikTok has it already.',
  published: 'It is live already',
  in_inbox: 'It is in the TikTok inbox already.',
  rejected: 'It was not approved.',
  expired: 'Its time is over, and nothing was posted.',
  cancelled: 'It was cancelled, and nothing was posted.',
  withdrawn: 'It was taken back to change it.',
  failed: 'It was not posted.',
  unconfirmed: 'TikTok has not said whether it is there.',
};

/** What follows from that for what was wanted; every status has words in which it cannot be done. */
type Words = {
  readonly [V in PostVerb]: Readonly<Record<Exclude<PostStatus, (typeof APPLIES)[V][number]>, string>>;
};

const NO_VOTE = 'This is no longer open for votes.';
const NO_REASON = 'Only a rejection needs a reason.';
const TOO_LATE_TO_PLAN = 'It is too late to choose another time.';
const NOTHING_TO_CANCEL = 'There is nothing to cancel.';
const NOTHING_TO_RETRY = 'There is nothing to try again.';
const NOTHING_TO_CHOOSE = 'There is nothing to choose here.';
const NO_LABEL_REFUSED = 'TikTok has not refused its AI label.';
const ON_ITS_CARD = 'Its card shows what can be done.';
const LOOK_FIRST = 'Look at the account first; only if it is not there, post it again.';
const IN_THE_APP = 'What is posted is changed or deleted in the TikTok app.';
const IN_THE_INBOX = 'Finish or delete it there, in the TikTok app.';

const WORDS: Words = {
  vote: {
    on_hold: NO_VOTE,
    queued: NO_VOTE,
    submitting: NO_VOTE,
    uploading: NO_VOTE,
    processing: NO_VOTE,
    published: NO_VOTE,
    in_inbox: NO_VOTE,
    rejected: NO_VOTE,
    expired: NO_VOTE,
    cancelled: NO_VOTE,
    withdrawn: NO_VOTE,
    failed: NO_VOTE,
    unconfirmed: NO_VOTE,
  },
  explain: {
    preparing: NO_REASON,
    in_review: NO_REASON,
    on_hold: NO_REASON,
    queued: NO_REASON,
    submitting: NO_REASON,
    uploading: NO_REASON,
    processing: NO_REASON,
    published: NO_REASON,
    in_inbox: NO_REASON,
    expired: NO_REASON,
    cancelled: NO_REASON,
    withdrawn: NO_REASON,
    failed: NO_REASON,
    unconfirmed: NO_REASON,
  },
  plan: {
    on_hold: 'Choose that first.',
    submitting: TOO_LATE_TO_PLAN,
    uploading: TOO_LATE_TO_PLAN,
    processing: TOO_LATE_TO_PLAN,
    published: TOO_LATE_TO_PLAN,
    in_inbox: TOO_LATE_TO_PLAN,
    rejected: ON_ITS_CARD,
    expired: ON_ITS_CARD,
    cancelled: ON_ITS_CARD,
    withdrawn: 'Choose the time on its draft.',
    failed: ON_ITS_CARD,
    unconfirmed: LOOK_FIRST,
  },
  cancel: {
    published: IN_THE_APP,
    in_inbox: IN_THE_INBOX,
    rejected: NOTHING_TO_CANCEL,
    expired: NOTHING_TO_CANCEL,
    cancelled: NOTHING_TO_CANCEL,
    withdrawn: 'Discard its draft to drop it.',
    failed: NOTHING_TO_CANCEL,
    unconfirmed: 'Look at the account; what is there is deleted in the TikTok app.',
  },
  retry: {
    preparing: NOTHING_TO_RETRY,
    in_review: NOTHING_TO_RETRY,
    on_hold: 'Choose that first.',
    queued: NOTHING_TO_RETRY,
    submitting: NOTHING_TO_RETRY,
    uploading: NOTHING_TO_RETRY,
    processing: NOTHING_TO_RETRY,
    published: 'Nothing is posted twice.',
    in_inbox: 'Nothing is sent twice.',
    rejected: '“Edit” makes a new post of it, which is reviewed again.',
    withdrawn: 'It goes on in its draft, or in the post that came of it.',
  },
  rechoose: {
    preparing: NOTHING_TO_CHOOSE,
    in_review: NOTHING_TO_CHOOSE,
    queued: NOTHING_TO_CHOOSE,
    submitting: NOTHING_TO_CHOOSE,
    uploading: NOTHING_TO_CHOOSE,
    processing: NOTHING_TO_CHOOSE,
    published: IN_THE_APP,
    in_inbox: IN_THE_INBOX,
    rejected: ON_ITS_CARD,
    expired: ON_ITS_CARD,
    cancelled: ON_ITS_CARD,
    withdrawn: 'It goes on in its draft, or in the post that came of it.',
    failed: ON_ITS_CARD,
    unconfirmed: LOOK_FIRST,
  },
  reroute: {
    preparing: 'Cancel it first to send it to the inbox.',
    in_review: 'Edit it to send it to the inbox.',
    queued: 'Edit it to send it to the inbox.',
    submitting: 'It is too late to send it to the inbox instead.',
    uploading: 'It is too late to send it to the inbox instead.',
    processing: 'It is too late to send it to the inbox instead.',
    published: 'Nothing is posted twice.',
    in_inbox: IN_THE_INBOX,
    rejected: ON_ITS_CARD,
    expired: ON_ITS_CARD,
    cancelled: ON_ITS_CARD,
    withdrawn: 'It goes on in its draft, or in the post that came of it.',
    unconfirmed: LOOK_FIRST,
  },
  unlabel: {
    preparing: NO_LABEL_REFUSED,
    in_review: NO_LABEL_REFUSED,
    on_hold: NO_LABEL_REFUSED,
    queued: NO_LABEL_REFUSED,
    submitting: NO_LABEL_REFUSED,
    uploading: NO_LABEL_REFUSED,
    processing: NO_LABEL_REFUSED,
    published: 'Nothing is posted twice.',
    in_inbox: 'Nothing is sent twice.',
    rejected: ON_ITS_CARD,
    expired: ON_ITS_CARD,
    cancelled: ON_ITS_CARD,
    withdrawn: 'It goes on in its draft, or in the post that came of it.',
    unconfirmed: LOOK_FIRST,
  },
  edit: {
    submitting: 'It is too late to change it.',
    uploading: 'It is too late to change it.',
    processing: 'It is too late to change it.',
    published: IN_THE_APP,
    in_inbox: IN_THE_INBOX,
    unconfirmed: LOOK_FIRST,
  },
};

/** What somebody is told who wants of a post what cannot be done with it now. */
export function notNowText(
  verb: PostVerb,
  { status, links }: { status: PostStatus; links: readonly string[] },
): string {
  const hints: Readonly<Partial<Record<PostStatus, string>>> = WORDS[verb];
  return `${nowText(status, links)} ${hints[status] ?? ON_ITS_CARD}`;
}

/** How a post is now, with its links once it is live. */
export const nowText = (status: PostStatus, links: readonly string[]): string =>
  status === 'published' && links.length > 0
    ? `${NOW.published}: ${links.join(' ')}`
    : NOW[status].replace(/\.?$/, '.');
