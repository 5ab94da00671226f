import type { ChunkPlan } from '../../tiktok/types.ts';

const CHUNK_BYTES = 10_000_000;
const MAX_CHUNK_BYTES = 64_000_000;
const MAX_CHUNKS = 1_000;

/** A part of a file; `last` is its last byte, as in `Content-Range`. */
export interface Chunk {
  readonly first: number;
  readonly last: number;
  readonly isLast: boolean;
}

/**
 * Cuts a video of this many bytes into chunks.
 *
 * TikTok takes 1 to 1000 chunks of 5 to 64 MB, a smaller video whole, and the last chunk with what is left over. It does not
 * say whether its MB are decimal; these sizes fit both readings.
 * https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
 *
 * @throws RangeError where no chunks can hold it.
 */
export function planChunks(videoSize: number): ChunkPlan {
  if (!Number.isSafeInteger(videoSize) || videoSize < 1)
    throw new RangeError('A video to upload has at least one byte.');
  if (videoSize < CHUNK_BYTES) return { videoSize, chunkSize: videoSize, totalChunkCount: 1 };
  const chunkSize = Math.max(CHUNK_BYTES, Math.ceil(videoSize / MAX_CHUNKS));
  if (chunkSize > MAX_CHUNK_BYTES) throw new RangeError('The video is too big for 1000 chunks.');
  return { videoSize, chunkSize, totalChunkCount: Math.floor(videoSize / chunkSize) };
}

/** The chunk that comes after this many bytes; what is no whole number of chunks is sent anew from the last that is. */
export function chunkAfter({ videoSize, chunkSize, totalChunkCount }: ChunkPlan, bytes: number): Chunk {
  const index = Math.min(Math.floor(bytes / chunkSize), totalChunkCount - 1);
  const isLast = index === totalChunkCount - 1;
  const first = index * chunkSize;
  return { first, last: isLast ? videoSize - 1 : first + chunkSize - 1, isLast };
}
