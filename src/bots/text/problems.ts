import type { PreparingProblem } from '../../core/media/types.ts';
import type { ChatRef } from '../../core/people.ts';
import { clockOf } from '../../core/plain-text.ts';
import type { LinkReason, Problem } from '../../core/problems.ts';
import type { PostStatus } from '../../core/publish/post.ts';
import type { ReviewPolicy } from '../../core/review/review.ts';
import { PRIVACY_NAMES } from '../../core/tiktok/codes.ts';
import { failureWords } from './failures.ts';
import {
  countOf,
  durationOf,
  excerptOf,
  limitOf,
  listOf,
  PHOTO_FORMATS,
  roomOf,
  sizeOf,
  VIDEO_FORMATS,
} from './format.ts';
import { notNowText, nowText } from './not-now.ts';
import { obstacleText } from './obstacles.ts';
import type { Wording } from './wording.ts';
import { wordingOf } from './wording.ts';

/** The fault is ours, so nobody has to send the file again. */
const PREPARING_FAILED = {
  media_limit:
    'Nod has no room for more media now; the file is fine. Tap “Try again” in a while, or have its operator raise MEDIA_LIMIT_GB.',
  disk_full: 'The disk of this Nod is full; the file is fine. Tell its operator, then tap “Try again”.',
  media_away:
    'Nod cannot reach the place where it keeps files; the file is fine. Tap “Try again” in a while; if it stays so, tell its operator.',
  too_slow: 'Nod took too long to read it. Tap “Try again”; if it stays so, send a shorter export.',
  ffmpeg_missing:
    'This file needs ffmpeg, which is missing on the machine of this Nod: its operator installs it (`apt-get install ffmpeg`), then tap “Try again”.',
  unknown:
    'Nod failed here; it is not the file’s fault. Tap “Try again”; if it stays so, tell its operator: the log says why.',
} as const satisfies Record<PreparingProblem['reason'], string>;

/** Why nothing is fetched from a link, and what to do; of a share with the name of its service. */
const LINK_REFUSED = {
  not_https:
    'Nod fetches files from https links only. Give one that begins with https://, or send the file itself.',
  login: 'This link has a name or a password in it. Give a link that opens without.',
  port: 'Nod fetches from the usual https port only. Give a link without a port number.',
  address: 'Nod fetches only from the public internet, and this link leads elsewhere. Send the file itself.',
  redirects: 'This link leads from one address to the next. Give the link of the file itself.',
  unreachable:
    'The server of this link does not answer, or broke off. See whether the link opens in a browser, then tap “Try again”.',
  not_shared:
    'The server does not give this file to everybody. Share it with everyone who has the link, then tap “Try again”.',
  not_found: 'There is no file behind this link. See whether it opens in a private window of a browser.',
  page: 'This link shows a page, not a file. Give the link of the file itself, or send the file.',
  folder: 'This link leads to a folder. Give the link of one file in it.',
  encoded: 'The server packs this file on its way. Give another link to it, or send the file itself.',
  too_slow:
    'The server of this link sends too slowly. Tap “Try again” later, put the file elsewhere, or send the file itself.',
  no_plain_form:
    'What is shared there has no link that gives the file itself. Download it, and send the file.',
  tiktok: 'Nod cannot post from a link to TikTok. Send the video or the photos themselves.',
} as const satisfies Record<LinkReason, string>;

function linkText({ reason, service }: { reason: LinkReason; service?: string | undefined }): string {
  if (service !== undefined && (reason === 'not_shared' || reason === 'page'))
    return `${service} shows a page in place of the file. Share it with everyone who has the link, then tap “Try again”; if it stays so, send the file itself.`;
  if (service !== undefined && reason === 'no_plain_form')
    return `${service} has no link that gives the file itself. Download it, and send the file.`;
  return LINK_REFUSED[reason];
}

