import type { Message } from 'grammy/types';
import { buttonsOf, type World, walkThroughConsent } from '../world.ts';

const PATIENCE_MS = 60_000;

/** Somebody with a private chat and a TikTok account of their own, connected through Nod's pages. */
export async function seatPerson({ telegram, tiktok }: World, name: string) {
  const user = telegram.user({ firstName: name });
  const chat = telegram.privateChat(user);
  const { username } = tiktok.seedCreator({ username: name.toLowerCase() });
  await telegram.sendText(chat, user, '/connect');
  const invitation = await telegram.waitForMessage(chat, '/connect/');
  const link = /https?:\/\/\S+\/connect\/\S+/.exec(invitation.text ?? '')?.[0];
  if (link === undefined) throw new Error('The invitation has no link.');
  const authorize: typeof tiktok.authorize = (visit) => tiktok.authorize({ ...visit, creator: username });
  await walkThroughConsent(link, { ...tiktok, authorize });
  await telegram.waitForMessage(chat, 'is connected');
  return { user, chat, username };
}

export type Seated = Awaited<ReturnType<typeof seatPerson>>;

/** Chooses on `count` fresh cards that everyone may see them; they then await nothing but *Post now*. */
export async function makeReady(
  { telegram }: World,
  { chat, user }: Seated,
  count: number,
): Promise<Message[]> {
  const cardsWith = (button: string) => () => {
    const cards = telegram.botMessages(chat).filter((message) => buttonsOf(message).includes(button));
    return cards.length === count ? cards : undefined;
  };
  const fresh = await telegram.until(cardsWith('Everyone'), { timeoutMs: PATIENCE_MS, what: 'A fresh card' });
  for (const card of fresh) await telegram.press(card, 'Everyone', user);
  return telegram.until(cardsWith('● Everyone'), { timeoutMs: PATIENCE_MS, what: 'The choice on the card' });
}
