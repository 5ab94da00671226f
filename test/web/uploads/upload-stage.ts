import { EventEmitter, once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Upload, type UploadOptions } from 'tus-js-client';
import type { Draft, DraftFile } from '../../../src/core/compose/draft.ts';
import type { Shares } from '../../../src/core/compose/limits.ts';
import { createCore } from '../../../src/core/index.ts';
import { findFfmpeg } from '../../../src/core/media/ffmpeg.ts';
import type { DiskRoomOptions } from '../../../src/core/media/store/disk-room.ts';
import { createMediaStore } from '../../../src/core/media/store/local.ts';
import type { Person } from '../../../src/core/people.ts';
import { DEFAULT_PACING } from '../../../src/core/publish/pacing.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { createTikTokClient } from '../../../src/core/tiktok/client.ts';
import type { UploadTicket } from '../../../src/core/uploads/tickets.ts';
import { createWeb, startServer } from '../../../src/web/index.ts';
import { draftWith } from '../../core/drafts.ts';
import { NO_CHATS, WITHOUT_LIMITS } from '../../core/nod.ts';
import { ANA, CHAT, WORKSPACE } from '../../core/posts.ts';
import { CLIENT_KEY, CLIENT_SECRET } from '../world.ts';

export interface UploadStageOptions {
  readonly uploadLimitBytes?: number;
  readonly limits?: Shares;
  readonly disk?: DiskRoomOptions;
  readonly pace?: { silenceMs: number; windowMs: number; minBytes: number };
}

