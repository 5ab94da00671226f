import { type APIEmoji, ReactionType, RequestMethod, Routes } from 'discord.js';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Person } from '../../core/publish/post.ts';
import type { Mark } from '../../core/review/review.ts';
import { ChatClosedError, type MessageRef } from '../platform.ts';
import type { Api } from './api.ts';
import { isRefusal, REACTION_BLOCKED, TOO_MANY_REACTIONS, UNKNOWN_EMOJI } from './errors.ts';
import { parseChatRef, parseMessageId, userPerson, userSchema } from './ids.ts';

const EMOJI = { approve: '✅', reject: '❌' } as const satisfies Record<Mark, string>;
const MARKS = ['approve', 'reject'] as const satisfies readonly Mark[];
const VARIANTS = /[\u{FE0F}\u{1F3FB}-\u{1F3FF}]/gu;
/** Normal and super reactions are counted apart (https://discord.com/developers/docs/resources/message#get-reactions). */
const TYPES = [ReactionType.Normal, ReactionType.Super] as const;
const PAGE_LENGTH = 100;

const usersSchema = z.array(userSchema);

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
export function markOf({ id, name }: Pick<APIEmoji, 'id' | 'name'>): Mark | undefined {
  const plain = id === null || id === undefined ? name?.replace(VARIANTS, '') : undefined;
  return MARKS.find((mark) => EMOJI[mark] === plain);
}

/** Puts and reads back the reactions that are marks. */
export function createMarks({ api, log }: { api: Api; log: Logger }) {
  /** Where Discord lets us put none, people can still put their own. */
  async function putMarks(message: MessageRef, marks: readonly Mark[]): Promise<void> {
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
  async function readMarks(message: MessageRef): Promise<{ person: Person; mark: Mark }[]> {
    const place = placeOf(message);
    if (place === undefined) return [];
    const found: { person: Person; mark: Mark }[] = [];
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

  async function fetchUsers(place: Place, mark: Mark, type: ReactionType) {
    const users: z.infer<typeof usersSchema> = [];
    for (;;) {
      const after = users.at(-1)?.id ?? '0';
      const page = await fetchPage(place, mark, { type, after, limit: PAGE_LENGTH });
      users.push(...page);
      if (page.length < PAGE_LENGTH) return users;
    }
  }

  /** Whether somebody still has the mark under a message, in one way or the other; false when Discord does not say. */
  async function isLeft(place: Place, mark: Mark, userId: string): Promise<boolean> {
    const after = String(BigInt(userId) - 1n);
    const pages = TYPES.map((type) =>
      fetchPage(place, mark, { type, after, limit: 1, isQuick: true }).catch((error) => {
        log.debug({ err: error }, 'Discord does not tell what is left of a reaction');
        return [];
      }),
    );
    return (await Promise.all(pages)).flat().some(({ id }) => id === userId);
  }

  async function fetchPage({ channelId, messageId }: Place, mark: Mark, { isQuick = false, ...page }: Page) {
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

  return { putMarks, readMarks, isLeft };
}

export type Marks = ReturnType<typeof createMarks>;

/** Nobody can react to a message that only one person sees. */
function placeOf(message: MessageRef): Place | undefined {
  const messageId = parseMessageId(message);
  return typeof messageId === 'string' ? { channelId: parseChatRef(message.chat), messageId } : undefined;
}
