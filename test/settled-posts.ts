import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Post } from '../src/core/publish/post.ts';
import { openStores } from '../src/core/storage/database.ts';
import { POSTS } from './core/posts.ts';

const DAY_MS = 86_400_000;

/**
 * Puts posts that were published two months ago into the database of a Nod that does not run, one a minute before the
 * other, in one write for all.
 */
export async function seedSettled(
  dataDir: string,
  { count, workspace, openId }: { count: number; workspace: string; openId: string },
): Promise<void> {
  const file = join(dataDir, 'nod.db');
  const stores = openStores({ file });
  // Makes the table, where there is none yet.
  await stores.store<Post>('posts').get('none');
  await stores.close();
  const database = new Database(file);
  const insert = database.prepare('INSERT INTO "keyv" (key, value, namespace) VALUES (?, ?, ?)');
  const before = Date.now() - 60 * DAY_MS;
  database.transaction(() => {
    for (let index = 0; index < count; index += 1) {
      const id = `settled-${index}`;
      const settledAt = before - index * 60_000;
      const published = { ...POSTS.published, id, draftId: id, workspace, createdAt: settledAt - 1_000 };
      const value = { ...published, settledAt, content: { ...POSTS.published.content, openId } };
      insert.run(id, JSON.stringify({ value }), 'posts');
    }
  })();
  database.close();
}
