import type { Readable } from 'node:stream';
import type { Api } from 'grammy';
import type { Message, PhotoSize } from 'grammy/types';
import { plainFileName } from '../../core/plain-text.ts';
import { UserError } from '../../core/problems.ts';
import { createSteadyClock } from '../../core/steady-clock.ts';
import { openDownload } from '../adapter-kit/download.ts';
import { ChatBusyError, ChatUnreachableError, type OfferedFile } from '../platform.ts';
import { ask, says } from './errors.ts';
import { isLocalPath, openLocalFile } from './local-files.ts';

/**
 * Opens files that people sent, by file_id; the caller caps what it reads.
 *
 * The URL of a file holds the token (https://core.telegram.org/bots/api#file), so it never leaves this function, and
 * errors carry no cause. A link lives for an hour, hence a new one each time.
 */
export function createFiles({
  api,
  apiUrl,
  token,
  directory,
  now = Date.now,
}: {
  api: Api;
  apiUrl: string;
  token: string;
  /** Where we see the files of a Bot API server of one's own that runs with `--local`. */
  directory?: string | undefined;
  now?: () => number;
}) {
  const steadyNow = createSteadyClock(now);
  /** Telegram has asked to wait until then, for whatever file. */
  let busyUntil = 0;

  async function openFile(fileId: string): Promise<Readable> {
    const retryAfterMs = busyUntil - steadyNow();
    if (retryAfterMs > 0)
      throw new ChatBusyError('Telegram has asked to wait with getFile.', { retryAfterMs });
    const { file_path: path } = await ask('getFile', () => api.getFile(fileId)).catch((error: unknown) => {
      if (error instanceof ChatBusyError) busyUntil = steadyNow() + error.retryAfterMs;
      // The size that a message tells may be missing or wrong, and a server of one's own may run without `--local`.
      if (says(error, 'file is too big')) throw new UserError({ code: 'file_too_big_for_bots' });
      throw error;
    });
    if (path === undefined) throw new ChatUnreachableError('Telegram does not hand the file over now.');
    if (isLocalPath(path)) {
      if (directory !== undefined) return openLocalFile(path, { directory, token });
      throw new ChatUnreachableError(
        'The Bot API server runs with --local: set TELEGRAM_FILES_DIR to the folder in which Nod sees its files.',
      );
    }
    const encodedPath = path.split('/').map(encodeURIComponent).join('/');
    return openDownload(`${apiUrl}/file/bot${token}/${encodedPath}`, { host: 'Telegram' });
  }

  return { openFile };
}

const THUMBNAIL_PIXELS = 200;

interface TelegramFile {
  readonly file_id: string;
  readonly file_unique_id: string;
  readonly file_name?: string;
  readonly file_size?: number;
  readonly mime_type?: string;
  readonly thumbnail?: PhotoSize;
}

/** Whether a message carries something that could be posted. */
export const hasMedia = (message: Message): boolean => find(message) !== undefined;

/** Whether it looks like a photo or video for its own sake; animations and round notes are talk. */
export const isLikelyPost = (message: Message): boolean =>
  message.animation === undefined &&
  message.video_note === undefined &&
  find(message)?.claimedKind !== undefined;

/** The photo, video or document of a message, refused by its declared size where Telegram would refuse it. */
export function offeredFile(message: Message, maxBytes: number): OfferedFile | undefined {
  const found = find(message);
  if (found === undefined) return undefined;
  const { file, fallbackName, claimedKind } = found;
  const bytes = file.file_size;
  return {
    ref: file.file_id,
    key: file.file_unique_id,
    name: plainFileName(file.file_name ?? '') || fallbackName,
    bytes,
    thumbnailRef: file.thumbnail?.file_id,
    claimedKind,
    tooBig: bytes !== undefined && bytes > maxBytes ? { maxBytes } : undefined,
  };
}

interface Found {
  readonly file: TelegramFile;
  readonly fallbackName: string;
  readonly claimedKind?: 'photo' | 'video' | undefined;
}

function find(message: Message): Found | undefined {
  const number = message.message_id;
  const photo = message.photo === undefined ? undefined : largestPhoto(message.photo);
  if (photo !== undefined) return { file: photo, fallbackName: `photo-${number}.jpg`, claimedKind: 'photo' };
  // An animation sets `document` as well, hence this order.
  const video = message.video ?? message.animation ?? message.video_note;
  if (video !== undefined) return { file: video, fallbackName: `video-${number}.mp4`, claimedKind: 'video' };
  const document = message.document;
  if (document === undefined) return undefined;
  const claimedKind = claimedKindOf(document.mime_type);
  const fallbackName = `file-${number}`;
  return claimedKind === undefined
    ? { file: document, fallbackName }
    : { file: document, fallbackName, claimedKind };
}

function largestPhoto(sizes: readonly PhotoSize[]): TelegramFile | undefined {
  const [smallest, ...rest] = sizes.toSorted((a, b) => a.width * a.height - b.width * b.height);
  const largest = rest.at(-1) ?? smallest;
  if (smallest === undefined || largest === undefined) return undefined;
  const wideEnough = rest.find((size) => Math.max(size.width, size.height) >= THUMBNAIL_PIXELS);
  const thumbnail = Math.max(smallest.width, smallest.height) >= THUMBNAIL_PIXELS ? smallest : wideEnough;
  return { ...largest, thumbnail: thumbnail ?? smallest };
}

function claimedKindOf(mimeType: string | undefined): 'photo' | 'video' | undefined {
  if (mimeType?.startsWith('image/')) return 'photo';
  if (mimeType?.startsWith('video/')) return 'video';
  return undefined;
}
