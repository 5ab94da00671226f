import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Message } from 'grammy/types';
import { makeJpeg } from '../bench/seed.ts';
import type { TelegramEmulator } from '../emulators/telegram/index.ts';
import type { Random } from '../fuzz/random.ts';
import { seed } from '../seed.ts';
import { buttonsOf, textOf, type World } from '../world.ts';

const LINK = /https:\/\/www\.tiktok\.com\/@\w+\/(photo|video)\/\d{19}/;
const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)));

/** Somebody with a private chat and a TikTok account of their own. */
interface Seat {
  readonly user: ReturnType<TelegramEmulator['user']>;
  readonly chat: ReturnType<TelegramEmulator['privateChat']>;
  readonly creator: string;
}

/** What is posted, by how often of a hundred. */
const KINDS = [
  ...Array<'photo'>(50).fill('photo'),
  ...Array<'album'>(15).fill('album'),
  ...Array<'phone photo'>(10).fill('phone photo'),
  ...Array<'video'>(13).fill('video'),
  ...Array<'converted video'>(2).fill('converted video'),
  ...Array<'planned photo'>(10).fill('planned photo'),
];
type Kind = (typeof KINDS)[number];

/** People who post, one after the other; Nod does not run yet. */
export async function seatPeople(world: World, { count, random }: { count: number; random: Random }) {
  const { telegram, tiktok } = world;
  const seats = Array.from({ length: count }, (_, index): Seat => {
    const user = telegram.user({ firstName: `Person ${index + 1}` });
    const { username } = tiktok.seedCreator({ username: `person${index + 1}` });
    return { user, chat: telegram.privateChat(user), creator: username };
  });
  await seed(
    world,
    seats.map(({ user, chat, creator }) => ({
      workspace: `telegram:${chat.id}`,
      chat: `telegram:${chat.id}` as const,
      title: user.first_name,
      isPrivate: true,
      connectedBy: { id: `telegram:${user.id}`, name: user.first_name },
      creator,
      timeZone: 'UTC',
    })),
  );
  /** Cards of what goes out later. */
  const planned: { seat: Seat; card: Message }[] = [];

  /** Has the next ones post; resolves when each is live, or planned. */
  async function post(first: number, end: number): Promise<void> {
    const made = Array.from({ length: end - first }, (_, index) => ({
      number: first + index,
      kind: random.pick(KINDS),
      inMinutes: 20 + random.below(80),
    }));
    await Promise.all(made.map(postOne));
  }

  async function postOne(about: { number: number; kind: Kind; inMinutes: number }): Promise<void> {
    const { number, kind, inMinutes } = about;
    const seat = seats[number % seats.length];
    if (seat === undefined) throw new Error('Nobody is there.');
    const { chat, user } = seat;
    const before = telegram.botMessages(chat).at(-1)?.message_id ?? 0;
    const card = (fits: (message: Message) => boolean) =>
      telegram.waitForMessage(chat, (message) => message.message_id > before && fits(message));
    await send(seat, number, kind);
    const draft = await card(isReady);
    const shows = (text: string) =>
      card((message) => message.message_id === draft.message_id && textOf(message).includes(text));
    // Nod does not repeat the answer to a press that a connection has lost: what counts is what the card shows.
    const press = (button: string) => void telegram.press(draft, button, user).catch(() => {});
    press('Everyone');
    await card((message) => message.message_id === draft.message_id && isChosen(message));
    if (kind !== 'planned photo') {
      press('Post now');
      return whenLive(seat, draft);
    }
    press('When…');
    await card((message) => textOf(message).includes('reply to this with the time'));
    await telegram.sendText(chat, user, `in ${inMinutes} minutes`);
    await shows('Goes out');
    press('Schedule');
    await shows('Scheduled');
    planned.push({ seat, card: draft });
  }

  async function whenLive({ chat }: Seat, { message_id: id }: Message): Promise<void> {
    await telegram.waitForMessage(chat, (message) => message.message_id === id && LINK.test(textOf(message)));
  }

  /** Resolves when all that was planned is live. */
  async function whenAllAreLive(): Promise<void> {
    await Promise.all(planned.map(({ seat, card }) => whenLive(seat, card)));
  }

  async function send({ chat, user }: Seat, number: number, kind: Kind): Promise<void> {
    const caption = `Post ${number}`;
    switch (kind) {
      case 'video':
      case 'converted video': {
        const isAsItIs = kind === 'video';
        const fileName = isAsItIs ? 'tiktok-h264.mp4' : 'video.avi';
        const bytes = isAsItIs ? Buffer.concat([fixture(fileName), freeBox(number)]) : fixture(fileName);
        const mimeType = isAsItIs ? 'video/mp4' : 'video/x-msvideo';
        await telegram.sendDocument(chat, user, { bytes, fileName, mimeType, caption });
        return;
      }
      case 'album': {
        const pictures = await Promise.all([makeJpeg(2 * number), makeJpeg(2 * number + 1)]);
        const items = pictures.map((bytes) => ({ type: 'photo' as const, bytes }));
        await telegram.sendAlbum(chat, user, items, { caption });
        return;
      }
      default: {
        const bytes = kind === 'phone photo' ? fixture('phone.jpg') : await makeJpeg(number);
        await telegram.sendPhoto(chat, user, { bytes, caption });
      }
    }
  }

  return { post, whenAllAreLive };
}

const isReady = (message: Message): boolean =>
  buttonsOf(message).includes('Everyone') && !/ {2}(on the way|being prepared)/.test(textOf(message));

const isChosen = (message: Message): boolean => buttonsOf(message).includes('● Everyone');

/** Nothing to a player, and other bytes for each number. */
function freeBox(number: number): Buffer {
  const box = Buffer.alloc(12);
  box.writeUInt32BE(box.length);
  box.write('free', 4);
  box.writeUInt32BE(number, 8);
  return box;
}
