import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { type AttachedFile, type Draft, isTheirs } from '../compose/draft.ts';
import type { Composer } from '../compose/drafts.ts';
import type { Intake } from '../compose/intake.ts';
import type { MediaStore } from '../media/store/store.ts';
import type { ChatRef, Person } from '../people.ts';
import { plainFileName } from '../plain-text.ts';
import { type Problem, UserError } from '../problems.ts';
import type { Store } from '../storage/database.ts';
import { RecordUnreadableError } from '../storage/store.ts';
import { createArrivals, draftFile } from './arrivals.ts';
import {
  countOfTaken,
  expiryOf,
  fileOf,
  gone,
  isDueForRenewal,
  isShownRefusal,
  MAX_TICKET_FILES,
  newFileId,
  newToken,
  type TicketFile,
  ticketKey,
  UploadGoneError,
  type UploadTicket,
  withBegun,
} from './tickets.ts';

/** Nothing is wrong with the upload, but it cannot go on just now. */
export class UploadBusyError extends Error {
  override name = 'UploadBusyError' as const;
}

/** Pages that are open for one person at once. */
const MAX_TICKETS = 10;
/** Files that come through one page at once; all others wait. */
const MAX_AT_ONCE = 3;
const SWEEP_EVERY_MS = 60_000;
/** What a process that does not lead has of uploads hurts nobody but its disk. */
const SWEEP_STANDING_BY_MS = 3_600_000;

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
  onWhole,
  onEnded = () => {},
  maxBytes,
  now,
  log,
}: {
  tickets: Store<UploadTicket>;
  drafts: Pick<Store<Draft>, 'get'>;
  composer: Pick<Composer, 'attach' | 'beginWith' | 'limitFor'>;
  intake: Pick<Intake, 'work'>;
  mediaStore: Pick<
    MediaStore,
    'holdArrival' | 'arrivedBytes' | 'discardArrival' | 'sweepArrivals' | 'has' | 'fits'
  >;
  /** Whether a place may use this Nod. */
  isAllowed: (workspace: string) => Promise<boolean>;
  /** Whether somebody can do nothing with a draft any more. */
  isAbsent: (of: { author: Person; chat: ChatRef }) => Promise<boolean>;
  changed: (draftId: string) => void;
  /** Looks after a draft that has begun with an upload. */
  onBegun: (draft: Draft) => void;
  /** Told of a draft that nobody will begin any more. */
  neverBegun: (draftId: string) => Promise<void>;
  /** Told of the draft of each file that is whole; it must not throw. */
  onWhole: (draftId: string) => void;
  /** Told of each file that is whole, or why it will not be. */
  onEnded?: ((outcome: string) => void) | undefined;
  /** Of one file. */
  maxBytes: number;
  now: () => number;
  log: Logger;
}) {
  /** How many files come through each ticket. */
  const coming = new Map<string, number>();
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();
  const arrivals = createArrivals({
    tickets,
    drafts,
    composer,
    intake,
    mediaStore,
    attach: putIntoDraft,
    changed,
    onWhole,
    onEnded,
    stopping: stopping.signal,
    log,
  });
  const { take, isArriving, progressOf, arriving, inHand } = arrivals;
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
    return { ...file, received: file.state === 'arrived' ? file.bytes : arrivals.receivedOf(file.id) };
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
    if (others >= MAX_AT_ONCE || arrivals.isBusy(id)) throw new UploadBusyError('Too many at once.');
    coming.set(key, others + 1);
    try {
      await renew(opened);
      const renewThis = () => renew(opened);
      return await arrivals.takeParts({ key, ticket: opened.ticket, renew: renewThis }, file, source);
    } finally {
      const left = (coming.get(key) ?? 1) - 1;
      if (left > 0) coming.set(key, left);
      else coming.delete(key);
    }
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
    const { chat } = begins;
    if (await isAbsent({ author: person, chat })) throw gone();
    const draft = await composer.beginWith(draftId, { workspace, chat, person }, file);
    await noteBegun(draftId);
    onBegun(draft);
  }

  /** An event that was handled twice has made two tickets for the same draft. */
  async function noteBegun(draftId: string): Promise<void> {
    for (const [key] of await tickets.find({ where: { draftId } }))
      await tickets.update(key, ({ begins: _, ...latest }) => latest);
  }

  /** Says that a file whose size was only bounded is whole with what has come. */
  async function close(token: string, id: string): Promise<void> {
    const { key, ticket } = await check(token);
    await arrivals.close({ key, id: fileOf(ticket, id).id });
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
    if (await arrivals.end(id, { code, name: file.name })) return;
    await tickets.update(key, (latest) => ({
      ...latest,
      files: latest.files.filter((one) => one.id !== id || one.state !== 'begun'),
    }));
  }

  async function renew(opened: OpenTicket): Promise<void> {
    if (!isDueForRenewal(opened.ticket, now())) return;
    const renewed = await tickets.update(opened.key, (latest) => ({
      ...latest,
      expiresAt: expiryOf(latest.issuedAt, now()),
    }));
    opened.ticket = renewed ?? opened.ticket;
  }

  /** Ends what a draft that has changed does not want any more: a file, or all of them. */
  async function follow(draftId: string): Promise<void> {
    if (await arrivals.follow(draftId)) await endTicketsOf(draftId);
  }

  async function endTicketsOf(draftId: string): Promise<void> {
    for (const [key] of await tickets.find({ where: { draftId } })) await tickets.delete(key);
  }

  async function endTicket(key: string): Promise<void> {
    await arrivals.endUnfinished(key);
    const ticket = await tickets.get(key);
    if (ticket?.begins !== undefined) {
      const { draftId } = ticket;
      const others = (await tickets.find({ where: { draftId } })).length - 1;
      if (others === 0) await neverBegun(draftId);
    }
    await tickets.delete(key);
  }

  /** Somebody has something under way through it. */
  const isInUse = (key: string): boolean => coming.has(key) || arrivals.stateOfTicket(key) !== 'idle';

  /** Ends tickets whose time is over, with all that has not become whole. */
  async function expire(): Promise<void> {
    for (const [key] of await tickets.find({ by: 'expiresAt', below: now() + 1 })) {
      // What is whole is taken over first.
      if (arrivals.stateOfTicket(key) !== 'whole') await endTicket(key);
    }
    await arrivals.finishWhole();
  }

  /** Goes on with what was under way; before the intake looks at the drafts. */
  async function resume(): Promise<void> {
    for await (const [key, ticket] of tickets.entries()) {
      const draft = await readDraft(ticket.draftId);
      // A crash may have come between the begin of its draft and the note of that.
      if (ticket.begins !== undefined && draft !== undefined) await noteBegun(ticket.draftId);
      if (ticket.expiresAt <= now()) await endTicket(key);
      else await arrivals.resume(key, ticket, draft);
    }
    await arrivals.sweep();
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

  /** While another process leads: deletes what had come here of files that nobody goes on with from here, now and every hour. */
  async function standBy(): Promise<void> {
    const sweep = () =>
      sweepStandingBy().catch((error) =>
        log.warn({ err: error }, 'Parts of uploads that are over stay for now'),
      );
    timer = setInterval(() => void sweep(), SWEEP_STANDING_BY_MS);
    await sweep();
  }

  async function sweepStandingBy(): Promise<void> {
    const wanted = new Set<string>();
    for await (const [, { files }] of tickets.entries())
      for (const file of files) {
        // The store is asked only about what lies here.
        const isLost =
          file.state === 'arrived' &&
          (await mediaStore.arrivedBytes(file.id)) > 0 &&
          !(await mediaStore.has(file.source));
        if (file.state === 'arriving' || isLost) wanted.add(file.id);
      }
    await arrivals.sweep((id) => wanted.has(id));
  }

  /** Resumes, and from then on ends what is over. */
  async function start(): Promise<void> {
    clearInterval(timer);
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
    standBy,
    start,
    stop,
  };
}

export type Uploads = ReturnType<typeof createUploads>;

const stopped = () => new UploadBusyError('Nod stops; the upload can go on after its start.');
