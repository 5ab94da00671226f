import {
  type MediaKind,
  type MediaUse,
  PHOTO_LIMITS,
  type PreparedMedia,
  type StoredFile,
  TEXT_LIMITS,
  useKey,
  VIDEO_LIMITS,
} from '../media/types.ts';
import type { AccountName, ChatRef, Person } from '../people.ts';
import type { Problem } from '../problems.ts';
import { fileIndexOf, type PostContent } from '../publish/post.ts';
import type { Versioned } from '../storage/database.ts';
import { SCOPE_FOR } from '../tiktok/oauth.ts';
import type { CreatorInfo, PostMode, PostSettings } from '../tiktok/types.ts';
import { type Captioned, type DraftNotice, withEditedText } from './typed-texts.ts';

/** A file that somebody offered, on its way to something that TikTok takes. */
export type DraftFile = {
  /** The chat message that brought it; unless a person moves them, files are in the order of their messages. */
  readonly id: string;
  readonly order: number;
  /** Equal for files that were sent as one. */
  readonly album?: string | undefined;
  readonly name: string;
  /** Opens the file in its chat; names the link that it came by, which opens nothing. */
  readonly ref: string;
  /** The link to fetch it from, for as long as that may be needed; only its author may see it. */
  readonly link?: string | undefined;
  /** Equal for the same file, where `ref` may change. */
  readonly key?: string | undefined;
  /** The chat did not show the rest of its album. */
  readonly isAlbumPart?: true | undefined;
  readonly bytes?: number | undefined;
  readonly claimedKind?: MediaKind | undefined;
  readonly thumbnailRef?: string | undefined;
  readonly use?: MediaUse | undefined;
  /** What came of it in its last uses, to go back to at once. */
  readonly before?: readonly PreparedUse[] | undefined;
} & DraftFileState;

/** A result of a file in one use. */
export interface PreparedUse {
  readonly use?: MediaUse | undefined;
  readonly media: PreparedMedia;
}

type WaitingFile = { readonly state: 'waiting' };

/** What was found in a file when it was judged. */
interface JudgedFile {
  readonly source: StoredFile;
  /** Of what it becomes: an animation is used as a photo or as a video. */
  readonly kind: MediaKind;
  /** Of the whole video. */
  readonly durationSeconds?: number | undefined;
  /** How many pictures an animation has; absent for everything else. */
  readonly pictures?: number | undefined;
}

/** Copied from the chat and found usable; the conversion is still under way. */
export type StoredDraftFile = JudgedFile & { readonly state: 'stored' };

export type DraftFileState =
  | WaitingFile
  | StoredDraftFile
  | (JudgedFile & { readonly state: 'ready'; readonly media: PreparedMedia })
  | {
      readonly state: 'refused';
      readonly problem: Problem;
      /** Where it goes on: when it is tried again, or used in another way. */
      readonly retry?: WaitingFile | StoredDraftFile;
    };

