import { describe, expect, it } from 'vitest';
import { failedOutcome, mediaOf, type Outcome } from '../../../../src/core/media/conversions/outcomes.ts';
import { preparingProblem } from '../../../../src/core/media/prepare.ts';
import { BucketError } from '../../../../src/core/media/store/bucket.ts';
import { NoRoomError } from '../../../../src/core/media/store/disk-room.ts';
import { FileTooBigError, MediaAwayError } from '../../../../src/core/media/store/store.ts';
import { FfmpegMissingError, MediaTimeoutError, UserError } from '../../../../src/core/problems.ts';

/** What another process makes of an error. */
function arrived(error: unknown): unknown {
  const outcome = JSON.parse(JSON.stringify(failedOutcome(error))) as Outcome;
  try {
    return mediaOf(outcome);
  } catch (told) {
    return told;
  }
}

const SECRET = 'https://geheim.example/bucket?X-Amz-Signature=geheim';
const disk = (code: string) => Object.assign(new Error(`${code}: ${SECRET}`), { code });
const FILE = { name: 'surf.mov' };

describe('what went wrong with a conversion elsewhere', () => {
  it.each<[string, Error, new (...parameters: never[]) => Error, object]>([
    [
      'a fault of the file',
      new UserError({ code: 'file_damaged' }),
      UserError,
      { problem: { code: 'file_damaged' } },
    ],
    ['a file that is too big', new FileTooBigError({ maxBytes: 7 }), FileTooBigError, { maxBytes: 7 }],
    ['a file that takes too long', new MediaTimeoutError(SECRET), MediaTimeoutError, {}],
    ['no ffmpeg', new FfmpegMissingError(SECRET), FfmpegMissingError, {}],
    [
      'no room',
      new NoRoomError('media_limit', { bytes: 9 }),
      NoRoomError,
      { reason: 'media_limit', bytes: 9 },
    ],
    ['a full disk', disk('ENOSPC'), Error, { code: 'ENOSPC' }],
    ['a quota of the disk', disk('EDQUOT'), Error, { code: 'EDQUOT' }],
    [
      'a bucket that is away',
      new BucketError({ what: 'keep a file', word: 'geheim', status: undefined }),
      MediaAwayError,
      { code: 'MEDIA_AWAY' },
    ],
    ['anything else', disk('EACCES'), Error, {}],
    ['a bug', new TypeError(SECRET), Error, {}],
  ])('comes back as what it was: %s', (_name, error, type, facts) => {
    const told = arrived(error);
    expect(told).toBeInstanceOf(type);
    expect(told).toMatchObject(facts);
    expect(preparingProblem(told, FILE)).toEqual(preparingProblem(error, FILE));
    expect(`${told} ${JSON.stringify(failedOutcome(error))}`).not.toContain('geheim');
  });
});
