import { createHash, randomBytes } from 'node:crypto';
import { MessageFlags, type RawFile, RequestMethod, Routes } from 'discord.js';
import { z } from 'zod';
import type { BotRight, ChatRef } from '../../core/people.ts';
import {
  type Card,
  ChatClosedError,
  MessageGoneError,
  type MessageRef,
  type SendOptions,
  type SentMessage,
  shownPicture,
} from '../platform.ts';
import type { Api } from './api.ts';
import { isRefusal, NO_READ_HISTORY } from './errors.ts';
import { pictureKeyOf, readPicture, readTextFile } from './files.ts';
import {
  type EphemeralRef,
  idAt,
  nameEphemeral,
  parseChatRef,
  parseMessageId,
  parsePersonId,
} from './ids.ts';
import { renderCard } from './render.ts';

const NONCE_BYTES = 12;
const MAX_NONCE_LENGTH = 25;
/** So far our clock may be ahead of Discord's. */
const MAX_CLOCK_DIFFERENCE_MS = 60_000;
const PAGE_LENGTH = 100;
const MAX_PAGES = 5;
const pageSchema = z.array(z.object({ id: z.string() }));
const shownSchema = z.object({
  id: z.string(),
  author: z.object({ id: z.string() }),
  components: z.unknown(),
  attachments: z.array(z.object({ filename: z.string() })).default([]),
});
const sentSchema = z.object({
  id: z.string(),
  components: z.unknown(),
  attachments: z.array(z.object({ filename: z.string() })).default([]),
});

