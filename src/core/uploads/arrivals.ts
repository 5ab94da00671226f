import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { type AttachedFile, type Draft, type DraftFile, isTheirs } from '../compose/draft.ts';
import type { Composer } from '../compose/drafts.ts';
import type { Intake } from '../compose/intake.ts';
import { preparingProblem } from '../media/prepare.ts';
import { NoRoomError } from '../media/store/disk-room.ts';
import type { Arrival, MediaStore } from '../media/store/store.ts';
import type { StoredFile } from '../media/types.ts';
import type { Person } from '../people.ts';
import { type Problem, UserError } from '../problems.ts';
import { createBlockWriter } from '../storage/block-writer.ts';
import type { Store } from '../storage/database.ts';
import { readParts } from '../storage/read-parts.ts';
import { gone, type TicketFile, type TicketFileState, type UploadTicket, withState } from './tickets.ts';

const PROGRESS_EVERY_MS = 1_000;
/** What stands before the id of a file in the `ref` of a draft's file. */
const REF = 'upload:';
const EXTENSION = 'bin';

/** A file that a draft waits for, or that its intake has not taken over yet. */
interface Active {
  readonly id: string;
  /** Of its ticket. */
  readonly key: string;
  readonly draftId: string;
  readonly person: Person;
  readonly name: string;
  /** As announced. */
  bytes: number;
  /** What is on the disk. */
  received: number;
  /** Of all that is on the disk; absent where a part of it came before the last start. */
  hash: Hash | undefined;
  /** Absent once it is whole, and while there is no room for it after a start. */
  arrival: Arrival | undefined;
  /** Ends what is being received. */
  readonly ending: AbortController;
  /** What is being received or finished. */
  busy: Promise<unknown> | undefined;
  /** It is whole. */
  source: StoredFile | undefined;
  shownAt: number;
  shownPercent: number;
}

/** A ticket through which something comes. */
interface Opened {
  readonly key: string;
  readonly ticket: UploadTicket;
  /** Keeps it good for longer. */
  readonly renew: () => Promise<void>;
}

