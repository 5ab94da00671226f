import { describe, expect, it } from 'vitest';
import type { Search, Versioned } from '../../../src/core/storage/database.ts';
import { RecordUnreadableError, type UnreadableRecord } from '../../../src/core/storage/store.ts';
import { startEngines } from './engines.ts';

interface Tally extends Versioned {
  readonly count: number;
  readonly owner?: string;
}

describe.each(startEngines())('$name', (engine) => {
  describe.skipIf(engine.skipped !== undefined)(engine.skipped ?? 'is a database of Nod’s', () => {
    async function open(place = engine.newPlace()) {
      const told: UnreadableRecord[] = [];
      const stores = await engine.open(place, { onUnreadable: (record) => told.push(record) });
      const upgrade = (record: Tally): Tally => {
        if (record.count < 0) throw new Error('Nobody has written such a record.');
        return record;
      };
      return { place, stores, told, tallies: stores.store<Tally>('tallies', { upgrade }) };
    }

    describe('a record that cannot be read', () => {
      const VALUES: Record<string, string> = {
        'is cut short': '{"value":{"count":1,"versi',
        'is empty': '',
        'has no version': '{"value":{"count":1}}',
        'is another thing': '7',
        'cannot be upgraded': '{"value":{"count":-1,"version":1}}',
      };

      async function withBroken(value: string, { isIndexed = false } = {}) {
        const opened = await open();
        const { place, tallies } = opened;
        for (const key of ['a', 'b', 'c']) await tallies.create(key, { count: 1, owner: 'ana' });
        if (isIndexed) await tallies.find({ where: { owner: 'ana' } });
        if (!isIndexed || value.endsWith('}}')) await engine.spoil(place, 'tallies', 'b', value);
        return opened;
      }

      it.each(Object.entries(VALUES))(
        'that %s is left out of lists, told once and counted',
        async (_, value) => {
          const { tallies, told, place } = await withBroken(value);
          const keys = async () => (await Array.fromAsync(tallies.entries())).map(([key]) => key);
          expect(await keys()).toEqual(['a', 'c']);
          expect(await keys()).toEqual(['a', 'c']);
          expect(told).toEqual([{ namespace: 'tallies', count: 1 }]);
          // An operator still finds it.
          expect(await engine.setAside(place)).toEqual([['tallies', 'b', value]]);
        },
      );

      it.each(Object.entries(VALUES))('that %s ends no search by other fields', async (_, value) => {
        const { tallies, told } = await withBroken(value);
        const found = await tallies.find({ where: { owner: 'ana' } });
        expect(found.map(([key]) => key)).toEqual(['a', 'c']);
        expect(told.length).toBeLessThanOrEqual(1);
      });

      it.each(Object.entries(VALUES))(
        'that %s is never taken for one that is not there',
        async (_, value) => {
          const { tallies, place, told } = await withBroken(value);
          for (const again of [async () => tallies, async () => (await open(place)).tallies]) {
            const store = await again();
            await expect(store.get('b')).rejects.toThrow(RecordUnreadableError);
            await expect(store.create('b', { count: 9 })).rejects.toThrow(RecordUnreadableError);
            await expect(store.update('b', () => ({ count: 9 }))).rejects.toThrow(RecordUnreadableError);
            await expect(store.upsert('b', () => ({ count: 9 }))).rejects.toThrow(RecordUnreadableError);
          }
          expect(told).toHaveLength(1);
        },
      );

      it('counts as none where a store can do without', async () => {
        const { stores } = await withBroken('{');
        const expendable = stores.store<Tally>('tallies', { isExpendable: true });
        expect(await expendable.get('b')).toBeUndefined();
        expect(await expendable.upsert('b', () => ({ count: 5 }))).toEqual({ count: 5, version: 1 });
        expect(await expendable.get('b')).toMatchObject({ count: 5 });
      });

      it('is deleted like any other', async () => {
        const { tallies, place } = await withBroken('{');
        await expect(tallies.get('b')).rejects.toThrow(RecordUnreadableError);
        expect(await tallies.delete('b')).toBe(true);
        expect(await tallies.delete('b')).toBe(false);
        expect(await engine.setAside(place)).toEqual([]);
        expect(await tallies.create('b', { count: 2 })).toMatchObject({ count: 2 });
      });

      it('leaves the indexes as good as they were', async () => {
        const { tallies } = await withBroken('{"value":{"owner":"ana"}}', { isIndexed: true });
        const found = async () => (await tallies.find({ where: { owner: 'ana' } })).map(([key]) => key);
        expect(await found()).toEqual(['a', 'c']);
        await tallies.create('d', { count: 1, owner: 'ana' });
        expect(await found()).toEqual(['a', 'c', 'd']);
      });

      it('names no key, which may be a secret', async () => {
        const { tallies, told } = await withBroken('{');
        await expect(tallies.get('b')).rejects.toThrow(
          /^A record of “tallies” cannot be read; it was set aside\.$/,
        );
        expect(JSON.stringify(told)).not.toContain('"b"');
      });

      it('is in no index any more, wherever it was', async () => {
        const { place, tallies } = await withBroken('{', { isIndexed: true });
        await tallies.find({ where: { owner: 'ana' }, by: 'count' });
        await tallies.find({ by: 'owner' });
        await tallies.countBy('owner');
        // SQLite takes no such value where there is an index of fields, and so cannot come to have one.
        if (engine.name === 'SQLite') return;
        await engine.spoil(place, 'tallies', 'b', '{');
        await expect(tallies.get('b')).rejects.toThrow(RecordUnreadableError);
        expect(await tallies.delete('b')).toBe(true);
        await tallies.create('b', { count: 2, owner: 'ben' });
        const found = async (search: Search) => (await tallies.find(search)).map(([key]) => key);
        expect(await found({ where: { owner: 'ana' } })).toEqual(['a', 'c']);
        expect(await found({ where: { owner: 'ana' }, by: 'count' })).toEqual(['a', 'c']);
        expect(await found({ by: 'owner' })).toEqual(['a', 'c', 'b']);
        expect(await tallies.countBy('owner')).toEqual(
          new Map([
            ['ana', 2],
            ['ben', 1],
          ]),
        );
      });
    });
  });
});
