import { open } from 'node:fs/promises';
import { readParts } from '../../storage/read-parts.ts';
import type { MediaStore } from '../store/store.ts';
import type { StoredFile } from '../types.ts';
import { VIDEO_LIMITS } from '../types.ts';
import { factsOfMp4, type VideoFacts } from './facts.ts';
import type { Mp4Cleaning } from './mp4/clean.ts';
import { runMp4Job } from './mp4/jobs.ts';

/** Copies an MP4 without what it tells beside picture and sound; its media stays as it is, byte for byte. */
export async function storeCleaned(
  store: MediaStore,
  source: StoredFile,
  { extension, signal }: { extension: string; signal: AbortSignal | undefined },
): Promise<StoredFile> {
  using local = await store.fetch(source);
  const { path } = local;
  const content = await runMp4Job({ path, hasUnits: false }, { signal });
  if (!content?.cleaning) throw new Error('A video that was to be cleaned cannot be.');
  const { cleaning } = content;
  const limits = { maxBytes: VIDEO_LIMITS.maxBytes, expectedBytes: cleaning.end, extension };
  return await store.add(cleaned(path, cleaning, signal), limits);
}

/** Overwrites in an MP4 of ours what ffmpeg says about itself, and says what is in it. */
export async function cleanInPlace(path: string, signal: AbortSignal | undefined): Promise<VideoFacts> {
  const content = await runMp4Job({ path, hasUnits: false }, { signal });
  if (!content?.cleaning) throw new Error('An MP4 of our own cannot be cleaned.');
  const handle = await open(path, 'r+');
  try {
    for (const { start, end, bytes = Buffer.alloc(end - start) } of content.cleaning.edits)
      await handle.write(bytes, 0, end - start, start);
    const { size } = await handle.stat();
    return factsOfMp4(content, { bytes: size });
  } finally {
    await handle.close();
  }
}

/** The bytes of a cleaned file. */
async function* cleaned(path: string, { edits, end }: Mp4Cleaning, signal: AbortSignal | undefined) {
  let start = 0;
  let edit = 0;
  for await (const part of readParts(path, { end })) {
    signal?.throwIfAborted();
    for (; edit < edits.length && (edits[edit]?.start ?? 0) < start + part.length; edit += 1) {
      const one = edits[edit];
      if (!one) continue;
      const [from, to] = [Math.max(0, one.start - start), Math.min(part.length, one.end - start)];
      if (one.bytes) part.set(one.bytes.subarray(start + from - one.start, start + to - one.start), from);
      else part.fill(0, from, to);
      // The rest of it lies in the next part.
      if (one.end > start + part.length) break;
    }
    yield part;
    start += part.length;
  }
}
