// Faithful: method names are case-insensitive, parameter names come from the documentation
// (https://core.telegram.org/bots/api#available-methods). Simplified: documented parameters without effect here
// (notifications, protection) are accepted. Missing: see NOT_EMULATED and every method not listed.
import type { Emulation } from '../emulation.ts';
import type { Params } from '../params.ts';

export type Call = { params: Params; signal: AbortSignal };
export type Method = (emulation: Emulation, call: Call) => unknown;
/** A method with the parameters that its documentation names. */
export type MethodEntry = { parameters: readonly string[]; run: Method };
export type MethodTable = Record<string, MethodEntry>;

/** Documented parameters that mean something the emulator does not do. */
const NOT_EMULATED = new Set([
  'business_connection_id',
  'direct_messages_topic_id',
  'suggested_post_parameters',
  'inline_message_id',
  'rich_message',
  'message_effect_id',
  'cover',
  'start_timestamp',
]);

export const SENDING = [
  'business_connection_id',
  'chat_id',
  'message_thread_id',
  'direct_messages_topic_id',
  'ephemeral_message_parameters',
  'disable_notification',
  'protect_content',
  'allow_paid_broadcast',
  'suggested_post_parameters',
  'message_effect_id',
  'reply_parameters',
  'reply_to_message_id',
  'allow_sending_without_reply',
  'reply_markup',
] as const;

export const CAPTION = ['caption', 'parse_mode', 'caption_entities'] as const;

export const EDITING = [
  'business_connection_id',
  'chat_id',
  'message_id',
  'inline_message_id',
  'reply_markup',
] as const;

/** Notes parameters that the documentation does not know, or that the emulator does not act on. */
export function lintParameters(
  { lint }: Emulation,
  method: string,
  entry: MethodEntry,
  names: string[],
  attached: ReadonlySet<string>,
) {
  for (const name of names) {
    if (NOT_EMULATED.has(name)) lint(`${method}: ${name} is documented but not emulated`);
    else if (!entry.parameters.includes(name) && !attached.has(name))
      lint(`${method}: unknown parameter ${name}`);
  }
}
