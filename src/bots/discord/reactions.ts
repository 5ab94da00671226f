import { randomUUID } from 'node:crypto';
import {
  type GatewayMessageReactionAddDispatchData,
  type GatewayMessageReactionRemoveAllDispatchData,
  type GatewayMessageReactionRemoveDispatchData,
  type GatewayMessageReactionRemoveEmojiDispatchData,
  RequestMethod,
  Routes,
} from 'discord.js';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Person } from '../../core/publish/post.ts';
import type { Mark } from '../../core/review/review.ts';
import type { Lanes } from '../adapter-kit/per-chat-queue.ts';
import { createRecent } from '../adapter-kit/recent.ts';
import type { Api } from './api.ts';
import { frameIn } from './context.ts';
import type { Gateway } from './gateway.ts';
import { chatRef, userPerson, userSchema } from './ids.ts';
import type { Standing } from './members.ts';
import { type Marks, markOf } from './reaction-calls.ts';
import type { Attempt } from './safely.ts';

const MAX_KEPT = 1_000;
const NOBODYS_NAME = 'somebody';

const memberSchema = z.object({ user: userSchema, nick: z.string().nullish() });

type Added = GatewayMessageReactionAddDispatchData;
type Removed = GatewayMessageReactionRemoveDispatchData;
type Cleared = GatewayMessageReactionRemoveAllDispatchData | GatewayMessageReactionRemoveEmojiDispatchData;

interface ReactionsOptions {
  readonly api: Api;
  readonly lanes: Lanes;
  readonly log: Logger;
  readonly marks: Marks;
  readonly standing: Standing;
  readonly gateway: Pick<Gateway, 'guildName' | 'channelName' | 'ownId'>;
  readonly attempt: Attempt;
  readonly onGap: () => void;
}

/** Makes chat events of ✅ and ❌ under messages, in one order with what else happens in their channel. */
export function createReactions(options: ReactionsOptions) {
  const { api, lanes, log, marks, standing, gateway, attempt, onGap } = options;
  /** Messages of others, as far as Discord has told. */
  const foreign = createRecent<true>(MAX_KEPT);
  const people = createRecent<Person>(MAX_KEPT);

  function takeAdded(reaction: Added): void {
    const { message_author_id: authorId, member, user_id: userId } = reaction;
    const ownId = gateway.ownId();
    if (authorId !== undefined && authorId !== ownId) foreign.set(reaction.message_id, true);
    const mark = markOf(reaction.emoji);
    if (mark === undefined || isForeign(reaction) || userId === ownId || member?.user.bot === true) return;
    standing.note({
      channelId: reaction.channel_id,
      ...{ guildId: reaction.guild_id, userId, roleIds: member?.roles },
    });
    if (member !== undefined) people.set(keyOf(reaction), userPerson(member.user, member.nick));
    lanes.run(chatRef(reaction.channel_id), () => deliver(reaction, { [mark]: true }));
  }

  /** A normal and a super reaction are one mark, which stands as long as one of them does. */
  function takeRemoved(reaction: Removed): void {
    const mark = markOf(reaction.emoji);
    const { channel_id: channelId, message_id: messageId, user_id: userId } = reaction;
    if (mark === undefined || isForeign(reaction) || userId === gateway.ownId()) return;
    lanes.run(chatRef(channelId), async () => {
      if (await marks.isLeft({ channelId, messageId }, mark, userId)) return;
      await deliver(reaction, { [mark]: false });
    });
  }

  /** Many reactions at once, without whose they were. */
  function takeCleared(cleared: Cleared): void {
    const isOther = 'emoji' in cleared && markOf(cleared.emoji) === undefined;
    if (!isOther && !isForeign(cleared)) onGap();
  }

  async function deliver(reaction: Removed, changed: { [M in Mark]?: boolean }): Promise<void> {
    const { channel_id: channelId, message_id: id, guild_id: guildId } = reaction;
    const person = await personOf(reaction);
    if (person === undefined) return;
    const place = { channelId, guildId, channelName: gateway.channelName(channelId) };
    const frame = frameIn(place, person, gateway.guildName);
    const message = { chat: frame.chat, id };
    // Discord numbers no reactions, and the same one may be put again.
    await attempt({ ...frame, id: randomUUID(), type: 'reaction', message, marks: changed });
  }

  /** Who it was; undefined for a bot. */
  async function personOf(reaction: Removed): Promise<Person | undefined> {
    const known = people.get(keyOf(reaction));
    if (known !== undefined) return known;
    try {
      const { user, nick } = await fetchMember(reaction);
      if (user.bot === true) return undefined;
      const person = userPerson(user, nick);
      people.set(keyOf(reaction), person);
      return person;
    } catch (error) {
      log.debug({ err: error }, 'Discord does not tell who reacted');
      return { id: `discord:${reaction.user_id}`, name: NOBODYS_NAME };
    }
  }

  async function fetchMember({ guild_id: guildId, user_id: userId }: Removed) {
    const call = { method: RequestMethod.Get, isQuick: true };
    if (guildId === undefined) {
      const user = await api.request({ ...call, name: 'getUser', fullRoute: Routes.user(userId) });
      return { user: userSchema.parse(user), nick: null };
    }
    const fullRoute = Routes.guildMember(guildId, userId);
    return memberSchema.parse(await api.request({ ...call, name: 'getGuildMember', fullRoute }));
  }

  const isForeign = ({ message_id: id }: { message_id: string }): boolean => foreign.get(id) === true;

  return { takeAdded, takeRemoved, takeCleared };
}

export type Reactions = ReturnType<typeof createReactions>;

const keyOf = ({ guild_id: guildId, user_id: userId }: Removed): string => `${guildId} ${userId}`;
