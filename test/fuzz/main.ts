// Puts changed files of every format through Nod's preparer: `npm run fuzz`, or `npm run fuzz -- --only 1234 --keep DIR`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';
import { faultsOf, tableOf } from './report.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '2100' },
    seed: { type: 'string', default: '11' },
    only: { type: 'string' },
    format: { type: 'string', default: '.' },
    keep: { type: 'string' },
    'hang-ms': { type: 'string', default: '10000' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'nod-fuzz-'));
process.env.TMPDIR = folder;
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const say = (text: string) => process.stdout.write(`${text}\n`);
let done = 0;
const report = await fuzz({
  count: Number(values.count),
  withWhole: true,
  seed: Number(values.seed),
  hangMs: Number(values['hang-ms']),
  folder,
  formats: new RegExp(values.format, 'i'),
  only: values.only === undefined ? undefined : Number(values.only),
  keep: values.keep,
  onOutcome(outcome) {
    done += 1;
    if (outcome.fault !== undefined || values.only !== undefined) say(JSON.stringify(outcome));
    else if (done % 200 === 0) say(`${done} files …`);
  },
});
say(tableOf(report));
const faults = faultsOf(report);
for (const fault of faults) say(fault);
if (faults.length > 0) process.exitCode = 1;
