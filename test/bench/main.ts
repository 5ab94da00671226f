// The figures that Nod is held to, all from one run: its own process, emulators of TikTok and the chats, nginx and wrk on
// the loopback interface of one machine. They say how Nod compares there; networks and disks elsewhere differ.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchLimits } from './limits.ts';
import { benchMachines } from './machines.ts';
import { benchMedia } from './media.ts';
import { benchRecords } from './records.ts';
import { type Figure, machineLine, table } from './report.ts';
import { benchScale } from './scale.ts';
import { benchServing } from './serving.ts';
import { benchBothChats, benchStartToLive } from './start-to-live.ts';
import { benchStatements } from './statements.ts';
import { benchTaps } from './taps.ts';
import { benchUpload } from './upload.ts';

const DEADLINE_MS = 15 * 60_000;

// Everything that is made on the way lies below one folder, which goes even when the run is interrupted.
const scratch = mkdtempSync(join(tmpdir(), 'nod-bench-'));
process.env.TMPDIR = scratch;
process.on('exit', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
setTimeout(giveUp, DEADLINE_MS).unref();

const PARTS = [
  ['start', 'Starting Nod and publishing an album and a video …', benchStartToLive],
  ['chats', 'Starting Nod with both chats …', benchBothChats],
  ['taps', 'Tapping “Post now” …', benchTaps],
  ['statements', 'Counting what is asked of the database …', benchStatements],
  ['records', 'Reading and writing records …', benchRecords],
  ['scale', 'Starting with many open posts …', benchScale],
  ['serving', 'Serving media …', benchServing],
  ['media', 'Preparing media …', benchMedia],
  ['limits', 'Looking at the limits of accounts …', benchLimits],
  ['machines', 'Posting with several processes …', benchMachines],
  ['upload', 'Uploading big files …', benchUpload],
] as const;
const wanted = process.argv.slice(2);
const known = PARTS.map(([name]): string => name);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}; the parts are ${known.join(', ')}.`);
  process.exit(2);
}

console.log(`${machineLine()}\n`);
const figures: Figure[] = [];
for (const [name, what, bench] of PARTS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.error(what);
  figures.push(...(await bench()));
}
console.log(`\n${table(figures)}`);

function giveUp(): void {
  console.error('The bench has taken too long and gives up.');
  process.exit(1);
}
