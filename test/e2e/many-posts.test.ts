import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import type { RunStatement } from '../../src/core/storage/database.ts';
import { seedSettled } from '../settled-posts.ts';
import type { World } from '../world.ts';
import { startStage } from './stage.ts';

/** What a start with its sweep, a button, `/posts` and a disconnect ask of a database that holds so many old posts. */
async function askOver(count: number) {
  const run: RunStatement[] = [];
  let isSeeded = false;
  async function launch(world: World) {
    if (world.tiktok.state.tokens.length > 0 && !isSeeded) {
      isSeeded = true;
      const workspace = `telegram:${world.telegram.anaChat.id}`;
      await seedSettled(world.dataDir, { count, workspace, openId: world.tiktok.openIdOf() });
      run.length = 0;
    }
    return world.start();
  }
  const plans = new Map<string, string[]>();
  {
    await using stage = await startStage({ launch, onStatement: (statement) => run.push(statement) });
    await stage.restart();
    await stage.say('/posts');
    await stage.card('At the beach');
    await stage.sendFile('phone.jpg');
    const draft = await stage.draft('Who can see it?');
    await stage.choose(draft, 'Everyone', 'Everyone');
    await stage.say('/disconnect');
    const list = await stage.card('Which account should Nod forget?');
    await stage.tap(list, /^Disconnect/);
    await stage.shows(list, 'is disconnected.');
    await stage.shows(draft, 'No TikTok account is connected here.');
    const database = new Database(join(stage.world.dataDir, 'nod.db'), { readonly: true });
    for (const sql of new Set(run.map(({ sql }) => sql))) {
      if (sql.startsWith('CREATE') || sql.startsWith('PRAGMA')) continue;
      const parameters = [...sql.matchAll(/\?/g)].map(() => 0);
      const steps = database.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
      plans.set(
        sql,
        steps.all(...parameters).map(({ detail }) => detail),
      );
    }
    database.close();
  }
  expect(isSeeded).toBe(true);
  // What is read by an index of its own holds no more than what was asked for.
  const walks = [...plans].filter(
    ([sql, steps]) => !sql.includes('INDEXED BY') && steps.some((step) => step.startsWith('SCAN')),
  );
  return { statements: run.length, rows: run.reduce((sum, { rows }) => sum + rows, 0), walks };
}

it('costs no more with 20,000 settled posts than with 20', { timeout: 60_000 }, async () => {
  const few = await askOver(20);
  const many = await askOver(20_000);
  // How often a card is drawn on the way differs a little from run to run.
  expect(many.rows).toBeLessThan(few.rows + 50);
  expect(many.statements).toBeLessThan(few.statements + 100);
  expect(many.walks).toEqual([]);
});
