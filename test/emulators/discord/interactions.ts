// Faithful: what an interaction tells the bot: who, where, with which rights and limits
// (https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object). Simplified: the app
// is installed in the guild; in DMs with the bot too. Missing: user installs, premium entitlements.
import { randomBytes } from 'node:crypto';
import type { OptionValue } from './command-wire.ts';
import type { Emulation } from './emulation.ts';
import { memberInChannel, userOf } from './guild-wire.ts';
import { botPermissions, uploadLimit, userPermissions } from './standing.ts';
import type { ChannelEntry, InteractionEntry, InteractionKind, StoredMessage } from './state.ts';
import type { InteractionMetadata } from './wire.ts';

export const FIRST_ANSWER_MS = 3000;
export const TOKEN_LIFETIME_MS = 15 * 60_000;

export type NewInteraction = {
  kind: InteractionKind;
  userId: string;
  entry: ChannelEntry;
  data: Record<string, unknown>;
  locale?: string | undefined;
  /** For components, and for modals they opened. */
  source?: StoredMessage | undefined;
  commandName?: string | undefined;
  /** The interaction that opened the modal. */
  trigger?: InteractionEntry | undefined;
  options?: OptionValue[] | undefined;
};

/** Sends an interaction to the bot; from here on its clocks run. */
export function deliverInteraction(emulation: Emulation, given: NewInteraction): InteractionEntry {
  const { state, clock, ids, sessions } = emulation;
  if (!sessions.isListening(given.entry.guildId))
    throw new Error(
      'The bot has no gateway session, so Discord would say "The application did not respond".',
    );
  const { kind, userId, entry, source, options } = given;
  const id = ids.next();
  const interaction: InteractionEntry = {
    id,
    token: randomBytes(60).toString('base64url'),
    kind,
    userId,
    channelId: entry.channel.id,
    payload: {},
    createdAtMs: clock.now(),
    startedAt: performance.now(),
    ...(source ? { sourceMessageId: source.id } : {}),
    followUpIds: [],
    metadata: metadataOf(emulation, id, given),
    ...(options ? { options } : {}),
  };
  interaction.payload = payloadOf(emulation, interaction, given);
  state.interactions.push(interaction);
  sessions.dispatch('INTERACTION_CREATE', interaction.payload);
  return interaction;
}

function payloadOf(
  emulation: Emulation,
  { id, token, metadata }: InteractionEntry,
  { kind, userId, entry, data, locale, source }: NewInteraction,
): Record<string, unknown> {
  const { state, messages } = emulation;
  const { channel, guildId } = entry;
  const guild = guildId === undefined ? undefined : state.guilds.get(guildId);
  const member = guild?.members.get(userId);
  const permissions = String(userPermissions(emulation, entry, userId));
  return {
    id,
    application_id: state.applicationId,
    type: kind,
    data,
    token,
    version: 1,
    channel_id: channel.id,
    channel: { ...channel, permissions },
    ...(guild && member
      ? {
          guild_id: guild.id,
          guild: { id: guild.id, locale: guild.preferredLocale, features: [] },
          guild_locale: guild.preferredLocale,
          member: memberInChannel(emulation, guild, member, channel),
          context: 0,
        }
      : { user: userOf(state, userId), context: 1 }),
    ...(source ? { message: messages.wire(source, { seesContent: true }) } : {}),
    locale: locale ?? state.users.get(userId)?.locale ?? 'en-US',
    app_permissions: String(botPermissions(emulation, entry)),
    entitlements: [],
    authorizing_integration_owners: metadata.authorizing_integration_owners,
    attachment_size_limit: uploadLimit(emulation, entry, userId),
  };
}

function metadataOf(
  { state }: Emulation,
  id: string,
  { kind, userId, entry, source, commandName, trigger }: NewInteraction,
): InteractionMetadata {
  return {
    id,
    type: kind,
    user: userOf(state, userId),
    // "0" stands for a command in the bot's own DM.
    authorizing_integration_owners: { '0': entry.guildId ?? '0' },
    ...(kind === 2 && commandName ? { name: commandName } : {}),
    ...(kind === 3 && source ? { interacted_message_id: source.id } : {}),
    ...(kind === 5 && trigger ? { triggering_interaction_metadata: trigger.metadata } : {}),
  };
}

/** Whether the person would already read "The application did not respond". */
export const isTimedOut = ({ clock }: Emulation, { acknowledgedAfterMs, createdAtMs }: InteractionEntry) =>
  acknowledgedAfterMs === undefined && clock.now() - createdAtMs > FIRST_ANSWER_MS;
