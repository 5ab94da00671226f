import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { WireMessage } from '../emulators/discord/index.ts';
import { connectOnDiscord, discordOf, type World } from '../world.ts';
import { CARD_MS, type DemoCard, type DemoChat, labelsOf, NotOfferedError, type Seen } from './chat.ts';
import { all, SELECT, seen } from './discord-seen.ts';
import type { Group } from './options.ts';

const LEFT = 'On its way.';
const ENDS: readonly string[] = ['Post now', 'Ask for approval'];

/** Discord's own names for the files that its option takes. */
const TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  apng: 'image/apng',
  heic: 'image/heic',
  heif: 'image/heif',
  avif: 'image/avif',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  bmp: 'image/bmp',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  m4v: 'video/x-m4v',
  webm: 'video/webm',
  mkv: 'video/x-matroska',
  avi: 'video/x-msvideo',
  '3gp': 'video/3gpp',
  ts: 'video/mp2t',
  flv: 'video/x-flv',
};

/** Its option leaves these out, so they are posted in the channel first, where *Post to TikTok* takes them. */
const NOT_OFFERED = /\.apng$/i;

/** The channel #posts of a server, where Ana uses `/tiktok post`. */
export function createDiscordChat(world: World): DemoChat {
  const discord = discordOf(world);
  const { ana, posts } = discord;

  async function claim(code: string): Promise<void> {
    const command = { user: ana, channel: posts, name: 'tiktok', subcommand: 'claim' };
    const handle = await discord.runCommand({ ...command, options: { code } });
    await handle.waitForResponse('This is your Nod now.');
  }

  async function connect(): Promise<string> {
    await connectOnDiscord({ discord, tiktok: world.tiktok });
    return seen(discord.messages(posts).at(-1)).text;
  }

  async function send({ paths, caption }: Group): Promise<DemoCard> {
    const files = await Promise.all(paths.map(fileOf));
    const isOffered = paths.every((path) => !NOT_OFFERED.test(path));
    const message = isOffered
      ? undefined
      : await discord.sendMessage(posts, ana, { content: caption ?? '', files });
    const before = new Set(discord.messages(posts).map(({ id }) => id));
    const composer = await (message === undefined
      ? runPost()
      : discord.runMessageCommand({ user: ana, message, name: 'Post to TikTok' }));

    function runPost() {
      const options = Object.fromEntries(files.map((file, index) => [`media${index + 1}`, file]));
      const command = { user: ana, channel: posts, name: 'tiktok', subcommand: 'post' };
      return discord.runCommand({
        ...command,
        options: caption === undefined ? options : { ...options, caption },
      });
    }

    /** In the channel once it is posted, before that where only Ana sees it. */
    function find(): WireMessage | undefined {
      const card = discord
        .messages(posts)
        .find(({ id, message_reference }) => !before.has(id) && !message_reference);
      return card ?? composer.response();
    }

    function last(): Seen | undefined {
      const card = find();
      return card && seen(card);
    }

    /** Whether the draft still stands where the post was composed. */
    const offers = (label: string): boolean => labelsOf(seen(composer.response())).includes(label);

    return {
      shows(fits, timeoutMs) {
        const read = () => {
          const now = last();
          return now !== undefined && !now.text.startsWith(LEFT) && fits(now) ? now : undefined;
        };
        return discord.until(read, { timeoutMs, what: 'The card' });
      },
      async press(label) {
        const card = find();
        if (card === undefined) throw new Error('There is no card.');
        const menu = all(card).find(
          ({ type, options: choices }) =>
            type === SELECT && choices?.some((choice) => choice.label === label),
        );
        const pressed = await (menu?.custom_id == null
          ? discord.press(card, label, ana)
          : discord.select(card, menu.custom_id, [label], ana));
        if (!ENDS.includes(label)) return undefined;
        const outcome = await discord.until(
          () => pressed.followUps[0] ?? (offers(label) ? undefined : 'left'),
          { timeoutMs: CARD_MS, what: 'An answer to the press' },
        );
        return outcome === 'left' ? undefined : seen(outcome).text;
      },
      last,
    };
  }

  return { name: 'Discord', address: '', claim, connect, send };
}

async function fileOf(path: string) {
  const fileName = basename(path);
  const contentType = TYPES[fileName.split('.').at(-1)?.toLowerCase() ?? ''];
  if (contentType === undefined) throw new NotOfferedError(`${fileName} cannot be chosen for /tiktok post.`);
  return { bytes: await readFile(path), fileName, contentType };
}
