import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import Keyv from 'keyv';
import { StartError } from '../../start-error.ts';
import {
  boundsOf,
  createUpdates,
  type Fresh,
  type RangeOptions,
  RecordUnreadableError,
  type RunStatement,
  readRecord,
  type Search,
  type Store,
  type StoreOptions,
  type Stores,
  type UnreadableRecord,
  type Versioned,
  versioned,
} from '../store.ts';
import { checkServer } from './check-server.ts';
import { connectRedis, type RedisConnection, startProblem } from './connection.ts';
import {
  COUNT,
  CURRENT,
  DEFINE,
  DELETE,
  ENTER,
  FILL,
  FIND,
  RANGE,
  ROOT,
  SET_ASIDE,
  WALK,
  WRITE,
} from './scripts.ts';
import { behind, countedIndex, heldIn, indexQuestion } from './search-index.ts';
import { stateProblem } from './states.ts';

/** Longer than any call goes on. */
const OUTCOME_KEPT_MS = 60_000;
/** A process that was killed counts as running for so long. */
export const RUNNING_MS = 20_000;
/** How often a process says that it runs. */
export const BEAT_MS = 5_000;
const LEAVING_MS = 1_000;
const PAGE = 500;

/**
 * Opens the records in a Redis, which several processes may do at once.
 *
 * Keyv encodes and decodes them, under the keys of its adapter; what it lacks, compare-and-set and indexes, is done by
 * scripts. One that `isReadOnly` changes nothing there.
 *
 * @throws StartError where Redis cannot be reached, does not keep what it is told, or has records of a newer Nod.
 */
export async function openRedisStores({
  url,
  isReadOnly = false,
  isDataExpected = false,
  patienceMs,
  onStatement,
  onUnreadable = () => {},
  onUnchecked = () => {},
  onFailure = () => {},
}: {
  url: string;
  isReadOnly?: boolean;
  /** There have to be records already. */
  isDataExpected?: boolean;
  /** How long a call waits for a Redis that does not answer. */
  patienceMs?: number | undefined;
  onStatement?: ((statement: RunStatement) => void) | undefined;
  onUnreadable?: ((record: UnreadableRecord) => void) | undefined;
  /** Told of the lines of redis.conf that could not be read. */
  onUnchecked?: ((lines: readonly string[]) => void) | undefined;
  /** Told of every call that Redis could not do. */
  onFailure?: ((error: unknown) => void) | undefined;
}): Promise<Stores & { readonly isNew: boolean }> {
  const connection = await connectRedis({ url, patienceMs, onStatement, onFailure });
  const id = randomUUID();
  let isNew: boolean;
  try {
    const { unchecked } = await checkServer(connection);
    if (unchecked.length > 0) onUnchecked(unchecked);
    isNew = await enter(connection, { id, isReadOnly, isDataExpected });
  } catch (error) {
    await connection.close();
    throw startProblem(error, connection.host);
  }
  const beat = isReadOnly
    ? undefined
    : setInterval(
        () => void connection.run(ENTER, ROOT, [id, String(RUNNING_MS), '1']).catch(() => {}),
        BEAT_MS,
      );
  beat?.unref();

  function store<V extends Versioned, Old extends Versioned = V>(
    namespace: string,
    { upgrade, isExpendable = false, fence = () => '' }: StoreOptions<V, Old> = {},
  ): Store<V> {
    return createRedisStore<V>({
      connection,
      namespace,
      upgrade,
      isExpendable,
      fence,
      isReadOnly,
      onUnreadable,
    });
  }

  async function close(): Promise<void> {
    clearInterval(beat);
    if (!isReadOnly) await leave(connection, id);
    await connection.close();
  }

  return { store, close, isNew, [Symbol.asyncDispose]: close };
}

/** Counts this process among those that run on these records, which it begins where there are none. */
async function enter(
  { host, run, command }: RedisConnection,
  { id, isReadOnly, isDataExpected }: { id: string; isReadOnly: boolean; isDataExpected: boolean },
): Promise<boolean> {
  const state = isReadOnly
    ? ((await command('GET', `${ROOT}state`)) ?? '')
    : await run(ENTER, ROOT, [id, String(RUNNING_MS), isDataExpected ? '1' : '']);
  if (state === '' && isDataExpected)
    throw new StartError(
      `Redis at ${host} has no records, and EXPECT_DATA says that this Nod has been used before: set REDIS_URL to the one that it had, or move the records there with "npm run move -- redis"; to begin anew, take EXPECT_DATA away.`,
    );
  if (state !== '' && state !== CURRENT) throw stateProblem(String(state), host);
  return state === '';
}

