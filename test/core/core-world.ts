import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import pino from 'pino';
import sharp from 'sharp';
import type { DiskRoomOptions } from '../../src/core/media/store/disk-room.ts';
import { createMediaStore } from '../../src/core/media/store/local.ts';
import type { PreparedMedia } from '../../src/core/media/types.ts';
import { DEFAULT_PACING, type Pacing } from '../../src/core/publish/pacing.ts';
import {
  hashContent,
  isSettled,
  type Post,
  type PostContent,
  type PostStatus,
} from '../../src/core/publish/post.ts';
import { createPreviewLinks } from '../../src/core/publish/preview-links.ts';
import type { VideoTransfer } from '../../src/core/publish/transfer/choose.ts';
import type { Fresh } from '../../src/core/storage/database.ts';
import { createSecrets } from '../../src/core/storage/secrets.ts';
import type { TokenGrant } from '../../src/core/tiktok/types.ts';
import { createWeb, startServer, type Web } from '../../src/web/index.ts';
import {
  startTikTokEmulator,
  type TikTokEmulator,
  type TikTokEmulatorOptions,
  type TokenPair,
} from '../emulators/tiktok/index.ts';
import { type Nod, type NodOptions, openNod } from './nod.ts';
import { ANA, CHAT, contentWith, HOUR_MS, REVIEW, WORKSPACE } from './posts.ts';

export interface CoreWorldOptions {
  readonly tiktok?: TikTokEmulatorOptions;
  readonly pacing?: Partial<Pacing>;
  /** Without it TikTok sends no webhooks. */
  readonly webhooks?: boolean;
  readonly gateWaitMs?: number;
  readonly releaseMediaAfterMs?: number;
  readonly stats?: boolean;
  readonly videoTransfer?: VideoTransfer;
  /** At which TikTok finds the web server, in place of its own address. */
  readonly publicUrl?: string | undefined;
  /** Other room for media than plenty. */
  readonly disk?: DiskRoomOptions;
}

/**
 * The publishing core between the real database, the real web server and the emulator of TikTok.
 *
 * Time stands still unless a test moves it: both sides read the emulator's clock.
 */
