import { createHash, randomBytes } from 'node:crypto';
import type { StoredFile } from '../media/types.ts';
import type { ChatRef, Person } from '../people.ts';
import type { Problem } from '../problems.ts';
import type { Versioned } from '../storage/database.ts';

/**
 * Lets one person add files to one draft by the page behind a link; its key is the SHA-256 of the secret in the link, which
 * itself is kept nowhere.
 */
export interface UploadTicket extends Versioned {
  readonly draftId: string;
  /** Where its first file begins the draft; absent once there is one. */
  readonly begins?: { readonly chat: ChatRef } | undefined;
  readonly workspace: string;
  readonly person: Person;
  readonly issuedAt: number;
  /** Moves on while files come through it, up to a day after it was issued. */
  readonly expiresAt: number;
  /** In the order in which they were begun. */
  readonly files: readonly TicketFile[];
}

/** A file on its way through an upload page. */
export type TicketFile = {
  /** 16 letters, digits, `-` and `_`. */
  readonly id: string;
  readonly name: string;
  /** As announced. */
  readonly bytes: number;
} & TicketFileState;

export type TicketFileState =
  /** Nothing of it has come: neither the disk nor the draft knows of it. */
  | { readonly state: 'begun' }
  /** A file of the draft since its first byte. How much has come is the size of the file on the disk. */
  | { readonly state: 'arriving' }
  /** All of it is on the disk, maybe still under the name under which it arrived. */
  | { readonly state: 'arrived'; readonly source: StoredFile }
  | { readonly state: 'refused'; readonly problem: Problem };

/** The page is not open, or not any more, or the file is none of its own: it does not tell which. */
export class UploadGoneError extends Error {
  override name = 'UploadGoneError' as const;
}

const LIFE_MS = 60 * 60_000;
const MAX_LIFE_MS = 24 * LIFE_MS;
/** Files of which nothing has come; then the oldest of them is forgotten. */
const MAX_BEGUN = 40;
/** Files that have come, or were refused. */
export const MAX_TICKET_FILES = 100;
/** Refusals that are shown in the chat as well; a file may be tried again and again. */
const MAX_SHOWN_REFUSALS = 10;
/** 192 bits. */
const TOKEN_BYTES = 24;
const TOKEN = /^[\w-]{32}$/;
const ID_BYTES = 12;

/** A secret for a link, and the key under which its ticket is kept. */
export function newToken(): { token: string; key: string } {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, key: keyOf(token) };
}

/** The key of the ticket that a link names; undefined for what no link of ours says. */
export const ticketKey = (token: string): string | undefined =>
  TOKEN.test(token) ? keyOf(token) : undefined;

const keyOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** The id of a file, which nobody can guess. */
export const newFileId = (): string => randomBytes(ID_BYTES).toString('base64url');

/** Until when a ticket is good that is issued now, or used now. */
export const expiryOf = (issuedAt: number, now: number): number =>
  Math.min(now + LIFE_MS, issuedAt + MAX_LIFE_MS);

/** Whether a ticket that is used has to be written down as good for longer: not at each of many small steps. */
export const isDueForRenewal = ({ issuedAt, expiresAt }: UploadTicket, now: number): boolean =>
  expiryOf(issuedAt, now) - expiresAt >= LIFE_MS / 12;

/** The files with one more, of which nothing has come yet. */
export function withBegun(
  files: readonly TicketFile[],
  file: Omit<TicketFile, 'state'>,
): readonly TicketFile[] {
  const begun = files.filter(({ state }) => state === 'begun');
  const oldest = begun.length >= MAX_BEGUN ? begun[0] : undefined;
  return [...files.filter((one) => one !== oldest), { ...file, state: 'begun' }];
}

/** How many files of a ticket have come, or were refused. */
export const countOfTaken = ({ files }: Pick<UploadTicket, 'files'>): number =>
  files.filter(({ state }) => state !== 'begun').length;

/** Whether a refusal is shown in the chat, too: not twice for the same, and not without end. */
export function isShownRefusal(
  { files }: Pick<UploadTicket, 'files'>,
  file: Pick<TicketFile, 'name' | 'bytes'>,
): boolean {
  const refused = files.filter(({ state }) => state === 'refused');
  return (
    refused.length < MAX_SHOWN_REFUSALS &&
    !refused.some(({ name, bytes }) => name === file.name && bytes === file.bytes)
  );
}

/** The files with one of them in another state. */
export const withState = (
  files: readonly TicketFile[],
  id: string,
  state: TicketFileState,
): readonly TicketFile[] =>
  files.map((file) => (file.id === id ? { id, name: file.name, bytes: file.bytes, ...state } : file));

/** For a link or a file that leads nowhere, or not any more. */
export const gone = (): UploadGoneError => new UploadGoneError('There is no such upload, or not any more.');

/**
 * A file of a ticket.
 *
 * @throws UploadGoneError
 */
export function fileOf({ files }: UploadTicket, id: string): TicketFile {
  const file = files.find((one) => one.id === id);
  if (file === undefined) throw gone();
  return file;
}
