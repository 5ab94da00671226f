import type { Message } from 'grammy/types';

/** A /post may come long after its album. */
const KEPT_MS = 24 * 60 * 60_000;
/** Where nothing may be kept, an album is remembered until its last item has come. */
const KEPT_BRIEFLY_MS = 60_000;
/** Of all chats together; then the one that was seen longest ago is forgotten. */
const MAX_ALBUMS = 500;

export interface AlbumItem {
  readonly updateId: number;
  readonly message: Message;
}

/** How a message addresses us: by its own words, or only by what it answers. */
export type Address = 'named' | 'reply';

/** An item that counts, and how its album addresses us. */
export interface TakenItem extends AlbumItem {
  readonly address: Address;
}

interface Album {
  readonly items: AlbumItem[];
  /** What addressed us; everything before it was held back, everything after it follows. */
  addressedBy?: TakenItem;
  /** The caption of all was given with a command. */
  isCaptioned: boolean;
  keptMs: number;
  seenAt: number;
}

/**
 * Remembers albums for a day, because a caption may stand on any of the items, and because Telegram tells of the one
 * message that a command replies to and not of the rest of its album.
 *
 * Only in memory: after a restart, items of an album that was under way need an address of their own.
 */
export function createAlbums({ now }: { now: () => number }) {
  const albums = new Map<string, Album>();

  /**
   * The items that count once `item` has come: none, the item alone, or with it those that came before. Whoever addressed
   * us gives them all: that need not be whose album it is.
   */
  function take(item: AlbumItem, address: Address | undefined): readonly TakenItem[] {
    const known = remember(item);
    const isMore = address === 'named' && known.addressedBy?.address === 'reply';
    if (address !== undefined && (known.addressedBy === undefined || isMore))
      known.addressedBy = { ...item, address };
    const { addressedBy } = known;
    if (addressedBy === undefined) return [];
    // Handled again after a failure, the addressing update gives the same items again.
    if (addressedBy.updateId === item.updateId)
      return known.items
        .filter(({ updateId }) => updateId <= item.updateId)
        .map((held) => given(held, known));
    return [address === 'named' ? { ...item, address } : given(item, known)];
  }

  /** All items that are known of the album that a command replies to; its own words are the caption of all. */
  function takeAll(item: AlbumItem, { isCaptioned }: { isCaptioned: boolean }): readonly TakenItem[] {
    const known = remember(item);
    known.addressedBy = { ...item, address: 'named' };
    known.isCaptioned = isCaptioned;
    return known.items
      .toSorted((a, b) => a.message.message_id - b.message.message_id)
      .map((held) => given(held, known));
  }

  /** Takes note that a message shows something else now. */
  function noteEdit(message: Message): void {
    const album = albums.get(keyOf(message));
    const index = album?.items.findIndex((held) => held.message.message_id === message.message_id) ?? -1;
    const held = album?.items[index];
    if (held !== undefined) album?.items.splice(index, 1, { ...held, message });
  }

  /** Forgets the album of a message, which may still be to come, as soon as it may be complete. */
  function keepBriefly(message: Message): void {
    const key = keyOf(message);
    const known = albums.get(key) ?? { items: [], isCaptioned: false, seenAt: now() };
    albums.set(key, { ...known, keptMs: KEPT_BRIEFLY_MS });
  }

  /** The album with the item in it. */
  function remember(item: AlbumItem): Album {
    const key = keyOf(item.message);
    const known = albums.get(key) ?? { items: [], isCaptioned: false, keptMs: KEPT_MS, seenAt: now() };
    known.seenAt = now();
    // In the order in which they were seen last.
    albums.delete(key);
    albums.set(key, known);
    for (const [old, { seenAt, keptMs }] of albums)
      if (albums.size > MAX_ALBUMS || now() - seenAt > keptMs) albums.delete(old);
    const isKnown = known.items.some(({ message }) => message.message_id === item.message.message_id);
    if (!isKnown) known.items.push(item);
    return known;
  }

  function given(held: AlbumItem, { addressedBy, isCaptioned }: Album): TakenItem {
    if (addressedBy === undefined) throw new Error('Nothing of this album addresses us.');
    const message = givenBy(addressedBy.message, held.message);
    const { reply_to_message: answered } = addressedBy.message;
    if (addressedBy.address === 'reply' && answered !== undefined) message.reply_to_message = answered;
    if (isCaptioned) delete message.caption;
    if (isCaptioned) delete message.caption_entities;
    return { ...held, message, address: addressedBy.address };
  }

  return { take, takeAll, noteEdit, keepBriefly };
}

const keyOf = ({ chat, media_group_id }: Message): string => `${chat.id}:${media_group_id}`;

/** A message as if its media came from whoever wrote `by`. */
export function givenBy(by: Message, message: Message): Message {
  const given = { ...message };
  for (const field of ['from', 'sender_chat', 'forward_origin', 'via_bot'] as const) {
    delete given[field];
    if (by[field] !== undefined) Object.assign(given, { [field]: by[field] });
  }
  return given;
}

export type Albums = ReturnType<typeof createAlbums>;
