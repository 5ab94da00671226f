import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Message } from 'grammy/types';
import pino, { type Logger } from 'pino';
import { type App, startApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import type { LinkOptions } from '../src/core/links/open-link.ts';
import type { RunStatement } from '../src/core/storage/database.ts';
import { type DiscordEmulator, startDiscordEmulator } from './emulators/discord/index.ts';
import type { LocalServer } from './emulators/telegram/files.ts';
import { startTelegramEmulator, type TelegramEmulator } from './emulators/telegram/index.ts';
import {
  startTikTokEmulator,
  type TikTokEmulator,
  type TikTokEmulatorOptions,
} from './emulators/tiktok/index.ts';
import { NOWHERE } from './emulators/websites/nowhere.ts';
import { findFreePort } from './free-port.ts';

export interface WorldOptions {
  /** Discord beside Telegram. */
  readonly withDiscord?: boolean;
  readonly tiktok?: TikTokEmulatorOptions;
  /** Settings that differ from those of a plain installation. */
  readonly environment?: Record<string, string>;
  readonly log?: Logger;
  /** How long a card stays as it is at least; short, so that tests are, unless the platforms' own pace is wanted. */
  readonly cardIntervalMs?: number | 'platform';
  /** Nod goes by the clock of TikTok, which `advance` moves and `setClock` sets; the running Nod is told by `clockMoved`. */
  readonly movesClock?: boolean;
  /** Told of every statement that Nod's database runs. */
  readonly onStatement?: (statement: RunStatement) => void;
  /** A Bot API server of one's own that runs with `--local`. */
  readonly localTelegram?: LocalServer;
  /** The way to the servers of links. */
  readonly links?: LinkOptions;
}

/**
 * TikTok, Telegram and everything that Nod needs to run between them: a free port, a throw-away data folder, an app in
 * TikTok's portal that knows Nod's addresses.
 */
export async function createWorld(options: WorldOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'nod-'));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const tiktok = stack.use(await startTikTokEmulator(options.tiktok));
  const telegram = stack.use(
    await startTelegramEmulator(options.localTelegram && { local: options.localTelegram }),
  );
  const discord = options.withDiscord
    ? stack.use(await startDiscordEmulator({ anaPermissions: ['MANAGE_GUILD'] }))
    : undefined;
  /** By how much the clock of Nod's machine is ahead of TikTok's. */
  let aheadMs = 0;
  const now = () => tiktok.clock.now() + aheadMs;
  const port = await findFreePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  tiktok.app.redirectUris.push(`${publicUrl}/oauth/callback`);
  tiktok.app.urlProperties.push({ type: 'prefix', value: `${publicUrl}/media/` });
  tiktok.app.webhookUrl = `${publicUrl}/webhooks/tiktok`;

  const environment = {
    TIKTOK_CLIENT_KEY: tiktok.app.clientKey,
    TIKTOK_CLIENT_SECRET: tiktok.app.clientSecret,
    TIKTOK_API_URL: tiktok.apiUrl,
    TIKTOK_AUTHORIZE_URL: tiktok.authorizeUrl,
    TELEGRAM_TOKEN: telegram.token,
    TELEGRAM_API_URL: telegram.apiUrl,
    ...(discord !== undefined && { DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl }),
    PUBLIC_URL: publicUrl,
    // An address of this machine would be uploaded from.
    VIDEO_TRANSFER: 'pull',
    // Stories that are not about who gets in.
    ACCESS: 'open',
    // Those that are not about taking a post back need not wait for that.
    TAKE_BACK_SECONDS: '0',
    HOST: '127.0.0.1',
    PORT: String(port),
    DATA_DIR: dataDir,
    ...options.environment,
  };

  /** Starts Nod in this process; it may be disposed and started again over the same data. */
  function start(): Promise<App> {
    const log = options.log ?? pino({ level: 'silent' });
    return startApp({
      config: readConfig(environment),
      log,
      onFatal: (error) => log.fatal(error),
      onStatement: options.onStatement,
      links: options.links ?? { network: NOWHERE },
      now: options.movesClock ? now : undefined,
      ...(options.cardIntervalMs !== 'platform' && { cardIntervalMs: options.cardIntervalMs ?? 50 }),
    });
  }

  /** Moves the clocks of TikTok and of the chats; whatever TikTok does on the way is done. */
  function advance(ms: number): void {
    telegram.advance(ms);
    discord?.advance(ms);
    tiktok.clock.advance(ms);
  }

  /** Sets the clock of Nod's machine so much ahead of TikTok's, or back to it. */
  function setClock(ms: number): void {
    aheadMs = ms;
  }

  const kept = stack.move();
  const dispose = () => kept.disposeAsync();
  return {
    tiktok,
    telegram,
    discord,
    publicUrl,
    environment,
    dataDir,
    start,
    now,
    advance,
    setClock,
    [Symbol.asyncDispose]: dispose,
  };
}

