// Faithful: normal and super reactions counted apart, 20 different ones per message, events with the member when added
// and without when removed (https://discord.com/developers/docs/events/gateway-events#message-reaction-add).
// Simplified: custom emoji are taken by name and id as they come.
import type { Emulation } from './emulation.ts';
import { ApiFailure, unknownEmoji } from './failure.ts';
import { memberWire } from './guild-wire.ts';
import type { StoredMessage } from './state.ts';
import type { WireEmoji } from './wire.ts';

const MAX_REACTIONS = 20;

/** Reads an emoji as written in paths: a unicode one, or name:id. */
export function readEmoji(text: string): WireEmoji {
  const custom = /^(?:<?a?:)?(\w{2,32}):(\d{17,20})>?$/.exec(text);
  if (custom?.[1] && custom[2]) return { id: custom[2], name: custom[1] };
  if (!/^(?:\p{RGI_Emoji}|\p{Emoji}\uFE0F?)$/v.test(text) || /^[\d#*]$/.test(text)) throw unknownEmoji();
  return { id: null, name: text };
}

const isSame = (a: WireEmoji, b: WireEmoji) => a.id === b.id && (a.id !== null || a.name === b.name);

/** The reactions with one emoji, if anybody reacted with it. */
export const reactionsWith = ({ reactions }: StoredMessage, emoji: WireEmoji) =>
  reactions.find((entry) => isSame(entry.emoji, emoji));

/** Adds somebody's reaction and tells of it; the same one twice counts once. */
export function addReaction(
  emulation: Emulation,
  stored: StoredMessage,
  { userId, emoji, isBurst = false }: { userId: string; emoji: WireEmoji; isBurst?: boolean },
) {
  let entry = reactionsWith(stored, emoji);
  if (!entry) {
    if (stored.reactions.length >= MAX_REACTIONS)
      throw new ApiFailure(403, 30010, `Maximum number of reactions reached (${MAX_REACTIONS})`);
    entry = { emoji, users: new Map() };
    stored.reactions.push(entry);
  }
  const own = entry.users.get(userId) ?? [];
  if (own.some((reaction) => reaction.isBurst === isBurst)) return;
  entry.users.set(userId, [...own, { isBurst }]);
  const { guildId, ...place } = placeOf(emulation, stored);
  const guild = guildId ? emulation.state.guilds.get(guildId) : undefined;
  const member = guild?.members.get(userId);
  emulation.sessions.dispatch(
    'MESSAGE_REACTION_ADD',
    {
      ...place,
      user_id: userId,
      emoji,
      message_author_id: stored.authorId,
      burst: isBurst,
      ...(isBurst ? { burst_colors: ['#ffcc00'] } : {}),
      type: isBurst ? 1 : 0,
      ...(member ? { member: memberWire(emulation, member) } : {}),
    },
    { isDm: !guildId },
  );
}

/** Takes somebody's reactions with one emoji back and tells of it. */
export function removeReaction(
  emulation: Emulation,
  stored: StoredMessage,
  userId: string,
  emoji: WireEmoji,
) {
  const entry = reactionsWith(stored, emoji);
  const own = entry?.users.get(userId);
  if (!entry || !own) throw new ApiFailure(404, 10014, 'Unknown Emoji');
  entry.users.delete(userId);
  if (entry.users.size === 0) stored.reactions.splice(stored.reactions.indexOf(entry), 1);
  const { guildId, ...place } = placeOf(emulation, stored);
  for (const { isBurst } of own)
    emulation.sessions.dispatch(
      'MESSAGE_REACTION_REMOVE',
      { ...place, user_id: userId, emoji, burst: isBurst, type: isBurst ? 1 : 0 },
      { isDm: !guildId },
    );
}

/** Clears all reactions, or those with one emoji. */
export function clearReactions(emulation: Emulation, stored: StoredMessage, emoji?: WireEmoji) {
  stored.reactions = emoji ? stored.reactions.filter((entry) => !isSame(entry.emoji, emoji)) : [];
  const { guildId, ...place } = placeOf(emulation, stored);
  emulation.sessions.dispatch(
    emoji ? 'MESSAGE_REACTION_REMOVE_EMOJI' : 'MESSAGE_REACTION_REMOVE_ALL',
    { ...place, ...(emoji ? { emoji } : {}) },
    { isDm: !guildId },
  );
}

function placeOf({ state }: Emulation, { id, channelId }: StoredMessage) {
  const guildId = state.channels.get(channelId)?.guildId;
  return {
    channel_id: channelId,
    message_id: id,
    ...(guildId ? { guild_id: guildId, guildId } : { guildId }),
  };
}
