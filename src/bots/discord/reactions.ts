import { randomUUID } from 'node:crypto';
import {
  type APIEmoji,
  type GatewayMessageReactionAddDispatchData,
  type GatewayMessageReactionRemoveAllDispatchData,
  type GatewayMessageReactionRemoveDispatchData,
  type GatewayMessageReactionRemoveEmojiDispatchData,
  ReactionType,
  RequestMethod,
  Routes,
} from 'discord.js';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { ChatRef, Person } from '../../core/people.ts';
import type { VoteChoice } from '../../core/review/review.ts';
import type { PerChatQueue } from '../adapter-kit/per-chat-queue.ts';
import type { Safely } from '../adapter-kit/safely.ts';
import { ChatClosedError, type MessageRef } from '../platform.ts';
import type { Api } from './api.ts';
import { frameIn } from './context.ts';
import { isRefusal, REACTION_BLOCKED, TOO_MANY_REACTIONS, UNKNOWN_EMOJI } from './errors.ts';
import type { Gateway } from './gateway.ts';
import { chatRef, parseChatRef, parseMessageId, userPerson, userSchema } from './ids.ts';
import type { DiscordMembers } from './members.ts';

const MAX_KEPT = 1_000;
const NOBODYS_NAME = 'somebody';

const memberSchema = z.object({ user: userSchema, nick: z.string().nullish() });

type Added = GatewayMessageReactionAddDispatchData;
type Removed = GatewayMessageReactionRemoveDispatchData;
type Cleared = GatewayMessageReactionRemoveAllDispatchData | GatewayMessageReactionRemoveEmojiDispatchData;

interface ReactionsOptions {
  readonly api: Api;
  readonly chatQueue: PerChatQueue;
  readonly log: Logger;
  readonly marks: ReactionCalls;
  readonly members: DiscordMembers;
  readonly gateway: Pick<Gateway, 'guildName' | 'channelName' | 'ownId'>;
  readonly safely: Safely;
  readonly onGap: () => void;
}

