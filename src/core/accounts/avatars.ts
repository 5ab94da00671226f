import { createHash, createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import sharp from 'sharp';
import type { LinkedFile } from '../links/open-link.ts';
import type { Store, Versioned } from '../storage/database.ts';
import type { Secrets } from '../storage/secrets.ts';

/** The small picture of an account, as our pages show it. */
export interface Avatar extends Versioned {
  /** WebP, in base64; absent where TikTok's could not be fetched yet. */
  readonly picture?: string | undefined;
  /** When it was tried last. */
  readonly triedAt: number;
}

const PIXELS = 96;
const MAX_BYTES = 8_192;
/** What TikTok has is a few KB. */
const MAX_SOURCE_BYTES = 2_000_000;
const MAX_SOURCE_PIXELS = 16_000_000;
const QUALITIES = [80, 60, 35, 10];
const MAX_AGE_MS = 24 * 3_600_000;
/** For the whole fetch. */
const PATIENCE_MS = 15_000;
const MAX_AT_ONCE = 4;
const KEY = /^[\w-]{32}$/;

/**
 * Keeps a small copy of each account's picture: TikTok's addresses of it run out, and whoever opens our pages should ask
 * nobody else for anything.
 *
 * No failure of it fails anything else.
 */
export function createAvatars({
  avatars,
  secrets,
  openLink,
  isConnected,
  now,
  log,
}: {
  avatars: Store<Avatar>;
  secrets: Pick<Secrets, 'keyFor'>;
  openLink: (link: string, how: { maxBytes: number; signal: AbortSignal }) => Promise<LinkedFile>;
  isConnected: (openId: string) => Promise<boolean>;
  now: () => number;
  log: Logger;
}) {
  const secret = secrets.keyFor('pictures of accounts');
  const running = new Map<string, { promise: Promise<void>; end: AbortController }>();

  /** By this a picture is kept and asked for: it tells nothing of the account. */
  const keyOf = (openId: string): string =>
    createHmac('sha256', secret).update(openId).digest('base64url').slice(0, 32);

  /** Fetches the picture from where TikTok says that it is, in the background and at most once a day. */
  function offer(openId: string, url: string | undefined): void {
    if (url === undefined || running.has(openId) || running.size >= MAX_AT_ONCE) return;
    const end = new AbortController();
    const promise = refresh(openId, url, end.signal)
      // Errors of links have no address in them.
      .catch((error: unknown) => log.debug({ err: error }, 'The picture of an account could not be kept'))
      .finally(() => running.delete(openId));
    running.set(openId, { promise, end });
  }

  async function refresh(openId: string, url: string, signal: AbortSignal): Promise<void> {
    const key = keyOf(openId);
    const known = await avatars.get(key);
    if (known !== undefined && Math.abs(now() - known.triedAt) < MAX_AGE_MS) return;
    const limits = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const picture = await fetchPicture(url, limits).catch((error: unknown) => {
      log.debug({ err: error }, 'The picture of an account could not be fetched');
    });
    if (signal.aborted || !(await isConnected(openId))) return;
    await avatars.upsert(key, (current) => ({
      ...current,
      picture: picture ?? current?.picture,
      triedAt: now(),
    }));
  }

  async function fetchPicture(url: string, signal: AbortSignal): Promise<string> {
    const { stream } = await openLink(url, { maxBytes: MAX_SOURCE_BYTES, signal });
    const stop = () => stream.destroy(new Error('It took too long.'));
    signal.addEventListener('abort', stop, { once: true });
    try {
      const parts: Uint8Array[] = [];
      let bytes = 0;
      for await (const part of stream as AsyncIterable<Uint8Array>) {
        bytes += part.byteLength;
        if (bytes > MAX_SOURCE_BYTES) throw new Error('It is too big.');
        parts.push(part);
      }
      return (await smallOf(Buffer.concat(parts))).toString('base64');
    } finally {
      signal.removeEventListener('abort', stop);
      stream.destroy();
    }
  }

  /** The address of the picture on our pages, for which it may wait a little; undefined where there is none. */
  async function urlPath(openId: string, { waitMs = 0 } = {}): Promise<string | undefined> {
    const coming = running.get(openId);
    if (coming !== undefined && waitMs > 0)
      await Promise.race([coming.promise, delay(waitMs, undefined, { ref: false })]);
    const key = keyOf(openId);
    const picture = (await avatars.get(key))?.picture;
    return picture && `/avatars/${key}/${versionOf(picture)}.webp`;
  }

  /** The picture behind such an address. */
  async function read(key: string, version: string): Promise<Buffer | undefined> {
    const picture = KEY.test(key) ? (await avatars.get(key))?.picture : undefined;
    return picture !== undefined && versionOf(picture) === version
      ? Buffer.from(picture, 'base64')
      : undefined;
  }

  /** Deletes it along with its account. */
  async function forget(openId: string): Promise<void> {
    const coming = running.get(openId);
    coming?.end.abort();
    await coming?.promise;
    await avatars.delete(keyOf(openId));
  }

  /** Ends what is under way. */
  async function stop(): Promise<void> {
    for (const { end } of running.values()) end.abort();
    await Promise.all([...running.values()].map(({ promise }) => promise));
  }

  return { offer, urlPath, read, forget, stop };
}

export type Avatars = ReturnType<typeof createAvatars>;

const versionOf = (picture: string): string =>
  createHash('sha256').update(picture).digest('base64url').slice(0, 12);

/** The picture as a small WebP without metadata. */
async function smallOf(source: Buffer): Promise<Buffer> {
  const { data, info } = await sharp(source, { limitInputPixels: MAX_SOURCE_PIXELS, failOn: 'error' })
    .rotate()
    .resize(PIXELS, PIXELS, { fit: 'cover' })
    .toColourspace('srgb')
    .flatten({ background: '#ffffff' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  for (const quality of QUALITIES) {
    const small = await sharp(data, { raw }).webp({ quality }).toBuffer();
    if (small.length <= MAX_BYTES) return small;
  }
  throw new Error('The picture does not become small.');
}
