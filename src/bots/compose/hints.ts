import { LRUCache } from 'lru-cache';
import type { ChatRef } from '../../core/people.ts';
import type { Store, Versioned } from '../../core/storage/database.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot, ChatEvent, ChatEventOf } from '../platform.ts';
import { note } from '../text/messages.ts';
import { wordingOf } from '../text/wording.ts';

/** Somebody knows how to address Nod in a place; the key names both. */
export interface HintRecord extends Versioned {
  readonly at: number;
}

const MAX_KNOWN = 5_000;

/** Tells people once how media in a group comes to Nod, where it sees media that nobody has addressed to it. */
export function createHints({
  hints,
  sender,
  botFor,
  now,
}: {
  hints: Store<HintRecord>;
  sender: Pick<Sender, 'say'>;
  botFor: (chat: ChatRef) => Bot;
  now: () => number;
}) {
  const known = new LRUCache<string, true>({ max: MAX_KNOWN });

  /** Takes note that this person knows how; false where that was known before. */
  async function learn({ workspace, person }: ChatEvent): Promise<boolean> {
    const key = `${workspace} ${person.id}`;
    if (known.has(key)) return false;
    known.set(key, true);
    if ((await hints.get(key)) !== undefined) return false;
    return (await hints.create(key, { at: now() })) !== undefined;
  }

  /** Says it to this person alone if that can be, else without a sound. */
  async function hint(event: ChatEventOf<'overheard'>): Promise<void> {
    if (!(await learn(event))) return;
    const { chat, message, person } = event;
    const card = note(`Do you want to post this to TikTok? ${wordingOf(chat).toHandOver}`);
    if (await botFor(chat).tellPrivately(message, person, card)) return;
    await sender.say(chat, card, { replyTo: message, silent: true });
  }

  return { learn, hint };
}

export type Hints = ReturnType<typeof createHints>;
