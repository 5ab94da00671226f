import { addAbortSignal, type Readable } from 'node:stream';
import type { Logger } from 'pino';
import { createLimiter } from '../fair-limiter.ts';
import type { LinkedFile } from '../links/open-link.ts';
import { isLinkRef } from '../links/read-links.ts';
import {
  type Asking,
  type MediaPreparer,
  PreparingStoppedError,
  preparingProblem,
} from '../media/prepare.ts';
import { MAX_TILES } from '../media/preview.ts';
import {
  FileIncompleteError,
  FileNotReceivedError,
  FileTooBigError,
  type MediaStore,
} from '../media/store/store.ts';
import type { PreparedMedia, StoredFile } from '../media/types.ts';
import { useKey, VIDEO_LIMITS } from '../media/types.ts';
import type { ChatRef } from '../people.ts';
import {
  AskedToWaitError,
  FfmpegMissingError,
  FileUnavailableError,
  type LinkReason,
  MediaTimeoutError,
  type Problem,
  UserError,
} from '../problems.ts';
import { retry } from '../retry.ts';
import type { RandomIds } from '../storage/random-ids.ts';
import { RecordUnreadableError, type Store } from '../storage/store.ts';
import type { Usage } from './disk-usage.ts';
import {
  coverMsOf,
  type Draft,
  type DraftFile,
  type DraftFileState,
  identityOf,
  type StoredDraftFile,
  secondsOf,
  strayVideos,
  versionOf,
  videoOf,
} from './draft.ts';
import { bytesLeft, draftLimitReached, keeperOf, type Shares, sharesOf } from './limits.ts';
import { openDraftsAround } from './open-drafts.ts';