/** Makes chat events of ✅ and ❌ under messages, in one order with what else happens in their channel. */
export function createReactions(options: ReactionsOptions) {
  const { api, chatQueue, log, marks, members, gateway, safely, onGap } = options;
  /** Messages of others, as far as Discord has told. */
  const foreign = new LRUCache<string, true>({ max: MAX_KEPT });
  const people = new LRUCache<string, Person>({ max: MAX_KEPT });

  function takeAdded(reaction: Added): void {
    const { message_author_id: authorId, member, user_id: userId } = reaction;
    const ownId = gateway.ownId();
    if (authorId !== undefined && authorId !== ownId) foreign.set(reaction.message_id, true);
    const mark = markOf(reaction.emoji);
    if (mark === undefined || isForeign(reaction) || userId === ownId || member?.user.bot === true) return;
    members.note({
      channelId: reaction.channel_id,
      guildId: reaction.guild_id,
      userId,
      roleIds: member?.roles,
    });
    if (member !== undefined) people.set(keyOf(reaction), userPerson(member.user, member.nick));
    chatQueue.run(chatRef(reaction.channel_id), () => deliver(reaction, { [mark]: true }));
  }

  /** A normal and a super reaction are one mark, which stands as long as one of them does. */
  function takeRemoved(reaction: Removed): void {
    const mark = markOf(reaction.emoji);
    const { channel_id: channelId, message_id: messageId, user_id: userId } = reaction;
    if (mark === undefined || isForeign(reaction) || userId === gateway.ownId()) return;
    chatQueue.run(chatRef(channelId), async () => {
      if (await marks.isLeft({ channelId, messageId }, mark, userId)) return;
      await deliver(reaction, { [mark]: false });
    });
  }

  /** Many reactions at once, without whose they were. */
  function takeCleared(cleared: Cleared): void {
    const isOther = 'emoji' in cleared && markOf(cleared.emoji) === undefined;
    if (!isOther && !isForeign(cleared)) onGap();
  }

  async function deliver(reaction: Removed, changed: { [M in VoteChoice]?: boolean }): Promise<void> {
    const { channel_id: channelId, message_id: id, guild_id: guildId } = reaction;
    const person = await personOf(reaction);
    if (person === undefined) return;
    const place = { channelId, guildId, channelName: gateway.channelName(channelId) };
    const frame = frameIn(place, person, gateway.guildName);
    const message = { chat: frame.chat, id };
    // Discord numbers no reactions, and the same one may be put again.
    await safely({ ...frame, id: randomUUID(), type: 'reaction', message, marks: changed });
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

const EMOJI = { approve: '✅', reject: '❌' } as const satisfies Record<VoteChoice, string>;
const MARKS = ['approve', 'reject'] as const satisfies readonly VoteChoice[];
const VARIANTS = /[\u{FE0F}\u{1F3FB}-\u{1F3FF}]/gu;
/** Normal and super reactions are counted apart (https://discord.com/developers/docs/resources/message#get-reactions). */
const TYPES = [ReactionType.Normal, ReactionType.Super] as const;
const PAGE_LENGTH = 100;

const usersSchema = z.array(userSchema);
const reactionSchema = z.object({
  emoji: z.object({ id: z.string().nullish(), name: z.string().nullish() }),
  count: z.number(),
  me: z.boolean(),
  me_burst: z.boolean().optional(),
});
const countedSchema = z.array(z.object({ id: z.string(), reactions: z.array(reactionSchema).default([]) }));

/** Whether others than we have put this mark. */
function isOfOthers({
  emoji,
  count,
  me,
  me_burst: isBurst = false,
}: z.infer<typeof reactionSchema>): boolean {
  const own = (me ? 1 : 0) + (isBurst ? 1 : 0);
  return markOf({ id: emoji.id ?? null, name: emoji.name ?? null }) !== undefined && count > own;
}

/** A message in its channel. */
interface Place {
  readonly channelId: string;
  readonly messageId: string;
}

interface Page {
  readonly type: ReactionType;
  readonly after: string;
  readonly limit: number;
  readonly isQuick?: boolean;
}

/** What a reaction says; undefined for every other emoji, above all for those of a server. */
export function markOf({ id, name }: Pick<APIEmoji, 'id' | 'name'>): VoteChoice | undefined {
  const plain = id === null || id === undefined ? name?.replace(VARIANTS, '') : undefined;
  return MARKS.find((mark) => EMOJI[mark] === plain);
}

/** Puts and reads back the reactions that are marks. */
export function createReactionCalls({ api, log }: { api: Api; log: Logger }) {
  /** Where Discord lets us put none, people can still put their own. */
  async function addReactions(message: MessageRef, marks: readonly VoteChoice[]): Promise<void> {
    const place = placeOf(message);
    if (place === undefined) return;
    for (const mark of marks) {
      try {
        await api.request({
          name: 'createReaction',
          method: RequestMethod.Put,
          fullRoute: Routes.channelMessageOwnReaction(place.channelId, place.messageId, EMOJI[mark]),
        });
      } catch (error) {
        const isClosed = error instanceof ChatClosedError;
        if (!isClosed && !isRefusal(error, TOO_MANY_REACTIONS, REACTION_BLOCKED)) throw error;
        log.debug({ err: error, mark }, 'Discord lets us put no reaction');
      }
    }
  }

  /** Names are those of the people themselves; what a server calls them is not told here. */
  async function fetchReactions(message: MessageRef): Promise<{ person: Person; mark: VoteChoice }[]> {
    const place = placeOf(message);
    if (place === undefined) return [];
    const found: { person: Person; mark: VoteChoice }[] = [];
    for (const mark of MARKS) {
      const people = new Map<string, Person>();
      for (const type of TYPES) {
        for (const user of await fetchUsers(place, mark, type))
          if (user.bot !== true) people.set(user.id, userPerson(user));
      }
      found.push(...[...people.values()].map((person) => ({ person, mark })));
    }
    return found;
  }

  /** A page of the channel tells how many have reacted to each of its messages. */
  async function fetchUntouched(chat: ChatRef, messages: readonly MessageRef[]): Promise<Set<string>> {
    const untouched = new Set<string>();
    let ids = messages.map(parseMessageId).filter((id) => typeof id === 'string');
    while (ids.length > 0) {
      const oldest = ids.reduce((one, other) => (BigInt(one) < BigInt(other) ? one : other));
      const query = new URLSearchParams({ after: String(BigInt(oldest) - 1n), limit: `${PAGE_LENGTH}` });
      const fullRoute = Routes.channelMessages(parseChatRef(chat));
      const page = await api.request({ name: 'getMessages', method: RequestMethod.Get, fullRoute, query });
      const shown = countedSchema.parse(page);
      const wanted = new Set(ids);
      for (const { id, reactions } of shown)
        if (wanted.has(id) && !reactions.some(isOfOthers)) untouched.add(id);
      const [newest] = shown;
      // Without the right to read back the page is empty.
      if (newest === undefined || shown.length < PAGE_LENGTH) break;
      ids = ids.filter((id) => BigInt(id) > BigInt(newest.id));
    }
    return untouched;
  }

  async function fetchUsers(place: Place, mark: VoteChoice, type: ReactionType) {
    const users: z.infer<typeof usersSchema> = [];
    for (;;) {
      const after = users.at(-1)?.id ?? '0';
      const page = await fetchPage(place, mark, { type, after, limit: PAGE_LENGTH });
      users.push(...page);
      if (page.length < PAGE_LENGTH) return users;
    }
  }

  /** Whether somebody still has the mark under a message, in one way or the other; false when Discord does not say. */
  async function isLeft(place: Place, mark: VoteChoice, userId: string): Promise<boolean> {
    const after = String(BigInt(userId) - 1n);
    const pages = TYPES.map((type) =>
      fetchPage(place, mark, { type, after, limit: 1, isQuick: true }).catch((error) => {
        log.debug({ err: error }, 'Discord does not tell what is left of a reaction');
        return [];
      }),
    );
    return (await Promise.all(pages)).flat().some(({ id }) => id === userId);
  }

  async function fetchPage(
    { channelId, messageId }: Place,
    mark: VoteChoice,
    { isQuick = false, ...page }: Page,
  ) {
    const { type, after, limit } = page;
    const query = new URLSearchParams({ type: `${type}`, after, limit: `${limit}` });
    try {
      const users = await api.request({
        name: 'getReactions',
        method: RequestMethod.Get,
        fullRoute: Routes.channelMessageReaction(channelId, messageId, EMOJI[mark]),
        query,
        isQuick,
      });
      return usersSchema.parse(users);
    } catch (error) {
      if (isRefusal(error, UNKNOWN_EMOJI)) return [];
      throw error;
    }
  }

  return { addReactions, fetchReactions, fetchUntouched, isLeft };
}

type ReactionCalls = ReturnType<typeof createReactionCalls>;

/** Nobody can react to a message that only one person sees. */
function placeOf(message: MessageRef): Place | undefined {
  const messageId = parseMessageId(message);
  return typeof messageId === 'string' ? { channelId: parseChatRef(message.chat), messageId } : undefined;
}
