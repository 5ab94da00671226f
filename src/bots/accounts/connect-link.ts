import type { Consents } from '../../core/accounts/consent.ts';
import type { ChatRef } from '../../core/people.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot, ChatEventOf } from '../platform.ts';
import { connectCard, linkForNobodyCard, linkKeptCard, linkSentCard } from '../text/messages.ts';
import { wordingOf } from '../text/wording.ts';

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

/** Makes a link to connect an account, and gives it to the person who asks. */
export async function inviteToConnect(
  parts: Parts & { readonly consents: Pick<Consents, 'invite'>; readonly publicUrl: string },
  event: Asking,
): Promise<void> {
  const { id } = await parts.consents.invite(event);
  await giveLink(parts, event, `${parts.publicUrl}/connect/${id}`);
}

/** Gives the link to connect an account to the person who asked for it, and to nobody else. */
export async function giveLink({ sender, botFor }: Parts, event: Asking, url: string): Promise<void> {
  const { chat, chatTitle, workspace, person, isPrivate, reply, message = reply } = event;
  if (isPrivate) return sender.answer(event, connectCard(url));
  if (reply !== undefined && (await sender.sayOnlyIn(reply, connectCard(url)))) return;
  const bot = botFor(chat);
  const isSent =
    message !== undefined && (await bot.tellPrivately(message, person, connectCard(url, chatTitle)));
  // Somebody who acts as the place itself has no private chat.
  const isPlace = person.id === workspace;
  const wording = wordingOf(chat);
  if (isSent) await sender.say(chat, linkSentCard(person));
  else if (isPlace) await sender.say(chat, linkForNobodyCard(wording));
  else await sender.say(chat, linkKeptCard(person, wording, bot.startUrl?.('connect')));
}