/** What is wrong and what to do about it, in one or two short sentences. */
export function problemText(problem: Problem, wording: Wording): string {
  const { slash, toPost, toStartOver, notAdmin, notMember, managers } = wording;
  switch (problem.code) {
    case 'format_not_accepted':
      return `Nod does not take ${problem.format}. Send a photo (${PHOTO_FORMATS}) or a video (${VIDEO_FORMATS}).`;
    case 'file_empty':
      return 'The file is empty. Send it again.';
    case 'file_damaged':
      return 'The file is damaged or cut off. Send it again, best as a file.';
    case 'file_incomplete':
      return 'The file arrived incomplete: its end is missing. Send it again, best as a file.';
    case 'photo_too_small':
      return `${problem.width}×${problem.height} pixels; nobody could see it on a phone. Send one of at least ${problem.minSide} pixels a side.`;
    case 'photo_too_long':
      return `${problem.width}×${problem.height} pixels: too long and narrow to be seen on a phone. Send one of at most ${problem.maxRatio}:1.`;
    case 'photo_too_many_pixels':
      return `${Math.round(problem.pixels / 1e6)} megapixels, more than the ${Math.round(problem.maxPixels / 1e6)} that Nod converts of such a file. Send a smaller version, best as JPEG.`;
    case 'photo_too_big':
    case 'video_too_big':
      if (problem.bytes === undefined)
        return `It is bigger than the ${limitOf(problem.maxBytes)} that TikTok takes. Send a smaller version.`;
      return `${sizeOf(problem.bytes)}, more than the ${limitOf(problem.maxBytes)} that TikTok takes. Send a smaller version.`;
    case 'video_codec_not_accepted':
      return `It is encoded as ${problem.codec}, which TikTok does not take. Export it as MP4 with H.264 and AAC.`;
    case 'video_dimensions':
      return `${problem.width}×${problem.height} pixels; TikTok takes ${problem.min} to ${problem.max} a side. Export it at 1080×1920.`;
    case 'video_too_long':
    case 'video_too_long_for_creator':
      return tooLongText(problem);
    case 'video_without_picture':
      return 'There is no picture in this video. Send another file.';
    case 'file_too_big_for_chat':
      return `${sizeOf(problem.bytes)}; this chat gives bots files up to ${limitOf(problem.maxBytes)}. Tap “Add a big file” to upload it, or send a smaller export.`;
    case 'file_too_big_for_bots':
      return 'It is bigger than what this chat gives bots. Tap “Add a big file” to upload it, or send a smaller export.';
    case 'file_unavailable':
      return 'The chat did not hand the file over. Send it again.';
    case 'file_not_received':
      return 'The chat has not handed the file over for minutes. Tap “Try again”, or send it again.';
    case 'file_deleted':
      return `Nod keeps files for a while only, and ${problem.name} is deleted by now. Send it again.`;
    case 'link_refused':
      return linkText(problem);
    case 'link_too_big':
      return problem.bytes === undefined
        ? `It is bigger than the ${sizeOf(problem.maxBytes)} that Nod can fetch now. Give the link of a smaller version.`
        : `${sizeOf(problem.bytes)}, more than the ${sizeOf(problem.maxBytes)} that Nod can fetch now. Give the link of a smaller version.`;
    case 'preparing_failed':
      return PREPARING_FAILED[problem.reason];
    case 'upload_too_big':
      return `${sizeOf(problem.bytes)}, more than the ${roomOf(problem.maxBytes)} that this Nod takes of one file. Send a smaller export.`;
    case 'upload_no_room':
      return `Nod has no room for it now${problem.reason === 'disk_full' ? ': its disk is full' : ''}; nothing was uploaded. Try again later, or tell its operator.`;
    case 'upload_ended':
      return 'Its upload was not finished, so nothing of it is kept. Upload it again, or leave it out.';
    case 'upload_wrong_length':
      return 'It did not have the size that was announced, so nothing of it is kept. Upload it again, or leave it out.';
    case 'too_many_uploads':
      return problem.what === 'files'
        ? `One page takes ${problem.max} files. Tap “Add a big file” for another page.`
        : `You have ${problem.max} pages with uploads under way, the most one person may have. Wait until one is done.`;
    case 'nothing_to_post':
      return `There is nothing to post yet. ${toPost}`;
    case 'media_not_ready':
      return `${countOf(problem.waiting, 'file')} still on the way. Tap again in a moment.`;
    case 'media_refused':
      if (problem.canRetry)
        return `${countOf(problem.refused, 'file')} could not be taken in. Try again, or leave ${problem.refused === 1 ? 'it' : 'them'} out.`;
      return `${countOf(problem.refused, 'file')} cannot be used. Leave ${problem.refused === 1 ? 'it' : 'them'} out first.`;
    case 'media_mixed':
      return 'A TikTok post is photos or one video, and there are too many open drafts for one of each. Choose what to post, or make room and send the rest again.';
    case 'too_many_photos':
      return `${problem.count} photos; TikTok takes ${problem.max}. Take ${problem.count - problem.max} out.`;
    case 'too_much_at_once':
      return tooMuchText(problem, wording);
    case 'caption_too_long':
      return `The caption has ${problem.length} characters; TikTok takes ${problem.max} with a ${problem.kind}. Shorten it by ${problem.length - problem.max}.`;
    case 'title_too_long':
      return `The title has ${problem.length} characters; TikTok takes ${problem.max}. Shorten it by ${problem.length - problem.max}.`;
    case 'no_account':
      return `No TikTok account is connected here. ${slash}connect one first.`;
    case 'account_not_chosen':
      return 'Choose the TikTok account first.';
    case 'account_disconnected':
      return `TikTok no longer lets Nod use ${problem.username}. ${slash}connect it again; nothing is lost.`;
    case 'account_busy':
      return `${countOf(problem.posts, 'post')} of ${problem.username} ${problem.posts === 1 ? 'is' : 'are'} still on the way. Wait for it or ${slash}cancel it first.`;
    case 'account_cannot_post':
      return `${problem.username} cannot post now: ${failureWords(wording, problem.reason).what}.`;
    case 'scope_missing':
      return problem.scope === 'video.upload'
        ? `This account did not allow Nod to send to its TikTok inbox. ${slash}connect it again and allow it.`
        : `This account did not allow Nod to post directly. Send to the inbox instead, or ${slash}connect it again and allow it.`;
    case 'privacy_not_chosen':
      return 'Choose who can see it first.';
    case 'privacy_not_offered':
      return `“${PRIVACY_NAMES[problem.privacyLevel]}” is not open to this account any more. Choose again.`;
    case 'disclosure_incomplete':
      return 'Say whether it promotes yourself, a third party, or both.';
    case 'branded_content_private':
      return 'Branded content visibility cannot be set to private. Change who can see it.';
    case 'moment_unclear':
      return `“${excerptOf(problem.text, 40)}” is no moment that Nod understands. Write it like “1:05” or “65 s”.`;
    case 'moment_too_late':
      return `The video runs ${durationOf(problem.durationSeconds * 1000)}, so it has ended by ${clockOf(problem.seconds)}. Name an earlier moment.`;
    case 'draft_gone':
      return `This draft is no longer open. ${toStartOver}`;
    case 'draft_changed':
      return 'It was changed meanwhile. Look at it as it is now, then go on.';
    case 'draft_already_submitted':
      return submittedText(problem);
    case 'not_author':
      return `Only ${problem.author} can do that here.`;
    case 'sent_as_group':
      return `This was sent in the name of “${problem.name}”, so only ${managers} can do that: whoever taps first becomes its author.`;
    case 'speaks_as_group':
      return `Nobody can tell who of you writes as “${problem.name}”, and this is for one person to say. Turn off “Remain anonymous” and answer again.`;
    case 'speaks_as_channel':
      return `“${problem.name}” is a channel, and a post needs a person as its author. Write under your own name: tap the picture beside the text field and choose yourself.`;
    case 'not_admin':
      return notAdmin;
    case 'not_member':
      return notMember;
    case 'not_operator':
      return 'Only the operator of this Nod can do that.';
    case 'claim_code_unknown':
      return 'This code is wrong, used or expired. A start of Nod with --claim prints a new one.';
    case 'place_unknown':
      return 'Nod does not know this place any more.';
    case 'operator_chat':
      return 'That is an operator’s own chat with this Nod, which stays.';
    case 'post_gone':
      return 'Nod does not know this post any more.';
    case 'not_cancellable':
      return 'It is too late to cancel this post.';
    case 'not_now':
      return notNowText(problem.verb, problem);
    case 'goes_on':
      return `${nowText(problem.status, problem.links)} It went on in a newer card.`;
    case 'tiktok_unreachable':
      return 'TikTok does not answer. Tap “Ask TikTok again” in a moment.';
    case 'may_not_vote':
      return `Only ${votersText(problem.policy, problem.chats, wording)} can approve or reject here.`;
    case 'own_post':
      return `A post needs the vote of somebody other than its author here. ${slash}settings can change that.`;
    case 'not_linked':
      return `Here only people vote who have linked their accounts of both chats. ${slash}link says how; then vote again.`;
    case 'review_over':
      return `This was ${problem.decision.outcome} already, by ${listOf(problem.decision.by.map(({ name }) => name))}.`;
    case 'not_in_review':
      return 'This is no longer open for votes.';
    case 'not_shared':
      return 'This chat no longer shares reviews with the one that the post is from.';
    case 'not_author_or_manager':
      return `Only ${problem.author} and ${managers} can do that here.`;
    case 'no_cards_here':
      return `Reviews cannot be shown here yet. ${obstacleText(problem.obstacle, problem.chat, 'here')} Then press again.`;
    case 'review_unseen':
      return `Nobody could see the review. ${obstacleText(problem.obstacle, problem.chat, problem.isHere ? 'here' : 'where reviews are shown')} Nothing was sent; then press again.`;
    case 'nobody_may_vote':
      return 'Then nobody could approve anything. Name a role or a person first.';
    case 'when_unclear':
      return `“${excerptOf(problem.text, 60)}” is no time that Nod understands. Write it like “tomorrow 18:00” or “2026-12-01 18:00”.`;
    case 'when_without_time':
      return `Say the hour as well, like “${excerptOf(problem.text, 40)} 18:00”.`;
    case 'when_zone_missing':
      return `Nod does not know yet which time zone “${excerptOf(problem.text, 40)}” is meant in. Tap “When…” and choose it.`;
    case 'when_past':
      return 'That time has passed. Choose a later one.';
    case 'when_too_far':
      return `Nod plans up to ${problem.maxDays} days ahead. Choose an earlier time.`;
    case 'time_zone_unknown':
      return `“${excerptOf(problem.text, 40)}” is no time zone that Nod knows. Write it like “Europe/Berlin” or “New York”.`;
    case 'code_unknown':
      return `This code is wrong, used or expired. ${slash}settings in the other chat gives a new one.`;
    case 'link_code_unknown':
      return `This code is wrong, used or expired. ${slash}link, sent from your other account, gives a new one.`;
    case 'link_same_chat':
      return 'This code is from an account of the same platform. Link one on Telegram with one on Discord, with a new code.';
    case 'already_linked':
      return `Your account is linked with another one already. ${slash}unlink separates them.`;
    case 'not_a_person':
      return 'This is for one person alone. Write it under your own name.';
    case 'too_many_codes':
      return 'Too many codes were tried. Try again in an hour.';
    case 'already_joined':
      return `This chat shares with another one already. Separate it first, in ${slash}settings.`;
    case 'join_itself':
      return 'These two share everything already.';
    case 'join_private':
      return 'Only groups and servers can share accounts and reviews.';
    case 'not_root':
      return `Codes are made in ${problem.root}, whose rules hold here. Ask somebody who manages it.`;
  }
}

