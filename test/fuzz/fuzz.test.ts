import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { faultsOf } from './report.ts';

it('takes or refuses every changed file by name, and offers none that other decoders refuse', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'nod-fuzz-'));
  const report = await fuzz({ count: 60, withWhole: false, seed: 11, hangMs: 60_000, folder: folder.path });
  expect(faultsOf(report)).toEqual([]);
  expect(report.outcomes).toHaveLength(60);
});
