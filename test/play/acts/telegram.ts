import sharp from 'sharp';
import { z } from 'zod';
import type { AlbumItem } from '../../emulators/telegram/index.ts';
import type { PlayedPerson } from '../people.ts';
import type { Playground } from '../playground.ts';
import { type Form, jsonText, type SentBytes } from './act.ts';

/** As long as the apps let a button spin. */
const PRESS_MS = 15_000;
const ALBUM_SIZE = 10;
/** The apps make photos no bigger than this. */
const PHOTO_PIXELS = 2_560;

const message = { chat: z.int(), message: z.int() };
const schemas = {
  text: z.object({ chat: z.int(), text: z.string().min(1), replyTo: z.int().optional() }),
  press: z.object({ ...message, ephemeral: z.int().optional(), data: z.string() }),
  react: z.object({ ...message, emoji: z.string() }),
  edit: z.object({ ...message, text: z.string().min(1) }),
  delete: z.object(message),
};
const filesSchema = z.object({
  chat: z.coerce.number().int(),
  caption: z.string().default(''),
  replyTo: z.coerce.number().int().optional(),
  asFiles: z.enum(['true', 'false']).default('false'),
  facts: jsonText.pipe(
    z.array(z.object({ width: z.number(), height: z.number(), seconds: z.number() }).nullable()),
  ),
});

/** What a person does in Telegram, by the app's side of the emulator. */
export function createTelegramActs({ telegram, people }: Playground) {
  /** The chats of the playground; there are no others. */
  function chatOf(id: number, me: PlayedPerson) {
    const found = [people.group, me.privateChat].find((chat) => chat.id === id);
    if (found === undefined) throw new Error('This chat is not on the page.');
    return found;
  }

  const refOf = (chat: number, id: number) => ({ chat: { id: chat }, message_id: id });

  async function text(body: unknown, me: PlayedPerson): Promise<void> {
    const { chat, text, replyTo } = schemas.text.parse(body);
    const place = replyTo === undefined ? {} : { replyTo: refOf(chat, replyTo) };
    await telegram.sendText(chatOf(chat, me), me.telegram, text, place);
  }

  async function press(body: unknown, me: PlayedPerson) {
    const { chat, message, ephemeral, data } = schemas.press.parse(body);
    chatOf(chat, me);
    const target =
      ephemeral === undefined
        ? refOf(chat, message)
        : { ...refOf(chat, message), ephemeral_message_id: ephemeral };
    const { text, show_alert: isAlert } = await telegram.press(target, (has) => has === data, me.telegram, {
      timeoutMs: PRESS_MS,
    });
    return { text, isAlert };
  }

  async function react(body: unknown, me: PlayedPerson): Promise<void> {
    const { chat, message, emoji } = schemas.react.parse(body);
    await telegram.react(refOf(chatOf(chat, me).id, message), me.telegram, emoji === '' ? [] : emoji);
  }

  async function edit(body: unknown, me: PlayedPerson): Promise<void> {
    const { chat, message, text } = schemas.edit.parse(body);
    await telegram.editText(refOf(chatOf(chat, me).id, message), me.telegram, text);
  }

  async function remove(body: unknown, me: PlayedPerson): Promise<void> {
    const { chat, message } = schemas.delete.parse(body);
    const ref = refOf(chatOf(chat, me).id, message);
    if (telegram.find(ref).current.from?.id !== me.telegram.id)
      throw new Error('People delete only their own messages.');
    await telegram.deleteMessage(ref);
  }

  /** Sends files as the app does: ten to an album, photos as JPEG unless they go as files. */
  async function files(form: Form, me: PlayedPerson): Promise<void> {
    const given = Object.fromEntries(
      ['chat', 'caption', 'replyTo', 'asFiles', 'facts'].map((name) => [name, form.text(name)]),
    );
    const { chat: id, caption, replyTo, asFiles, facts } = filesSchema.parse(given);
    const chat = chatOf(id, me);
    const sent = await form.files('file');
    const items: AlbumItem[] = [];
    for (const [index, file] of sent.entries())
      items.push(await itemOf(file, { asFile: asFiles === 'true', facts: facts[index] ?? undefined }));
    const reply = replyTo === undefined ? {} : { replyTo: refOf(id, replyTo) };
    const parts = { ...reply, ...(caption !== '' && { caption }) };
    const groups = [
      items.filter(({ type }) => type !== 'document'),
      items.filter(({ type }) => type === 'document'),
    ].flatMap((some) => inAlbums(some));
    for (const [index, album] of groups.entries()) await send(chat, me, album, index === 0 ? parts : reply);
  }

  async function send(
    chat: ReturnType<typeof chatOf>,
    { telegram: from }: PlayedPerson,
    album: AlbumItem[],
    parts: { caption?: string; replyTo?: ReturnType<typeof refOf> },
  ): Promise<void> {
    const [only] = album;
    if (only === undefined) return;
    if (album.length > 1) await telegram.sendAlbum(chat, from, album, parts);
    else if (only.type === 'photo') await telegram.sendPhoto(chat, from, { ...only, ...parts });
    else if (only.type === 'video') await telegram.sendVideo(chat, from, { ...only, ...parts });
    else await telegram.sendDocument(chat, from, { ...only, ...parts });
  }

  return { json: { text, press, react, edit, delete: remove }, forms: { files } };
}

const inAlbums = (items: AlbumItem[]): AlbumItem[][] =>
  Array.from({ length: Math.ceil(items.length / ALBUM_SIZE) }, (_, index) =>
    items.slice(index * ALBUM_SIZE, (index + 1) * ALBUM_SIZE),
  );

interface Look {
  readonly asFile: boolean;
  /** As the browser has measured a video. */
  readonly facts: { width: number; height: number; seconds: number } | undefined;
}

async function itemOf(file: SentBytes, { asFile, facts }: Look): Promise<AlbumItem> {
  const { bytes, fileName, contentType: mimeType } = file;
  const plain = { type: 'document' as const, bytes, fileName, ...(mimeType !== '' && { mimeType }) };
  if (asFile) return plain;
  if (mimeType.startsWith('video/'))
    return {
      ...plain,
      type: 'video',
      ...(facts && { width: facts.width, height: facts.height, durationSeconds: Math.round(facts.seconds) }),
    };
  if (!mimeType.startsWith('image/') || mimeType === 'image/gif') return plain;
  const jpeg = await sharp(bytes)
    .autoOrient()
    .resize(PHOTO_PIXELS, PHOTO_PIXELS, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .jpeg({ quality: 87 })
    .toBuffer()
    .catch(() => undefined);
  return jpeg === undefined ? plain : { type: 'photo', bytes: new Uint8Array(jpeg) };
}