const ON_ITS_WAY: ReadonlySet<PostStatus> = new Set([
  'preparing',
  'queued',
  'submitting',
  'uploading',
  'processing',
]);

function submittedText({
  status,
  links = [],
}: Extract<Problem, { code: 'draft_already_submitted' }>): string {
  if (status === undefined || ON_ITS_WAY.has(status)) return 'This is on its way already.';
  return nowText(status, links);
}

function tooMuchText(
  { what, who, max }: Extract<Problem, { code: 'too_much_at_once' }>,
  { slash }: Wording,
): string {
  const isPerson = who === 'person';
  switch (what) {
    case 'drafts':
      return isPerson
        ? `This was not taken: you have ${countOf(max, 'open draft')}, the most one person may have here. Post or discard some, then send it again; ${slash}cancel shows them.`
        : `This was not taken: this place has ${countOf(max, 'open draft')}, the most one place may have. Some have to be posted or discarded first; ${slash}cancel shows yours. Then send it again.`;
    case 'files':
      return `${isPerson ? 'You have' : 'This place has'} ${countOf(max, 'file')} in work, the most one ${who} may have at once. Send this again when some are done.`;
    case 'bytes':
      return `Nod keeps up to ${roomOf(max)} for one ${who}, and this is more. Post or discard drafts first; their files are gone within two hours.`;
  }
}

