import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { pino } from 'pino';
import sharp from 'sharp';
import { expect } from 'vitest';
import type { ChatEvent, Picture } from '../../../src/bots/platform.ts';
import {
  createTelegramBot,
  type InboxRecord,
  type MoveRecord,
  type TelegramBotOptions,
} from '../../../src/bots/telegram/index.ts';
import { openStores, type Store } from '../../../src/core/storage/database.ts';
import { startTelegramEmulator } from '../../emulators/telegram/index.ts';
import { createRecord, recordEvents } from '../records.ts';

type Receive = (event: ChatEvent) => Promise<void>;

/** An emulated Telegram, a database on disk and bots over both; at its end no log line may hold the token. */
export async function startHarness(options: Parameters<typeof startTelegramEmulator>[0] = {}) {
  const telegram = await startTelegramEmulator(options);
  const directory = await mkdtemp(join(tmpdir(), 'nod-telegram-'));
  const stores = openStores({ file: join(directory, 'nod.db') });
  const inbox: Store<InboxRecord> = stores.store('telegram-inbox');
  const supergroups: Store<MoveRecord> = stores.store('telegram-moves');
  const logLines = createRecord<string>();
  const log = pino({ level: 'trace' }, { write: logLines.add });
  const bots: ReturnType<typeof createTelegramBot>[] = [];

  function createBot(changes: Partial<TelegramBotOptions> = {}) {
    const bot = createTelegramBot({
      token: telegram.token,
      apiUrl: telegram.apiUrl,
      inbox,
      supergroups,
      log,
      commands: [{ command: 'accounts', description: 'The accounts of this chat' }],
      ...changes,
    });
    bots.push(bot);
    return bot;
  }

  async function startBot(receive: Receive = async () => {}, changes: Partial<TelegramBotOptions> = {}) {
    const bot = createBot(changes);
    const events = recordEvents();
    /** What nobody has addressed to the bot, kept apart from what people want of it. */
    const overheard = recordEvents();
    await bot.start(async (event) => {
      (event.type === 'overheard' ? overheard : events).add(event);
      await receive(event);
    });
    return { bot, events, overheard };
  }

  async function inboxRecords(): Promise<InboxRecord[]> {
    const cardIndex: InboxRecord[] = [];
    for await (const [, record] of inbox.entries()) cardIndex.push(record);
    return cardIndex;
  }

  /** Stops the bots once they have received and handled everything: what is missing then would not have come later. */
  async function settled(): Promise<void> {
    await telegram.waitUntilFetched();
    await Promise.all(bots.map((bot) => bot.stop()));
  }

  async function picture(key: string, background = 'red'): Promise<Picture> {
    const path = join(directory, `${key}.jpg`);
    await sharp({ create: { width: 40, height: 30, channels: 3, background } }).toFile(path);
    return { type: 'picture', key, path };
  }

  return {
    telegram,
    stores,
    inbox,
    supergroups,
    createBot,
    startBot,
    inboxRecords,
    picture,
    settled,
    logLines,
    /** Resolves when a log line holds the text. */
    logged: (text: string) => logLines.when((lines) => lines.some((line) => line.includes(text))),
    chat: `telegram:${telegram.anaChat.id}`,

    /** The error that a call fails with, checked for the token in everything that it holds. */
    async errorOf(call: Promise<unknown>): Promise<unknown> {
      const error = await call.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const shown = inspect(error, { depth: 20, showHidden: true });
      expect(shown).not.toContain(telegram.token);
      return error;
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(bots.map((bot) => bot.stop()));
      await telegram.close();
      await stores.close();
      await rm(directory, { recursive: true });
      expect(logLines.all.join('')).not.toContain(telegram.token);
      expect(telegram.state.lint).toEqual([]);
    },
  };
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;

/** A small JPEG. */
export const jpeg = (width = 400, height = 500): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();
