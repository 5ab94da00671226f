// Faithful: uploads by multipart part or attach://, re-use by file_id, captions. Simplified: width, height and duration
// are what the bot says, or 720x1280 and 1 s. Missing: fetching from HTTP URLs, which fails as an unreachable URL does.
import type { Message } from 'grammy/types';
import type { Emulation } from '../emulation.ts';
import { badRequest } from '../failure.ts';
import { type FileKind, type NewFile, photoSize, type StoredFile } from '../files.ts';
import type { MessageParts } from '../messages.ts';
import type { Upload } from '../params.ts';
import { formatCaption } from '../text.ts';

export type MediaKind = Exclude<FileKind, 'thumbnail'>;

export type MediaRequest = {
  kind: MediaKind;
  source: Upload | string | undefined;
  thumbnail: Upload | undefined;
  width: number | undefined;
  height: number | undefined;
  durationSeconds: number | undefined;
  caption: string | undefined;
  parseMode: string | undefined;
  captionEntities: unknown;
  isCaptionAbove: boolean;
  isSpoiler: boolean;
};

/** Turns a medium with its caption into the fields of a message. */
export async function readMedia(emulation: Emulation, request: MediaRequest): Promise<MessageParts> {
  const caption = formatCaption(
    { text: request.caption ?? '', parseMode: request.parseMode, entities: request.captionEntities },
    emulation.lint,
  );
  const file = await readFile(emulation, request);
  const isVisual = request.kind !== 'document';
  return {
    ...mediaParts(file),
    ...(caption.text === '' ? {} : { caption: caption.text }),
    ...(caption.entities.length === 0 ? {} : { caption_entities: caption.entities }),
    ...(isVisual && request.isCaptionAbove && caption.text !== '' ? { show_caption_above_media: true } : {}),
    ...(isVisual && request.isSpoiler ? { has_media_spoiler: true } : {}),
  };
}

async function readFile({ files, lint }: Emulation, request: MediaRequest): Promise<StoredFile> {
  const { kind, source, thumbnail, width, height, durationSeconds } = request;
  if (source === undefined || source === '') throw badRequest(`there is no ${kind} in the request`);
  if (typeof source === 'string') {
    if (!/^https?:/i.test(source)) return files.reuse(source, kind);
    lint('sending media by HTTP URL is documented but not emulated');
    throw badRequest('failed to get HTTP URL content');
  }
  if (kind === 'photo') return await files.addPhoto(source.bytes);
  const file: NewFile = { kind, ...source };
  if (width !== undefined) file.width = width;
  if (height !== undefined) file.height = height;
  if (durationSeconds !== undefined) file.durationSeconds = durationSeconds;
  if (thumbnail) file.thumbnail = await files.addThumbnail(thumbnail.bytes);
  return files.addUpload(file);
}

/** A stored file as the media fields of a message. */
export function mediaParts(file: StoredFile): Pick<Message, 'photo' | 'video' | 'animation' | 'document'> {
  if (file.kind === 'photo' || file.kind === 'thumbnail') return { photo: file.sizes ?? [photoSize(file)] };
  const document = {
    file_id: file.fileId,
    file_unique_id: file.uniqueId,
    file_size: file.size,
    ...(file.fileName ? { file_name: file.fileName } : {}),
    ...(file.mimeType ? { mime_type: file.mimeType } : {}),
    ...(file.thumbnail ? { thumbnail: file.thumbnail } : {}),
  };
  if (file.kind === 'document') return { document };
  const moving = {
    ...document,
    width: file.width,
    height: file.height,
    duration: file.durationSeconds,
  };
  // An animation is also announced as a document, for bots that know no animations.
  return file.kind === 'video' ? { video: moving } : { animation: moving, document };
}
