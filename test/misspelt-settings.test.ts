import { expect, it } from 'vitest';
import { ConfigError, readConfig, SETTINGS } from '../src/config.ts';
import { misspeltSettings } from '../src/misspelt-settings.ts';

const meantBy = (...names: string[]) =>
  misspeltSettings(Object.fromEntries(names.map((name) => [name, 'x'])), SETTINGS).map(({ meant }) => meant);

it.each([
  ['TIKTOK_STAT', 'TIKTOK_STATS'],
  ['TIKTOK_CLIENT_SECERT', 'TIKTOK_CLIENT_SECRET'],
  ['TIKTOK_CLIENT_ID', 'TIKTOK_CLIENT_KEY'],
  ['TELEGRAM_BOT_TOKEN', 'TELEGRAM_TOKEN'],
  ['DISCORD_BOT_TOKEN', 'DISCORD_TOKEN'],
  ['NOD_DATA_DIR', 'DATA_DIR'],
  ['LOGLEVEL', 'LOG_LEVEL'],
  ['data_dir', 'DATA_DIR'],
  ['PORTS', 'PORT'],
  ['MAX_GB_PER_PERSONS', 'MAX_GB_PER_PERSON'],
])('takes %s for %s', (name, meant) => expect(meantBy(name)).toEqual([meant]));

it.each([
  'PATH',
  'HOME',
  'HOSTNAME',
  'NODE_ENV',
  'AWS_SECRET_KEY',
  'XDG_DATA_DIRS',
  'TIKTOK_WEBHOOK_FOR_SOMETHING_ELSE',
  ...SETTINGS,
])('takes %s for no other setting', (name) => expect(meantBy(name)).toEqual([]));

it('leaves a name alone where the setting is there as well', () => {
  expect(meantBy('TELEGRAM_BOT_TOKEN', 'TELEGRAM_TOKEN')).toEqual([]);
});

it('is named where the setting is needed, without what it holds', () => {
  const environment = { TIKTOK_CLIENT_SECERT: 'hidden', TELEGRAM_BOT_TOKEN: 'hidden' };
  const read = () => readConfig(environment);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(
    'TIKTOK_CLIENT_SECRET is missing: from the same page as the client key (TIKTOK_CLIENT_SECERT is set: is it misspelt?)',
  );
  expect(read).toThrow('(TELEGRAM_BOT_TOKEN is set: is it misspelt?)');
  expect(read).not.toThrow('hidden');
});
