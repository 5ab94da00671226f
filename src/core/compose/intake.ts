import { access } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createLimiter } from '../fair-limiter.ts';
import { inspectFile } from '../media/inspect.ts';
import type { MediaPreparer } from '../media/prepare.ts';
import { FileIncompleteError, FileTooBigError, type MediaStore } from '../media/store.ts';
import type { PreparedMedia, StoredFile } from '../media/types.ts';
import { VIDEO_LIMITS } from '../media/types.ts';
import { FileUnavailableError, type Problem, UserError } from '../problems.ts';
import type { ChatRef } from '../publish/post.ts';
import type { Store } from '../storage/database.ts';
import type { Usage } from './disk-usage.ts';
import type { Draft, DraftFile, DraftFileState } from './draft.ts';
import { keeperOf } from './limits.ts';

/** Copies at once. */
const CONCURRENT_COPIES = 4;
const RETRY_DELAYS_MS = [500, 3_000, 15_000];
const MAX_POSTER_BYTES = 2 * 1024 ** 2;

/**
 * Brings a draft's files from the chat into the media store, judges them by content and converts them.
 *
 * It works in the background and writes each step into the draft, so that a restart goes on where it was.
 */
export function createIntake({
  drafts,
  mediaStore,
  preparer,
  usage,
  openFile,
  changed,
  retryDelaysMs = RETRY_DELAYS_MS,
  log,
}: {
  drafts: Store<Draft>;
  mediaStore: MediaStore;
  preparer: MediaPreparer;
  usage: Usage;
  openFile: (chat: ChatRef, ref: string) => Promise<Readable>;
  /** Tells that the draft shows something new. */
  changed: (draftId: string) => void;
  /** The pauses between tries to copy a file. */
  retryDelaysMs?: readonly number[] | undefined;
  log: Logger;
}) {
  const stopping = new AbortController();
  const limit = createLimiter({ concurrency: CONCURRENT_COPIES });
  const underWay = new Map<string, Promise<void>>();

  /** Begins whatever work the draft's files still need. */
  function work(draft: Draft): void {
    if (draft.submitted !== undefined) return;
    for (const file of draft.files) {
      const key = `${draft.id} ${file.id}`;
      if (
        file.state === 'ready' ||
        file.state === 'refused' ||
        underWay.has(key) ||
        stopping.signal.aborted
      ) {
        continue;
      }
      const run = takeIn(draft, file)
        .catch((error) => {
          if (!stopping.signal.aborted)
            log.error({ err: error, draftId: draft.id }, 'A file could not be taken in');
        })
        .finally(() => underWay.delete(key));
      underWay.set(key, run);
    }
  }

  async function takeIn(draft: Draft, file: DraftFile): Promise<void> {
    const owner = draft.author.id;
    try {
      const stored = file.state === 'stored' ? file : await limit(owner, () => copy(draft, file));
      if (stored === undefined) return;
      if (file.state !== 'stored') await write(draft.id, file.id, stored);
      const media = await preparer.prepare(stored.source, { owner });
      usage.add(keeperOf(draft), [media.file]);
      const { source, kind, durationSeconds } = stored;
      const seconds = durationSeconds === undefined ? {} : { durationSeconds };
      await write(draft.id, file.id, { state: 'ready', source, kind, ...seconds, media });
    } catch (error) {
      if (stopping.signal.aborted) return;
      await write(draft.id, file.id, { state: 'refused', problem: problemOf(error, file, log) });
    }
    await redraw(draft.id);
  }

  /** The file as it was copied; undefined when it, or its draft, was dropped while it waited for its turn. */
  async function copy(draft: Draft, file: DraftFile) {
    const latest = await drafts.get(draft.id);
    if (!latest?.files.some(({ id }) => id === file.id)) return undefined;
    const source = await fetchFile(draft.chat, file.ref, {
      maxBytes: VIDEO_LIMITS.maxBytes,
      ...(file.bytes !== undefined && { expectedBytes: file.bytes }),
    });
    return inspect(source).finally(() => {
      // What is refused stays on the disk for a while, too. Until here the bytes count as announced.
      usage.add(keeperOf(draft), [source]);
    });
  }

  async function inspect(source: StoredFile): Promise<Extract<DraftFileState, { state: 'stored' }>> {
    const facts = await inspectFile(mediaStore.path(source), { signal: stopping.signal });
    if (facts.kind === 'photo') return { state: 'stored', source, kind: 'photo' };
    return { state: 'stored', source, kind: 'video', durationSeconds: facts.durationSeconds };
  }

  /** Copies a file; reading is safe to repeat, so a broken connection is tried again a few times. */
  async function fetchFile(
    chat: ChatRef,
    ref: string,
    limits: { maxBytes: number; expectedBytes?: number },
  ): Promise<StoredFile> {
    for (const delayMs of [...retryDelaysMs, undefined]) {
      try {
        return await mediaStore.add(await open(chat, ref), { ...limits, extension: 'bin' });
      } catch (error) {
        if (isFinal(error) || delayMs === undefined) throw error;
        await delay(delayMs, undefined, { signal: stopping.signal });
      }
    }
    throw new Error('Unreachable: the last try either returns or throws.');
  }

  /** Opens a file of the chat so that stopping breaks it off. */
  async function open(chat: ChatRef, ref: string): Promise<Readable> {
    stopping.signal.throwIfAborted();
    const stream = await openFile(chat, ref);
    // Who reads the stream hears of an error as well; one that comes before that must not end the process.
    stream.on('error', () => {});
    return addAbortSignal(stopping.signal, stream);
  }

  async function write(draftId: string, fileId: string, state: DraftFileState): Promise<void> {
    await drafts.update(draftId, (draft) => {
      // What was submitted stays as it is: the post prepares the rest itself.
      if (draft.submitted !== undefined) return undefined;
      const files = draft.files.map((file) =>
        file.id === fileId ? { ...identityOf(file), ...state } : file,
      );
      return { ...draft, files };
    });
    changed(draftId);
  }

  /** Draws the picture on the card anew. A draft is fine without one, so a failure is only noted. */
  async function redraw(draftId: string): Promise<void> {
    try {
      await drawPreview(draftId);
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({ err: error, draftId }, 'A preview could not be drawn');
    }
  }

  /** Waits until nothing is under way that would change the picture. */
  async function drawPreview(draftId: string): Promise<void> {
    const draft = await drafts.get(draftId);
    if (
      draft === undefined ||
      draft.files.some((file) => file.state === 'waiting' || file.state === 'stored')
    )
      return;
    const media = readyMedia(draft);
    const poster = media[0]?.kind === 'video' ? await fetchPoster(draft) : undefined;
    const preview = await preparer.preview(media, {
      owner: draft.author.id,
      ...(poster !== undefined && { posterPath: mediaStore.path(poster) }),
    });
    if (preview === undefined) return;
    usage.add(keeperOf(draft), [preview]);
    // A picture of other files than there are now would show what is not posted.
    const keys = keysOf(media);
    await drafts.update(draftId, (latest) =>
      latest.submitted === undefined && keysOf(readyMedia(latest)) === keys
        ? { ...latest, preview }
        : undefined,
    );
    changed(draftId);
  }

  /** A draft is fine without a poster, so a failure is only noted. */
  async function fetchPoster(draft: Draft): Promise<StoredFile | undefined> {
    const ref = draft.files.find((file) => file.thumbnailRef !== undefined)?.thumbnailRef;
    if (ref === undefined) return undefined;
    try {
      const poster = await mediaStore.add(await open(draft.chat, ref), {
        maxBytes: MAX_POSTER_BYTES,
        extension: 'jpg',
      });
      await inspectFile(mediaStore.path(poster), { signal: stopping.signal });
      return poster;
    } catch (error) {
      log.debug({ err: error, draftId: draft.id }, 'The chat gave no usable thumbnail');
      return undefined;
    }
  }

  /** Whether files are still in the media store: what was posted, or failed long ago, is deleted. */
  async function areKept(files: readonly StoredFile[]): Promise<boolean> {
    const found = files.map((file) =>
      access(mediaStore.path(file)).then(
        () => true,
        () => false,
      ),
    );
    return (await Promise.all(found)).every(Boolean);
  }

  /** Begins nothing new, breaks copies off and waits for what is under way. */
  async function stop(): Promise<void> {
    stopping.abort();
    await Promise.all(underWay.values());
  }

  return { work, redraw, areKept, stop };
}

