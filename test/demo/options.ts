import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fileTypeFromFile } from 'file-type';

/** What the person who runs the demo got wrong. */
export class UsageError extends Error {
  override name = 'UsageError' as const;
}

export interface DemoOptions {
  readonly json: boolean;
  readonly chats: readonly ChatName[];
  /** How many of a team have to approve each post; absent where Ana posts alone. */
  readonly approvals?: number;
  readonly faults: readonly string[];
  /** How many days of each post's life are played; absent where a story ends with the link. */
  readonly days?: number;
  /** The story of troubles, which brings its own files. */
  readonly hasTrouble: boolean;
  readonly groups: readonly Group[];
  /** A folder in which what TikTok has received is kept, each file by the SHA-256 of its bytes. */
  readonly keep?: string;
}

export type ChatName = 'telegram' | 'discord';

/** Files that are sent in one go, to become one post. */
export interface Group {
  readonly kind: 'photo' | 'video';
  readonly paths: readonly string[];
  readonly caption?: string;
}

const example = (name: string) => fileURLToPath(new URL(`../fixtures/demo/${name}`, import.meta.url));

export const ALBUM: Group = {
  kind: 'photo',
  paths: [example('beach.png'), example('studio.jpg')],
  caption: 'First light #surf @maria',
};
const VIDEO: Group = { kind: 'video', paths: [example('sunset.mp4')], caption: 'Two seconds of sunset' };
/** For the story of troubles. */
export const BEACH: Group = { kind: 'photo', paths: [example('beach.png')], caption: 'A day at the beach' };
export const STUDIO: Group = { kind: 'photo', paths: [example('studio.jpg')], caption: 'Back at the studio' };

const USAGE = `Usage: npm run demo -- [--json] [--chat telegram|discord|both] [--approvals 1–4] [--fault NAME] [--keep DIR] [FILE...]
       npm run demo -- [--json] [--chat telegram|discord|both] [--approvals 1–4] --days 1–30 [--fault NAME] [FILE...]
       npm run demo -- [--json] --chat both --trouble [--fault NAME]
It ends with 0 when everything was posted as the story has it, with 1 when something was refused or went wrong, with 2 when it
was called wrongly.`;

/** Reads the command line: consecutive photos are one album, each video is a post of its own. */
export async function readOptions(args: readonly string[]): Promise<DemoOptions> {
  const { values, positionals } = parse(args);
  const days = readDays(values.days);
  const missing = positionals.find((path) => !statSync(path, { throwIfNoEntry: false })?.isFile());
  if (missing !== undefined) throw new UsageError(`There is no file ${missing}.`);
  // What becomes of a post begins with the team that approves it.
  const approvals = readApprovals(values.approvals ?? (days === undefined ? undefined : '1'));
  const chats = readChats(values.chat ?? 'telegram');
  const hasTrouble = values.trouble ?? false;
  const isPlain = approvals === undefined && positionals.length === 0;
  if (hasTrouble && (values.chat !== 'both' || !isPlain))
    throw new UsageError(
      'The story of troubles plays in both chats, with a team and files of its own: use --chat both --trouble, without --approvals, --days and files.',
    );
  const forTeam = days === undefined ? [ALBUM] : [VIDEO];
  const examples = approvals === undefined ? [ALBUM, VIDEO] : forTeam;
  return {
    json: values.json ?? false,
    chats,
    ...(approvals !== undefined && { approvals }),
    faults: values.fault ?? [],
    ...(days !== undefined && { days }),
    hasTrouble,
    groups: positionals.length === 0 ? examples : await groupFiles(positionals, chats),
    ...(values.keep !== undefined && { keep: values.keep }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        fault: { type: 'string', multiple: true },
        chat: { type: 'string' },
        approvals: { type: 'string' },
        days: { type: 'string' },
        trouble: { type: 'boolean' },
        keep: { type: 'string' },
      },
    });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${problem}\n${USAGE}`);
  }
}

function readChats(value: string): readonly ChatName[] {
  if (value === 'both') return ['telegram', 'discord'];
  if (value === 'telegram' || value === 'discord') return [value];
  throw new UsageError(`There is no chat ${value}. Use telegram, discord or both.`);
}

function readApprovals(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^[1-4]$/.test(value)) return Number(value);
  throw new UsageError(
    `The demo’s team can give 1 to 4 approvals, not ${value || 'nothing'}; leave --approvals out for none.`,
  );
}

function readDays(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^([1-9]|[12]\d|30)$/.test(value)) return Number(value);
  throw new UsageError(`The demo plays 1 to 30 days of a post, not ${value || 'nothing'}.`);
}

/** As many photos as TikTok takes in a post; `/tiktok post` of Discord takes fewer. */
const MAX_TOGETHER: Readonly<Record<ChatName, number>> = { telegram: 35, discord: 10 };

async function groupFiles(paths: readonly string[], chats: readonly ChatName[]): Promise<Group[]> {
  const max = Math.min(...chats.map((chat) => MAX_TOGETHER[chat]));
  const groups: Group[] = [];
  for (const path of paths) {
    const kind = await kindOf(path);
    const last = groups.at(-1);
    if (kind === 'photo' && last?.kind === 'photo' && last.paths.length < max) {
      groups[groups.length - 1] = { ...last, paths: [...last.paths, path] };
    } else {
      groups.push({ kind, paths: [path] });
    }
  }
  return groups.map((group) => ({ ...group, caption: `Posted with Nod: ${basename(group.paths[0] ?? '')}` }));
}

/** By content, as a file's name may say anything. */
async function kindOf(path: string): Promise<Group['kind']> {
  return (await fileTypeFromFile(path))?.mime.startsWith('image/') ? 'photo' : 'video';
}
