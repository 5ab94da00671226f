import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import Database from 'better-sqlite3';
import pino from 'pino';
import { expect, test } from 'vitest';
import { createHealthWatch, type WriteCheck } from '../../../src/core/health/health-watch.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { fillDisk } from '../../full-disk.ts';

/** On a busy machine the event loop may be held up at any time. */
const SOUND = { database: 'ok', disk: 'ok', eventLoop: expect.any(String), tiktok: 'unknown' };

const PATIENT = { timeout: 30_000 };

/** A watch over a database of its own, and the lines of its log as they come. */
async function createScene({ checkEveryMs = 5, patienceMs = 5_000 } = {}) {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'nod-health-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const lines = new Writable({
    write(line, _, done) {
      this.emit('said', String(JSON.parse(line).msg));
      done();
    },
  });
  const log = pino(lines);
  const watch = createHealthWatch({ folder, checkEveryMs, patienceMs, log });
  const file = join(folder, 'nod.db');
  const stores = stack.use(openStores({ file, onFailure: watch.statementFailed }));
  watch.start(stores.store<WriteCheck>('write-checks'));
  stack.defer(() => watch.stop());
  const kept = stack.move();

  async function says(text: string): Promise<void> {
    for (;;) if (String(await once(lines, 'said')).includes(text)) return;
  }

  return { folder, file, watch, says, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test('is sound where nothing is wrong, and leaves no file behind, nor one that a crash has left', async () => {
  await using scene = await createScene({ checkEveryMs: 60_000 });
  await writeFile(join(scene.folder, '.write-check'), 'A crash came before it was removed.');
  expect(scene.watch.read()).toEqual(SOUND);
  await scene.watch.stop();
  expect((await readdir(scene.folder)).filter((name) => !name.startsWith('nod.db'))).toEqual([]);
});

test('sees that the disk is full, and that it has room again', async () => {
  await using scene = await createScene();
  {
    using _full = await fillDisk();
    await scene.says('The disk of DATA_DIR is full');
    expect(scene.watch.read()).toMatchObject({ disk: 'full', database: 'ok' });
  }
  await scene.says('The disk of DATA_DIR can be written to again');
  expect(scene.watch.read()).toEqual(SOUND);
});

test('sees that another program keeps the database locked, without waiting for it', async () => {
  await using scene = await createScene({ patienceMs: 50 });
  const other = new Database(scene.file);
  other.exec('BEGIN IMMEDIATE');
  await scene.says('The database is locked');
  expect(scene.watch.read()).toMatchObject({ database: 'locked', disk: 'ok' });
  other.exec('ROLLBACK');
  await scene.says('The database can be written to again');
  expect(scene.watch.read()).toEqual(SOUND);
  other.close();
});

test.each([
  ['SQLITE_FULL', 'full'],
  ['SQLITE_IOERR_SHMSIZE', 'full'],
  ['SQLITE_IOERR_WRITE', 'failing'],
  ['SQLITE_READONLY', 'read_only'],
  ['SQLITE_BUSY', 'locked'],
  ['SQLITE_CORRUPT', 'failing'],
  ['SQLITE_CONSTRAINT', 'ok'],
  ['REDIS_AWAY', 'away'],
  ['REDIS_FULL', 'full'],
  ['REDIS_FAILING', 'failing'],
])('takes a statement that fails with %s for a database that is %s', async (code, database) => {
  await using scene = await createScene({ checkEveryMs: 60_000 });
  scene.watch.statementFailed(Object.assign(new Error('It fails.'), { code }));
  expect(scene.watch.read()).toEqual({ ...SOUND, database });
});

test('is busy after the event loop was held up, and not for ever', async () => {
  await using scene = await createScene({ checkEveryMs: 1_000 });
  const { watch } = scene;
  const hold = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_100);
  // What comes before its first look is not seen.
  await expect.poll(() => (watch.read().eventLoop === 'ok' ? hold() : 'busy'), PATIENT).toBe('busy');
  await expect.poll(() => watch.read().eventLoop, PATIENT).toBe('ok');
});

test('knows TikTok by its last answer', async () => {
  await using scene = await createScene({ checkEveryMs: 60_000 });
  const { watch } = scene;
  const call = { endpoint: '/v2/user/info/', outcome: 'ok', tookMs: 1 };
  watch.tiktokCalled({ ...call, isAnswered: true });
  expect(watch.read().tiktok).toBe('ok');
  watch.tiktokCalled({ ...call, isAnswered: false });
  expect(watch.read().tiktok).toBe('away');
  watch.tiktokCalled(call);
  expect(watch.read().tiktok).toBe('away');
  watch.tiktokCalled({ ...call, isAnswered: true });
  expect(watch.read().tiktok).toBe('ok');
});
