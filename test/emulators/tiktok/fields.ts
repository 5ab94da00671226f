import type { ApiRefusal } from './replies.ts';

type Reading = {
  value: unknown;
  /** Path of the object in the body, for lint. */
  where: string;
  refuse: () => ApiRefusal;
  lint: (remark: string) => void;
};

/** Reads one JSON object strictly: a wrong type or `null` refuses it, a key that nobody asked for is a lint remark. */
export function readFields({ value, where, refuse, lint }: Reading) {
  if (!isRecord(value)) throw refuse();
  const fields = value;
  const known = new Set<string>();

  function read<T>(name: string, isRight: (one: unknown) => one is T): T | undefined {
    known.add(name);
    const one = fields[name];
    if (one === undefined) return undefined;
    if (one === null) lint(`${where}${name} is null; leave the key out.`);
    if (!isRight(one)) throw refuse();
    return one;
  }

  return {
    /** At most `max` UTF-16 code units. */
    text: (name: string, max: number) =>
      read(name, (one): one is string => typeof one === 'string' && one.length <= max),
    flag: (name: string) => read(name, (one) => typeof one === 'boolean'),
    int32: (name: string) =>
      read(name, (one): one is number => Number.isInteger(one) && Math.abs(Number(one)) < 2 ** 31),
    int64: (name: string) => read(name, (one): one is number => Number.isSafeInteger(one)),
    oneOf: <T extends string>(name: string, values: readonly T[]) =>
      read(name, (one): one is T => values.some((allowed) => allowed === one)),
    texts: (name: string) =>
      read(
        name,
        (one): one is string[] => Array.isArray(one) && one.every((item) => typeof item === 'string'),
      ),
    raw: (name: string) => {
      known.add(name);
      return fields[name];
    },
    /** Remarks on every key that was not read. */
    finish() {
      for (const name of Object.keys(fields)) {
        if (!known.has(name)) lint(`${where}${name} is no field of this endpoint and is ignored.`);
      }
    },
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
