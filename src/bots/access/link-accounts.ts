import type { ChatRef } from '../../core/people.ts';
import type { PersonLinks } from '../../core/review/person-links.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot, Card, ChatEventOf } from '../platform.ts';
import { askInPrivateCard, linkCodeCard, linkedCard, linkedNews, unlinkedCard } from '../text/link-cards.ts';
import { wordingOf } from '../text/wording.ts';

interface Parts {
  readonly personLinks: PersonLinks;
  readonly sender: Sender;
  readonly botFor: (chat: ChatRef) => Bot;
}

/** Links the account with the one whose code is given, or gives a code for the other one; the person alone is told. */
export async function linkAccounts(parts: Parts, event: ChatEventOf<'command'>): Promise<void> {
  const { personLinks } = parts;
  const { person, argument, chat } = event;
  if (argument.trim() === '') {
    const accounts = await personLinks.accountsOf(person);
    const others = accounts.filter(({ id }) => id !== person.id);
    if (others.length > 0) return tellAlone(parts, event, linkedCard(others, chat));
    return tellAlone(parts, event, linkCodeCard(await personLinks.issue(person)));
  }
  const other = await personLinks.redeem(person, argument);
  await tellAlone(parts, event, linkedCard([other], chat));
  // Whoever made the code learns who has used it.
  await tellOther(parts, other.id, (there) => linkedNews(person, there));
}

/** Separates the accounts of a person, asked from either of them; the person alone is told. */
export async function unlinkAccounts(parts: Parts, event: ChatEventOf<'command'>): Promise<void> {
  const { person, chat } = event;
  const others = await parts.personLinks.unlink(person);
  await tellAlone(parts, event, unlinkedCard(others, chat));
  for (const other of others) await tellOther(parts, other.id, (there) => unlinkedCard([person], there));
}

/** Which accounts belong together is nobody else's business, and neither is a code. */
async function tellAlone(
  { sender, botFor }: Parts,
  event: ChatEventOf<'command'>,
  card: Card,
): Promise<void> {
  const { chat, person, isPrivate, reply, message } = event;
  if (isPrivate) return sender.answer(event, card);
  if (reply !== undefined) return void (await sender.sayOnlyIn(reply, card));
  const bot = botFor(chat);
  const isTold = message !== undefined && (await bot.tellPrivately(message, person, card));
  if (!isTold) await sender.say(chat, askInPrivateCard(person, wordingOf(chat), bot.startUrl?.('link')));
}

/** Tells the other account in its private chat, where it has one with us, and we are on its platform. */
async function tellOther(
  { sender, botFor }: Parts,
  account: ChatRef,
  cardIn: (chat: ChatRef) => Card,
): Promise<void> {
  const privateChat = async () => botFor(account).privateChat({ id: account, name: '' });
  const chat = await privateChat().catch(() => undefined);
  if (chat !== undefined) await sender.say(chat, cardIn(chat));
}
