import type { MediaStore } from '../../media/store/store.ts';
import { makePartBuffers, type PartBuffers, readParts } from '../../storage/read-parts.ts';
import { type Secrets, SecretUnreadableError } from '../../storage/secrets.ts';
import type { TikTokClient } from '../../tiktok/client.ts';
import type { ChunkOutcome } from '../../tiktok/types.ts';
import { chunkDelayMs } from '../pacing.ts';
import type { Waiting } from '../perform.ts';
import type { PostEvent, PostIn } from '../post.ts';
import type { PullCounts } from '../pull-progress.ts';
import type { Attempt, AttemptFile, ReleaseGate, UploadTarget } from '../release-gate.ts';
import { type Chunk, chunkAfter, planChunks } from './chunks.ts';

type Uploading = PostIn<'uploading'>;
type Target = UploadTarget & {
  readonly uploadUrl: string;
  readonly file: AttemptFile;
  readonly buffers: PartBuffers;
  /** When the bar on the card was moved last. */
  readonly shown: { at: number };
};

/** https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide */
const URL_LIFE_MS = 3_600_000;
/** No chunk begins that would end after the address has. */
const MARGIN_MS = 2 * 60_000;
const SHOWN_EVERY_MS = 1_000;
const PART_BYTES = 512 * 1024;

/** The attempt is revoked, or gone: what was sent cannot become a post, and a new attempt is safe. */
const BROKEN_OFF: PostEvent = {
  type: 'refused',
  failure: { reason: 'upload_failed' },
  next: { type: 'retry' },
};

/**
 * Sends videos to TikTok chunk by chunk, each once at a time and in order.
 *
 * Why it is published exactly once: TikTok makes no post of an upload that lacks its last chunk, and one `publish_id` is one
 * post at most.
 * 1. The `publish_id` and where its chunks go are on the disk before the first chunk (`uploading`).
 * 2. The last chunk leaves only after `released` is on the disk, by compare-and-set. Until then the attempt can be revoked,
 *    after which nobody can send that chunk any more: a crash, a cancel or a lost address leaves nothing at TikTok that
 *    could be seen, and another attempt is safe.
 * 3. From `released` on there is no other attempt but after TikTok's FAILED, whatever happened to the last chunk and its
 *    reply. It may be sent once more, but only to the same `publish_id`, and after TikTok has said that it lacks it.
 *
 * Where TikTok is, is known from its replies; after a crash, or a reply that proves nothing, its status is asked first.
 */
