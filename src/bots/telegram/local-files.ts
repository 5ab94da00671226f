import { constants, type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { ChatUnreachableError } from '../platform.ts';

/** A file whose end comes must not be waited for, and neither must a pipe. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a file of a Bot API server that runs with `--local` and names it by its absolute path
 * (https://core.telegram.org/bots/api#using-a-local-bot-api-server), in the folder of which we see the server's files.
 *
 * The server keeps the files of a bot below a folder that is named like its token, so no error has a path. Nothing outside of
 * the shared folder is opened, whatever the server says and whatever stands there.
 */
export async function openLocalFile(
  path: string,
  { directory, token }: { directory: string; token: string },
): Promise<Readable> {
  const inside = pathOfBot(path, token);
  if (inside === undefined)
    throw new ChatUnreachableError('The Bot API server names a file that is none of this bot’s.');
  const root = await realpath(directory).catch(unreadable);
  const real = await realpath(join(root, inside)).catch(unreadable);
  if (!real.startsWith(root + sep))
    throw new ChatUnreachableError('The Bot API server names a file outside of TELEGRAM_FILES_DIR.');
  const handle = await open(real, FLAGS).catch(unreadable);
  try {
    await checkSame(handle, join(root, inside), root);
    return handle.createReadStream();
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Whether the server answers with a path of its own disk. */
export const isLocalPath = (path: string): boolean => path.startsWith('/');

/** A path from the folder of the bot on, whatever the root of the server is called. */
function pathOfBot(path: string, token: string): string | undefined {
  const parts = path.split('/');
  const start = parts.lastIndexOf(token);
  const inside = start === -1 ? [] : parts.slice(start);
  return inside.length < 2 || inside.includes('..') || path.includes('\0') ? undefined : join(...inside);
}

/** What was opened is a file, and still what stands inside: a link may have taken the place of a folder meanwhile. */
async function checkSame(handle: FileHandle, path: string, root: string): Promise<void> {
  const opened = await handle.stat();
  const real = await realpath(path).catch(unreadable);
  const there = await stat(real).catch(unreadable);
  const isSame = opened.ino === there.ino && opened.dev === there.dev && real.startsWith(root + sep);
  if (!opened.isFile() || !isSame)
    throw new ChatUnreachableError('What the Bot API server names is no file in TELEGRAM_FILES_DIR.');
}

/** The system's code and nothing else: its message has the path. */
function unreadable(error: NodeJS.ErrnoException): never {
  throw new ChatUnreachableError(
    `A file of the Bot API server cannot be read in TELEGRAM_FILES_DIR (${error.code ?? 'unknown'}).`,
  );
}
