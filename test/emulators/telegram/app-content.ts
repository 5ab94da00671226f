// Faithful: what apps make of what people send: texts with found entities, photos as JPEG sizes, files with claimed
// names and types. Simplified: apps do not scale photos. Missing: voice, video notes, stickers, live photos.
import { readFile } from 'node:fs/promises';
import type { Chat, User } from 'grammy/types';
import type { Files } from './files.ts';
import { readImage } from './files.ts';
import type { MessageParts, MessageRef } from './messages.ts';
import { mediaParts } from './methods/content.ts';
import { formatText, MAX_CAPTION_LENGTH, MAX_TEXT_LENGTH } from './text.ts';

export type Place = {
  replyTo?: MessageRef;
  threadId?: number;
  /** An administrator speaks in the name of the group. */
  isAnonymous?: boolean;
  /** Whose message it passes on. */
  forwardedFrom?: User;
  /** Somebody speaks as a channel of theirs. */
  asChannel?: Chat.ChannelChat;
};
export type Bytes = { bytes: Uint8Array } | { path: string };
export type SentPhoto = Bytes & Place & { caption?: string };
export type SentFile = Bytes &
  Place & {
    fileName?: string;
    mimeType?: string;
    caption?: string;
    width?: number;
    height?: number;
    durationSeconds?: number;
    /** A JPEG of at most 320 px. */
    thumbnail?: Uint8Array;
    /** Claims this size instead of that of the bytes, for files too big to download. */
    declaredBytes?: number;
  };
export type AlbumItem =
  | ({ type: 'photo'; caption?: string } & Bytes)
  | ({ type: 'video' | 'document' } & SentFile);

/** Creates the functions that turn pictures and files into the media of a message. */
export function createAppContent({ files }: { files: Files }) {
  return {
    /** A photo as the app sends it: JPEG only. */
    async photo(photo: Bytes): Promise<MessageParts> {
      const bytes = await readBytes(photo);
      const { format } = await readImage(bytes).catch(() => ({ format: 'no picture' }));
      if (format !== 'jpeg')
        throw new Error(
          `Apps send photos as JPEG, and this is ${format}: use sendDocument to send the file as it is.`,
        );
      return mediaParts(await files.addPhoto(bytes));
    },

    async file(kind: 'video' | 'animation' | 'document', file: SentFile): Promise<MessageParts> {
      const bytes = await readBytes(file);
      const fileName = file.fileName ?? ('path' in file ? file.path.split('/').at(-1) : undefined);
      const thumbnail = file.thumbnail && (await files.addThumbnail(file.thumbnail));
      const stored = files.add({
        kind,
        bytes,
        mimeType: file.mimeType ?? (kind === 'document' ? 'application/octet-stream' : 'video/mp4'),
        ...(file.declaredBytes === undefined ? {} : { size: file.declaredBytes }),
        ...(fileName ? { fileName } : {}),
        ...(file.width ? { width: file.width } : {}),
        ...(file.height ? { height: file.height } : {}),
        ...(file.durationSeconds === undefined ? {} : { durationSeconds: file.durationSeconds }),
        ...(thumbnail ? { thumbnail } : {}),
      });
      return mediaParts(stored);
    },
  };
}

/** The text of a message that an app lets through. */
export function textParts(text: string): MessageParts {
  const formatted = formatText({ text, parseMode: undefined, entities: undefined }, () => {});
  if (formatted.text === '' || formatted.text.length > MAX_TEXT_LENGTH)
    throw new Error(`Apps send 1 to ${MAX_TEXT_LENGTH} characters in one message.`);
  return { text: formatted.text, ...(formatted.entities.length > 0 ? { entities: formatted.entities } : {}) };
}

/** The caption of a message, or nothing. */
export function captionParts(caption: string | undefined): MessageParts {
  if (!caption) return {};
  const { text, entities } = formatText(
    { text: caption, parseMode: undefined, entities: undefined },
    () => {},
  );
  if (text.length > MAX_CAPTION_LENGTH)
    throw new Error(`Captions have up to ${MAX_CAPTION_LENGTH} characters.`);
  return { caption: text, ...(entities.length > 0 ? { caption_entities: entities } : {}) };
}

const readBytes = async (source: Bytes): Promise<Uint8Array> =>
  'bytes' in source ? source.bytes : new Uint8Array(await readFile(source.path));
