// Kills the real process at every kind of boundary, and at random ones, while people post in both chats:
// `npm run torture -- --seed 1 --kills 1000 --posts 500`; with `--only 3` the third world of that run alone, with
// `--at init` lives that end where TikTok is called so.
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { faultsOf, tableOf } from './report.ts';
import { torture } from './torture.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    kills: { type: 'string', default: '1000' },
    posts: { type: 'string', default: '500' },
    'at-once': { type: 'string', default: '1' },
    at: { type: 'string' },
    only: { type: 'string' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'nod-torture-'));
process.env.TMPDIR = folder;
// The first signal lets the worlds under way come to their end, the second one ends it.
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => (ending.signal.aborted ? process.exit(130) : ending.abort()));

const startedAt = performance.now();
const seed = Number(values.seed);
const run = await torture({
  seed,
  kills: Number(values.kills),
  posts: Number(values.posts),
  atOnce: Number(values['at-once']),
  only: values.only === undefined ? undefined : Number(values.only),
  at: values.at,
  folder,
  signal: ending.signal,
  say: (text) => console.error(`${((performance.now() - startedAt) / 1000).toFixed(1)} s  ${text}`),
});
console.log(tableOf(run));
const errors = run.worlds.flatMap((world) => [...world.errors]);
for (const [text, count] of errors) console.log(`Logged ${count} times: ${text}`);
for (const line of run.worlds.flatMap(({ words }) => words)) console.log(line);
const faults = faultsOf(run, { seed, folder });
for (const fault of faults) console.error(fault);
const missing = run.coverage.missing();
if (missing.length > 0) console.log(`No life has ended here:\n${missing.join('\n')}`);
if (faults.length > 0) process.exitCode = 1;
else rmdirSync(folder);