/** What somebody is composing in a chat. */
export interface Draft extends Versioned, Captioned {
  readonly id: string;
  readonly workspace: string;
  readonly chat: ChatRef;
  readonly author: Person;
  /** The group in whose name it was sent, before an administrator made it their own; it may add to it. */
  readonly sentAs?: Person | undefined;
  /** In the order in which they are posted. */
  readonly files: readonly DraftFile[];
  /** The photo that was chosen as the cover; absent for the first. */
  readonly coverFileId?: string | undefined;
  /** Of a photo post. */
  readonly title?: string | undefined;
  readonly preview?: StoredFile | undefined;
  /** The moment that was chosen as the cover of this version of the video. */
  readonly coverMoment?: { readonly of: string; readonly ms: number } | undefined;
  readonly coverSheet?: CoverSheet | undefined;
  /** What came along and cannot be posted, so that nobody takes it for posted. */
  readonly leftOut?: readonly LeftOut[] | undefined;
  readonly account: DraftAccount;
  readonly settings: PostSettings;
  /** The disclosure switch; on, it needs one of the two kinds. */
  readonly disclosing: boolean;
  /** When it shall be published; absent for at once. */
  readonly plan?: DraftPlan | undefined;
  /** Set where other files that were sent with these have drafts of their own. */
  readonly sentWith?: SentWith | undefined;
  /** Set by the tap that submits: from here on the draft stays as it is until its post is saved. */
  readonly submitted?: { readonly postMode: PostMode; readonly at: number };
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Numbered pictures of a version of the video, to choose its cover from. */
interface CoverSheet {
  readonly of: string;
  readonly momentsMs: readonly number[];
  /** Absent where they could not be drawn. */
  readonly picture?: StoredFile | undefined;
}

/** Parts of a message that are no files: the preview of a link, an app's embed, a sticker, a poll. */
export interface LeftOut {
  readonly what: 'preview' | 'embed' | 'sticker' | 'poll';
  readonly count: number;
}

/** What a draft has in common with another one, because a post is photos or one video. */
interface SentWith {
  /** The other draft, or one of them. */
  readonly draftId: string;
  /** Both began with the same caption. */
  readonly hasSameCaption: boolean;
}

/** The account that a draft is for. */
export type DraftAccount =
  /** Not looked for yet, or a person is to choose one of several. */
  | { readonly state: 'unchosen' }
  /** The place has none. */
  | { readonly state: 'none' }
  | ChosenAccount;

/** Drafts are found by `account.openId`, whatever its state. */
export type ChosenAccount = GrantedAccount & AccountState;

/** An account and what its person has granted. */
export interface GrantedAccount extends AccountName {
  readonly openId: string;
  readonly scopes: readonly string[];
}

type AccountState =
  /** Publishing is not granted, so TikTok is not asked what the creator may do. */
  | { readonly state: 'not_granted' }
  /** `creator` is what the creator may do, asked anew for each draft. */
  | { readonly state: 'ready'; readonly creator: CreatorInfo }
  /** `problem` is why the account cannot post now. */
  | { readonly state: 'unavailable'; readonly problem: Problem };

/** A time (epoch milliseconds), or why the time that was asked for cannot be. */
export type DraftPlan = { readonly at: number } | { readonly problem: Problem };

/** Everything off, and no privacy level: a person chooses, as TikTok's sharing guidelines ask. */
export const UNDECIDED: PostSettings = {
  allowComment: false,
  allowDuet: false,
  allowStitch: false,
  yourBrand: false,
  brandedContent: false,
  aiGenerated: false,
};

/** Whether somebody may add to a draft: its author, and the group in whose name it was sent. */
export const isTheirs = ({ author, sentAs }: Draft, { id }: Person): boolean =>
  author.id === id || sentAs?.id === id;

/** The account that is chosen, whether it can post now or not; undefined while none is. */
export function chosenAccount({ account }: Draft): ChosenAccount | undefined {
  return account.state === 'unchosen' || account.state === 'none' ? undefined : account;
}

/** What the creator may do; undefined where TikTok has not told. */
export function creatorOf({ account }: Draft): CreatorInfo | undefined {
  return account.state === 'ready' ? account.creator : undefined;
}

/** When it shall be published (epoch milliseconds); undefined for at once, and where the time asked for cannot be. */
export function plannedAt({ plan }: Draft): number | undefined {
  return plan !== undefined && 'at' in plan ? plan.at : undefined;
}

export type UsableFile = Extract<DraftFile, { state: 'stored' | 'ready' }>;

/** The files that were found usable, in their order. */
export function usableFiles(draft: Draft): UsableFile[] {
  return draft.files.filter((file) => file.state === 'stored' || file.state === 'ready');
}

/** How many files an album of Telegram's holds; what is more comes as the next album, right behind it. */
const ALBUM_SIZE = 10;

/** Whether a file belongs to an album of the draft, or to the one that goes on where a full album ended. */
export function continuesAlbum(draft: Draft, file: DraftFile): boolean {
  const { album } = file;
  if (album === undefined) return false;
  if (draft.files.some((known) => known.album === album)) return true;
  const [last] = draft.files.toSorted((a, b) => b.order - a.order);
  if (last?.album === undefined || file.order <= last.order || file.order > last.order + ALBUM_SIZE)
    return false;
  return draft.files.filter((known) => known.album === last.album).length === ALBUM_SIZE;
}

/** Whether it is a video, as far as is known before it is judged. */
const seemsVideo = (file: DraftFile): boolean => ('kind' in file ? file.kind : file.claimedKind) === 'video';

/** Whether a file needs a draft of its own, whatever it was sent with. */
export const isOnItsOwn = (file: DraftFile): boolean => file.state !== 'refused' && seemsVideo(file);

/** Whether a file can be in one post with what is in the draft; what is refused only stands there with its reason. */
export function goesWith({ files }: Draft, file: DraftFile): boolean {
  const others = files.filter(({ id, state }) => id !== file.id && state !== 'refused');
  if (file.state === 'refused' || others.length === 0) return true;
  return !seemsVideo(file) && !others.some(seemsVideo);
}

/** The videos that have to go into drafts of their own: beside photos all of them, else all but the first. */
export function strayVideos(draft: Draft): UsableFile[] {
  const usable = usableFiles(draft);
  const videos = usable.filter(({ kind }) => kind === 'video');
  return videos.length === usable.length ? videos.slice(1) : videos;
}

/** A video that comes of a source by a use; another use makes another one. */
export const versionOf = ({ source, use }: Pick<UsableFile, 'source' | 'use'>): string =>
  `${source.key} ${useKey(use)}`;

/** The one video that the draft is; undefined where it is photos, or still open. */
export function videoOf(draft: Draft): UsableFile | undefined {
  const [only, ...others] = usableFiles(draft);
  return only?.kind === 'video' && others.length === 0 ? only : undefined;
}

/** The chosen moment of the cover; undefined for the first picture, and once the video is another one. */
export function coverMsOf(draft: Draft): number | undefined {
  const video = videoOf(draft);
  return video !== undefined && draft.coverMoment?.of === versionOf(video) ? draft.coverMoment.ms : undefined;
}

/** How long the video is that comes of a file, as far as that is known. */
export function secondsOf(file: UsableFile): number | undefined {
  if (file.state === 'ready' && file.media.durationSeconds !== undefined) return file.media.durationSeconds;
  const { durationSeconds, use } = file;
  if (use?.cut === undefined) return durationSeconds;
  const left = (durationSeconds ?? Number.POSITIVE_INFINITY) - use.cut.startSeconds;
  return Math.min(use.cut.maxSeconds, left);
}

/** How long a video may be for the account, or for any as long as there is none. */
export function allowedSeconds(draft: Draft): number {
  const { maxSeconds } = VIDEO_LIMITS;
  return Math.min(creatorOf(draft)?.maxVideoDurationSeconds ?? maxSeconds, maxSeconds);
}

/** The video to trim: one that is too long, or is trimmed already; undefined where there is none. */
export function videoToTrim(draft: Draft): DraftFile | undefined {
  return draft.files.find((file) => file.use?.cut !== undefined) ?? tooLongVideo(draft);
}

function tooLongVideo(draft: Draft): DraftFile | undefined {
  const video = videoOf(draft);
  const isTooLong = video !== undefined && (secondsOf(video) ?? 0) > allowedSeconds(draft);
  return isTooLong ? video : draft.files.find((file) => canGoOn(file) && isTooLongAnyway(file));
}

const isTooLongAnyway = (file: DraftFile): boolean =>
  file.state === 'refused' && file.problem.code === 'video_too_long';

/** What was found in a file, also where it cannot be used as it is; undefined before that. */
export function judgedOf(file: DraftFile): JudgedFile | undefined {
  const known = file.state === 'refused' ? file.retry : file;
  return known === undefined || known.state === 'waiting' ? undefined : known;
}

/** Whether a person can choose between its first picture and a short video. */
export const isAnimation = (file: DraftFile): boolean => (judgedOf(file)?.pictures ?? 1) > 1;

/** What the draft is going to be; undefined while that is open. */
export function kindOf(draft: Draft): MediaKind | undefined {
  const kinds = new Set(usableFiles(draft).map((file) => file.kind));
  return kinds.size === 1 ? [...kinds][0] : undefined;
}

/** Whether a person has to say which of the files are meant: a post is photos or one video. */
export function needsPick(draft: Draft): boolean {
  return strayVideos(draft).length > 0;
}

/** How long the caption may be, in UTF-16 units. */
export function captionLimit(kind: MediaKind): number {
  return kind === 'video' ? TEXT_LIMITS.videoCaption : TEXT_LIMITS.photoCaption;
}

/** Everything that still keeps the draft from being posted that way, in the order in which a person would settle it. */
export function problemsOf(draft: Draft, postMode: PostMode): Problem[] {
  return [
    ...mediaProblems(draft),
    ...titleProblems(draft),
    ...captionProblems(draft, postMode),
    ...accountProblems(draft, postMode),
    ...(draft.plan !== undefined && 'problem' in draft.plan ? [draft.plan.problem] : []),
  ].concat(postMode === 'DIRECT_POST' ? choiceProblems(draft) : []);
}

function mediaProblems(draft: Draft): Problem[] {
  const usable = usableFiles(draft);
  const waiting = draft.files.filter((file) => file.state === 'waiting').length;
  if (waiting > 0) return [{ code: 'media_not_ready', waiting }];
  const tooLong = draft.files.find(isTooLongAnyway);
  if (tooLong?.state === 'refused' && canGoOn(tooLong)) return [tooLong.problem];
  if (usable.length === 0) return [{ code: 'nothing_to_post' }];
  const refused = draft.files.length - usable.length;
  if (refused > 0) return [{ code: 'media_refused', refused, canRetry: draft.files.some(canRetry) }];
  if (needsPick(draft)) return [{ code: 'media_mixed' }];
  if (usable.length > PHOTO_LIMITS.maxCount) {
    return [{ code: 'too_many_photos', count: usable.length, max: PHOTO_LIMITS.maxCount }];
  }
  const [first] = usable;
  const durationSeconds = first && secondsOf(first);
  const maxSeconds = creatorOf(draft)?.maxVideoDurationSeconds;
  if (durationSeconds !== undefined && maxSeconds !== undefined && durationSeconds > maxSeconds) {
    return [{ code: 'video_too_long_for_creator', durationSeconds, maxSeconds }];
  }
  return [];
}

function titleProblems(draft: Draft): Problem[] {
  const max = TEXT_LIMITS.photoTitle;
  const length = titleOf(draft)?.length ?? 0;
  return length > max ? [{ code: 'title_too_long', length, max }] : [];
}

function captionProblems(draft: Draft, postMode: PostMode): Problem[] {
  const kind = kindOf(draft);
  if (kind === undefined || !carriesCaption(kind, postMode)) return [];
  const max = captionLimit(kind);
  const { length } = draft.caption;
  return length > max ? [{ code: 'caption_too_long', length, max, kind }] : [];
}

/** TikTok takes no caption with a video for the inbox: https://developers.tiktok.com/doc/content-posting-api-reference-upload-video */
export function carriesCaption(kind: MediaKind, postMode: PostMode): boolean {
  return kind === 'photo' || postMode === 'DIRECT_POST';
}

function accountProblems(draft: Draft, postMode: PostMode): Problem[] {
  const { account } = draft;
  if (account.state === 'unchosen') return [{ code: 'account_not_chosen' }];
  if (account.state === 'none') return [{ code: 'no_account' }];
  const scope = SCOPE_FOR[postMode];
  if (!account.scopes.includes(scope)) return [{ code: 'scope_missing', scope }];
  return account.state === 'unavailable' ? [account.problem] : [];
}

/** https://developers.tiktok.com/doc/content-sharing-guidelines, "Required UX implementation" */
function choiceProblems(draft: Draft): Problem[] {
  const { settings, disclosing } = draft;
  const creator = creatorOf(draft);
  const problems: Problem[] = [];
  if (settings.privacyLevel === undefined) problems.push({ code: 'privacy_not_chosen' });
  else if (creator !== undefined && !creator.privacyLevelOptions.includes(settings.privacyLevel)) {
    problems.push({ code: 'privacy_not_offered', privacyLevel: settings.privacyLevel });
  }
  if (disclosing && !settings.yourBrand && !settings.brandedContent) {
    problems.push({ code: 'disclosure_incomplete' });
  }
  if (disclosing && settings.brandedContent && settings.privacyLevel === 'SELF_ONLY') {
    problems.push({ code: 'branded_content_private' });
  }
  return problems;
}

/** The content that the draft stands for; only for a draft without problems. */
export function contentOf(draft: Draft, postMode: PostMode): PostContent {
  const kind = kindOf(draft);
  const account = chosenAccount(draft);
  if (kind === undefined || account === undefined) throw new Error('The draft is not complete.');
  const { settings, disclosing } = draft;
  const creator = creatorOf(draft);
  const direct: PostSettings = {
    ...settings,
    allowComment: settings.allowComment && !creator?.commentDisabled,
    allowDuet: kind === 'video' && settings.allowDuet && !creator?.duetDisabled,
    allowStitch: kind === 'video' && settings.allowStitch && !creator?.stitchDisabled,
    yourBrand: disclosing && settings.yourBrand,
    brandedContent: disclosing && settings.brandedContent,
    autoAddMusic: kind === 'photo' ? settings.autoAddMusic : undefined,
  };
  return {
    kind,
    postMode,
    openId: account.openId,
    sources: usableFiles(draft).map(({ name, source, use, durationSeconds, pictures }) => ({
      name,
      file: source,
      use,
      durationSeconds,
      pictures,
    })),
    coverIndex: coverIndexOf(draft),
    title: titleOf(draft),
    caption: draft.caption,
    coverMs: postMode === 'DIRECT_POST' ? coverMsOf(draft) : undefined,
    // In the inbox the person decides all of this in the TikTok app.
    settings: postMode === 'DIRECT_POST' ? direct : UNDECIDED,
  };
}

/** A change of a message that something of a draft came from. */
export interface MessageEdit {
  readonly messageId: string;
  /** Its text now; empty where it has none any more. */
  readonly text: string;
  /** What it shows now in the place of the files with these ids. */
  readonly files?: readonly DraftFile[] | undefined;
  /** The ids of files that it shows no more. */
  readonly gone?: readonly string[] | undefined;
}

/** Whether something of the draft came from a message. */
export const isMadeOf = (draft: Draft, id: string): boolean =>
  hasFileOf(draft, id) || (draft.typed?.some(({ messageId }) => messageId === id) ?? false);

/** Whether a file of the draft came from a message. */
export const hasFileOf = ({ files }: Draft, messageId: string): boolean =>
  files.some(({ id }) => fileIndexOf(id, messageId) !== undefined);

/** Whether a message shows another file than this one. */
export const isReplaced = (
  known: Pick<DraftFile, 'ref' | 'key'>,
  next: Pick<DraftFile, 'ref' | 'key'>,
): boolean =>
  known.key === undefined || next.key === undefined ? known.ref !== next.ref : known.key !== next.key;

/** What the edit of a message makes of a draft; the same draft where it changes nothing. */
export function followEdit(draft: Draft, { messageId, text, files = [], gone = [] }: MessageEdit): Draft {
  // The draft may have got its text elsewhere, such as from the command that offered this file.
  const worded = isMadeOf(draft, messageId)
    ? withEditedText(draft, { messageId, text, order: orderOf(draft, messageId) })
    : draft;
  const said: DraftNotice[] = [];
  const shown = draft.files.map((known): DraftFile => {
    const next = files.find(({ id }) => id === known.id);
    if (next === undefined || !isReplaced(known, next)) return known;
    said.push({ type: 'file_replaced', name: next.name });
    return { ...next, order: known.order, album: known.album };
  });
  const kept = shown.filter(({ id }) => !gone.includes(id));
  // Without any file there would be no draft.
  const left = kept.length === 0 ? shown : kept;
  for (const file of shown) if (!left.includes(file)) said.push({ type: 'file_gone', name: file.name });
  if (said.length === 0) return worded;
  const { preview, notices = [], ...rest } = worded;
  return { ...rest, files: left, notices: [...(worded === draft ? [] : notices), ...said] };
}

function orderOf({ files, typed = [] }: Draft, id: string): number {
  return (
    files.find((file) => file.id === id)?.order ?? typed.find(({ messageId }) => messageId === id)?.order ?? 0
  );
}

/** Whether there is a way on from a refusal. */
export const canGoOn = (file: DraftFile): boolean => file.state === 'refused' && file.retry !== undefined;

/** Whether trying again may help: the failure was ours, or the chat's. */
export const canRetry = (file: DraftFile): boolean =>
  canGoOn(file) && file.state === 'refused' && MAY_PASS.has(file.problem.code);

const MAY_PASS: ReadonlySet<Problem['code']> = new Set([
  'preparing_failed',
  'file_not_received',
  'link_refused',
]);

/** A file without its state. */
export function identityOf(file: DraftFile) {
  const { id, order, album, name, ref, link, key, isAlbumPart, bytes, claimedKind, thumbnailRef } = file;
  const { use, before } = file;
  return {
    id,
    order,
    album,
    name,
    ref,
    link,
    key,
    isAlbumPart,
    bytes,
    claimedKind,
    thumbnailRef,
    use,
    before,
  };
}

/** The files with one more: behind all that came before it, wherever a person has moved those. */
export function withLateFile(files: readonly DraftFile[], file: DraftFile): DraftFile[] {
  return files.toSpliced(files.findLastIndex(({ order }) => order <= file.order) + 1, 0, file);
}

/** A file that comes by another way than the chat; the draft gives it its place. */
export type AttachedFile = Pick<DraftFile, 'id' | 'name' | 'ref' | 'bytes'> &
  Extract<DraftFileState, { state: 'waiting' | 'refused' }>;

/** Between the orders of two messages there is room for so many files. */
const ATTACHED_STEP = 2 ** -10;

/**
 * The files with one that comes by another way than the chat: in the place of itself, or of the one that was too big for the
 * chat and is likely the same, else behind all others.
 */
export function withAttached(files: readonly DraftFile[], attached: AttachedFile): DraftFile[] {
  const known = files.find(({ ref }) => ref === attached.ref) ?? meantBy(files, attached);
  if (known === undefined) {
    const last = Math.max(0, ...files.map(({ order }) => order));
    return [...files, { ...attached, order: last + ATTACHED_STEP }];
  }
  // Its message may be edited or come once more, so what names that stays.
  const { id, order, album, key } = known;
  return files.map((file) => (file === known ? { ...attached, id, order, album, key } : file));
}

/** What was refused for its size, or in an upload before: the one of that size or name, or the only one. */
function meantBy(files: readonly DraftFile[], { name, bytes, state }: AttachedFile): DraftFile | undefined {
  const refused = files.filter(mayComeOtherwise);
  const alike = refused.find((file) => file.bytes === bytes || file.name === name);
  return alike ?? (refused.length === 1 && state === 'waiting' ? refused[0] : undefined);
}

/** Whether the same file may still come, by an upload. */
export const mayComeOtherwise = (file: DraftFile): boolean =>
  file.state === 'refused' && OTHER_WAY.has(file.problem.code);

const OTHER_WAY: ReadonlySet<Problem['code']> = new Set([
  'file_too_big_for_chat',
  'file_too_big_for_bots',
  'upload_ended',
  'upload_no_room',
  'upload_wrong_length',
]);

/** The photo that is the cover; undefined where there are not several photos. */
export function coverOf(draft: Draft): DraftFile | undefined {
  const photos = usableFiles(draft);
  if (kindOf(draft) !== 'photo' || photos.length < 2) return undefined;
  return photos.find(({ id }) => id === draft.coverFileId) ?? photos[0];
}

/** Undefined for the first. */
function coverIndexOf(draft: Draft): number | undefined {
  const cover = coverOf(draft);
  const index = usableFiles(draft).findIndex(({ id }) => id === cover?.id);
  return index > 0 ? index : undefined;
}

/** The title that goes out: only photo posts have one. */
export const titleOf = (draft: Draft): string | undefined =>
  kindOf(draft) === 'photo' ? draft.title : undefined;
