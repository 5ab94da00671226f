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
  const signals = createSignals({
    signals: stores.store<PostSignals>('notes'),
    publishes: stores.store<Publish>('publishes'),
    wake: (postId) => void woken.push(postId),
    now: () => T0,
  });
  return { signals, woken };
}

describe('notes on posts', () => {
  it('keep who wants a post stopped, and wake it', async () => {
    const { signals, woken } = notebook();
    expect(await signals.read('post-1')).toBeUndefined();
    await signals.cancel('post-1', BEN);
    expect(await signals.read('post-1')).toMatchObject({ cancelled: { by: BEN } });
    expect(woken).toEqual(['post-1']);
  });

  it('find the post of a publish, note the news and wake it', async () => {
    const { signals, woken } = notebook();
    await signals.link('p1', 'post-1');
    expect(await signals.hint('p1')).toBe(true);
    expect(await signals.read('post-1')).toMatchObject({ hints: 1 });
    expect(woken).toEqual(['post-1']);
  });

  it('take no note of a publish that is none of ours', async () => {
    const { signals, woken } = notebook();
    expect(await signals.hint('p1')).toBe(false);
    expect(woken).toEqual([]);
  });

  it('keep both of two notes that are left at once', async () => {
    const { signals } = notebook();
    await signals.link('p1', 'post-1');
    await Promise.all([signals.hint('p1'), signals.cancel('post-1', BEN), signals.hint('p1')]);
    expect(await signals.read('post-1')).toMatchObject({ cancelled: { by: BEN }, hints: 2 });
  });

  it('end alike in whichever order, and however often, events of one second come', async () => {
    const shown = { postId: '7', isPublic: true, since: 20 };
    const gone = { postId: '7', isPublic: false, since: 20 };
    for (const events of [
      [shown, gone],
      [gone, shown],
      [shown, gone, shown],
    ]) {
      const { signals } = notebook();
      await signals.link('p1', 'post-1');
      for (const event of events) await signals.hint('p1', event);
      expect((await signals.read('post-1'))?.publicIds).toEqual({ 7: gone });
    }
  });

  it('keep the first link of a publish', async () => {
    const { signals, woken } = notebook();
    await signals.link('p1', 'post-1');
    await signals.link('p1', 'post-2');
    await signals.hint('p1');
    expect(woken).toEqual(['post-1']);
  });
});
