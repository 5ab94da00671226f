type Waiting = { look: () => boolean; giveUp: () => void };

/** Lets tests wait for something to become true without polling: whoever changes the state announces it. */
export function createChanges() {
  const waiting = new Set<Waiting>();
  const listeners = new Set<() => void>();

  function when<T>(find: () => T | undefined): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found !== undefined) resolve(found);
        return found !== undefined;
      };
      const giveUp = () => reject(new Error('The TikTok emulator closed before this came true.'));
      if (!look()) waiting.add({ look, giveUp });
    });
    // A test that ends early leaves its promise behind; that is no unhandled rejection.
    promise.catch(() => {});
    return promise;
  }

  return {
    when,
    announce() {
      for (const one of waiting) if (one.look()) waiting.delete(one);
      for (const listener of [...listeners]) listener();
    },
    /** Calls a listener at every change, until the function that comes back is called. */
    listen(listener: () => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      for (const one of waiting) one.giveUp();
      waiting.clear();
      listeners.clear();
    },
  };
}
