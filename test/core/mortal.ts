import { createUpdates, type Store, type Stores, type Versioned } from '../../src/core/storage/database.ts';
import type { TikTokClient } from '../../src/core/tiktok/client.ts';

/** Runs one read, write or call of a process. A process that has died gets no answer any more. */
export type Around = <T>(name: string, run: () => Promise<T>) => Promise<T>;

/** How long a process lives, and whether the last thing that it does is still done. */
export interface Span {
  readonly steps: number;
  /** Only steps of this name are counted. */
  readonly of?: string;
  readonly isLastDone: boolean;
  /** What it has begun at TikTok goes its way before the next process is there. */
  readonly isMissedLong: boolean;
}

/** The life of one process: after so many steps it ends without a word, in the middle of whatever it does. */
export function createLife({ turn, span }: { turn: (name: string) => Promise<void>; span?: Span }) {
  const { promise: ended, resolve: end } = Promise.withResolvers<'ended'>();
  let left = span?.steps ?? Number.POSITIVE_INFINITY;
  let isOver = false;

  const around: Around = async (name, run) => {
    if (!isOver) await turn(name);
    if (isOver) return silence();
    if (span?.of === undefined || span.of === name) left -= 1;
    if (left >= 0) {
      const result = await run();
      return isOver ? silence() : result;
    }
    isOver = true;
    if (span?.isLastDone) await run().catch(() => {});
    end('ended');
    return silence();
  };

  function die(): void {
    isOver = true;
    end('ended');
  }

  /** From here on it lives for ever. */
  function spare(): void {
    left = Number.POSITIVE_INFINITY;
  }

  return { around, ended, die, spare };
}

export type Life = ReturnType<typeof createLife>;

const silence = () => new Promise<never>(() => {});

/** The same stores, each step of which can be held up or be the last. */
export function storesAround(stores: Stores, around: Around): Stores {
  return {
    ...stores,
    store: (namespace, options) => storeAround(stores.store(namespace, options), namespace, around),
  };
}

function storeAround<V extends Versioned>(store: Store<V>, namespace: string, around: Around): Store<V> {
  const get: Store<V>['get'] = (key) => around(`get ${namespace}`, () => store.get(key));
  const create: Store<V>['create'] = (...args) => around(`create ${namespace}`, () => store.create(...args));
  const replace: Store<V>['replace'] = (...args) =>
    around(`replace ${namespace}`, () => store.replace(...args));

  return {
    ...store,
    get,
    create,
    replace,
    // Between the store's own reads and writes others can come in here as well.
    ...createUpdates({ get, create, replace }),
    delete: (key) => around(`delete ${namespace}`, () => store.delete(key)),
  };
}

/** The same client, each call of which can be held up or be the last. */
export function clientAround(client: TikTokClient, around: Around): TikTokClient {
  const { initPublish, uploadChunk, fetchStatus, cancelPublish, queryCreatorInfo } = client;
  return {
    ...client,
    initPublish: (...args) => around('init', () => initPublish(...args)),
    uploadChunk: (...args) => around('upload chunk', () => uploadChunk(...args)),
    fetchStatus: (...args) => around('fetch status', () => fetchStatus(...args)),
    cancelPublish: (...args) => around('cancel', () => cancelPublish(...args)),
    queryCreatorInfo: (...args) => around('query creator', () => queryCreatorInfo(...args)),
  };
}
