import { Readable } from 'node:stream';
import type { Api } from 'grammy';
import { request } from 'undici';
import { ChatUnreachableError } from '../platform.ts';
import { ask } from './errors.ts';

const TIMEOUT_MS = 30_000;

/**
 * Opens files that people sent, by file_id; the caller caps what it reads.
 *
 * The URL of a file holds the token (https://core.telegram.org/bots/api#file), so it never leaves this function, and
 * errors carry no cause. A link lives for an hour, hence a new one each time.
 */
export function createFiles({ api, apiUrl, token }: { api: Api; apiUrl: string; token: string }) {
  async function openFile(fileId: string): Promise<Readable> {
    const { file_path: path } = await ask('getFile', () => api.getFile(fileId));
    if (path === undefined) throw new ChatUnreachableError('Telegram does not hand the file over now.');
    const encodedPath = path.split('/').map(encodeURIComponent).join('/');
    return open(`${apiUrl}/file/bot${token}/${encodedPath}`);
  }

  return { openFile };
}

export type Files = ReturnType<typeof createFiles>;

async function open(url: string): Promise<Readable> {
  const response = await request(url, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS }).catch(() => {
    throw new ChatUnreachableError('Telegram did not answer the download of a file.');
  });
  if (response.statusCode !== 200) {
    await response.body.dump().catch(() => {});
    throw new ChatUnreachableError(`Telegram answered the download of a file with ${response.statusCode}.`);
  }
  return Readable.from(guarded(response.body), { objectMode: false });
}

async function* guarded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch {
    throw new ChatUnreachableError('The download of a file from Telegram broke off.');
  }
}
