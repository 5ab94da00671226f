import { randomBytes } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import pino from 'pino';
import type { Account } from '../../src/core/accounts/accounts.ts';
import type { ConsentOutcome } from '../../src/core/accounts/consent.ts';
import { createCore } from '../../src/core/index.ts';
import type { LinkOptions } from '../../src/core/links/open-link.ts';
import { findFfmpeg } from '../../src/core/media/ffmpeg.ts';
import { createMediaStore } from '../../src/core/media/store/local.ts';
import type { PreparedMedia } from '../../src/core/media/types.ts';
import { createEmbeddedEngine } from '../../src/core/publish/engine/embedded.ts';
import { DEFAULT_PACING } from '../../src/core/publish/pacing.ts';
import { openStores } from '../../src/core/storage/database.ts';
import { createTikTokClient } from '../../src/core/tiktok/client.ts';
import { createWeb, startServer } from '../../src/web/index.ts';
import { NO_CHATS, WITHOUT_LIMITS } from '../core/nod.ts';
import { NOWHERE } from '../emulators/websites/nowhere.ts';

type WebOptions = Parameters<typeof createWeb>[0];

export const CLIENT_KEY = 'awtestclientkey';
export const CLIENT_SECRET = 'test_client_secret_0123456789abcd';

/** Real core on a temporary directory, and the web over it. `web` overrides what the test is about. */
export async function createWorld({
  apiUrl = 'http://127.0.0.1:9',
  authorizePage = 'https://www.tiktok.com/v2/auth/authorize/',
  publicUrl = 'https://nod.example.com',
  mayConnect = async () => true,
  links = { network: NOWHERE },
  web = {},
}: {
  apiUrl?: string;
  authorizePage?: string;
  publicUrl?: string;
  mayConnect?: () => Promise<boolean>;
  links?: LinkOptions;
  web?: Partial<WebOptions>;
} = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'nod-web-'));
  const stores = openStores({ file: join(directory, 'nod.db') });
  const time = { now: Date.now() };
  const now = () => time.now;
  const lines: string[] = [];
  const written = new EventEmitter();
  const log = pino(
    { level: 'debug' },
    new Writable({
      write: (line, _, done) => {
        lines.push(String(line));
        written.emit('line', String(line));
        done();
      },
    }),
  );

  /** The next line of the log that holds `text`. */
  async function nextLine(text: string): Promise<Record<string, unknown>> {
    for await (const [line] of on(written, 'line')) if (line.includes(text)) return JSON.parse(line);
    throw new Error('The log ended.');
  }

  const mediaStore = createMediaStore({ directory: join(directory, 'media') });
  const client = createTikTokClient({ apiUrl, clientKey: CLIENT_KEY, clientSecret: CLIENT_SECRET, now });
  const woken: string[] = [];
  const engine = createEmbeddedEngine({ now, log });
  const core = createCore({
    stores,
    client,
    mediaStore,
    findFfmpeg,
    publicUrl,
    now,
    log,
    secretKey: 'a key',
    tiktok: { clientKey: CLIENT_KEY, authorizeUrl: authorizePage },
    access: { isOpen: true },
    limits: WITHOUT_LIMITS,
    links,
    keepPostsMs: Number.POSITIVE_INFINITY,
    pacing: DEFAULT_PACING,
    engine: { ...engine, wake: async (postId) => void woken.push(postId) },
    chats: { ...NO_CHATS, stillManages: mayConnect },
  });
  const { gate, pulls, posts, previewLinks, accounts, consents, signals } = core;
  const outcomes: ConsentOutcome[] = [];
  const removals: [string, readonly string[]][] = [];
  const app = createWeb({
    ...core,
    publicUrl,
    authorizePage,
    clientSecret: CLIENT_SECRET,
    explain: ({ code }) => code,
    health: () => ({ status: 'ok' }),
    onConsent: async (outcome) => void outcomes.push(outcome),
    onAccountRemoved: async (openId, chats) => void removals.push([openId, chats]),
    now,
    log,
    ...web,
  });

  /** Stores random bytes as if they were prepared media. */
  async function prepare(bytes: number, kind: 'photo' | 'video' = 'video') {
    const content = randomBytes(bytes);
    const extension = kind === 'video' ? 'mp4' : 'jpg';
    const file = await mediaStore.add(Readable.from([content]), { maxBytes: bytes, extension });
    const contentType = kind === 'video' ? 'video/mp4' : 'image/jpeg';
    const media: PreparedMedia = { kind, file, contentType, width: 1, height: 1, changes: [] };
    return { content, media };
  }

  const invite = () =>
    consents.invite({
      workspace: 'telegram:-100',
      chat: 'telegram:-100:0',
      chatTitle: 'Team <b>Ana</b>',
      person: { id: 'telegram:1', name: 'Ana & Co' },
    });

  async function dispose() {
    await core.stop();
    await client.close();
    await stores.close();
    await rm(directory, { recursive: true, force: true });
  }

  return {
    app,
    gate,
    pulls,
    directory,
    mediaStore,
    posts,
    previewLinks,
    accounts,
    avatars: core.avatars,
    accountStore: stores.store<Account>('accounts'),
    consents,
    signals,
    time,
    lines,
    nextLine,
    outcomes,
    removals,
    woken,
    prepare,
    invite,
    start: () => startServer({ app, host: '127.0.0.1', port: 0 }),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

export type World = Awaited<ReturnType<typeof createWorld>>;
