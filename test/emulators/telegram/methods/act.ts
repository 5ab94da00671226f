// Faithful: callback answers, reactions from the fixed list, deletion within 48 h, chat actions
// (https://core.telegram.org/bots/api#available-methods). Simplified: a callback query lives 150 s and takes one
// answer. Missing: custom emoji and paid reactions, cached callback answers.
import { z } from 'zod';
import { checkMayWrite, findChat, isBotAdmin } from '../chats.ts';
import type { Emulation } from '../emulation.ts';
import { badRequest } from '../failure.ts';
import { isReactionEmoji } from '../reactions.ts';
import type { CallbackAnswer, ChatEntry, StoredMessage } from '../state.ts';
import type { Call, MethodTable } from './registry.ts';

export const actMethods: MethodTable = {
  answerCallbackQuery: {
    parameters: ['callback_query_id', 'text', 'show_alert', 'url', 'cache_time'],
    run: answerCallbackQuery,
  },
  setMessageReaction: {
    parameters: ['chat_id', 'message_id', 'reaction', 'is_big'],
    run: setMessageReaction,
  },
  deleteMessage: { parameters: ['chat_id', 'message_id'], run: deleteMessage },
  deleteMessages: { parameters: ['chat_id', 'message_ids'], run: deleteMessages },
  sendChatAction: {
    parameters: ['business_connection_id', 'chat_id', 'message_thread_id', 'action'],
    run: sendChatAction,
  },
};

const DELETABLE_MS = 48 * 60 * 60 * 1000;
const ACTIONS = new Set([
  ...['typing', 'upload_photo', 'record_video', 'upload_video', 'record_voice', 'upload_voice'],
  ...['upload_document', 'choose_sticker', 'find_location', 'record_video_note', 'upload_video_note'],
]);

function answerCallbackQuery({ state, clock, watch, callbackLifetimeMs }: Emulation, { params }: Call) {
  const entry = state.callbackQueries.get(params.text('callback_query_id') ?? '');
  const isOpen = entry && !entry.answer && clock.now() - entry.askedAtMs < callbackLifetimeMs;
  if (!isOpen) throw badRequest('query is too old and response timeout expired or query ID is invalid');
  const text = params.text('text') ?? '';
  if (text.length > 200) throw badRequest('MESSAGE_TOO_LONG');
  const url = params.text('url');
  if (url && !/^(https?:\/\/)?(t\.me|telegram\.me)\//i.test(url)) throw badRequest('URL_INVALID');
  const answer: CallbackAnswer = { show_alert: params.boolean('show_alert') };
  if (text !== '') answer.text = text;
  if (url) answer.url = url;
  const cacheTime = params.integer('cache_time');
  if (cacheTime) answer.cache_time = cacheTime;
  entry.answer = answer;
  entry.answeredAtMs = clock.now();
  watch.changed();
  return true;
}

const reactionsSchema = z.array(
  z.union([
    z.object({ type: z.literal('emoji'), emoji: z.string() }),
    z.object({ type: z.literal('custom_emoji'), custom_emoji_id: z.string() }),
    z.object({ type: z.literal('paid') }),
  ]),
);

function setMessageReaction(emulation: Emulation, { params }: Call) {
  const { state, messages, watch } = emulation;
  const entry = findChat(state, params.text('chat_id'));
  checkMayWrite(state, entry);
  const stored = messages.find(entry.chat.id, params.integer('message_id') ?? 0);
  if (!stored) throw badRequest('message to react not found');
  const parsed = reactionsSchema.safeParse(params.object('reaction') ?? []);
  if (!parsed.success) throw badRequest("can't parse reaction type");
  if (parsed.data.length > 1) throw badRequest('REACTIONS_TOO_MANY');
  const [reaction] = parsed.data;
  if (!reaction) stored.reactions.delete(state.bot.id);
  else if (reaction.type === 'emoji' && isReactionEmoji(reaction.emoji)) {
    const allowed = entry.availableReactions;
    const isAllowed = !allowed || allowed.some((r) => r.type === 'emoji' && r.emoji === reaction.emoji);
    if (!isAllowed) throw badRequest('REACTION_INVALID');
    stored.reactions.set(state.bot.id, [{ type: 'emoji', emoji: reaction.emoji }]);
  } else throw badRequest('REACTION_INVALID');
  watch.changed();
  return true;
}

function deleteMessage(emulation: Emulation, { params }: Call) {
  const entry = findChat(emulation.state, params.text('chat_id'));
  const stored = emulation.messages.find(entry.chat.id, params.integer('message_id') ?? 0);
  if (!stored) throw badRequest('message to delete not found');
  if (!mayDelete(emulation, entry, stored)) throw badRequest("message can't be deleted for everyone");
  emulation.messages.remove(stored);
  return true;
}

/** Messages that are not found or cannot be deleted are skipped. */
function deleteMessages(emulation: Emulation, { params }: Call) {
  const entry = findChat(emulation.state, params.text('chat_id'));
  const ids = z.array(z.int()).min(1).max(100).safeParse(params.object('message_ids'));
  if (!ids.success) throw badRequest('message identifiers are not specified');
  for (const id of ids.data) {
    const stored = emulation.messages.find(entry.chat.id, id);
    if (stored && mayDelete(emulation, entry, stored)) emulation.messages.remove(stored);
  }
  return true;
}

function mayDelete({ state, clock }: Emulation, entry: ChatEntry, { fromBot, versions }: StoredMessage) {
  const hasRight = fromBot || entry.chat.type === 'private' || isBotAdmin(state, entry);
  return hasRight && clock.now() - (versions[0]?.atMs ?? 0) < DELETABLE_MS;
}

function sendChatAction({ state, clock, watch }: Emulation, { params }: Call) {
  const entry = findChat(state, params.text('chat_id'));
  checkMayWrite(state, entry);
  const action = params.text('action') ?? '';
  if (!ACTIONS.has(action)) throw badRequest('wrong parameter action in request');
  state.chatActions.push({ chatId: entry.chat.id, action, atMs: clock.now() });
  watch.changed();
  return true;
}
