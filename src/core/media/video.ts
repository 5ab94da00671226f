import { rm } from 'node:fs/promises';
import { FfmpegMissingError, UserError } from '../problems.ts';
import { type Ffmpeg, isFaultOfInput } from './ffmpeg.ts';
import type { MediaStore } from './store/store.ts';
import type { MediaUse, PreparedMedia, StoredFile } from './types.ts';
import { cleanInPlace, storeCleaned } from './video/cleaning.ts';
import { inspectVideo, type VideoFacts } from './video/facts.ts';
import { type Conversion, convertVideo } from './video/perform.ts';
import { planVideo, type Repair, type VideoPlan } from './video/plan.ts';
import { diagnose, verifyVideo } from './video/verify.ts';

export { prepareAnimation } from './video/animation.ts';
export { inspectVideo, type VideoFacts } from './video/facts.ts';
export { readFrames } from './video/frames.ts';

const CONTENT_TYPES = { mp4: 'video/mp4', mov: 'video/quicktime', webm: 'video/webm' } as const;
/** Of its frames: with less there is nothing, then it breaks off, and above it has a fault here and there. */
const SHARES = { something: 0.02, most: 0.9, nearlyAll: 0.98 };
const CONVERTING_SHARE = 0.95;

interface Preparing extends VideoParts {
  readonly source: StoredFile;
  readonly facts: VideoFacts;
  readonly ffmpeg?: Ffmpeg | undefined;
  /** Told from time to time which part is done, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** What one plan is carried out with. */
export interface VideoParts {
  readonly store: MediaStore;
  readonly signal?: AbortSignal | undefined;
}

/** Carries out a plan when it is its turn, with room for it on the disk. */
export type AtTurn = <T>(plan: VideoPlan, run: (parts: VideoParts) => Promise<T>) => Promise<T>;

/**
 * Makes a video fit for TikTok: untouched where it fits, else cleaned, copied or encoded, as little as needed; what
 * comes out has been decoded, where the machine has ffmpeg.
 *
 * @throws UserError for the file's faults and for what TikTok does not take, FfmpegMissingError, MediaTimeoutError.
 */
export async function prepareVideo({
  use,
  atTurn,
  ...preparing
}: Omit<Preparing, keyof VideoParts> & {
  readonly use?: MediaUse | undefined;
  readonly atTurn: AtTurn;
}): Promise<PreparedMedia> {
  const { facts, ffmpeg } = preparing;
  const plan = planVideo(facts, { use, hasFfmpeg: ffmpeg !== undefined });
  const outcome = await atTurn(plan, async (parts) => {
    const whole = { ...preparing, ...parts };
    try {
      return { prepared: await carryOut(whole, plan, true) };
    } catch (error) {
      if (!ffmpeg || !isFaultOfFile(error)) throw error;
      return { repair: await planRepair(whole, ffmpeg, error) };
    }
  });
  if (outcome.prepared) return outcome.prepared;
  const second = planVideo(facts, { use, repair: outcome.repair });
  return atTurn(second, (parts) =>
    carryOut({ ...preparing, ...parts }, second, false).catch((error: unknown) => {
      throw isFaultOfFile(error) ? asUserError(error) : error;
    }),
  );
}

/** Whether a plan encodes the picture, which takes long. */
export function isPictureEncoded(plan: VideoPlan): boolean {
  return plan.type === 'convert' && plan.picture !== 'copy';
}

/** What is wrong with the file, and not with TikTok's wishes. */
function isFaultOfFile(error: unknown): boolean {
  if (error instanceof UserError)
    return /^(file_damaged|file_incomplete|video_without_picture)$/.test(error.problem.code);
  return isFaultOfInput(error);
}

const asUserError = (cause: unknown): UserError =>
  cause instanceof UserError ? cause : new UserError({ code: 'file_damaged' }, { cause });

/** Says what may help a file that has faults; throws where too little of it is there. */
async function planRepair(
  { store, source, facts, signal }: Preparing,
  ffmpeg: Ffmpeg,
  cause: unknown,
): Promise<Repair> {
  using local = await store.fetch(source);
  const found = await diagnose(ffmpeg, facts, { path: local.path, signal });
  if (found.pictureShare < SHARES.nearlyAll) {
    const isPart = found.pictureShare > SHARES.something && found.pictureShare < SHARES.most;
    throw new UserError({ code: isPart ? 'file_incomplete' : 'file_damaged' }, { cause });
  }
  const hasSound = found.soundShare >= SHARES.most;
  return {
    // Where both decode, it is the container that is wrong.
    picture: !found.isPictureGood || found.isSoundGood,
    sound: found.isSoundGood ? undefined : hasSound ? 'encode' : 'none',
  };
}

async function carryOut(preparing: Preparing, plan: VideoPlan, isStrict: boolean): Promise<PreparedMedia> {
  if (plan.type === 'refuse') throw new UserError(plan.problem);
  if (plan.type === 'ffmpeg_missing')
    throw new FfmpegMissingError('This video has to be converted first. Install ffmpeg.');
  if (plan.type === 'convert') return convert(preparing, plan, isStrict);
  const { store, source, facts, ffmpeg, signal } = preparing;
  const file =
    plan.type === 'clean' ? await storeCleaned(store, source, { extension: plan.as, signal }) : source;
  try {
    const { durationSeconds } = plan;
    using local = await store.fetch(file);
    const { path } = local;
    // Its index is that of the source, whatever was taken out beside it.
    if (ffmpeg) await verifyVideo(ffmpeg, { path, facts, durationSeconds, isEncoded: false, signal });
    return result(file, plan, facts);
  } catch (error) {
    if (file.key !== source.key) await store.remove(file.key);
    throw error;
  }
}

function result(
  file: StoredFile,
  plan: Exclude<VideoPlan, { type: 'refuse' | 'ffmpeg_missing' }>,
  { width, height, durationSeconds }: VideoFacts,
): PreparedMedia {
  const contentType = CONTENT_TYPES[plan.as];
  return { kind: 'video', file, contentType, width, height, durationSeconds, changes: plan.changes };
}

async function convert(
  { store, source, facts, ffmpeg, signal, onProgress }: Preparing,
  plan: Conversion,
  isStrict: boolean,
): Promise<PreparedMedia> {
  if (!ffmpeg) throw new FfmpegMissingError('This video has to be converted first. Install ffmpeg.');
  using local = await store.fetch(source);
  const to = await store.reserve();
  try {
    await convertVideo(ffmpeg, plan, {
      path: local.path,
      to,
      facts,
      isStrict,
      signal,
      onProgress: (fraction) => onProgress?.(fraction * CONVERTING_SHARE),
    });
    const made =
      plan.as === 'mp4'
        ? await cleanInPlace(to, signal)
        : await inspectVideo({ path: to, format: 'WebM', ffmpeg, signal });
    const verify = () =>
      verifyVideo(ffmpeg, {
        path: to,
        facts: made,
        durationSeconds: plan.durationSeconds,
        isPart: plan.part !== undefined,
        isEncoded: plan.picture !== 'copy',
        signal,
      });
    return result(await store.adopt(to, { extension: plan.as, check: verify }), plan, made);
  } finally {
    await rm(to, { force: true });
  }
}
