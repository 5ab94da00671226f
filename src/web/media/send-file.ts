import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';

const CHUNK_BYTES = 512 << 10;

/** The two ends of a request, as Node has them. */
export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/**
 * Sends a part of a file and tells after each chunk how far the socket has taken it; `end` is exclusive.
 * Returns early when the client goes away. Throws before the headers when the file cannot be opened.
 *
 * Two buffers take turns, one being filled while the other is sent: streams make a new one for each chunk, which costs
 * three times the processor.
 */
export async function sendFile(
  { incoming, outgoing }: Exchange,
  file: { path: string; status: number; headers: Record<string, string>; start: number; end: number },
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
