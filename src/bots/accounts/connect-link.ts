import type { ChatRef } from '../../core/publish/post.ts';
import type { Speech } from '../cards/send.ts';
import type { Bot, ChatEventOf } from '../platform.ts';
import { connectCard, linkForNobodyCard, linkKeptCard, linkSentCard } from '../text/messages.ts';
import { idiomOf } from '../text/wording.ts';

/** Gives the link to connect an account to the person who asked for it, and to nobody else. */
export async function giveLink(
  { speech, botFor }: { speech: Speech; botFor: (chat: ChatRef) => Bot },
  event: ChatEventOf<'command'>,
  url: string,
): Promise<void> {
  const { chat, chatTitle, workspace, person, isPrivate, reply, message = reply } = event;
  if (isPrivate) return speech.answer(event, connectCard(url));
  if (reply !== undefined && (await speech.sayOnlyIn(reply, connectCard(url)))) return;
  const bot = botFor(chat);
  const isSent = message !== undefined && (await bot.whisper(message, person, connectCard(url, chatTitle)));
  // Somebody who acts as the place itself has no private chat.
  const isPlace = person.id === workspace;
  const idiom = idiomOf(chat);
  if (isSent) await speech.say(chat, linkSentCard(person));
  else if (isPlace) await speech.say(chat, linkForNobodyCard(idiom));
  else await speech.say(chat, linkKeptCard(person, idiom, bot.startUrl?.('connect')));
}
