import type { Message } from 'grammy/types';

const KEPT_MS = 60_000;

export interface AlbumItem {
  readonly updateId: number;
  readonly message: Message;
}

interface Album {
  readonly items: AlbumItem[];
  /** What addressed us; everything before it was held back, everything after it follows. */
  addressedBy?: AlbumItem;
  seenAt: number;
}

/**
 * Remembers a group's albums for a minute, because only one item of an album carries its caption.
 *
 * Only in memory: after a restart, items of an album that was under way need an address of their own.
 */
export function createAlbums({ now }: { now: () => number }) {
  const albums = new Map<string, Album>();

  /**
   * The items that count once `item` has come: none, the item alone, or with it those that came before. Whoever addressed
   * us gives them all: that need not be whose album it is.
   */
  function take(album: string, item: AlbumItem, isForUs: boolean): readonly AlbumItem[] {
    forgetOld();
    const known = albums.get(album) ?? { items: [], seenAt: now() };
    albums.set(album, known);
    known.seenAt = now();
    const isKnown = known.items.some(({ message }) => message.message_id === item.message.message_id);
    if (!isKnown) known.items.push(item);
    if (isForUs) known.addressedBy ??= item;
    const { addressedBy } = known;
    if (addressedBy === undefined) return [];
    const given = (held: AlbumItem) => ({ ...held, message: givenBy(addressedBy.message, held.message) });
    // Handled again after a failure, the addressing update gives the same items again.
    if (addressedBy.updateId === item.updateId)
      return known.items.filter(({ updateId }) => updateId <= item.updateId).map(given);
    return [isForUs ? item : given(item)];
  }

  function forgetOld(): void {
    for (const [key, album] of albums) if (now() - album.seenAt > KEPT_MS) albums.delete(key);
  }

  return { take };
}

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
