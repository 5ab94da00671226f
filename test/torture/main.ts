// Kills the real process at every kind of boundary, and at random ones, while people post in both chats:
// `npm run torture -- --seed 1 --kills 1000 --posts 500`; with `--only 3` the third world of that run alone, with
// `--at init` lives that end where TikTok is called so; with `--machines 3` several processes of one Nod on three machines,
// which are killed, cut off and held up at any moment: `npm run torture -- --machines 3 --kills 500 --posts 300`.
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findNetworkObstacle } from '../machines/network.ts';
import { NO_REDIS } from '../redis-server.ts';
import { NO_S3 } from '../s3-server.ts';
import { machinesTable } from './machines/report.ts';
import { tortureMachines } from './machines/torture.ts';
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
    machines: { type: 'string' },
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
const options = {
  seed,
  kills: Number(values.kills),
  posts: Number(values.posts),
  only: values.only === undefined ? undefined : Number(values.only),
  folder,
  signal: ending.signal,
  say: (text: string) => console.error(`${((performance.now() - startedAt) / 1000).toFixed(1)} s  ${text}`),
};
const worlds = values.machines === undefined ? await onOne() : await onMany(Number(values.machines));
const errors = worlds.flatMap((world) => [...world.errors]);
for (const [text, count] of errors) console.log(`Logged ${count} times: ${text}`);
for (const line of worlds.flatMap(({ words }) => words)) console.log(line);
const faults = faultsOf({ worlds }, { seed, folder });
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else rmdirSync(folder);

/** One process, and where its lives have ended. */
async function onOne() {
  const run = await torture({ ...options, atOnce: Number(values['at-once']), at: values.at });
  console.log(tableOf(run));
  const missing = run.coverage.missing();
  if (missing.length > 0) console.log(`No life has ended here:\n${missing.join('\n')}`);
  return run.worlds;
}

async function onMany(machines: number) {
  const skipped = NO_REDIS ?? NO_S3;
  if (skipped !== undefined) throw new Error(skipped);
  const obstacle = findNetworkObstacle();
  if (obstacle !== undefined)
    console.log(`No machine is cut off, as ${obstacle}: its processes are held up instead (SIGSTOP).`);
  const all = await tortureMachines({ ...options, machines, areCutOff: obstacle === undefined });
  console.log(machinesTable(all));
  return all;
}
