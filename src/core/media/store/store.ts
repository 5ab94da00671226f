import type { Readable } from 'node:stream';
import type { StoredFile } from '../types.ts';
import type { Room } from './disk-room.ts';

/** The file is bigger than it may be; nothing of it was kept. */
export class FileTooBigError extends Error {
  override name = 'FileTooBigError' as const;
  readonly maxBytes: number;

  constructor({ maxBytes }: { maxBytes: number }) {
    super(`The file is bigger than ${maxBytes} bytes. Send a smaller one.`);
    this.maxBytes = maxBytes;
  }
}

/** The file didn't arrive as announced; nothing of it was kept. */
export class FileIncompleteError extends Error {
  override name = 'FileIncompleteError' as const;
  readonly expectedBytes: number;
  readonly bytes: number;

  constructor({ expectedBytes, bytes }: { expectedBytes: number; bytes: number }) {
    super(`${bytes} bytes arrived where ${expectedBytes} were announced. Fetch the file again.`);
    this.expectedBytes = expectedBytes;
    this.bytes = bytes;
  }
}

/** The source of a file broke off; nothing of it was kept. */
export class FileNotReceivedError extends Error {
  override name = 'FileNotReceivedError' as const;
}

/** The bytes of a kept file are not those that were kept; they are not used. */
export class FileChangedError extends Error {
  override name = 'FileChangedError' as const;

  constructor() {
    super('A media file has other bytes than were stored. Look after the place where it lies.');
  }
}

/** Where media are kept does not answer, or not as it should; what was asked of it may be asked again. */
export class MediaAwayError extends Error {
  override name = 'MediaAwayError' as const;
  readonly code: 'MEDIA_AWAY' | 'MEDIA_FAILING';

  constructor(message: string, { code }: { code: MediaAwayError['code'] }) {
    super(message);
    this.code = code;
  }
}

/** Lies in the folder of the media while they are in a bucket, and this folder has only some of them. */
export const IN_BUCKET = 'in-bucket';

const KEY = /^[0-9a-f]{64}\.[a-z0-9]+$/;

/** Whether a name is the key of a file: the SHA-256 of its content and an extension. */
export const isMediaKey = (name: string): boolean => KEY.test(name);

/** The key of a file; throws on anything that isn't one. */
export function mediaKeyOf(file: StoredFile | string): string {
  const key = typeof file === 'string' ? file : file.key;
  if (!isMediaKey(key)) throw new TypeError('A media key is 64 hexadecimal digits, a dot and an extension.');
  return key;
}

export type Source = AsyncIterable<Uint8Array> | Readable;
export type OpenSource = () => Promise<Source>;

export interface Limits {
  readonly maxBytes: number;
  readonly expectedBytes?: number | undefined;
  readonly extension: string;
}

export interface Adoption {
  readonly extension: string;
  /** What has to succeed before the file is kept; it goes on while the file is hashed and brought to the disk. */
  readonly check?: (() => Promise<void>) | undefined;
}

/** A file that arrives in parts, with room held for all of it until it is kept or released. */
export interface Arrival {
  readonly path: string;
  /** Tells how many bytes are written. */
  readonly cover: (writtenBytes: number) => Promise<void>;
  /** Gives the room back and leaves the file as it is. */
  readonly release: () => void;
  /** Takes the file over, which is on the disk whole and holds exactly this. */
  readonly keep: (content: { sha256: string; bytes: number; extension: string }) => Promise<StoredFile>;
}

/** A file on this machine, which stays there until it is disposed, and for a short while after. */
export interface LocalFile extends Disposable {
  readonly path: string;
}

/** A part of a file, `end` exclusive; the signal ends its reading. */
interface FilePart {
  readonly start: number;
  readonly end: number;
  /** It is all of it. */
  readonly isWhole: boolean;
  readonly signal: AbortSignal;
}

/** Where the bytes of a file are: on this machine, or elsewhere, from where a part of them is fetched. */
export type MediaSource =
  | { readonly path: string }
  | { readonly fetchPart: (part: FilePart) => Promise<AsyncIterable<Uint8Array>> };

