import type { Card } from '../../../src/bots/platform.ts';
import { type Draft, type DraftFile, UNDECIDED } from '../../../src/core/compose/draft.ts';
import type { PreparedMedia, StoredFile } from '../../../src/core/media/types.ts';
import type { Post, PostBase, PostState } from '../../../src/core/publish/post.ts';

export const stored = (bytes: number): StoredFile => ({ key: `${bytes}.bin`, sha256: 'a'.repeat(64), bytes });

/** A photo that is ready to be posted. */
export function photo(number: number): DraftFile {
  const source = stored(4_100_000 + number);
  const media: PreparedMedia = {
    kind: 'photo',
    file: stored(412_000),
    contentType: 'image/jpeg',
    changes: [{ type: 'converted', from: 'PNG', to: 'JPEG' }],
    width: 1080,
    height: 1440,
  };
  const file = { id: String(number), order: number, name: `photo-${number}.png`, ref: 'ref' };
  return { ...file, state: 'ready', kind: 'photo', source, media };
}

/** A video that is ready to be posted. */
export function videoFile(
  number: number,
  {
    durationSeconds = 9,
    shownSeconds = durationSeconds,
    pictures,
  }: { durationSeconds?: number; shownSeconds?: number; pictures?: number } = {},
): DraftFile {
  const file = { id: String(number), order: number, name: `clip-${number}.mp4`, ref: 'ref' };
  const media: PreparedMedia = {
    kind: 'video',
    file: stored(2_000_000 + number),
    contentType: 'video/mp4',
    changes: [],
    width: 1080,
    height: 1920,
    durationSeconds: shownSeconds,
  };
  const source = stored(4_100_000 + number);
  return { ...file, state: 'ready', kind: 'video', source, durationSeconds, pictures, media };
}

/** A draft of one photo, by an account that may do everything. */
export function draftWith(changes: Partial<Draft> = {}): Draft {
  return {
    id: 'draft',
    version: 1,
    workspace: 'telegram:1',
    chat: 'telegram:1',
    author: { id: 'telegram:1', name: 'Ana' },
    files: [photo(1)],
    caption: '',
    account: {
      openId: 'open-id',
      nickname: 'Studio Ana',
      username: 'studio.ana',
      scopes: ['video.publish', 'video.upload'],
      state: 'ready',
      creator: {
        privacyLevelOptions: ['PUBLIC_TO_EVERYONE', 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
        commentDisabled: false,
        duetDisabled: false,
        stitchDisabled: false,
        maxVideoDurationSeconds: 600,
      },
    },
    settings: UNDECIDED,
    disclosing: false,
    createdAt: 0,
    updatedAt: 0,
    ...changes,
  };
}

const base: PostBase = {
  id: 'post',
  version: 1,
  workspace: 'telegram:1',
  chat: 'telegram:1',
  draftId: 'post',
  author: { id: 'telegram:1', name: 'Ana' },
  account: { nickname: 'Studio Ana', username: 'studio.ana' },
  content: {
    kind: 'photo',
    postMode: 'DIRECT_POST',
    openId: 'open-id',
    caption: 'First light',
    sources: [{ name: 'beach.png', file: stored(4_100_000) }],
    settings: { ...UNDECIDED, privacyLevel: 'PUBLIC_TO_EVERYONE' },
  },
  contentHash: 'hash',
  createdAt: 0,
  attempts: 1,
  retries: 0,
};

/** A post of one public photo. */
export function postIn(state: PostState): Post {
  return { ...base, ...state } as Post;
}

/** What a press on each button and option of a card brings back. */
export function pressesOf({ rows }: Card): string[] {
  return rows.flatMap((row) => {
    if (row.type === 'picker') return [row.press];
    const all = row.type === 'choice' ? row.options : row.buttons;
    return all.flatMap((button) => ('press' in button ? [button.press] : []));
  });
}

/** What a card says, line by line, then its buttons row by row. */
export function printed({ lines, rows }: Card): string {
  const words = lines.map((line) =>
    line.map((span) => (typeof span === 'string' ? span : span.text)).join(''),
  );
  const labels = rows.map((row) => {
    if (row.type === 'picker') return `[${row.prompt} ▾]`;
    return row.type === 'choice'
      ? row.options.map(({ label, isChosen }) => `[${isChosen ? '● ' : ''}${label}]`).join(' ')
      : row.buttons.map(({ label }) => `[${label}]`).join(' ');
  });
  return [...words, ...labels].join('\n');
}

/** What its buttons and menus send or open, row by row. */
export function printedPresses({ rows }: Card): string {
  const printedRows = rows.map((row) => {
    if (row.type === 'picker') return `[${row.prompt} ▾ → ${row.press}]`;
    if (row.type === 'choice')
      return row.options.map(({ label, press }) => `[${label} → ${press}]`).join(' ');
    return row.buttons
      .map((button) => `[${button.label} → ${'press' in button ? button.press : button.href}]`)
      .join(' ');
  });
  return printedRows.join('\n') || '(no buttons)';
}