/** Says at once what time says as well, so it is not waited for long. */
async function leave({ client }: RedisConnection, id: string): Promise<void> {
  if (!client.isReady) return;
  const left = client.sendCommand(['ZREM', `${ROOT}running`, id]).catch(() => {});
  await Promise.race([left, delay(LEAVING_MS, undefined, { ref: false })]);
}

function createRedisStore<V extends Versioned>({
  connection: { run, command },
  namespace,
  upgrade = (record) => record,
  isExpendable,
  fence,
  isReadOnly,
  onUnreadable,
}: {
  connection: RedisConnection;
  namespace: string;
  upgrade: ((record: V) => V) | undefined;
  isExpendable: boolean;
  fence: () => string;
  isReadOnly: boolean;
  onUnreadable: (record: UnreadableRecord) => void;
}): Store<V> {
  // Not over the adapter: it hands a lost connection to Keyv as an error, which nobody would hear and so ends the process.
  const keyv = new Keyv({ namespace });
  /** As the adapter names them. */
  const keyOf = (key: string): string => `${ROOT}${namespace}::${key}`;
  const all = keyOf('');
  /** Those that are filled, and their numbers. */
  const indexes = new Map<string, Promise<string>>();

  async function get(key: string): Promise<V | undefined> {
    const value = await command('GET', keyOf(key));
    const [found] = await decode(typeof value === 'string' ? [key, value] : []);
    if (found === undefined && !isExpendable && (await isSetAside(key)))
      throw new RecordUnreadableError(namespace);
    return found?.[1];
  }

  async function isSetAside(key: string): Promise<boolean> {
    return !isReadOnly && (await command('HEXISTS', `${ROOT}unreadable`, `${namespace} ${key}`)) === 1;
  }

  async function create(key: string, value: Fresh<V> | V): Promise<V | undefined> {
    return write(key, '', versioned<V>(value, 1));
  }

  async function replace(key: string, previous: V, next: Fresh<V> | V): Promise<V | undefined> {
    return write(key, String(previous.version), versioned<V>(next, previous.version + 1));
  }

  async function write(key: string, version: string, record: V): Promise<V | undefined> {
    refuseReadOnly();
    const encoded = await keyv.encode({ value: record });
    if (typeof encoded !== 'string') throw new TypeError('Keyv has not made a text of a record.');
    const id = newId();
    const outcome = await run(WRITE, keyOf(key), (isAgain) => [
      namespace,
      key,
      id,
      String(OUTCOME_KEPT_MS),
      isAgain ? '1' : '',
      version,
      encoded,
      isExpendable ? '1' : '',
      fence(),
    ]);
    if (outcome === 'unreadable') throw new RecordUnreadableError(namespace);
    return outcome === 'yes' ? record : undefined;
  }

  async function remove(key: string): Promise<boolean> {
    refuseReadOnly();
    return (
      (await run(DELETE, keyOf(key), [namespace, key, newId(), String(OUTCOME_KEPT_MS), fence()])) === 'yes'
    );
  }

  function refuseReadOnly(): void {
    if (isReadOnly) throw new Error('attempt to write a readonly database');
  }

  async function* entries(): AsyncGenerator<[string, V]> {
    let after: string | undefined;
    do {
      const page = await readRange('', { limit: PAGE, after });
      yield* await decode(page);
      after = page.length < 2 * PAGE ? undefined : page.at(-2);
    } while (after !== undefined);
  }

  async function range(prefix: string, options: RangeOptions): Promise<[string, V][]> {
    return decode(await readRange(prefix, options));
  }

  async function readRange(
    prefix: string,
    { limit, newestFirst = false, after }: Omit<RangeOptions, 'after'> & { after?: string | undefined },
  ): Promise<string[]> {
    const [from, to] = boundsOf(prefix, newestFirst ? { before: after } : { after });
    const direction = newestFirst ? 'REV' : '';
    const bounds = [Buffer.concat([Buffer.from('['), from]), Buffer.concat([Buffer.from('('), to])];
    const found = await run(RANGE, all, [
      namespace,
      ...bounds,
      direction,
      String(limit),
      isReadOnly ? '1' : '',
    ]);
    return texts(found);
  }

  async function find(search: Search): Promise<[string, V][]> {
    const { by, after, newestFirst = false, limit = -1, offset = 0 } = search;
    const { definition, set, order, least, greatest } = indexQuestion(search);
    if (isReadOnly) return findByWalk(search);
    // In another order than that of their keys, those behind a key are here and there.
    const isPicked = by !== undefined && after !== undefined;
    const found = texts(
      await run(FIND, all, [
        namespace,
        await indexOf(definition),
        set,
        order,
        least,
        greatest,
        newestFirst ? 'REV' : '',
        String(isPicked ? 0 : offset),
        String(isPicked ? -1 : limit),
        definition,
      ]),
    );
    if (!isPicked) return decode(found);
    const behindIt = pairs(found).filter(([key]) => compare(key, after) > 0);
    return decode(pageOf(behindIt, { limit, offset }).flat());
  }

  async function countBy(path: string): Promise<Map<string, number>> {
    const definition = countedIndex(path);
    if (isReadOnly) {
      const sets = (await walk(definition)).map(({ set }) => heldIn(set));
      return counted(sets.map((value) => [value, 1]));
    }
    const found = await run(COUNT, all, [namespace, await indexOf(definition)]);
    return counted(
      pairs(Array.isArray(found) ? found : []).map(([set, count]) => [heldIn(String(set)), Number(count)]),
    );
  }

  /** The number of an index, which is made over all records where it is asked for the first time. */
  function indexOf(definition: string): Promise<string> {
    const known = indexes.get(definition);
    if (known !== undefined) return known;
    const made = makeIndex(definition);
    indexes.set(definition, made);
    made.catch(() => indexes.delete(definition));
    return made;
  }

  async function makeIndex(definition: string): Promise<string> {
    const [id = '', isFilled] = String(await run(DEFINE, all, [namespace, definition])).split(' ');
    let from: string | Buffer | undefined = isFilled === undefined ? '-' : undefined;
    while (from !== undefined) {
      const last: unknown = await run(FILL, all, [namespace, definition, from, String(PAGE)]);
      from = typeof last === 'string' ? behind(last) : undefined;
    }
    return id;
  }

  /** What an index would have of each record, where none may be made. */
  async function walk(definition: string) {
    const places: { set: string; score: number; member: Buffer; record: [key: string, value: string] }[] = [];
    let from = '-';
    while (from !== '') {
      const [next = '', ...found] = texts(await run(WALK, all, [namespace, definition, from, String(PAGE)]));
      for (let at = 0; at < found.length; at += 5) {
        const [set = '', score = '', member = '', key = '', value = ''] = found.slice(at, at + 5);
        const number = score === '+inf' ? Number.POSITIVE_INFINITY : Number(score);
        places.push({ set, score: number, member: Buffer.from(member), record: [key, value] });
      }
      from = next;
    }
    return places;
  }

  async function findByWalk(search: Search): Promise<[string, V][]> {
    const { by, from, below, after, newestFirst = false, limit = -1, offset = 0 } = search;
    const { definition, set } = indexQuestion(search);
    const places = (await walk(definition))
      .filter((place) => place.set === set)
      .filter(({ score }) => by === undefined || from === undefined || score >= from)
      .filter(({ score }) => by === undefined || below === undefined || score < below)
      .filter(({ record: [key] }) => after === undefined || compare(key, after) > 0)
      .sort((a, b) => (a.score === b.score ? Buffer.compare(a.member, b.member) : a.score - b.score));
    if (newestFirst) places.reverse();
    return decode(pageOf(places, { limit, offset }).flatMap(({ record }) => record));
  }

  /** Keys and values, one after the other; what cannot be read is set aside and left out. */
  async function decode(found: readonly string[]): Promise<[string, V][]> {
    const records: [string, V][] = [];
    for (const [key, value] of pairs(found)) {
      const record = await read(value);
      if (record !== undefined) records.push([key, record]);
      else if (!isReadOnly) await setAside(key, value);
    }
    return records;
  }

  const read = (value: string): Promise<V | undefined> => readRecord(value, { keyv, upgrade });

  async function setAside(key: string, value: string): Promise<void> {
    const count = Number(await run(SET_ASIDE, keyOf(key), [namespace, key, value]));
    if (count > 0) onUnreadable({ namespace, count });
  }

  return {
    get,
    create,
    replace,
    ...createUpdates({ get, create, replace }),
    delete: remove,
    entries,
    range,
    find,
    countBy,
  };
}

const newId = (): string => randomBytes(12).toString('base64url');

const texts = (reply: unknown): string[] => (Array.isArray(reply) ? reply.map(String) : []);

function pairs<T>(flat: readonly T[]): [T, T][] {
  const found: [T, T][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) found.push([flat[at] as T, flat[at + 1] as T]);
  return found;
}

/** In the order of their bytes, as both databases have keys. */
const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const pageOf = <T>(found: readonly T[], { limit, offset }: { limit: number; offset: number }): T[] =>
  found.slice(offset, limit < 0 ? undefined : offset + limit);

function counted(values: readonly (readonly [string | number, number])[]): Map<string, number> {
  const counts = new Map<string | number, number>();
  for (const [value, count] of values) if (count > 0) counts.set(value, (counts.get(value) ?? 0) + count);
  return counts as Map<string, number>;
}
