import { StartError } from '../../start-error.ts';
import { CURRENT } from './scripts.ts';

/** What the records are in while they are moved to Redis: incomplete, then complete but still in the file as well. */
export const ARRIVING = 'arriving';
export const ARRIVED = 'arrived';
/** And while they are moved away. */
export const LEAVING = 'leaving';

/** Why Nod does not start on records in such a state. */
export function stateProblem(state: string, host: string): StartError {
  if ([ARRIVING, ARRIVED, LEAVING].includes(state))
    return new StartError(
      `The records in Redis at ${host} are being moved, or the move was ended before its end: wait for it, or run the same "npm run move" again.`,
    );
  return new StartError(
    `Redis at ${host} was written by a newer Nod: its records have version ${state}, and this Nod knows ${CURRENT}. Install the newer Nod again, or restore the copy of Redis from before it.`,
  );
}
