import { statSync } from 'node:fs';

/** What keeps Nod from starting, in one sentence for its operator that says what to do. */
export class StartError extends Error {
  override name = 'StartError' as const;
}

/** The sentence for what the system says of a file or a folder; undefined where it is none that an operator can mend. */
export function diskProblem(error: unknown, path: string): StartError | undefined {
  const says = sentenceFor(codeOf(error), path);
  return says === undefined ? undefined : new StartError(says, { cause: error });
}

/** SQLite's last one is for its shared memory, a file that cannot grow. */
const FULL: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'SQLITE_FULL',
  'SQLITE_IOERR_SHMSIZE',
  'REDIS_FULL',
]);

/** Whether a code of the system's or of a database says that there is no room. */
export const isFullDisk = (code: string): boolean => FULL.has(code);

function sentenceFor(code: string, path: string): string | undefined {
  if (code === 'EACCES' || code === 'EPERM') return notAllowed(path);
  if (code === 'EROFS' || code === 'SQLITE_READONLY')
    return `Nod cannot write to ${path}, because its disk is read-only: make it writable, or set DATA_DIR to a folder on another disk.`;
  if (isFullDisk(code))
    return `Nod cannot write to ${path}, because its disk is full: free some space there, then start Nod again.`;
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return `${path} is not a folder: set DATA_DIR to a folder, or to the name of one that Nod can make.`;
  if (code === 'SQLITE_IOERR_LOCK')
    return `${path} is on a disk that knows no locks, as some network drives: set DATA_DIR to a folder on a disk of this machine.`;
  if (code === 'EIO' || code.startsWith('SQLITE_IOERR'))
    return `The disk of ${path} has an error (${code}): check the disk, then restore a backup where the file is damaged.`;
  if (code === 'SQLITE_CANTOPEN')
    return `Nod cannot open ${path}: it has to be a file that Nod may read and write, in a folder where it may make files.`;
  if (code.startsWith('SQLITE_READONLY')) return notAllowed(path);
  return undefined;
}

/** Who owns it is the usual reason: it was made by another user, or by root. */
function notAllowed(path: string): string {
  const uid = process.getuid?.();
  const owner = ownerOf(path);
  const isOthers = uid !== undefined && owner !== undefined && owner !== uid;
  return isOthers
    ? `Nod runs as user ${uid} and may not use ${path}, which belongs to user ${owner}: run "chown -R ${uid} ${path}" as root, or start Nod as user ${owner}.`
    : `Nod may not use ${path}: run "chmod -R u+rwX ${path}", or set DATA_DIR to a folder where Nod may write.`;
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

/** The code of an error of the system's or of a database; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
