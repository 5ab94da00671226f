import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../../start-error.ts';
import { takeFolder } from '../../storage/folder.ts';
import { BucketError, type BucketSettings, createBucket } from './bucket.ts';
import { NoRoomError } from './disk-room.ts';
import { createMediaStore } from './local.ts';
import { MEDIA, mediaIn, putSafely } from './s3.ts';
import { FileChangedError, IN_BUCKET } from './store.ts';
import { setBucketInUse, startErrorOf, tryBucket } from './try-bucket.ts';

/** What S3 says of a file whose hash is another one. */
const OTHER_BYTES = new Set(['XAmzContentSHA256Mismatch', 'BadDigest', 'InvalidDigest']);

/** Where media come from, or go. */
interface Move {
  readonly dataDir: string;
  readonly isDatabaseElsewhere: boolean;
  readonly s3: BucketSettings;
}

/**
 * Puts all media of a folder into the bucket, and leaves them in the folder as well; what was done before it is ended is not
 * done again.
 *
 * @throws StartError where a Nod works on the folder, and where the bucket cannot be used.
 */
export function moveMediaToBucket(move: Move): Promise<{ files: number }> {
  return during(move, async ({ bucket, local, directory }) => {
    let files = 0;
    for (const { key, bytes } of await local.readTimes()) {
      const sha256 = key.slice(0, key.indexOf('.'));
      await putSafely(bucket, key, { path: local.path(key), bytes, sha256 }).catch((error) => {
        if (error instanceof BucketError && OTHER_BYTES.has(error.word))
          throw new StartError(
            `The file ${local.path(key)} is not what was put there: put it back from a backup, or delete it, then call this again.`,
          );
        throw error;
      });
      files += 1;
    }
    await setBucketInUse(bucket, true);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, IN_BUCKET), '', { mode: 0o600 });
    return { files };
  });
}

/**
 * Brings all media of the bucket into the folder, each compared with its hash, and leaves them in the bucket as well.
 *
 * @throws StartError as above, and where the bytes of a file have changed.
 */
export function moveMediaToFolder(move: Move): Promise<{ files: number }> {
  return during(move, async ({ bucket, local, directory }) => {
    let files = 0;
    for await (const { key, bytes } of mediaIn(bucket)) {
      if (!(await local.has(key)))
        await local
          .fill({ key, bytes }, () => bucket.get(`${MEDIA}${key}`))
          .catch((error) => {
            if (error instanceof FileChangedError)
              throw new StartError(
                `The file ${key} in the bucket is not what was put there: put it back from a copy, or delete it, then call this again.`,
              );
            throw error;
          });
      files += 1;
    }
    await setBucketInUse(bucket, false);
    rmSync(join(directory, IN_BUCKET), { force: true });
    return { files };
  });
}

async function during<T>(
  { dataDir, isDatabaseElsewhere, s3 }: Move,
  run: (parts: {
    bucket: ReturnType<typeof createBucket>;
    local: ReturnType<typeof createMediaStore>;
    directory: string;
  }) => Promise<T>,
): Promise<T> {
  using folder = takeFolder(dataDir, { isDataExpected: false, isDatabaseElsewhere });
  const bucket = createBucket(s3);
  try {
    await tryBucket(bucket, s3);
    return await run({
      bucket,
      local: createMediaStore({ directory: folder.media }),
      directory: folder.media,
    });
  } catch (error) {
    if (error instanceof NoRoomError)
      throw new StartError(
        `The disk of ${dataDir} has no room for all media: free some space there, then call this again.`,
      );
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const told = startErrorOf(cause, s3);
    throw told instanceof StartError ? told : error;
  } finally {
    bucket.close();
  }
}