/** Sends, edits and removes messages. A send that the library repeats does not double, for it carries a nonce. */
export function createOutgoing({
  api,
  missingIn,
  ownId,
  now,
}: {
  api: Api;
  /** Our own user; undefined before the first session. */
  ownId: () => string | undefined;
  /** What we lack for a card in a channel. */
  missingIn: (channelId: string) => readonly BotRight[];
  now: () => number;
}) {
  async function send(chat: ChatRef, card: Card, options: SendOptions = {}): Promise<MessageRef> {
    const fullRoute = Routes.channelMessages(parseChatRef(chat));
    const parts = await partsOf(card, options.callsFor && parsePersonId(options.callsFor));
    const parameters = sendParameters(options);
    const body = { ...parts.body, ...parameters };
    const post = (more: object) =>
      api
        .request({
          name: 'createMessage',
          method: RequestMethod.Post,
          fullRoute,
          body: { ...body, ...more },
          files: parts.files,
        })
        .catch((error) => {
          throw withRights(error, chat, parts);
        });
    const reference = referenceTo(options.replyTo);
    const sent = await post(reference).catch((error) => {
      // Who may not read back may not reply either; the message itself matters more.
      if (!isRefusal(error, NO_READ_HISTORY)) throw error;
      return post({});
    });
    const message = sentSchema.parse(sent);
    const ref = refOf({ chat, id: message.id }, card);
    // Under a nonce that Discord remembers it gives back the message that it has, which may show an older card.
    if (isShown(message, parts)) return ref;
    try {
      await put(ref, parts);
      return ref;
    } catch (error) {
      if (!(error instanceof MessageGoneError)) throw error;
      // That message was deleted, so another one is wanted, under a key that follows from it.
      return send(chat, card, { ...options, onceKey: keyAfter(parameters.nonce, message.id) });
    }
  }

  /** A follow-up of the interaction whose answer the message is, seen by the same person alone. */
  async function sendBeside(message: MessageRef, card: Card): Promise<MessageRef> {
    const own = parseMessageId(message);
    if (typeof own === 'string') throw new Error('Everybody sees this message.');
    if (now() >= own.expiresAt) throw new MessageGoneError('A follow-up is taken for 15 minutes only.');
    const { body, files } = await partsOf(card);
    const sent = await api.request({
      name: 'createFollowup',
      method: RequestMethod.Post,
      fullRoute: Routes.webhook(own.applicationId, own.token),
      body: { ...body, flags: MessageFlags.IsComponentsV2 | MessageFlags.Ephemeral },
      files,
      isOpen: true,
    });
    return refOf({ ...message, id: nameEphemeral({ ...own, messageId: sentSchema.parse(sent).id }) }, card);
  }

  async function edit(message: MessageRef, card: Card): Promise<MessageRef> {
    const picture = shownPicture(card);
    const isKept = picture !== undefined && picture.key === message.picture;
    const parts = isKept ? contentOf(card) : await partsOf(card);
    await put(message, parts);
    return refOf(message, card);
  }

  async function put(message: MessageRef, parts: Parts): Promise<void> {
    const target = targetOf(message);
    const patch = () =>
      api.request({ name: 'editMessage', method: RequestMethod.Patch, ...target, ...parts });
    try {
      await patch();
    } catch (error) {
      const isThreadClosed = error instanceof ChatClosedError && error.obstacle.type === 'thread_closed';
      if (!isThreadClosed) throw withRights(error, message.chat, parts);
      await unarchive(message.chat);
      await patch();
    }
  }

  /** Threads are archived after some days without a word, and nothing in them can be changed then. */
  async function unarchive(chat: ChatRef): Promise<void> {
    const fullRoute = Routes.channel(parseChatRef(chat));
    const body = { archived: false };
    await api.request({ name: 'modifyChannel', method: RequestMethod.Patch, fullRoute, body });
  }

  /** Names the rights that are missing, which Discord does not. */
  function withRights(error: unknown, chat: ChatRef, { files }: Parts): unknown {
    if (!(error instanceof ChatClosedError) || error.obstacle.type !== 'rights') return error;
    if (error.obstacle.missing.length > 0) return error;
    const needed = ['view', 'send', 'send_in_threads', ...(files.length > 0 ? ['pictures'] : [])];
    const missing = missingIn(parseChatRef(chat)).filter((right) => needed.includes(right));
    return new ChatClosedError(error.message, { type: 'rights', missing });
  }

  async function remove(message: MessageRef): Promise<void> {
    try {
      await api.request({ name: 'deleteMessage', method: RequestMethod.Delete, ...targetOf(message) });
    } catch (error) {
      if (!(error instanceof MessageGoneError || error instanceof ChatClosedError)) throw error;
    }
  }

  /** The route that reaches a message of ours. */
  function targetOf(message: MessageRef) {
    const id = parseMessageId(message);
    if (typeof id === 'string')
      return { fullRoute: Routes.channelMessage(parseChatRef(message.chat), id), isOpen: false };
    if (!canEdit(message)) throw new MessageGoneError('This message can be edited for 15 minutes only.');
    return { fullRoute: ephemeralRoute(id), isOpen: true };
  }

  function canEdit(message: MessageRef): boolean {
    const id = parseMessageId(message);
    return typeof id === 'string' || now() < id.expiresAt;
  }

  /** The buttons of a message of ours; undefined where it has none, or is none of ours. */
  async function readCopy(message: MessageRef): Promise<string | undefined> {
    const id = parseMessageId(message);
    if (typeof id !== 'string') return undefined;
    const fullRoute = Routes.channelMessage(parseChatRef(message.chat), id);
    try {
      const found = await api.request({ name: 'getMessage', method: RequestMethod.Get, fullRoute });
      return ownIn(message.chat, [found])[0]?.fingerprint;
    } catch (error) {
      if (error instanceof MessageGoneError || error instanceof ChatClosedError) return undefined;
      throw error;
    }
  }

  /** Without the right to read back Discord tells of no messages. */
  async function findSent(chat: ChatRef, since: number): Promise<SentMessage[]> {
    const fullRoute = Routes.channelMessages(parseChatRef(chat));
    const found: SentMessage[] = [];
    let after = idAt(since - MAX_CLOCK_DIFFERENCE_MS);
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const query = new URLSearchParams({ after, limit: `${PAGE_LENGTH}` });
      const page = await api.request({ name: 'getMessages', method: RequestMethod.Get, fullRoute, query });
      const [newest, ...others] = pageSchema.parse(page);
      found.unshift(...ownIn(chat, page));
      if (newest === undefined || others.length + 1 < PAGE_LENGTH) break;
      after = newest.id;
    }
    return found;
  }

  function ownIn(chat: ChatRef, page: unknown): SentMessage[] {
    return shownSchema
      .array()
      .parse(page)
      .flatMap(({ id, author, components, attachments }) => {
        const fingerprint = pressesIn(components);
        if (author.id !== ownId() || fingerprint === '') return [];
        const picture = attachments.map(({ filename }) => pictureKeyOf(filename)).find(Boolean);
        const message = { chat, id };
        return [{ message: picture === undefined ? message : { ...message, picture }, fingerprint }];
      });
  }

  return { send, sendBeside, edit, canEdit, remove, readCopy, findSent };
}

