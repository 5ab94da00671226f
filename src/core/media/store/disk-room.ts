import { mkdir, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { createLimiter } from '../../fair-limiter.ts';

/** What the disk keeps free: this many bytes, or this part of a small one. */
const RESERVE_BYTES = 500_000_000;
const RESERVE_PART = 0.02;
/** So much more is held at a time for what does not tell its size. */
const STEP_BYTES = 8 * 1024 ** 2;

/** There is no room for a file: the limit of all media is reached, or the disk itself is nearly full. */
export class NoRoomError extends Error {
  override name = 'NoRoomError' as const;
  readonly reason: 'media_limit' | 'disk_full';
  readonly bytes: number;

  constructor(reason: NoRoomError['reason'], { bytes }: { bytes: number }) {
    const what = reason === 'media_limit' ? 'the limit of all media' : 'the disk';
    super(`There is no room for ${bytes} bytes more: ${what} would be exceeded.`);
    this.reason = reason;
    this.bytes = bytes;
  }
}

/** Room on the disk that is held for a file until it is released. */
export interface Room {
  /** Tells how many bytes are written; holds more where these exceed what is held. */
  readonly cover: (writtenBytes: number) => Promise<void>;
  /** Tells that a file of so many bytes is counted as kept from here on. */
  readonly keep: (bytes: number) => void;
  readonly release: () => void;
}

/** How the room of a disk is divided. */
export interface DiskRoomOptions {
  /** How many bytes all media may take. */
  readonly limitBytes?: number | undefined;
  /** The room of the disk itself, in bytes. */
  readonly readDisk?: ((folder: string) => Promise<{ free: number; size: number }>) | undefined;
}

/** Counts what media take on the disk, and holds room for what is being written. */
export function createDiskRoom({
  folder,
  isKept,
  limitBytes = Number.POSITIVE_INFINITY,
  readDisk = readRoomOfDisk,
}: DiskRoomOptions & {
  folder: string;
  /** Whether a file of this name is complete; what is being written has a room. */
  isKept: (name: string) => boolean;
}) {
  const rooms = new Set<{ bytes: number; written: number }>();
  /** Two at once could both take the last room. */
  const inTurn = createLimiter({ concurrency: 1 });
  let used: Promise<number> | undefined;
  /** What has come and gone since `used` was counted. */
  let since = 0;
  let makeRoom: ((bytes: number) => Promise<void>) | undefined;

  /**
   * Holds room for a file before it is written, or before the rest of it is: `onDisk` bytes are there already.
   *
   * @throws NoRoomError where there is none, also after what may go has gone.
   */
  async function hold(bytes: number, { onDisk = 0 } = {}): Promise<Room> {
    const room = { bytes: 0, written: onDisk };
    rooms.add(room);
    const release = () => void rooms.delete(room);
    try {
      await grow(room, bytes, { onDisk });
    } catch (error) {
      release();
      throw error;
    }
    return {
      async cover(writtenBytes) {
        room.written = writtenBytes;
        const missing = writtenBytes - room.bytes;
        if (missing > 0) await grow(room, missing, { step: STEP_BYTES });
      },
      keep(bytes) {
        since += bytes;
        room.bytes = Math.max(0, room.bytes - bytes);
        room.written = Math.max(0, room.written - bytes);
      },
      release,
    };
  }

  /** Takes more than is needed where there is plenty. */
  async function grow(
    room: { bytes: number },
    bytes: number,
    { step = bytes, onDisk = 0 }: { step?: number; onDisk?: number } = {},
  ): Promise<void> {
    if (bytes === 0 || (step > bytes && (await take(room, step)) === undefined)) return;
    if ((await take(room, bytes, onDisk)) === undefined) return;
    await makeRoom?.(bytes);
    // Somebody may have deleted files by hand.
    used = undefined;
    const lacking = await take(room, bytes, onDisk);
    if (lacking !== undefined) throw new NoRoomError(lacking, { bytes });
  }

  const take = (
    room: { bytes: number },
    bytes: number,
    onDisk = 0,
  ): Promise<NoRoomError['reason'] | undefined> =>
    inTurn('', async () => {
      const lacking = await lacks(bytes - onDisk, bytes);
      if (lacking === undefined) room.bytes += bytes;
      return lacking;
    });

  /** What stands against so many bytes more on the disk, which count as `more` where some are there already. */
  async function lacks(bytes: number, more = bytes): Promise<NoRoomError['reason'] | undefined> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const [disk, counted] = await Promise.all([readDisk(folder), count()]);
    let held = 0;
    let unwritten = 0;
    for (const room of rooms) {
      held += room.bytes;
      unwritten += Math.max(0, room.bytes - room.written);
    }
    if (counted + since + held + more > limitBytes) return 'media_limit';
    return disk.free - unwritten - bytes < reserveOf(disk) ? 'disk_full' : undefined;
  }

  function count(): Promise<number> {
    if (used === undefined) {
      since = 0;
      used = bytesIn(folder, isKept);
      // What could not be counted is counted once more.
      used.catch(() => {
        used = undefined;
      });
    }
    return used;
  }

  return {
    hold,
    /** Whether so many bytes more have room now. */
    fits: async (bytes: number): Promise<boolean> => (await lacks(bytes)) === undefined,
    /** How many bytes all media take and may take, and how many the disk has and has left. */
    async read() {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const [{ size, free }, counted] = await Promise.all([readDisk(folder), count()]);
      return { used: counted + since, limit: limitBytes, size, free };
    },
    /** Tells that so many bytes were deleted. */
    freed: (bytes: number): void => {
      since -= bytes;
    },
    /** Names who deletes what may go when there is no room. */
    whenFull: (make: (bytes: number) => Promise<void>): void => {
      makeRoom = make;
    },
  };
}

async function bytesIn(folder: string, isKept: (name: string) => boolean): Promise<number> {
  let sum = 0;
  for (const name of (await readdir(folder)).filter(isKept)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    sum += found?.size ?? 0;
  }
  return sum;
}

/** How full the disk of a folder is, of which Nod leaves the reserve free, and what the media in another folder take. */
export async function readDiskUse({ disk, folder }: { disk: string; folder: string }) {
  const { free, reserve } = await readDiskRoom(disk);
  // All of them: what is being written counts as well.
  const mediaBytes = await bytesIn(folder, () => true).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return 0;
    throw error;
  });
  return { freeBytes: free, reserveBytes: reserve, mediaBytes };
}

/** How many bytes a disk has to keep free. */
const reserveOf = ({ size }: { size: number }): number => Math.min(RESERVE_BYTES, size * RESERVE_PART);

async function readRoomOfDisk(folder: string) {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { free: bavail * bsize, size: blocks * bsize };
}

/** The bytes of the disk of a folder: all, those that are free, and those that have to stay free. */
export async function readDiskRoom(folder: string): Promise<{ size: number; free: number; reserve: number }> {
  const disk = await readRoomOfDisk(folder);
  return { ...disk, reserve: reserveOf(disk) };
}
