// Faithful: who may show whom an ephemeral message: an administrator any member at any time, any bot whoever pressed a
// button of its in the last 15 s (https://core.telegram.org/bots/api#ephemeral-messages-and-commands). Simplified: it
// always arrives and never expires; Telegram does not document the wording of most refusals. Missing: ephemeral
// commands and replies to them, editing and deleting, showing it in place of a message.
import type { User } from 'grammy/types';
import { z } from 'zod';
import { isBotAdmin } from '../chats.ts';
import type { Emulation } from '../emulation.ts';
import { badRequest } from '../failure.ts';
import type { Params } from '../params.ts';
import type { ChatEntry } from '../state.ts';

const WINDOW_MS = 15_000;

const schema = z.object({
  receiver_user_id: z.int(),
  callback_query_id: z.exactOptional(z.string()),
  replace_callback_query_message: z.exactOptional(z.boolean()),
});
type Parameters = z.infer<typeof schema>;

/** Reads for whom a message is; throws when the bot may not show it to them. */
export function readReceiver(emulation: Emulation, params: Params, entry: ChatEntry): User {
  const parsed = schema.safeParse(params.object('ephemeral_message_parameters'));
  if (!parsed.success) throw badRequest("can't parse EphemeralMessageParameters");
  if (parsed.data.replace_callback_query_message)
    emulation.lint('replace_callback_query_message is documented but not emulated');
  if (entry.chat.type === 'private' || !isEligible(emulation, parsed.data, entry))
    throw badRequest('BOT_NOT_ADMIN');
  const member = entry.members.get(parsed.data.receiver_user_id);
  if (!member || member.status === 'left' || member.status === 'kicked')
    throw badRequest('USER_NOT_PARTICIPANT');
  if (member.user.is_bot) throw badRequest('USER_IS_BOT');
  return member.user;
}

function isEligible({ state, clock }: Emulation, parameters: Parameters, entry: ChatEntry): boolean {
  if (isBotAdmin(state, entry)) return true;
  const pressed = state.callbackQueries.get(parameters.callback_query_id ?? '');
  if (!pressed || clock.now() - pressed.askedAtMs > WINDOW_MS) return false;
  const { from, message } = pressed.query;
  return from.id === parameters.receiver_user_id && message?.chat.id === entry.chat.id;
}
