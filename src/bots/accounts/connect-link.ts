import type { Consents } from '../../core/accounts/consent.ts';
import type { ChatRef, Person } from '../../core/people.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot, Card, ChatEventOf } from '../platform.ts';
import { connectCard, linkForNobodyCard, linkKeptCard, linkSentCard } from '../text/messages.ts';
import { type Wording, wordingOf } from '../text/wording.ts';

type Asking = Pick<
  ChatEventOf<'command'>,
  'chat' | 'chatTitle' | 'workspace' | 'person' | 'isPrivate' | 'reply' | 'message'
>;

interface Parts {
  readonly sender: Sender;
  readonly botFor: (chat: ChatRef) => Bot;
}

/** Who presses gets the answer in a message for them alone, where there are such. */
export async function askingBy(event: ChatEventOf<'press'>): Promise<Asking> {
  const { chat, chatTitle, workspace, person, isPrivate, message } = event;
  const reply = isPrivate ? undefined : await event.openPrivately?.();
  return { chat, chatTitle, workspace, person, isPrivate, message, reply };
}

/** A link that is one person's secret, in the words of what it is for. */
export interface PersonalLink {
  /** With the link; `place` is told where the card stands elsewhere. */
  readonly card: (place?: string) => Card;
  /** For all, once the person has it. */
  readonly sentCard: (person: Person) => Card;
  /** Where a place itself has asked, which has no private chat. */
  readonly forNobodyCard: (wording: Wording) => Card;
  /** Where the person cannot be told alone; `startUrl` opens a private chat. */
  readonly keptCard: (person: Person, wording: Wording, startUrl: string | undefined) => Card;
  /** What that link carries. */
  readonly startWith: 'connect' | 'upload' | 'begin' | 'page';
}

/** The link to connect an account. */
export const connectLink = (url: string): PersonalLink => ({
  card: (place) => connectCard(url, place),
  sentCard: linkSentCard,
  forNobodyCard: linkForNobodyCard,
  keptCard: linkKeptCard,
  startWith: 'connect',
});

/** Makes a link to connect an account, and gives it to the person who asks. */
export async function inviteToConnect(
  parts: Parts & { readonly consents: Pick<Consents, 'invite'>; readonly publicUrl: string },
  event: Asking,
): Promise<void> {
  const { id } = await parts.consents.invite(event);
  await giveLink(parts, event, connectLink(`${parts.publicUrl}/connect/${id}`));
}

/** Gives a link to the person who asked for it, and to nobody else. */
export async function giveLink({ sender, botFor }: Parts, event: Asking, link: PersonalLink): Promise<void> {
  const { chat, chatTitle, workspace, person, isPrivate, reply, message = reply } = event;
  if (isPrivate) return sender.answer(event, link.card());
  if (reply !== undefined && (await sender.sayOnlyIn(reply, link.card()))) return;
  const bot = botFor(chat);
  const isSent = message !== undefined && (await bot.tellPrivately(message, person, link.card(chatTitle)));
  // Somebody who acts as the place itself has no private chat.
  const isPlace = person.id === workspace;
  const wording = wordingOf(chat);
  if (isSent) await sender.say(chat, link.sentCard(person));
  else if (isPlace) await sender.say(chat, link.forNobodyCard(wording));
  else await sender.say(chat, link.keptCard(person, wording, bot.startUrl?.(link.startWith)));
}
