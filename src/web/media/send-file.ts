import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MediaSource } from '../../core/media/store/store.ts';

const CHUNK_BYTES = 512 << 10;

/** The two ends of a request, as Node has them. */
export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** What is sent: the bytes from `start` up to `end` (exclusive). */
interface Part {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly start: number;
  readonly end: number;
}

/**
 * Sends a part of a file and tells after each chunk how far the socket has taken it. Returns early when the client goes
 * away. Throws before the headers when the file cannot be opened.
 */
export function sendMedia(
  exchange: Exchange,
  { source, ...part }: Part & { source: MediaSource },
  onSent: (end: number) => void,
): Promise<void> {
  return 'path' in source
    ? sendFile(exchange, { ...part, path: source.path }, onSent)
    : passOn(exchange, { ...part, fetchPart: source.fetchPart }, onSent);
}

/**
 * Two buffers take turns, one being filled while the other is sent: streams make a new one for each chunk, which costs
 * three times the processor.
 */
async function sendFile(
  { incoming, outgoing }: Exchange,
  file: Part & { path: string },
  onSent: (end: number) => void,
): Promise<void> {
  const handle = await open(file.path);
  const gone = Promise.withResolvers<void>();
  // A pipelined response that has not had its turn is never closed itself, so the socket is watched.
  incoming.socket.once('close', gone.resolve);
  try {
    if (incoming.socket.destroyed) return;
    outgoing.writeHead(file.status, file.headers);
    await copy(handle, file, outgoing, gone.promise, onSent);
    outgoing.end();
  } catch (error) {
    // The headers have promised more: only a cut connection says that this is not all.
    if (outgoing.headersSent) outgoing.destroy();
    throw error;
  } finally {
    incoming.socket.off('close', gone.resolve);
    await handle.close();
  }
}

/** Hands on what comes from elsewhere, as fast as it is taken. */
async function passOn(
  { incoming, outgoing }: Exchange,
  { status, headers, start, end, fetchPart }: Part & Extract<MediaSource, { fetchPart: unknown }>,
  onSent: (end: number) => void,
): Promise<void> {
  const leaving = new AbortController();
  const gone = Promise.withResolvers<boolean>();
  const leave = (): void => {
    gone.resolve(false);
    leaving.abort();
  };
  incoming.socket.once('close', leave);
  try {
    if (incoming.socket.destroyed) return;
    let position = start;
    const parts = await fetchPart({ start, end, isWhole: status === 200, signal: leaving.signal });
    outgoing.writeHead(status, headers);
    for await (const part of parts) {
      position += part.byteLength;
      if (position > end) break;
      const written = new Promise<boolean>((resolve) => {
        outgoing.write(part, (error) => resolve(!error));
      });
      if (!(await Promise.race([written, gone.promise]))) return;
      onSent(position);
    }
    if (position !== end) throw new Error('A media file is not as long as it was when it was stored.');
    outgoing.end();
  } catch (error) {
    if (outgoing.headersSent) outgoing.destroy();
    if (!leaving.signal.aborted) throw error;
  } finally {
    incoming.socket.off('close', leave);
    leaving.abort();
  }
}

async function copy(
  handle: FileHandle,
  { start, end }: { start: number; end: number },
  outgoing: ServerResponse,
  gone: Promise<void>,
  onSent: (end: number) => void,
): Promise<void> {
  const size = Math.min(CHUNK_BYTES, end - start);
  let [filling, leaving] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
  let isTaken: Promise<boolean> = Promise.resolve(true);
  let position = start;
  while (position < end) {
    const { bytesRead } = await handle.read(filling, 0, Math.min(size, end - position), position);
    if (bytesRead === 0) throw new Error('A media file is shorter than it was when it was stored.');
    // Only now is the other buffer free again.
    if (!(await isTaken)) return;
    position += bytesRead;
    isTaken = write(outgoing, filling.subarray(0, bytesRead), position);
    [filling, leaving] = [leaving, filling];
  }
  await isTaken;

  async function write(to: ServerResponse, chunk: Buffer, upTo: number): Promise<boolean> {
    const written = new Promise<boolean>((resolve) => {
      to.write(chunk, (error) => resolve(!error));
    });
    const isWritten = await Promise.race([written, gone.then(() => false)]);
    if (isWritten) onSent(upTo);
    return isWritten;
  }
}
