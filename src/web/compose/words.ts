import { INTERACTION_NAMES } from '../../core/compose/choices.ts';
import { type FieldName, OFF, type Seen } from '../../core/compose/page/merge.ts';
import type { Problem } from '../../core/problems.ts';
import type { PostStatus } from '../../core/publish/post.ts';
import { PRIVACY_NAMES } from '../../core/tiktok/codes.ts';
import { isPrivacyLevel } from '../../core/tiktok/types.ts';

/** What a part of the draft is called on the page. */
export const FIELD_LABELS = {
  title: 'Title',
  caption: 'Caption',
  privacy: 'Who can see it?',
  allowComment: INTERACTION_NAMES.allowComment,
  allowDuet: INTERACTION_NAMES.allowDuet,
  allowStitch: INTERACTION_NAMES.allowStitch,
  autoAddMusic: INTERACTION_NAMES.autoAddMusic,
  disclosing: 'Disclose commercial content',
  yourBrand: 'Your brand',
  brandedContent: 'Branded content',
  aiGenerated: 'AI label',
  cover: 'Cover',
  when: 'When it goes out',
  account: 'TikTok account',
  files: 'Files',
  review: 'Approval',
  zone: 'Time zone',
} as const satisfies Record<keyof Seen, string>;

/** What stands in a part of the draft, for a sentence. */
export function valueText(field: FieldName, value: string): string {
  switch (field) {
    case 'title':
    case 'caption':
      return value === '' ? 'nothing' : `“${value}”`;
    case 'privacy':
      return isPrivacyLevel(value) ? `“${PRIVACY_NAMES[value]}”` : 'nothing';
    case 'cover':
      return value === '' ? 'the first picture' : value;
    case 'when':
      return value === '' ? 'as soon as it may' : value.replace('T', ' ');
    default:
      return value === OFF ? 'off' : 'on';
  }
}

/** The part of the page beside which a problem is shown; undefined for what concerns all of it. */
export function fieldOfProblem({ code }: Problem): keyof Seen | undefined {
  if (code.startsWith('when_')) return 'when';
  if (code.startsWith('moment_')) return 'cover';
  switch (code) {
    case 'privacy_not_chosen':
    case 'privacy_not_offered':
    case 'branded_content_private':
      return 'privacy';
    case 'disclosure_incomplete':
      return 'disclosing';
    case 'caption_too_long':
      return 'caption';
    case 'title_too_long':
      return 'title';
    case 'no_account':
    case 'account_not_chosen':
    case 'account_disconnected':
    case 'account_cannot_post':
    case 'scope_missing':
    case 'tiktok_unreachable':
      return 'account';
    case 'media_mixed':
    case 'media_not_ready':
    case 'media_refused':
    case 'nothing_to_post':
    case 'too_many_photos':
    case 'video_too_long':
    case 'video_too_long_for_creator':
      return 'files';
    default:
      return undefined;
  }
}

/** How a post is that was submitted on the page. */
export const POST_WORDS = {
  preparing: 'Its files are being prepared for TikTok.',
  in_review: 'It waits for its approval in the chat.',
  on_hold: 'It waits for you: its card in the chat says what for.',
  queued: 'It waits for its turn, or for its time.',
  submitting: 'It is being handed to TikTok.',
  uploading: 'It is being uploaded to TikTok.',
  processing: 'TikTok is processing it. That may take some minutes.',
  published: 'It is published.',
  in_inbox: 'It is in the inbox of the TikTok app, to be finished there.',
  rejected: 'It was rejected; its card in the chat says why.',
  expired: 'Nobody approved it in time.',
  cancelled: 'It was cancelled.',
  withdrawn: 'It was taken back to be changed.',
  failed: 'It could not be published; its card in the chat says why and what to do.',
  unconfirmed: 'TikTok has not said whether it is live; its card in the chat says more.',
} as const satisfies Record<PostStatus, string>;
