import type { IncomingMessage } from 'node:http';

/** How slow an upload may be before its connection is ended; it may go on in another one. */
export interface Pace {
  /** Nothing at all came for so long. */
  readonly silenceMs: number;
  /** Fewer than `minBytes` came in so long. */
  readonly windowMs: number;
  readonly minBytes: number;
}

export const DEFAULT_PACE: Pace = { silenceMs: 30_000, windowMs: 60_000, minBytes: 240_000 };

const LOOKS_PER_SILENCE = 6;

/** Ends the connection of a request whose body comes too slowly; call what it returns once the body is there. */
export function watchPace({ socket }: IncomingMessage, { silenceMs, windowMs, minBytes }: Pace): () => void {
  /** How much had come at each look, within the window and at the last one before it. */
  const looks = [{ at: performance.now(), bytes: socket.bytesRead }];
  let movedAt = performance.now();
  const timer = setInterval(() => {
    const at = performance.now();
    const bytes = socket.bytesRead;
    if (looks.at(-1)?.bytes !== bytes) movedAt = at;
    looks.push({ at, bytes });
    while (looks[1] !== undefined && at - looks[1].at >= windowMs) looks.shift();
    const [oldest] = looks;
    const isSlow = oldest !== undefined && at - oldest.at >= windowMs && bytes - oldest.bytes < minBytes;
    if (isSlow || at - movedAt >= silenceMs) socket.destroy();
  }, silenceMs / LOOKS_PER_SILENCE);
  return () => clearInterval(timer);
}
