/** Runs what belongs to one lane one after the other, and different lanes side by side. */
export function createPerChatQueue() {
  const tails = new Map<string, Promise<void>>();
  let open = 0;

  /** Begins the task when its lane is free; the task must not throw. */
  function run(lane: string, task: () => Promise<void>): void {
    open += 1;
    const tail = (tails.get(lane) ?? Promise.resolve()).then(task).finally(() => {
      open -= 1;
    });
    tails.set(lane, tail);
    void tail.then(() => {
      if (tails.get(lane) === tail) tails.delete(lane);
    });
  }

  /** Resolves when all that was begun is done. */
  async function idle(): Promise<void> {
    while (tails.size > 0) await Promise.all(tails.values());
  }

  return {
    run,
    idle,
    /** How many tasks run or wait. */
    depth: () => open,
  };
}

export type PerChatQueue = ReturnType<typeof createPerChatQueue>;
