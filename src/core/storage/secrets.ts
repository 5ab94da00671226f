import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskProblem, StartError } from '../start-error.ts';
import { makePrivate } from './private-files.ts';

/** A secret under AES-256-GCM: `v1.<key id>.<iv>.<tag>.<ciphertext>`, parts in base64url. */
export type SealedSecret = string;

/** Without it Node takes a tag of a few bytes, which can be guessed. */
const TAG = { authTagLength: 16 };

/** The secret cannot be read with this key, or not in this place. */
export class SecretUnreadableError extends Error {
  override name = 'SecretUnreadableError' as const;
}

/** Encrypts and decrypts what must not lie on the disk in the clear. `key` may be any string with enough entropy. */
export function createSecrets({ key }: { key: string }) {
  const aesKey = createHash('sha256').update(key).digest();
  const keyId = createHash('sha256').update('key id').update(aesKey).digest('base64url').slice(0, 8);

  /** `place` is the record's key: a secret that was copied to another record does not open there. */
  function seal(plain: string, place: string): SealedSecret {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', aesKey, iv, TAG).setAAD(Buffer.from(place));
    const ciphertext = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return [
      'v1',
      keyId,
      ...[iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString('base64url')),
    ].join('.');
  }

  function open(sealed: SealedSecret, place: string): string {
    const [version, sealedWith, iv = '', tag = '', ciphertext = ''] = sealed.split('.');
    if (version !== 'v1' || sealedWith !== keyId) {
      throw new SecretUnreadableError(
        'A stored token was encrypted with another key. Set SECRET_KEY to the key of that time, or connect the account again.',
      );
    }
    try {
      const decipher = createDecipheriv('aes-256-gcm', aesKey, Buffer.from(iv, 'base64url'), TAG)
        .setAAD(Buffer.from(place))
        .setAuthTag(Buffer.from(tag, 'base64url'));
      return Buffer.concat([
        decipher.update(Buffer.from(ciphertext, 'base64url')),
        decipher.final(),
      ]).toString('utf8');
    } catch (error) {
      throw new SecretUnreadableError('A stored token is damaged. Connect the account again.', {
        cause: error,
      });
    }
  }

  /** Whether a secret was encrypted with this key, wherever it stands now. */
  const isOurs = (sealed: SealedSecret): boolean => sealed.startsWith(`v1.${keyId}.`);

  /** 32 bytes for another use of the same secret: no such key tells anything about another one. */
  function keyFor(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', key, '', purpose, 32));
  }

  return { seal, open, isOurs, keyFor };
}

export type Secrets = ReturnType<typeof createSecrets>;

/** The key from a file that only its owner may read; made on the first call. */
export function readOrMakeKey(file: string): string {
  return readKeyFile(file) ?? makeKeyFile(file, randomBytes(32).toString('base64url'));
}

/** Writes a key into a file that must not be there yet, for its owner alone. */
export function makeKeyFile(file: string, key: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${key}\n`, { mode: 0o600, flag: 'wx', flush: true });
  chmodSync(file, 0o600);
  return key;
}

/** The key from the file, which is made private unless it `isLeftAlone`; undefined where there is none. */
export function readKeyFile(file: string, { isLeftAlone = false } = {}): string | undefined {
  if (!existsSync(file)) return undefined;
  if (!isLeftAlone) makePrivate(file);
  const key = readKey(file);
  // Anybody could read what such a key encrypts.
  if (key === '')
    throw new StartError(
      `The key file ${file} is empty: put the key back, such as from a backup; if it is lost, delete the file and start Nod once with "npm start -- --new-key".`,
    );
  return key;
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw diskProblem(error, file) ?? error;
  }
}
