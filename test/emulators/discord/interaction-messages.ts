// Faithful: answers and follow-ups belong to their interaction; an ephemeral one is seen by one person alone
// (https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages). Simplified: answers to
// components and modals are plain messages, not replies.
import type { Emulation } from './emulation.ts';
import { pingsOf } from './mentions.ts';
import { mentionScope } from './standing.ts';
import type { InteractionEntry, MessageContent, StoredMessage } from './state.ts';
import { type AllowedMentions, FLAGS } from './wire.ts';

/** Posts an interaction's answer or follow-up. */
export function postAnswer(
  { state, messages, ...rest }: Emulation,
  interaction: InteractionEntry,
  content: MessageContent,
  allowed: AllowedMentions | null | undefined,
): StoredMessage {
  const entry = state.channels.get(interaction.channelId);
  if (!entry) throw new Error(`The channel ${interaction.channelId} of the interaction is gone.`);
  const scope = mentionScope({ state, messages, ...rest }, entry, { senderId: state.bot.id, allowed });
  return messages.create({
    channelId: interaction.channelId,
    authorId: state.bot.id,
    type: typeOf(interaction),
    content,
    pings: pingsOf(content, scope),
    allowedMentions: allowed ?? null,
    interactionId: interaction.id,
    metadata: interaction.metadata,
    ...(content.flags & FLAGS.EPHEMERAL ? { ephemeralFor: interaction.userId } : {}),
  });
}

/** 20 answers a chat command, 23 a context-menu command. */
function typeOf({ kind, payload }: InteractionEntry): number {
  if (kind !== 2) return 0;
  const { data } = payload;
  const isChat = typeof data === 'object' && data !== null && 'type' in data && data.type === 1;
  return isChat ? 20 : 23;
}
