import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { launchNod } from './e2e/process.ts';
import { createWorld } from './world.ts';

const isFile = (name: string): boolean => name.includes('/');

it('the first start compiles all that a start needs, and what is killed after it has not lost that', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'nod-cache-'));
  await using world = await createWorld({ environment: { NODE_COMPILE_CACHE: folder.path } });
  const kept = async () => (await readdir(folder.path, { recursive: true })).filter(isFile).toSorted();
  const killed = await launchNod(world);
  await killed.end('SIGKILL');
  const afterFirst = await kept();
  expect(afterFirst.length).toBeGreaterThan(500);
  const ended = await launchNod(world);
  // An end in peace writes what is not kept yet.
  expect(await ended.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await kept()).toEqual(afterFirst);
});
