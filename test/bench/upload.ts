import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Chunk, chunkAfter, planChunks } from '../../src/core/publish/transfer/chunks.ts';
import { startTikTokEmulator, type TikTokEmulator } from '../emulators/tiktok/index.ts';
import { type Figure, median, megabytes } from './report.ts';
import { missingPrograms } from './wrk.ts';

const ROUNDS = 3;
const BYTES = 1_000_000_000;
/** What the page sends at once. */
const PART_BYTES = 50_000_000;
const PAGE = fileURLToPath(new URL('page-process.ts', import.meta.url));
const UPLOAD = fileURLToPath(new URL('../core/publish/transfer/upload-process.ts', import.meta.url));

const run = promisify(execFile);

interface Round {
  readonly ms: number;
  readonly grownBytes: number;
}

/** How fast big files come in by the upload page and go out to TikTok, each beside plain tools. */
export async function benchUpload(): Promise<Figure[]> {
  const missing = await missingPrograms(['curl']);
  if (missing.length > 0) {
    console.log('Uploads are skipped: install curl (apt-get install curl).\n');
    return [];
  }
  const scratch = await mkdtemp(join(tmpdir(), 'upload-'));
  const file = join(scratch, 'big.mp4');
  await writeFile(file, BYTES);
  const parts = await cut(scratch, partsOf(BYTES), 'part');
  const chunks = await cut(scratch, chunksOf(BYTES), 'chunk');
  const copy = join(scratch, 'copy');
  const figures = [
    ...(await compare({
      what: 'in by the upload page, 1 GB in parts of 50 MB',
      ours: () => uploadToPage(parts),
      tool: [
        'cp and sha256sum',
        () => timed(() => run('sh', ['-c', `cp ${file} ${copy} && sha256sum ${copy}`])),
      ],
      goal: 0.5,
    })),
    ...(await compare({
      what: 'out to TikTok by upload, 1 GB in chunks of 10 MB',
      ours: uploadToTikTok,
      tool: ['curl to the same emulator', () => curlToTikTok(chunks)],
      goal: 0.8,
    })),
  ];
  await rm(scratch, { recursive: true });
  return figures;
}

/** Medians of both, taken in turns after one round of warming up. */
async function compare({
  what,
  ours,
  tool: [name, theirs],
  goal,
}: {
  what: string;
  ours: () => Promise<Round>;
  tool: readonly [name: string, run: () => Promise<number>];
  goal: number;
}): Promise<Figure[]> {
  const rounds: Round[] = [];
  const yardsticks: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const measured = await ours();
    const yardstick = await theirs();
    if (round === 0) continue;
    rounds.push(measured);
    yardsticks.push(yardstick);
  }
  const rate = BYTES / 1_000 / median(rounds.map(({ ms }) => ms));
  const theirRate = BYTES / 1_000 / median(yardsticks);
  return [
    {
      what,
      figure: `${Math.round(rate)} MB/s`,
      beside: `${name} ${Math.round(theirRate)} MB/s: ${(rate / theirRate).toFixed(2)} of that, goal ≥ ${goal}`,
      isMet: rate / theirRate >= goal,
      why: `medians of ${ROUNDS} runs each.`,
    },
    {
      what: '  growth of Nod’s process meanwhile, at most',
      figure: megabytes(Math.max(...rounds.map(({ grownBytes }) => grownBytes))),
      beside: '',
    },
  ];
}

/** Until the file has its place in the media folder, hashed and on the disk. */
async function uploadToPage(parts: readonly string[]): Promise<Round> {
  const child = spawn(process.execPath, [PAGE], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: endpoint = '' } = await lines.next();
  const ms = await timed(async () => {
    const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': String(BYTES) };
    const begun = await fetch(endpoint, { method: 'POST', headers });
    if (begun.status !== 201) throw new Error(`The upload was not begun: ${begun.status}`);
    const url = new URL(begun.headers.get('location') ?? '', endpoint).href;
    // One curl for all parts, so that no program has to start meanwhile.
    const args = parts.flatMap((path, index) => [
      ...(index === 0 ? [] : ['--next']),
      ...['-sSf', '-X', 'PATCH', '-T', path, '-H', 'Tus-Resumable: 1.0.0'],
      ...[
        '-H',
        `Upload-Offset: ${index * PART_BYTES}`,
        '-H',
        'Content-Type: application/offset+octet-stream',
      ],
      url,
    ]);
    await run('curl', args);
  });
  child.stdin.end();
  const { value: grown } = await lines.next();
  await once(child, 'close');
  return { ms, grownBytes: Number(grown) };
}