interface Places {
  /**
   * Stores what the source yields, and closes it whatever happens; one that is still to be opened is opened once there is
   * room for it.
   *
   * Throws `NoRoomError`, `FileTooBigError`, `FileIncompleteError`, the source's own `FileUnavailableError` or
   * `UserError`, and `FileNotReceivedError` for whatever else the source throws; everything else is about our storage.
   */
  add(source: Source | OpenSource, limits: Limits): Promise<StoredFile>;
  /** A fresh path inside the store to write a file to before `adopt`; whoever does not adopt it discards it. */
  reserve(): Promise<string>;
  /** Takes over a file that was written to a reserved path. */
  adopt(temporary: string, adoption: Adoption): Promise<StoredFile>;
}

/** Keeps media files under the SHA-256 of their content, so that equal files are kept once. */
export interface MediaStore extends Places {
  /** Takes a folder that is there already from everybody but its owner, and with it all files in it. */
  protect(): void;
  /**
   * Lends room on the disk to a conversion: `bytes` are held before it begins. What it writes to reserved paths may grow
   * as long as there is room, and what it leaves there is cleared away. The signal that it gets ends it otherwise.
   *
   * @throws NoRoomError
   */
  withRoom<T>(
    bytes: number,
    run: (parts: Places & { signal: AbortSignal }) => Promise<T>,
    options: { signal: AbortSignal },
  ): Promise<T>;
  /**
   * Room for a file of `bytes` that arrives in parts, also over restarts, under an id of 16 letters, digits, `-` and `_`.
   *
   * @throws NoRoomError
   */
  holdArrival(id: string, bytes: number): Promise<Arrival>;
  /** How much of a file has arrived; 0 before its first byte. */
  arrivedBytes(id: string): Promise<number>;
  /** Removes what has arrived of a file. */
  discardArrival(id: string): Promise<void>;
  /** The same for all files that are expected no more. */
  sweepArrivals(isExpected: (id: string) => boolean): Promise<void>;
  /** Removes from the folder of this process what one that was killed has left there half-written. */
  discardUnfinished(): Promise<void>;
  /** Has a file on this machine, for what needs it whole. */
  fetch(file: StoredFile | string): Promise<LocalFile>;
  /** The whole content of a file. */
  fetchContent(file: StoredFile | string): Promise<Buffer>;
  /** Where the bytes of a file are now, for whoever passes them on. */
  find(file: StoredFile | string): Promise<MediaSource>;
  /** Where a file lies on this machine once it was fetched; it may not be there now. */
  path(file: StoredFile | string): string;
  /** Whether a file is there. */
  has(file: StoredFile | string): Promise<boolean>;
  /** Removes a file; one that isn't there is fine. */
  remove(key: string): Promise<void>;
  /** The same for a file that nobody needs as far as is known; false where it is too new to be certain. */
  removeUnneeded(key: string): Promise<boolean>;
  /** Leaves a file alone for a while, because somebody has just named it. */
  freshen(file: { key: string }): void;
  /** The keys of all files, in no particular order. */
  keys(): Promise<string[]>;
  /**
   * Removes files that nobody keeps once they are older than `olderThanMs` at `now`, and unfinished ones that nobody
   * writes, such as a crash leaves.
   */
  sweep(options: {
    keep: ReadonlySet<string>;
    olderThanMs: number;
    now: number;
  }): Promise<{ count: number; bytes: number }>;
  /** Whether so many bytes more have room. */
  fits(bytes: number): Promise<boolean>;
  /** Names who deletes what may go when there is no room. */
  whenFull(make: (bytes: number) => Promise<void>): void;
  /** How many bytes all media take and may take, and how many the disk has and has left. */
  readRoom(): Promise<{ used: number; limit: number; size: number; free: number }>;
}

/** What a file is kept with: its content, and the room that is held for it. */
export interface Kept {
  readonly sha256: string;
  readonly bytes: number;
  readonly extension: string;
  readonly room: Room;
}
