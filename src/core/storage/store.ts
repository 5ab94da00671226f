import type Keyv from 'keyv';

/** What every record carries: compare-and-set compares this number, which the store alone counts up. */
export interface Versioned {
  readonly version: number;
}

/** A record as its author writes it; the store adds the version. */
export type Fresh<V extends Versioned> = V extends Versioned ? Omit<V, 'version'> : never;

/** One namespace of records. Every write is on the disk when its promise resolves. */
export interface Store<V extends Versioned> {
  get(key: string): Promise<V | undefined>;
  /** Writes a record that must not exist yet; undefined when it does. */
  create(key: string, value: Fresh<V> | V): Promise<V | undefined>;
  /** Writes `next` over `previous`; undefined when somebody else has written since `previous` was read. */
  replace(key: string, previous: V, next: Fresh<V> | V): Promise<V | undefined>;
  /**
   * Reads, changes and writes until nobody came in between; the record as it stands afterwards.
   * `change` may run several times; returning its argument (or undefined) writes nothing. `known`, the record as it was
   * last seen, saves the read where it is still so; an older one costs a second try and decides nothing.
   */
  update(key: string, change: (current: V) => Fresh<V> | V | undefined, known?: V): Promise<V | undefined>;
  /** The same, and writes the record where there is none; `change` then gets undefined. */
  upsert(key: string, change: (current: V | undefined) => Fresh<V> | V): Promise<V>;
  delete(key: string): Promise<boolean>;
  /** All records, in the order of their keys. */
  entries(): AsyncGenerator<[key: string, value: V]>;
  /** The records whose keys begin with `prefix`, in the order of their keys or backwards. */
  range(prefix: string, options: RangeOptions): Promise<[key: string, value: V][]>;
  /** The records whose fields are as asked, by an index that is made for the question when it is first asked. */
  find(search: Search): Promise<[key: string, value: V][]>;
  /** How many records hold each value of a field, by an index likewise. */
  countBy(path: string): Promise<Map<string, number>>;
}

export interface RangeOptions {
  /** How many records at most. */
  readonly limit: number;
  /** Backwards. */
  readonly newestFirst?: boolean;
  /** The last key of the page before: the range goes on behind it. */
  readonly after?: string;
}

/** What the fields of the records hold that are searched for; a field is named by its path, such as `author.id`. */
export interface Search {
  /** Fields that hold exactly these values. */
  readonly where?: Readonly<Record<string, string>>;
  /** A field that the records do not have. */
  readonly without?: string;
  /** A field that the records have, and in whose order they come; without it they come in the order of their keys. */
  readonly by?: string;
  /** The least value of that field. */
  readonly from?: number;
  /** The value that the field stays below. */
  readonly below?: number;
  readonly newestFirst?: boolean;
  /** How many records at most. */
  readonly limit?: number;
  /** How many to leave out first. */
  readonly offset?: number;
  /** In the order of their keys: the last key of the page before. */
  readonly after?: string;
}

/** A statement that the database has run. */
export interface RunStatement {
  readonly sql: string;
  readonly isWrite: boolean;
  /** How many rows it has returned. */
  readonly rows: number;
}

/** A record that was set aside: where it belongs, and how many there are by now. */
export interface UnreadableRecord {
  readonly namespace: string;
  readonly count: number;
}

/** Somebody asked for a record that cannot be read; it is not taken for one that is not there. */
export class RecordUnreadableError extends Error {
  override name = 'RecordUnreadableError' as const;

  constructor(namespace: string) {
    super(`A record of “${namespace}” cannot be read; it was set aside.`);
  }
}

/** How the records of a namespace are read. */
export interface StoreOptions<V extends Versioned, Old extends Versioned = V> {
  /** Makes today's record of one that an older Nod wrote, whenever it is read; its version stays. */
  readonly upgrade?: ((record: V | Old) => V) | undefined;
  /** A record that cannot be read counts as none. */
  readonly isExpendable?: boolean;
  /** The number of the lease under which it is written; the records refuse one that is not the last. */
  readonly fence?: (() => string) | undefined;
}

/** An open database, whichever it is. */
export interface Stores extends AsyncDisposable {
  store<V extends Versioned, Old extends Versioned = V>(
    namespace: string,
    options?: StoreOptions<V, Old>,
  ): Store<V>;
  close(): Promise<void>;
}

/** Another process leads, so this one may not write any more what only that one may. */
export class FencedError extends Error {
  override name = 'FencedError' as const;

  constructor() {
    super('Another process of this Nod leads by now.');
  }
}

/**
 * The same records, which are written only by the process that holds the last lease.
 *
 * @throws FencedError (its writes) in all others.
 */
export function fencedStores(stores: Stores, fence: () => string): Stores {
  return { ...stores, store: (namespace, options) => stores.store(namespace, { ...options, fence }) };
}

/** Changes of records that are tried again where somebody else has written in between. */
export function createUpdates<V extends Versioned>(
  store: Pick<Store<V>, 'get' | 'create' | 'replace'>,
): Pick<Store<V>, 'update' | 'upsert'> {
  const { get, create, replace } = store;

  async function update(
    key: string,
    change: (current: V) => Fresh<V> | V | undefined,
    known?: V,
  ): Promise<V | undefined> {
    const before = known ?? (await get(key));
    if (before === undefined) return undefined;
    const next = change(before);
    const isChange = next !== undefined && next !== before;
    if (!isChange && known === undefined) return before;
    const written = isChange ? await replace(key, before, next) : undefined;
    return written ?? update(key, change);
  }

  async function upsert(key: string, change: (current: V | undefined) => Fresh<V> | V): Promise<V> {
    const current = await get(key);
    const next = change(current);
    if (current !== undefined && next === current) return current;
    const written = current === undefined ? create(key, next) : replace(key, current, next);
    return (await written) ?? upsert(key, change);
  }

  return { update, upsert };
}

/**
 * Reads a record as Keyv has encoded it; undefined for what nobody can have written: no JSON, no record, or none that this Nod
 * or an older one knows.
 */
export async function readRecord<V extends Versioned>(
  encoded: string,
  { keyv, upgrade }: { keyv: Pick<Keyv, 'decode'>; upgrade: (record: V) => V },
): Promise<V | undefined> {
  try {
    const record = (await keyv.decode<V>(encoded))?.value;
    return typeof record?.version === 'number' ? upgrade(record) : undefined;
  } catch {
    return undefined;
  }
}

/** From which key on and up to which, excluded, as bytes: both databases compare keys by their UTF-8. */
export function boundsOf(
  prefix: string,
  page: { before?: string | undefined; after?: string | undefined },
): [from: Buffer, to: Buffer] {
  const bytes = Buffer.from(prefix);
  // No byte of UTF-8 is 0xff, so the last one can always be counted up.
  const end = Buffer.from([...bytes.subarray(0, -1), (bytes.at(-1) ?? 0xfe) + 1]);
  return [
    page.after === undefined ? bytes : Buffer.from(`${page.after}\0`),
    page.before === undefined ? end : Buffer.from(page.before),
  ];
}

/** A record as it is written. */
export function versioned<V extends Versioned>(value: Fresh<V> | V, version: number): V {
  return { ...value, version } as unknown as V;
}