export async function createCoreWorld(options: CoreWorldOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'nod-core-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const tiktok = await startTikTokEmulator({ frozenClock: true, ...options.tiktok });
  /** By how much the clock of Nod's machine is ahead of TikTok's. */
  let aheadMs = 0;
  const now = () => tiktok.clock.now() + aheadMs;
  const { lines, log } = collectLog();
  const mediaStore = createMediaStore({
    directory: join(directory, 'media'),
    freshMs: 0,
    ...options.disk,
  });
  const pacing = { ...DEFAULT_PACING, takeBackMs: 0, ...options.pacing };
  const nods: Nod[] = [];
  const current = (): Nod => {
    const nod = nods.at(-1);
    if (nod === undefined) throw new Error('There is always one.');
    return nod;
  };

  let web: Web | undefined;
  const app = {
    fetch: (...request: Parameters<Web['fetch']>) => {
      web ??= webOver(current);
      return web.fetch(...request);
    },
  };
  const server = await startServer({ app, host: '127.0.0.1', port: 0, drainMs: 0 });
  const { publicUrl: url = server.url } = options;
  tiktok.options.pull.origins[url] = server.url;
  const mediaUrl = () => `${url}/media/`;
  const { releaseMediaAfterMs, stats, videoTransfer } = options;
  const common = {
    directory,
    mediaStore,
    tiktok,
    now,
    publicUrl: url,
    pacing,
    log,
    releaseMediaAfterMs,
    stats,
    videoTransfer,
  };
  nods.push(openNod(common));
  /** Has TikTok know our address as ours. */
  const verify = () => tiktok.app.urlProperties.push({ type: 'prefix', value: mediaUrl() });
  verify();
  if (options.webhooks) tiktok.app.webhookUrl = `${url}/webhooks/tiktok`;
  stack.defer(() => checkTraces(lines, tiktok, mediaUrl()));
  stack.defer(async () => {
    await Promise.all(nods.map((nod) => nod.close()));
  });
  stack.defer(() => server.close());
  stack.defer(() => tiktok.close());

  function webOver(nod: () => Nod) {
    return createWeb({
      gate: { admit: (...request) => nod().gate.admit(...request) },
      pulls: { sent: (...sent) => nod().pulls.sent(...sent) },
      signals: { hint: (...told) => nod().signals.hint(...told) },
      avatars: {
        read: (...asked) => nod().avatars.read(...asked),
        urlPath: (...asked) => nod().avatars.urlPath(...asked),
      },
      accounts: {
        get: (id) => nod().accounts.get(id),
        remove: (id) => nod().accounts.remove(id),
        check: (id) => nod().accounts.check(id),
      },
      previewLinks: createPreviewLinks({
        secrets: createSecrets({ key: 'a key' }),
        posts: { get: (id) => nod().posts.get(id) },
        now,
      }),
      consents: nod().consents,
      uploads: nod().uploads,
      composePages: nod().composePages,
      probe: nod().probe,
      webhookLog: { note: () => nod().webhookLog.note() },
      mediaStore,
      publicUrl: 'http://127.0.0.1',
      authorizePage: tiktok.authorizeUrl,
      now,
      log,
      clientSecret: tiktok.app.clientSecret,
      explain: ({ code }) => code,
      health: () => ({ status: 'ok' }),
      onConsent: async () => {},
      onAccountRemoved: async () => {},
      ...(options.gateWaitMs !== undefined && { gateWaitMs: options.gateWaitMs }),
    });
  }

  /** A second process over the same database; the web server belongs to it unless the first keeps it. */
  function openAnother(more: Partial<NodOptions> & { keepWeb?: boolean } = {}): Nod {
    const { keepWeb = false, ...changed } = more;
    const nod = openNod({ ...common, ...changed });
    if (keepWeb) nods.unshift(nod);
    else nods.push(nod);
    return nod;
  }

  /** Connects Ana's account with whatever TikTok grants now. */
  async function connect(pair: TokenPair = tiktok.grant()): Promise<string> {
    const where = { workspace: WORKSPACE, chat: CHAT, person: ANA, info: undefined };
    await current().accounts.connect({ ...where, grant: grantOf(pair) });
    return pair.open_id;
  }

  /** Puts a photo into the media store, ready for TikTok. */
  async function photo(background = '#4080c0'): Promise<PreparedMedia> {
    const [width, height] = [64, 96];
    const bytes = await sharp({ create: { width, height, channels: 3, background } })
      .jpeg()
      .toBuffer();
    const limits = { maxBytes: 1_000_000, extension: 'jpg' };
    const file = await mediaStore.add(Readable.from([bytes]), limits);
    return { kind: 'photo', file, contentType: 'image/jpeg', width, height, changes: [] };
  }

  /** A video that TikTok takes, ready for it; of so many bytes where that is said, or as short as it comes. */
  async function video(bytes?: number): Promise<PreparedMedia> {
    const limits = { maxBytes: 4_000_000_000, extension: 'mp4' };
    const file = await mediaStore.add(Readable.from(videoParts(bytes)), limits);
    const size = { width: 360, height: 640 };
    return { kind: 'video', file, contentType: 'video/mp4', ...size, durationSeconds: 2, changes: [] };
  }

  /** The same as `submit` with a video. */
  async function submitVideo(bytes?: number, state: { [field: string]: unknown } = {}): Promise<Post> {
    const media = await video(bytes);
    const sources = [{ name: 'a.mp4', file: media.file }];
    return submit({ status: 'queued', ...state, media: [media] }, { kind: 'video', sources });
  }

  /** A post of Ana's that is queued, or in whatever state the test wants it. */
  async function submit(
    state: { status: PostStatus; [field: string]: unknown } = { status: 'queued' },
    content: Partial<PostContent> = {},
  ): Promise<Post> {
    const media = await photo();
    const openId = tiktok.openIdOf();
    const whole = contentWith({ openId, sources: [{ name: 'a.jpg', file: media.file }], ...content });
    const at = now();
    const id = `post-${(await Array.fromAsync(current().posts.entries())).length + 1}`;
    const post = {
      id,
      workspace: WORKSPACE,
      chat: CHAT,
      author: ANA,
      draftId: id,
      content: whole,
      account: { nickname: 'Studio Ana' },
      contentHash: hashContent(whole),
      createdAt: at,
      attempts: 0,
      retries: 0,
      media: [media],
      notBefore: at,
      since: at,
      ...(state.status === 'in_review' && { review: REVIEW, expiresAt: at + 72 * HOUR_MS }),
      ...state,
    } as unknown as Fresh<Post>;
    const saved = await current().posts.create(id, post);
    if (saved === undefined) throw new Error('The post was there before.');
    return saved;
  }

  async function read(postId: string, nod = current()): Promise<Post> {
    const post = await nod.posts.get(postId);
    if (post === undefined) throw new Error(`There is no post ${postId}.`);
    return post;
  }

  /** Ticks as the engine would until the post waits; when it wants to be called again. */
  async function step(postId: string, nod = current()): Promise<number | undefined> {
    let next = await nod.publisher.tick(postId);
    for (let ticks = 1; next !== undefined && next <= now(); ticks += 1) {
      if (ticks > 100) throw new Error('The post spins: it is due again and again.');
      next = await nod.publisher.tick(postId);
    }
    return next;
  }

  /** Goes on until the post is settled; time passes where the post waits for nothing else. */
  async function finish(postId: string, nod = current()): Promise<Post> {
    for (let rounds = 0; rounds < 200; rounds += 1) {
      const next = await step(postId, nod);
      const post = await read(postId, nod);
      if (isSettled(post)) return post;
      if (next === undefined) throw new Error(`The post stays ${post.status} for ever.`);
      if (post.status === 'processing') await pulled(post.publishId);
      tiktok.clock.advance(Math.max(0, next - now()));
    }
    throw new Error('The post comes to no end.');
  }

  /** Resolves once TikTok has all the bytes of a publish, or has given it up. */
  const pulled = (publishId: string) =>
    tiktok.whenPublish((publish) => publish.publishId === publishId && publish.stage !== 'pulling');

  const kept = stack.move();
  return {
    tiktok,
    lines,
    directory,
    mediaStore,
    pacing,
    mediaUrl,
    verify,
    now,
    /** Sets the clock of Nod's machine so much ahead of TikTok's, or back to it. */
    setClock(ms: number) {
      aheadMs = ms;
    },
    openAnother,
    connect,
    photo,
    video,
    submit,
    submitVideo,
    read,
    step,
    finish,
    pulled,
    get nod() {
      return current();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export type CoreWorld = Awaited<ReturnType<typeof createCoreWorld>>;

/** Connects an account of another person at TikTok; its `open_id`. */
export async function connectAnother(
  { tiktok, nod }: CoreWorld,
  username: string,
  fields: { private?: boolean } = {},
): Promise<string> {
  tiktok.seedCreator({ username, ...fields });
  const pair = tiktok.grant({ creator: username });
  const where = { workspace: WORKSPACE, chat: CHAT, person: ANA, info: undefined };
  await nod.accounts.connect({ ...where, grant: grantOf(pair) });
  return pair.open_id;
}

export function grantOf(pair: TokenPair): TokenGrant {
  return {
    openId: pair.open_id,
    scopes: pair.scope.split(','),
    accessToken: pair.access_token,
    expiresInSeconds: pair.expires_in,
    refreshToken: pair.refresh_token,
    refreshExpiresInSeconds: pair.refresh_expires_in,
  };
}

/** The publishes that can become posts: bytes of our media were pulled for them, or the last chunk has come. */
export function withBytes({ state }: TikTokEmulator) {
  return state.publishes.filter(
    ({ fetches, upload, uploadedBytes }) =>
      fetches.some(({ bytes, status = 0 }) => bytes > 0 && status < 300) || uploadedBytes === upload?.size,
  );
}

/** The whole of a short video, and then a box without content that makes it as long as it shall be. */
function* videoParts(bytes?: number): Generator<Buffer> {
  const video = readFileSync(new URL('../fixtures/tiktok-h264.mp4', import.meta.url));
  yield video;
  if (bytes === undefined) return;
  const filling = bytes - video.length;
  const header = Buffer.alloc(8);
  header.writeUInt32BE(filling);
  header.write('free', 4, 'latin1');
  yield header;
  const zeros = Buffer.alloc(1_000_000);
  for (let left = filling - 8; left > 0; left -= zeros.length) yield zeros.subarray(0, left);
}

export function initsOf({ state }: TikTokEmulator): number {
  return state.requests.filter(({ endpoint }) => endpoint?.endsWith('/init')).length;
}

function collectLog() {
  const lines: string[] = [];
  return { lines, log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }) };
}

/** Whatever a test did, no token and no media URL may have reached the log. */
function checkTraces(lines: readonly string[], { state, app }: TikTokEmulator, mediaUrl: string): void {
  const log = lines.join('');
  const attemptIds = state.publishes.flatMap(({ sourceUrls }) =>
    sourceUrls.map((url) => url.slice(mediaUrl.length).split('/')[0] ?? url),
  );
  const uploads = state.publishes.flatMap(({ upload }) => upload?.url.split('upload_token=')[1] ?? []);
  const secrets = [
    app.clientSecret,
    mediaUrl,
    ...uploads,
    ...state.tokens.map(({ value }) => value),
    ...attemptIds,
  ];
  const leaked = secrets.filter((secret) => log.includes(secret));
  if (leaked.length > 0) throw new Error(`The log holds ${leaked.join(', ')}.`);
  const unmet = state.lint.filter((note) => note.endsWith('never met.'));
  if (unmet.length > 0) throw new Error(unmet.join(' '));
}
