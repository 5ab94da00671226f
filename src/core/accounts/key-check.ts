import type { Logger } from 'pino';
import { StartError } from '../start-error.ts';
import type { Store } from '../storage/database.ts';
import { createSecrets, readKeyFile, readOrMakeKey } from '../storage/secrets.ts';
import type { Account } from './accounts.ts';

/** How to go on without it. */
const ANEW =
  'if it is lost, start Nod once with "npm start -- --new-key": each place is told then to connect its accounts again';

/**
 * The key for tokens, `configured` or from its file; where there are no tokens yet, a new one is made.
 *
 * With `isNewKeyWanted` accounts whose tokens it does not open count as lost, and their places are told. Where it opens
 * some of them, it is the right key, and the others are lost as well.
 *
 * @throws StartError where the key is missing or another one than that of the tokens.
 */
export async function findKey({
  accounts,
  configured,
  file,
  isNewKeyWanted,
  log,
}: {
  accounts: Store<Account>;
  configured: string | undefined;
  file: string;
  isNewKeyWanted: boolean;
  log: Logger;
}): Promise<string> {
  const key = configured ?? readKeyFile(file);
  const sealed = await readSealed(accounts);
  const closed = key === undefined ? sealed : closedTo(key, sealed);
  const problem = await wrongKey({ accounts, key, configured, file, readKeyFile });
  if (problem !== undefined && !isNewKeyWanted) throw new StartError(problem);
  const found = key ?? readOrMakeKey(file);
  for (const { openId } of closed) {
    log.warn(
      { openId },
      'The tokens of an account were encrypted with another key; its places are told to connect it again',
    );
    await accounts.update(openId, (account) => ({ ...account, expired: true, keeping: { owes: 'locked' } }));
  }
  return found;
}

/** Why the key opens no tokens, and what to do, in a sentence; undefined where it opens some, or there are none. */
export async function wrongKey({
  accounts,
  key,
  configured,
  file,
  readKeyFile: readFile,
}: {
  accounts: Pick<Store<Account>, 'entries'>;
  /** The one that holds. */
  key: string | undefined;
  configured: string | undefined;
  file: string;
  readKeyFile: (file: string) => string | undefined;
}): Promise<string | undefined> {
  const sealed = await readSealed(accounts);
  const closed = key === undefined ? sealed : closedTo(key, sealed);
  if (sealed.length === 0 || closed.length < sealed.length) return undefined;
  const tokens = `the TikTok tokens of ${countOf(sealed)}`;
  if (key === undefined)
    return `The key that opens ${tokens} is missing: put ${file} back, or set SECRET_KEY to it; ${ANEW}.`;
  const inFile = configured === undefined ? undefined : readFile(file);
  if (inFile !== undefined && closedTo(inFile, sealed).length === 0)
    return `SECRET_KEY does not open ${tokens}, and the key in ${file} does: take SECRET_KEY away, or set it to that key.`;
  const where = configured === undefined ? `The key in ${file}` : 'The key in SECRET_KEY';
  return `${where} does not open ${tokens}: set SECRET_KEY to the key of before; ${ANEW}.`;
}

async function readSealed(accounts: Pick<Store<Account>, 'entries'>): Promise<Account[]> {
  const all = await Array.fromAsync(accounts.entries());
  return all.map(([, account]) => account).filter(({ expired }) => !expired);
}

function closedTo(key: string, accounts: readonly Account[]): Account[] {
  const { isOurs } = createSecrets({ key });
  return accounts.filter(({ refreshToken }) => !isOurs(refreshToken));
}

const countOf = ({ length }: readonly unknown[]): string =>
  length === 1 ? 'one account' : `${length} accounts`;
