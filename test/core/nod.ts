import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Account } from '../../src/core/accounts/accounts.ts';
import type { Workspace } from '../../src/core/accounts/workspaces.ts';
import type { Cluster } from '../../src/core/cluster/cluster.ts';
import type { Shares } from '../../src/core/compose/limits.ts';
import { type ChatPorts, type CoreOptions, createCore } from '../../src/core/index.ts';
import { findFfmpeg } from '../../src/core/media/ffmpeg.ts';
import type { MediaStore } from '../../src/core/media/store/store.ts';
import { createEmbeddedEngine } from '../../src/core/publish/engine/embedded.ts';
import type { Pacing } from '../../src/core/publish/pacing.ts';
import type { Post } from '../../src/core/publish/post.ts';
import type { Attempt } from '../../src/core/publish/release-gate.ts';
import type { VideoTransfer } from '../../src/core/publish/transfer/choose.ts';
import type { Ballot } from '../../src/core/review/ballots.ts';
import { openStores, type Stores } from '../../src/core/storage/database.ts';
import { createTikTokClient } from '../../src/core/tiktok/client.ts';
import type { TikTokEmulator } from '../emulators/tiktok/index.ts';
import { NOWHERE } from '../emulators/websites/nowhere.ts';
import { type Around, clientAround, storesAround } from './mortal.ts';

export interface NodOptions {
  readonly directory: string;
  readonly mediaStore: MediaStore;
  readonly tiktok: TikTokEmulator;
  /** The clock of this machine, where it is not that of TikTok. */
  readonly now?: (() => number) | undefined;
  /** How long an answer of TikTok is waited for, where that is not as usual. */
  readonly timeoutMs?: number | undefined;
  /** Where TikTok pulls from. */
  readonly publicUrl: string;
  readonly pacing: Pacing;
  readonly log: Logger;
  readonly key?: string;
  readonly limits?: Shares;
  /** Open unless said otherwise. */
  readonly access?: CoreOptions['access'];
  readonly intake?: CoreOptions['intake'];
  readonly releaseMediaAfterMs?: number | undefined;
  /** Other than the machine's own. */
  readonly findFfmpeg?: CoreOptions['findFfmpeg'] | undefined;
  readonly chats?: Partial<ChatPorts>;
  readonly links?: CoreOptions['links'];
  readonly uploadLimitBytes?: number | undefined;
  /** How posts do is not read unless said otherwise. */
  readonly stats?: boolean | undefined;
  /** Videos are pulled unless said otherwise. */
  readonly videoTransfer?: VideoTransfer | undefined;
  /** Stands before and behind everything that the process reads, writes and asks of TikTok. */
  readonly around?: Around;
  /** It may die in the middle of what it does, which then comes to no end. */
  readonly isMortal?: boolean;
  readonly onStatement?: Parameters<typeof openStores>[0]['onStatement'];
  /** What it shares with other processes; it has records of its own and is alone unless said otherwise. */
  readonly shared?: { readonly stores: Stores; readonly cluster: Cluster };
  /** Told of every wake, in place of the engine; the waker waits for it. */
  readonly wake?: (postId: string) => void | Promise<void>;
}

/** One process of Nod without its chats: several may stand over one database, as after a crash. */
export function openNod(options: NodOptions) {
  const { directory, mediaStore, tiktok, publicUrl, pacing, log, key = 'key', around, wake } = options;
  const { now = tiktok.clock.now } = options;
  const opened =
    options.shared?.stores ??
    openStores({ file: join(directory, 'nod.db'), onStatement: options.onStatement });
  const stores = around === undefined ? opened : storesAround(opened, around);
  const { clientKey, clientSecret } = tiktok.app;
  const plainClient = createTikTokClient({
    apiUrl: tiktok.apiUrl,
    clientKey,
    clientSecret,
    timeoutMs: options.timeoutMs,
    now,
    log,
  });
  const client = around === undefined ? plainClient : clientAround(plainClient, around);
  const engine = createEmbeddedEngine({ now, log });
  const core = createCore({
    stores,
    client,
    cluster: options.shared?.cluster,
    mediaStore,
    findFfmpeg: options.findFfmpeg ?? findFfmpeg,
    publicUrl,
    pacing,
    now,
    log,
    secretKey: key,
    tiktok: { clientKey, authorizeUrl: tiktok.authorizeUrl, stats: options.stats },
    access: options.access ?? { isOpen: true },
    limits: options.limits ?? WITHOUT_LIMITS,
    keepPostsMs: Number.POSITIVE_INFINITY,
    videoTransfer: options.videoTransfer,
    intake: options.intake,
    links: options.links ?? { network: NOWHERE },
    uploadLimitBytes: options.uploadLimitBytes,
    releaseMediaAfterMs: options.releaseMediaAfterMs,
    engine: wake === undefined ? engine : { ...engine, wake: async (postId) => wake(postId) },
    chats: { ...NO_CHATS, ...options.chats },
  });
  core.votesAreRead();
  const announced: Post[] = [];
  /** Told of once more after a start. */
  const retold: Post[] = [];
  const watchers = new Set<(post: Post) => void>();
  core.listen({
    draftChanged: () => {},
    postResumed: async (post) => void retold.push(post),
    postChanged: (post, { soon = true } = {}) => {
      if (!soon) return;
      announced.push(post);
      for (const watcher of watchers) watcher(post);
    },
  });

  /** Resolves with the first announced post that fits, from now on. */
  function whenAnnounced(fits: (post: Post) => boolean): Promise<Post> {
    return new Promise((resolve) => {
      const watcher = (post: Post) => {
        if (!fits(post)) return;
        watchers.delete(watcher);
        resolve(post);
      };
      watchers.add(watcher);
    });
  }

  async function close(): Promise<void> {
    if (!options.isMortal) await core.stop();
    else await Promise.all([core.engine.stop(), core.preparer.stop()]);
    await client.close();
    await stores.close();
  }

  return {
    ...core,
    stores,
    client,
    announced,
    retold,
    whenAnnounced,
    close,
    attempts: stores.store<Attempt>('attempts'),
    accountStore: stores.store<Account>('accounts'),
    workspaceStore: stores.store<Workspace>('workspaces'),
    ballotStore: stores.store<Ballot>('ballots'),
    [Symbol.asyncDispose]: close,
  };
}

export type Nod = ReturnType<typeof openNod>;

const NO_LIMIT = {
  files: Number.POSITIVE_INFINITY,
  drafts: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
};

export const WITHOUT_LIMITS: Shares = { person: NO_LIMIT, place: NO_LIMIT };

/** Nobody leaves, everybody manages, and there are no files. */
export const NO_CHATS: ChatPorts = {
  openFile: () => Promise.reject(new Error('There are no chats here.')),
  isAbsent: async () => false,
  fetchObstacle: async () => undefined,
  stillManages: async () => true,
};
