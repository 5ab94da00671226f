import { FfmpegMissingError, MediaTimeoutError, type Problem, UserError } from '../../problems.ts';
import { diskFullCode } from '../prepare.ts';
import { NoRoomError } from '../store/disk-room.ts';
import { FileTooBigError, MediaAwayError } from '../store/store.ts';
import type { PreparedMedia } from '../types.ts';

/** What became of a conversion, as one process tells it to another: no words of an error, which may hold anything. */
export type Outcome =
  | { readonly type: 'prepared'; readonly media: PreparedMedia }
  | { readonly type: 'refused'; readonly problem: Problem }
  | { readonly type: 'too_big'; readonly maxBytes: number }
  | { readonly type: 'too_slow' }
  | { readonly type: 'ffmpeg_missing' }
  | { readonly type: 'no_room'; readonly reason: NoRoomError['reason']; readonly bytes: number }
  | { readonly type: 'disk_full'; readonly code: string }
  | { readonly type: 'media_away'; readonly code: MediaAwayError['code'] }
  | { readonly type: 'failed' };

/** What others are told of an error. */
export function failedOutcome(error: unknown): Outcome {
  if (error instanceof UserError) return { type: 'refused', problem: error.problem };
  if (error instanceof FileTooBigError) return { type: 'too_big', maxBytes: error.maxBytes };
  if (error instanceof MediaTimeoutError) return { type: 'too_slow' };
  if (error instanceof FfmpegMissingError) return { type: 'ffmpeg_missing' };
  if (error instanceof NoRoomError) return { type: 'no_room', reason: error.reason, bytes: error.bytes };
  if (error instanceof MediaAwayError) return { type: 'media_away', code: error.code };
  const code = diskFullCode(error);
  return code === undefined ? { type: 'failed' } : { type: 'disk_full', code };
}

/** The media of an outcome; throws the error that it tells of. */
export function mediaOf(outcome: Outcome): PreparedMedia {
  if (outcome.type === 'prepared') return outcome.media;
  throw errorOf(outcome);
}

function errorOf(outcome: Exclude<Outcome, { type: 'prepared' }>): Error {
  switch (outcome.type) {
    case 'refused':
      return new UserError(outcome.problem);
    case 'too_big':
      return new FileTooBigError(outcome);
    case 'too_slow':
      return new MediaTimeoutError('A file took a worker too long.');
    case 'ffmpeg_missing':
      return new FfmpegMissingError('The worker that took a file has no ffmpeg.');
    case 'no_room':
      return new NoRoomError(outcome.reason, outcome);
    case 'disk_full':
      return Object.assign(new Error('The disk of a worker is full.'), { code: outcome.code });
    case 'media_away':
      return new MediaAwayError('The bucket failed a worker.', outcome);
    case 'failed':
      return new Error('A worker could not prepare a file; its log has the reason.');
  }
}
