import type { Draft, DraftFile } from '../../core/compose/draft.ts';
import type { MediaChange, PreparedMedia, StoredFile } from '../../core/media/types.ts';
import { draftButton as on } from '../card-buttons.ts';
import type { Button, Line } from '../platform.ts';
import { durationOf, sizeOf } from '../text/format.ts';
import { problemText } from '../text/problems.ts';
import { type Idiom, idiomOf } from '../text/wording.ts';

/** One line for each file: where it stands, and what was changed about it. */
export function fileLines({ chat, files }: Draft): Line[] {
  return files.map((file, index) => fileLine(file, { index, count: files.length, idiom: idiomOf(chat) }));
}

function fileLine(
  file: DraftFile,
  { index, count, idiom }: { index: number; count: number; idiom: Idiom },
): Line {
  const number = count > 1 ? `${index + 1}  ` : '';
  const name = { text: `${number}${file.name}`, style: 'code' as const };
  if (file.state === 'waiting') return [name, '  on the way'];
  if (file.state === 'stored') return [name, '  being prepared'];
  if (file.state === 'refused') return [name, `  ✕ ${problemText(file.problem, idiom)}`];
  return [name, `  ${changesText(file.source, file.media)}`];
}

function changesText(source: StoredFile, { changes, file, durationSeconds }: PreparedMedia): string {
  const words = changes.map(changeText);
  const size =
    source.bytes === file.bytes ? sizeOf(file.bytes) : `${sizeOf(source.bytes)} → ${sizeOf(file.bytes)}`;
  if (durationSeconds !== undefined) words.unshift(durationOf(durationSeconds * 1000));
  return [...words, size].join(', ');
}

function changeText(change: MediaChange): string {
  switch (change.type) {
    case 'converted':
    case 'repackaged':
      return `${change.from} → ${change.to}`;
    case 'turned_upright':
      return 'turned upright';
    case 'flattened_on_white':
      return 'on white';
    case 'resized':
      return `${change.from.join('×')} → ${change.to.join('×')}`;
  }
}

/** A button to take each file out, five a row. */
export function fileRows(draft: Draft): Button[][] {
  const buttons = draft.files.map((file, index) => on(draft, `✕ ${index + 1}`, 'drop', file.id));
  const rows: Button[][] = [];
  for (let start = 0; start < buttons.length; start += 5) rows.push(buttons.slice(start, start + 5));
  return rows;
}