/** From the post that is due until TikTok has the last chunk. */
async function uploadToTikTok(): Promise<Round> {
  await using tiktok = await startEmulator();
  const { apiUrl, app } = tiktok;
  const directory = await mkdtemp(join(tmpdir(), 'nod-'));
  const upload = { apiUrl, app, pair: tiktok.grant(), bytes: BYTES, directory };
  const child = spawn(process.execPath, [UPLOAD], {
    env: { ...process.env, UPLOAD: JSON.stringify(upload) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const round: Round = JSON.parse(await text(child.stdout));
  await tiktok.whenPublish(({ stage }) => stage === 'settled');
  await rm(directory, { recursive: true });
  return round;
}

async function curlToTikTok(chunks: readonly string[]): Promise<number> {
  await using tiktok = await startEmulator();
  const { videoSize, chunkSize, totalChunkCount } = planChunks(BYTES);
  const reply = await fetch(`${tiktok.apiUrl}/v2/post/publish/video/init/`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tiktok.grant().access_token}`,
      'content-type': 'application/json; charset=UTF-8',
    },
    body: JSON.stringify({
      post_info: {
        privacy_level: 'PUBLIC_TO_EVERYONE',
        brand_content_toggle: false,
        brand_organic_toggle: false,
      },
      source_info: {
        source: 'FILE_UPLOAD',
        video_size: videoSize,
        chunk_size: chunkSize,
        total_chunk_count: totalChunkCount,
      },
    }),
  });
  const { data } = (await reply.json()) as { data: { upload_url: string } };
  const ms = await timed(async () => {
    const args = chunksOf(BYTES).flatMap(({ first, last }, index) => [
      ...(index === 0 ? [] : ['--next']),
      // -T would write the name of the file into an address whose path ends with a slash.
      ...[
        '-sSf',
        '-X',
        'PUT',
        '--data-binary',
        `@${chunks[index]}`,
        '-H',
        'Content-Type: video/mp4',
        '-H',
        'Expect:',
      ],
      ...['-H', `Content-Range: bytes ${first}-${last}/${BYTES}`, data.upload_url],
    ]);
    await run('curl', args, { maxBuffer: 1e8 });
  });
  await tiktok.whenPublish(({ stage }) => stage === 'settled');
  return ms;
}

const startEmulator = (): Promise<TikTokEmulator> =>
  startTikTokEmulator({ strict: { checkMedia: false, creatorCaps: false } });

function partsOf(bytes: number): Chunk[] {
  const count = Math.ceil(bytes / PART_BYTES);
  return Array.from({ length: count }, (_, index) => ({
    first: index * PART_BYTES,
    last: Math.min(bytes, (index + 1) * PART_BYTES) - 1,
    isLast: index === count - 1,
  }));
}

function chunksOf(bytes: number): Chunk[] {
  const plan = planChunks(bytes);
  return Array.from({ length: plan.totalChunkCount }, (_, index) => chunkAfter(plan, index * plan.chunkSize));
}

/** A file for each part, as curl sends files whole. */
async function cut(folder: string, parts: readonly Chunk[], name: string): Promise<string[]> {
  const paths: string[] = [];
  for (const [index, { first, last }] of parts.entries()) {
    const path = join(folder, `${name}-${index}`);
    await writeFile(path, last - first + 1);
    paths.push(path);
  }
  return paths;
}

/** Bytes that the disk really holds. */
async function writeFile(path: string, bytes: number): Promise<void> {
  const block = Buffer.alloc(10_000_000, 'nod');
  const handle = await open(path, 'w');
  for (let at = 0; at < bytes; at += block.length)
    await handle.write(block, 0, Math.min(block.length, bytes - at));
  await handle.close();
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}