/** Copies at once. */
const CONCURRENT_COPIES = 4;
/** Beside those: what servers of strangers send slowly holds up nobody's files of a chat. */
const CONCURRENT_LINKS = 4;
/** Nobody's slow ones hold up the links of all others. */
const CONCURRENT_LINKS_PER_PERSON = 2;
const RETRY_DELAYS_MS = [500, 3_000, 15_000];
/** A chat that does not answer is asked for some minutes: most outages are over by then. */
const OUTAGE_DELAYS_MS = [500, 3_000, 15_000, 30_000, ...Array<number>(9).fill(60_000)];
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
  takeApart,
  onApart,
  openFile,
  uploads,
  openLink,
  limits,
  changed,
  retryDelaysMs = RETRY_DELAYS_MS,
  outageDelaysMs = OUTAGE_DELAYS_MS,
  maxFileBytes = VIDEO_LIMITS.maxBytes,
  maxLinkBytes = maxFileBytes,
  inspectTimeoutMs,
  log,
}: {
  drafts: Store<Draft>;
  mediaStore: MediaStore;
  preparer: MediaPreparer;
  usage: Usage;
  takeApart: TakeApart;
  /** Looks after a draft that was made of a part of another one. */
  onApart: (draft: Draft) => void;
  openFile: (chat: ChatRef, ref: string) => Promise<Readable>;
  /** Files that people upload on a page, which come by themselves. */
  uploads: ComingFiles;
  openLink: (link: string, options: { maxBytes: number; signal: AbortSignal }) => Promise<LinkedFile>;
  /** How much a person and a place may have at once. */
  limits: Shares;
  /** Tells that the draft shows something new. */
  changed: (draftId: string) => void;
  /** The pauses between tries to copy, judge or convert a file that failed through a fault of ours. */
  retryDelaysMs?: readonly number[] | undefined;
  /** The pauses between tries to get a file that the chat does not hand over. */
  outageDelaysMs?: readonly number[] | undefined;
  maxFileBytes?: number | undefined;
  /** How big a file may be that comes by a link. */
  maxLinkBytes?: number | undefined;
  /** How long judging a video may take, in place of what it takes at most. */
  inspectTimeoutMs?: number | undefined;
  log: Logger;
}) {
  const stopping = new AbortController();
  const limit = createLimiter({ concurrency: CONCURRENT_COPIES });
  const linkLimit = createLimiter({
    concurrency: CONCURRENT_LINKS,
    perOwner: CONCURRENT_LINKS_PER_PERSON,
  });
  /** Two links at once could both take the last room of their person. */
  const inTurn = createLimiter({ concurrency: 1 });
  /** The work on the files of each draft, by what is done with which file. */
  const runs = new Map<string, Map<string, Run>>();
  /** The same, and what is done afterwards. */
  const finishing = new Set<Promise<void>>();

  /** Begins whatever work the draft's files still need, and ends what they need no more. */
  function work(draft: Draft): void {
    void endUnwanted(draft.id).catch((error) =>
      log.error({ err: error, draftId: draft.id }, 'Work on a draft that has changed goes on'),
    );
    if (draft.submitted !== undefined || stopping.signal.aborted) return;
    for (const file of draft.files)
      if (isUnfinished(file) && !(file.state === 'waiting' && uploads.isArriving(file.ref)))
        begin(draft, file);
  }

  function begin(draft: Draft, file: UnfinishedFile): void {
    const { id: draftId } = draft;
    const runsOfDraft = runs.get(draftId) ?? new Map<string, Run>();
    const key = runKey(file);
    // One that is being ended does not count.
    if (runsOfDraft.get(key)?.signal.aborted === false) return;
    const ending = new AbortController();
    const signal = AbortSignal.any([stopping.signal, ending.signal]);
    const run: Run = { file, ending, signal, files: [] };
    runsOfDraft.set(key, run);
    runs.set(draftId, runsOfDraft);
    const done = takeIn(draft, run)
      .finally(() => {
        if (runsOfDraft.get(key) === run) runsOfDraft.delete(key);
        if (runsOfDraft.size === 0 && runs.get(draftId) === runsOfDraft) runs.delete(draftId);
      })
      .then((isDone) => (isDone ? goOn(draftId) : undefined))
      .catch((error) => {
        if (!signal.aborted) log.error({ err: error, draftId }, 'A file could not be taken in');
      })
      .finally(() => finishing.delete(done));
    finishing.add(done);
  }

  /** Ends the work on files that the draft does not have any more, or not for that use. */
  async function endUnwanted(draftId: string): Promise<void> {
    if (!runs.has(draftId)) return;
    const draft = await drafts.get(draftId);
    // One that is gone may have become a post, which takes its files over; `leave` is told.
    if (draft === undefined || draft.submitted !== undefined) return;
    for (const { file, ending } of runs.get(draftId)?.values() ?? [])
      if (!draft.files.some((one) => isSame(one, file) && hasSameUse(one, file))) ending.abort();
  }

  /** Ends the work on a draft's files: nobody wants it any more, or its post does it from now on. */
  function leave(draftId: string): void {
    for (const { ending } of runs.get(draftId)?.values() ?? []) ending.abort();
  }

  /** Gives videos that cannot stay in the draft drafts of their own. */
  async function takeOut(draftId: string): Promise<void> {
    const own = await takeApart(draftId);
    for (const draft of own) {
      onApart(draft);
      work(draft);
      changed(draft.id);
      await redraw(draft.id);
    }
    if (own.length > 0) changed(draftId);
  }

  /** Somebody may have asked for another try of a file before its last one was over. */
  async function goOn(draftId: string): Promise<void> {
    const latest = await drafts.get(draftId);
    if (latest !== undefined) work(latest);
    await redraw(draftId);
  }

  /** Takes a file one step on; false where nobody wants that any more. */
  async function takeIn(draft: Draft, run: Run): Promise<boolean> {
    const { file, signal } = run;
    let next: DraftFileState | undefined;
    try {
      next = file.state === 'stored' ? await convert(draft, file, run) : await copy(draft, file, run);
      if (next === undefined) return false;
    } catch (error) {
      if (signal.aborted || error instanceof PreparingStoppedError) return false;
      next = await refusalOf(error, file);
    }
    await writeDown(draft.id, file, { next, signal });
    // What the draft names now is seen by whoever deletes files from here on.
    for (const stored of run.files) mediaStore.freshen(stored);
    // A file that is stored now goes on from here, for the use that the draft has for it by then.
    await takeOut(draft.id);
    return true;
  }

  async function convert(draft: Draft, file: StoredFileOfDraft, run: Run): Promise<DraftFileState> {
    const { source, kind, durationSeconds, pictures, use, before } = file;
    const judged = { source, kind, durationSeconds, pictures };
    const known = before?.find((one) => useKey(one.use) === useKey(use));
    if (known !== undefined) return { state: 'ready', ...judged, media: known.media };
    const onProgress = () => changed(draft.id);
    const asked = { owner: draft.author.id, use, signal: run.signal, onProgress };
    const media = await persist(() => preparer.prepare(source, asked), run);
    run.files.push(media.file);
    usage.add(keeperOf(draft), [media.file]);
    return { state: 'ready', ...judged, media };
  }

  async function refusalOf(error: unknown, file: UnfinishedFile): Promise<DraftFileState> {
    const problem = problemOf(error, file);
    if (problem.code === 'file_unavailable' || problem.code === 'file_not_received')
      log.warn({ err: error }, 'A file could not be copied from the chat');
    const mayPass = problem.code === 'link_refused' && LINK_MAY_PASS.has(problem.reason);
    if (problem.code === 'file_not_received' || mayPass)
      return { state: 'refused', problem, retry: { state: 'waiting' } };
    const isOurs = problem.code === 'preparing_failed';
    // A part of it may be taken, or another use than the one that a person has tried.
    const mayGoOn = isOurs || problem.code === 'video_too_long' || file.use !== undefined;
    if (!mayGoOn) return { state: 'refused', problem };
    if (isOurs) log.error({ err: error }, 'A file could not be taken in, through no fault of its own');
    const isKept = file.state === 'stored' && (await areKept([file.source]));
    if (!isKept && !canBeFetched(file))
      return { state: 'refused', problem: { code: 'file_deleted', name: file.name } };
    if (!isKept) return { state: 'refused', problem, ...(isOurs && { retry: { state: 'waiting' } }) };
    const { source, kind, durationSeconds, pictures } = file;
    return { state: 'refused', problem, retry: { state: 'stored', source, kind, durationSeconds, pictures } };
  }

  /** The file as it was copied; undefined when it, or its draft, was dropped or replaced meanwhile. */
  async function copy(draft: Draft, file: DraftFile, run: Run): Promise<StoredDraftFile | undefined> {
    const { signal } = run;
    const owner = draft.author.id;
    let source: StoredFile | undefined;
    // Each try has a turn of its own: while the chat asks to wait, others get their files.
    const turn = file.link === undefined ? limit : linkLimit;
    const fetch = () =>
      turn(
        owner,
        async () => ((await isWanted(draft.id, file)) ? fetchFile(draft, file, signal) : undefined),
        { signal },
      );
    const copied = persist(async () => {
      source ??= await fetch();
      if (source === undefined) return undefined;
      run.files.push(source);
      return inspect(source, { owner, signal, use: file.use });
    }, run);
    return copied.finally(() => {
      // What is refused stays on the disk for a while, too. Until here the bytes count as announced.
      if (source !== undefined) usage.add(keeperOf(draft), [source]);
    });
  }

  async function isWanted(draftId: string, file: DraftFile): Promise<boolean> {
    const latest = await drafts.get(draftId);
    return latest?.files.some((one) => isSame(one, file)) ?? false;
  }

  async function fetchFile(draft: Draft, file: DraftFile, signal: AbortSignal): Promise<StoredFile> {
    const uploaded = uploads.take(file);
    if (uploaded !== undefined) return uploaded;
    if (file.link !== undefined) return fetchLinked(draft, file, file.link, signal);
    return mediaStore.add(() => open(draft.chat, file.ref, signal), {
      maxBytes: maxFileBytes,
      expectedBytes: file.bytes,
      extension: 'bin',
    });
  }

  /** Nobody has told how big it is before its server has answered, so its limits are looked at then. */
  async function fetchLinked(
    draft: Draft,
    file: DraftFile,
    link: string,
    signal: AbortSignal,
  ): Promise<StoredFile> {
    const linked = await openLink(link, { maxBytes: maxLinkBytes, signal });
    const stream = closing(linked.stream, signal);
    try {
      const { who, bytes: left } = await inTurn('', () => noteLinked(draft, file, linked));
      const maxBytes = Math.min(maxLinkBytes, left);
      const full = new UserError({ code: 'too_much_at_once', what: 'bytes', who, max: limits[who].bytes });
      if (left === 0 || (linked.bytes ?? 0) > left) throw full;
      const options = { maxBytes, expectedBytes: linked.bytes, extension: 'bin' };
      return await mediaStore.add(stream, options).catch((error) => {
        throw error instanceof FileTooBigError && left < maxLinkBytes ? full : error;
      });
    } finally {
      stream.destroy();
    }
  }

  /** Takes down what a server tells of a file; how much room its person and place have for it. */
  async function noteLinked(draft: Draft, file: DraftFile, { name, bytes }: LinkedFile) {
    await drafts.update(draft.id, (latest) => {
      if (latest.submitted !== undefined) return undefined;
      const files = latest.files.map((one) =>
        isSame(one, file) ? { ...one, name: name ?? one.name, bytes } : one,
      );
      return { ...latest, files };
    });
    changed(draft.id);
    const { author, workspace } = draft;
    const open = await openDraftsAround(drafts, { person: author, workspace });
    const others = open.map((one) =>
      one.id === draft.id ? { ...one, files: one.files.filter((each) => !isSame(each, file)) } : one,
    );
    const keeper = keeperOf(draft);
    return bytesLeft({ taken: sharesOf(keeper, others, usage.bytesOf(keeper)), limits });
  }

  async function inspect(
    source: StoredFile,
    { use, ...asking }: Asking & Pick<DraftFile, 'use'>,
  ): Promise<StoredDraftFile> {
    const facts = await preparer.inspect(source, { ...asking, timeoutMs: inspectTimeoutMs });
    if (facts.kind === 'photo') {
      const pictures = facts.pictures > 1 ? facts.pictures : undefined;
      const kind = pictures !== undefined && use?.asVideo ? 'video' : 'photo';
      return { state: 'stored', source, kind, pictures };
    }
    return { state: 'stored', source, kind: 'video', durationSeconds: facts.durationSeconds };
  }

  /** Tries again what may come right by itself; a chat that asks to wait is asked again whenever it says. */
  function persist<T>(attempt: () => Promise<T>, { signal, file }: Run): Promise<T> {
    const notReceivedDelaysMs = file.link === undefined ? outageDelaysMs : retryDelaysMs;
    let ofChat = 0;
    let ofOurs = 0;
    return retry(attempt, {
      signal,
      pauseAfter(error) {
        // What nobody wants any more has not failed.
        if (signal.aborted) return undefined;
        if (error instanceof AskedToWaitError) return error.retryAfterMs;
        if (isNotReceived(error)) return notReceivedDelaysMs[ofChat++];
        return isFinal(error, ofOurs) ? undefined : retryDelaysMs[ofOurs++];
      },
    });
  }

  /** Opens a file of the chat so that the signal breaks it off. */
  async function open(chat: ChatRef, ref: string, signal: AbortSignal): Promise<Readable> {
    signal.throwIfAborted();
    const opening = openFile(chat, ref).catch((cause: unknown) => {
      const isTold = cause instanceof UserError || cause instanceof AskedToWaitError;
      if (isTold || cause instanceof FileUnavailableError) throw cause;
      throw new FileNotReceivedError('The chat did not open a file.', { cause });
    });
    return closing(await unlessAborted(opening, signal), signal);
  }

  /**
   * Writes what has come of a file for as long as the records do not take it: that is no fault of the file's.
   *
   * @throws RecordUnreadableError when the draft was set aside, which no further try changes.
   */
  function writeDown(
    draftId: string,
    taken: UnfinishedFile,
    { next, signal }: { next: DraftFileState; signal: AbortSignal },
  ): Promise<void> {
    return retry(() => write(draftId, taken, next), {
      signal,
      pauseAfter(error, failures) {
        if (signal.aborted || error instanceof RecordUnreadableError) return undefined;
        log.warn({ err: error, draftId }, 'What has come of a file could not be written down yet');
        return retryDelaysMs[failures] ?? retryDelaysMs.at(-1);
      },
    });
  }

  async function write(draftId: string, taken: UnfinishedFile, state: DraftFileState): Promise<void> {
    await drafts.update(draftId, (draft) => {
      // What was submitted stays as it is: the post prepares the rest itself.
      if (draft.submitted !== undefined) return undefined;
      const files = draft.files.map((file) =>
        isSame(file, taken) && hasSameUse(file, taken)
          ? { ...identityOf(file), link: needsLink(state) ? file.link : undefined, ...state }
          : file,
      );
      return { ...draft, files };
    });
    changed(draftId);
  }

  /** Draws the picture on the card anew. A draft is fine without one, so a failure is only noted. */
  async function redraw(draftId: string): Promise<void> {
    try {
      await drawPreview(draftId);
      const draft = await drafts.get(draftId);
      // Its menu may be open while the video becomes another one.
      if (draft?.coverSheet !== undefined) await drawSheet(draftId);
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
    const coverMs = coverMsOf(draft);
    // The chat's thumbnail is of the whole file, and of its beginning.
    const isAsSent = coverMs === undefined && draft.files.every(({ use }) => use === undefined);
    const sent = media[0]?.kind === 'video' && isAsSent ? await fetchPoster(draft) : undefined;
    using poster = sent && (await mediaStore.fetch(sent));
    const preview = await preparer.preview(media, {
      owner: draft.author.id,
      posterPath: poster?.path,
      coverMs,
    });
    if (preview === undefined) return;
    usage.add(keeperOf(draft), [preview]);
    // A picture of other files than there are now would show what is not posted.
    const shown = shownKey(draft);
    await drafts.update(draftId, (latest) =>
      latest.submitted === undefined && shownKey(latest) === shown ? { ...latest, preview } : undefined,
    );
    changed(draftId);
  }

  /** Draws numbered pictures of the draft's video in the background, to choose its cover from. */
  const drawCoverSheet = (draftId: string): void => later(draftId, () => drawSheet(draftId));

  /** The same for the picture on the card, which nobody waits for. */
  const redrawLater = (draftId: string): void => later(draftId, () => redraw(draftId));

  /** Goes on with files that are used in another way; one that becomes a video may leave for a draft of its own. */
  function goOnLater(draftId: string): void {
    later(draftId, async () => {
      await takeOut(draftId);
      await goOn(draftId);
    });
  }

  /** Does something in the background, which a stop waits for. */
  function later(draftId: string, run: () => Promise<void>): void {
    const done = run()
      .catch((error) => {
        if (!stopping.signal.aborted) log.error({ err: error, draftId }, 'Work on a draft has failed');
      })
      .finally(() => finishing.delete(done));
    finishing.add(done);
  }

  async function drawSheet(draftId: string): Promise<void> {
    const draft = await drafts.get(draftId);
    const video = draft && videoOf(draft);
    if (draft === undefined || video?.state !== 'ready') return;
    const of = versionOf(video);
    if (draft.coverSheet?.of === of && draft.coverSheet.picture !== undefined) return;
    const momentsMs = momentsOf(secondsOf(video) ?? 0);
    const picture = await preparer
      .contactSheet(video.media, { owner: draft.author.id, momentsMs })
      .catch((error) => {
        if (!stopping.signal.aborted)
          log.warn({ err: error, draftId }, 'The pictures of a video could not be drawn');
        return undefined;
      });
    if (stopping.signal.aborted) return;
    if (picture !== undefined) usage.add(keeperOf(draft), [picture]);
    await drafts.update(draftId, (latest) => {
      const now = videoOf(latest);
      const isCurrent = latest.submitted === undefined && now !== undefined && versionOf(now) === of;
      return isCurrent ? { ...latest, coverSheet: { of, momentsMs, picture } } : undefined;
    });
    changed(draftId);
  }

  /** A draft is fine without a poster, so a failure is only noted. */
  async function fetchPoster(draft: Draft): Promise<StoredFile | undefined> {
    const ref = draft.files.find((file) => file.thumbnailRef !== undefined)?.thumbnailRef;
    if (ref === undefined) return undefined;
    try {
      const poster = await mediaStore.add(() => open(draft.chat, ref, stopping.signal), {
        maxBytes: MAX_POSTER_BYTES,
        extension: 'jpg',
      });
      await preparer.inspect(poster, { owner: draft.author.id, signal: stopping.signal });
      return poster;
    } catch (error) {
      log.debug({ err: error, draftId: draft.id }, 'The chat gave no usable thumbnail');
      return undefined;
    }
  }

  /** Whether files are still in the media store: what was posted, or failed long ago, is deleted. */
  async function areKept(files: readonly StoredFile[]): Promise<boolean> {
    return (await Promise.all(files.map(mediaStore.has))).every(Boolean);
  }

  /** The files that were stored for drafts which may not name them yet. */
  function* inHand(): Generator<StoredFile> {
    for (const ofDraft of runs.values()) for (const { files } of ofDraft.values()) yield* files;
  }

  /** Begins nothing new, breaks copies off and waits for what is under way. */
  async function stop(): Promise<void> {
    stopping.abort();
    await Promise.all(finishing);
  }

  return { work, leave, inHand, goOnLater, redraw, redrawLater, drawCoverSheet, areKept, stop };
}

export type Intake = ReturnType<typeof createIntake>;

/** The stream, which the signal breaks off. */
function closing(stream: Readable, signal: AbortSignal): Readable {
  // Who reads the stream hears of an error as well; one that comes before that must not end the process.
  stream.on('error', () => {});
  return addAbortSignal(signal, stream);
}

/** A stream that comes when nobody waits for it any more is closed. */
async function unlessAborted(opening: Promise<Readable>, signal: AbortSignal): Promise<Readable> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => {
    reject(signal.reason);
    opening.then(
      (stream) => stream.on('error', () => {}).destroy(),
      () => {},
    );
  };
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([opening, aborted]).finally(() => signal.removeEventListener('abort', abort));
}

