import pino, { type Logger } from 'pino';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { createSharedPreparer } from '../../../src/core/media/conversions/shared-preparer.ts';
import { createMediaPreparer, type MediaPreparer } from '../../../src/core/media/prepare.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../../redis-server.ts';

type LocalOptions = Parameters<typeof createMediaPreparer>[0];

/** What prepares files, as the tests of the contract open it. */
export interface PreparerKind {
  readonly name: string;
  /** Why it is left out here. */
  readonly skipped: string | undefined;
  /** One on its own, which ends with the test. */
  readonly create: (options: LocalOptions) => MediaPreparer;
}

/** Both kinds, for a file of tests that begins and ends them. */
export function startPreparerKinds(): PreparerKind[] {
  let server: RedisServer | undefined;
  beforeAll(async () => {
    if (NO_REDIS === undefined) server = await startRedis();
  });
  afterAll(() => server?.stop());
  return [
    { name: 'preparing media', skipped: undefined, create: createMediaPreparer },
    {
      name: 'preparing media for others',
      skipped: NO_REDIS,
      create: ({ log: _, ...options }) => openPreparer({ ...options, url: server?.newUrl() ?? '' }),
    },
  ];
}

/** One of the preparers that are joined by a Redis, which ends with the test. */
export function openPreparer({
  url,
  isWorker = true,
  log = pino({ level: 'silent' }),
  ...options
}: Omit<LocalOptions, 'log'> & { url: string; isWorker?: boolean; log?: Logger }) {
  const local = createMediaPreparer(options);
  const preparer = createSharedPreparer({ url, local, isWorker, tellEveryMs: 0, log });
  onTestFinished(() => preparer.stop());
  preparer.start();
  return preparer;
}
