import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { seed } from '../seed.ts';
import { createWorld, textOf, type World } from '../world.ts';
import { canMount, isRoot, onDisk } from './own-disk.ts';
import { type ProcessOptions, runNod } from './process.ts';

/** A world in which Ana has an account, and no Nod has run yet. */
async function seededWorld(): Promise<World> {
  const world = await createWorld();
  const { ana, anaChat } = world.telegram;
  const place = { workspace: `telegram:${anaChat.id}`, chat: `telegram:${anaChat.id}` as const };
  const connectedBy = { id: `telegram:${ana.id}`, name: 'Ana' };
  await seed(world, [{ ...place, title: 'Ana', isPrivate: true, connectedBy }]);
  return world;
}

const databaseOf = ({ dataDir }: World): string => join(dataDir, 'nod.db');
const keyOf = ({ dataDir }: World): string => join(dataDir, 'secret.key');

/** Starts Nod, which ends with code 1; the one sentence that it says. */
async function refusal(world: World, options: ProcessOptions = {}): Promise<string> {
  const environment = { ...world.environment, ...options.environment };
  await using nod = runNod({ ...options, environment });
  expect(await nod.ended).toEqual({ code: 1, signal: null });
  const { out, err } = nod.output;
  expect(`${out}${err}`).not.toMatch(/\n? +at |"stack"/);
  expect(err.trim()).toMatch(/^[^\n]+$/);
  expect(TABLE).toContain(`| ${inGeneral(err.trim(), world)} |`);
  return err.trim();
}

/** All that Nod says instead of starting, for people to read. */
const TABLE = readFileSync(new URL('../../docs/start-errors.md', import.meta.url), 'utf8');

/** The sentence as it stands in the table: for the folder `/data`, port 3000, and a process of some time. */
const inGeneral = (sentence: string, { dataDir, environment: { PORT = '' } }: World): string =>
  sentence
    .replaceAll(dataDir, '/data')
    .replace(`Port ${PORT} `, 'Port 3000 ')
    .replace(
      /process \d+ on \S+, since [^.]+\.\d+Z/,
      'process 4711 on studio, since 2026-11-26T18:00:00.000Z',
    );

it('names a port that is taken', async () => {
  await using world = await createWorld();
  const other = createServer().listen(Number(world.environment.PORT), '127.0.0.1');
  await once(other, 'listening');
  expect(await refusal(world)).toBe(
    `Port ${world.environment.PORT} is taken by another program: end that one, or set PORT to a port that is free.`,
  );
  other.close();
});

it('names an address that is not of this machine', async () => {
  await using world = await createWorld();
  expect(await refusal(world, { environment: { HOST: '192.0.2.1' } })).toBe(
    'HOST=192.0.2.1 is no address of this machine: set it to one that is, or to 0.0.0.0 for all.',
  );
});

/** Root may write everywhere, so it becomes nobody. */
const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

it.skipIf(!isRoot)('says whose a folder is that it may not write to', async () => {
  await using world = await createWorld();
  expect(await refusal(world, { within: asNobody })).toBe(
    `Nod runs as user 65534 and may not use ${world.dataDir}, which belongs to user 0: run "chown -R 65534 ${world.dataDir}" as root, or start Nod as user 0.`,
  );
});

it.skipIf(isRoot)('says how a folder of its own becomes writable', async () => {
  await using world = await createWorld();
  chmodSync(world.dataDir, 0o500);
  expect(await refusal(world)).toBe(
    `Nod may not use ${world.dataDir}: run "chmod -R u+rwX ${world.dataDir}", or set DATA_DIR to a folder where Nod may write.`,
  );
  chmodSync(world.dataDir, 0o700);
});

it('names a file that stands where its folder should be', async () => {
  await using world = await createWorld();
  const DATA_DIR = join(world.dataDir, 'file');
  writeFileSync(DATA_DIR, '');
  expect(await refusal(world, { environment: { DATA_DIR } })).toBe(
    `${DATA_DIR} is not a folder: set DATA_DIR to a folder, or to the name of one that Nod can make.`,
  );
});

