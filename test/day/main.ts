import { parseArgs } from 'node:util';
import { runDay } from './day.ts';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '24' },
    posts: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
  },
});
const report = await runDay({
  hours: Number(values.hours),
  posts: Number(values.posts),
  seed: Number(values.seed),
  say: (text) => console.log(text),
});
console.log(JSON.stringify({ ...report, looks: report.looks.length }, undefined, 2));
if (report.faults.length > 0) process.exitCode = 1;
