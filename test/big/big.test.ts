import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runBig } from './big.ts';

it.each(['pull', 'upload'] as const)(
  'a video comes in by the page and goes out by %s once, in little memory, however often Nod is killed',
  async (transfer) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'nod-big-'));
    const report = await runBig({ bytes: 30e6, kills: 2, seed: 1, transfer, folder: folder.path });
    expect(report.faults).toEqual([]);
    expect(report).toMatchObject({ killsIn: 2, killsOut: 2 });
    expect(report.peakBytes).toBeLessThan(200e6);
  },
);
