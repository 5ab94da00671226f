import { type MediaUse, useKey } from '../media/types.ts';
import { plainTitle } from '../plain-text.ts';
import { UserError } from '../problems.ts';
import type { ReviewPolicy } from '../review/review.ts';
import type { PrivacyLevel } from '../tiktok/types.ts';
import {
  allowedSeconds,
  canRetry,
  creatorOf,
  type Draft,
  type DraftFile,
  type DraftPlan,
  identityOf,
  isAnimation,
  judgedOf,
  kindOf,
  type PreparedUse,
  plannedAt,
  secondsOf,
  versionOf,
  videoOf,
  videoToTrim,
} from './draft.ts';
import { withAnswer } from './typed-texts.ts';

/** Where a file goes within its draft. */
export type FileMove = 'first' | 'earlier' | 'later' | 'last';

/** What is on or off about a post. */
export const TOGGLES = [
  'allowComment',
  'allowDuet',
  'allowStitch',
  'aiGenerated',
  'yourBrand',
  'brandedContent',
  'autoAddMusic',
] as const;

export type Toggle = (typeof TOGGLES)[number];

/** A decision that a person takes on a draft. */
export type DraftChoice =
  | { type: 'privacy'; privacyLevel: PrivacyLevel }
  /** Without `to`, it becomes what it is not. */
  | { type: 'toggle'; setting: Toggle; to?: boolean | undefined }
  | { type: 'disclosing'; to?: boolean | undefined }
  /** `messageId`: the chat message in which it was typed, whose edits it follows. */
  | { type: 'caption'; text: string; messageId?: string | undefined }
  /** Empty: no title. */
  | { type: 'title'; text: string }
  /** Without a plan: as soon as it may. */
  | { type: 'when'; plan: DraftPlan | undefined }
  | { type: 'move_file'; fileId: string; to: FileMove }
  | { type: 'cover_photo'; fileId: string }
  | { type: 'keep_photos' }
  | { type: 'keep_file'; fileId: string }
  | { type: 'drop_file'; fileId: string }
  | { type: 'drop_refused' }
  /** Takes in once more what failed through no fault of the files. */
  | { type: 'retry_files' }
  /** An animation becomes a short video, or its first picture is taken. */
  | { type: 'animation'; fileId: string; asVideo: boolean }
  /** Trims a video to the length that is allowed; without a start from where it begins now. */
  | { type: 'trim'; startSeconds?: number | undefined }
  | { type: 'whole_video' }
  | { type: 'cover_moment'; ms: number };

/** Choices after which a file is prepared anew. */
export const NEEDS_WORK: ReadonlySet<DraftChoice['type']> = new Set([
  'retry_files',
  'animation',
  'trim',
  'whole_video',
]);

/** What people may do with a post, and what TikTok adds to one, as it is called in both chats and on the page. */
export const INTERACTION_NAMES = {
  allowComment: 'Comments',
  allowDuet: 'Duet',
  allowStitch: 'Stitch',
  autoAddMusic: 'Music by TikTok',
} as const satisfies Partial<Record<Toggle, string>>;

export interface OfferedInteraction {
  readonly setting: keyof typeof INTERACTION_NAMES;
  readonly isOn: boolean;
  /** The creator has switched it off at TikTok, so it cannot be chosen here. */
  readonly isSwitchedOff: boolean;
}

/** The interactions that a draft of its kind has; none while TikTok has not told what the creator may do. */
export function offeredInteractions(draft: Draft): OfferedInteraction[] {
  const creator = creatorOf(draft);
  const kind = kindOf(draft);
  if (creator === undefined) return [];
  const offer = (setting: OfferedInteraction['setting'], isSwitchedOff = false): OfferedInteraction => ({
    setting,
    isOn: draft.settings[setting] === true && !isSwitchedOff,
    isSwitchedOff,
  });
  return [
    offer('allowComment', creator.commentDisabled),
    ...(kind === 'video'
      ? [offer('allowDuet', creator.duetDisabled), offer('allowStitch', creator.stitchDisabled)]
      : []),
    ...(kind === 'photo' ? [offer('autoAddMusic')] : []),
  ];
}

