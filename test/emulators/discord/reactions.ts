// Faithful: normal and super reactions counted apart, 20 different ones per message, events with the member when added
// and without when removed (https://discord.com/developers/docs/events/gateway-events#message-reaction-add), none from
// channels that the bot does not see.
// Simplified: custom emoji are taken by name and id as they come.
import type { Emulation } from './emulation.ts';
import { ApiFailure, unknownEmoji } from './failure.ts';
import { memberWire } from './guild-wire.ts';
import { PERMISSIONS } from './permissions.ts';
import { botPermissions } from './standing.ts';
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
  const guildId = emulation.state.channels.get(stored.channelId)?.guildId;
  const guild = guildId ? emulation.state.guilds.get(guildId) : undefined;
  const member = guild?.members.get(userId);
  tell(emulation, stored, 'MESSAGE_REACTION_ADD', {
    user_id: userId,
    emoji,
    message_author_id: stored.authorId,
    burst: isBurst,
    ...(isBurst ? { burst_colors: ['#ffcc00'] } : {}),
    type: isBurst ? 1 : 0,
    ...(member ? { member: memberWire(emulation, member) } : {}),
  });
}

/** Takes somebody's reactions with one emoji back, of one kind or both, and tells of it. */
export function removeReaction(
  emulation: Emulation,
  stored: StoredMessage,
  { userId, emoji, isBurst: onlyBurst }: { userId: string; emoji: WireEmoji; isBurst?: boolean },
) {
  const entry = reactionsWith(stored, emoji);
  const own = entry?.users.get(userId) ?? [];
  const removed = own.filter(({ isBurst }) => onlyBurst === undefined || isBurst === onlyBurst);
  if (!entry || removed.length === 0) throw new ApiFailure(404, 10014, 'Unknown Emoji');
  const left = own.filter((reaction) => !removed.includes(reaction));
  if (left.length > 0) entry.users.set(userId, left);
  else entry.users.delete(userId);
  if (entry.users.size === 0) stored.reactions.splice(stored.reactions.indexOf(entry), 1);
  for (const { isBurst } of removed)
    tell(emulation, stored, 'MESSAGE_REACTION_REMOVE', {
      user_id: userId,
      emoji,
      burst: isBurst,
      type: isBurst ? 1 : 0,
    });
}

/** Clears all reactions, or those with one emoji. */
export function clearReactions(emulation: Emulation, stored: StoredMessage, emoji?: WireEmoji) {
  stored.reactions = emoji ? stored.reactions.filter((entry) => !isSame(entry.emoji, emoji)) : [];
  const event = emoji ? 'MESSAGE_REACTION_REMOVE_EMOJI' : 'MESSAGE_REACTION_REMOVE_ALL';
  tell(emulation, stored, event, emoji ? { emoji } : {});
}

function tell(emulation: Emulation, { id, channelId }: StoredMessage, event: string, what: object) {
  const entry = emulation.state.channels.get(channelId);
  if (!entry || !(botPermissions(emulation, entry) & PERMISSIONS.VIEW_CHANNEL)) return;
  const { guildId } = entry;
  const place = { channel_id: channelId, message_id: id, ...(guildId ? { guild_id: guildId } : {}) };
  emulation.sessions.dispatch(event, { ...place, ...what }, { isDm: !guildId });
}
