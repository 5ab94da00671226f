// Faithful: file_id per file and use, file_unique_id, 20 MiB limit of getFile by declared size, file_path, links that
// expire after an hour, a server of one's own with `--local`, which gives files of any size by their absolute path and hands
// none out over HTTP (https://core.telegram.org/bots/api#using-a-local-bot-api-server), upload limits of photos (https://core.telegram.org/bots/api#sending-files). Simplified: a
// JPEG photo keeps its bytes and gets one smaller size beside it; other images become JPEG. Missing: scaling to
// Telegram's 1280 and 2560 px, thumbnails made by the server, video qualities.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PhotoSize } from 'grammy/types';
import sharp from 'sharp';
import type { VirtualClock } from './clock.ts';
import { ApiFailure, badRequest } from './failure.ts';

export type FileKind = 'photo' | 'video' | 'animation' | 'document' | 'thumbnail';

export type StoredFile = {
  fileId: string;
  uniqueId: string;
  kind: FileKind;
  /** The size as declared; larger than the bytes at hand when a test only claims a big file. */
  size: number;
  bytes: Uint8Array;
  fileName: string | undefined;
  mimeType: string | undefined;
  width: number;
  height: number;
  durationSeconds: number;
  thumbnail?: PhotoSize;
  /** For photos: every size, smallest first, this file being the last. */
  sizes?: PhotoSize[];
  link?: { path: string; expiresAtMs: number };
};

export type NewFile = Pick<StoredFile, 'kind' | 'bytes'> &
  Partial<
    Pick<StoredFile, 'size' | 'fileName' | 'mimeType' | 'width' | 'height' | 'durationSeconds' | 'thumbnail'>
  >;

const MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024;
const MAX_UPLOAD_BYTES = 50 * 1024 * 1024;
const MAX_PHOTO_BYTES = 10 * 1024 * 1024;
const LINK_LIFETIME_MS = 60 * 60 * 1000;
const SMALL_SIZE = 320;
const FOLDERS: Record<FileKind, string> = {
  photo: 'photos',
  video: 'videos',
  animation: 'animations',
  document: 'documents',
  thumbnail: 'thumbnails',
};
const PREFIXES: Record<FileKind, string> = {
  photo: 'AgAC',
  video: 'BAAC',
  animation: 'CgAC',
  document: 'BQAC',
  thumbnail: 'AAMC',
};

/** A server that runs with `--local`. */
export interface LocalServer {
  /** Where its files are on this machine. */
  readonly directory: string;
  /** What it takes that folder for. */
  readonly root: string;
}

