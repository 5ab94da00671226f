import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { createMediaStore } from '../../../../src/core/media/store/local.ts';
import { DEFAULT_PACING } from '../../../../src/core/publish/pacing.ts';
import type { Post } from '../../../../src/core/publish/post.ts';
import type { Fresh } from '../../../../src/core/storage/database.ts';
import type { TikTokEmulator } from '../../../emulators/tiktok/index.ts';
import { grantOf } from '../../core-world.ts';
import { openNod } from '../../nod.ts';
import { ANA, baseWith, CHAT, contentWith, WORKSPACE } from '../../posts.ts';

/*
 * A process that uploads a sparse file to an emulator of another one, and prints how long that took and by how many bytes it
 * has grown meanwhile.
 */
const { apiUrl, app, pair, bytes, directory } = JSON.parse(process.env.UPLOAD ?? '');
const sha256 = 'a'.repeat(64);
const file = { key: `${sha256}.mp4`, sha256, bytes };
const media = join(directory, 'media');
await mkdir(media);
const handle = await open(join(media, file.key), 'w');
await handle.truncate(bytes);
await handle.close();

const tiktok = { apiUrl, authorizeUrl: apiUrl, app, clock: { now: Date.now } } as TikTokEmulator;
await using nod = openNod({
  directory,
  mediaStore: createMediaStore({ directory: media }),
  tiktok,
  publicUrl: 'http://127.0.0.1',
  pacing: { ...DEFAULT_PACING, takeBackMs: 0 },
  log: pino({ level: 'silent' }),
  videoTransfer: 'upload',
});
const where = { workspace: WORKSPACE, chat: CHAT, person: ANA, info: undefined };
await nod.accounts.connect({ ...where, grant: grantOf(pair) });
const sources = [{ name: 'big.mp4', file }];
const content = contentWith({ openId: pair.open_id, kind: 'video', sources });
const size = { width: 360, height: 640 };
const prepared = { kind: 'video' as const, file, contentType: 'video/mp4' as const, ...size, changes: [] };
const { version: _, ...base } = baseWith({ content, media: [prepared], createdAt: Date.now() });
const post: Fresh<Post> = { ...base, status: 'queued', notBefore: 0 };
await nod.posts.create(post.id, post);

const before = process.memoryUsage.rss();
let most = before;
const startedAt = performance.now();
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss());
}, 10);
for (let status = ''; status !== 'processing'; status = (await nod.posts.get(post.id))?.status ?? '') {
  await nod.publisher.tick(post.id);
}
clearInterval(watch);
const ms = performance.now() - startedAt;
process.stdout.write(JSON.stringify({ ms, grownBytes: most - before }));
