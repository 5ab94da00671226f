import {
  allowedSeconds,
  coverMsOf,
  type Draft,
  type DraftFile,
  isAnimation,
  secondsOf,
  usableFiles,
  versionOf,
  videoOf,
  videoToTrim,
} from '../../core/compose/draft.ts';
import type { StoredFile } from '../../core/media/types.ts';
import { clockOf } from '../../core/plain-text.ts';
import { draftButton as on } from '../buttons.ts';
import { type Button, buttonColumn, buttonRow, buttonRows, type Line, type Row } from '../platform.ts';
import { durationOf } from '../text/format.ts';

/** What a person can open: the animations of several files, pictures of the video to choose its cover from, or its length. */
export type VideoMenu = (typeof MENUS)[number];

const MENUS = ['animations', 'frames', 'trimming'] as const;

/** Whether a button opens such a menu. */
export const isVideoMenu = (menu: unknown): menu is VideoMenu => MENUS.some((known) => known === menu);

interface ShownMenu {
  readonly lines: Line[];
  readonly rows: Row[];
  /** In place of the draft's picture. */
  readonly picture?: StoredFile | undefined;
}

/** What the machine has. */
interface Tools {
  readonly hasFfmpeg: boolean;
}

/** What a menu shows below the files. */
export function videoMenu(draft: Draft, menu: VideoMenu, tools: Tools): ShownMenu {
  if (menu === 'trimming') return { lines: [[], [trimText(draft)]], rows: trimRows(draft) };
  if (menu === 'animations') return { lines: [[], [ANIMATIONS_TEXT]], rows: animationRows(draft, tools) };
  return { lines: frameLines(draft), rows: frameRows(draft), picture: currentSheet(draft)?.picture };
}

function trimText(draft: Draft): string {
  const allowed = durationOf(allowedSeconds(draft) * 1000);
  return videoToTrim(draft) === undefined
    ? `This account may post up to ${allowed}, and the video is not longer. Send another cut.`
    : `This account may post up to ${allowed}. Which part shall it be?`;
}

const ANIMATIONS_TEXT =
  'Which animation shall be a short video? A post is photos or one video, so it gets a draft of its own.';

/** The cover that was chosen for a video; nothing for its first picture. */
export function coverLines(draft: Draft): Line[] {
  const ms = coverMsOf(draft);
  return ms === undefined ? [] : [['Cover  ', { text: `at ${clockOf(ms / 1000)}`, style: 'bold' }]];
}

/** How the files of a draft can be used otherwise: trimmed, with another cover, as a picture or as a video. */
export function videoRows(draft: Draft, tools: Tools): Row[] {
  const video = videoOf(draft);
  const others = [
    ...animationButtons(draft, tools),
    ...(tools.hasFfmpeg && video?.state === 'ready' ? [on(draft, 'Cover…', 'frames')] : []),
  ];
  return [...trimRows(draft), ...(others.length === 0 ? [] : [buttonRow(...others)])];
}

/** The same for a draft that is not settled yet: nothing of it can be posted, or too much. */
export function unsettledRows(draft: Draft): Row[] {
  return [...trimRows(draft), ...buttonColumn(stillButtons(draft))];
}

/** How a video is trimmed that is too long, or is trimmed already. */
function trimRows(draft: Draft): Row[] {
  const file = videoToTrim(draft);
  if (file === undefined) return [];
  const allowed = allowedSeconds(draft);
  const isCut = file.use?.cut !== undefined;
  const isTooLong = file.state === 'refused' || ('kind' in file && (secondsOf(file) ?? 0) > allowed);
  return [
    buttonRow(
      ...(isTooLong ? [on(draft, `Trim to ${durationOf(allowed * 1000)}`, 'trim')] : []),
      on(draft, 'Trim from…', 'trim_from'),
      ...(isCut ? [on(draft, 'Whole video', 'whole')] : []),
    ),
  ];
}

/** One animation is switched at once, several are chosen from in a menu. */
function animationButtons(draft: Draft, tools: Tools): Button[] {
  const animations = draft.files.filter((file) => canSwitch(file, tools));
  const [first] = animations;
  if (first === undefined) return [];
  if (draft.files.length > 1) return [on(draft, 'Animations…', 'animations')];
  return [switchButton(draft, first, first.use?.asVideo ? 'First picture' : 'Short video')];
}

const switchButton = (draft: Draft, file: DraftFile, label: string): Button =>
  on(draft, label, file.use?.asVideo ? 'still' : 'animate', file.id);

/** Animations that were made videos and are in the way as such. */
const stillButtons = (draft: Draft): Button[] =>
  draft.files
    .filter((file) => isAnimation(file) && file.use?.asVideo)
    .map((file) => switchButton(draft, file, `First picture of ${file.name}`));

/** An animation becomes a video with ffmpeg alone, and a picture again without. */
const canSwitch = (file: DraftFile, { hasFfmpeg }: Tools): boolean =>
  isAnimation(file) && (hasFfmpeg || file.use?.asVideo === true);

/** A button to switch each animation of several files. */
function animationRows(draft: Draft, tools: Tools): Row[] {
  const buttons = draft.files.flatMap((file, index) =>
    canSwitch(file, tools)
      ? [switchButton(draft, file, `${index + 1}: ${file.use?.asVideo ? 'first picture' : 'short video'}`)]
      : [],
  );
  return buttonRows(buttons, 2);
}

/** The pictures of the video as it is now; those of another version do not count. */
function currentSheet(draft: Draft) {
  const video = videoOf(draft);
  const { coverSheet } = draft;
  return video !== undefined && coverSheet?.of === versionOf(video) ? coverSheet : undefined;
}

function frameLines(draft: Draft): Line[] {
  const sheet = currentSheet(draft);
  if (sheet === undefined) return [[], ['The pictures are being drawn…']];
  const asks =
    sheet.picture === undefined
      ? 'The pictures could not be drawn; name a moment instead.'
      : 'Which picture shall be the cover?';
  return [[], [asks], ...coverLines(draft)];
}

/** A button for each picture, by its number. */
function frameRows(draft: Draft): Row[] {
  const sheet = currentSheet(draft);
  const chosen = coverMsOf(draft);
  const momentsMs = sheet?.picture === undefined ? [] : sheet.momentsMs;
  const numbers = momentsMs.map((ms, index) =>
    on(draft, `${ms === chosen ? '● ' : ''}${index + 1}`, 'frame', String(ms)),
  );
  return [...buttonRows(numbers, 3), buttonRow(on(draft, 'Other moment…', 'frame_at'))];
}

/** Whether a draft has more than what its usable files show, which can be used in another way. */
export const canBeMended = (draft: Draft): boolean =>
  usableFiles(draft).length === 0 && unsettledRows(draft).length > 0;
