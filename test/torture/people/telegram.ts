import type { Message } from 'grammy/types';
import { buttonsOf, textOf } from '../../world.ts';
import type { Alone } from './places.ts';
import { CANCELLED, isFresh, LINK, LIVE, type Story, type Telling, UNDER_WAY, uploadTo } from './story.ts';

/** What people do on Telegram, each thing until Nod shows that it has been done. */
export function createTelegramActs({ world, random, persist }: Telling) {
  const { telegram } = world;

  /** The newest message about it in a chat. */
  const newest = (chat: { id: number }, caption: string, fits: (message: Message) => boolean) =>
    telegram.botMessages(chat).findLast((message) => textOf(message).includes(caption) && fits(message));

  async function send(
    { user, chat }: Pick<Alone, 'user'> & { chat: { id: number } },
    { caption, files }: Story,
  ) {
    const [first] = files;
    if (first === undefined) throw new Error('Nobody posts nothing.');
    const { bytes, name, kind } = first;
    if (files.length > 1) {
      const items = files.map((file) =>
        file.kind === 'photo'
          ? { type: 'photo' as const, bytes: file.bytes }
          : { type: 'video' as const, bytes: file.bytes },
      );
      await telegram.sendAlbum(chat, user, items, { caption });
    } else if (kind === 'video') await telegram.sendVideo(chat, user, { bytes, fileName: name, caption });
    else await telegram.sendPhoto(chat, user, { bytes, caption });
  }

  /** Presses a button of the newest message that has it, at times twice. */
  async function press(
    chat: { id: number },
    caption: string,
    button: string,
    user: Alone['user'],
  ): Promise<void> {
    const card = newest(chat, caption, (message) => buttonsOf(message).includes(button));
    if (card === undefined) throw new Error(`No message about ${caption} has the button ${button}.`);
    const times = random.below(5) === 0 ? 2 : 1;
    await Promise.all(Array.from({ length: times }, () => telegram.press(card, button, user)));
  }

  /** The draft with all of its files, who can see it chosen. */
  async function chooseAudience(
    { user, chat }: Pick<Alone, 'user'> & { chat: { id: number } },
    caption: string,
  ) {
    await persist(`A draft of ${caption}`, () =>
      newest(
        chat,
        caption,
        (message) => isFresh(textOf(message)) && buttonsOf(message).some((label) => /Everyone$/.test(label)),
      ),
    );
    await persist(
      `The audience of ${caption}`,
      () => newest(chat, caption, (message) => buttonsOf(message).includes('● Everyone')),
      () => press(chat, caption, 'Everyone', user),
    );
  }

  const shows = (chat: { id: number }, caption: string, text: RegExp) =>
    newest(chat, caption, (message) => text.test(textOf(message)));

  async function submit(
    { user, chat }: Pick<Alone, 'user'> & { chat: { id: number } },
    caption: string,
    button: string,
  ) {
    await persist(
      `The post ${caption}`,
      () => shows(chat, caption, UNDER_WAY),
      () => press(chat, caption, button, user),
    );
  }

  async function post(place: Alone, story: Story): Promise<void> {
    await send(place, story);
    await chooseAudience(place, story.caption);
    await submit(place, story.caption, 'Post now');
    await persist(`The end of ${story.caption}`, () => shows(place.chat, story.caption, LIVE));
  }

  /** Posts it and stops it at once, which may be too late. */
  async function postAndCancel(place: Alone, story: Story): Promise<void> {
    const { caption } = story;
    await send(place, story);
    await chooseAudience(place, caption);
    await submit(place, caption, 'Post now');
    await persist(
      `The end of ${caption}`,
      () => shows(place.chat, caption, LIVE) ?? shows(place.chat, caption, CANCELLED),
      () => press(place.chat, caption, 'Cancel', place.user),
    );
  }

  async function discard(place: Alone, story: Story): Promise<void> {
    await send(place, story);
    await chooseAudience(place, story.caption);
    const isOpen = (message: Message) => buttonsOf(message).includes('Discard');
    const draft = newest(place.chat, story.caption, isOpen);
    if (draft === undefined) throw new Error(`The draft of ${story.caption} is gone.`);
    // What is left of it does not name it.
    await persist(
      `The end of the draft ${story.caption}`,
      () => !isOpen(telegram.find(draft).current) || undefined,
      () => telegram.press(draft, 'Discard', place.user),
    );
  }

  /** The first file by the chat, the others by the page. */
  async function upload(place: Alone, story: Story): Promise<void> {
    const { caption, files } = story;
    const [first, ...others] = files;
    if (first === undefined) throw new Error('Nobody uploads nothing.');
    const before = telegram.botMessages(place.chat).at(-1)?.message_id ?? 0;
    await send(place, { ...story, files: [first] });
    const page = await persist(
      `The page for ${caption}`,
      () =>
        telegram
          .botMessages(place.chat)
          .filter(({ message_id }) => message_id > before)
          .map((message) => LINK.exec(JSON.stringify(message))?.[0])
          .findLast((link) => link !== undefined),
      () => press(place.chat, caption, 'Add a big file', place.user),
    );
    for (const file of others) await uploadTo(page, file);
    await persist(`All files of ${caption}`, () =>
      shows(place.chat, caption, new RegExp(`${files.length} photos for TikTok`)),
    );
    await chooseAudience(place, caption);
    await submit(place, caption, 'Post now');
    await persist(`The end of ${caption}`, () => shows(place.chat, caption, LIVE));
  }

  return { newest, send, press, chooseAudience, submit, shows, post, postAndCancel, discard, upload };
}

export type TelegramActs = ReturnType<typeof createTelegramActs>;