/** Files that come by themselves, by what `ref` says. */
export interface ComingFiles {
  /** Whether it is still to come. */
  readonly isArriving: (ref: string) => boolean;
  /**
   * The whole file; undefined for one that comes from the chat.
   *
   * @throws UserError where it comes no more.
   */
  readonly take: (file: Pick<DraftFile, 'ref' | 'name'>) => StoredFile | undefined;
}

/** What its owner, or a while, can put right without another link. */
const LINK_MAY_PASS: ReadonlySet<LinkReason> = new Set([
  'unreachable',
  'not_shared',
  'not_found',
  'page',
  'too_slow',
]);

/** Whether a file may still have to be fetched: a link is kept no longer than that. */
const needsLink = (state: DraftFileState): boolean =>
  state.state === 'waiting' || (state.state === 'refused' && state.retry?.state === 'waiting');

/** Whether a file that is not on the disk can be had again. */
const canBeFetched = ({ ref, link }: DraftFile): boolean =>
  link !== undefined || (ref !== '' && !isLinkRef(ref));

type UnfinishedFile = Extract<DraftFile, { state: 'waiting' | 'stored' }>;
type StoredFileOfDraft = Extract<DraftFile, { state: 'stored' }>;

/** One step of taking a file in: copying and judging it, or converting it. */
interface Run {
  /** As it was when the step began. */
  readonly file: UnfinishedFile;
  readonly ending: AbortController;
  /** Aborts when nobody wants it any more, and when Nod stops. */
  readonly signal: AbortSignal;
  /** What it has stored, which no draft may name yet. */
  readonly files: StoredFile[];
}

