import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { readDiskRoom } from '../media/store/disk-room.ts';
import { codeOf, isFullDisk, StartError } from '../start-error.ts';
import type { Store, Versioned } from '../storage/database.ts';
import type { TikTokCall } from '../tiktok/http.ts';

/** How the parts of the process are, each in a word that everybody may read. */
export interface VitalSigns {
  readonly database: WriteState;
  readonly disk: WriteState;
  /** Absent where the media are on the disk alone. */
  readonly bucket?: WriteState | undefined;
  /** `busy` while something holds everything else up for a second or longer. */
  readonly eventLoop: 'ok' | 'busy';
  /** As its last answer was; `unknown` where nothing was asked of late. */
  readonly tiktok: 'ok' | 'away' | 'unknown';
}

/** Whether something can be written to; `low` while files are refused so that the database has room. */
export type WriteState = 'ok' | 'low' | 'full' | 'read_only' | 'locked' | 'away' | 'stuck' | 'failing';

/** What is written to see whether the database can be written to. */
export interface WriteCheck extends Versioned {
  readonly count: number;
}

const NONE: WriteCheck = { count: 0, version: 0 };
const CHECK_EVERY_MS = 15_000;
/** Who has mended something wants to see it. */
const RECHECK_MS = 3_000;
const PATIENCE_MS = 5_000;
/** SQLite may have room for a small record in its own files when no other file has any. */
const TRIAL_BYTES = 16 * 1024;
const TRIAL_FILE = '.write-check';
const BUSY_MS = 1_000;
const RESOLUTION_MS = 20;
const TIKTOK_MEMORY_MS = 3_600_000;

const WHAT = { database: 'The database', disk: 'The disk of DATA_DIR', bucket: 'The bucket' } as const;
const SAYS: Readonly<Record<Exclude<WriteState, 'ok'>, string>> = {
  full: 'is full, so nothing can be written: free some space there',
  low: 'is nearly full, so files are refused: free some space there',
  read_only: 'is read-only, so nothing can be written: make it writable',
  locked: 'is locked, so nothing can be written: end the other program that has it open',
  away: 'does not answer, so nothing can be written: see whether it runs, and can be reached from here',
  stuck: 'does not answer, so nothing can be written: check the disk',
  failing: 'fails, so nothing can be written: check the disk',
};

/**
 * Watches what the health of the process depends on: tries a write now and then, and hears of statements that fail and of
 * how TikTok answers. Reading it waits for nothing.
 */
