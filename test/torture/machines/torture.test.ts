import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NO_REDIS } from '../../redis-server.ts';
import { NO_S3 } from '../../s3-server.ts';
import { faultsOf } from '../report.ts';
import { tortureMachines } from './torture.ts';

const skipped = NO_REDIS ?? NO_S3;
const says =
  'doubles, loses and forgets nothing, whichever process is killed and whichever machine is cut off';

it.skipIf(skipped !== undefined)(skipped ?? says, { timeout: 600_000 }, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'nod-torture-'));
  const [seed, only] = [1, 1];
  const worlds = await tortureMachines({
    seed,
    kills: 15,
    posts: 12,
    machines: 3,
    only,
    folder: folder.path,
  });
  expect(faultsOf({ worlds }, { seed, folder: folder.path })).toEqual([]);
  expect(worlds).toMatchObject([{ posts: 12 }]);
});
