import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Message, User } from 'grammy/types';
import { connectAccount, textOf, type World } from '../world.ts';
import { type DemoCard, type DemoChat, marksText, type Seen } from './chat.ts';
import type { Group } from './options.ts';

const ALBUM_SIZE = 10;

/** Where Ana talks to the bot. */
interface Place extends Pick<DemoChat, 'address' | 'claim' | 'connect'> {
  readonly id: number;
}

/** Ana's private chat with the bot. */
export function createTelegramChat(world: World): DemoChat {
  const { ana, anaChat } = world.telegram;
  const claim = (code: string) => claimAs(world, ana, code);
  return createChatAt(world, {
    id: anaChat.id,
    address: '',
    claim,
    connect: async () => textOf(await connectAccount(world)),
  });
}

/** Makes somebody the operator, in a private chat with the bot. */
export async function claimAs({ telegram }: World, person: User, code: string): Promise<void> {
  const chat = person.id === telegram.ana.id ? telegram.anaChat : telegram.privateChat(person);
  await telegram.sendText(chat, person, `/start ${code}`);
  await telegram.waitForMessage(chat, 'This is your Nod now.');
}

/** A chat in which Ana sends files. */
export function createChatAt(world: World, { id, address, claim, connect }: Place): DemoChat {
  async function send(group: Group): Promise<DemoCard> {
    const after = newestId(world, id);
    await sendFiles({ ...group, caption: `${address}${group.caption ?? ''}` }, world, id);
    return cardBelow(world, { id, after });
  }

  return { name: 'Telegram', address, claim, connect, send };
}

/** The card that Ana gets next, below a message. */
export function cardBelow({ telegram }: World, { id, after }: { id: number; after: number }): DemoCard {
  const isCard = cardAfter(after);
  const find = () => telegram.botMessages(id).find(isCard);
  return {
    async shows(fits, timeoutMs) {
      const isFit = (message: Message) => isCard(message) && fits(seen(message));
      return seen(await telegram.waitForMessage(id, isFit, { timeoutMs }));
    },
    async press(label) {
      const card = find();
      if (card === undefined) throw new Error('There is no card.');
      return (await telegram.press(card, label, telegram.ana)).text;
    },
    last() {
      const card = find();
      return card && seen(card);
    },
  };
}

/** Whether a message of the bot came after another and answers nothing. */
export const cardAfter =
  (messageId: number) =>
  (message: Message): boolean =>
    message.message_id > messageId && !message.reply_to_message;

export const newestId = ({ telegram }: World, chatId: number): number =>
  Math.max(0, ...telegram.botMessages(chatId).map((message) => message.message_id));

export function seen(message: Message, counts: ReadonlyMap<string, number> = new Map()): Seen {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  return {
    text: textOf(message),
    buttons: rows.map((row) => row.map((button) => button.text)),
    ...(counts.size > 0 && { marks: marksText(counts) }),
  };
}

/** What Telegram's apps send as a video; they send other videos as files. */
const VIDEO = /\.(mp4|mov|m4v)$/i;

/** Photos go as files, so that the app does not compress them; a video goes as a video. */
async function sendFiles(
  { kind, paths, caption }: Group,
  { telegram }: World,
  chatId: number,
): Promise<void> {
  const { ana } = telegram;
  const captioned = caption ? { caption } : {};
  for (let start = 0; start < paths.length; start += ALBUM_SIZE) {
    const some = paths.slice(start, start + ALBUM_SIZE);
    const files = await Promise.all(
      some.map(async (path) => ({ bytes: await readFile(path), fileName: basename(path) })),
    );
    const texts = start === 0 ? captioned : {};
    const [only] = files;
    if (only !== undefined && files.length === 1) {
      const file = { ...only, ...texts };
      await (kind === 'video' && VIDEO.test(file.fileName)
        ? telegram.sendVideo(chatId, ana, file)
        : telegram.sendDocument(chatId, ana, file));
    } else {
      const items = files.map((file) => ({ type: 'document' as const, ...file }));
      await telegram.sendAlbum(chatId, ana, items, texts);
    }
  }
}
