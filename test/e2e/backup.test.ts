import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { App } from '../../src/app.ts';
import { makeBackup } from '../../src/core/backup/backup.ts';
import { restoreBackup } from '../../src/core/backup/restore.ts';
import { buttonsOf, textOf } from '../world.ts';
import { launchNod, type NodProcess, runNod } from './process.ts';
import { LINK, type StageOptions, startStage } from './stage.ts';

const DAY_MS = 24 * 3_600_000;

/** A Nod as a process of its own, with a place for backups and a fresh folder to restore them into. */
async function startBackups(options: StageOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'nod-backup-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'nod.tar');
  const fresh = join(folder, 'fresh');
  let dataDir: string | undefined;
  let nod: NodProcess | undefined;
  const stage = stack.use(
    await startStage({
      ...options,
      async launch(world) {
        const environment = { ...world.environment, DATA_DIR: dataDir ?? world.dataDir };
        nod = await launchNod({ ...world, environment });
        return nod;
      },
    }),
  );

  /** Runs a command to its end; what it says. */
  async function run(args: readonly string[], { code = 0, DATA_DIR = stage.world.dataDir } = {}) {
    await using command = runNod({ environment: { DATA_DIR }, args });
    expect([await command.ended, command.output.err]).toMatchObject([{ code }, expect.any(String)]);
    expect(command.output.err).not.toMatch(/\n +at /);
    return command.output.err.trim();
  }

  /** Ends Nod as a fire would, and starts it in the fresh folder. */
  async function moveOn(): Promise<void> {
    await nod?.end('SIGKILL');
    dataDir = fresh;
    await stage.restart();
  }
  const kept = stack.move();
  return { stage, file, folder, fresh, run, moveOn, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

it('backs up a running Nod, and goes on from that in a fresh folder', async () => {
  await using backups = await startBackups();
  const { stage, file, fresh, run } = backups;
  await stage.sendFile('phone.jpg');
  const planned = await stage.draft();
  await stage.tap(planned, 'Everyone');
  await stage.tap(planned, 'When…');
  await stage.tap(await stage.card('which time zone do you mean?'), /^UTC/);
  await stage.card('reply to this with the time');
  await stage.say('tomorrow 18:00');
  await stage.shows(planned, 'Goes out');
  await stage.tap(planned, 'Schedule');
  await stage.shows(planned, 'Scheduled');
  await stage.sendFile('cmyk.jpg');
  const draft = await stage.draft((message) => message.message_id > planned.message_id);

  expect(await run(['backup', file, '--with-key'])).toMatch(
    /^Backed up the database \(\d.*\) and \d+ files of media\. The key for the tokens is in it: /,
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await run(['restore', file], { DATA_DIR: fresh })).toMatch(
    /^Restored into .* what was backed up at /,
  );
  await backups.moveOn();

  await stage.tap(planned, 'Other time…');
  await stage.card(
    (message) => textOf(message).includes('reply to this') && !textOf(message).includes('zone'),
  );
  await stage.say('in 2 seconds');
  await stage.shows(planned, LINK);
  await stage.post(draft);
  await stage.shows(draft, LINK);
  await stage.say('/accounts');
  await stage.card('Studio Ana');
  expect(stage.tiktok.state.publishes.map(({ status }) => status)).toEqual([
    'PUBLISH_COMPLETE',
    'PUBLISH_COMPLETE',
  ]);
});

it('holds back what may have gone out since the backup, unless nothing has run since', async () => {
  await using backups = await startBackups({ environment: { TAKE_BACK_SECONDS: '3600' } });
  const { stage, file, folder, fresh, run } = backups;
  await stage.sendFile('phone.jpg');
  const card = await stage.draft();
  await stage.post(card);
  await run(['backup', file, '--with-key']);
  await run(['restore', file], { DATA_DIR: fresh });
  const other = join(folder, 'other');
  expect(await run(['restore', file, '--go-on'], { DATA_DIR: other })).toContain('Everything goes on');
  await backups.moveOn();
  const held = await stage.shows(card, 'Nod was restored from a backup, and this may have been posted since');
  expect(textOf(held)).toContain('Look at the account first, and try again only if it is not there.');
  await stage.tap(held, 'Try again');
  await stage.card((message) => message.message_id > card.message_id);
  expect(stage.tiktok.state.publishes).toEqual([]);
});

it('restores nothing where a Nod runs, where data are, or from what is no backup', async () => {
  await using backups = await startBackups();
  const { stage, file, folder, fresh, run } = backups;
  const says = await run(['backup', file]);
  expect(says).toContain('The key for the tokens is not in it: keep SECRET_KEY or secret.key as well');
  expect(execFileSync('tar', ['-tf', file], { encoding: 'utf8' })).toBe('backup.json\nnod.db\n');
  expect(await run(['backup', file], { code: 1 })).toBe(
    `${file} is there already: give another name, or move it away.`,
  );
  expect(await run(['restore', file], { code: 1 })).toMatch(/^Another Nod works on .*: process \d+ on /);
  await stage.settled();
  expect(await run(['restore', file], { code: 1 })).toMatch(
    / has the data of a Nod already: set DATA_DIR to /,
  );

  const broken = join(folder, 'broken.tar');
  writeFileSync(broken, 'no backup'.repeat(1_000));
  expect(await run(['restore', broken], { code: 1, DATA_DIR: fresh })).toMatch(
    /^The file is no backup of Nod/,
  );
  expect(await run(['restore', join(folder, 'none')], { code: 1, DATA_DIR: fresh })).toMatch(/is not there/);
  expect(await run(['restore'], { code: 1 })).toMatch(/^Call it like this: npm run restore -- FILE/);
  expect(readdirSync(fresh).filter((name) => !name.startsWith('nod.lock'))).toEqual([]);

  expect(await run(['restore', file], { DATA_DIR: fresh })).toContain(
    'The backup has no key: put secret.key there',
  );
  await using nod = runNod({ environment: { ...stage.world.environment, DATA_DIR: fresh } });
  expect(await nod.ended).toMatchObject({ code: 1 });
  expect(nod.output.err).toMatch(/^The key that opens the TikTok tokens of one account is missing: /);
  expect(existsSync(join(fresh, 'secret.key'))).toBe(false);
});

/** A Nod whose clock can be moved, restored into a fresh folder from before Ana's planned post was published early. */
async function startRestored() {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'nod-backup-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'nod.tar');
  const fresh = join(folder, 'fresh');
  let app: App | undefined;
  const stage = stack.use(
    await startStage({
      movesClock: true,
      launch: async (world) => {
        app = await world.start();
        return app;
      },
    }),
  );
  const { world, tiktok } = stage;
  const { now } = tiktok.clock;
  await stage.sendFile('phone.jpg');
  const card = await stage.draft();
  await stage.tap(card, 'Everyone');
  await stage.tap(card, 'When…');
  await stage.tap(await stage.card('which time zone do you mean?'), /^UTC/);
  await stage.card('reply to this with the time');
  await stage.say('tomorrow 18:00');
  await stage.shows(card, 'Goes out');
  await stage.tap(card, 'Schedule');
  await stage.shows(card, 'Scheduled');
  await makeBackup({ dataDir: world.dataDir, to: file, withKey: true, configuredKey: undefined, now });
  await stage.tap(card, 'Publish now');
  await stage.shows(card, LINK);
  await restoreBackup({ dataDir: fresh, from: createReadStream(file), goesOn: false, now });
  world.environment.DATA_DIR = fresh;
  await stage.restart();

  async function moveOn(ms: number): Promise<void> {
    world.advance(ms);
    await app?.clockMoved();
  }
  const kept = stack.move();
  return { stage, card, moveOn, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

it('holds back a planned post that may have been published early since the backup, and calls its author', async () => {
  await using restored = await startRestored();
  const { stage, card, moveOn } = restored;
  const asked = await stage.shows(card, 'this may have been posted early since');
  expect(buttonsOf(asked)).toContain('It is not there: keep the time');
  await stage.card((message) => message.message_id > card.message_id && /posted early/.test(textOf(message)));
  await moveOn(3 * DAY_MS);
  await stage.shows(card, 'try again only if it is not there');
  expect(stage.tiktok.state.publishes).toHaveLength(1);
});

it('publishes a planned post at its time once somebody has said that it is not there yet', async () => {
  await using restored = await startRestored();
  const { stage, card, moveOn } = restored;
  const asked = await stage.shows(card, 'this may have been posted early since');
  expect(await stage.tap(asked, 'It is not there: keep the time')).toMatchObject({
    text: expect.stringMatching(/18:00/),
  });
  await stage.shows(card, (message) => !textOf(message).includes('posted early'));
  await moveOn(3 * DAY_MS);
  await stage.shows(card, LINK);
  expect(stage.tiktok.state.publishes).toHaveLength(2);
});
