// Faithful: sending with nonce, reply and permissions, editing own messages, the limit on old edits, deleting, reading
// back (https://discord.com/developers/docs/resources/message). Missing: bulk deletes, pins, crossposts, search.
import { MessageCreateRequestSchema, MessageEditRequestPartialSchema } from 'discord-api-spec/zod';
import { violation } from './component-rules.ts';
import type { Emulation } from './emulation.ts';
import { ApiFailure, invalidForm, noMutualGuild, notTextChannel, unknownChannel } from './failure.ts';
import { checkForm } from './form-errors.ts';
import { pingsOf } from './mentions.ts';
import { buildContent } from './message-content.ts';
import { PERMISSIONS, type PermissionName } from './permissions.ts';
import { type Call, noContent, ok, type Reply, type Route } from './routes.ts';
import { compareIds } from './snowflake.ts';
import {
  botPermissions,
  mentionScope,
  openThread,
  passAutoMod,
  reachChannel,
  reachMessage,
  refuseArchived,
  sendRight,
  uploadLimit,
} from './standing.ts';
import type { ChannelEntry, GuildEntry, StoredMessage } from './state.ts';
import { FLAGS, FORUM, type MessagePayload } from './wire.ts';

const HOUR_MS = 60 * 60_000;
const MESSAGES = '/channels/{channel}/messages';

export const messageRoutes: Route[] = [
  { name: 'createMessage', method: 'POST', pattern: MESSAGES, bucket: 'sends', run: createMessage },
  { name: 'getMessages', method: 'GET', pattern: MESSAGES, bucket: 'others', run: listMessages },
  {
    name: 'getMessage',
    method: 'GET',
    pattern: `${MESSAGES}/{message}`,
    bucket: 'others',
    run: (call) => ok(show(call.emulation, reach(call, ['READ_MESSAGE_HISTORY']))),
  },
  {
    name: 'editMessage',
    method: 'PATCH',
    pattern: `${MESSAGES}/{message}`,
    bucket: 'edits',
    run: editMessage,
  },
  {
    name: 'deleteMessage',
    method: 'DELETE',
    pattern: `${MESSAGES}/{message}`,
    bucket: 'others',
    run: deleteMessage,
  },
  {
    name: 'triggerTyping',
    method: 'POST',
    pattern: '/channels/{channel}/typing',
    bucket: 'others',
    run: ({ emulation, param }) => {
      reachChannel(emulation, param('channel'), [sendRight(reachChannel(emulation, param('channel')))]);
      return noContent;
    },
  },
];

async function createMessage({ emulation, param, body, uploads }: Call): Promise<Reply> {
  const { state, messages } = emulation;
  const channelId = param('channel');
  const seen = reachChannel(emulation, channelId);
  const entry = reachChannel(emulation, channelId, [sendRight(seen), ...needsFor(uploads.length)]);
  if (entry.channel.type === FORUM) throw notTextChannel();
  const payload = checkForm(MessageCreateRequestSchema, body);
  checkSendFlags(payload);
  const replied = findReplied(emulation, entry, payload);
  const content = await buildContent(emulation, payload, uploads, {
    channelId,
    limitBytes: uploadLimit(emulation, entry),
  });
  refuseClosedDm(emulation, entry);
  passAutoMod(emulation, entry, content);
  openThread(emulation, entry);
  const { nonce } = payload;
  const hasNonce = nonce !== undefined && nonce !== null && nonce !== '';
  const sent = hasNonce && payload.enforce_nonce ? messages.byNonce(state.bot.id, nonce) : undefined;
  if (sent) return ok(show(emulation, sent));
  const scope = mentionScope(emulation, entry, {
    senderId: state.bot.id,
    allowed: payload.allowed_mentions,
    repliedUserId: replied?.authorId,
  });
  const stored = messages.create({
    channelId,
    authorId: state.bot.id,
    content,
    pings: pingsOf(content, scope),
    allowedMentions: payload.allowed_mentions ?? null,
    ...(hasNonce ? { nonce } : {}),
    ...(replied ? { type: 19, reference: referenceTo(replied, entry) } : {}),
  });
  return ok(show(emulation, stored));
}

/** Sends that only an interaction's answer could carry. */
function checkSendFlags({ flags }: MessagePayload) {
  if ((flags ?? 0) & FLAGS.EPHEMERAL)
    throw invalidForm([
      violation(['flags'], 'MESSAGE_FLAGS_INVALID', 'Only answers to interactions can be ephemeral.'),
    ]);
}