export type Intake = ReturnType<typeof createIntake>;

function readyMedia(draft: Draft): PreparedMedia[] {
  return draft.files.flatMap((file) => (file.state === 'ready' ? [file.media] : []));
}

function keysOf(media: readonly PreparedMedia[]): string {
  return media.map(({ file }) => file.key).join(' ');
}

function identityOf(file: DraftFile) {
  const { id, order, album, name, ref, bytes, claimedKind, thumbnailRef } = file;
  return {
    ...{ id, order, name, ref },
    ...(album !== undefined && { album }),
    ...(bytes !== undefined && { bytes }),
    ...(claimedKind !== undefined && { claimedKind }),
    ...(thumbnailRef !== undefined && { thumbnailRef }),
  };
}

const isFinal = (error: unknown): boolean =>
  error instanceof FileTooBigError || error instanceof FileUnavailableError;

function problemOf(error: unknown, file: DraftFile, log: Logger): Problem {
  if (error instanceof UserError) return error.problem;
  if (error instanceof FileTooBigError) {
    return { code: 'video_too_big', bytes: file.bytes ?? error.maxBytes, maxBytes: error.maxBytes };
  }
  if (!(error instanceof FileIncompleteError))
    log.warn({ err: error }, 'A file could not be copied from the chat');
  return { code: 'file_unavailable', name: file.name };
}
