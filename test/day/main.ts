import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runDay } from './day.ts';

const MEMORY = '/dev/shm';
const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '24' },
    posts: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
});
// Nod waits for the disk at each of its writes, which other work on it may hold up for minutes.
if (existsSync(MEMORY)) process.env.TMPDIR = MEMORY;
const report = await runDay({
  hours: Number(values.hours),
  posts: Number(values.posts),
  seed: Number(values.seed),
  say: (text) => console.log(text),
});
console.log(JSON.stringify({ ...report, looks: report.looks.length }, undefined, 2));
if (report.faults.length > 0) process.exitCode = 1;
