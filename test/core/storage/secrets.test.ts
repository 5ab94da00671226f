import { createDecipheriv } from 'node:crypto';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSecrets, readOrMakeKey, SecretUnreadableError } from '../../../src/core/storage/secrets.ts';
import { temporaryDirectory } from '../media/files.ts';

const secrets = createSecrets({ key: 'a key of thirty-two characters ..' });
const PLAIN = 'act.example!4521.va';

/** The sealed secret with one of its five parts changed. */
function tamper(sealed: string, part: number, change: (text: string) => string): string {
  return sealed
    .split('.')
    .map((text, index) => (index === part ? change(text) : text))
    .join('.');
}

const flip = (text: string) => (text.startsWith('A') ? `B${text.slice(1)}` : `A${text.slice(1)}`);

describe('a sealed secret', () => {
  it.each([PLAIN, '', 'ü 💥', 'x'.repeat(10_000)])('opens with its key in its place: %.20s', (plain) => {
    expect(secrets.open(secrets.seal(plain, 'ana'), 'ana')).toBe(plain);
  });

  it('does not open with the key for another use of the same secret', () => {
    const [, , iv = '', tag = '', ciphertext = ''] = secrets.seal(PLAIN, 'ana').split('.');
    const open = () => {
      const decipher = createDecipheriv('aes-256-gcm', secrets.keyFor('links'), Buffer.from(iv, 'base64url'))
        .setAAD(Buffer.from('ana'))
        .setAuthTag(Buffer.from(tag, 'base64url'));
      return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64url')), decipher.final()]);
    };
    expect(open).toThrow('unable to authenticate');
  });

  it('shows nothing of what it holds and is never the same twice', () => {
    const sealed = secrets.seal(PLAIN, 'ana');
    expect(sealed).not.toContain('example');
    expect(sealed).toMatch(/^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]{22}\.[\w-]+$/);
    expect(secrets.seal(PLAIN, 'ana')).not.toBe(sealed);
  });

  it('opens after a restart with the same key', () => {
    const sealed = createSecrets({ key: 'k' }).seal(PLAIN, 'ana');
    expect(createSecrets({ key: 'k' }).open(sealed, 'ana')).toBe(PLAIN);
  });

  it('does not open with another key, and says what to do', () => {
    const sealed = createSecrets({ key: 'another' }).seal(PLAIN, 'ana');
    expect(() => secrets.open(sealed, 'ana')).toThrow(SecretUnreadableError);
    expect(() => secrets.open(sealed, 'ana')).toThrow('SECRET_KEY');
  });

  it('does not open in the place of another record', () => {
    expect(() => secrets.open(secrets.seal(PLAIN, 'ana'), 'ben')).toThrow(SecretUnreadableError);
  });

  it.each([
    ['version', 0, () => 'v2'],
    ['key id', 1, flip],
    ['nonce', 2, flip],
    ['tag', 3, flip],
    ['tag, cut short', 3, (text: string) => text.slice(0, 6)],
    ['tag, missing', 3, () => ''],
    ['content', 4, flip],
    ['content, cut short', 4, (text: string) => text.slice(4)],
  ] as const)('does not open with its %s changed', (_, part, change) => {
    const sealed = tamper(secrets.seal(PLAIN, 'ana'), part, change);
    expect(() => secrets.open(sealed, 'ana')).toThrow(SecretUnreadableError);
  });

  it.each(['', 'v1', 'plain text', '....'])('is not what %j is', (text) => {
    expect(() => secrets.open(text, 'ana')).toThrow(SecretUnreadableError);
  });
});

describe('the key file', () => {
  it('is made once, for its owner alone', () => {
    const file = join(temporaryDirectory(), 'data', 'secret.key');
    const key = readOrMakeKey(file);
    expect(key).toMatch(/^[\w-]{43}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readOrMakeKey(file)).toBe(key);
    expect(readFileSync(file, 'utf8')).toBe(`${key}\n`);
  });

  it('is taken from others where they could read it', () => {
    const file = join(temporaryDirectory(), 'secret.key');
    const key = readOrMakeKey(file);
    chmodSync(file, 0o644);
    expect(readOrMakeKey(file)).toBe(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is different everywhere', () => {
    const make = () => readOrMakeKey(join(temporaryDirectory(), 'secret.key'));
    expect(make()).not.toBe(make());
  });

  it('is not taken when it is empty, as a crash may leave it', () => {
    const file = join(temporaryDirectory(), 'secret.key');
    writeFileSync(file, '\n');
    expect(() => readOrMakeKey(file)).toThrow(/is empty/);
  });
});

describe('a key for another use', () => {
  it('is the same for one use, another for each, and another for each secret', () => {
    const links = secrets.keyFor('links');
    expect(secrets.keyFor('links')).toEqual(links);
    expect(secrets.keyFor('other links')).not.toEqual(links);
    expect(createSecrets({ key: 'another key' }).keyFor('links')).not.toEqual(links);
  });
});
