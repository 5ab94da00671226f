import { type APIMessage, MessageFlags, SnowflakeUtil } from 'discord.js';
import { z } from 'zod';
import type { ChatRef, Person } from '../../core/people.ts';
import { plainName } from '../../core/plain-text.ts';
import type { Role } from '../../core/review/review.ts';
import type { MessageRef } from '../platform.ts';
import { pictureKeyOf } from './files.ts';

/** A channel, a person or a role. */
const OWN = /^discord:(\d{17,20})$/;
const MESSAGE = /^\d{17,20}$/;
const WHISPER = /^@(\d{17,20})\/([^/]+)\/(\d{17,20}|@original)\/(\d+)$/;

/** How long the token of an interaction is good for. */
const TOKEN_LIFETIME_MS = 15 * 60_000;

/** What reaches the messages that only one person sees: an interaction's token, as long as it lives. */
export interface EphemeralRef {
  readonly applicationId: string;
  readonly token: string;
  readonly messageId: string;
  readonly expiresAt: number;
}

interface Interaction {
  readonly id: string;
  readonly application_id: string;
  readonly token: string;
}

export const chatRef = (channelId: string): ChatRef => `discord:${channelId}`;

/** Discord's id of the channel; throws when the chat belongs to another platform. */
export function parseChatRef(chat: ChatRef): string {
  const id = OWN.exec(chat)?.[1];
  if (id === undefined) throw new Error(`"${chat}" is no chat of Discord's.`);
  return id;
}

/** The message on which a component was used; an ephemeral one is reached by the interaction's token alone. */
export function messageRef(interaction: Interaction, message: APIMessage): MessageRef {
  const picture = message.attachments.map(({ filename }) => pictureKeyOf(filename)).find(Boolean);
  const shown = picture === undefined ? {} : { picture };
  if (isEphemeral(message)) return { ...privateRef(interaction, message.channel_id, message.id), ...shown };
  return { chat: chatRef(message.channel_id), id: message.id, ...shown };
}

/** A message that only one person sees: what a deferred answer has become, unless another is named. */
export const privateRef = (
  { id, application_id, token }: Interaction,
  channelId: string,
  messageId = '@original',
): MessageRef => ({
  chat: chatRef(channelId),
  id: nameEphemeral({
    applicationId: application_id,
    token,
    messageId,
    expiresAt: timeOf(id) + TOKEN_LIFETIME_MS,
  }),
  isPrivate: true,
});

/** How the conversation names what only one person sees. */
export const nameEphemeral = ({ applicationId, token, messageId, expiresAt }: EphemeralRef): string =>
  `@${applicationId}/${token}/${messageId}/${expiresAt}`;

export const isEphemeral = ({ flags }: Pick<APIMessage, 'flags'>): boolean =>
  ((flags ?? 0) & MessageFlags.Ephemeral) !== 0;

/** The id of a message that everybody sees, or what reaches one that only one person sees. */
export function parseMessageId({ id }: MessageRef): string | EphemeralRef {
  if (MESSAGE.test(id)) return id;
  const [, applicationId, token, messageId, expiresAt] = WHISPER.exec(id) ?? [];
  // The id may hold a token, so it is not named.
  if (applicationId === undefined || token === undefined || messageId === undefined)
    throw new Error('This is no message of Discord’s.');
  return { applicationId, token, messageId, expiresAt: Number(expiresAt) };
}

/** When something with this id was made, in milliseconds since the epoch. */
export const timeOf = (id: string): number => SnowflakeUtil.timestampFrom(id);

/** The first id that something made at that time (epoch milliseconds) could have. */
export const idAt = (at: number): string => String(SnowflakeUtil.generate({ timestamp: at }) & ~0x3f_ffffn);

/** A safe integer that grows with time and index, where an id of Discord's itself exceeds 2^53. */
export const orderOf = (id: string, index: number): number =>
  Number(BigInt(id) >> 22n) * 1024 + Number(BigInt(id) & 63n) * 16 + index;

/** What we need of a user. */
export const userSchema = z.object({
  id: z.string(),
  username: z.string(),
  global_name: z.string().nullish(),
  bot: z.boolean().optional(),
});

type User = Omit<z.infer<typeof userSchema>, 'bot'>;

/** A user as a person, under the name that people see. */
export function userPerson({ id, global_name, username }: User, nick?: string | null): Person {
  const name = plainName(nick ?? '') || plainName(global_name ?? '') || plainName(username);
  return { id: `discord:${id}`, name: name || id };
}

/** What people hold in a server. */
export const serverRole = ({ id, name }: { id: string; name: string }): Role => ({
  id: `discord:${id}`,
  name: plainName(name) || id,
});

/** Discord's id of a person or a role; undefined for those of another platform. */
export const parseOwnId = (id: string): string | undefined => OWN.exec(id)?.[1];

/** The id of a person; undefined for one of another platform. */
export const parsePersonId = (person: Person): string | undefined => parseOwnId(person.id);
