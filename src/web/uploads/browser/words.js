/** The sentences that the page's script says itself; those of the server come as they are. */

/**
 * `1.5 GB`, `20 MB`, `310 KB`; the server writes it with this, too.
 *
 * @param {number} bytes
 */
export function sizeText(bytes) {
  const units = ['B', 'KB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`;
}

/**
 * What lies in the buffers of the browser counts as sent, so it is never all of it.
 *
 * @param {number} sent
 * @param {number} bytes
 */
export const percentOf = (sent, bytes) => Math.min(99, Math.floor((100 * sent) / bytes));

/**
 * `34 % of 1.2 GB · 5.2 MB/s · 3 min left`.
 *
 * @param {{ sent: number, bytes: number, speed: number | undefined }} progress `speed` in bytes per second
 */
export function progressText({ sent, bytes, speed }) {
  if (sent >= bytes) return 'All of it is sent; the server is checking it';
  const parts = [`${percentOf(sent, bytes)} % of ${sizeText(bytes)}`];
  if (speed !== undefined && speed >= 1)
    parts.push(`${sizeText(speed)}/s`, `${timeText((bytes - sent) / speed)} left`);
  return parts.join(' · ');
}

/** @param {number} seconds */
function timeText(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds / 5) * 5)} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/**
 * @param {number} here
 * @param {number} chosen
 */
export function doneText(here, chosen) {
  if (here < chosen) return `The chat has ${here} of ${chosen} files.`;
  return here === 1 ? 'The chat has your file.' : `The chat has all ${here} files.`;
}

export const GONE =
  'This link has run out, or its draft was posted or discarded. For a new one press “Add a big file” on the card in the chat, or use the command “upload” there.';
export const ENDED = 'This upload was ended, so nothing of it is kept.';
export const UNREADABLE = 'Your device does not give this file to the browser (any more). Choose it again.';
export const EMPTY = 'The file is empty. Choose another one.';
export const OFFLINE = 'No connection; it goes on by itself';
export const BUSY = 'The server does not answer; it goes on by itself';

/**
 * @param {number} bytes
 * @param {number} maxBytes
 */
export const tooBig = (bytes, maxBytes) =>
  `The file has ${sizeText(bytes)}, more than the ${sizeText(maxBytes)} that is taken here. Choose a smaller export.`;

/**
 * What a server refuses with, in its own words where they are Nod's; a proxy in between answers with a page.
 *
 * @param {number} status
 * @param {string} body
 */
export function refusedWith(status, body) {
  const isSentence = body.length > 0 && body.length < 400 && !/[<>{}]/.test(body);
  if (isSentence) return body;
  if (status === 413)
    return 'Something between you and Nod lets no part of this size through. Tell the operator of this Nod.';
  return `The server refused the file (${status}). Try again, or tell the operator of this Nod.`;
}