type TooLong = Extract<Problem, { code: 'video_too_long' | 'video_too_long_for_creator' }>;

/** What is over by less than anybody counts is not said to be as long as it may be. */
function tooLongText({ code, durationSeconds, maxSeconds }: TooLong): string {
  const [runs, most] = [durationOf(durationSeconds * 1000), durationOf(maxSeconds * 1000)];
  const who = code === 'video_too_long' ? 'TikTok takes' : 'this account may post';
  return `It runs ${runs === most ? 'a little over ' : ''}${runs}; ${who} up to ${most}. Trim it, or send a shorter cut.`;
}

/** Who has a say in these chats, in one list, for somebody in one of them. */
export function votersText(
  { roles, people, managersVote }: ReviewPolicy,
  chats: readonly ChatRef[],
  here: Wording,
): string {
  const names = [...roles, ...people].map(({ name }) => name);
  // A group and a private chat of one platform have different words for the same people.
  const idioms = [...new Map(chats.map(wordingOf).map((wording) => [wording.name, wording])).values()];
  const isHere = ({ name }: Wording) => name === here.name;
  const managers = idioms
    .sort((a, b) => Number(isHere(b)) - Number(isHere(a)))
    .map((wording) => (isHere(wording) ? wording.managers : wording.managersThere));
  return listOf([...names, ...(managersVote ? managers : [])]);
}
