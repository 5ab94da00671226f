import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Message } from 'grammy/types';
import { connectAccount, textOf, type World } from '../world.ts';
import type { DemoCard, DemoChat, Seen } from './chat.ts';
import type { Group } from './options.ts';

const ALBUM_SIZE = 10;

/** Ana's private chat with the bot. */
export function createTelegramChat(world: World): DemoChat {
  const { telegram } = world;
  const { ana, anaChat } = telegram;

  async function send(group: Group): Promise<DemoCard> {
    const firstId = Math.max(0, ...telegram.botMessages(anaChat).map((message) => message.message_id)) + 1;
    const isCard = (message: Message) => message.message_id >= firstId && !message.reply_to_message;
    const find = () => telegram.botMessages(anaChat).find(isCard);
    await sendFiles(group, world);

    return {
      async shows(fits, timeoutMs) {
        const isFit = (message: Message) => isCard(message) && fits(seen(message));
        return seen(await telegram.waitForMessage(anaChat, isFit, { timeoutMs }));
      },
      async press(label) {
        const card = find();
        if (card === undefined) throw new Error('There is no card.');
        return (await telegram.press(card, label, ana)).text;
      },
      last() {
        const card = find();
        return card && seen(card);
      },
    };
  }

  return { name: 'Telegram', connect: async () => textOf(await connectAccount(world)), send };
}

function seen(message: Message): Seen {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  return { text: textOf(message), buttons: rows.map((row) => row.map((button) => button.text)) };
}

/** Photos go as files, so that the app does not compress them; a video goes as a video. */
async function sendFiles({ kind, paths, caption }: Group, { telegram }: World): Promise<void> {
  const { ana, anaChat } = telegram;
  const captioned = caption === undefined ? {} : { caption };
  for (let start = 0; start < paths.length; start += ALBUM_SIZE) {
    const some = paths.slice(start, start + ALBUM_SIZE);
    const files = await Promise.all(
      some.map(async (path) => ({ bytes: await readFile(path), fileName: basename(path) })),
    );
    const texts = start === 0 ? captioned : {};
    const [only] = files;
    if (only !== undefined && files.length === 1) {
      const file = { ...only, ...texts };
      await (kind === 'video'
        ? telegram.sendVideo(anaChat, ana, file)
        : telegram.sendDocument(anaChat, ana, file));
    } else {
      const items = files.map((file) => ({ type: 'document' as const, ...file }));
      await telegram.sendAlbum(anaChat, ana, items, texts);
    }
  }
}