export function createHealthWatch({
  folder,
  checkEveryMs = CHECK_EVERY_MS,
  patienceMs = PATIENCE_MS,
  log,
}: {
  /** Where the database and the media lie. */
  folder: string;
  checkEveryMs?: number | undefined;
  /** How long a write may take. */
  patienceMs?: number | undefined;
  log: Pick<Logger, 'error' | 'warn' | 'info'>;
}) {
  const trialFile = join(folder, TRIAL_FILE);
  const recheckMs = Math.min(RECHECK_MS, checkEveryMs);
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let longestBefore = 0;
  let database: WriteState = 'ok';
  let disk: WriteState = 'ok';
  let bucket: WriteState | undefined;
  let lastCall: { readonly isAnswered: boolean; readonly at: number } | undefined;
  const tryDisk = createTrial(() => writeFile(trialFile), { tooLong: 'stuck', patienceMs });
  let tryRecord = tryDisk;
  let tryFiles: typeof tryDisk | undefined;
  let timer: NodeJS.Timeout | undefined;
  let checking: Promise<void> = Promise.resolve();
  let isStopped = false;

  /** Begins to watch. */
  function start(
    checks: Pick<Store<WriteCheck>, 'upsert'>,
    {
      isRemote = false,
      tryBucket,
    }: { isRemote?: boolean; tryBucket?: (() => Promise<void>) | undefined } = {},
  ): void {
    if (tryBucket !== undefined) {
      bucket = 'ok';
      tryFiles = createTrial(tryBucket, { tooLong: 'away', patienceMs });
    }
    tryRecord = createTrial(() => checks.upsert('last', ({ count } = NONE) => ({ count: count + 1 })), {
      tooLong: isRemote ? 'away' : 'locked',
      patienceMs,
    });
    delays.enable();
    plan(checkEveryMs);
  }

  function plan(delayMs: number): void {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(check, delayMs).unref();
  }

  function check(): void {
    longestBefore = delays.max;
    delays.reset();
    checking = look().finally(() => plan(isWritable() ? checkEveryMs : recheckMs));
  }

  async function look(): Promise<void> {
    const [record, file, files] = await Promise.all([tryRecord(), tryDisk(), tryFiles?.()]);
    if (files !== undefined) setBucket(files);
    setDatabase(record);
    setDisk(file === 'ok' ? await roomOf(folder) : file);
  }

  const isWritable = (): boolean =>
    database === 'ok' && (disk === 'ok' || disk === 'low') && (bucket ?? 'ok') === 'ok';

  function setDatabase(next: WriteState): void {
    if (next !== database) tell('database', next);
    database = next;
  }

  function setDisk(next: WriteState): void {
    if (next !== disk) tell('disk', next);
    disk = next;
  }

  function setBucket(next: WriteState): void {
    if (next !== bucket) tell('bucket', next);
    bucket = next;
  }

  function tell(what: keyof typeof WHAT, next: WriteState): void {
    if (next === 'ok') log.info(`${WHAT[what]} can be written to again`);
    else log[next === 'low' ? 'warn' : 'error']({ folder }, `${WHAT[what]} ${SAYS[next]}`);
  }

  /** Told of a statement that the database could not run. */
  function statementFailed(error: unknown): void {
    const cause = error instanceof StartError ? error.cause : error;
    if (isStopped || !/^(SQLITE_(FULL|IOERR|READONLY|BUSY|CORRUPT|NOTADB)|REDIS_)/.test(codeOf(cause)))
      return;
    setDatabase(stateOf(cause));
    plan(recheckMs);
  }

  /** Told of a request that the bucket did not answer, or has refused. */
  function bucketFailed(error: unknown): void {
    if (isStopped || bucket === undefined) return;
    setBucket(stateOf(error));
    plan(recheckMs);
  }

  /** Told of each call to TikTok. */
  function tiktokCalled({ isAnswered }: TikTokCall): void {
    if (isAnswered !== undefined) lastCall = { isAnswered, at: performance.now() };
  }

  function readTikTok(): VitalSigns['tiktok'] {
    if (lastCall === undefined || performance.now() - lastCall.at > TIKTOK_MEMORY_MS) return 'unknown';
    return lastCall.isAnswered ? 'ok' : 'away';
  }

  function read(): VitalSigns {
    const longestMs = Math.max(longestBefore, delays.max) / 1e6;
    return { database, disk, bucket, eventLoop: longestMs < BUSY_MS ? 'ok' : 'busy', tiktok: readTikTok() };
  }

  async function stop(): Promise<void> {
    isStopped = true;
    clearTimeout(timer);
    delays.disable();
    await checking;
    // A crash may have left it.
    await rm(trialFile, { force: true });
  }

  return { start, stop, read, statementFailed, bucketFailed, tiktokCalled };
}

/** Tries a write, one at a time: what takes too long goes on, and the next try waits for the same one. */
function createTrial(
  write: () => Promise<unknown>,
  { tooLong, patienceMs }: { tooLong: WriteState; patienceMs: number },
) {
  let writing: Promise<WriteState> | undefined;
  return async (): Promise<WriteState> => {
    writing ??= write()
      .then((): WriteState => 'ok', stateOf)
      .finally(() => {
        writing = undefined;
      });
    const patience = new AbortController();
    const late = delay(patienceMs, tooLong, { ref: false, signal: patience.signal });
    late.catch(() => {});
    return Promise.race([writing, late]).finally(() => patience.abort());
  };
}

function stateOf(error: unknown): WriteState {
  const code = codeOf(error);
  if (isFullDisk(code)) return 'full';
  if (code === 'EROFS' || code.startsWith('SQLITE_READONLY')) return 'read_only';
  if (code === 'REDIS_AWAY' || code === 'MEDIA_AWAY') return 'away';
  return code.startsWith('SQLITE_BUSY') ? 'locked' : 'failing';
}

async function writeFile(path: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    // Without a name it takes its room all the same, and a crash leaves nothing of it.
    await rm(path, { force: true });
    await file.writeFile(Buffer.alloc(TRIAL_BYTES));
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function roomOf(folder: string): Promise<WriteState> {
  return readDiskRoom(folder).then(({ free, reserve }) => (free < reserve ? 'low' : 'ok'), stateOf);
}
