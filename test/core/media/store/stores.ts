import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type Bucket, type BucketOptions, createBucket } from '../../../../src/core/media/store/bucket.ts';
import type { DiskRoomOptions } from '../../../../src/core/media/store/disk-room.ts';
import { createMediaStore } from '../../../../src/core/media/store/local.ts';
import { createS3MediaStore } from '../../../../src/core/media/store/s3.ts';
import type { MediaStore } from '../../../../src/core/media/store/store.ts';
import { makeBucket, NO_S3, type S3Server, startS3 } from '../../../s3-server.ts';
import { temporaryDirectory } from '../files.ts';

const START_MS = 120_000;

interface StoreOptions extends DiskRoomOptions {
  readonly freshMs?: number;
  /** How long a file in the bucket is left alone. */
  readonly quietMs?: number;
  readonly directory?: string;
}

/** What keeps media, as the tests of the contract open it. */
export interface Keeper {
  readonly name: string;
  /** Why it is left out here. */
  readonly skipped: string | undefined;
  readonly open: (options?: StoreOptions) => Promise<MediaStore>;
}

/** S3 for a file of tests, which begins and ends it. */
export function useS3() {
  let server: S3Server | undefined;
  beforeAll(async () => {
    if (NO_S3 !== undefined) return;
    server = await startS3();
    // At the first file it makes its pools, for which it takes some seconds.
    const bucket = createBucket(await newBucket());
    await bucket.put('first', Buffer.from('first'));
    bucket.close();
  }, START_MS);
  afterAll(() => server?.stop());
  const running = (): S3Server => {
    if (server === undefined) throw new Error('S3 has not started.');
    return server;
  };

  const newBucket = () => makeBucket(running());

  async function openBucket(options?: BucketOptions): Promise<Bucket> {
    const bucket = createBucket(await newBucket(), options);
    onTestFinished(() => bucket.close());
    return bucket;
  }

  return { running, newBucket, openBucket };
}

/** A store over a bucket, with a folder of its own. */
export const s3Store = (bucket: Bucket, options: StoreOptions = {}) =>
  createS3MediaStore({
    retryDelaysMs: [],
    ...options,
    directory: options.directory ?? join(temporaryDirectory(), 'media'),
    bucket,
    log: { warn() {}, error() {} },
  });

/** The stores, for a file of tests. */
export function useStores(): Keeper[] {
  const s3 = useS3();
  return [
    {
      name: 'a folder',
      skipped: undefined,
      open: async (options) =>
        createMediaStore({ directory: join(temporaryDirectory(), 'media'), ...options }),
    },
    { name: 'S3', skipped: NO_S3, open: async (options) => s3Store(await s3.openBucket(), options) },
  ];
}
