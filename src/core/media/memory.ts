import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
/**
 * What all pictures that are decoded at once may hold in memory. It is counted in decoded bytes, because a file of
 * some kilobytes may unfold to a gigabyte; with all else that Nod needs, its process stays below 700 MB.
 */
export const DECODED_BYTES = 400_000_000;

/** Shares the memory for decoded pictures out, in the order of asking: whoever does not fit waits, and all behind it. */
export function createMemoryBudget({ bytes = DECODED_BYTES }: { bytes?: number } = {}) {
  let free = bytes;
  const waiting: { readonly bytes: number; readonly begin: () => void }[] = [];

  function admit(): void {
    for (let next = waiting[0]; next !== undefined && next.bytes <= free; next = waiting[0]) {
      waiting.shift();
      free -= next.bytes;
      next.begin();
    }
  }

  /** Does the work once so many bytes are free, and keeps them for as long as it takes; an abort ends the waiting. */
  async function reserve<T>(
    wanted: number,
    work: () => Promise<T>,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    const { content, release } = await borrow(wanted, work, { signal });
    release();
    return content;
  }

  /** The same for a result that is itself in that memory until it is released. */
  async function borrow<T>(
    wanted: number,
    work: () => Promise<T>,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ content: T; release: () => void }> {
    // Nothing may wait for more than there is.
    const share = Math.min(wanted, bytes);
    await turn(share, signal);
    function release(): void {
      free += share;
      admit();
    }
    try {
      return { content: await work(), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  function turn(share: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const place = { bytes: share, begin: resolve };
    const leave = () => {
      const index = waiting.indexOf(place);
      // It may have begun in the same moment.
      if (index === -1) return;
      waiting.splice(index, 1);
      reject(signal?.reason);
      admit();
    };
    waiting.push(place);
    signal?.addEventListener('abort', leave, { once: true });
    admit();
    return promise.finally(() => signal?.removeEventListener('abort', leave));
  }

  return { reserve, borrow };
}

export type MemoryBudget = ReturnType<typeof createMemoryBudget>;

/**
 * The environment of a thread that reads the files of strangers: none of our tokens, and where compiled modules are kept,
 * without which it would load a compiler of 30 MB for itself.
 */
export function threadEnvironment(): Record<string, string> {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}
