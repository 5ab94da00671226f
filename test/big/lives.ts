import { readFileSync } from 'node:fs';
import { beginNod, launchNod, type NodProcess } from '../e2e/process.ts';
import type { World } from '../world.ts';

const SAMPLE_EVERY_MS = 50;

/** Nod as a process that is killed again and again, and how much memory it has had in any of its lives. */
export async function startLives(world: World) {
  const peaks: number[] = [];
  let nod = await launchNod(world);
  let isDead = false;
  let isReady = true;
  let restarting: Promise<void> | undefined;
  let sampled = 0;
  const timer = setInterval(sample, SAMPLE_EVERY_MS);

  function sample(): void {
    sampled = Math.max(sampled, memoryOf(nod, 'VmRSS') ?? 0);
  }

  /** Kills it now and starts it again, also where it is starting; false where it is dead already. */
  function kill(): boolean {
    if (isDead) return false;
    isDead = true;
    isReady = false;
    endLife();
    restarting = restart();
    // Whoever waits for it hears of it.
    restarting.catch(() => {});
    return true;
  }

  async function restart(): Promise<void> {
    await nod.end('SIGKILL');
    nod = beginNod(world);
    isDead = false;
    await nod.ready();
    // It may have been killed in the same moment.
    isReady = !isDead;
  }

  /** The kernel's own mark is the highest of a life, also between two samples. */
  function endLife(): void {
    sample();
    const peak = memoryOf(nod, 'VmHWM');
    if (peak !== undefined) peaks.push(peak);
  }

  /** Resolves once it is ready, also where it is killed once more before. */
  async function running(): Promise<void> {
    const awaited = restarting;
    await awaited?.catch((error: unknown) => {
      if (restarting === awaited) throw error;
    });
    if (restarting !== awaited) return running();
  }

  async function stop(): Promise<void> {
    await running();
    endLife();
    await nod.end('SIGTERM');
  }

  async function start(): Promise<void> {
    nod = await launchNod(world);
  }

  return {
    kill,
    running,
    isReady: () => isReady,
    start,
    stop,
    /** Resident bytes of each life at its most; nothing where the system has no /proc. */
    peaks: () => [...peaks],
    sampledBytes: () => sampled,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running().catch(() => {});
      await nod.end('SIGKILL');
    },
  };
}

export type Lives = Awaited<ReturnType<typeof startLives>>;

function memoryOf({ pid }: NodProcess, name: 'VmRSS' | 'VmHWM'): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
