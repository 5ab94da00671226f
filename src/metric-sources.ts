import { stat } from 'node:fs/promises';
import type { Bot } from './bots/platform.ts';
import type { ChatState } from './bots/start.ts';
import type { VitalSigns } from './core/health/health-watch.ts';
import type { Core } from './core/index.ts';
import type { MetricSources } from './web/metrics/metrics.ts';

/** Where the metrics look when they are read. */
export function metricSources({
  core,
  bots,
  cardQueue,
  readChats,
  readSigns,
  database,
}: {
  core: Pick<Core, 'posts' | 'engine' | 'preparer' | 'uploads' | 'mediaStore'>;
  bots: readonly Pick<Bot, 'platform' | 'depths'>[];
  cardQueue: { readonly depth: () => number };
  readChats: () => readonly ChatState[];
  readSigns: () => VitalSigns;
  /** The path of its file. */
  database: string;
}): MetricSources {
  const { posts, engine, preparer, uploads, mediaStore } = core;

  function readQueues(): Record<string, number> {
    const { due, running } = engine.depth();
    const ofChats = bots.flatMap(({ platform, depths }) =>
      Object.entries(depths?.() ?? {}).map(([what, count]) => [`${platform}_${what}`, count] as const),
    );
    return {
      posts_due: due,
      posts_running: running,
      cards: cardQueue.depth(),
      conversions: preparer.depth(),
      ...Object.fromEntries(ofChats),
    };
  }

  function readParts(): Record<string, boolean> {
    const signs = readSigns();
    return {
      database: signs.database === 'ok',
      disk: signs.disk === 'ok',
      event_loop: signs.eventLoop === 'ok',
      tiktok: signs.tiktok !== 'away',
    };
  }

  async function readDisk() {
    const { used, limit, free, size } = await mediaStore.readRoom();
    const parts = [database, `${database}-wal`].map(
      async (path) => (await stat(path).catch(() => ({ size: 0 }))).size,
    );
    const databaseBytes = (await Promise.all(parts)).reduce((sum, bytes) => sum + bytes, 0);
    return { media: used, mediaLimit: limit, database: databaseBytes, free, size };
  }

  return {
    countPosts: () => posts.countBy('status'),
    readQueues,
    readChats,
    readParts,
    countUploads: uploads.arriving,
    readDisk,
  };
}