/** Files on their way through upload pages: written down part by part, also over restarts, and given to the intake when whole. */
export function createArrivals({
  tickets,
  drafts,
  composer,
  intake,
  mediaStore,
  attach,
  changed,
  onWhole,
  onEnded,
  stopping,
  log,
}: {
  tickets: Store<UploadTicket>;
  drafts: Pick<Store<Draft>, 'get'>;
  composer: Pick<Composer, 'attach'>;
  intake: Pick<Intake, 'work'>;
  mediaStore: Pick<MediaStore, 'holdArrival' | 'arrivedBytes' | 'discardArrival' | 'sweepArrivals' | 'has'>;
  /** Puts a file into the draft of a ticket. */
  attach: (key: string, file: AttachedFile) => Promise<void>;
  changed: (draftId: string) => void;
  /** Told of the draft of each file that is whole; it must not throw. */
  onWhole: (draftId: string) => void;
  /** Told of each file that is whole, or why it will not be. */
  onEnded: (outcome: string) => void;
  /** Breaks off what is being received. */
  stopping: AbortSignal;
  log: Logger;
}) {
  const active = new Map<string, Active>();
  const ofTicket = (key: string): Active[] => [...active.values()].filter((one) => one.key === key);

  /**
   * Takes the next part of a file in, for as long as its source yields; the first byte makes it a file of the draft, and of
   * the disk. Returns how much of it is on the disk then.
   *
   * @throws UserError where there is no room for it, or more comes than was announced; that ends it.
   */
  async function takeParts(opened: Opened, file: TicketFile, source: Readable): Promise<number> {
    const parts: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]();
    const first = await parts.next();
    if (first.done) return active.get(file.id)?.received ?? 0;
    const joined = await join(opened, file);
    const failure = await during(joined, () =>
      writeUnlessEnded(opened, joined, { first: first.value, parts, source }),
    );
    const problem = failure && lossOf(failure.error, file);
    if (problem !== undefined) await giveUp(joined, problem);
    if (failure !== undefined) throw problem === undefined ? failure.error : new UserError(problem);
    if (joined.received === joined.bytes) await finish(joined);
    return joined.received;
  }

  /** Writes until the source ends, or the file is ended by somebody else; what went wrong. */
  async function writeUnlessEnded(
    opened: Opened,
    joined: Active,
    { first, parts, source }: { first: Uint8Array; parts: AsyncIterator<Uint8Array>; source: Readable },
  ): Promise<{ error: unknown } | undefined> {
    const end = AbortSignal.any([joined.ending.signal, stopping]);
    const cut = () => source.destroy(end.reason);
    end.addEventListener('abort', cut, { once: true });
    try {
      end.throwIfAborted();
      await writeParts(opened, joined, first, parts);
      return undefined;
    } catch (error) {
      return { error };
    } finally {
      end.removeEventListener('abort', cut);
    }
  }

  /** Whoever wants to end the file waits for what is being done with it. */
  async function during<T>(joined: Active, run: () => Promise<T>): Promise<T> {
    const done = run();
    joined.busy = done.catch(() => {});
    return done.finally(() => {
      joined.busy = undefined;
    });
  }

  /** What is wrong with the file itself; undefined for what may go on later. */
  function lossOf(error: unknown, { name }: TicketFile): Problem | undefined {
    if (error instanceof TooLongError) return { code: 'upload_wrong_length', name };
    const { reason } = preparingProblem(error, { name });
    return reason === 'disk_full' || reason === 'media_limit'
      ? { code: 'upload_no_room', name, reason }
      : undefined;
  }

  async function join({ key, ticket }: Opened, file: TicketFile): Promise<Active> {
    const known = active.get(file.id);
    if (known !== undefined) {
      known.arrival ??= await hold(file);
      return known;
    }
    const { id, name } = file;
    const arrival = await hold(file);
    const { draftId, person } = ticket;
    const joined = newActive({ ...file, key, draftId, person, arrival, received: 0 });
    active.set(id, joined);
    try {
      // The limits may be reached since it was begun.
      await attach(key, { ...draftFile(file), state: 'waiting' });
      await noteArriving(joined);
    } catch (error) {
      active.delete(id);
      arrival.release();
      if (error instanceof UserError) await setState(joined, { state: 'refused', problem: error.problem });
      else log.warn({ err: error, name }, 'A file could not be put into its draft');
      throw error;
    }
    return joined;
  }

  async function hold({ id, name, bytes }: Pick<TicketFile, 'id' | 'name' | 'bytes'>): Promise<Arrival> {
    try {
      return await mediaStore.holdArrival(id, bytes);
    } catch (error) {
      if (!(error instanceof NoRoomError)) throw error;
      throw new UserError({ code: 'upload_no_room', name, reason: error.reason }, { cause: error });
    }
  }

  /** Writes what comes behind what is on the disk; whatever ends it, all that has come is on the disk then. */
  async function writeParts(
    opened: Opened,
    joined: Active,
    first: Uint8Array,
    parts: AsyncIterator<Uint8Array>,
  ): Promise<void> {
    const { arrival } = joined;
    if (arrival === undefined) throw new Error('A file arrives without room for it.');
    const handle = await open(arrival.path, 'a', 0o600);
    const blocks = createBlockWriter(async (content) => {
      const written = handle.appendFile(content);
      // Meanwhile it is hashed.
      joined.hash?.update(content);
      await written;
      joined.received += content.byteLength;
      await opened.renew();
      progressed(joined);
    });
    let comes = joined.received;
    try {
      // Whatever else lies there is no part of it.
      if ((await handle.stat()).size > comes) await handle.truncate(comes);
      for (let part: IteratorResult<Uint8Array> = { value: first }; !part.done; part = await parts.next()) {
        const { value } = part;
        comes += value.byteLength;
        if (comes > joined.bytes) throw new TooLongError();
        await arrival.cover(comes);
        await blocks.add(value);
      }
    } finally {
      await settle().finally(() => handle.close());
    }

    /** What is acknowledged outlasts a power cut. */
    async function settle(): Promise<void> {
      try {
        await blocks.flush();
        await handle.datasync();
      } catch (error) {
        // A part of the block may be there, of which the hash knows more or less.
        joined.hash = undefined;
        joined.received = (await handle.stat()).size;
        throw error;
      }
    }
  }

  /** Says that a file whose size was only bounded is whole with what has come. */
  async function close({ key, id }: { key: string; id: string }): Promise<void> {
    const joined = active.get(id);
    if (joined === undefined || joined.source !== undefined) return;
    joined.bytes = joined.received;
    const bytes = joined.received;
    await tickets.update(key, (latest) => ({
      ...latest,
      files: latest.files.map((file) => (file.id === id ? { ...file, bytes } : file)),
    }));
    await finish(joined);
  }

  /** Keeps a whole file and has the draft go on with it. */
  async function finish(joined: Active): Promise<void> {
    const { bytes, arrival } = joined;
    if (arrival === undefined || joined.busy !== undefined || joined.source !== undefined) return;
    await during(joined, async () => {
      const hash = joined.hash ?? (await hashOf(arrival.path));
      const sha256 = hash.copy().digest('hex');
      const source: StoredFile = { key: `${sha256}.${EXTENSION}`, sha256, bytes };
      // First the record: a crash in between leaves a whole file under the name under which it arrived.
      await setState(joined, { state: 'arrived', source });
      joined.source = await arrival.keep({ sha256, bytes, extension: EXTENSION });
      joined.arrival = undefined;
    });
    onEnded('arrived');
    await goOn(joined.draftId);
    onWhole(joined.draftId);
  }

  async function goOn(draftId: string): Promise<void> {
    const draft = await drafts.get(draftId);
    if (draft !== undefined) intake.work(draft);
    changed(draftId);
  }

  /** Ends a file; whether any of it had come. */
  async function end(id: string, problem: Problem): Promise<boolean> {
    const joined = active.get(id);
    if (joined !== undefined) await giveUp(joined, problem);
    return joined !== undefined;
  }

  /** Keeps nothing of a file that has not become whole; its draft says why. */
  async function giveUp(joined: Active, problem: Problem): Promise<void> {
    // A part that a browser sends once more at this moment must not begin it anew.
    await setState(joined, { state: 'refused', problem });
    onEnded(problem.code);
    await drop(joined);
    const { source } = joined;
    if (source !== undefined) return setState(joined, { state: 'arrived', source });
    const { draftId, person } = joined;
    await composer
      .attach(draftId, person, { ...draftFile(joined), state: 'refused', problem })
      // It is somebody else's draft by now, or none: its intake finds out that nothing comes any more.
      .catch(() => goOn(draftId));
  }

  /** Ends what is being received of a file, and deletes what has come of it unless it is whole. */
  async function drop(joined: Active): Promise<void> {
    joined.ending.abort(gone());
    await joined.busy;
    active.delete(joined.id);
    if (joined.source !== undefined) return;
    joined.arrival?.release();
    await mediaStore.discardArrival(joined.id);
  }

  async function setState({ key, id }: Pick<Active, 'key' | 'id'>, state: TicketFileState): Promise<void> {
    await tickets.update(key, (latest) => ({ ...latest, files: withState(latest.files, id, state) }));
  }

  /** @throws UploadGoneError where the file has been ended since it was looked at. */
  async function noteArriving(joined: Active): Promise<void> {
    const { key, id, draftId, person } = joined;
    let ended: TicketFile | undefined;
    await tickets.update(key, (latest) => {
      ended = latest.files.find((one) => one.id === id && one.state === 'refused');
      return ended ? undefined : { ...latest, files: withState(latest.files, id, { state: 'arriving' }) };
    });
    if (ended?.state !== 'refused') return;
    const { problem } = ended;
    await composer.attach(draftId, person, { ...draftFile(joined), state: 'refused', problem });
    throw gone();
  }

  /** Ends what a draft that has changed does not want any more; true where something came for one that is not open now. */
  async function follow(draftId: string): Promise<boolean> {
    const coming = [...active.values()].filter((joined) => joined.draftId === draftId);
    if (coming.length === 0) return false;
    const draft = await drafts.get(draftId);
    for (const joined of coming) {
      const file = draft?.files.find(({ ref }) => ref === `${REF}${joined.id}`);
      const isWanted =
        file !== undefined && waits(file) && draft !== undefined && isTheirs(draft, joined.person);
      // One that is just joining may not be in the draft yet.
      if (isWanted || (file === undefined && draft !== undefined && joined.received === 0)) continue;
      if (file !== undefined && joined.source === undefined) await giveUp(joined, endOf(joined));
      else {
        await drop(joined);
        if (joined.source === undefined) await setState(joined, { state: 'refused', problem: endOf(joined) });
      }
    }
    return draft === undefined || draft.submitted !== undefined;
  }

  /** Ends what has not become whole of a ticket. */
  async function endUnfinished(key: string): Promise<void> {
    for (const joined of ofTicket(key).filter(({ source }) => source === undefined))
      await giveUp(joined, endOf(joined));
  }

  /** Finishes what is whole and could not be finished before. */
  async function finishWhole(): Promise<void> {
    for (const joined of active.values()) {
      if (joined.received < joined.bytes || joined.source !== undefined) continue;
      joined.arrival ??= await hold(joined);
      await finish(joined);
    }
  }

  /** Goes on with what was under way of a ticket, as far as its draft wants it. */
  async function resume(key: string, ticket: UploadTicket, draft: Draft | undefined): Promise<void> {
    for (const file of ticket.files) await resumeFile(key, ticket, { file, draft });
  }

  async function resumeFile(
    key: string,
    { draftId, person }: UploadTicket,
    { file, draft }: { file: TicketFile; draft: Draft | undefined },
  ): Promise<void> {
    if (file.state !== 'arriving' && file.state !== 'arrived') return;
    const isWanted = draft?.files.some((one) => one.ref === `${REF}${file.id}` && waits(one)) ?? false;
    if (!isWanted) return;
    const onDisk = await readArrived(file);
    const isWhole = onDisk === file.bytes;
    // Another process may have taken the rest of what has begun to arrive here.
    const isKept = file.state === 'arrived' && !isWhole && (await mediaStore.has(file.source));
    if (isKept) await mediaStore.discardArrival(file.id);
    const received = isKept ? 0 : onDisk;
    const joined = newActive({ ...file, key, draftId, person, received, arrival: undefined });
    active.set(file.id, joined);
    try {
      if (isKept) {
        joined.source = file.source;
        return;
      }
      joined.arrival = await hold(file);
      if (file.state !== 'arrived') return;
      // Whoever had all of it has lost it before it was kept.
      if (!isWhole) return setState(joined, { state: 'arriving' });
      joined.source = await joined.arrival.keep({ ...file.source, extension: EXTENSION });
      joined.arrival = undefined;
    } catch (error) {
      log.warn({ err: error, draftId }, 'An upload waits for room on the disk');
    }
  }

  /** How much of a file has come here before; none of it is of use where that is more than was announced. */
  async function readArrived({ id, bytes }: Pick<TicketFile, 'id' | 'bytes'>): Promise<number> {
    const onDisk = await mediaStore.arrivedBytes(id);
    if (onDisk <= bytes) return onDisk;
    await mediaStore.discardArrival(id);
    return 0;
  }

  function progressed(joined: Active): void {
    const percent = Math.floor((100 * joined.received) / joined.bytes);
    const at = performance.now();
    if (percent === joined.shownPercent || at - joined.shownAt < PROGRESS_EVERY_MS) return;
    joined.shownPercent = percent;
    joined.shownAt = at;
    changed(joined.draftId);
  }

  /**
   * The whole file that a draft's file stands for; undefined for one that comes in another way.
   *
   * @throws UserError `upload_ended`
   */
  function take({ ref, name }: Pick<DraftFile, 'ref' | 'name'>): StoredFile | undefined {
    if (!ref.startsWith(REF)) return undefined;
    const source = activeOf(ref)?.source;
    if (source === undefined) throw new UserError({ code: 'upload_ended', name });
    return source;
  }

  /** Whether a draft's file is still being uploaded. */
  const isArriving = (ref: string): boolean => {
    const joined = activeOf(ref);
    return joined !== undefined && joined.source === undefined;
  };

  /** How far the upload of a draft's file is, from 0 to 1; undefined for what is not being uploaded. */
  function progressOf(ref: string): number | undefined {
    const joined = activeOf(ref);
    return joined === undefined || joined.source !== undefined ? undefined : joined.received / joined.bytes;
  }

  const activeOf = (ref: string): Active | undefined =>
    ref.startsWith(REF) ? active.get(ref.slice(REF.length)) : undefined;

  /** How many files are on their way. */
  const arriving = (): number => [...active.values()].filter(({ source }) => source === undefined).length;

  /** Whole files that no draft may name yet. */
  function* inHand(): Generator<StoredFile> {
    for (const { source } of active.values()) if (source !== undefined) yield source;
  }

  /** How much of a file is on the disk. */
  const receivedOf = (id: string): number => active.get(id)?.received ?? 0;

  /** Whether a part of a file is being received, or it is being finished. */
  const isBusy = (id: string): boolean => active.get(id)?.busy !== undefined;

  /** How much of a ticket is on its way: nothing, or something that is not taken over yet. */
  function stateOfTicket(key: string): 'idle' | 'arriving' | 'whole' {
    const all = ofTicket(key);
    if (all.some(({ source }) => source !== undefined)) return 'whole';
    return all.length > 0 ? 'arriving' : 'idle';
  }

  /** Deletes what a run before has left of files that are no longer on their way. */
  const sweep = (isWanted: (id: string) => boolean = () => false): Promise<void> =>
    mediaStore.sweepArrivals((id) => active.has(id) || isWanted(id));

  return {
    takeParts,
    close,
    end,
    endUnfinished,
    follow,
    finishWhole,
    resume,
    sweep,
    take,
    isArriving,
    progressOf,
    arriving,
    inHand,
    receivedOf,
    isBusy,
    stateOfTicket,
  };
}

