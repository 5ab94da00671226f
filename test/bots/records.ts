import type { ChatEvent, ChatEventOf } from '../../src/bots/platform.ts';

/** Keeps what is added and lets a test wait for it. */
export function createRecord<T>() {
  const all: T[] = [];
  const waits = new Set<() => void>();
  return {
    all,
    add(item: T): void {
      all.push(item);
      for (const check of [...waits]) check();
    },
    when: (isThere: (all: readonly T[]) => boolean) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (!isThere(all)) return;
          waits.delete(check);
          resolve();
        };
        waits.add(check);
        check();
      }),
  };
}

/** Keeps the events that an adapter delivers. */
export function recordEvents() {
  const { all, add, when } = createRecord<ChatEvent>();
  return {
    all,
    add,
    when,
    async first(count: number): Promise<ChatEvent[]> {
      await when(({ length }) => length >= count);
      return all.slice(0, count);
    },
    /** The first event of a type, past or to come. */
    async one<T extends ChatEvent['type']>(type: T): Promise<ChatEventOf<T>> {
      const isType = (event: ChatEvent): event is ChatEventOf<T> => event.type === type;
      await when((events) => events.some(isType));
      const found = all.find(isType);
      if (found === undefined) throw new Error(`No ${type} came.`);
      return found;
    },
  };
}

/** Lets a handler wait until the test opens it. */
export function createReleaseGate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