export function createUploader({
  gate,
  client,
  waiting,
  pulls,
  secrets,
  mediaStore,
  now,
}: {
  gate: ReleaseGate;
  client: Pick<TikTokClient, 'uploadChunk'>;
  waiting: Pick<Waiting, 'cancelled'>;
  pulls: Pick<PullCounts, 'sent'>;
  secrets: Secrets;
  mediaStore: Pick<MediaStore, 'fetch'>;
  now: () => number;
}) {
  /** How many bytes TikTok has of each attempt, where that is known. */
  const positions = new Map<string, number>();
  const runs = new Map<string, { readonly post: Uploading; readonly cancelling: AbortController }>();
  const stopping = new AbortController();

  /** Notes what `init` has answered for an upload; the attempt as it is now. */
  async function begin(
    attempt: Attempt,
    { publishId, uploadUrl, askedAt }: { publishId: string; uploadUrl: string; askedAt: number },
  ): Promise<Attempt | undefined> {
    const url = secrets.seal(uploadUrl, placeOf(attempt));
    const upload = { url, expiresAt: askedAt + URL_LIFE_MS, plan: planChunks(fileOf(attempt).bytes) };
    const accepted = await gate.accept(attempt.id, { publishId, upload });
    if (accepted?.state === 'uploading') positions.set(attempt.id, 0);
    return accepted;
  }

  /** Sends what TikTok lacks; undefined where there is nothing to do yet, or the process ends. */
  async function upload(
    post: Uploading,
    { isDue, readStatus }: { isDue: boolean; readStatus: (post: Uploading) => Promise<PostEvent> },
  ): Promise<PostEvent | undefined> {
    const attempt = await gate.read(post.attemptId);
    if (attempt === undefined || attempt.state === 'revoked' || attempt.state === 'sealed') return BROKEN_OFF;
    if (attempt.upload === undefined) return { type: 'handed_over', uploadedBytes: 0 };
    if (attempt.state === 'uploading') {
      const stopped = await waiting.cancelled(post);
      if (stopped !== undefined) return giveUp(attempt, stopped);
    }
    if (!isDue) return undefined;
    const run = { post, cancelling: new AbortController() };
    runs.set(post.id, run);
    try {
      return await send(post, { attempt, target: attempt.upload, run, readStatus });
    } finally {
      if (runs.get(post.id) === run) runs.delete(post.id);
    }
  }

  type Sending = {
    attempt: Attempt;
    target: UploadTarget;
    run: { readonly cancelling: AbortController };
    readStatus: (post: Uploading) => Promise<PostEvent>;
  };

  async function send(
    post: Uploading,
    { attempt, target: { url, ...upload }, run, readStatus }: Sending,
  ): Promise<PostEvent | undefined> {
    const { id } = attempt;
    const { plan, expiresAt } = upload;
    let isReleased = attempt.state === 'released';
    let position = positions.get(id);
    if (position === undefined) {
      const read = await readStatus(post);
      if (isTerminal(read)) return read;
      if (read.type !== 'status_read') {
        const retryAfterMs = read.type === 'status_unread' ? read.retryAfterMs : undefined;
        return pause(post, attempt, { uploadedBytes: post.uploadedBytes, retryAfterMs });
      }
      position = read.status.uploadedBytes ?? 0;
    }
    const uploadUrl = openUrl(attempt, url);
    // With another key than it was encrypted with, nobody can send anything there any more.
    if (uploadUrl === undefined) return giveUp(attempt, BROKEN_OFF, position);
    const [file, buffers] = [fileOf(attempt), makePartBuffers(PART_BYTES)];
    const target = { ...upload, url, uploadUrl, file, buffers, shown: { at: Number.NEGATIVE_INFINITY } };

    while (position < plan.videoSize) {
      const chunk = chunkAfter(plan, position);
      if (now() >= expiresAt - MARGIN_MS) return giveUp(attempt, BROKEN_OFF, position);
      if (!isReleased) {
        const stopped = await waiting.cancelled(post);
        if (stopped !== undefined) return giveUp(attempt, stopped);
      }
      if (chunk.isLast && !isReleased) {
        const released = await gate.release(id, post.publishId);
        if (released?.state !== 'released') return giveUp(attempt, BROKEN_OFF);
        isReleased = true;
      }
      // What is under way with the last chunk cannot be cancelled any more.
      const signals = chunk.isLast ? [stopping.signal] : [stopping.signal, run.cancelling.signal];
      const outcome = await sendChunk(attempt, { target, chunk, signal: AbortSignal.any(signals) });
      if (outcome.type === 'taken') {
        position = chunk.last + 1;
        positions.set(id, position);
        const isInStep = outcome.uploadedBytes === undefined || outcome.uploadedBytes === position;
        if (!isInStep) positions.delete(id);
        if (outcome.isComplete || position === plan.videoSize) break;
        if (isInStep) continue;
        return pause(post, attempt, { uploadedBytes: position });
      }
      if (outcome.type !== 'try_again') positions.delete(id);
      if (stopping.signal.aborted) return undefined;
      if (run.cancelling.signal.aborted && !isReleased) {
        const stopped = await waiting.cancelled(post);
        if (stopped !== undefined) return giveUp(attempt, stopped);
      }
      const isOver = outcome.type === 'expired' || outcome.type === 'unknown' || outcome.type === 'refused';
      if (isOver && !isReleased) return giveUp(attempt, BROKEN_OFF);
      return pause(post, attempt, { uploadedBytes: position });
    }
    return handOver(attempt, plan.videoSize, post.publishId);
  }

  function openUrl(attempt: Attempt, url: string): string | undefined {
    try {
      return secrets.open(url, placeOf(attempt));
    } catch (error) {
      if (error instanceof SecretUnreadableError) return undefined;
      throw error;
    }
  }

  /** All is there, or as much as can be told: from here on TikTok's status says what became of it. */
  async function handOver(attempt: Attempt, uploadedBytes: number, publishId: string): Promise<PostEvent> {
    positions.delete(attempt.id);
    const file = fileOf(attempt);
    if (uploadedBytes === file.bytes) pulls.sent(attempt, file.name, file.bytes);
    const released = await gate.release(attempt.id, publishId);
    return released?.state === 'released' ? { type: 'handed_over', uploadedBytes } : BROKEN_OFF;
  }

  /** Revokes the attempt; one that is released stays so, and its post follows TikTok's status. */
  async function giveUp(attempt: Attempt, event: PostEvent, uploadedBytes = 0): Promise<PostEvent> {
    positions.delete(attempt.id);
    const current = await gate.revoke(attempt.id);
    return current?.state === 'released' ? { type: 'handed_over', uploadedBytes } : event;
  }

  async function pause(
    post: Uploading,
    attempt: Attempt,
    { uploadedBytes, retryAfterMs }: { uploadedBytes: number; retryAfterMs?: number | undefined },
  ): Promise<PostEvent> {
    const comesOn = uploadedBytes > post.uploadedBytes;
    if (!comesOn && chunkDelayMs(post.failures) === undefined)
      return giveUp(attempt, BROKEN_OFF, uploadedBytes);
    return { type: 'upload_paused', uploadedBytes, retryAfterMs };
  }

  async function sendChunk(
    attempt: Attempt,
    { target, chunk, signal }: { target: Target; chunk: Chunk; signal: AbortSignal },
  ): Promise<ChunkOutcome> {
    const { file, uploadUrl, plan, buffers } = target;
    const broken: { error?: unknown } = {};
    using local = await mediaStore.fetch(file.key);
    const body = readChunk(local.path, chunk, {
      buffers,
      onSent: (upTo) => show(attempt, target, Math.min(upTo, file.bytes - 1)),
      onError: (error) => {
        broken.error = error;
      },
    });
    const { first, last } = chunk;
    const request = { first, last, total: plan.videoSize, contentType: file.contentType, body, signal };
    const outcome = await client.uploadChunk(uploadUrl, request);
    // What our own disk fails with is not TikTok's silence.
    if (broken.error !== undefined) throw broken.error;
    return outcome;
  }

  /** Moves the bar on the card, once a second at most. */
  function show(attempt: Attempt, { file, shown }: Target, upTo: number): void {
    const isEarly = now() >= shown.at && now() - shown.at < SHOWN_EVERY_MS;
    if (isEarly) return;
    shown.at = now();
    pulls.sent(attempt, file.name, upTo);
  }

  /** Ends the sending of a post that somebody has stopped meanwhile, while that still holds it back for certain. */
  async function reconsider(postId: string): Promise<void> {
    const run = runs.get(postId);
    if (run !== undefined && (await waiting.cancelled(run.post)) !== undefined) run.cancelling.abort();
  }

  /** Cuts what is under way; the next start goes on with it. */
  function stop(): void {
    stopping.abort();
  }

  return { begin, upload, reconsider, stop };
}

