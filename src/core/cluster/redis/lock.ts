import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { ROOT } from '../../storage/redis/scripts.ts';
import { createExclusive } from '../cluster.ts';

/** A lock whose process was killed ends then. */
const LOCK_MS = 5_000;
const RENEW_MS = 1_500;
const LOOK_MS = 30;

/** KEYS: lock. ARGV: who has it, for how long from now on (ms); 0 ends it. */
const HOLD = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

/**
 * Things that no two processes do at the same time. A process that is held up for longer than a lock lasts may still do
 * so: what it writes is compared with what it has read.
 */
export function createLocks({ client, failed }: { client: Redis; failed: (error: unknown) => void }) {
  /** One process asks for each lock once. */
  const inTurn = createExclusive();

  const exclusively = <T>(name: string, run: () => Promise<T>): Promise<T> =>
    inTurn(name, () => locked(`${ROOT}lock:${name}`, run));

  async function locked<T>(key: string, run: () => Promise<T>): Promise<T> {
    const holder = randomUUID();
    while ((await client.set(key, holder, 'PX', LOCK_MS, 'NX')) === null) await delay(LOOK_MS);
    const renewal = setInterval(
      () => void client.eval(HOLD, 1, key, holder, LOCK_MS).catch(failed),
      RENEW_MS,
    );
    try {
      return await run();
    } finally {
      clearInterval(renewal);
      await client.eval(HOLD, 1, key, holder, 0).catch(failed);
    }
  }

  return { exclusively };
}
