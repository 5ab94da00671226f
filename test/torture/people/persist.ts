import { setTimeout as pause } from 'node:timers/promises';
import type { World } from '../../world.ts';

/** How long people wait over all lives of Nod is up to whoever counts these. */
const FOR_EVER_MS = 2 ** 31 - 1;
/** Until somebody tries again what a dead Nod has not taken. */
const AGAIN_MS = 500;

/** How people wait for Nod, whichever of its lives answers. */
export function createPersistence({ world, nextReady }: { world: World; nextReady: () => Promise<void> }) {
  const { telegram, discord } = world;
  /** What is waited for now, with what came of the last try. */
  const waiting = new Map<string, string>();

  /**
   * Resolves with what is found. Until then `act` is done, and again whenever it has failed or a new Nod is ready that may
   * not have heard of it.
   */
  async function persist<T>(
    what: string,
    find: () => T | undefined,
    act: () => Promise<unknown> = async () => {},
  ): Promise<T> {
    waiting.set(what, '');
    for (let tries = 1; ; tries += 1) {
      const found = find();
      if (found !== undefined) {
        waiting.delete(what);
        return found;
      }
      const restarted = nextReady();
      // A try may end when something else has brought it.
      const note = (outcome: string) => {
        if (waiting.has(what)) waiting.set(what, `try ${tries}: ${outcome}`);
      };
      note('under way');
      // What it has brought may stand there already, in what `find` sees only now.
      const acted = act().then(
        () => {
          note('taken');
          return find() === undefined ? new Promise<never>(() => {}) : undefined;
        },
        (error: unknown) => {
          note(`failed: ${error}`);
          return pause(AGAIN_MS, undefined, { ref: false });
        },
      );
      await waitFor(find, [restarted, acted]);
    }
  }

  /** Resolves when it is found or one of the others resolves. */
  async function waitFor(find: () => unknown, others: readonly Promise<unknown>[]): Promise<void> {
    let isOver = false;
    const read = () => (isOver || find() !== undefined ? true : undefined);
    const options = { timeoutMs: FOR_EVER_MS };
    const waits = [telegram.until(read, options), discord?.until(read, options)];
    for (const wait of waits) wait?.catch(() => {});
    await Promise.race([...waits.filter((wait) => wait !== undefined), ...others]);
    // The waits end with the next change.
    isOver = true;
  }

  /** Says what has not come. */
  const missing = (): string[] => [...waiting].map(([what, outcome]) => `${what} has not come (${outcome}).`);

  return { persist, missing };
}

export type Persist = ReturnType<typeof createPersistence>['persist'];
