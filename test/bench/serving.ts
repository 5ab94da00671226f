import { createHash } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createWorld } from '../world.ts';
import { startNginx } from './nginx.ts';
import { startNod } from './nod-process.ts';
import { type Figure, median } from './report.ts';
import { type Seeded, seedReleased } from './seed.ts';
import { load, missingPrograms } from './wrk.ts';

const ROUNDS = 3;
const SECONDS = 3;

/** How fast a puller gets released media from Nod, beside nginx over the very same files. */
export async function benchServing(): Promise<Figure[]> {
  const missing = await missingPrograms(['nginx', 'wrk']);
  if (missing.length > 0) {
    console.log(`Serving media is skipped: install ${missing.join(' and ')} (apt-get install nginx wrk).\n`);
    return [];
  }
  await using world = await createWorld();
  const { photo, video } = await seedReleased(world);
  const scratch = await mkdtemp(join(tmpdir(), 'nginx-'));
  await using _nod = await startNod(world, { logFile: join(scratch, 'nod.log') });
  await using nginx = await startNginx({ root: dirname(photo.path), scratch });

  async function compare(what: string, file: Seeded, connections: number, goal: number): Promise<Figure> {
    const ours = file.url;
    const theirs = `${nginx.url}/${basename(file.path)}`;
    for (const url of [ours, theirs]) await check(url, file);
    const [nod, other] = await alternate(ours, theirs, connections);
    const ratio = nod / other;
    return {
      what: `${what}, ${connections} connections of wrk`,
      figure: speed(nod),
      beside: `nginx ${speed(other)}: ${ratio.toFixed(2)} of it, goal ≥ ${goal}`,
      isMet: ratio >= goal,
      why: `medians of ${ROUNDS} runs of ${SECONDS} s; see where Nod's processor time goes with node --cpu-prof.`,
    };
  }

  return [
    await compare('a video of 50 MB', video, 4, 0.7),
    await compare('a photo of 200 KB', photo, 16, 0.5),
  ];
}

/** Medians of both, after a second of warming up each. */
async function alternate(ours: string, theirs: string, connections: number): Promise<[number, number]> {
  const speeds: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const seconds = round === 0 ? 1 : SECONDS;
    const nod = await load(ours, { connections, seconds });
    const nginx = await load(theirs, { connections, seconds });
    if (round === 0) continue;
    speeds[0].push(nod);
    speeds[1].push(nginx);
  }
  return [median(speeds[0]), median(speeds[1])];
}

/** What is measured is the file itself and no page of an error. */
async function check(url: string, { path }: Seeded): Promise<void> {
  const response = await fetch(url);
  const [got, wanted] = [Buffer.from(await response.arrayBuffer()), await readFile(path)].map(hashOf);
  if (response.status !== 200 || got !== wanted)
    throw new Error(`A server answers ${response.status} or other bytes.`);
}

const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

const speed = (bytesPerSecond: number) =>
  bytesPerSecond >= 1e9
    ? `${(bytesPerSecond / 1e9).toFixed(2)} GB/s`
    : `${Math.round(bytesPerSecond / 1e6)} MB/s`;