const isUnfinished = (file: DraftFile): file is UnfinishedFile =>
  file.state === 'waiting' || file.state === 'stored';

/** A message may show another file while the first one is under way. */
const isSame = (one: DraftFile, other: DraftFile): boolean => one.id === other.id && one.ref === other.ref;

/** Whether work on a file is for the use that the draft has for it; a copy is for any. */
const hasSameUse = (file: DraftFile, taken: UnfinishedFile): boolean =>
  taken.state === 'waiting' || useKey(file.use) === useKey(taken.use);

const runKey = ({ state, id, ref, use }: UnfinishedFile): string =>
  state === 'waiting' ? `copy ${id} ${ref}` : `convert ${id} ${ref} ${useKey(use)}`;

function readyMedia(draft: Draft): PreparedMedia[] {
  return draft.files.flatMap((file) => (file.state === 'ready' ? [file.media] : []));
}

/** What the picture on the card shows. */
function shownKey(draft: Draft): string {
  return [...readyMedia(draft).map(({ file }) => file.key), coverMsOf(draft)].join(' ');
}

/** Moments from the beginning on, equally far apart. */
function momentsOf(durationSeconds: number): number[] {
  return Array.from({ length: MAX_TILES }, (_, index) =>
    Math.floor((durationSeconds * 1000 * index) / MAX_TILES),
  );
}

