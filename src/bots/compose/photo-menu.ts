import type { DraftChoice } from '../../core/compose/choices.ts';
import { coverOf, type Draft, type DraftFile, kindOf, usableFiles } from '../../core/compose/draft.ts';
import { MAX_TILES } from '../../core/media/preview.ts';
import type { StoredFile } from '../../core/media/types.ts';
import { draftButton as on, type Press } from '../buttons.ts';
import { type Button, buttonRow, buttonRows, type Choice, type Line, type Row } from '../platform.ts';
import { excerptOf, filesWord } from '../text/format.ts';
import { wordingOf } from '../text/wording.ts';

/** All files of a draft, or one of them, to be moved or left out. */
export type FileMenu = 'files' | { readonly fileId: string };

/** So many numbers stand on a card of Discord's; more are in menus of as many. */
const MAX_NUMBERS = 25;
const NUMBERS_A_ROW = 5;
/** With names of this length thirty-five lines fit below a picture of Telegram's. */
const NAME_LENGTH = 16;
const MAX_WHOLE_NAMES = 10;

/** What is said of the cover in the line of its file. */
export const COVER_MARK = '★ cover';

interface ShownMenu {
  readonly lines: Line[];
  readonly rows: Row[];
  /** The photo that is open, where the picture of the draft only counts it. */
  readonly photo?: StoredFile | undefined;
}

/** The lines and buttons of the menu; undefined where nothing is left to arrange. */
export function fileMenu(draft: Draft, menu: FileMenu): ShownMenu | undefined {
  if (draft.files.length < 2) return undefined;
  const file = menu === 'files' ? undefined : draft.files.find(({ id }) => id === menu.fileId);
  return file === undefined ? listMenu(draft) : oneMenu(draft, file);
}

function listMenu(draft: Draft): ShownMenu {
  const how =
    kindOf(draft) === 'photo'
      ? 'Choose a photo to move it, to make it the cover or to leave it out.'
      : 'Choose a file to leave it out.';
  return {
    lines: [...nameLines(draft), [], [{ text: how, style: 'italic' }]],
    rows: [...numberRows(draft), buttonRow(on(draft, 'Back', 'back'))],
  };
}

/** The buttons stay where they are, so that nobody who taps one twice hits another. */
function oneMenu(draft: Draft, file: DraftFile): ShownMenu {
  const isPhoto = kindOf(draft) === 'photo';
  const isUsable = file.state === 'stored' || file.state === 'ready';
  const number = draft.files.indexOf(file) + 1;
  const what = isPhoto ? 'Photo' : 'File';
  const button = (label: string, verb: string) => on(draft, label, verb, file.id);
  const moves = [
    button('First', 'first'),
    button('Earlier', 'earlier'),
    button('Later', 'later'),
    button('Last', 'last'),
  ];
  const cover = button(coverOf(draft) === file ? COVER_MARK : 'Make it the cover', 'cover_photo');
  return {
    lines: [
      ...nameLines(draft),
      [],
      [{ text: `${what} ${number} of ${draft.files.length}`, style: 'bold' }, `  ${file.name}`],
    ],
    rows: [
      ...(isPhoto ? [buttonRow(...moves)] : []),
      ...(isPhoto && isUsable && coverOf(draft) !== undefined ? [buttonRow(cover)] : []),
      buttonRow({ ...button('Leave out', 'drop'), tone: 'bad' }),
      buttonRow(on(draft, 'Back', 'files')),
    ],
    photo: isCountedOnly(draft, file) && file.state === 'ready' ? file.media.file : undefined,
  };
}

/** Whether a photo is one of those for which the last tile of the draft's picture stands. */
function isCountedOnly(draft: Draft, file: DraftFile): boolean {
  const photos = usableFiles(draft);
  const index = photos.findIndex(({ id }) => id === file.id);
  return kindOf(draft) === 'photo' && photos.length > MAX_TILES && index >= MAX_TILES - 1;
}

/** What was done to a file is on the card itself; here the order counts. */
function nameLines(draft: Draft): Line[] {
  const { files } = draft;
  const cover = coverOf(draft);
  return files.map((file, index): Line => {
    const name = files.length > MAX_WHOLE_NAMES ? excerptOf(file.name, NAME_LENGTH) : file.name;
    const marks = [...(file === cover ? [COVER_MARK] : []), ...(file.state === 'refused' ? ['✕'] : [])];
    return [{ text: `${index + 1}  ${name}`, style: 'code' }, ...marks.map((mark) => `  ${mark}`)];
  });
}

function numberRows(draft: Draft): Row[] {
  const cover = coverOf(draft);
  const { files } = draft;
  if (files.length > MAX_NUMBERS && wordingOf(draft.chat).hasMenus) return numberMenus(draft);
  const buttons = files.map((file, index): Button => {
    const label = file === cover ? `${index + 1} ★` : String(index + 1);
    return on(draft, label, 'file', file.id);
  });
  return buttonRows(buttons, NUMBERS_A_ROW);
}

function numberMenus(draft: Draft): Choice[] {
  const { files } = draft;
  const cover = coverOf(draft);
  const options = files.map((file, index) => {
    const label = `${index + 1}  ${file.name}${file === cover ? '  ★' : ''}`;
    return { ...on(draft, label, 'file', file.id), isChosen: false };
  });
  const starts = options.flatMap((_, index) => (index % MAX_NUMBERS === 0 ? [index] : []));
  return starts.map((start) => {
    const part = options.slice(start, start + MAX_NUMBERS);
    const prompt = `${filesWord(kindOf(draft), files.length)}: ${start + 1} to ${start + part.length}`;
    return { type: 'choice', prompt, options: part };
  });
}

/** The menu that is open after such a press; undefined after one of another kind. */
export function fileMenuAfter({ verb, argument }: Pick<Press, 'verb' | 'argument'>): FileMenu | undefined {
  switch (verb) {
    case 'files':
    case 'drop':
      return 'files';
    case 'file':
    case 'first':
    case 'earlier':
    case 'later':
    case 'last':
    case 'cover_photo':
      return argument === undefined ? 'files' : { fileId: argument };
    default:
      return undefined;
  }
}

/** The choice that a button of the menu stands for; undefined when it stands for something else. */
export function fileChoiceOf(verb: string, fileId: string): DraftChoice | undefined {
  switch (verb) {
    case 'first':
    case 'earlier':
    case 'later':
    case 'last':
      return { type: 'move_file', fileId, to: verb };
    case 'cover_photo':
      return { type: 'cover_photo', fileId };
    case 'drop':
      return { type: 'drop_file', fileId };
    default:
      return undefined;
  }
}
