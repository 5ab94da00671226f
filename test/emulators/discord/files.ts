// Faithful: signed links with ex, is and hm in hex, made anew with every answer that carries them; cleaned file names;
// uploads of commands and modals under ephemeral-attachments
// (https://discord.com/developers/docs/reference#signed-attachment-cdn-urls). Simplified: every link lives 24 h, an
// ephemeral upload 15 min (Discord keeps them for an unstated time). Missing: media proxy, placeholders, previews.
import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import sharp from 'sharp';
import type { VirtualClock } from './clock.ts';
import type { Snowflakes } from './snowflake.ts';
import type { WireAttachment } from './wire.ts';

export type StoredFile = {
  id: string;
  fileName: string;
  contentType: string;
  bytes: Uint8Array;
  /** As declared; larger than the bytes at hand when a test only claims a big file. */
  size: number;
  width?: number;
  height?: number;
  isEphemeral: boolean;
  /** The channel's id, or the application's for ephemeral uploads. */
  folderId: string;
  uploadedAtMs: number;
  /** Gone with its message. */
  isDeleted: boolean;
};

/** A file as a person or the bot uploads it. */
export type UploadFile = {
  bytes?: Uint8Array;
  path?: string;
  fileName?: string;
  contentType?: string;
  /** Claims another size than the bytes have. */
  size?: number;
  /** For videos, as the app would find them out; pictures are measured. */
  width?: number;
  height?: number;
};

const LINK_LIFETIME_MS = 24 * 60 * 60_000;
const EPHEMERAL_LIFETIME_MS = 15 * 60_000;

/** Creates the store of all uploads and their links. */
export function createFiles({ clock, ids }: { clock: VirtualClock; ids: Snowflakes }) {
  const files = new Map<string, StoredFile>();
  const secret = randomBytes(32);
  let baseUrl = '';

  const pathOf = ({ isEphemeral, folderId, id, fileName }: StoredFile) =>
    `/${isEphemeral ? 'ephemeral-attachments' : 'attachments'}/${folderId}/${id}/${fileName}`;
  const sign = (path: string, expires: string, issued: string) =>
    createHmac('sha256', secret).update(`${path}?${expires}&${issued}`).digest('hex');

  const link = (file: StoredFile): string => {
    const path = pathOf(file);
    const issued = hexSeconds(clock.now());
    const expires = hexSeconds(clock.now() + LINK_LIFETIME_MS);
    return `${baseUrl}${path}?ex=${expires}&is=${issued}&hm=${sign(path, expires, issued)}&`;
  };

  const isAlive = (file: StoredFile) =>
    !file.isDeleted && (!file.isEphemeral || clock.now() < file.uploadedAtMs + EPHEMERAL_LIFETIME_MS);

  return {
    all: files as ReadonlyMap<string, StoredFile>,
    link,

    setBaseUrl(url: string) {
      baseUrl = url;
    },

    async add(upload: UploadFile, place: { folderId: string; isEphemeral?: boolean }): Promise<StoredFile> {
      const bytes = upload.bytes ?? new Uint8Array(await readFile(requirePath(upload)));
      const fileName = cleanName(upload.fileName ?? basename(upload.path ?? 'file.bin'));
      const measured = await measure(bytes);
      const { width = measured?.width, height = measured?.height } = upload;
      const file: StoredFile = {
        id: ids.next(),
        fileName,
        contentType: upload.contentType || contentTypeOf(fileName),
        bytes,
        size: upload.size ?? bytes.byteLength,
        ...(width && height ? { width, height } : {}),
        isEphemeral: place.isEphemeral ?? false,
        folderId: place.folderId,
        uploadedAtMs: clock.now(),
        isDeleted: false,
      };
      files.set(file.id, file);
      return file;
    },

    /** The file behind a living, well signed link. */
    open(path: string, query: URLSearchParams): StoredFile | undefined {
      const [expires = '', issued = ''] = [query.get('ex') ?? '', query.get('is') ?? ''];
      if (query.get('hm') !== sign(path, expires, issued)) return undefined;
      if (Number.parseInt(expires, 16) * 1000 <= clock.now()) return undefined;
      const file = files.get(path.split('/')[3] ?? '');
      return file && isAlive(file) && pathOf(file) === path ? file : undefined;
    },

    /** A new link for an old one; ephemeral uploads get none. */
    refresh(url: string): string | undefined {
      const path = URL.canParse(url) ? decodeURIComponent(new URL(url).pathname) : '';
      const file = files.get(path.split('/')[3] ?? '');
      return file && !file.isEphemeral && isAlive(file) && pathOf(file) === path ? link(file) : undefined;
    },

    attachment(file: StoredFile, description?: string): WireAttachment {
      const url = link(file);
      return {
        id: file.id,
        filename: file.fileName,
        size: file.size,
        url,
        proxy_url: url,
        content_type: file.contentType,
        ...(file.width && file.height ? { width: file.width, height: file.height } : {}),
        ...(description ? { description } : {}),
        ...(file.isEphemeral ? { ephemeral: true } : {}),
      };
    },
  };
}

export type Files = ReturnType<typeof createFiles>;

/** Discord keeps word characters, dots and dashes of a file's name. */
export const cleanName = (name: string) => name.replace(/[^\p{L}\p{N}._-]+/gu, '_');

const hexSeconds = (ms: number) => Math.floor(ms / 1000).toString(16);

function requirePath({ path }: UploadFile): string {
  if (path === undefined) throw new Error('An upload needs bytes or a path.');
  return path;
}

async function measure(bytes: Uint8Array) {
  if (bytes.byteLength === 0) return undefined;
  const metadata = await sharp(bytes)
    .metadata()
    .catch(() => undefined);
  return metadata?.width && metadata.height ? { width: metadata.width, height: metadata.height } : undefined;
}

const contentTypeOf = (fileName: string) =>
  CONTENT_TYPES[extname(fileName).toLowerCase()] ?? 'application/octet-stream';

const CONTENT_TYPES: Record<string, string> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.heic': 'image/heic',
  '.heif': 'image/heif',
  '.avif': 'image/avif',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.bmp': 'image/bmp',
  '.mp4': 'video/mp4',
  '.mov': 'video/quicktime',
  '.webm': 'video/webm',
  '.mkv': 'video/x-matroska',
  '.avi': 'video/x-msvideo',
  '.3gp': 'video/3gpp',
  '.ts': 'video/mp2t',
  '.flv': 'video/x-flv',
  '.mp3': 'audio/mpeg',
  '.wav': 'audio/wav',
  '.txt': 'text/plain',
  '.pdf': 'application/pdf',
};

const GROUPS: Record<string, string[]> = {
  image: ['.jpg', '.jpeg', '.png', '.gif', '.webp', '.heic', '.heif', '.avif'],
  video: ['.mp4', '.mov', '.webm', '.m4v', '.mkv', '.avi'],
  audio: ['.mp3', '.wav', '.ogg', '.m4a', '.flac', '.aac'],
};

/** Whether a file_types filter lets a name through; it looks at the extension alone. */
export function isFileTypeAllowed(fileName: string, fileTypes: readonly string[] | null | undefined) {
  if (!fileTypes || fileTypes.length === 0) return true;
  const extension = extname(fileName).toLowerCase();
  return fileTypes.some((type) => GROUPS[type]?.includes(extension) ?? type.toLowerCase() === extension);
}
