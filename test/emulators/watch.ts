// Faithful: nothing, this is the test's side. Simplified: every change re-evaluates every wait, which is cheap
// at the size of a test.

/** How long a test waits for anything, in real time: long, as the machine may be busy and a wait that succeeds costs nothing. */
export const PATIENCE_MS = 60_000;

/** Lets tests wait for a condition of the emulator's state, re-evaluated at every change and never by polling. */
export function createWatch() {
  const waits = new Set<{ check: () => void; close: () => void }>();
  const listeners = new Set<() => void>();

  return {
    /** Tells the waits and the listeners that the state changed. */
    changed() {
      for (const wait of [...waits]) wait.check();
      for (const listener of [...listeners]) listener();
    },

    /** Calls a listener at every change, until the function that comes back is called. */
    listen(listener: () => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    /** Resolves with the first defined value that `read` gives; rejects with `onTimeout()` after `timeoutMs` of real time. */
    until<T>(
      read: () => T | undefined,
      { timeoutMs, onTimeout }: { timeoutMs: number; onTimeout: () => Error },
    ): Promise<T> {
      const promise = new Promise<T>((resolve, reject) => {
        const finish = (settle: () => void) => {
          clearTimeout(timer);
          waits.delete(wait);
          settle();
        };
        const wait = {
          check() {
            try {
              const value = read();
              if (value !== undefined) finish(() => resolve(value));
            } catch (error) {
              finish(() => reject(error));
            }
          },
          close() {
            // A wait that the test gave up on must not surface as an unhandled rejection.
            promise.catch(() => {});
            finish(() => reject(new Error('The emulator was closed while a test waited for it.')));
          },
        };
        const timer = setTimeout(() => finish(() => reject(onTimeout())), timeoutMs);
        waits.add(wait);
        queueMicrotask(wait.check);
      });
      return promise;
    },

    close() {
      for (const wait of [...waits]) wait.close();
      listeners.clear();
    },
  };
}

export type Watch = ReturnType<typeof createWatch>;