it.skipIf(!canMount)('names a disk that is read-only', async () => {
  await using world = await createWorld();
  expect(await refusal(world, { within: onDisk(world.dataDir, 'ro') })).toBe(
    `Nod cannot write to ${world.dataDir}, because its disk is read-only: make it writable, or set DATA_DIR to a folder on another disk.`,
  );
});

it.skipIf(!canMount)('names a disk that is full', async () => {
  await using world = await createWorld();
  expect(await refusal(world, { within: onDisk(world.dataDir, 'size=32k') })).toBe(
    `Nod cannot write to ${world.dataDir}, because its disk is full: free some space there, then start Nod again.`,
  );
});

it.each([
  ['has something else in it', (file: string) => writeFileSync(file, 'no database at all'.repeat(1000))],
  ['is cut short', (file: string) => truncateSync(file, statSync(file).size - 4096)],
])('names a database that %s', async (_, damage) => {
  await using world = await seededWorld();
  const file = databaseOf(world);
  damage(file);
  expect(await refusal(world)).toBe(
    `The database ${file} is damaged: move it away together with ${file}-wal and ${file}-shm, and restore a backup with "npm run restore".`,
  );
});

it.each([
  ['is empty', (file: string) => truncateSync(file)],
  ['is missing', (file: string) => rmSync(file)],
])('makes no new database where one %s', async (is, lose) => {
  await using world = await seededWorld();
  const file = databaseOf(world);
  lose(file);
  expect(await refusal(world)).toBe(
    `${file} ${is}, but ${keyOf(world)} is left of a Nod that was used before: restore a backup with "npm run restore"; to begin anew, move ${keyOf(world)} away.`,
  );
});

it('begins in no empty folder where it expects data', async () => {
  await using world = await createWorld();
  expect(await refusal(world, { environment: { EXPECT_DATA: 'true' } })).toBe(
    `${databaseOf(world)} is missing, and EXPECT_DATA says that this Nod has been used before: mount the folder or the volume that it had, or restore a backup with "npm run restore"; to begin anew, take EXPECT_DATA away.`,
  );
});

it('says at a first start that it is one, and goes on where data is expected and there', async () => {
  await using world = await createWorld();
  {
    await using nod = runNod({ environment: world.environment });
    await nod.logged('Nod is ready');
    expect(nod.output.out).toContain('A first start: the folder has no database.');
    await nod.end('SIGTERM');
  }
  await using nod = runNod({ environment: { ...world.environment, EXPECT_DATA: 'true' } });
  await nod.logged('Nod is ready');
  expect(nod.output.out).not.toContain('A first start');
});

it('takes no database of a newer Nod', async () => {
  await using world = await seededWorld();
  const database = new Database(databaseOf(world));
  database.pragma('user_version = 99');
  database.close();
  expect(await refusal(world)).toBe(
    `${databaseOf(world)} was written by a newer Nod: its database has version 99, and this Nod knows 1. Install the newer Nod again, or restore a backup from before it with "npm run restore".`,
  );
});

const ANEW =
  'if it is lost, start Nod once with "npm start -- --new-key": each place is told then to connect its accounts again.';

it('makes no new key where the old one is missing', async () => {
  await using world = await seededWorld();
  rmSync(keyOf(world));
  const says = `The key that opens the TikTok tokens of one account is missing: put ${keyOf(world)} back, or set SECRET_KEY to it; ${ANEW}`;
  expect(await refusal(world)).toBe(says);
  expect(await refusal(world)).toBe(says);
});

it('says that a key is another one than before, and never what it is', async () => {
  await using world = await seededWorld();
  const SECRET_KEY = 'another key of thirty-two letters';
  const tokens = 'the TikTok tokens of one account';
  expect(await refusal(world, { environment: { SECRET_KEY } })).toBe(
    `SECRET_KEY does not open ${tokens}, and the key in ${keyOf(world)} does: take SECRET_KEY away, or set it to that key.`,
  );
  writeFileSync(keyOf(world), SECRET_KEY);
  expect(await refusal(world)).toBe(
    `The key in ${keyOf(world)} does not open ${tokens}: set SECRET_KEY to the key of before; ${ANEW}`,
  );
  rmSync(keyOf(world));
  expect(await refusal(world, { environment: { SECRET_KEY } })).toBe(
    `The key in SECRET_KEY does not open ${tokens}: set SECRET_KEY to the key of before; ${ANEW}`,
  );
});

