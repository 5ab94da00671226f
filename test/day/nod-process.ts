// Nod as a process of its own, on a clock that its parent moves, and telling what it holds.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import pino from 'pino';
import { startApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { NOWHERE } from '../emulators/websites/nowhere.ts';

/** By how much the clock is ahead of that of the machine; what is due by then is done before the answer. */
export interface ClockMove {
  readonly aheadMs: number;
}

/** What a process holds after a full collection, but for the memory of the system, which is as it was. */
export interface Holding {
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** Outside of the heap, as far as V8 knows of it. */
  readonly externalBytes: number;
  /** Of files, pipes and the like. */
  readonly descriptors: number;
  /** Some of which wait for another request. */
  readonly sockets: number;
  /** What keeps the process busy, by its kind: timers, sockets. */
  readonly resources: Readonly<Record<string, number>>;
  /** Heaps of glibc beside the first one; each thread may have some. */
  readonly arenaHeaps: number;
}

const HEAP_BYTES = 64 * 1024 ** 2;
const CARD_INTERVAL_MS = 50;

let aheadMs = 0;
const app = await startApp({
  config: readConfig(process.env),
  log: pino({ level: 'error' }),
  onFatal: (error) => {
    throw error;
  },
  cardIntervalMs: CARD_INTERVAL_MS,
  now: () => Date.now() + aheadMs,
  links: { network: NOWHERE },
});

process.on('message', (message: ClockMove | 'hold') => {
  void answer(message).then((holding) => process.send?.(holding));
});
process.once('SIGTERM', () => {
  void app[Symbol.asyncDispose]().then(() => process.disconnect?.());
});
process.send?.('ready');

async function answer(message: ClockMove | 'hold'): Promise<Holding | 'moved'> {
  if (message === 'hold') return hold();
  aheadMs = message.aheadMs;
  await app.clockMoved();
  return 'moved';
}

function hold(): Holding {
  const { rss: residentBytes } = process.memoryUsage();
  // What is only let go of after one collection is freed by the next.
  for (let count = 0; count < 2; count += 1) globalThis.gc?.();
  const { heapUsed: heapBytes, external: externalBytes } = process.memoryUsage();
  const open = openDescriptors();
  const sockets = open.filter((name) => name.startsWith('socket:')).length;
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  return {
    residentBytes,
    heapBytes,
    externalBytes,
    descriptors: open.length - sockets,
    sockets,
    resources,
    arenaHeaps: countArenaHeaps(),
  };
}

/** What each open descriptor is of; the one of this look has gone. */
const openDescriptors = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      return [];
    }
  });

/** glibc reserves 64 MB for each, at a multiple of that: a part that is used, and behind it the rest. */
function countArenaHeaps(): number {
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const reserved = maps.flatMap((line) => {
    const [, start, end, mode, inode] = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+)\s*$/.exec(line) ?? [];
    const isReserved = mode === '---p' && inode === '0';
    return isReserved
      ? [{ start: Number.parseInt(start ?? '', 16), end: Number.parseInt(end ?? '', 16) }]
      : [];
  });
  const starts = new Set(
    maps.flatMap((line) => {
      const [, start] = /^([0-9a-f]+)-[0-9a-f]+ rw-p \S+ \S+ 0\s*$/.exec(line) ?? [];
      return start === undefined ? [] : [Number.parseInt(start, 16)];
    }),
  );
  return reserved.filter(({ end }) => end % HEAP_BYTES === 0 && starts.has(end - HEAP_BYTES)).length;
}
