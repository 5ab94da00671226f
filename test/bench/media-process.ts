// A process of its own for `media.ts`: brings files into a draft as a chat's would come, waits until all of them are
// ready, and prints as JSON how long that took and with how much. `node media-process.ts FOLDER FILE…`
import { createReadStream, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import pino from 'pino';
import type { Draft } from '../../src/core/compose/draft.ts';
import { createCore } from '../../src/core/index.ts';
import { findFfmpeg } from '../../src/core/media/ffmpeg.ts';
import { createMediaStore } from '../../src/core/media/store/local.ts';
import { DEFAULT_PACING } from '../../src/core/publish/pacing.ts';
import { openStores } from '../../src/core/storage/database.ts';
import { createTikTokClient } from '../../src/core/tiktok/client.ts';
import { NO_CHATS, WITHOUT_LIMITS } from '../core/nod.ts';
import type { Prepared } from './media.ts';

/** Nothing listens there: a place without accounts asks TikTok nothing. */
const NOWHERE = 'http://127.0.0.1:9';
const SAMPLE_MS = 10;

const [directory = '', ...paths] = process.argv.slice(2);
await using stores = openStores({ file: join(directory, 'nod.db') });
const log = pino({ level: 'error' }, pino.destination(2));
const client = createTikTokClient({ apiUrl: NOWHERE, clientKey: '', clientSecret: '', log });
const core = createCore({
  stores,
  client,
  mediaStore: createMediaStore({ directory: join(directory, 'media') }),
  findFfmpeg,
  publicUrl: NOWHERE,
  pacing: DEFAULT_PACING,
  now: Date.now,
  log,
  secretKey: 'bench',
  tiktok: { clientKey: '', authorizeUrl: NOWHERE },
  access: { isOpen: true },
  limits: WITHOUT_LIMITS,
  keepPostsMs: Number.POSITIVE_INFINITY,
  chats: { ...NO_CHATS, openFile: async (_chat, path) => createReadStream(path) },
});
const delay = monitorEventLoopDelay({ resolution: SAMPLE_MS });
delay.enable();

const startedAt = performance.now();
const copied = whenDraft((draft) => draft.files.every(({ state }) => state !== 'waiting'));
const done = whenDraft((draft) => draft.files.every(({ state }) => state === 'ready' || state === 'refused'));
for (const [order, path] of paths.entries()) {
  const { size: bytes } = await stat(path);
  const file = { id: String(order + 1), order, album: 'bench', name: basename(path), ref: path, bytes };
  await core.composer.offer({
    workspace: 'bench',
    chat: 'telegram:1',
    person: { id: 'telegram:1', name: 'Bench' },
    file: { ...file, state: 'waiting' },
  });
}
const copiedMs = copied.then(() => performance.now() - startedAt);
const { files } = await done;
const report: Prepared = {
  readyMs: performance.now() - startedAt,
  copiedMs: await copiedMs,
  peakBytes: peakBytes(),
  delayMs: delay.percentile(99) / 1e6 - SAMPLE_MS,
  files: files.map((file) => {
    if (file.state !== 'ready') throw new Error(`${file.name} is not ready: ${JSON.stringify(file)}`);
    return { name: file.name, bytes: file.media.file.bytes, changes: file.media.changes };
  }),
};
await core.stop();
await client.close();
console.log(JSON.stringify(report));

function whenDraft(fits: (draft: Draft) => boolean): Promise<Draft> {
  return new Promise((resolve, reject) => {
    const draftChanged = (id: string) => {
      core.drafts.get(id).then((draft) => {
        if (draft?.files.length === paths.length && fits(draft)) resolve(draft);
      }, reject);
    };
    core.listen({ draftChanged, postChanged: () => {} });
  });
}

/** The most that was resident at any time, threads included; 0 where the system has no /proc. */
function peakBytes(): number {
  if (process.platform !== 'linux') return 0;
  const [, kibibytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
