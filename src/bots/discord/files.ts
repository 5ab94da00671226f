import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { APIAttachment, APIMessage, APIMessageSnapshotFields, RawFile } from 'discord.js';
import type { LeftOut } from '../../core/compose/draft.ts';
import { plainFileName } from '../../core/plain-text.ts';
import { FileUnavailableError } from '../../core/problems.ts';
import { openDownload } from '../adapter-kit/download.ts';
import type { OfferedFile, Picture, TextFile } from '../platform.ts';

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
    return openDownload(url, { host: 'Discord', maxBytes, isGone: (status) => GONE.has(status) });
  }

  function isAllowed(url: URL | null): boolean {
    if (url === null || url.username !== '' || url.password !== '') return false;
    if (isForeign && url.host === api.host && url.protocol === api.protocol) return true;
    return url.protocol === 'https:' && url.port === '' && CDN_HOSTS.includes(url.hostname);
  }

  return { openFile };
}

const MEDIA_PROXY = 'media.discordapp.net';
const THUMBNAIL_PIXELS = 480;
const REF = /^(\d+):(.+)$/s;

/** An attachment as a file that can be fetched while its link lives. */
export function offeredFile(attachment: APIAttachment): OfferedFile {
  const { filename, size, url, content_type: contentType } = attachment;
  const claimedKind = claimedKindOf(contentType);
  const thumbnail = thumbnailUrl(attachment);
  return {
    ref: fileRef(url, size),
    name: plainFileName(filename) || 'file',
    bytes: size,
    claimedKind,
    thumbnailRef: thumbnail && fileRef(thumbnail),
  };
}

/** What of a message, or of the message that it forwards, can be posted, and what cannot. */
export function mediaOf(message: APIMessage): MessageMedia {
  const forwarded = message.message_snapshots?.[0]?.message;
  const source = message.attachments.length === 0 && forwarded !== undefined ? forwarded : message;
  const poll = 'poll' in source && source.poll !== undefined ? 1 : 0;
  const previews = source.embeds.filter(({ type, url }) => type !== 'rich' && url !== undefined).length;
  const counts = {
    preview: previews,
    embed: source.embeds.length - previews,
    sticker: source.sticker_items?.length ?? 0,
    poll,
  };
  const leftOut = Object.entries(counts).flatMap(([what, count]) =>
    count === 0 ? [] : [{ what: what as LeftOut['what'], count }],
  );
  // What a file is called and claims to be says little: all are judged by their content.
  return { files: source.attachments, caption: source.content, mentions: source.mentions ?? [], leftOut };
}

interface MessageMedia {
  readonly files: readonly APIAttachment[];
  /** As written, in Discord's markup. */
  readonly caption: string;
  /** Whom it names. */
  readonly mentions: APIMessageSnapshotFields['mentions'];
  readonly leftOut: readonly LeftOut[];
}

/** Where a file is and how many bytes it has at most. */
function parseFileRef(ref: string): { url: string; maxBytes: number } {
  const [, size, url] = REF.exec(ref) ?? [];
  if (url === undefined) throw new Error('This is no file of Discord’s.');
  return { url, maxBytes: size === '0' ? Number.POSITIVE_INFINITY : Number(size) };
}

const fileRef = (url: string, bytes = 0): string => `${bytes}:${url}`;

function claimedKindOf(contentType: string | undefined): 'photo' | 'video' | undefined {
  if (contentType?.startsWith('image/')) return 'photo';
  if (contentType?.startsWith('video/')) return 'video';
  return undefined;
}

/** Discord's media proxy makes a JPEG of a video's first frame, as its own apps ask it to. */
function thumbnailUrl({ proxy_url, content_type, width, height }: APIAttachment): string | undefined {
  const url = URL.parse(proxy_url);
  if (url?.hostname !== MEDIA_PROXY || !content_type?.startsWith('video/') || !width || !height)
    return undefined;
  const scale = Math.min(1, THUMBNAIL_PIXELS / Math.max(width, height));
  url.searchParams.set('format', 'jpeg');
  url.searchParams.set('width', String(Math.round(width * scale)));
  url.searchParams.set('height', String(Math.round(height * scale)));
  return url.href;
}

const MAX_NAME_LENGTH = 100;
/** What Discord leaves as it is in a file name. */
const SAFE_KEY = /^[\w.-]{1,100}$/;
const NAME = /^picture-(.+)\.jpg$/;

/** The name under which a picture is attached, so that a message tells which picture it shows. */
export const pictureName = ({ key }: Picture): string =>
  SAFE_KEY.test(key) ? `picture-${key}.jpg` : 'picture.jpg';

/** The key of the picture that an attachment is. */
export const pictureKeyOf = (filename: string): string | undefined => NAME.exec(filename)?.[1];

/** Reads a picture before the call that sends it: a missing file is our bug and must not look like an outage of Discord's. */
export async function readPicture(picture: Picture): Promise<RawFile> {
  return { name: pictureName(picture), data: await readFile(picture.path), contentType: 'image/jpeg' };
}

/** The name under which Discord keeps a file: it replaces whatever else a name holds. */
export const textFileName = ({ name }: TextFile): string =>
  name
    .replaceAll(/[^\w.-]+/g, '_')
    .replaceAll(/^[_.]+|[_.]+$/g, '')
    .slice(-MAX_NAME_LENGTH) || 'file.txt';

export const readTextFile = (file: TextFile): RawFile => ({
  name: textFileName(file),
  data: Buffer.from(file.text),
  contentType: 'text/plain; charset=utf-8',
});
