import { afterAll, beforeAll } from 'vitest';
import { useS3 } from '../core/media/store/stores.ts';
import { NO_REDIS, type RedisServer, startRedis } from '../redis-server.ts';
import { bucketEnvironment, NO_S3 } from '../s3-server.ts';
import { startMachines } from './machines.ts';

/** Why tests of several processes are left out; undefined where there is what they need. */
export const NO_MACHINES: string | undefined = NO_REDIS ?? NO_S3;

/** Redis and S3 for a file of tests, which begins and ends them; each Nod has records and a bucket of its own there. */
export function useMachines() {
  let server: RedisServer | undefined;
  const s3 = useS3();
  beforeAll(async () => {
    if (NO_MACHINES === undefined) server = await startRedis();
  });
  afterAll(() => server?.stop());

  return async (options: Omit<Parameters<typeof startMachines>[0], 'redisUrl' | 'bucket'>) =>
    startMachines({
      ...options,
      redisUrl: server?.newUrl() ?? '',
      bucket: bucketEnvironment(await s3.newBucket()),
    });
}
