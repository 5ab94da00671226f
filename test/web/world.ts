import { randomBytes } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import pino from 'pino';
import { type Account, createAccounts } from '../../src/core/accounts/accounts.ts';
import {
  type Consent,
  type ConsentOutcome,
  createConsents,
  type Invitation,
} from '../../src/core/accounts/consent.ts';
import { createWorkspaces, type Workspace } from '../../src/core/accounts/workspaces.ts';
import { createMediaStore } from '../../src/core/media/store.ts';
import type { PreparedMedia } from '../../src/core/media/types.ts';
import type { Post } from '../../src/core/publish/post.ts';
import { createPreviewLinks } from '../../src/core/publish/preview-links.ts';
import { createPullProgress } from '../../src/core/publish/pull-progress.ts';
import { type Attempt, createReleaseGate } from '../../src/core/publish/release-gate.ts';
import { createSignals, type PostSignals, type Publish } from '../../src/core/publish/signals.ts';
import { openStores } from '../../src/core/storage/database.ts';
import { createSecrets } from '../../src/core/storage/secrets.ts';
import { createTikTokClient } from '../../src/core/tiktok/client.ts';
import { createWeb, startServer } from '../../src/web/index.ts';

type WebOptions = Parameters<typeof createWeb>[0];

export const CLIENT_KEY = 'awtestclientkey';
export const CLIENT_SECRET = 'test_client_secret_0123456789abcd';

/** Real core on a temporary directory, and the web over it. `web` overrides what the test is about. */
export async function createWorld({
  apiUrl = 'http://127.0.0.1:9',
  authorizePage = 'https://www.tiktok.com/v2/auth/authorize/',
  publicUrl = 'https://nod.example.com',
  mayConnect = async () => true,
  web = {},
}: {
  apiUrl?: string;
  authorizePage?: string;
  publicUrl?: string;
  mayConnect?: (invitation: Invitation) => Promise<boolean>;
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

  const gate = createReleaseGate({ attempts: stores.store<Attempt>('attempts'), now });
  const pulls = createPullProgress({ now, onProgress: () => {} });
  const mediaStore = createMediaStore({ directory: join(directory, 'media') });
  const client = createTikTokClient({ apiUrl, clientKey: CLIENT_KEY, clientSecret: CLIENT_SECRET, now });
  const secrets = createSecrets({ key: 'a key' });
  const posts = stores.store<Post>('posts');
  const previewLinks = createPreviewLinks({ secrets, posts, now });
  const accountStore = stores.store<Account>('accounts');
  const accounts = createAccounts({
    accounts: accountStore,
    workspaces: createWorkspaces({ workspaces: stores.store<Workspace>('workspaces') }),
    client,
    secrets,
    now,
    log,
  });
  const consents = createConsents({
    invitations: stores.store<Invitation>('invitations'),
    consents: stores.store<Consent>('consents'),
    accounts,
    client,
    clientKey: CLIENT_KEY,
    authorizePage,
    redirectUri: `${publicUrl}/oauth/callback`,
    mayConnect,
    now,
    log,
  });
  const woken: string[] = [];
  const notes = createSignals({
    notes: stores.store<PostSignals>('notes'),
    publishes: stores.store<Publish>('publishes'),
    wake: (postId) => woken.push(postId),
    now,
  });
  const outcomes: ConsentOutcome[] = [];
  const removals: [string, readonly string[]][] = [];
  const app = createWeb({
    gate,
    pulls,
    mediaStore,
    previewLinks,
    consents,
    accounts,
    notes,
    publicUrl,
    authorizePage,
    clientSecret: CLIENT_SECRET,
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
    client.close();
    await stores.close();
    await rm(directory, { recursive: true, force: true });
  }

  return {
    app,
    gate,
    pulls,
    mediaStore,
    posts,
    previewLinks,
    accounts,
    accountStore,
    consents,
    notes,
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
