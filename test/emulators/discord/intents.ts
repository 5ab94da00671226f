// Faithful: bits, which of them exist and which are privileged
// (https://discord.com/developers/docs/events/gateway#gateway-intents). Simplified: only the events the emulator sends.

export const INTENTS = {
  GUILDS: 1 << 0,
  GUILD_MEMBERS: 1 << 1,
  GUILD_PRESENCES: 1 << 8,
  GUILD_MESSAGES: 1 << 9,
  GUILD_MESSAGE_REACTIONS: 1 << 10,
  DIRECT_MESSAGES: 1 << 12,
  DIRECT_MESSAGE_REACTIONS: 1 << 13,
  MESSAGE_CONTENT: 1 << 15,
};

export type IntentName = keyof typeof INTENTS;

/** Intents that have to be switched on in the developer portal first. */
export type PrivilegedIntent = 'GUILD_MEMBERS' | 'GUILD_PRESENCES' | 'MESSAGE_CONTENT';

const PRIVILEGED: PrivilegedIntent[] = ['GUILD_MEMBERS', 'GUILD_PRESENCES', 'MESSAGE_CONTENT'];
// Bits 0 to 16, 20, 21, 24 and 25 are in use.
const KNOWN = 0x1ffff | (1 << 20) | (1 << 21) | (1 << 24) | (1 << 25);

/** The close code that a set of intents earns, if any: 4013 invalid, 4014 not allowed. */
export function refuseIntents(
  intents: unknown,
  allowed: readonly PrivilegedIntent[],
): 4013 | 4014 | undefined {
  if (typeof intents !== 'number' || !Number.isInteger(intents) || intents < 0 || intents & ~KNOWN)
    return 4013;
  const isForbidden = PRIVILEGED.some((name) => intents & INTENTS[name] && !allowed.includes(name));
  return isForbidden ? 4014 : undefined;
}

const GUILD_EVENTS: Record<string, IntentName> = {
  MESSAGE_CREATE: 'GUILD_MESSAGES',
  MESSAGE_UPDATE: 'GUILD_MESSAGES',
  MESSAGE_DELETE: 'GUILD_MESSAGES',
  MESSAGE_REACTION_ADD: 'GUILD_MESSAGE_REACTIONS',
  MESSAGE_REACTION_REMOVE: 'GUILD_MESSAGE_REACTIONS',
  MESSAGE_REACTION_REMOVE_ALL: 'GUILD_MESSAGE_REACTIONS',
  MESSAGE_REACTION_REMOVE_EMOJI: 'GUILD_MESSAGE_REACTIONS',
  GUILD_MEMBER_ADD: 'GUILD_MEMBERS',
  GUILD_MEMBER_UPDATE: 'GUILD_MEMBERS',
  GUILD_MEMBER_REMOVE: 'GUILD_MEMBERS',
};

const DM_EVENTS: Record<string, IntentName> = {
  MESSAGE_CREATE: 'DIRECT_MESSAGES',
  MESSAGE_UPDATE: 'DIRECT_MESSAGES',
  MESSAGE_DELETE: 'DIRECT_MESSAGES',
  MESSAGE_REACTION_ADD: 'DIRECT_MESSAGE_REACTIONS',
  MESSAGE_REACTION_REMOVE: 'DIRECT_MESSAGE_REACTIONS',
  MESSAGE_REACTION_REMOVE_ALL: 'DIRECT_MESSAGE_REACTIONS',
  MESSAGE_REACTION_REMOVE_EMOJI: 'DIRECT_MESSAGE_REACTIONS',
};

/** The intents an event needs; 0 for interactions and what concerns the bot itself, such as its `isOwn` roles. */
export function intentOf(event: string, { isDm, isOwn }: { isDm: boolean; isOwn: boolean }): number {
  if (isOwn || event === 'INTERACTION_CREATE' || event === 'READY' || event === 'RESUMED') return 0;
  return INTENTS[(isDm ? DM_EVENTS : GUILD_EVENTS)[event] ?? 'GUILDS'];
}
