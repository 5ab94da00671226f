import { type Readable, Transform } from 'node:stream';
import { request } from 'undici';
import { FileUnavailableError } from '../../core/problems.ts';
import { ChatBusyError, ChatUnreachableError } from '../platform.ts';

const TIMEOUT_MS = 30_000;
const DEFAULT_RETRY_AFTER_MS = 5_000;

/**
 * Opens a file at a platform's host; redirects are not followed. The connection is closed with the stream, also where
 * nobody has read it.
 *
 * A link lets everybody in who knows it, so errors carry neither it nor a cause.
 */
export async function openDownload(
  url: string,
  {
    host,
    maxBytes = Number.POSITIVE_INFINITY,
    isGone = () => false,
  }: {
    /** What the platform is called in errors. */
    host: string;
    /** As it was declared; more is refused. */
    maxBytes?: number;
    /** Whether asking again would not help. */
    isGone?: (statusCode: number) => boolean;
  },
): Promise<Readable> {
  const timeouts = { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS };
  const { statusCode, headers, body } = await request(url, timeouts).catch(() => {
    throw new ChatUnreachableError(`${host} did not answer the download of a file.`);
  });
  if (statusCode !== 200) {
    // Closing an answer is an error to it, which must not end the process.
    body.on('error', () => {}).destroy();
    const answer = `${host} answered the download of a file with ${statusCode}.`;
    const retryAfterMs = retryAfterOf(statusCode, headers['retry-after']);
    if (retryAfterMs !== undefined) throw new ChatBusyError(answer, { retryAfterMs });
    throw isGone(statusCode) ? new FileUnavailableError(answer) : new ChatUnreachableError(answer);
  }
  const file = createLimit(maxBytes, { host });
  body.on('error', () =>
    file.destroy(new ChatUnreachableError(`The download of a file from ${host} broke off.`)),
  );
  file.once('close', () => body.destroy());
  return body.pipe(file);
}

/**
 * How long the host asks to wait: seconds, or a date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after).
 * Undefined where it does not ask for that.
 */
function retryAfterOf(statusCode: number, header: string | string[] | undefined): number | undefined {
  if (statusCode !== 429 && (statusCode !== 503 || header === undefined)) return undefined;
  const given = String(header);
  const ms = /^\d/.test(given) ? Number.parseFloat(given) * 1000 : Date.parse(given) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : DEFAULT_RETRY_AFTER_MS;
}

function createLimit(maxBytes: number, { host }: { host: string }): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) done(null, chunk);
      else done(new FileUnavailableError(`A file from ${host} is larger than declared.`));
    },
  });
}