const needsFor = (uploads: number): PermissionName[] => (uploads > 0 ? ['ATTACH_FILES'] : []);

function findReplied(
  emulation: Emulation,
  entry: ChannelEntry,
  { message_reference: reference }: MessagePayload,
) {
  if (!reference) return undefined;
  if (!(botPermissions(emulation, entry) & PERMISSIONS.READ_MESSAGE_HISTORY))
    throw new ApiFailure(400, 160002, 'Cannot reply without permission to read message history');
  const replied = emulation.messages.find(entry.channel.id, reference.message_id);
  if (!replied && reference.fail_if_not_exists !== false)
    throw invalidForm([violation(['message_reference'], 'REPLIES_UNKNOWN_MESSAGE', 'Unknown message')]);
  return replied;
}

/** A reply's reference. */
export const referenceTo = ({ id }: StoredMessage, { channel, guildId }: ChannelEntry) => ({
  type: 0,
  message_id: id,
  channel_id: channel.id,
  ...(guildId ? { guild_id: guildId } : {}),
});

function refuseClosedDm({ state }: Emulation, { recipientId }: ChannelEntry) {
  if (recipientId === undefined) return;
  const recipient = state.users.get(recipientId);
  // Bots cannot write to bots either.
  if (recipient?.hasDmsClosed || recipient?.user.bot)
    throw new ApiFailure(403, 50007, 'Cannot send messages to this user');
  const isShared = ({ members }: GuildEntry) => members.has(recipientId) && members.has(state.bot.id);
  if (![...state.guilds.values()].some(isShared)) throw noMutualGuild();
}

async function editMessage(call: Call): Promise<Reply> {
  const { emulation, param, body, uploads } = call;
  const { state, clock, messages, rateLimits } = emulation;
  const stored = reach(call, needsFor(uploads.length));
  if (stored.authorId !== state.bot.id)
    throw new ApiFailure(403, 50005, 'Cannot edit a message authored by another user');
  if (clock.now() > stored.createdAtMs + HOUR_MS) rateLimits.passOldEdit(stored.channelId);
  const payload = checkForm(MessageEditRequestPartialSchema, body);
  const entry = state.channels.get(param('channel'));
  if (!entry) throw unknownChannel();
  refuseArchived(entry);
  const content = await buildContent(emulation, payload, uploads, {
    channelId: stored.channelId,
    limitBytes: uploadLimit(emulation, entry),
    previous: stored.current,
  });
  passAutoMod(emulation, entry, content);
  messages.edit(stored, content);
  return ok(show(emulation, stored));
}

function deleteMessage(call: Call): Reply {
  const { emulation, param } = call;
  const stored = reach(call);
  if (stored.authorId !== emulation.state.bot.id)
    reachChannel(emulation, param('channel'), ['MANAGE_MESSAGES']);
  emulation.messages.remove(stored);
  return noContent;
}

function listMessages({ emulation, param, query }: Call): Reply {
  reachChannel(emulation, param('channel'), []);
  const canRead =
    botPermissions(emulation, reachChannel(emulation, param('channel'))) & PERMISSIONS.READ_MESSAGE_HISTORY;
  // Without the permission Discord answers with nothing rather than with a refusal.
  if (!canRead) return ok([]);
  const limit = Number(query.get('limit') ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw invalidForm([violation(['limit'], 'NUMBER_TYPE_MAX', 'int value should be between 1 and 100.')]);
  const [before, after] = [query.get('before'), query.get('after')];
  const fitting = emulation.messages
    .inChannel(param('channel'))
    .filter(({ ephemeralFor }) => ephemeralFor === undefined)
    .filter(({ id }) => (!before || compareIds(id, before) < 0) && (!after || compareIds(id, after) > 0));
  const page = after ? fitting.slice(0, limit) : fitting.slice(-limit);
  return ok(page.reverse().map((stored) => show(emulation, stored)));
}

const reach = ({ emulation, param }: Call, needed: PermissionName[] = []) =>
  reachMessage(emulation, { channelId: param('channel'), messageId: param('message'), needed });

/** A message as the bot reads it by REST. */
export const show = ({ messages, options }: Emulation, stored: StoredMessage) =>
  messages.wire(stored, { seesContent: options.privilegedIntents.includes('MESSAGE_CONTENT') });
