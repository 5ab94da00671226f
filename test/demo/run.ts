import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReceivedMedia, TikTokEmulatorOptions } from '../emulators/tiktok/index.ts';
import { createWorld } from '../world.ts';
import { readOptions, UsageError } from './options.ts';
import { CLAIM_CODE, playAlone, playDays, playTeam } from './plays.ts';
import { type DemoPost, isAsExpected, type Tell } from './story.ts';
import { countPublished } from './tally.ts';
import { createTeller } from './teller.ts';
import { playTrouble } from './trouble.ts';

/** Long enough to see the stages, short enough to wait for. */
const TIMING = { processingMs: 1500, moderationMs: 2500, webhookDelayMs: 50 };

/** What TikTok lets a creator post in 24 hours is more than this; for somebody's whole folder it is lifted. */
const FEW_POSTS = 5;
const MANY = 100_000;
/** What was refused stays on its card as an open draft. */
const ROOM = {
  MAX_FILES_PER_PERSON: '10000',
  MAX_FILES_PER_PLACE: '10000',
  MAX_DRAFTS_PER_PERSON: '1000',
  MAX_DRAFTS_PER_PLACE: '1000',
};

interface Surroundings {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** How long TikTok takes. */
  readonly timing?: Pick<TikTokEmulatorOptions, keyof typeof TIMING>;
}

/** Plays the story that the command line asks for; its exit code: 1 where it ends in another way than it should, 2 for bad usage. */
export async function runDemo(
  args: readonly string[],
  { write, writeError, timing = TIMING }: Surroundings,
): Promise<0 | 1 | 2> {
  const isJson = args.includes('--json');
  const tell = createTeller({ json: isJson, write });
  try {
    return (await play(args, { tell, timing })) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (isJson) tell({ event: 'result', ok: false, problem: error.message, published: 0, posts: [] });
    else writeError(`${error.message}\n`);
    return 2;
  }
}

async function play(
  args: readonly string[],
  { tell, timing }: { tell: Tell; timing: TikTokEmulatorOptions },
): Promise<boolean> {
  const options = await readOptions(args);
  const { chats, approvals, days, faults, hasTrouble, groups, keep } = options;
  await using world = await createWorld({
    tiktok: {
      ...timing,
      keepMedia: keep !== undefined,
      ...(groups.length > FEW_POSTS && { creator: { postCap: MANY }, accessTokenSeconds: MANY }),
    },
    withDiscord: chats.includes('discord'),
    environment: { ACCESS: 'invite', CLAIM_CODE, TIKTOK_STATS: String(days !== undefined), ...ROOM },
    movesClock: days !== undefined,
  });
  const { tiktok } = world;
  for (const fault of faults) arm(fault).disarm();
  const armed = new Map<string, ReturnType<typeof arm>>();
  const posts = await playStory();
  for (const [name, { fault }] of armed) {
    if (fault.left > 0) tell({ event: 'tiktok', does: `never met the fault ${name}` });
  }
  const media = tiktok.state.publishes.flatMap((publish) => publish.media);
  if (media.some(({ decoded }) => decoded === undefined))
    tell({ event: 'tiktok', does: 'has not played what it received, because ffmpeg is missing here' });
  if (keep !== undefined) await keepMedia(media, keep);
  // Nod has stopped, so nothing can be added to this any more.
  const published = countPublished(tiktok.state.publishes);
  const isOnce = published === posts.filter(({ expected }) => expected === 'published').length;
  const ok = isOnce && posts.every(isAsExpected);
  tell({ event: 'result', ok, published, posts });
  return ok;

  async function playStory(): Promise<DemoPost[]> {
    await using app = await world.start();
    tell({ event: 'start', note: 'TikTok and the chats are emulated here; nothing leaves this machine.' });
    const playApproved = days === undefined ? playTeam : playDays;
    const play = hasTrouble ? playTrouble : approvals === undefined ? playAlone : playApproved;
    return await play({ options, world, app, tell, armFaults });
  }

  function armFaults(): void {
    if (armed.size === 0) for (const fault of faults) armed.set(fault, arm(fault));
  }

  function arm(fault: string) {
    try {
      return tiktok.fault(fault);
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  }
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'video/mp4': 'mp4',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
};

/** Writes what TikTok has received into a folder. */
async function keepMedia(media: readonly ReceivedMedia[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { sha256, contentType = '', body } of media) {
    const extension = EXTENSIONS[contentType] ?? 'bin';
    if (body !== undefined) await writeFile(join(folder, `${sha256}.${extension}`), body);
  }
}
