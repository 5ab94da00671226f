import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { World } from '../../world.ts';
import { type FaultStage, startFaultStage } from './stage.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const CAPTION = 'Through it all.';
/** TikTok is busy with a post until the clock has moved on. */
const BUSY = { processingMs: 30_000 };

/** The moments of a post at which something can begin. */
const MOMENTS = {
  'before it is told to go out': async () => {},
  'once it is told to go out': async (_: FaultStage, tap: () => Promise<unknown>) => {
    await tap();
  },
  'while TikTok has it': async (stage: FaultStage, tap: () => Promise<unknown>) => {
    await tap();
    await stage.tiktok.whenPublish(({ stage: at }) => at === 'processing');
  },
} satisfies Record<string, (stage: FaultStage, tap: () => Promise<unknown>) => Promise<void>>;

/** Has something go wrong from each moment on, for a while; the post is published once. */
async function publishesThrough(begin: (stage: FaultStage) => Promise<() => Promise<void> | void>) {
  await Promise.all(
    Object.values(MOMENTS).map(async (comesTo) => {
      await using stage = await startFaultStage({ tiktok: BUSY });
      const draft = await stage.compose(CAPTION);
      let tapped: Promise<unknown> | undefined;
      const tap = () => {
        tapped ??= stage.tap(draft, 'Post now');
        return tapped;
      };
      await comesTo(stage, tap);
      const end = await begin(stage);
      const pressed = tap();
      await end();
      await pressed;
      await stage.finish(1);
      expect(await stage.ended(CAPTION)).toMatchObject({ status: 'published' });
      await stage.expectNothingLeft();
    }),
  );
}

it('publishes once where all platforms are away for a while', async () => {
  await publishesThrough(async ({ telegram, tiktok, passMinutes }) => {
    const chat = telegram.fault('unreachable');
    const calls = tiktok.fault('drop-request', { times: 10_000 });
    await telegram.until(() => chat.hits > 0 || undefined);
    await passMinutes(20);
    return () => {
      chat.lift();
      calls.disarm();
    };
  });
});

it.each([HOUR_MS, 24 * HOUR_MS])('publishes once where the clock is set back by %d ms', async (ms) => {
  await Promise.all(
    Object.values(MOMENTS).map(async (comesTo) => {
      await using stage = await startFaultStage({ tiktok: BUSY });
      stage.world.setClock(ms);
      const draft = await stage.compose(CAPTION);
      let tapped: Promise<unknown> | undefined;
      const tap = () => {
        tapped ??= stage.tap(draft, 'Post now');
        return tapped;
      };
      await comesTo(stage, tap);
      stage.world.setClock(0);
      const begun = stage.world.now();
      await tap();
      await stage.finish(1);
      expect(await stage.ended(CAPTION)).toMatchObject({ status: 'published' });
      expect(stage.world.now() - begun).toBeLessThan(30 * MINUTE_MS);
      await stage.expectNothingLeft();
    }),
  );
});

it('publishes once where another program has locked the database for a while', async () => {
  await publishesThrough(async ({ world }) => {
    const end = await lockDatabase(world);
    return async () => {
      await delay(1_500);
      await end();
    };
  });
});

const LOCKER = `
const Database = require('better-sqlite3');
const database = new Database(process.argv[1]);
database.exec('BEGIN EXCLUSIVE');
process.stdout.write('locked');
process.stdin.once('data', () => { database.exec('ROLLBACK'); process.exit(); });
`;

/** Locks the database from a process of its own; what ends it. */
async function lockDatabase({ dataDir }: World): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, ['-e', LOCKER, join(dataDir, 'nod.db')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return async () => {
    const ended = once(child, 'exit');
    child.stdin.write('end');
    await ended;
  };
}
