import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { WireComponent, WireMessage } from '../emulators/discord/index.ts';
import { connectOnDiscord, discordOf, type World } from '../world.ts';
import type { DemoCard, DemoChat, Seen } from './chat.ts';
import type { Group } from './options.ts';

const BUTTON = 2;
const SELECT = 3;
const TEXT = 10;
const LEFT = 'On its way.';

/** Discord's own names for the files that its option takes. */
const TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
};

/** The channel #posts of a server, where Ana uses `/tiktok post`. */
export function createDiscordChat(world: World): DemoChat {
  const discord = discordOf(world);
  const { ana, posts } = discord;

  async function connect(): Promise<string> {
    await connectOnDiscord({ discord, tiktok: world.tiktok });
    return seen(discord.messages(posts).at(-1)).text;
  }

  async function send({ paths, caption }: Group): Promise<DemoCard> {
    const files = await Promise.all(paths.map(fileOf));
    const options = Object.fromEntries(files.map((file, index) => [`media${index + 1}`, file]));
    const before = new Set(discord.messages(posts).map(({ id }) => id));
    const command = { user: ana, channel: posts, name: 'tiktok', subcommand: 'post' };
    const composer = await discord.runCommand({
      ...command,
      options: caption === undefined ? options : { ...options, caption },
    });

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
        if (label !== 'Post now') return undefined;
        const outcome = await discord.until(
          () =>
            pressed.followUps[0] ??
            (find() !== undefined && isLeft(composer.response()) ? 'left' : undefined),
          {
            what: 'An answer to the press',
          },
        );
        return outcome === 'left' ? undefined : seen(outcome).text;
      },
      last,
    };
  }

  return { name: 'Discord', connect, send };
}

const isLeft = (message: WireMessage | undefined): boolean => seen(message).text.startsWith(LEFT);

async function fileOf(path: string) {
  const fileName = basename(path);
  const contentType = TYPES[fileName.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream';
  return { bytes: await readFile(path), fileName, contentType };
}

/** All components of a message, outermost first. */
function all(message: WireMessage | undefined): WireComponent[] {
  const flatten = (component: WireComponent): WireComponent[] => [
    component,
    ...(component.components ?? []).flatMap(flatten),
  ];
  return (message?.components ?? []).flatMap(flatten);
}

function seen(message: WireMessage | undefined): Seen {
  const components = all(message);
  const rows = components.filter(({ components: inner }) =>
    inner?.some(({ type }) => type === BUTTON || type === SELECT),
  );
  return {
    text: components.flatMap(({ type, content }) => (type === TEXT ? [plain(content ?? '')] : [])).join('\n'),
    buttons: rows.map((row) =>
      (row.components ?? []).flatMap(({ type, label, options }) =>
        type === SELECT ? (options ?? []).map((choice) => choice.label) : label == null ? [] : [label],
      ),
    ),
  };
}

/** Discord's markup as a person sees it. */
function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replace(/\*\*|`/g, '')
    .replace(/\\([^\w\s])/g, '$1');
}
