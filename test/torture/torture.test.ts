import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { faultsOf } from './report.ts';
import { torture } from './torture.ts';

it('doubles, loses and forgets nothing in either chat, however often Nod is killed', {
  timeout: 400_000,
}, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'nod-torture-'));
  const seed = 1;
  const run = await torture({ seed, kills: 12, posts: 6, only: 1, folder: folder.path });
  expect(faultsOf(run, { seed, folder: folder.path })).toEqual([]);
  expect(run.worlds).toMatchObject([{ posts: 6 }]);
});
