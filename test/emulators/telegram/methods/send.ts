// Faithful: sendMessage, sendPhoto, sendVideo, sendDocument, sendAnimation and sendMediaGroup with their limits
// (https://core.telegram.org/bots/api#sendmessage). Simplified: an album is sent whole or not at all. Missing: audio,
// voice, video notes, stickers, polls, locations, forwards and copies.
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Sending } from '../chats.ts';
import type { Emulation } from '../emulation.ts';
import { badRequest } from '../failure.ts';
import type { Params, Upload } from '../params.ts';
import { formatMessageText } from '../text.ts';
import { type MediaKind, type MediaRequest, readMedia } from './content.ts';
import { CAPTION, type Call, type MethodTable, SENDING } from './registry.ts';
import { deliver, readTarget } from './target.ts';

const NOT_FOR_ALBUMS = new Set<string>(['reply_markup', 'ephemeral_message_parameters']);
const VISUAL = ['show_caption_above_media', 'has_spoiler'] as const;
const MOVING = ['duration', 'width', 'height', 'thumbnail'] as const;

export const sendMethods: MethodTable = {
  sendMessage: {
    parameters: [...SENDING, 'text', 'parse_mode', 'entities', 'link_preview_options'],
    run: sendMessage,
  },
  sendPhoto: { parameters: [...SENDING, ...CAPTION, ...VISUAL, 'photo'], run: sendMedium('photo') },
  sendVideo: {
    parameters: [
      ...[...SENDING, ...CAPTION, ...VISUAL, ...MOVING],
      ...['video', 'cover', 'start_timestamp', 'supports_streaming'],
    ],
    run: sendMedium('video'),
  },
  sendAnimation: {
    parameters: [...SENDING, ...CAPTION, ...VISUAL, ...MOVING, 'animation'],
    run: sendMedium('animation'),
  },
  sendDocument: {
    parameters: [...SENDING, ...CAPTION, 'document', 'thumbnail', 'disable_content_type_detection'],
    run: sendMedium('document'),
  },
  sendMediaGroup: {
    parameters: [...SENDING.filter((name) => !NOT_FOR_ALBUMS.has(name)), 'media'],
    run: sendMediaGroup,
  },
};

function sendMessage(emulation: Emulation, { params }: Call) {
  const target = readTarget(emulation, params);
  const { text, entities } = formatMessageText(
    {
      text: params.text('text') ?? '',
      parseMode: params.text('parse_mode'),
      entities: params.object('entities'),
    },
    emulation.lint,
  );
  const preview = readLinkPreview(params);
  const content = {
    text,
    ...(entities.length > 0 ? { entities } : {}),
    ...(preview ? { link_preview_options: preview } : {}),
  };
  return deliver(emulation, target, content);
}

const linkPreviewSchema = z.object({
  is_disabled: z.exactOptional(z.boolean()),
  url: z.exactOptional(z.string()),
  prefer_small_media: z.exactOptional(z.boolean()),
  prefer_large_media: z.exactOptional(z.boolean()),
  show_above_text: z.exactOptional(z.boolean()),
});

/** Reads link_preview_options. */
export function readLinkPreview(params: Params) {
  const parsed = linkPreviewSchema.optional().safeParse(params.object('link_preview_options'));
  if (!parsed.success) throw badRequest("can't parse link preview options JSON object");
  return parsed.data;
}

const SENDING_KINDS = {
  photo: 'photos',
  video: 'videos',
  animation: 'videos',
  document: 'documents',
} as const satisfies Record<MediaKind, Sending>;

