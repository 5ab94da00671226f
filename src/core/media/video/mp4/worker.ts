import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../../../problems.ts';
import { measureFrames } from '../timing.ts';
import { refuse } from './boxes.ts';
import { planCleaning } from './clean.ts';
import { type Mp4Track, pictureOf, readMp4Index, soundOf } from './index.ts';
import type { Mp4Content, Mp4Job, Mp4JobAnswer, TrackContent } from './jobs.ts';
import { checkUnits } from './units.ts';

// The file that a worker thread runs: one job, one answer, and the thread ends. The types are jobs.ts's.
if (parentPort) parentPort.postMessage(await answer(workerData));

async function answer(job: Mp4Job): Promise<Mp4JobAnswer> {
  try {
    return { content: await read(job) };
  } catch (error) {
    if (error instanceof UserError) return { problem: error.problem };
    // A disk that fails is ours to solve; what else goes wrong while reading comes from the file.
    if (error instanceof Error && 'syscall' in error) throw error;
    return {
      problem: { code: 'file_damaged' },
      cause: error instanceof Error ? error.message : String(error),
    };
  }
}

async function read({ path, hasUnits }: Mp4Job): Promise<Mp4Content | undefined> {
  const index = await readMp4Index(path);
  if (index.isFragmented) return undefined;
  const [picture, sound] = [pictureOf(index), soundOf(index)];
  if (!picture?.entry || picture.samples.count === 0) return refuse('video_without_picture');
  if (hasUnits) await checkUnits(path, index, picture);
  const shown = shownMoments(picture);
  const timing = measureFrames(shown, Math.min(picture.visible.endSeconds, picture.samples.endSeconds));
  if (!timing) return refuse('file_damaged');
  return {
    picture: {
      ...describe(picture, index.tracks.indexOf(picture)),
      hiddenSeconds: hiddenPictures(picture, shown, timing.usualFramesPerSecond),
      isCutCleanly: isPictureCutCleanly(picture, timing.usualFramesPerSecond),
      rotation: picture.rotation,
      timing,
    },
    sound: sound?.entry && describe(sound, index.tracks.indexOf(sound)),
    otherTracks: index.tracks.filter((track) => track !== picture && track !== sound).length,
    cleaning: await planCleaning(path, index),
  };
}

function describe({ entry, visible, samples }: Mp4Track, stream: number): TrackContent {
  if (!entry) return refuse('file_damaged');
  const { offsetSeconds, startSeconds, endSeconds, isComplex } = visible;
  return {
    stream,
    entry,
    endSeconds: offsetSeconds + endSeconds - startSeconds,
    hiddenSeconds: isComplex
      ? samples.durationSeconds
      : Math.max(0, startSeconds) + Math.max(0, samples.endSeconds - endSeconds),
    isCutCleanly: !isComplex,
  };
}

/** The moments of the frames that players show, in the order of showing. */
function shownMoments({ samples: { moments }, visible }: Mp4Track): Float64Array {
  if (visible.isComplex) return moments.toSorted();
  const { startSeconds, endSeconds } = visible;
  return moments.filter((moment) => moment > startSeconds - 0.001 && moment < endSeconds - 0.001).sort();
}

function hiddenPictures({ samples, visible }: Mp4Track, shown: Float64Array, rate: number): number {
  if (visible.isComplex) return samples.durationSeconds;
  return (samples.moments.length - shown.length) / rate;
}

/** Whether the shown part can be cut out without encoding: from a key frame on, and with nothing out of its order. */
function isPictureCutCleanly({ samples, visible }: Mp4Track, rate: number): boolean {
  if (visible.isComplex || samples.isReordered) return false;
  const first = samples.moments.findIndex((moment) => moment > visible.startSeconds - 0.5 / rate);
  return samples.keys === undefined || samples.keys.includes(first);
}