/** Creates the store of everything that was ever sent to or by the bot. */
export function createFiles({
  clock,
  token,
  local,
}: {
  clock: VirtualClock;
  token: string;
  local?: LocalServer | undefined;
}) {
  const files = new Map<string, StoredFile>();
  let lastPath = 0;

  const add = (file: NewFile): StoredFile => {
    const digest = createHash('sha256').update(file.bytes).update(String(file.size)).digest('base64url');
    const stored: StoredFile = {
      fileId: PREFIXES[file.kind] + randomBytes(36).toString('base64url'),
      uniqueId: `AgAD${digest.slice(0, 12)}`,
      kind: file.kind,
      bytes: file.bytes,
      size: file.size ?? file.bytes.byteLength,
      fileName: file.fileName,
      mimeType: file.mimeType,
      width: file.width ?? 720,
      height: file.height ?? 1280,
      durationSeconds: file.durationSeconds ?? 1,
      ...(file.thumbnail ? { thumbnail: file.thumbnail } : {}),
    };
    files.set(stored.fileId, stored);
    return stored;
  };

  const addImage = async (bytes: Uint8Array, kind: 'photo' | 'thumbnail'): Promise<StoredFile> => {
    const { width, height } = await readImage(bytes);
    return add({ kind, bytes, width, height, mimeType: 'image/jpeg' });
  };

  return {
    all: files as ReadonlyMap<string, StoredFile>,
    add,

    /** Adds a picture as a photo: its sizes, smallest first. */
    async addPhoto(bytes: Uint8Array): Promise<StoredFile> {
      if (bytes.byteLength > MAX_PHOTO_BYTES) {
        const limit = `the maximum size is ${MAX_PHOTO_BYTES} bytes`;
        throw badRequest(`file of size ${bytes.byteLength} bytes is too big for a photo; ${limit}`);
      }
      const { format, width, height } = await readImage(bytes);
      if (width + height > 10_000 || Math.max(width, height) > 20 * Math.min(width, height))
        throw badRequest('PHOTO_INVALID_DIMENSIONS');
      const jpeg = format === 'jpeg' ? bytes : new Uint8Array(await sharp(bytes).jpeg().toBuffer());
      const small = Math.max(width, height) > SMALL_SIZE ? [await addImage(await shrink(jpeg), 'photo')] : [];
      const photo = await addImage(jpeg, 'photo');
      photo.sizes = [...small, photo].map(photoSize);
      return photo;
    },

    async addThumbnail(bytes: Uint8Array): Promise<PhotoSize> {
      const { format, width, height } = await readImage(bytes);
      if (format !== 'jpeg' || bytes.byteLength > 200_000 || Math.max(width, height) > SMALL_SIZE)
        throw badRequest('PHOTO_THUMB_INVALID');
      return photoSize(await addImage(bytes, 'thumbnail'));
    },

    /** Adds what a bot uploads: refused above 50 MB. */
    addUpload(file: NewFile): StoredFile {
      if (file.bytes.byteLength === 0) throw badRequest('file must be non-empty');
      if (file.bytes.byteLength > MAX_UPLOAD_BYTES) throw new ApiFailure(413, 'Request Entity Too Large');
      return add(file);
    },

    /** Finds the file behind a file_id for sending it again; the kind cannot change. */
    reuse(fileId: string, kind: FileKind): StoredFile {
      const file = files.get(fileId);
      if (!file) throw badRequest('wrong file identifier/HTTP URL specified');
      if (file.kind !== kind)
        throw badRequest(`can't use file of type ${capitalise(file.kind)} as ${capitalise(kind)}`);
      return file;
    },

    /** Serves getFile: gives a link that lives for an hour. */
    open(fileId: string) {
      const file = files.get(fileId);
      if (!file) throw badRequest('wrong file_id or the file is temporarily unavailable');
      if (local === undefined && file.size > MAX_DOWNLOAD_BYTES) throw badRequest('file is too big');
      const path = file.link?.path ?? `${FOLDERS[file.kind]}/file_${lastPath++}${extensionOf(file)}`;
      if (local !== undefined) {
        const onDisk = join(local.directory, token, path);
        mkdirSync(dirname(onDisk), { recursive: true });
        writeFileSync(onDisk, file.bytes);
        file.link = { path, expiresAtMs: Number.NEGATIVE_INFINITY };
        const absolute = join(local.root, token, path);
        return { file_id: fileId, file_unique_id: file.uniqueId, file_size: file.size, file_path: absolute };
      }
      file.link = { path, expiresAtMs: clock.now() + LINK_LIFETIME_MS };
      return { file_id: fileId, file_unique_id: file.uniqueId, file_size: file.size, file_path: path };
    },

    /** The file behind a live link. */
    byPath(path: string): StoredFile | undefined {
      return [...files.values()].find(({ link }) => link?.path === path && link.expiresAtMs > clock.now());
    },
  };
}

export type Files = ReturnType<typeof createFiles>;

/** The PhotoSize of a stored image. */
export const photoSize = ({ fileId, uniqueId, width, height, size }: StoredFile): PhotoSize => ({
  file_id: fileId,
  file_unique_id: uniqueId,
  width,
  height,
  file_size: size,
});

/** Format and size of a picture in stored pixels, or IMAGE_PROCESS_FAILED. */
export async function readImage(bytes: Uint8Array) {
  const metadata = await sharp(bytes)
    .metadata()
    .catch(() => undefined);
  if (!metadata?.width || !metadata.height) throw badRequest('IMAGE_PROCESS_FAILED');
  return { format: metadata.format, width: metadata.width, height: metadata.height };
}

const shrink = async (jpeg: Uint8Array) =>
  new Uint8Array(await sharp(jpeg).resize(SMALL_SIZE, SMALL_SIZE, { fit: 'inside' }).jpeg().toBuffer());

const extensionOf = ({ kind, fileName }: StoredFile) => {
  if (kind === 'photo' || kind === 'thumbnail') return '.jpg';
  const extension = fileName?.match(/\.[a-z0-9]{1,8}$/i)?.[0];
  return extension ?? (kind === 'document' ? '' : '.mp4');
};

const capitalise = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