/** Whether a draft discloses that somebody else pays for it. */
const isBranded = ({ disclosing, settings }: Draft): boolean => disclosing && settings.brandedContent;

/** Who may be chosen to see it; branded content cannot be for its creator alone. */
export const offeredLevels = (draft: Draft): { level: PrivacyLevel; isOpen: boolean }[] =>
  (creatorOf(draft)?.privacyLevelOptions ?? []).map((level) => ({
    level,
    isOpen: !(isBranded(draft) && level === 'SELF_ONLY'),
  }));

/** https://developers.tiktok.com/doc/content-sharing-guidelines */
const MUSIC_POLICY = {
  name: 'Music Usage Confirmation',
  url: 'https://www.tiktok.com/legal/page/global/music-usage-confirmation/en',
};
const BRANDED_POLICY = {
  name: 'Branded Content Policy',
  url: 'https://www.tiktok.com/legal/page/global/bc-policy/en',
};

/** What a person agrees to by posting, as TikTok wants it said before. */
export const policiesOf = (draft: Draft): { readonly name: string; readonly url: string }[] =>
  isBranded(draft) ? [BRANDED_POLICY, MUSIC_POLICY] : [MUSIC_POLICY];

/** What the button is called that submits a draft. */
export function submitLabel(draft: Draft, { approvals }: Pick<ReviewPolicy, 'approvals'>): string {
  if (approvals > 0) return 'Ask for approval';
  return plannedAt(draft) === undefined ? 'Post now' : 'Schedule';
}

/** @throws UserError where a choice is none that there is for this draft. */
export function checkChoice(draft: Draft, choice: DraftChoice): void {
  if (choice.type === 'privacy' && !creatorOf(draft)?.privacyLevelOptions.includes(choice.privacyLevel))
    throw new UserError({ code: 'privacy_not_offered', privacyLevel: choice.privacyLevel });
  if (choice.type === 'trim' && choice.startSeconds !== undefined) {
    const file = videoToTrim(draft);
    const whole = file && judgedOf(file)?.durationSeconds;
    checkIsWithin(choice.startSeconds, whole, whole === undefined ? undefined : whole - MIN_SECONDS);
  }
  if (choice.type === 'cover_moment') {
    const video = videoOf(draft);
    const seconds = video && secondsOf(video);
    checkIsWithin(choice.ms / 1000, seconds, seconds);
  }
}

/** What is left of a video must be one. */
const MIN_SECONDS = 1;

function checkIsWithin(
  seconds: number,
  durationSeconds: number | undefined,
  before: number | undefined,
): void {
  if (durationSeconds === undefined || before === undefined || seconds < before) return;
  throw new UserError({ code: 'moment_too_late', seconds, durationSeconds });
}

/** What a choice makes of a draft; whoever chooses has seen what its card says. */
export function decide(draft: Draft, choice: DraftChoice): Draft {
  const { notices, ...rest } = draft;
  return chosen(rest, choice);
}

