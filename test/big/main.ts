// A video of gigabytes through the upload page and out to TikTok, while Nod is killed at random moments:
// `npm run big -- --gb 3.9 --kills 10 --seed 1 --transfer upload`. It needs room on the disk for five such videos.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runBig } from './big.ts';

const { values } = parseArgs({
  options: {
    gb: { type: 'string', default: '3.9' },
    kills: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    transfer: { type: 'string', default: 'upload' },
  },
});
const { transfer } = values;
if (transfer !== 'pull' && transfer !== 'upload') {
  console.error('--transfer is pull or upload.');
  process.exit(2);
}

// Everything that is made on the way lies below one folder, which goes even when the run is interrupted.
const folder = mkdtempSync(join(tmpdir(), 'nod-big-'));
process.env.TMPDIR = folder;
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const MAX_RESIDENT_BYTES = 200_000_000;
const startedAt = performance.now();
const report = await runBig({
  bytes: Number(values.gb) * 1e9,
  kills: Number(values.kills),
  seed: Number(values.seed),
  transfer,
  folder,
  say: (text) => console.error(`${((performance.now() - startedAt) / 1000).toFixed(1)} s  ${text}`),
});
console.log(JSON.stringify(report, undefined, 2));
if (report.faults.length > 0 || report.peakBytes >= MAX_RESIDENT_BYTES) process.exitCode = 1;