function sendMedium(kind: MediaKind) {
  return async (emulation: Emulation, { params }: Call) => {
    const target = readTarget(emulation, params, { what: SENDING_KINDS[kind] });
    const thumbnail = params.upload('thumbnail') ?? attachment(params, params.text('thumbnail'));
    const media = await readMedia(emulation, {
      kind,
      source: params.upload(kind) ?? attachment(params, params.text(kind)) ?? params.text(kind),
      thumbnail,
      width: params.integer('width'),
      height: params.integer('height'),
      durationSeconds: params.integer('duration'),
      caption: params.text('caption'),
      parseMode: params.text('parse_mode'),
      captionEntities: params.object('caption_entities'),
      isCaptionAbove: params.boolean('show_caption_above_media'),
      isSpoiler: params.boolean('has_spoiler'),
    });
    return deliver(emulation, target, media);
  };
}

/** The upload that an attach:// reference names, or undefined for anything else. */
function attachment(params: Params, reference: string | undefined): Upload | undefined {
  if (!reference?.startsWith('attach://')) return undefined;
  const upload = params.upload(reference.slice('attach://'.length));
  if (!upload) throw badRequest('wrong file identifier/HTTP URL specified');
  return upload;
}

const inputMediaSchema = z.looseObject({
  type: z.enum(['photo', 'video', 'animation', 'document']),
  media: z.string(),
  thumbnail: z.string().optional(),
  caption: z.string().optional(),
  parse_mode: z.string().optional(),
  caption_entities: z.unknown().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  duration: z.int().optional(),
  has_spoiler: z.boolean().optional(),
  show_caption_above_media: z.boolean().optional(),
});
const INPUT_MEDIA_KEYS = new Set([
  ...Object.keys(inputMediaSchema.shape),
  'supports_streaming',
  'disable_content_type_detection',
]);

/** Reads one InputMedia object. */
export function readInputMedia({ lint }: Emulation, params: Params, value: unknown): MediaRequest {
  const parsed = inputMediaSchema.safeParse(value);
  if (!parsed.success) throw badRequest("can't parse InputMedia");
  const media = parsed.data;
  for (const key of Object.keys(media))
    if (!INPUT_MEDIA_KEYS.has(key)) lint(`InputMedia has the unknown or unsupported field ${key}`);
  return {
    kind: media.type,
    source: attachment(params, media.media) ?? media.media,
    thumbnail: attachment(params, media.thumbnail),
    width: media.width,
    height: media.height,
    durationSeconds: media.duration,
    caption: media.caption,
    parseMode: media.parse_mode,
    captionEntities: media.caption_entities,
    isCaptionAbove: media.show_caption_above_media ?? false,
    isSpoiler: media.has_spoiler ?? false,
  };
}

/** The names of the multipart parts that attach:// references stand for. */
export function attachedNames(params: Params): Set<string> {
  const text = Object.values(params.plain())
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join(' ');
  return new Set([...text.matchAll(/attach:\/\/([^"\\\s]+)/g)].map(([, name]) => name ?? ''));
}

async function sendMediaGroup(emulation: Emulation, { params }: Call) {
  const list = z.array(z.unknown()).safeParse(params.object('media'));
  if (!list.success) throw badRequest("can't parse media JSON object");
  const requests = list.data.map((value) => readInputMedia(emulation, params, value));
  if (requests.length < 2) throw badRequest('media must include 2-10 items');
  if (requests.length > 10) throw badRequest('too many messages to send as an album');
  checkMix(requests.map(({ kind }) => kind));
  const { entry, parts, markup } = readTarget(emulation, params, { count: requests.length });
  if (markup.inline || markup.other) emulation.lint('sendMediaGroup: albums take no reply_markup');
  const { reply_markup: _, ...albumParts } = parts;
  const contents = [];
  for (const request of requests) contents.push(await readMedia(emulation, request));
  const groupId = String(randomInt(1e12, 2e14));
  return contents.map(
    (content) =>
      emulation.messages.post(entry, { ...albumParts, ...content, media_group_id: groupId }).current,
  );
}

/** Documents go only with documents; animations go into no album. */
function checkMix(kinds: MediaKind[]) {
  const isMixed = kinds.includes('document') && kinds.some((kind) => kind !== 'document');
  if (isMixed || kinds.includes('animation'))
    throw badRequest("can't use the media of the specified type in the album");
}