function chosen(draft: Draft, choice: DraftChoice): Draft {
  const { settings } = draft;
  switch (choice.type) {
    case 'privacy':
      return { ...draft, settings: { ...settings, privacyLevel: choice.privacyLevel } };
    case 'toggle': {
      const { setting, to = !settings[setting] } = choice;
      return { ...draft, settings: { ...settings, [setting]: to } };
    }
    case 'disclosing':
      if (choice.to === draft.disclosing) return draft;
      return {
        ...draft,
        disclosing: !draft.disclosing,
        settings: { ...settings, yourBrand: false, brandedContent: false },
      };
    case 'caption':
      return withAnswer(draft, choice.text, choice.messageId);
    case 'title':
      return { ...draft, title: plainTitle(choice.text) || undefined };
    case 'move_file':
      return moved(draft, choice.fileId, choice.to);
    case 'cover_photo':
      return draft.files.some(({ id }) => id === choice.fileId)
        ? { ...draft, coverFileId: choice.fileId }
        : draft;
    case 'when':
      return { ...draft, plan: choice.plan };
    case 'keep_photos':
      return withFiles(draft, (file) => file.state !== 'refused' && 'kind' in file && file.kind === 'photo');
    case 'keep_file':
      return withFiles(draft, (file) => file.id === choice.fileId);
    case 'drop_file':
      return withFiles(draft, (file) => file.id !== choice.fileId);
    case 'drop_refused':
      return withFiles(draft, (file) => file.state !== 'refused');
    case 'retry_files': {
      const { preview, ...rest } = draft;
      return { ...rest, files: draft.files.map(retried) };
    }
    case 'animation': {
      const file = draft.files.find(({ id }) => id === choice.fileId);
      if (file === undefined || !isAnimation(file)) return draft;
      return withUse(draft, file, choice.asVideo ? { asVideo: true } : undefined);
    }
    case 'trim': {
      const file = videoToTrim(draft);
      if (file === undefined) return draft;
      const { startSeconds = file.use?.cut?.startSeconds ?? 0 } = choice;
      const cut = { startSeconds, maxSeconds: secondsToTakeOf(file, allowedSeconds(draft)) };
      return withUse(draft, file, { ...file.use, cut });
    }
    case 'whole_video': {
      const file = draft.files.find(({ use }) => use?.cut !== undefined);
      if (file === undefined) return draft;
      return withUse(draft, file, file.use?.asVideo ? { asVideo: true } : undefined);
    }
    case 'cover_moment': {
      const video = videoOf(draft);
      const { preview, ...rest } = draft;
      return video === undefined ? draft : { ...rest, coverMoment: { of: versionOf(video), ms: choice.ms } };
    }
  }
}

function withFiles(draft: Draft, keeps: (file: DraftFile) => boolean): Draft {
  const { preview, ...rest } = draft;
  return { ...rest, files: draft.files.filter(keeps) };
}

/** The preview goes, because it shows the order that was. */
function moved(draft: Draft, fileId: string, to: FileMove): Draft {
  const from = draft.files.findIndex(({ id }) => id === fileId);
  const file = draft.files[from];
  const last = draft.files.length - 1;
  if (file === undefined) return draft;
  const target = { first: 0, earlier: from - 1, later: from + 1, last }[to];
  if (target === from || target < 0 || target > last) return draft;
  const { preview, ...rest } = draft;
  return { ...rest, files: draft.files.toSpliced(from, 1).toSpliced(target, 0, file) };
}

/** Uses a file in another way: it is prepared anew, and nothing that was drawn of it holds. */
function withUse(draft: Draft, file: DraftFile, use: MediaUse | undefined): Draft {
  const judged = judgedOf(file);
  if (judged === undefined || useKey(use) === useKey(file.use)) return draft;
  const { source, durationSeconds, pictures } = judged;
  const kind = isAnimation(file) ? (use?.asVideo ? 'video' : 'photo') : judged.kind;
  const before = lastUses(file);
  const known = { source, kind, durationSeconds, pictures };
  const next: DraftFile = { ...identityOf(file), use, before, state: 'stored', ...known };
  const { preview, coverMoment, ...rest } = draft;
  return { ...rest, files: draft.files.map((one) => (one === file ? next : one)) };
}

/** So many results of a file are kept to go back to. */
const KEPT_USES = 2;

function lastUses(file: DraftFile): readonly PreparedUse[] {
  const { before = [] } = file;
  if (file.state !== 'ready') return before;
  const others = before.filter(({ use }) => useKey(use) !== useKey(file.use));
  return [{ use: file.use, media: file.media }, ...others].slice(0, KEPT_USES);
}

/** The last frames of a part may end behind the length that was asked for, and TikTok takes none that is longer. */
const TRIM_MARGIN_SECONDS = 0.2;

/** How much of a file is asked for so that no more than `maxSeconds` come of it; less where that has failed before. */
function secondsToTakeOf(file: DraftFile, maxSeconds: number): number {
  const seconds = file.state === 'ready' && file.use?.cut !== undefined ? (secondsOf(file) ?? 0) : 0;
  const asked = file.use?.cut?.maxSeconds ?? 0;
  const isOver = seconds > maxSeconds && asked <= maxSeconds;
  return (isOver ? asked - (seconds - maxSeconds) : maxSeconds) - TRIM_MARGIN_SECONDS;
}

const retried = (file: DraftFile): DraftFile =>
  file.state === 'refused' && file.retry !== undefined && canRetry(file)
    ? { ...identityOf(file), ...file.retry }
    : file;
