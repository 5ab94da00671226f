import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunStatement, Search, Store, Versioned } from '../../../src/core/storage/database.ts';
import { startEngines } from './engines.ts';

interface Tally extends Versioned {
  readonly count: number;
  readonly by?: string;
}

const writes = fc.constantFrom('put' as const, 'delete' as const, 'end' as const);

describe.each(startEngines())('$name', (engine) => {
  describe.skipIf(engine.skipped !== undefined)(engine.skipped ?? 'is a database of Nod’s', () => {
    async function open(place = engine.newPlace(), onStatement?: (statement: RunStatement) => void) {
      const stores = await engine.open(place, onStatement && { onStatement });
      return { place, stores, tallies: stores.store<Tally>('tallies') };
    }

    describe('a store', () => {
      it('gives a record back as it was written, with its version', async () => {
        const { tallies } = await open();
        expect(await tallies.get('a')).toBeUndefined();
        expect(await tallies.create('a', { count: 1 })).toEqual({ count: 1, version: 1 });
        expect(await tallies.get('a')).toEqual({ count: 1, version: 1 });
      });

      it('creates only what is not there yet', async () => {
        const { tallies } = await open();
        await tallies.create('a', { count: 1 });
        expect(await tallies.create('a', { count: 2 })).toBeUndefined();
        expect(await tallies.get('a')).toMatchObject({ count: 1 });
      });

      it('replaces only what nobody else has written since', async () => {
        const { tallies } = await open();
        const first = await tallies.create('a', { count: 1 });
        if (first === undefined) throw new Error('It was not created.');
        expect(await tallies.replace('a', first, { count: 2 })).toEqual({ count: 2, version: 2 });
        expect(await tallies.replace('a', first, { count: 3 })).toBeUndefined();
        expect(await tallies.get('a')).toEqual({ count: 2, version: 2 });
        expect(await tallies.replace('b', first, { count: 3 })).toBeUndefined();
        expect(await tallies.get('b')).toBeUndefined();
      });

      it('writes nothing where an update changes nothing', async () => {
        const { tallies } = await open();
        await tallies.create('a', { count: 1 });
        expect(await tallies.update('a', (current) => current)).toEqual({ count: 1, version: 1 });
        expect(await tallies.update('a', () => undefined)).toEqual({ count: 1, version: 1 });
        expect(await tallies.update('b', () => ({ count: 9 }))).toBeUndefined();
        expect(await tallies.get('a')).toEqual({ count: 1, version: 1 });
      });

      it('changes a record from what was known of it, and reads it where that is old', async () => {
        const run: RunStatement[] = [];
        const { tallies } = await open(undefined, (statement) => run.push(statement));
        const first = await tallies.create('a', { count: 1 });
        const addOne = ({ count }: { count: number }) => ({ count: count + 1 });
        run.length = 0;
        expect(await tallies.update('a', addOne, first)).toEqual({ count: 2, version: 2 });
        expect(run).toHaveLength(1);
        expect(await tallies.update('a', addOne, first)).toEqual({ count: 3, version: 3 });
        // What is old declines nothing.
        const atOne = ({ count }: { count: number }) => (count === 1 ? undefined : { count: count + 1 });
        expect(await tallies.update('a', atOne, first)).toEqual({ count: 4, version: 4 });
        await tallies.delete('a');
        expect(await tallies.update('a', addOne, first)).toBeUndefined();
      });

      it('writes a record where there is none, and changes it where there is one', async () => {
        const { tallies } = await open();
        const addOne = (known?: { count: number }) => ({ count: (known?.count ?? 0) + 1 });
        expect(await tallies.upsert('a', addOne)).toEqual({ count: 1, version: 1 });
        expect(await tallies.upsert('a', addOne)).toEqual({ count: 2, version: 2 });
        const counted = await Promise.all(Array.from({ length: 8 }, () => tallies.upsert('b', addOne)));
        expect(Math.max(...counted.map(({ count }) => count))).toBe(8);
        const same = await tallies.upsert('b', (known) => known ?? { count: 0 });
        expect(same).toEqual({ count: 8, version: 8 });
      });

      it('deletes, and tells whether there was anything', async () => {
        const { tallies } = await open();
        await tallies.create('a', { count: 1 });
        expect(await tallies.delete('a')).toBe(true);
        expect(await tallies.delete('a')).toBe(false);
        expect(await tallies.get('a')).toBeUndefined();
      });

      const keys = [
        'tallies:a',
        ':a',
        "a'; DROP TABLE keyv; --",
        '..',
        'ü 💥',
        '%_',
        '',
        '__proto__',
        'x'.repeat(500),
      ];

      it.each(keys)('takes any key: %j', async (key) => {
        const { tallies } = await open();
        const created = await tallies.create(key, { count: 1 });
        expect(await tallies.get(key)).toEqual(created);
        expect(await tallies.update(key, () => ({ count: 2 }))).toMatchObject({ count: 2 });
        expect(await tallies.delete(key)).toBe(true);
      });

      it.each([':base64:AAAA', '::', ':', '"\\u0000', '💥', ''])('keeps the text %j as it is', async (by) => {
        const { tallies } = await open();
        await tallies.create('a', { count: 1, by });
        expect(await tallies.get('a')).toEqual({ count: 1, by, version: 1 });
      });
    });

    describe('compare-and-set', () => {
      it('lets one of many creators win', async () => {
        const { tallies } = await open();
        const attempts = Array.from({ length: 50 }, (_, count) => tallies.create('a', { count }));
        const won = (await Promise.all(attempts)).filter((record) => record !== undefined);
        expect(won).toHaveLength(1);
        expect(await tallies.get('a')).toEqual(won[0]);
      });

      it('lets one of many replacements win', async () => {
        const { tallies } = await open();
        const first = await tallies.create('a', { count: 0 });
        if (first === undefined) throw new Error('It was not created.');
        const attempts = Array.from({ length: 50 }, (_, count) => tallies.replace('a', first, { count }));
        const won = (await Promise.all(attempts)).filter((record) => record !== undefined);
        expect(won).toHaveLength(1);
        expect(await tallies.get('a')).toEqual(won[0]);
      });

      it('loses no update, over two connections to one place', async () => {
        const { place, tallies } = await open();
        const other = (await open(place)).tallies;
        await tallies.create('a', { count: 0 });
        const add = (current: Tally) => ({ count: current.count + 1 });
        await Promise.all(
          Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? tallies : other).update('a', add)),
        );
        expect(await other.get('a')).toEqual({ count: 100, version: 101 });
      });

      it('sees what another connection wrote at once', async () => {
        const { place, tallies } = await open();
        const other = (await open(place)).tallies;
        const first = await tallies.create('a', { count: 1 });
        expect(await other.get('a')).toEqual(first);
        expect(await other.create('a', { count: 2 })).toBeUndefined();
      });
    });

    describe('namespaces', () => {
      it('do not mix', async () => {
        const { stores, tallies } = await open();
        const others = stores.store<Tally>('others');
        await tallies.create('a', { count: 1 });
        await others.create('a', { count: 2 });
        await others.create('b', { count: 3 });
        expect(await tallies.get('a')).toMatchObject({ count: 1 });
        expect(await tallies.get('b')).toBeUndefined();
        await others.delete('a');
        expect(await tallies.get('a')).toMatchObject({ count: 1 });
        expect(await Array.fromAsync(tallies.entries(), ([key]) => key)).toEqual(['a']);
        expect(await Array.fromAsync(others.entries(), ([key]) => key)).toEqual(['b']);
      });
    });

    describe('iterating', () => {
      it('gives all records in the order of their keys, however many', async () => {
        const { tallies } = await open();
        const keys = Array.from({ length: 1_203 }, (_, index) => String(index).padStart(5, '0'));
        await Promise.all(keys.toReversed().map((key) => tallies.create(key, { count: Number(key) })));
        const found = await Array.fromAsync(tallies.entries());
        expect(found.map(([key]) => key)).toEqual(keys);
        expect(found[1_000]?.[1]).toEqual({ count: 1_000, version: 1 });
      });

      it('goes on while records are deleted and written', async () => {
        const { tallies } = await open();
        for (let index = 0; index < 1_100; index += 1)
          await tallies.create(`k${1_000 + index}`, { count: index });
        const seen: string[] = [];
        for await (const [key] of tallies.entries()) {
          seen.push(key);
          await tallies.delete(key);
        }
        expect(new Set(seen).size).toBe(1_100);
        expect(await Array.fromAsync(tallies.entries())).toEqual([]);
      });
    });

    describe('a range', () => {
      const keysOf = (records: [string, Tally][]) => records.map(([key]) => key);

      async function fill(tallies: Store<Tally>, keys: string[]) {
        for (const [count, key] of keys.entries()) await tallies.create(key, { count, by: key });
      }

      it('gives the records whose keys begin so, decoded, in the order of their keys or backwards', async () => {
        const { tallies } = await open();
        await fill(tallies, ['b 2', 'a 1', 'b', 'b 1', 'b 3', 'c 1']);
        expect(await tallies.range('b ', { limit: 2 })).toEqual([
          ['b 1', { count: 3, by: 'b 1', version: 1 }],
          ['b 2', { count: 0, by: 'b 2', version: 1 }],
        ]);
        expect(keysOf(await tallies.range('b ', { limit: 2, newestFirst: true }))).toEqual(['b 3', 'b 2']);
        expect(keysOf(await tallies.range('', { limit: 9 }))).toEqual([
          'a 1',
          'b',
          'b 1',
          'b 2',
          'b 3',
          'c 1',
        ]);
        expect(await tallies.range('d', { limit: 9 })).toEqual([]);
        expect(await tallies.range('b', { limit: 0 })).toEqual([]);
      });

      it('goes on behind a key, in both directions', async () => {
        const { tallies } = await open();
        await fill(tallies, ['a', 'b 1', 'b 2', 'b 2\u0000', 'b 2x', 'b 3', 'c']);
        expect(keysOf(await tallies.range('b ', { limit: 9, after: 'b 2' }))).toEqual([
          'b 2\u0000',
          'b 2x',
          'b 3',
        ]);
        expect(keysOf(await tallies.range('b ', { limit: 9, after: 'b 2', newestFirst: true }))).toEqual([
          'b 1',
        ]);
        expect(await tallies.range('b ', { limit: 9, after: 'b 3' })).toEqual([]);
        expect(await tallies.range('b ', { limit: 9, after: 'b 1', newestFirst: true })).toEqual([]);
      });

      it.each(['%', '_', 'a%', 'é', '💥', '\u{10ffff}', '\u{d7ff}', '\u007f', '\u0000', 'x\u0000'])(
        'takes the prefix %j as it is',
        async (prefix) => {
          const { tallies } = await open();
          const keys = [prefix, `${prefix}\u{10ffff}`, `${prefix}a`].sort();
          await fill(tallies, [...keys, 'other', 'a', 'axy', 'ê', '💦', 'y', '\u{e000}']);
          const found = keysOf(await tallies.range(prefix, { limit: 99 }));
          expect(found.toSorted()).toEqual(keys);
        },
      );

      it('keeps to its namespace', async () => {
        const { stores, tallies } = await open();
        await fill(stores.store<Tally>('others'), ['a 1', 'a 2']);
        await fill(tallies, ['a 3']);
        expect(keysOf(await tallies.range('a', { limit: 9 }))).toEqual(['a 3']);
      });
    });

    describe('finding records', () => {
      interface Item extends Versioned {
        readonly owner: { readonly id: string };
        readonly at?: number;
        readonly done?: true;
      }

      async function openItems(place?: string) {
        const { stores, ...opened } = await open(place);
        const items = stores.store<Item>('items');
        const find = async (search: Search) => (await items.find(search)).map(([, item]) => item);
        return { ...opened, stores, items, find };
      }

      const ana = { id: "a'b" };
      const ben = { id: 'ben' };

      it('finds them by what their fields hold, in the order of their keys', async () => {
        const { items, find, stores } = await openItems();
        await items.create('b', { owner: ana });
        await items.create('a', { owner: ana, done: true });
        await items.create('c', { owner: ben, at: 1 });
        await stores.store<Item>('others').create('d', { owner: ana });
        expect(await find({ where: { 'owner.id': ana.id } })).toMatchObject([{ done: true }, {}]);
        expect(await find({ where: { 'owner.id': ana.id }, without: 'done' })).toEqual([
          { owner: ana, version: 1 },
        ]);
        expect(await find({ without: 'done' })).toMatchObject([{ owner: ana }, { owner: ben }]);
        expect(await find({ where: { 'owner.id': 'nobody' } })).toEqual([]);
        expect((await items.find({ without: 'done' })).map(([key]) => key)).toEqual(['b', 'c']);
      });

      it('finds them by a range of numbers, in pages and both ways', async () => {
        const { items, find } = await openItems();
        for (const at of [3, 1, 2, 10]) await items.create(String(at), { owner: ana, at });
        await items.create('none', { owner: ana });
        const times = async (search: Search) => (await find(search)).map(({ at }) => at);
        expect(await times({ by: 'at' })).toEqual([1, 2, 3, 10]);
        expect(await times({ by: 'at', from: 2, below: 10 })).toEqual([2, 3]);
        expect(await times({ by: 'at', newestFirst: true, limit: 2 })).toEqual([10, 3]);
        expect(await times({ by: 'at', limit: 2, offset: 1 })).toEqual([2, 3]);
        expect(await times({ where: { 'owner.id': ana.id }, by: 'at', from: 3 })).toEqual([3, 10]);
      });

      it('finds what was there before the index, and what changed since', async () => {
        const { place, items } = await openItems();
        const first = await items.create('a', { owner: ana });
        await items.create('b', { owner: ben });
        if (first === undefined) throw new Error('It was not created.');
        const other = await openItems(place);
        const open = async () => (await other.find({ without: 'done' })).map(({ owner }) => owner.id);
        expect(await open()).toEqual([ana.id, ben.id]);
        expect(await items.replace('a', first, { ...first, done: true })).toBeDefined();
        expect(await items.replace('a', first, { owner: ana })).toBeUndefined();
        expect(await open()).toEqual([ben.id]);
        await items.update('a', ({ owner }) => ({ owner }));
        await items.delete('b');
        expect(await open()).toEqual([ana.id]);
      });

      it('finds as a walk over all records does, whatever was written', async () => {
        const property = fc.asyncProperty(
          fc.array(fc.tuple(writes, fc.nat(5), fc.nat(3)), { maxLength: 30 }),
          check,
        );
        await fc.assert(property, { numRuns: 50 });

        async function check(all: readonly ['put' | 'delete' | 'end', number, number][]) {
          const { items, find } = await openItems();
          for (const [write, key, at] of all) {
            if (write === 'delete') await items.delete(`${key}`);
            else {
              const item = {
                owner: at % 2 === 0 ? ana : ben,
                at,
                ...(write === 'end' && { done: true as const }),
              };
              (await items.create(`${key}`, item)) ?? (await items.update(`${key}`, () => item));
            }
            await find({ by: 'at', limit: 1 });
          }
          const walked = (await Array.fromAsync(items.entries())).map(([, item]) => item);
          expect(await find({ without: 'done' })).toEqual(walked.filter(({ done }) => !done));
          expect(await find({ where: { 'owner.id': ana.id } })).toEqual(
            walked.filter(({ owner }) => owner.id === ana.id),
          );
          const late = await find({ by: 'at', from: 2 });
          expect(late).toHaveLength(walked.filter(({ at = 0 }) => at >= 2).length);
          expect(late).toEqual(late.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)));
        }
      });

      it('counts them by what a field holds, in their own namespace', async () => {
        const { items, stores } = await openItems();
        expect(await items.countBy('owner.id')).toEqual(new Map());
        for (const [key, owner] of Object.entries({ a: ana, b: ben, c: ben }))
          await items.create(key, { owner });
        await stores.store<Item>('others').create('d', { owner: ana });
        await items.delete('c');
        expect(await items.countBy('owner.id')).toEqual(
          new Map([
            [ana.id, 1],
            [ben.id, 1],
          ]),
        );
        expect(await items.countBy('at')).toEqual(new Map());
      });
    });

    describe('a database that does not answer', () => {
      const calls: Record<string, (store: Store<Tally>) => Promise<unknown>> = {
        get: (store) => store.get('a'),
        create: (store) => store.create('b', { count: 1 }),
        replace: (store) => store.replace('a', { count: 1, version: 1 }, { count: 2 }),
        update: (store) => store.update('a', () => ({ count: 2 })),
        upsert: (store) => store.upsert('a', () => ({ count: 2 })),
        delete: (store) => store.delete('a'),
        entries: (store) => Array.fromAsync(store.entries()),
        range: (store) => store.range('a', { limit: 1 }),
      };

      it.each(Object.keys(calls))('makes %s reject, and never look like an absent record', async (name) => {
        const { stores, tallies } = await open();
        await tallies.create('a', { count: 1 });
        await stores.close();
        await expect(calls[name]?.(tallies)).rejects.toThrow('database connection is not open');
      });

      it('may be closed twice', async () => {
        const { stores } = await open();
        await stores.close();
        await expect(stores.close()).resolves.toBeUndefined();
      });
    });

    describe('a database opened to read', () => {
      it.each(['in use', 'that nobody has open'])('tells its records and takes none: %s', async (use) => {
        const { place, stores, tallies } = await open();
        await tallies.create('a', { count: 1, by: 'x' });
        await tallies.create('b', { count: 2, by: 'y' });
        await tallies.create('c', { count: 1, by: 'y' });
        if (use !== 'in use') await stores.close();
        const reading = await engine.open(place, { isReadOnly: true });
        const read = reading.store<Tally>('tallies');
        expect(await read.get('b')).toMatchObject({ count: 2 });
        expect((await Array.fromAsync(read.entries())).map(([key]) => key)).toEqual(['a', 'b', 'c']);
        const found = await read.find({ where: { by: 'y' }, by: 'count' });
        expect(found.map(([key]) => key)).toEqual(['c', 'b']);
        expect(await read.find({ where: { by: 'y' }, after: 'b' })).toMatchObject([['c', { count: 1 }]]);
        expect(await read.countBy('by')).toEqual(
          new Map([
            ['x', 1],
            ['y', 2],
          ]),
        );
        await expect(read.create('d', { count: 3 })).rejects.toThrow('readonly database');
      });
    });

    describe('durability', () => {
      it('survives a new start', async () => {
        const { place, stores, tallies } = await open();
        await tallies.create('a', { count: 1 });
        await stores.close();
        expect(await (await open(place)).tallies.get('a')).toEqual({ count: 1, version: 1 });
      });
    });
  });
});
