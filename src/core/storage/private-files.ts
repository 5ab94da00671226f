import { chmodSync, statSync } from 'node:fs';
import { StartError } from '../start-error.ts';

/** Takes a file or a folder from everybody but its owner; one that is not there is fine. */
export function makePrivate(path: string): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) === 0) return;
  try {
    chmodSync(path, mode & 0o700);
  } catch (cause) {
    throw new StartError(
      `Others may read ${path}, and Nod cannot change that: run "chmod go-rwx ${path}" as the user whose it is.`,
      { cause },
    );
  }
}