/** Whether trying once more would not help. What took too long may have met a busy machine, but only once. */
const isFinal = (error: unknown, failures: number): boolean =>
  error instanceof UserError ||
  error instanceof FileTooBigError ||
  error instanceof FileUnavailableError ||
  error instanceof FfmpegMissingError ||
  error instanceof PreparingStoppedError ||
  (error instanceof MediaTimeoutError && failures > 0);

/** Whose fault it is: the file's, the chat's, or else ours. */
function problemOf(error: unknown, { name, bytes, link }: DraftFile): Problem {
  if (error instanceof UserError) return error.problem;
  if (link !== undefined && error instanceof FileTooBigError)
    return { code: 'link_too_big', maxBytes: error.maxBytes };
  if (link !== undefined && isNotReceived(error)) return { code: 'link_refused', reason: 'unreachable' };
  if (error instanceof FileTooBigError) {
    return { code: 'video_too_big', bytes, maxBytes: error.maxBytes };
  }
  if (error instanceof FileUnavailableError) return { code: 'file_unavailable', name };
  return isNotReceived(error) ? { code: 'file_not_received', name } : preparingProblem(error, { name });
}

/** Whether the chat is the reason; asked again, it may hand the file over. */
const isNotReceived = (error: unknown): boolean =>
  error instanceof FileNotReceivedError || error instanceof FileIncompleteError;

