// Faithful: one direct channel per person, made when either side first opens it
// (https://discord.com/developers/docs/resources/user#create-dm). Missing: group DMs.
import type { Emulation } from './emulation.ts';
import { userOf } from './guild-wire.ts';
import type { ChannelEntry } from './state.ts';

/** The direct channel between the bot and a person. */
export function openDm({ state, ids }: Emulation, userId: string): ChannelEntry {
  const known = [...state.channels.values()].find(({ recipientId }) => recipientId === userId);
  if (known) return known;
  const id = ids.next();
  const entry: ChannelEntry = {
    recipientId: userId,
    channel: { id, type: 1, flags: 0, last_message_id: null, recipients: [userOf(state, userId)] },
  };
  state.channels.set(id, entry);
  return entry;
}
