import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { UNDECIDED } from '../../src/core/compose/draft.ts';
import { createMediaStore } from '../../src/core/media/store/local.ts';
import type { MediaKind, PreparedMedia } from '../../src/core/media/types.ts';
import { hashContent, type Post } from '../../src/core/publish/post.ts';
import { type Attempt, createReleaseGate } from '../../src/core/publish/release-gate.ts';
import { openStores } from '../../src/core/storage/database.ts';
import type { World } from '../world.ts';

const VIDEO_BYTES = 50 * 1024 ** 2;
const PHOTO_BYTES = 200 * 1024;
const HOUR_MS = 3_600_000;

/**
 * Puts a video of 50 MB and a photo of 200 KB, both released, into a data folder that no Nod runs over yet.
 *
 * No chat lets a bot have a file of 50 MB, so these two do not come through one. Nod's own modules write what a run
 * leaves behind that ended right after TikTok's reply to `init`: the file, the released attempt and the post in
 * `processing` that keeps the attempt open. Everything that serves them afterwards is Nod as it is.
 */
export async function seedReleased({ dataDir, publicUrl, telegram }: World) {
  await using stores = openStores({ file: join(dataDir, 'nod.db') });
  const posts = stores.store<Post>('posts');
  const gate = createReleaseGate({ attempts: stores.store<Attempt>('attempts'), now: Date.now });
  const mediaStore = createMediaStore({ directory: join(dataDir, 'media') });
  const chat = `telegram:${telegram.anaChat.id}`;

  async function seed(kind: MediaKind, content: Buffer) {
    const extension = kind === 'photo' ? 'jpg' : 'mp4';
    const file = await mediaStore.add(Readable.from([content]), { maxBytes: content.length, extension });
    const contentType = kind === 'photo' ? 'image/jpeg' : 'video/mp4';
    const media: PreparedMedia = { kind, file, contentType, width: 720, height: 1280, changes: [] };
    const attempt = await gate.open({ postId: `bench-${kind}`, media: [media] });
    await gate.claimCall(attempt.id);
    await gate.release(attempt.id, `bench.${kind}`);
    await posts.create(attempt.postId, postOf({ kind, media, attempt, chat }));
    const url = `${publicUrl}/media/${attempt.id}/${attempt.files[0]?.name}`;
    return { url, path: mediaStore.path(file), bytes: content.length };
  }

  const photo = await seed('photo', await makePhoto());
  const video = await seed('video', await makeVideo());
  return { photo, video };
}

export type Seeded = Awaited<ReturnType<typeof seedReleased>>['photo'];

function postOf(about: { kind: MediaKind; media: PreparedMedia; attempt: Attempt; chat: string }) {
  const { kind, media, attempt, chat } = about;
  const at = Date.now();
  const content = {
    kind,
    postMode: 'DIRECT_POST' as const,
    openId: 'bench',
    caption: '',
    settings: UNDECIDED,
    sources: [{ name: `bench.${kind}`, file: media.file }],
  };
  const { postId } = attempt;
  return {
    id: postId,
    draftId: postId,
    workspace: chat,
    chat,
    author: { id: chat, name: 'Ana' },
    account: { nickname: 'Bench' },
    content,
    contentHash: hashContent(content),
    media: [media],
    createdAt: at,
    attempts: 1,
    retries: 0,
    status: 'processing' as const,
    attemptId: attempt.id,
    publishId: `bench.${kind}`,
    since: at,
    checks: 0,
    checkedAt: at,
    nextCheckAt: at + HOUR_MS,
    pulledBytes: 0,
  };
}

/** A valid MP4 that a `free` box fills up; ISO/IEC 14496-12 lets readers skip such a box. */
async function makeVideo(): Promise<Buffer> {
  const playable = await readFile(new URL('../fixtures/tiktok-h264.mp4', import.meta.url));
  const box = Buffer.alloc(VIDEO_BYTES - playable.length, 'nod');
  box.writeUInt32BE(box.length, 0);
  box.write('free', 4);
  return Buffer.concat([playable, box]);
}

/** A JPEG that comment segments, of at most 65,537 bytes each, fill up. */
async function makePhoto(): Promise<Buffer> {
  const jpeg = await makeJpeg(0);
  const missing = PHOTO_BYTES - jpeg.length;
  const count = Math.ceil(missing / 65_537);
  const comments = Array.from({ length: count }, (_, index) => {
    const segment = Buffer.alloc(Math.floor(missing / count) + (index < missing % count ? 1 : 0), 'nod');
    segment.writeUInt16BE(0xff_fe, 0);
    segment.writeUInt16BE(segment.length - 2, 2);
    return segment;
  });
  return Buffer.concat([jpeg.subarray(0, 2), ...comments, jpeg.subarray(2)]);
}

/** A small photo of one colour; another number gives other bytes. */
export function makeJpeg(number: number): Promise<Buffer> {
  const background = { r: number % 256, g: (number * 7) % 256, b: 90 + Math.floor(number / 256) };
  return sharp({ create: { width: 360, height: 640, channels: 3, background } })
    .jpeg()
    .toBuffer();
}
