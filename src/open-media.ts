import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { SharedPreparer } from './core/media/conversions/shared-preparer.ts';
import type { MediaPreparer } from './core/media/prepare.ts';
import { createMediaStore } from './core/media/store/local.ts';
import { IN_BUCKET, isMediaKey, MediaAwayError, type MediaStore } from './core/media/store/store.ts';
import { StartError } from './core/start-error.ts';

/** The media, and what keeps them. */
interface OpenMedia extends AsyncDisposable {
  readonly mediaStore: MediaStore;
  /** Sees whether files can be kept; absent where that is a matter of the disk alone. */
  readonly tryOut?: () => Promise<void>;
}

/** Opens the media where the settings have them: in a folder, or in a bucket, whose client is loaded only then. */
export async function openMedia({
  config: { s3, mediaLimitBytes },
  directory,
  onFailure,
  log,
}: {
  config: Pick<Config, 's3' | 'mediaLimitBytes'>;
  directory: string;
  /** Told of every request that the bucket does not answer, or refuses. */
  onFailure?: ((error: unknown) => void) | undefined;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
}): Promise<OpenMedia> {
  const local = { directory, limitBytes: mediaLimitBytes };
  const mark = join(directory, IN_BUCKET);
  if (s3 === undefined) {
    if (existsSync(mark))
      throw new StartError(
        'The media of this Nod are in a bucket: set S3_BUCKET to it, or bring them back with "npm run move -- folder".',
      );
    const mediaStore = createMediaStore(local);
    mediaStore.protect();
    return { mediaStore, async [Symbol.asyncDispose]() {} };
  }
  const { createBucket } = await import('./core/media/store/bucket.ts');
  const { createS3MediaStore } = await import('./core/media/store/s3.ts');
  const { tryBucket, isBucketInUse, setBucketInUse } = await import('./core/media/store/try-bucket.ts');
  const bucket = createBucket(s3, { onFailure });
  try {
    await tryBucket(bucket, s3);
    if (!(await isBucketInUse(bucket))) {
      if (hasMedia(directory))
        throw new StartError(
          `S3_BUCKET is set, but the media are in ${directory}: move them with "npm run move -- s3", or take S3_BUCKET away.`,
        );
      await setBucketInUse(bucket, true);
      log.info('A first start: the bucket has no media');
    }
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(mark, '', { mode: 0o600 });
  } catch (error) {
    bucket.close();
    throw error;
  }
  const mediaStore = createS3MediaStore({ ...local, bucket, log });
  mediaStore.protect();
  return {
    mediaStore,
    async tryOut() {
      if (!(await isBucketInUse(bucket)))
        throw new MediaAwayError('The bucket is another one, or was emptied.', { code: 'MEDIA_FAILING' });
    },
    async [Symbol.asyncDispose]() {
      bucket.close();
    },
  };
}

/** How other processes prepare files; undefined where they cannot have the media, or there are none. */
export async function loadSharedPreparer({
  config: { redisUrl: url, s3, roles },
  log,
}: {
  config: Pick<Config, 'redisUrl' | 's3' | 'roles'>;
  log: Pick<Logger, 'warn'>;
}): Promise<((local: MediaPreparer) => SharedPreparer) | undefined> {
  if (url === undefined || s3 === undefined) return undefined;
  const { createSharedPreparer } = await import('./core/media/conversions/shared-preparer.ts');
  return (local) => createSharedPreparer({ url, local, isWorker: roles.has('worker'), log });
}

const hasMedia = (directory: string): boolean =>
  existsSync(directory) && readdirSync(directory).some(isMediaKey);
