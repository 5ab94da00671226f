import type { Logger } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { CastEntry, Observer, PreparedFile } from '../../core/health/observer.ts';
import type { PostStatus } from '../../core/publish/post.ts';
import type { TikTokCall } from '../../core/tiktok/http.ts';

/** What is looked up whenever the metrics are read. */
export interface MetricSources {
  /** How many posts there are, by their status. */
  readonly countPosts: () => Promise<ReadonlyMap<string, number>>;
  /** How many wait, by the name of the queue. */
  readonly readQueues: () => Readonly<Record<string, number>>;
  readonly readChats: () => readonly { readonly platform: string; readonly connection: string }[];
  /** Which part is as it should be. */
  readonly readParts: () => Readonly<Record<string, boolean>>;
  /** How many files are on their way through upload pages. */
  readonly countUploads: () => number;
  readonly readDisk: () => Promise<DiskBytes>;
}

interface DiskBytes {
  readonly media: number;
  readonly mediaLimit: number;
  readonly database: number;
  readonly free: number;
  readonly size: number;
}

/** A message of ours, as it is counted. */
interface ChatMessage {
  readonly platform: string;
  readonly action: string;
  readonly outcome: string;
}

/** The words of a label, all of them: a series that begins with its first event hides that one from `increase`. */
const wordsOf = <Word extends string>(words: Readonly<Record<Word, true>>): Word[] =>
  Object.keys(words) as Word[];

const STATUSES = wordsOf<PostStatus>({
  preparing: true,
  in_review: true,
  on_hold: true,
  queued: true,
  submitting: true,
  uploading: true,
  processing: true,
  published: true,
  in_inbox: true,
  rejected: true,
  expired: true,
  cancelled: true,
  withdrawn: true,
  failed: true,
  unconfirmed: true,
});
const KINDS = wordsOf<PreparedFile['kind']>({
  photo: true,
  video: true,
  video_encoded: true,
  animation: true,
  unknown: true,
});
const VOTES = wordsOf<CastEntry['vote']>({ approve: true, reject: true, withdraw: true, explain: true });
const RESULTS = wordsOf<CastEntry['result']>({ counted: true, known: true, late: true });
const ACTIONS = ['send', 'edit', 'remove'];
const MESSAGE_OUTCOMES = ['ok', 'busy', 'unreachable', 'closed', 'gone', 'refused', 'failed'];
const UPLOAD_OUTCOMES = ['arrived', 'upload_ended', 'upload_no_room', 'upload_wrong_length'];
/** TikTok's own codes come as they come. */
const CALL_OUTCOMES = ['ok', 'no_answer', 'unusable', 'held_back', 'rate_limit_exceeded'];

const CALL_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60];
const WORK_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];
const PULL_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600];

/**
 * Keeps what an operator wants to see over time, for Prometheus. A label has one of a few values, never a person, a place, a
 * post or anything else that people bring along.
 */
