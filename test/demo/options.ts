import { existsSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** What the person who runs the demo got wrong. */
export class UsageError extends Error {
  override name = 'UsageError' as const;
}

export interface DemoOptions {
  readonly json: boolean;
  readonly faults: readonly string[];
  readonly groups: readonly Group[];
}

/** Files that are sent in one go, to become one post. */
export interface Group {
  readonly kind: 'photo' | 'video';
  readonly paths: readonly string[];
  readonly caption?: string;
}

const PHOTOS = new Set([
  '.png',
  '.jpg',
  '.jpeg',
  '.webp',
  '.gif',
  '.heic',
  '.heif',
  '.avif',
  '.tif',
  '.tiff',
  '.bmp',
]);

const example = (name: string) => fileURLToPath(new URL(`../fixtures/demo/${name}`, import.meta.url));

const EXAMPLES: readonly Group[] = [
  {
    kind: 'photo',
    paths: [example('beach.png'), example('studio.jpg')],
    caption: 'First light #surf @maria',
  },
  { kind: 'video', paths: [example('sunset.mp4')], caption: 'Two seconds of sunset' },
];

/** Reads the command line: consecutive photos are one album, each video is a post of its own. */
export function readOptions(args: readonly string[]): DemoOptions {
  const { values, positionals } = parse(args);
  const missing = positionals.find((path) => !existsSync(path));
  if (missing !== undefined) throw new UsageError(`There is no file ${missing}.`);
  return {
    json: values.json ?? false,
    faults: values.fault ?? [],
    groups: positionals.length === 0 ? EXAMPLES : groupFiles(positionals),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean' }, fault: { type: 'string', multiple: true } },
    });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${problem}\nUsage: npm run demo -- [--json] [--fault NAME] [FILE...]`);
  }
}

function groupFiles(paths: readonly string[]): Group[] {
  const groups: Group[] = [];
  for (const path of paths) {
    const kind = PHOTOS.has(extname(path).toLowerCase()) ? 'photo' : 'video';
    const last = groups.at(-1);
    if (kind === 'photo' && last?.kind === 'photo') {
      groups[groups.length - 1] = { ...last, paths: [...last.paths, path] };
    } else {
      groups.push({ kind, paths: [path] });
    }
  }
  return groups.map((group) => ({ ...group, caption: `Posted with Nod: ${basename(group.paths[0] ?? '')}` }));
}
