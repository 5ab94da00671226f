import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Account, createAccounts } from '../../src/core/accounts/accounts.ts';
import { createWorkspaces, type Workspace } from '../../src/core/accounts/workspaces.ts';
import { createHistory, type HistoryEntry } from '../../src/core/history/history.ts';
import { createRecorder } from '../../src/core/history/record-post.ts';
import { createMediaPreparer } from '../../src/core/media/prepare.ts';
import type { MediaStore } from '../../src/core/media/store.ts';
import { createEngine } from '../../src/core/publish/engine.ts';
import type { Pacing } from '../../src/core/publish/pacing.ts';
import { createPerformer, createWaiting } from '../../src/core/publish/perform.ts';
import type { Post } from '../../src/core/publish/post.ts';
import { createPublisher } from '../../src/core/publish/publisher.ts';
import { createPullProgress } from '../../src/core/publish/pull-progress.ts';
import { type Attempt, createReleaseGate } from '../../src/core/publish/release-gate.ts';
import { createSignals, type PostSignals, type Publish } from '../../src/core/publish/signals.ts';
import { type Ballot, createBallots } from '../../src/core/review/ballots.ts';
import { openStores } from '../../src/core/storage/database.ts';
import { createSecrets } from '../../src/core/storage/secrets.ts';
import { createTikTokClient } from '../../src/core/tiktok/client.ts';
import type { TikTokEmulator } from '../emulators/tiktok/index.ts';
import { type Around, clientAround, storesAround } from './mortal.ts';

export interface NodOptions {
  readonly directory: string;
  readonly mediaStore: MediaStore;
  readonly tiktok: TikTokEmulator;
  readonly mediaUrl: () => string;
  readonly pacing: Pacing;
  readonly log: Logger;
  readonly key?: string;
  /** Stands before and behind everything that the process reads, writes and asks of TikTok. */
  readonly around?: Around;
  /** Told of every wake, in place of the engine. */
  readonly wake?: (postId: string) => void;
}

/** One process of Nod, as far as publishing goes: several may stand over one database, as after a crash. */
export function openNod(options: NodOptions) {
  const { directory, mediaStore, tiktok, mediaUrl, pacing, log, key = 'key', around } = options;
  const { now } = tiktok.clock;
  const opened = openStores({ file: join(directory, 'nod.db') });
  const stores = around === undefined ? opened : storesAround(opened, around);
  const posts = stores.store<Post>('posts');
  const attempts = stores.store<Attempt>('attempts');
  const { clientKey, clientSecret } = tiktok.app;
  const plainClient = createTikTokClient({ apiUrl: tiktok.apiUrl, clientKey, clientSecret, now, log });
  const client = around === undefined ? plainClient : clientAround(plainClient, around);
  const secrets = createSecrets({ key });
  const workspaceStore = stores.store<Workspace>('workspaces');
  const workspaces = createWorkspaces({ workspaces: workspaceStore });
  const accountStore = stores.store<Account>('accounts');
  const accounts = createAccounts({
    accounts: accountStore,
    ...{ workspaces, client, secrets, now, log },
  });
  const engine = createEngine({ now, log });
  const wake = options.wake ?? engine.wake;
  const gate = createReleaseGate({ attempts, now });
  const pulls = createPullProgress({ now, onProgress });
  const notes = createSignals({
    notes: stores.store<PostSignals>('notes'),
    publishes: stores.store<Publish>('publishes'),
    ...{ wake, now },
  });
  const preparer = createMediaPreparer({ store: mediaStore, log });
  const ballotStore = stores.store<Ballot>('ballots');
  const ballots = createBallots({ ballots: ballotStore, wake });
  const history = createHistory({ entries: stores.store<HistoryEntry>('history') });
  const recorder = createRecorder({ history, ballots, now, log });
  const waiting = createWaiting({ notes, ballots, accounts, client });
  const performer = createPerformer({
    mediaUrl: (attempt, file) => `${mediaUrl()}${attempt.id}/${file.name}`,
    ...{ gate, pulls, notes, waiting, accounts, client, preparer, pacing, now },
  });
  const announced: Post[] = [];
  const watchers = new Set<(post: Post) => void>();
  const publisher = createPublisher({ posts, performer, gate, pulls, announce, pacing, now });

  function announce(post: Post): void {
    announced.push(post);
    for (const watcher of watchers) watcher(post);
  }

  function onProgress(attempt: Attempt): void {
    if (pulls.completedAt(attempt.id) !== undefined) engine.wake(attempt.postId);
  }

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
    await engine.stop();
    await preparer.stop();
    await client.close();
    await stores.close();
  }

  return {
    ...{ stores, posts, attempts, client, accountStore, accounts, workspaceStore, workspaces, engine, gate },
    ...{ pulls, notes, ballotStore, ballots, history, recorder, waiting, preparer },
    ...{ performer, publisher, announced, whenAnnounced, close },
    [Symbol.asyncDispose]: close,
  };
}

export type Nod = ReturnType<typeof openNod>;
