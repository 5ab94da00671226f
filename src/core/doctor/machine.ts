import { access, constants } from 'node:fs/promises';
import { Client } from 'undici';
import { readDiskUse } from '../media/store/disk-room.ts';
import { codeOf } from '../start-error.ts';
import { type Finding, ok, toDo, unknown } from './check.ts';

/** The signal is sooner. */
const TIMEOUT_MS = 60_000;
/** TikTok's webhooks are refused that are five minutes off, and its `Date` is one of whole seconds. */
const MAX_SKEW_MS = 60_000;
/** The disk is looked at before nothing fits any more. */
const LOW = 2;
const NEARLY_ALL = 0.95;

/** Where the data are and how much the media may take. */
export interface DiskParts {
  /** The data folder. */
  readonly folder: string;
  /** The one for media, in it. */
  readonly media: string;
  readonly mediaLimitBytes: number;
}

/** Whether files have room, and can be written. */
export async function checkDisk({ folder, media, mediaLimitBytes }: DiskParts): Promise<Finding> {
  const denied = await access(folder, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => undefined,
    codeOf,
  );
  if (denied === 'ENOENT') return unknown(`${folder} is made at the first start`);
  if (denied !== undefined)
    return toDo(`Nod may not write to ${folder} (${denied}): give the folder to the user that runs Nod.`);
  const { freeBytes, reserveBytes, mediaBytes } = await readDiskUse({ disk: folder, folder: media });
  const free = gigabytes(freeBytes);
  if (freeBytes < reserveBytes * LOW)
    return toDo(
      `The disk of ${folder} has ${free} left, and Nod keeps ${gigabytes(reserveBytes)} free: free some space there.`,
    );
  if (mediaBytes > mediaLimitBytes * NEARLY_ALL)
    return toDo(
      `Media take ${gigabytes(mediaBytes)} of the ${gigabytes(mediaLimitBytes)} of MEDIA_LIMIT_GB: set it higher, or discard drafts.`,
    );
  return ok(`${free} free, media take ${gigabytes(mediaBytes)}`);
}

/** Whether TikTok is to be reached, and the clock of this machine agrees with its own. */
export async function checkClock(
  { apiUrl, now }: { apiUrl: string; now: () => number },
  { signal }: { signal: AbortSignal },
): Promise<Finding> {
  const { origin, host, pathname: path } = new URL(apiUrl);
  const client = new Client(origin, {
    connect: { timeout: TIMEOUT_MS },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    allowH2: false,
  });
  try {
    const begun = now();
    const { headers, body } = await client.request({ method: 'HEAD', path, signal });
    await body.dump();
    const theirs = Date.parse(String(headers.date));
    if (Number.isNaN(theirs)) return unknown(`${host} did not tell the time`);
    const skewMs = (begun + now()) / 2 - theirs;
    if (Math.abs(skewMs) <= MAX_SKEW_MS) return ok(`agrees with that of ${host}`);
    return toDo(
      `The clock of this machine is ${durationOf(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} TikTok’s: set it, such as with “timedatectl set-ntp true”.`,
    );
  } catch {
    return toDo(
      `${host} does not answer: let this machine reach it on port 443, through its firewall and its proxy.`,
    );
  } finally {
    void client.destroy().catch(() => {});
  }
}

const gigabytes = (bytes: number): string =>
  bytes < 1e8 ? `${Math.round(bytes / 1e5) / 10} MB` : `${Math.round(bytes / 1e8) / 10} GB`;

function durationOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return minutes === 1 ? '1 minute' : `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