export type World = Awaited<ReturnType<typeof createWorld>>;

/** Connects a TikTok account as Ana would: asks in the chat, opens the link, agrees on TikTok's page. */
export async function connectAccount(
  { telegram, tiktok }: Pick<World, 'telegram' | 'tiktok'>,
  consent: Consent = {},
): Promise<Message> {
  const before = newestOf(telegram);
  const isNew = (message: Message) => message.message_id > before;
  await telegram.sendText(telegram.anaChat, telegram.ana, '/connect');
  const invitation = await telegram.waitForMessage(
    telegram.anaChat,
    (message) => isNew(message) && textOf(message).includes('/connect/'),
  );
  const link = /https?:\/\/\S+\/connect\/\S+/.exec(invitation.text ?? '')?.[0];
  if (link === undefined) throw new Error('The invitation has no link.');
  await walkThroughConsent(link, tiktok, consent);
  return telegram.waitForMessage(
    telegram.anaChat,
    (message) => isNew(message) && textOf(message).includes('is connected'),
  );
}

/** Connects it in Discord's #posts, whose server then shares it. */
export async function connectOnDiscord(
  { discord, tiktok }: { discord: DiscordEmulator; tiktok: TikTokEmulator },
  consent: Consent = {},
): Promise<void> {
  const { ana, posts } = discord;
  const handle = await discord.runCommand({
    user: ana,
    channel: posts,
    name: 'tiktok',
    subcommand: 'connect',
  });
  await handle.waitForResponse('Connect a TikTok account');
  const link = discord.linkOf(handle, 'Connect TikTok', ana);
  await walkThroughConsent(link, tiktok, consent);
  await discord.waitForMessage(posts, 'is connected');
}

/** Sets in Discord's #posts how many approvals a post of its server needs. */
export async function setApprovals(discord: DiscordEmulator, approvals: number): Promise<void> {
  const { ana, posts } = discord;
  const handle = await discord.runCommand({
    user: ana,
    channel: posts,
    name: 'tiktok',
    subcommand: 'settings',
  });
  await handle.waitForResponse('Settings');
  const label = approvals === 0 ? 'Off' : `${approvals} approval${approvals === 1 ? '' : 's'}`;
  await discord.select(handle, 'How many approvals?', [label], ana);
  const shown = approvals === 0 ? 'off, posts go out' : `${approvals} before a post goes out`;
  await handle.waitForResponse(new RegExp(shown.replace(/[.*]/g, '.')));
}

/** The Discord of a world that was made with it. */
export function discordOf({ discord }: World): DiscordEmulator {
  if (discord === undefined) throw new Error('This world has no Discord.');
  return discord;
}

function newestOf({ botMessages, anaChat }: TelegramEmulator): number {
  return botMessages(anaChat).at(-1)?.message_id ?? 0;
}

interface Consent {
  readonly deny?: boolean;
  readonly scopes?: string[];
  /** The scopes that the person unticks. */
  readonly refuse?: string[];
  /** Username of the TikTok account. */
  readonly creator?: string;
}

/** Does what a browser does between the link in the chat and the page at the end; that page's HTML. */
export async function walkThroughConsent(
  link: string,
  tiktok: TikTokEmulator,
  consent: Consent = {},
): Promise<string> {
  const page = await fetch(link);
  if (!page.ok) throw new Error(`The invitation answered ${page.status}.`);
  const cookie = page.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const { origin } = new URL(link);
  const headers = { origin, cookie, 'content-type': 'application/x-www-form-urlencoded' };
  const begun = await fetch(link, { method: 'POST', headers, body: '', redirect: 'manual' });
  const authorizeUrl = begun.headers.get('location');
  if (authorizeUrl === null) throw new Error(`The button answered ${begun.status}: ${await begun.text()}`);
  const cookies = [cookie, ...begun.headers.getSetCookie().map((one) => one.split(';')[0])].filter(Boolean);
  const callback = await tiktok.authorize({ url: authorizeUrl, ...consent });
  const end = await fetch(callback, { headers: { cookie: cookies.join('; ') } });
  return end.text();
}

/** The buttons of a message, row by row. */
export function buttonsOf(message: Message): string[] {
  return (message.reply_markup?.inline_keyboard ?? []).flat().map((button) => button.text);
}

export function textOf(message: Message): string {
  return message.text ?? message.caption ?? '';
}

/** Taps through a card: everyone may see it, post now. */
export async function postPublicly(
  telegram: TelegramEmulator,
  isCard: (message: Message) => boolean,
): Promise<void> {
  const card = await telegram.waitForMessage(
    telegram.anaChat,
    (message) => isCard(message) && buttonsOf(message).includes('Everyone'),
  );
  await telegram.press(card, 'Everyone', telegram.ana);
  await telegram.press(card, 'Post now', telegram.ana);
}
