import { Readable } from 'node:stream';
import { request } from 'undici';
import { FileUnavailableError } from '../../core/problems.ts';
import { ChatUnreachableError } from '../platform.ts';
import { parseFileRef } from './offered-file.ts';

const TIMEOUT_MS = 30_000;
/** Refused, not there, no longer there: the link is over. */
const GONE = new Set([403, 404, 410]);
const CDN_HOSTS = ['cdn.discordapp.com', 'media.discordapp.net'];
const DISCORD_HOSTS = ['discord.com', 'canary.discord.com', 'ptb.discord.com'];

/**
 * Opens attachments, from Discord's own hosts only and up to their declared size.
 *
 * Where the API is not Discord's own, attachments may come from its host too. Redirects are not followed. A link lets
 * everybody in who knows it, so errors carry neither it nor a cause.
 */
export function createFiles({ apiUrl }: { apiUrl: string }) {
  const api = new URL(apiUrl);
  const isForeign = !DISCORD_HOSTS.includes(api.hostname);

  async function openFile(ref: string): Promise<Readable> {
    const { url, maxBytes } = parseFileRef(ref);
    if (!isAllowed(URL.parse(url)))
      throw new FileUnavailableError('Discord names a host for a file that is not its own.');
    return open(url, maxBytes);
  }

  function isAllowed(url: URL | null): boolean {
    if (url === null || url.username !== '' || url.password !== '') return false;
    if (isForeign && url.host === api.host && url.protocol === api.protocol) return true;
    return url.protocol === 'https:' && url.port === '' && CDN_HOSTS.includes(url.hostname);
  }

  return { openFile };
}

export type Files = ReturnType<typeof createFiles>;

async function open(url: string, maxBytes: number): Promise<Readable> {
  const response = await request(url, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS }).catch(() => {
    throw new ChatUnreachableError('Discord did not answer the download of a file.');
  });
  if (response.statusCode !== 200) {
    await response.body.dump().catch(() => {});
    const answer = `Discord answered the download of a file with ${response.statusCode}.`;
    throw GONE.has(response.statusCode) ? new FileUnavailableError(answer) : new ChatUnreachableError(answer);
  }
  return Readable.from(guarded(response.body, maxBytes), { objectMode: false });
}

async function* guarded(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  const read = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await read.next().catch(() => {
        throw new ChatUnreachableError('The download of a file from Discord broke off.');
      });
      if (done === true) return;
      bytes += value.byteLength;
      if (bytes > maxBytes) throw new FileUnavailableError('A file from Discord is larger than declared.');
      yield value;
    }
  } finally {
    await read.return?.().catch(() => {});
  }
}