/** What the buttons of a message that shows this card bring back. */
export const fingerprintOf = (card: Card): string => pressesIn(renderCard(card));

/** What the buttons and menus of a message bring back. */
export function pressesIn(part: unknown): string {
  if (typeof part !== 'object' || part === null) return '';
  const own = 'custom_id' in part && typeof part.custom_id === 'string' ? [part.custom_id] : [];
  return [...own, ...Object.values(part).map(pressesIn)].filter(Boolean).join(' ');
}

export type Outgoing = ReturnType<typeof createOutgoing>;

const ephemeralRoute = ({ applicationId, token, messageId }: EphemeralRef) =>
  Routes.webhookMessage(applicationId, token, messageId);

/** Without `attachments` an edit keeps what is attached, and `attachment://` finds it. */
function contentOf(card: Card, calledId?: string) {
  const body = {
    components: renderCard(card, calledId),
    flags: MessageFlags.IsComponentsV2,
    allowed_mentions: { parse: [], users: calledId === undefined ? [] : [calledId] },
  };
  return { body, files: [] };
}

/** The content with its picture or file, in place of whatever is attached. */
async function partsOf(card: Card, calledId?: string) {
  const { body } = contentOf(card, calledId);
  const files = await filesOf(card);
  const attachments = files.map(({ name }, index) => ({ id: String(index), filename: name }));
  return { body: { ...body, attachments }, files };
}

async function filesOf(card: Card): Promise<RawFile[]> {
  const { attachment } = card;
  if (attachment === undefined) return [];
  return [attachment.type === 'file' ? readTextFile(attachment) : await readPicture(attachment)];
}

type Parts = Awaited<ReturnType<typeof partsOf>> | ReturnType<typeof contentOf>;

/** Whether a message as Discord gives it shows what we put into it. */
const isShown = ({ components, attachments }: z.infer<typeof sentSchema>, { body, files }: Parts): boolean =>
  wordsIn(components).join('\n') === wordsIn(body.components).join('\n') &&
  attachments.map(({ filename }) => filename).join() === files.map(({ name }) => name).join();

/** All that can be read in components. */
function wordsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) => {
    const isWord = typeof value === 'string' && (key === 'content' || key === 'label');
    return isWord ? [value] : wordsIn(value);
  });
}

function sendParameters({ onceKey, silent }: SendOptions) {
  if (onceKey !== undefined && (onceKey === '' || onceKey.length > MAX_NONCE_LENGTH))
    throw new Error(`A once-key has 1 to ${MAX_NONCE_LENGTH} characters.`);
  const quiet = silent === true ? MessageFlags.SuppressNotifications : 0;
  return {
    flags: MessageFlags.IsComponentsV2 | quiet,
    nonce: onceKey ?? randomBytes(NONCE_BYTES).toString('base64url'),
    enforce_nonce: true,
  };
}

const keyAfter = (key: string, deletedId: string): string =>
  createHash('sha256').update(`${key} ${deletedId}`).digest('base64url').slice(0, MAX_NONCE_LENGTH);

function referenceTo(message: MessageRef | undefined) {
  const id = message && parseMessageId(message);
  // Nobody can reply to a message that only one person sees.
  if (typeof id !== 'string') return {};
  return { message_reference: { message_id: id, fail_if_not_exists: false } };
}

function refOf({ picture: _, ...message }: MessageRef, card: Card): MessageRef {
  const picture = shownPicture(card);
  return picture === undefined ? message : { ...message, picture: picture.key };
}
