import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { type AttachedFile, type Draft, type DraftFile, isTheirs } from '../compose/draft.ts';
import type { Composer } from '../compose/drafts.ts';
import type { Intake } from '../compose/intake.ts';
import { NoRoomError } from '../media/disk-room.ts';
import { preparingProblem } from '../media/prepare.ts';
import type { Arrival, MediaStore } from '../media/store.ts';
import type { StoredFile } from '../media/types.ts';
import type { ChatRef, Person } from '../people.ts';
import { plainFileName } from '../plain-text.ts';
import { type Problem, UserError } from '../problems.ts';
import { createBlockWriter } from '../storage/block-writer.ts';
import type { Store } from '../storage/database.ts';
import { readParts } from '../storage/read-parts.ts';
import { RecordUnreadableError } from '../storage/unreadable.ts';
import {
  countOfTaken,
  expiryOf,
  isDueForRenewal,
  isShownRefusal,
  MAX_TICKET_FILES,
  newFileId,
  newToken,
  type TicketFile,
  type TicketFileState,
  ticketKey,
  type UploadTicket,
  withBegun,
  withState,
} from './tickets.ts';

/** The page is not open, or not any more, or the file is none of its own: it does not tell which. */
export class UploadGoneError extends Error {
  override name = 'UploadGoneError' as const;
}

/** Nothing is wrong with the upload, but it cannot go on just now. */
export class UploadBusyError extends Error {
  override name = 'UploadBusyError' as const;
}

/** Pages that are open for one person at once. */
const MAX_TICKETS = 10;
/** Files that come through one page at once; all others wait. */
const MAX_AT_ONCE = 3;
const SWEEP_EVERY_MS = 60_000;
const PROGRESS_EVERY_MS = 1_000;
/** What stands before the id of a file in the `ref` of a draft's file. */
const REF = 'upload:';

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

interface OpenTicket {
  readonly key: string;
  ticket: UploadTicket;
  /** Of the draft, also where it has still to begin. */
  readonly of: Pick<Draft, 'author' | 'workspace' | 'chat'>;
}

/** A file as the page shows it, with how much of it is on the disk. */
export type ShownUpload = TicketFile & { readonly received: number };

/** What a page shows. */
export interface UploadPage {
  /** Its first file begins the draft. */
  readonly beginsDraft: boolean;
  readonly expiresAt: number;
  /** Of one file. */
  readonly maxBytes: number;
  readonly files: readonly ShownUpload[];
}

/**
 * The way into a draft by a private page: hands out tickets for it, takes the files in part by part, also over restarts,
 * and gives each to the intake when it is whole.
 *
 * Whoever names a ticket may use it only while its draft is open and theirs and its place may use this Nod.
 */