it('goes on with a new key when told to, and tells the places to connect their accounts again', async () => {
  await using world = await seededWorld();
  rmSync(keyOf(world));
  const { telegram } = world;
  {
    await using nod = runNod({ environment: world.environment, args: ['--new-key'] });
    await nod.logged('Nod is ready');
    const told = await telegram.waitForMessage(telegram.anaChat, 'Nod has lost access to');
    expect(textOf(told)).toContain(
      'The key that opens what Nod had of it is gone, so somebody has to connect',
    );
    expect(textOf(told)).not.toContain('TikTok does not renew');
    await nod.end('SIGTERM');
  }
  await using nod = runNod({ environment: world.environment });
  await nod.logged('Nod is ready');
});

it('names an empty key file', async () => {
  await using world = await seededWorld();
  writeFileSync(keyOf(world), '\n');
  expect(await refusal(world)).toMatch(/^The key file .*secret\.key is empty: put the key back/);
});

it('says that another program has locked the database', async () => {
  await using world = await seededWorld();
  const database = new Database(databaseOf(world));
  database.pragma('journal_mode = DELETE');
  database.exec('BEGIN EXCLUSIVE');
  expect(await refusal(world)).toBe(
    `${databaseOf(world)} is locked by another program: end what has it open, then start Nod again.`,
  );
  database.close();
});

it('lets no second Nod into its folder, and says who is there', async () => {
  await using world = await createWorld();
  await using nod = runNod({ environment: world.environment });
  await nod.logged('Nod is ready');
  const says = await refusal(world, { environment: { PORT: '0' } });
  expect(says).toMatch(
    /^Another Nod works on .+: process \d+ on \S+, since \d{4}-\d\d-\d\dT[\d:.]+Z\. Stop that one first, or give this one a DATA_DIR of its own\.$/,
  );
  expect(says).toContain(`Another Nod works on ${world.dataDir}: process `);
});

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'leaves its folder to the next Nod when it ends by %s',
  async (signal) => {
    await using world = await createWorld();
    {
      await using nod = runNod({ environment: world.environment });
      await nod.logged('Nod is ready');
      await nod.end(signal);
    }
    await using nod = runNod({ environment: world.environment });
    await nod.logged('Nod is ready');
  },
);

it('names a misspelt setting, and what was meant, without what it holds', async () => {
  await using world = await createWorld();
  await using nod = runNod({
    environment: { ...world.environment, TIKTOK_STAT: 'secret', LOGLEVEL: 'info' },
  });
  await nod.logged('Nod is ready');
  expect(nod.output.out).toContain('TIKTOK_STAT is set, which Nod does not know: is TIKTOK_STATS meant?');
  expect(nod.output.out).toContain('LOGLEVEL is set, which Nod does not know: is LOG_LEVEL meant?');
  expect(nod.output.out).not.toContain('secret');
});

/** Runs a command in a terminal of its own. */
const inTerminal = ['sh', '-c', 'exec script -qefc "$*" /dev/null', 'sh'];
const hasScript = spawnSync('script', ['--version']).status === 0;

it.skipIf(!hasScript)('writes lines that people can read to a terminal, and JSON elsewhere', async () => {
  await using world = await createWorld();
  {
    await using nod = runNod({ environment: world.environment, within: inTerminal });
    await nod.logged('Privacy Policy URL');
    expect(nod.output.out).toMatch(/^\d\d:\d\d:\d\d {2}info {3}Nod is ready {2}url="http/m);
  }
  await using nod = runNod({
    environment: { ...world.environment, DATA_DIR: join(world.dataDir, 'other'), PORT: '0' },
  });
  await nod.logged('"msg":"Nod is ready"');
  const line = nod.output.out.split('\n').find((each) => each.includes('"Nod is ready"')) ?? '';
  expect(JSON.parse(line)).toMatchObject({ level: 30, msg: 'Nod is ready' });
});
