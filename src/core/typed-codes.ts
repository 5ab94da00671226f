import { createHash, randomInt } from 'node:crypto';

// Codes that people read in one place and type in another: for joining chats, and for claiming Nod.

const LENGTH = 8;
/** Nothing that looks like something else: no 0 and O, no 1, I and L. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';

/** 39 bits, such as `K7QM-2F4D`. */
export function newCode(): string {
  const symbols = Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
  return `${symbols.slice(0, LENGTH / 2)}-${symbols.slice(LENGTH / 2)}`;
}

/** What of a text could be the code: people type it small, with spaces, with another dash, or copy its marks along. */
export const symbolsOf = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]/g, '');

/** The SHA-256 under which a code is known, however it was typed; hex. */
export const digestOf = (text: string): string => createHash('sha256').update(symbolsOf(text)).digest('hex');
