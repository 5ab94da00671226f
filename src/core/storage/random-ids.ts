import { randomBytes } from 'node:crypto';
import type { ChatRef, Person } from '../people.ts';
import type { Store, Versioned } from './database.ts';

/** The id that belongs to a key. */
export interface RandomId extends Versioned {
  readonly id: string;
  readonly madeAt: number;
}

/** Longer than any chat repeats an event: Telegram keeps updates for 24 hours. */
const OFFER_KEPT_MS = 48 * 3_600_000;
const OFFER = 'offer ';
const PAGE = 500;

/**
 * Random ids of drafts and posts, the same each time for the same key: what is done twice meets in one record, and yet
 * nobody can compute an id who knows what it was made for.
 */
export function createRandomIds({ ids, now }: { ids: Store<RandomId>; now: () => number }) {
  /** The draft that a person begins with a file or an album of a chat. */
  const forOffer = (by: OfferBy, key: string): Promise<string> => idFor(offerKey(by, key));

  /** The same, where there is one already. */
  const findOffer = async (by: OfferBy, key: string): Promise<string | undefined> =>
    (await ids.get(offerKey(by, key)))?.id;

  /** Whether a person has offered that file or album lately. */
  const wasOffered = async ({ chat, person }: { chat: ChatRef; person: Person }, key: string) =>
    (await ids.get(`${OFFER}${chat} ${person.id} ${key}`)) !== undefined;

  /** The post that goes on where another one ended. */
  const forNextPost = (postId: string): Promise<string> => idFor(nextPostKey(postId));

  const findNextPost = async (postId: string): Promise<string | undefined> =>
    (await ids.get(nextPostKey(postId)))?.id;

  /** The draft in which a post is changed. */
  const forEdit = (postId: string): Promise<string> => idFor(editKey(postId));

  const findEdit = async (postId: string): Promise<string | undefined> =>
    (await ids.get(editKey(postId)))?.id;

  /** Another one in its place, unless somebody else was faster. */
  async function renewEdit(postId: string, previous: string): Promise<string> {
    await ids.update(editKey(postId), (known) =>
      known.id === previous ? { id: newId(), madeAt: now() } : undefined,
    );
    return forEdit(postId);
  }

  async function idFor(key: string): Promise<string> {
    const known = (await ids.get(key)) ?? (await ids.create(key, { id: newId(), madeAt: now() }));
    return known?.id ?? idFor(key);
  }

  /** Deletes what no event asks for any more. */
  async function sweep(): Promise<void> {
    let page = await ids.range(OFFER, { limit: PAGE });
    while (page.length > 0) {
      for (const [key, { madeAt }] of page) if (now() - madeAt > OFFER_KEPT_MS) await ids.delete(key);
      page = await ids.range(OFFER, { limit: PAGE, after: page.at(-1)?.[0] ?? OFFER });
    }
  }

  /** Deletes the ids that were made for what follows a post. */
  async function forget(postId: string): Promise<void> {
    await ids.delete(nextPostKey(postId));
    await ids.delete(editKey(postId));
  }

  return {
    forOffer,
    findOffer,
    wasOffered,
    forNextPost,
    findNextPost,
    forEdit,
    findEdit,
    renewEdit,
    sweep,
    forget,
  };
}

export type RandomIds = ReturnType<typeof createRandomIds>;

interface OfferBy {
  readonly chat: ChatRef;
  readonly person: Person;
}

const offerKey = ({ chat, person }: OfferBy, key: string): string => `${OFFER}${chat} ${person.id} ${key}`;
const nextPostKey = (postId: string): string => `again ${postId}`;
const editKey = (postId: string): string => `edit ${postId}`;

/** 80 bits in 14 characters, which fit a button. */
const newId = (): string => randomBytes(10).toString('base64url');
