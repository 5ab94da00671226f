import type { Publish } from '../emulators/tiktok/index.ts';

/** What became of one group of files; `media` is what TikTok received. */
export interface DemoPost {
  readonly chat: string;
  readonly kind: 'photo' | 'video';
  /** Nod's last status; `refused` when the card did not let the files through, `stuck` when nothing settled in time. */
  readonly status: 'published' | 'in_inbox' | 'failed' | 'unconfirmed' | 'refused' | 'stuck';
  readonly publishId: string | null;
  readonly postIds: readonly string[];
  /** Init calls, as TikTok counted them. */
  readonly inits: number;
  readonly media: readonly {
    contentType: string | undefined;
    bytes: number;
    sha256: string;
    width: number | undefined;
    height: number | undefined;
  }[];
  /** The last text of the card. */
  readonly card: string;
}

export type Step =
  | { event: 'start'; note: string }
  | { event: 'chat'; name: string }
  | { event: 'person'; does: string }
  | { event: 'card'; text: string; buttons: readonly (readonly string[])[] }
  | { event: 'note'; text: string }
  | { event: 'tiktok'; does: string }
  | { event: 'result'; ok: boolean; posts: readonly DemoPost[]; problem?: string };

export type Tell = (step: Step) => void;

/** Tells the story on the terminal: one JSON object a line, or as a person reads it. */
export function createTeller({ json, write }: { json: boolean; write: (text: string) => void }): Tell {
  return (step) => write(json ? `${JSON.stringify(step)}\n` : inWords(step));
}

const WHO_WIDTH = 9;

function inWords(step: Step): string {
  switch (step.event) {
    case 'start':
      return `${step.note}\n\n`;
    case 'chat':
      return `In ${step.name}\n\n`;
    case 'person':
      return said('Ana', step.does);
    case 'note':
      return said('Nod', step.text);
    case 'tiktok':
      return said('TikTok', step.does);
    case 'card':
      return frame(step.text, step.buttons);
    case 'result':
      return `\n${summary(step.ok, step.posts)}\n`;
  }
}

function said(who: string, text: string): string {
  const [first = '', ...rest] = text.split('\n');
  return `${[who.padEnd(WHO_WIDTH) + first, ...rest.map((line) => ' '.repeat(WHO_WIDTH) + line)].join('\n')}\n`;
}

function frame(text: string, buttons: readonly (readonly string[])[]): string {
  const rows = buttons.map((row) => row.map((label) => `[ ${label} ]`).join(' '));
  const lines = [...text.split('\n'), ...(rows.length > 0 ? ['', ...rows] : [])];
  const indent = ' '.repeat(WHO_WIDTH);
  return `${said('Nod', '┌')}${lines.map((line) => `${indent}│ ${line}`.trimEnd()).join('\n')}\n${indent}└\n`;
}

function summary(ok: boolean, posts: readonly DemoPost[]): string {
  const published = posts.filter((post) => post.status === 'published').length;
  const lines = posts.map((post, index) => {
    const received = post.media
      .map((media) => `${media.contentType} ${media.width}×${media.height}`)
      .join(', ');
    const calls = `${post.inits} init call${post.inits === 1 ? '' : 's'}`;
    return `  ${index + 1}. ${post.chat}, ${post.kind}: ${post.status}, ${calls}${received === '' ? '' : `; TikTok received ${received}`}`;
  });
  return [`${published} of ${posts.length} published${ok ? '' : ', not all'}:`, ...lines].join('\n');
}

/** What TikTok did with one publish, in words. */
export function publishWords(publish: Publish): string {
  const files = publish.media.length;
  const bytes = publish.media.reduce((sum, media) => sum + media.bytes, 0);
  return `pulled ${files} file${files === 1 ? '' : 's'}, ${Math.round(bytes / 1000)} KB: ${publish.status}${
    publish.failReason === undefined ? '' : ` (${publish.failReason})`
  }`;
}