export type Uploader = ReturnType<typeof createUploader>;

const placeOf = ({ id }: Attempt): string => `upload ${id}`;

function fileOf({ files }: Attempt): AttemptFile {
  const [file] = files;
  if (file === undefined) throw new TypeError('An attempt has a file.');
  return file;
}

/** Whether TikTok has said how the publish ended, or a person has to choose anew because of that. */
const isTerminal = (read: PostEvent): boolean =>
  read.type !== 'status_unread' &&
  (read.type !== 'status_read' ||
    read.failure !== undefined ||
    ['FAILED', 'PUBLISH_COMPLETE', 'SEND_TO_USER_INBOX'].includes(read.status.status));

/** The bytes of a chunk, a part at a time; `onSent` is told how far the connection has taken them. */
async function* readChunk(
  path: string,
  { first, last }: Chunk,
  {
    buffers,
    onSent,
    onError,
  }: {
    buffers: PartBuffers;
    onSent: (upTo: number) => void;
    onError: (error: unknown) => void;
  },
): AsyncGenerator<Uint8Array, void> {
  let at = first;
  try {
    for await (const part of readParts(path, { start: first, end: last + 1, buffers })) {
      yield part;
      at += part.length;
      onSent(at);
    }
    if (at <= last) throw new Error('A media file is shorter than it was when it was stored.');
  } catch (error) {
    onError(error);
    throw error;
  }
}
