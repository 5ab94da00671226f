import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSignals, type PostSignals, type Publish } from '../../../src/core/publish/signals.ts';
import { openStores } from '../../../src/core/storage/database.ts';
import { temporaryDirectory } from '../media/files.ts';
import { BEN, T0 } from '../posts.ts';

function notebook() {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  const woken: string[] = [];
  const notes = createSignals({
    notes: stores.store<PostSignals>('notes'),
    publishes: stores.store<Publish>('publishes'),
    wake: (postId) => void woken.push(postId),
    now: () => T0,
  });
  return { notes, woken };
}

describe('notes on posts', () => {
  it('keep who wants a post stopped, and wake it', async () => {
    const { notes, woken } = notebook();
    expect(await notes.read('post-1')).toBeUndefined();
    await notes.cancel('post-1', BEN);
    expect(await notes.read('post-1')).toMatchObject({ cancelled: { by: BEN } });
    expect(woken).toEqual(['post-1']);
  });

  it('find the post of a publish, note the news and wake it', async () => {
    const { notes, woken } = notebook();
    await notes.link('p1', 'post-1');
    expect(await notes.hint('p1')).toBe(true);
    expect(await notes.read('post-1')).toMatchObject({ hintedAt: T0 });
    expect(woken).toEqual(['post-1']);
  });

  it('take no note of a publish that is none of ours', async () => {
    const { notes, woken } = notebook();
    expect(await notes.hint('p1')).toBe(false);
    expect(woken).toEqual([]);
  });

  it('keep both of two notes that are left at once', async () => {
    const { notes } = notebook();
    await notes.link('p1', 'post-1');
    await Promise.all([notes.hint('p1'), notes.cancel('post-1', BEN), notes.hint('p1')]);
    expect(await notes.read('post-1')).toMatchObject({ cancelled: { by: BEN }, hintedAt: T0 });
  });

  it('keep the first link of a publish', async () => {
    const { notes, woken } = notebook();
    await notes.link('p1', 'post-1');
    await notes.link('p1', 'post-2');
    await notes.hint('p1');
    expect(woken).toEqual(['post-1']);
  });
});