class TooLongError extends Error {}

const endOf = ({ name }: Pick<Active, 'name'>): Problem => ({ code: 'upload_ended', name });

function newActive(
  from: Pick<Active, 'id' | 'key' | 'draftId' | 'person' | 'name' | 'bytes' | 'received' | 'arrival'>,
): Active {
  const { id, key, draftId, person, name, bytes, received, arrival } = from;
  return {
    id,
    key,
    draftId,
    person,
    name,
    bytes,
    received,
    arrival,
    hash: received === 0 ? createHash('sha256') : undefined,
    ending: new AbortController(),
    busy: undefined,
    source: undefined,
    shownAt: Number.NEGATIVE_INFINITY,
    shownPercent: -1,
  };
}

/** A file as its draft has it. */
export const draftFile = ({ id, name, bytes }: Pick<TicketFile, 'id' | 'name' | 'bytes'>) => ({
  id,
  name,
  bytes,
  ref: `${REF}${id}`,
});

/** Whether a draft's file is still to be taken over, now or when it is tried again. */
const waits = (file: DraftFile): boolean =>
  file.state === 'waiting' || (file.state === 'refused' && file.retry?.state === 'waiting');

async function hashOf(path: string): Promise<Hash> {
  const hash = createHash('sha256');
  for await (const part of readParts(path)) hash.update(part);
  return hash;
}
