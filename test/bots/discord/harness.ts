import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { pino } from 'pino';
import sharp from 'sharp';
import { expect } from 'vitest';
import { createDiscordBot, type DiscordBotOptions } from '../../../src/bots/discord/index.ts';
import type {
  StartOptions as BotStartOptions,
  Card,
  ChatEvent,
  Picture,
} from '../../../src/bots/platform.ts';
import { type StartOptions, startDiscordEmulator } from '../../emulators/discord/index.ts';
import { createRecord, recordEvents } from '../records.ts';

type Receive = (event: ChatEvent) => Promise<void>;
interface HarnessOptions extends StartOptions {
  /** What a test asks Discord for that a careful bot would not. */
  allowLint?: boolean;
}

/** An emulated Discord and bots over it; at its end no log line may hold a token of the bot or of an interaction. */
export async function startHarness({ allowLint = false, ...options }: HarnessOptions = {}) {
  const discord = await startDiscordEmulator(options);
  const directory = await mkdtemp(join(tmpdir(), 'nod-discord-'));
  const logLines = createRecord<string>();
  const log = pino({ level: 'trace' }, { write: logLines.add });
  const bots: ReturnType<typeof createDiscordBot>[] = [];
  const secrets = () => [discord.token, ...discord.state.interactions.map(({ token }) => token)];

  function createBot(changes: Partial<DiscordBotOptions> = {}) {
    const { token, apiUrl, now } = discord;
    const bot = createDiscordBot({ token, apiUrl, now, log, ...changes });
    bots.push(bot);
    return bot;
  }

  async function startBot(
    receive: Receive = async () => {},
    changes: Partial<DiscordBotOptions> = {},
    startOptions: BotStartOptions = {},
  ) {
    const bot = createBot(changes);
    const events = recordEvents();
    const gaps = createRecord<'gap'>();
    const take = async (event: ChatEvent) => {
      events.add(event);
      await receive(event);
    };
    await bot.start(take, { ...startOptions, onGap: () => gaps.add('gap') });
    return { bot, events, gaps };
  }

  /** Stops the bots once they have received and handled everything: what is missing then would not have come later. */
  async function settled(): Promise<void> {
    await discord.waitUntilHeard();
    await Promise.all(bots.map((bot) => bot.stop()));
  }

  async function picture(key: string, background = 'red'): Promise<Picture> {
    const path = join(directory, `${key}.jpg`);
    await sharp({ create: { width: 40, height: 30, channels: 3, background } }).toFile(path);
    return { type: 'picture', key, path };
  }

  return {
    discord,
    createBot,
    startBot,
    picture,
    settled,
    logLines,
    /** Resolves when a log line holds the text. */
    logged: (text: string) => logLines.when((lines) => lines.some((line) => line.includes(text))),
    chat: `discord:${discord.posts.id}`,
    /** How often the bot called a route. */
    callsOf: (route: string) => discord.state.requests.filter((request) => request.route === route),

    /** The error that a call fails with, checked for tokens in everything that it holds. */
    async errorOf(call: Promise<unknown>): Promise<unknown> {
      const error = await call.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const shown = inspect(error, { depth: 20, showHidden: true });
      for (const secret of secrets()) expect(shown).not.toContain(secret);
      return error;
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(bots.map((bot) => bot.stop()));
      const { lint } = discord.state;
      await discord.close();
      await rm(directory, { recursive: true });
      for (const secret of secrets()) expect(logLines.all.join('')).not.toContain(secret);
      if (!allowLint) expect(lint).toEqual([]);
    },
  };
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;

/** A card of plain lines. */
export const card = (...lines: string[]): Card => ({ lines: lines.map((line) => [line]), rows: [] });

/** A small JPEG with its name. */
export async function photo(fileName: string, background = 'teal') {
  const image = sharp({ create: { width: 40, height: 50, channels: 3, background } });
  return { fileName, bytes: new Uint8Array(await image.jpeg().toBuffer()) };
}
