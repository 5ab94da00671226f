// Faithful: what a bot can learn about chats and members, its command menu per scope and language
// (https://core.telegram.org/bots/api#getchat). Simplified: every member can be looked up, and a group
// that the bot is not in cannot be looked into, not even a public one. Missing: photos, bios,
// pinned messages.
import { z } from 'zod';
import { checkMayRead, findChat, leftMember } from '../chats.ts';
import type { Emulation } from '../emulation.ts';
import { badRequest } from '../failure.ts';
import type { Params } from '../params.ts';
import type { ChatEntry } from '../state.ts';
import type { Call, MethodTable } from './registry.ts';

export const chatInfoMethods: MethodTable = {
  getChat: { parameters: ['chat_id'], run: getChat },
  getChatMember: { parameters: ['chat_id', 'user_id'], run: getChatMember },
  getChatAdministrators: { parameters: ['chat_id', 'return_bots'], run: getChatAdministrators },
  getChatMemberCount: {
    parameters: ['chat_id'],
    run: (emulation, call) => presentMembers(openChat(emulation, call).members).length,
  },
  setMyCommands: { parameters: ['commands', 'scope', 'language_code'], run: setMyCommands },
  getMyCommands: {
    parameters: ['scope', 'language_code'],
    run: ({ state }, { params }) => state.commands.get(readScope(params).key)?.commands ?? [],
  },
  deleteMyCommands: {
    parameters: ['scope', 'language_code'],
    run({ state }, { params }) {
      state.commands.delete(readScope(params).key);
      return true;
    },
  },
};

function getChat(emulation: Emulation, call: Call) {
  const entry = openChat(emulation, call);
  const common = { accent_color_id: 0, max_reaction_count: 11, accepted_gift_types: noGifts() };
  const reactions = entry.availableReactions ? { available_reactions: entry.availableReactions } : {};
  if (entry.chat.type === 'private') return { ...entry.chat, ...common };
  return {
    ...entry.chat,
    ...common,
    ...reactions,
    permissions: { can_send_messages: true, ...entry.permissions },
  };
}

/** Finds a chat that the bot may look into. */
function openChat({ state }: Emulation, { params }: Call): ChatEntry {
  const entry = findChat(state, params.text('chat_id'));
  checkMayRead(state, entry);
  return entry;
}

const noGifts = () => ({
  unlimited_gifts: false,
  limited_gifts: false,
  unique_gifts: false,
  premium_subscription: false,
});

function getChatMember(emulation: Emulation, call: Call) {
  const entry = openChat(emulation, call);
  const { state } = emulation;
  const userId = call.params.integer('user_id');
  const member = entry.members.get(userId ?? 0);
  if (member) return member;
  const user = state.users.get(userId ?? 0);
  if (!user) throw badRequest('invalid user_id specified');
  return leftMember(user);
}

function getChatAdministrators(emulation: Emulation, call: Call) {
  const entry = openChat(emulation, call);
  if (entry.chat.type === 'private') throw badRequest('there are no administrators in the private chat');
  const withBots = call.params.boolean('return_bots');
  return presentMembers(entry.members).filter(
    ({ status, user }) =>
      (status === 'creator' || status === 'administrator') &&
      (!user.is_bot || withBots || user.id === emulation.state.bot.id),
  );
}

const presentMembers = <T extends { status: string }>(members: Map<number, T>): T[] =>
  [...members.values()].filter(({ status }) => status !== 'left' && status !== 'kicked');

const commandsSchema = z.array(z.object({ command: z.string(), description: z.string() }));

function setMyCommands({ state, watch }: Emulation, { params }: Call) {
  const parsed = commandsSchema.safeParse(params.object('commands'));
  if (!parsed.success) throw badRequest("can't parse commands JSON object");
  if (parsed.data.length > 100) throw badRequest('BOT_COMMANDS_TOO_MUCH');
  for (const { command, description } of parsed.data) {
    if (!/^\/?[a-z0-9_]{1,32}$/.test(command)) throw badRequest('BOT_COMMAND_INVALID');
    if (!/^.{1,256}$/su.test(description)) throw badRequest('BOT_COMMAND_DESCRIPTION_INVALID');
  }
  const commands = parsed.data.map((entry) => ({ ...entry, command: entry.command.replace(/^\//, '') }));
  const { key, scope, languageCode } = readScope(params);
  state.commands.set(key, { scope, languageCode, commands });
  watch.changed();
  return true;
}

const scopeSchema = z.union([
  z.object({
    type: z.enum(['default', 'all_private_chats', 'all_group_chats', 'all_chat_administrators']),
  }),
  z.object({ type: z.enum(['chat', 'chat_administrators']), chat_id: z.union([z.int(), z.string()]) }),
  z.object({ type: z.literal('chat_member'), chat_id: z.union([z.int(), z.string()]), user_id: z.int() }),
]);

function readScope(params: Params) {
  const parsed = scopeSchema.safeParse(params.object('scope') ?? { type: 'default' });
  if (!parsed.success) throw badRequest("can't parse BotCommandScope");
  const languageCode = params.text('language_code') ?? '';
  if (!/^([a-z]{2})?$/.test(languageCode)) throw badRequest('invalid language code specified');
  return { scope: parsed.data, languageCode, key: JSON.stringify([parsed.data, languageCode]) };
}
