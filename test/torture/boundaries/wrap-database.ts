import { createRequire } from 'node:module';
import { resolve, sep } from 'node:path';
import type Database from 'better-sqlite3';
import type { Names } from './names.ts';

type Reach = (kind: string) => () => void;
type Run = (this: Database.Statement, ...parameters: unknown[]) => unknown;

/** Makes a boundary of each write that the driver of SQLite does in the data folder. */
export function wrapDatabase({ dataDir, reach }: { dataDir: string; reach: Reach; names: Names }): void {
  const Driver: typeof Database = createRequire(import.meta.url)('better-sqlite3');
  const root = resolve(dataDir) + sep;
  const isOurs = ({ name }: Database.Database): boolean => resolve(name).startsWith(root);

  const probe = new Driver(':memory:');
  const statements = Object.getPrototypeOf(probe.prepare('SELECT 1'));
  probe.close();
  for (const method of ['run', 'all', 'get'] as const) {
    const plain: Run = statements[method];
    const wrapped: Run = function (...parameters) {
      const { readonly, source, database } = this;
      if (readonly || !isOurs(database)) return plain.apply(this, parameters);
      const passed = reach(kindOf(source, parameters));
      const result = plain.apply(this, parameters);
      passed();
      return result;
    };
    statements[method] = wrapped;
  }

  const { exec } = Driver.prototype;
  Driver.prototype.exec = function (source) {
    if (!isOurs(this)) return exec.call(this, source);
    const passed = reach(kindOf(source, []));
    const result = exec.call(this, source);
    passed();
    return result;
  };
}

/** The verb, the namespace and, where the record has one, its new state: `update posts submitting`. */
function kindOf(source: string, parameters: readonly unknown[]): string {
  const [verb = ''] = source.trim().split(/\s/);
  const texts = parameters.flat().filter((one) => typeof one === 'string');
  const record = texts.find((text) => text.startsWith('{"'));
  const namespace = texts.findLast((text) => /^[a-z][a-z-]*$/.test(text));
  const words = [verb.toLowerCase(), namespace ?? objectOf(source), stateIn(record)];
  return words.filter((word) => word !== undefined && word !== '').join(' ');
}

/** What a statement without parameters is about. */
const objectOf = (source: string): string =>
  /\b(?:TABLE|INDEX)\s+(?:IF NOT EXISTS\s+)?("[^"]+"|\w+)/i.exec(source)?.[1]?.replaceAll('"', '') ?? '';

function stateIn(record: string | undefined): string | undefined {
  if (record === undefined) return undefined;
  try {
    const { value } = JSON.parse(record);
    const state = value?.status ?? value?.state;
    return typeof state === 'string' ? state : undefined;
  } catch {
    return undefined;
  }
}