/** The real core and web server over a directory, on the clock of the test; `restart` builds all of it anew over the same. */
export async function createUploadStage(options: UploadStageOptions = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'nod-uploads-'));
  const media = join(directory, 'media');
  const time = { now: Date.now() };
  const now = () => time.now;
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const changes = new EventEmitter();
  /** Drafts that nobody will begin any more. */
  const neverBegun: string[] = [];
  /** People who have left. */
  const absent = new Set<string>();
  /** Of whom a chat was asked whether they are still there. */
  const askedAfter: string[] = [];

  async function open(port = 0, { leads = true } = {}) {
    const stores = openStores({ file: join(directory, 'nod.db') });
    const mediaStore = createMediaStore({ directory: media, ...options.disk });
    const client = createTikTokClient({
      apiUrl: 'http://127.0.0.1:9',
      clientKey: CLIENT_KEY,
      clientSecret: CLIENT_SECRET,
      now,
    });
    const core = createCore({
      stores,
      client,
      mediaStore,
      findFfmpeg,
      now,
      log,
      publicUrl: 'https://nod.example.com',
      secretKey: 'a key',
      tiktok: { clientKey: CLIENT_KEY, authorizeUrl: 'https://www.tiktok.com/v2/auth/authorize/' },
      access: { isOpen: true },
      limits: options.limits ?? WITHOUT_LIMITS,
      uploadLimitBytes: options.uploadLimitBytes,
      keepPostsMs: Number.POSITIVE_INFINITY,
      pacing: DEFAULT_PACING,
      chats: {
        ...NO_CHATS,
        isAbsent: async ({ author }) => {
          askedAfter.push(author.id);
          return absent.has(author.id);
        },
      },
    });
    core.listen({
      draftChanged: (id) => changes.emit(id),
      draftNeverBegun: async (id) => void neverBegun.push(id),
      postChanged: () => {},
    });
    await (leads ? core.start() : core.uploads.standBy());
    const app = createWeb({
      ...core,
      publicUrl: 'https://nod.example.com',
      authorizePage: 'https://www.tiktok.com/v2/auth/authorize/',
      clientSecret: CLIENT_SECRET,
      explain: ({ code }) => code,
      health: () => ({ status: 'ok' }),
      onConsent: async () => {},
      onAccountRemoved: async () => {},
      uploadPace: options.pace,
      now,
      log,
    });
    const server = await startServer({ app, host: '127.0.0.1', port, drainMs: 0 });
    return { core, server, stores, tickets: stores.store<UploadTicket>('upload-tickets'), client };
  }

  let running = await open();

  async function close(): Promise<void> {
    const { core, server, stores, client } = running;
    await server.close();
    await core.stop();
    await client.close();
    await stores.close();
  }

  async function restart(): Promise<void> {
    const { port } = running.server;
    await close();
    running = await open(port);
  }

  /** Ends, and begins again beside another process that leads. */
  async function standBy(): Promise<void> {
    await close();
    running = await open(0, { leads: false });
  }

  /** Takes the place of the drafts out of those that may use this Nod. */
  async function withdraw(): Promise<void> {
    const { access } = running.core;
    await access.admit({ workspace: WORKSPACE, title: 'Ana', isPrivate: true, chat: CHAT });
    await access.decide(WORKSPACE, 'withdrawn');
  }

  /** A draft of Ana's with a video that was too big for its chat, and the link to its page. */
  async function openPage(
    id: string,
    { files = [TOO_BIG], person = ANA }: { files?: readonly DraftFile[]; person?: Person } = {},
  ) {
    const { version, ...draft } = draftWith({ id, files, author: person });
    const created = (await running.core.drafts.create(id, draft)) as Draft;
    const token = await running.core.uploads.issue(created, person);
    return { id, ...addressOf(token) };
  }

  /** The link to a page whose first file begins a draft of Ana's. */
  async function openFirstPage(id: string) {
    const token = await running.core.uploads.issueToBegin(id, {
      workspace: WORKSPACE,
      chat: CHAT,
      person: ANA,
    });
    return { id, ...addressOf(token) };
  }

  const addressOf = (token: string) => ({
    token,
    path: `/upload/${token}`,
    endpoint: `${running.server.url}/upload/${token}/files`,
  });

  const readDraft = async (id: string): Promise<Draft> => {
    const draft = await running.core.drafts.get(id);
    if (draft === undefined) throw new Error(`There is no draft ${id}.`);
    return draft;
  };

  /** Resolves with the draft once it fits. */
  async function whenDraft(id: string, fits: (draft: Draft) => boolean): Promise<Draft> {
    for (;;) {
      const changed = once(changes, id);
      const draft = await readDraft(id);
      if (fits(draft)) return draft;
      await changed;
    }
  }

  /** What lies in the media folder. */
  const kept = (): Promise<string[]> => readdir(media).catch(() => []);

  /** What of it is not whole yet. */
  const arriving = async (): Promise<string[]> =>
    (await kept()).filter((name) => name.startsWith('arriving-'));

  /** Resolves once nothing is arriving any more. */
  async function nothingArrives(): Promise<void> {
    const watcher = watch(media);
    try {
      for (;;) {
        const changed = once(watcher, 'change');
        if ((await arriving()).length === 0) return;
        await changed;
      }
    } finally {
      watcher.close();
    }
  }

  const fetchPath = (path: string, init?: RequestInit) => fetch(`${running.server.url}${path}`, init);

  /** Begins an upload as a client does; its address. */
  async function begin(endpoint: string, bytes: number, name = 'holiday.mp4'): Promise<Response> {
    return fetch(endpoint, {
      method: 'POST',
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Length': String(bytes),
        'Upload-Metadata': `filename ${Buffer.from(name).toString('base64')}`,
      },
    });
  }

  async function beginAt(endpoint: string, bytes: number, name?: string): Promise<string> {
    const response = await begin(endpoint, bytes, name);
    if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
    return `${running.server.url}${response.headers.get('location')}`;
  }

  return {
    time,
    lines,
    absent,
    askedAfter,
    directory,
    media,
    restart,
    standBy,
    withdraw,
    openPage,
    openFirstPage,
    neverBegun,
    readDraft,
    whenDraft,
    kept,
    arriving,
    nothingArrives,
    fetchPath,
    begin,
    beginAt,
    get core() {
      return running.core;
    },
    get server() {
      return running.server;
    },
    get tickets() {
      return running.tickets;
    },
    async [Symbol.asyncDispose]() {
      await close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export type UploadStage = Awaited<ReturnType<typeof createUploadStage>>;

const TOO_BIG: DraftFile = {
  id: '7',
  order: 7,
  name: 'holiday.mp4',
  ref: 'chat-file',
  key: 'chat-key',
  bytes: 30_000_000,
  state: 'refused',
  problem: { code: 'file_too_big_for_chat', name: 'holiday.mp4', bytes: 30_000_000, maxBytes: 20_000_000 },
};

/** Uploads with the client that people use; resolves when it has succeeded. */
export function uploadWith(
  content: Buffer,
  options: Partial<UploadOptions> & { endpoint: string; name?: string },
): { upload: Upload; done: Promise<void> } {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const { name = 'holiday.mp4', ...more } = options;
  const upload = new Upload(content, {
    metadata: { filename: name },
    retryDelays: [0, 10, 50],
    ...more,
    onSuccess: () => resolve(),
    onError: reject,
  });
  return { upload, done };
}

/** Sends a part as a client does. */
export const patch = (
  url: string,
  offset: number,
  body: Buffer | ReadableStream,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(url, {
    method: 'PATCH',
    headers: {
      'Tus-Resumable': '1.0.0',
      'Upload-Offset': String(offset),
      'Content-Type': 'application/offset+octet-stream',
      ...headers,
    },
    body,
    duplex: 'half',
  } as RequestInit);

/** How much of a file the server has, by its own word. */
export async function offsetOf(url: string): Promise<number | undefined> {
  const response = await fetch(url, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } });
  const offset = response.headers.get('upload-offset');
  return offset === null ? undefined : Number(offset);
}

/** A part that comes as slowly as the test likes. */
export function openPart(url: string, announcedBytes: number, offset = 0) {
  const { promise: ended, resolve } = Promise.withResolvers<number | undefined>();
  const part = request(url, {
    method: 'PATCH',
    headers: {
      'Tus-Resumable': '1.0.0',
      'Upload-Offset': String(offset),
      'Content-Type': 'application/offset+octet-stream',
      'Content-Length': String(announcedBytes),
    },
  });
  part.on('error', () => resolve(undefined));
  part.on('response', (response) => resolve(response.resume().statusCode));
  return Object.assign(part, { ended });
}

/** Sends less than it announces, and is gone once the server has taken that. */
export async function sendAndCut(url: string, content: Buffer, announcedBytes: number): Promise<void> {
  const part = openPart(url, announcedBytes);
  await new Promise<void>((resolve) => part.write(content, () => resolve()));
  part.destroy();
  await part.ended;
}
