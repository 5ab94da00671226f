import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { answeredSoon, SLOWEST_RETRY_MS, STALL_MS } from '../../storage/redis/ioredis.ts';
import { ROOT } from '../../storage/redis/scripts.ts';
import type { News } from '../cluster.ts';

const STREAM = `${ROOT}news`;
/** So much is kept for a process that Redis has lost sight of: some minutes of a busy Nod. */
const KEPT = 100_000;
const AT_ONCE = 500;
const BLOCK_MS = 2_000;

/** What the processes tell each other, in a stream: who was cut off reads on from where it was. */
export function createNewsStream({
  client,
  reader,
  id,
  failed,
}: {
  client: Redis;
  /** A connection of its own, as reading waits. */
  reader: Redis;
  /** Of this process, which is not told what it has said itself. */
  id: string;
  failed: (error: unknown) => void;
}) {
  const listeners = new Set<(news: News) => void>();
  let isStopping = false;

  /** Resolves once nothing is missed that is told from then on. */
  async function start(): Promise<void> {
    const [last] = await client.xrevrange(STREAM, '+', '-', 'COUNT', 1);
    void readOn(last?.[0] ?? '0');
  }

  async function readOn(from: string): Promise<void> {
    let last = from;
    while (!isStopping) {
      try {
        const page = reader.xread('COUNT', AT_ONCE, 'BLOCK', BLOCK_MS, 'STREAMS', STREAM, last);
        for (const [, entries] of (await answeredSoon(reader, page, BLOCK_MS + STALL_MS)) ?? []) {
          for (const [entry, fields] of entries) {
            last = entry;
            hear(fields);
          }
        }
      } catch (error) {
        if (isStopping) return;
        failed(error);
        await delay(SLOWEST_RETRY_MS);
      }
    }
  }

  function hear([from, text = '']: string[]): void {
    if (from === id || isStopping) return;
    const news = JSON.parse(text) as News;
    for (const heard of listeners) heard(news);
  }

  async function tell(news: News): Promise<void> {
    await client.xadd(STREAM, 'MAXLEN', '~', KEPT, '*', id, JSON.stringify(news)).catch(failed);
  }

  const listen = (heard: (news: News) => void): void => void listeners.add(heard);

  /** What is read on a connection that is just being made again is never answered, so nothing is waited for. */
  function stop(): void {
    isStopping = true;
    reader.disconnect();
  }

  return { start, tell, listen, stop };
}