export function createMetrics({ log }: { log: Pick<Logger, 'warn'> }) {
  const registry = new Registry();
  const registers = [registry];
  const endpoints = new Set<string>();
  let sources: MetricSources | undefined;
  collectDefaultMetrics({ register: registry });

  const steps = new Counter({
    name: 'nod_post_steps_total',
    help: 'Steps of posts, by the status to which they have come.',
    labelNames: ['status'],
    registers,
  });
  const calls = new Counter({
    name: 'nod_tiktok_calls_total',
    help: 'Calls to TikTok, by endpoint and by what came of them: ok, a code of TikTok’s, or a word of Nod’s.',
    labelNames: ['endpoint', 'outcome'],
    registers,
  });
  const callSeconds = new Histogram({
    name: 'nod_tiktok_call_seconds',
    help: 'How long calls to TikTok took that were sent.',
    labelNames: ['endpoint'],
    buckets: CALL_SECONDS,
    registers,
  });
  const pullSeconds = new Histogram({
    name: 'nod_pull_seconds',
    help: 'From the first byte of a post’s media that left for TikTok to the last.',
    buckets: PULL_SECONDS,
    registers,
  });
  const files = new Counter({
    name: 'nod_conversions_total',
    help: 'Files that were made fit for TikTok, by what they have become and how that ended.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const fileSeconds = new Histogram({
    name: 'nod_conversion_seconds',
    help: 'How long a file took to be made fit for TikTok, with its wait for its turn.',
    labelNames: ['kind'],
    buckets: WORK_SECONDS,
    registers,
  });
  const messages = new Counter({
    name: 'nod_chat_messages_total',
    help: 'Cards and other messages that were sent, edited or deleted, by chat and by what came of it.',
    labelNames: ['chat', 'action', 'outcome'],
    registers,
  });
  const votes = new Counter({
    name: 'nod_votes_total',
    help: 'What people did about reviews, by chat and by whether it counted.',
    labelNames: ['chat', 'vote', 'result'],
    registers,
  });
  const uploads = new Counter({
    name: 'nod_uploads_total',
    help: 'Files that came through upload pages, by whether they are whole, or why not.',
    labelNames: ['outcome'],
    registers,
  });

  for (const status of STATUSES) steps.inc({ status }, 0);
  for (const outcome of UPLOAD_OUTCOMES) uploads.inc({ outcome }, 0);
  for (const kind of KINDS)
    for (const outcome of kind === 'unknown' ? ['refused', 'failed'] : ['ok'])
      files.inc({ kind, outcome }, 0);

  /** A gauge that is read anew each time. */
  function look(
    gauge: { readonly name: string; readonly help: string; readonly label?: string },
    read: (from: MetricSources) => Looked | Promise<Looked>,
  ): void {
    const { name, help, label } = gauge;
    new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers,
      async collect() {
        const from = sources;
        const looked = from === undefined ? [] : await lookUp(name, () => read(from));
        this.reset();
        if (typeof looked === 'number') return this.set(looked);
        for (const [value, count] of looked) this.set({ [label ?? '']: value }, count);
      },
    });
  }

  /** What cannot be read is missing; all else is there. */
  async function lookUp(name: string, read: () => Looked | Promise<Looked>): Promise<Looked> {
    try {
      return await read();
    } catch (error) {
      log.warn({ err: error, name }, 'A metric could not be read');
      return [];
    }
  }

  look(
    { name: 'nod_posts', help: 'Posts on the disk, by status.', label: 'status' },
    async ({ countPosts }) => {
      const counts = await countPosts();
      return STATUSES.map((status) => [status, counts.get(status) ?? 0]);
    },
  );
  look({ name: 'nod_queue_length', help: 'What waits or is being done.', label: 'queue' }, ({ readQueues }) =>
    Object.entries(readQueues()),
  );
  look({ name: 'nod_uploads', help: 'Files on their way through upload pages.' }, ({ countUploads }) =>
    countUploads(),
  );
  look({ name: 'nod_chat_connected', help: '1 where the chat answers.', label: 'chat' }, ({ readChats }) =>
    readChats().map(({ platform, connection }) => [platform, connection === 'connected' ? 1 : 0]),
  );
  look(
    { name: 'nod_healthy', help: '1 where the part is as it should be.', label: 'part' },
    ({ readParts }) => Object.entries(readParts()).map(([part, isSound]) => [part, isSound ? 1 : 0]),
  );
  look(
    { name: 'nod_disk_bytes', help: 'Bytes on the disk of DATA_DIR, by what they are.', label: 'of' },
    async ({ readDisk }) => {
      const { media, mediaLimit, database, free, size } = await readDisk();
      return Object.entries({ media, media_limit: mediaLimit, database, free, size });
    },
  );

  const observer: Required<Observer> = {
    postCame: (status) => steps.inc({ status }),
    mediaLeft: (tookMs) => pullSeconds.observe(tookMs / 1000),
    filePrepared({ kind, outcome, tookMs }: PreparedFile) {
      files.inc({ kind, outcome });
      if (outcome === 'ok') fileSeconds.observe({ kind }, tookMs / 1000);
    },
    entryCast: ({ platform, vote, result }: CastEntry) => votes.inc({ chat: platform, vote, result }),
    uploadEnded: (outcome) => uploads.inc({ outcome }),
  };

  return {
    observer,
    tiktokCalled({ endpoint, outcome, tookMs }: TikTokCall): void {
      if (!endpoints.has(endpoint))
        for (const each of CALL_OUTCOMES) calls.inc({ endpoint, outcome: each }, 0);
      endpoints.add(endpoint);
      calls.inc({ endpoint, outcome });
      if (outcome !== 'held_back') callSeconds.observe({ endpoint }, tookMs / 1000);
    },
    messageCounted: ({ platform, action, outcome }: ChatMessage): void =>
      messages.inc({ chat: platform, action, outcome }),
    /** Names where to look from now on. */
    lookAt(named: MetricSources): void {
      sources = named;
      for (const { platform: chat } of named.readChats()) {
        for (const vote of VOTES) for (const result of RESULTS) votes.inc({ chat, vote, result }, 0);
        for (const action of ACTIONS)
          for (const outcome of MESSAGE_OUTCOMES) messages.inc({ chat, action, outcome }, 0);
      }
    },
    contentType: registry.contentType,
    /** Everything, in Prometheus' text format. */
    read: (): Promise<string> => registry.metrics(),
  };
}

type Looked = number | Iterable<readonly [value: string, count: number]>;