export function createUploads({
  tickets,
  drafts,
  composer,
  intake,
  mediaStore,
  isAllowed,
  isAbsent,
  changed,
  onBegun,
  neverBegun,
  onEnded = () => {},
  maxBytes,
  now,
  log,
}: {
  tickets: Store<UploadTicket>;
  drafts: Pick<Store<Draft>, 'get'>;
  composer: Pick<Composer, 'attach' | 'beginWith' | 'limitFor'>;
  intake: Pick<Intake, 'work'>;
  mediaStore: Pick<MediaStore, 'holdArrival' | 'arrivedBytes' | 'discardArrival' | 'sweepArrivals' | 'fits'>;
  /** Whether a place may use this Nod. */
  isAllowed: (workspace: string) => Promise<boolean>;
  /** Whether somebody can do nothing with a draft any more. */
  isAbsent: (of: { author: Person; chat: ChatRef }) => Promise<boolean>;
  changed: (draftId: string) => void;
  /** Looks after a draft that has begun with an upload. */
  onBegun: (draft: Draft) => void;
  /** Told of a draft that nobody will begin any more. */
  neverBegun: (draftId: string) => Promise<void>;
  /** Told of each file that is whole, or why it will not be. */
  onEnded?: ((outcome: string) => void) | undefined;
  /** Of one file. */
  maxBytes: number;
  now: () => number;
  log: Logger;
}) {
  const active = new Map<string, Active>();
  /** How many files come through each ticket. */
  const coming = new Map<string, number>();
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();
  let timer: NodeJS.Timeout | undefined;

  /**
   * Opens a page for a draft and returns the secret of its link.
   *
   * @throws UserError `too_many_uploads`
   */
  const issue = ({ id, workspace }: Draft, person: Person): Promise<string> =>
    issueFor({ draftId: id, workspace, person });

  /**
   * The same for a draft that begins with the first file that comes; nothing is left of it where none does.
   *
   * @throws UserError also where one more draft would be more than the limits allow.
   */
  async function issueToBegin(
    draftId: string,
    { workspace, chat, person }: { workspace: string; chat: ChatRef; person: Person },
  ): Promise<string> {
    const problem = await composer.limitFor({ author: person, workspace }, {}, { beginsDraft: true });
    if (problem !== undefined) throw new UserError(problem);
    return issueFor({ draftId, workspace, person, begins: { chat } });
  }

  async function issueFor(
    target: Pick<UploadTicket, 'draftId' | 'workspace' | 'person' | 'begins'>,
  ): Promise<string> {
    const { person } = target;
    const own = await tickets.find({ where: { 'person.id': person.id }, by: 'expiresAt' });
    if (own.length >= MAX_TICKETS) {
      const idle = own.find(([key]) => !isInUse(key));
      if (idle === undefined)
        throw new UserError({ code: 'too_many_uploads', what: 'pages', max: MAX_TICKETS });
      await endTicket(idle[0]);
    }
    const { token, key } = newToken();
    const issuedAt = now();
    const expiresAt = expiryOf(issuedAt, issuedAt);
    const ticket = { ...target, issuedAt, expiresAt, files: [] };
    if ((await tickets.create(key, ticket)) === undefined)
      throw new Error('A fresh secret is taken: the random source repeats itself.');
    return token;
  }

  /** The ticket behind a link, as long as it may be used. */
  async function check(token: string): Promise<OpenTicket> {
    const key = ticketKey(token);
    const ticket = key === undefined ? undefined : await tickets.get(key);
    if (key === undefined || ticket === undefined || ticket.expiresAt <= now()) throw gone();
    if (!(await isAllowed(ticket.workspace))) throw gone();
    const draft = await drafts.get(ticket.draftId);
    if (draft === undefined && ticket.begins !== undefined) {
      const { person: author, workspace, begins } = ticket;
      return { key, ticket, of: { author, workspace, chat: begins.chat } };
    }
    const isOpen = draft !== undefined && draft.submitted === undefined && isTheirs(draft, ticket.person);
    if (!isOpen || draft.workspace !== ticket.workspace) throw gone();
    return { key, ticket, of: draft };
  }

  /** What a page shows; undefined where the link leads nowhere, or not any more. */
  async function look(token: string): Promise<UploadPage | undefined> {
    try {
      const { ticket } = await check(token);
      const { expiresAt, begins, files } = ticket;
      return { beginsDraft: begins !== undefined, expiresAt, maxBytes, files: files.map(shown) };
    } catch (error) {
      if (error instanceof UploadGoneError) return undefined;
      throw error;
    }
  }

  function shown(file: TicketFile): ShownUpload {
    const { received = 0 } = active.get(file.id) ?? {};
    return { ...file, received: file.state === 'arrived' ? file.bytes : received };
  }

  /**
   * Begins a file, of which nothing is kept but its name and size until its first byte comes.
   *
   * @throws UploadGoneError
   * @throws UserError where it is too big, or there is no room for it, or a limit is reached; the draft shows that as well.
   */
  async function begin(token: string, announced: { name: string; bytes: number }): Promise<ShownUpload> {
    const opened = await check(token);
    const { key, ticket, of } = opened;
    if (await isAbsent({ author: ticket.person, chat: of.chat })) throw gone();
    const file = { ...announced, id: newFileId(), name: plainFileName(announced.name) || 'file' };
    const problem = await problemOf(opened, file);
    if (problem !== undefined) {
      await showRefusal(opened, file, problem);
      throw new UserError(problem);
    }
    const saved = await tickets.update(key, (latest) => ({
      ...latest,
      files: withBegun(latest.files, file),
    }));
    if (saved === undefined) throw gone();
    return { ...file, state: 'begun', received: 0 };
  }

  async function problemOf(
    { ticket, of }: OpenTicket,
    file: Pick<TicketFile, 'name' | 'bytes'>,
  ): Promise<Problem | undefined> {
    const { name, bytes } = file;
    if (countOfTaken(ticket) >= MAX_TICKET_FILES)
      return { code: 'too_many_uploads', what: 'files', max: MAX_TICKET_FILES };
    if (bytes === 0) return { code: 'file_empty' };
    if (bytes > maxBytes) return { code: 'upload_too_big', name, bytes, maxBytes };
    const limit = await composer.limitFor(of, { bytes }, { beginsDraft: ticket.begins !== undefined });
    if (limit !== undefined) return limit;
    return (await mediaStore.fits(bytes))
      ? undefined
      : { code: 'upload_no_room', name, reason: 'media_limit' };
  }

  /** A failure to show it changes nothing: whoever uploads is told in any case. */
  async function showRefusal(
    { key, ticket }: OpenTicket,
    file: Pick<TicketFile, 'id' | 'name' | 'bytes'>,
    problem: Problem,
  ): Promise<void> {
    if (!isShownRefusal(ticket, file)) return;
    const { draftId, person, begins } = ticket;
    await tickets.update(key, (latest) => ({
      ...latest,
      files: [...latest.files, { ...file, state: 'refused', problem }],
    }));
    if (begins !== undefined) return;
    await composer
      .attach(draftId, person, { ...draftFile(file), state: 'refused', problem })
      .catch((error) => log.warn({ err: error, draftId }, 'A refusal is not shown on its draft'));
  }

  /** A file of a page, and how much of it is on the disk. */
  async function find(token: string, id: string): Promise<ShownUpload> {
    const { ticket } = await check(token);
    const file = fileOf(ticket, id);
    if (file.state === 'refused') throw gone();
    return shown(file);
  }

  /**
   * Takes the next part of a file in, for as long as its source yields, and returns how much of it is on the disk then.
   * A source that breaks off leaves what has come; it may go on from there.
   *
   * @throws UploadGoneError
   * @throws UploadBusyError
   * @throws UserError where there is no room for it, or more comes than was announced; that ends it.
   */
  function receive(token: string, id: string, source: Readable): Promise<number> {
    const received = receiveNow(token, id, source).finally(() => running.delete(received));
    running.add(received);
    return received;
  }

  async function receiveNow(token: string, id: string, source: Readable): Promise<number> {
    if (stopping.signal.aborted) throw stopped();
    const opened = await check(token);
    const file = fileOf(opened.ticket, id);
    if (file.state === 'arrived') return file.bytes;
    if (file.state === 'refused') throw gone();
    const { key } = opened;
    const others = coming.get(key) ?? 0;
    if (others >= MAX_AT_ONCE || active.get(id)?.busy !== undefined)
      throw new UploadBusyError('Too many at once.');
    coming.set(key, others + 1);
    try {
      await renew(opened);
      return await takeParts(opened, file, source);
    } finally {
      const left = (coming.get(key) ?? 1) - 1;
      if (left > 0) coming.set(key, left);
      else coming.delete(key);
    }
  }

  /** The first byte makes it a file of the draft, and of the disk. */
  async function takeParts(opened: OpenTicket, file: TicketFile, source: Readable): Promise<number> {
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
    opened: OpenTicket,
    joined: Active,
    { first, parts, source }: { first: Uint8Array; parts: AsyncIterator<Uint8Array>; source: Readable },
  ): Promise<{ error: unknown } | undefined> {
    const end = AbortSignal.any([joined.ending.signal, stopping.signal]);
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

  async function join({ key, ticket }: OpenTicket, file: TicketFile): Promise<Active> {
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
      await putIntoDraft(key, { ...draftFile(file), state: 'waiting' });
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

  /** The first file of a ticket may begin its draft; a draft that has begun and is gone does not begin once more. */
  async function putIntoDraft(key: string, file: AttachedFile): Promise<void> {
    const ticket = await tickets.get(key);
    if (ticket === undefined) throw gone();
    const { draftId, workspace, person, begins } = ticket;
    if (begins === undefined) {
      await composer.attach(draftId, person, file);
      return;
    }
    const draft = await composer.beginWith(draftId, { workspace, chat: begins.chat, person }, file);
    await noteBegun(draftId);
    onBegun(draft);
  }

  /** An event that was handled twice has made two tickets for the same draft. */
  async function noteBegun(draftId: string): Promise<void> {
    for (const [key] of await tickets.find({ where: { draftId } }))
      await tickets.update(key, ({ begins: _, ...latest }) => latest);
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
    opened: OpenTicket,
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
      await renew(opened);
      progressed(joined);
    });
    let comes = joined.received;
    try {
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
  async function close(token: string, id: string): Promise<void> {
    const { key, ticket } = await check(token);
    const joined = active.get(fileOf(ticket, id).id);
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
  }

  async function goOn(draftId: string): Promise<void> {
    const draft = await drafts.get(draftId);
    if (draft !== undefined) intake.work(draft);
    changed(draftId);
  }

  /** Ends a file that is not whole: its person does not want it any more, or it cannot become what was announced. */
  async function abandon(
    token: string,
    id: string,
    code: 'upload_ended' | 'upload_wrong_length' = 'upload_ended',
  ): Promise<void> {
    const { key, ticket } = await check(token);
    const file = fileOf(ticket, id);
    if (file.state === 'arrived') throw gone();
    const joined = active.get(id);
    if (joined !== undefined) return giveUp(joined, { code, name: file.name });
    await tickets.update(key, (latest) => ({
      ...latest,
      files: latest.files.filter((one) => one.id !== id || one.state !== 'begun'),
    }));
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

  async function renew(opened: OpenTicket): Promise<void> {
    if (!isDueForRenewal(opened.ticket, now())) return;
    const renewed = await tickets.update(opened.key, (latest) => ({
      ...latest,
      expiresAt: expiryOf(latest.issuedAt, now()),
    }));
    opened.ticket = renewed ?? opened.ticket;
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

  /** Ends what a draft that has changed does not want any more: a file, or all of them. */
  async function follow(draftId: string): Promise<void> {
    const ofDraft = [...active.values()].filter((joined) => joined.draftId === draftId);
    if (ofDraft.length === 0) return;
    const draft = await drafts.get(draftId);
    for (const joined of ofDraft) {
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
    if (draft === undefined || draft.submitted !== undefined) await endTicketsOf(draftId);
  }

  async function endTicketsOf(draftId: string): Promise<void> {
    for (const [key] of await tickets.find({ where: { draftId } })) await tickets.delete(key);
  }

  async function endTicket(key: string): Promise<void> {
    for (const joined of [...active.values()].filter((one) => one.key === key && one.source === undefined))
      await giveUp(joined, endOf(joined));
    const ticket = await tickets.get(key);
    if (ticket?.begins !== undefined) {
      const { draftId } = ticket;
      const others = (await tickets.find({ where: { draftId } })).length - 1;
      if (others === 0) await neverBegun(draftId);
    }
    await tickets.delete(key);
  }

  /** Somebody has something under way through it. */
  const isInUse = (key: string): boolean =>
    coming.has(key) || [...active.values()].some((joined) => joined.key === key);

  /** Ends tickets whose time is over, with all that has not become whole. */
  async function expire(): Promise<void> {
    for (const [key] of await tickets.find({ by: 'expiresAt', below: now() + 1 })) {
      // What is whole is taken over first.
      if (![...active.values()].some((joined) => joined.key === key && joined.source !== undefined))
        await endTicket(key);
    }
    for (const joined of active.values()) {
      if (joined.received < joined.bytes || joined.source !== undefined) continue;
      joined.arrival ??= await hold(joined);
      await finish(joined);
    }
  }

  /** Goes on with what was under way; before the intake looks at the drafts. */
  async function resume(): Promise<void> {
    for await (const [key, ticket] of tickets.entries()) {
      // A crash may have come between the begin of its draft and the note of that.
      if (ticket.begins !== undefined && (await readDraft(ticket.draftId)) !== undefined)
        await noteBegun(ticket.draftId);
      if (ticket.expiresAt <= now()) await endTicket(key);
      else for (const file of ticket.files) await resumeFile(key, ticket, file);
    }
    await mediaStore.sweepArrivals((id) => active.has(id));
  }

  async function resumeFile(key: string, ticket: UploadTicket, file: TicketFile): Promise<void> {
    if (file.state !== 'arriving' && file.state !== 'arrived') return;
    const { draftId, person } = ticket;
    const draft = await readDraft(draftId);
    const isWanted = draft?.files.some((one) => one.ref === `${REF}${file.id}` && waits(one)) ?? false;
    if (!isWanted) return;
    const received = Math.min(await mediaStore.arrivedBytes(file.id), file.bytes);
    const joined = newActive({ ...file, key, draftId, person, received, arrival: undefined });
    active.set(file.id, joined);
    try {
      const isKept = file.state === 'arrived' && received === 0;
      joined.arrival = isKept ? undefined : await hold(file);
      if (file.state !== 'arrived') return;
      joined.source = (await joined.arrival?.keep({ ...file.source, extension: EXTENSION })) ?? file.source;
      joined.arrival = undefined;
    } catch (error) {
      log.warn({ err: error, draftId }, 'An upload waits for room on the disk');
    }
  }

  /** A draft that cannot be read wants no file, and keeps Nod from nothing else. */
  async function readDraft(draftId: string): Promise<Draft | undefined> {
    try {
      return await drafts.get(draftId);
    } catch (error) {
      if (!(error instanceof RecordUnreadableError)) throw error;
      return undefined;
    }
  }

  /** Resumes, and from then on ends what is over. */
  async function start(): Promise<void> {
    await resume();
    timer = setInterval(() => {
      expire().catch((error) => log.error({ err: error }, 'Uploads that are over could not be ended'));
    }, SWEEP_EVERY_MS);
  }

  /** Breaks off what is being received, which may go on after the next start. */
  async function stop(): Promise<void> {
    clearInterval(timer);
    stopping.abort(stopped());
    await Promise.allSettled(running);
  }

  return {
    /** Of one file. */
    maxBytes,
    issue,
    issueToBegin,
    look,
    begin,
    find,
    receive,
    close,
    abandon,
    take,
    isArriving,
    progressOf,
    arriving,
    inHand,
    follow,
    expire,
    start,
    stop,
  };
}

export type Uploads = ReturnType<typeof createUploads>;

const EXTENSION = 'bin';

class TooLongError extends Error {}

const gone = () => new UploadGoneError('There is no such upload, or not any more.');
const stopped = () => new UploadBusyError('Nod stops; the upload can go on after its start.');
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

function fileOf({ files }: UploadTicket, id: string): TicketFile {
  const file = files.find((one) => one.id === id);
  if (file === undefined) throw gone();
  return file;
}

/** As the draft has it. */
const draftFile = ({ id, name, bytes }: Pick<TicketFile, 'id' | 'name' | 'bytes'>) => ({
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