/** What the id of a draft is made for that holds a file which came in another one. */
export const apartKey = (fileId: string): string => `apart ${fileId}`;

/** Makes drafts of their own of videos that were sent with other files, once they are known to be videos. */
export function createTakeApart({
  drafts,
  randomIds,
  usage,
  limits,
  now,
}: {
  drafts: Store<Draft>;
  randomIds: RandomIds;
  usage: Usage;
  limits: Shares;
  now: () => number;
}) {
  /** One after the other: two at once could each undo what the other has done. */
  const inTurn = createLimiter({ concurrency: 1 });

  /**
   * Takes all videos out of a draft that cannot stay in it, and returns their drafts; what a limit keeps from a draft of
   * its own stays, for a person to choose. Doing it again after a crash is harmless.
   */
  const takeApart = (draftId: string): Promise<Draft[]> =>
    inTurn('', async () => {
      const made: Draft[] = [];
      for (;;) {
        const draft = await drafts.get(draftId);
        const file = draft && strayVideos(draft).at(0);
        if (draft === undefined || draft.submitted !== undefined || file === undefined) return made;
        if (await isFull(draft)) return made;
        const own = await moveOut(draft, file);
        if (own !== undefined) made.push(own);
      }
    });

  async function isFull(draft: Draft): Promise<boolean> {
    const { author, workspace } = draft;
    const open = await openDraftsAround(drafts, { person: author, workspace });
    const keeper = keeperOf(draft);
    const taken = sharesOf(keeper, open, usage.bytesOf(keeper));
    return draftLimitReached({ taken, limits }) !== undefined;
  }

  /** The new draft first: a file that is in both for a moment is better than one that is in none. */
  async function moveOut(draft: Draft, file: DraftFile): Promise<Draft | undefined> {
    const id = await randomIds.forOffer({ chat: draft.chat, person: draft.author }, apartKey(file.id));
    const hasSameCaption = draft.caption !== '';
    const { version: _, preview: __, ...rest } = draft;
    const sentWith = { draftId: draft.id, hasSameCaption };
    const own = await drafts.create(id, {
      ...rest,
      id,
      files: [file],
      sentWith,
      createdAt: now(),
      updatedAt: now(),
    });
    let isMoved = false;
    await drafts.update(draft.id, (current) => {
      isMoved = current.submitted === undefined && current.files.some((one) => one.id === file.id);
      if (!isMoved) return undefined;
      const { preview, ...left } = current;
      const files = current.files.filter((one) => one.id !== file.id);
      return { ...left, files, sentWith: current.sentWith ?? { draftId: id, hasSameCaption } };
    });
    // Its author has left it out meanwhile.
    if (!isMoved && own !== undefined) await drafts.delete(id);
    return isMoved ? (own ?? (await drafts.get(id))) : undefined;
  }

  return takeApart;
}

export type TakeApart = ReturnType<typeof createTakeApart>;
