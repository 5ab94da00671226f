import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import Database from 'better-sqlite3';
import pino from 'pino';
import { expect, it } from 'vitest';
import type { Post } from '../../src/core/publish/post.ts';
import type { World } from '../world.ts';
import { changeRecords, startTeam, submitToBoth } from './review-acts.ts';

const DAY_MS = 86_400_000;

/** The namespaces of the records that name a post, by their key or in what they hold. */
function namespacesWith({ dataDir }: World, id: string): Set<string> {
  const database = new Database(join(dataDir, 'nod.db'), { readonly: true });
  const rows = database
    .prepare<unknown[], { namespace: string }>(
      'SELECT namespace FROM "keyv" WHERE instr(key, ?) > 0 OR instr(value, ?) > 0',
    )
    .all(id, id);
  database.close();
  return new Set(rows.map(({ namespace }) => namespace));
}

it('deletes a post and all that is kept about it after KEEP_POSTS_DAYS, but not its history', {
  timeout: 60_000,
}, async () => {
  const lines = new PassThrough();
  await using team = await startTeam({
    environment: { KEEP_POSTS_DAYS: '90' },
    log: pino({ level: 'info' }, lines),
  });
  const { discord, tiktok, ben, inPosts, inGroup, world } = team;
  const { onDiscord } = await submitToBoth(team);
  discord.react(onDiscord, '✅', ben);
  await inPosts(/Live on TikTok/);
  await inGroup(/Live on TikTok/);
  expect(tiktok.state.publishes).toHaveLength(1);

  let id = '';
  const endedDaysAgo = (days: number) => (world: World) =>
    changeRecords<Post>(world, 'posts', (post) => {
      id = post.id;
      return 'settledAt' in post ? { ...post, settledAt: Date.now() - days * DAY_MS } : post;
    });
  await team.whileDown(endedDaysAgo(89));
  const before = namespacesWith(world, id);
  for (const namespace of ['posts', 'ballots', 'notes', 'publishes', 'cards', 'anchors', 'history'])
    expect(before).toContain(namespace);

  const isDeleted = (async () => {
    while (!String((await once(lines, 'data'))[0]).includes('Deleted posts that settled long ago'));
  })();
  await team.whileDown(endedDaysAgo(91));
  await isDeleted;
  // The id that was made for its message is deleted by itself, two days after the message.
  expect(namespacesWith(world, id)).toEqual(new Set(['history', 'random-ids']));
});
