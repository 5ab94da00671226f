import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import Database from 'better-sqlite3';
import pino from 'pino';
import { expect, it } from 'vitest';
import { LINK, startStage } from './stage.ts';

interface Row {
  readonly rowid: number;
  readonly namespace: string;
  readonly value: string;
}

it.each([
  ['is cut short', 'substr(value, 1, 20)'],
  ['has nothing in it', `'{"value":{"version":1}}'`],
])('starts with any one record that %s, and tells of it once', async (_, broken) => {
  const lines: string[] = [];
  const stream = new Writable({
    write(line, _, done) {
      lines.push(String(line));
      done();
    },
  });
  const log = pino({ level: 'error' }, stream);
  await using stage = await startStage({ byHand: true, log });
  await stage.sendFile('phone.jpg');
  const first = await stage.draft();
  await stage.post(first);
  await stage.shows(first, LINK);
  await stage.sendFile('tiktok-h264.mp4');
  await stage.draft();
  await stage.settled();

  const file = join(stage.world.dataDir, 'nod.db');
  const rowsOf = <T>(database: Database.Database, sql: string) => database.prepare<[], T>(sql).all();
  const before = new Database(file);
  const rows = rowsOf<Row>(
    before,
    'SELECT min(rowid) AS rowid, namespace, value FROM keyv GROUP BY namespace',
  );
  before.close();
  expect(rows.length).toBeGreaterThan(10);
  for (const { rowid, namespace } of rows) {
    const database = new Database(file);
    const saved = database.serialize();
    for (const { name } of rowsOf<{ name: string }>(
      database,
      `SELECT name FROM sqlite_schema WHERE sql LIKE '%json_extract%'`,
    ))
      database.exec(`DROP INDEX "${name}"`);
    database.prepare(`UPDATE keyv SET value = ${broken} WHERE rowid = ?`).run(rowid);
    database.close();
    lines.length = 0;
    const failed = await stage.world.start().then(
      (app) => app[Symbol.asyncDispose](),
      (error: Error) => error.message,
    );
    expect(failed, namespace).toBeUndefined();
    const told = lines.filter((line) => line.includes('was moved to the table “unreadable”'));
    expect(told.length, namespace).toBeLessThanOrEqual(1);
    for (const ending of ['-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
    writeFileSync(file, saved);
  }
});
