import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Attempt, createReleaseGate, type ReleaseGate } from '../../../src/core/publish/release-gate.ts';
import { openStores, type Store } from '../../../src/core/storage/database.ts';
import { temporaryDirectory } from '../media/files.ts';
import { namedPhoto, T0 } from '../posts.ts';

const MEDIA = [namedPhoto('a'), namedPhoto('b')];
const PATIENT = { waitMs: 60_000 };
const NOW = { waitMs: 0 };

function database() {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db') });
  onTestFinished(() => stores.close());
  return stores.store<Attempt>('attempts');
}

const gateOver = (attempts: Store<Attempt>) => createReleaseGate({ attempts, now: () => T0 });

async function opened() {
  const attempts = database();
  const gate = gateOver(attempts);
  const attempt = await gate.open({ postId: 'post-1', media: MEDIA });
  return { attempts, gate, attempt };
}

/** Requests that are known to wait, because the attempt was looked at twice and found sealed. */
async function waiting(gate: ReleaseGate, id: string, count = 1) {
  const asked = Array.from({ length: count }, () => gate.admit(id, '1.jpg', PATIENT));
  await gate.admit(id, '1.jpg', NOW);
  await gate.admit(id, '1.jpg', NOW);
  return asked;
}

describe('an attempt', () => {
  it('is sealed at first and names its files by their order', async () => {
    const { attempt, attempts } = await opened();
    expect(attempt).toMatchObject({
      postId: 'post-1',
      state: 'sealed',
      files: [
        { name: '1.jpg', key: MEDIA[0]?.file.key, bytes: 100, contentType: 'image/jpeg' },
        { name: '2.jpg', key: MEDIA[1]?.file.key, bytes: 100, contentType: 'image/jpeg' },
      ],
    });
    expect(await attempts.get(attempt.id)).toEqual(attempt);
  });

  it('has an id that nobody guesses', async () => {
    const gate = gateOver(database());
    const attempts = await Promise.all(
      Array.from({ length: 20 }, () => gate.open({ postId: 'post-1', media: MEDIA })),
    );
    for (const { id } of attempts) expect(id).toMatch(/^[\w-]{32}$/);
    expect(new Set(attempts.map(({ id }) => id)).size).toBe(20);
  });

  it('names a video by its kind', async () => {
    const video = { ...namedPhoto('c'), kind: 'video', contentType: 'video/mp4' } as const;
    const { files } = await gateOver(database()).open({ postId: 'post-1', media: [video] });
    expect(files[0]?.name).toBe('1.mp4');
  });
});

describe('a request for media', () => {
  it('finds nothing under an id or a file name that does not exist', async () => {
    const { gate, attempt } = await opened();
    expect(await gate.admit('nobody', '1.jpg', PATIENT)).toEqual({ state: 'gone' });
    expect(await gate.admit(attempt.id, '3.jpg', PATIENT)).toEqual({ state: 'gone' });
    expect(await gate.admit(attempt.id, '../1.jpg', PATIENT)).toEqual({ state: 'gone' });
  });

  it('is told at once that the attempt is sealed when it does not wait', async () => {
    const { gate, attempt } = await opened();
    expect(await gate.admit(attempt.id, '1.jpg', NOW)).toMatchObject({ state: 'sealed' });
  });

  it('waits for the release and is admitted with it', async () => {
    const { gate, attempt } = await opened();
    const asked = await waiting(gate, attempt.id, 50);
    await gate.release(attempt.id, 'p1');
    for (const admission of await Promise.all(asked)) {
      expect(admission).toMatchObject({
        state: 'released',
        attempt: { publishId: 'p1' },
        file: { name: '1.jpg' },
      });
    }
  });

  it('waits for the end of the attempt and finds nothing', async () => {
    const { gate, attempt } = await opened();
    const asked = await waiting(gate, attempt.id);
    await gate.revoke(attempt.id);
    expect(await asked[0]).toEqual({ state: 'gone' });
  });

  it('finds nothing once the attempt is closed while it waits', async () => {
    const { gate, attempt } = await opened();
    const asked = await waiting(gate, attempt.id);
    await gate.close(attempt.id);
    expect(await asked[0]).toEqual({ state: 'gone' });
  });

  it('gives up waiting in the end, and when the other side goes away', async () => {
    const { gate, attempt } = await opened();
    expect(await gate.admit(attempt.id, '1.jpg', { waitMs: 1 })).toMatchObject({ state: 'sealed' });
    const leaving = new AbortController();
    const asked = gate.admit(attempt.id, '1.jpg', { ...PATIENT, signal: leaving.signal });
    leaving.abort();
    expect(await asked).toMatchObject({ state: 'sealed' });
  });

  it('is admitted whenever the release comes in between its looks', async () => {
    const gate = gateOver(database());
    for (let round = 0; round < 100; round += 1) {
      const { id } = await gate.open({ postId: 'post-1', media: MEDIA });
      const asked = gate.admit(id, '2.jpg', PATIENT);
      for (let turn = 0; turn < round % 25; turn += 1) await Promise.resolve();
      await gate.release(id, 'p1');
      expect(await asked).toMatchObject({ state: 'released' });
    }
  });

  it('sees what another gate over the same database has decided', async () => {
    const { attempts, gate, attempt } = await opened();
    const other = gateOver(attempts);
    expect(await other.admit(attempt.id, '1.jpg', NOW)).toMatchObject({ state: 'sealed' });
    await gate.release(attempt.id, 'p1');
    expect(await other.admit(attempt.id, '1.jpg', NOW)).toMatchObject({ state: 'released' });
    const second = await gate.open({ postId: 'post-1', media: MEDIA });
    const asked = other.admit(second.id, '1.jpg', { waitMs: 50 });
    await gate.release(second.id, 'p2');
    expect(await asked).toMatchObject({ state: 'released' });
  });

  it('is still answered after a restart', async () => {
    const { attempts, gate, attempt } = await opened();
    await gate.release(attempt.id, 'p1');
    expect(await gateOver(attempts).admit(attempt.id, '1.jpg', NOW)).toMatchObject({ state: 'released' });
  });
});

describe('the first change', () => {
  it('stands, whatever comes after it', async () => {
    const { gate, attempt } = await opened();
    expect(await gate.release(attempt.id, 'p1')).toMatchObject({ state: 'released', publishId: 'p1' });
    expect(await gate.revoke(attempt.id)).toMatchObject({ state: 'released', publishId: 'p1' });
    expect(await gate.release(attempt.id, 'p2')).toMatchObject({ state: 'released', publishId: 'p1' });
    const second = await gate.open({ postId: 'post-1', media: MEDIA });
    expect(await gate.revoke(second.id)).toMatchObject({ state: 'revoked' });
    expect(await gate.release(second.id, 'p2')).toMatchObject({ state: 'revoked' });
    expect(await gate.admit(second.id, '1.jpg', PATIENT)).toEqual({ state: 'gone' });
  });

  it('stands when releases and revocations race over two gates', async () => {
    const attempts = database();
    const gates = [gateOver(attempts), gateOver(attempts)];
    const outcomes = new Set<string>();
    for (let round = 0; round < 150; round += 1) {
      const attempt = await gateOver(attempts).open({ postId: 'post-1', media: MEDIA });
      const changes = Array.from({ length: 6 }, (_, index) => {
        const gate = gates[Math.floor(Math.random() * 2)];
        if (gate === undefined) throw new Error('There are two gates.');
        return Math.random() < 0.5 ? gate.revoke(attempt.id) : gate.release(attempt.id, `p${index}`);
      });
      const [first, ...rest] = await Promise.all(changes);
      for (const standing of rest) expect(standing).toEqual(first);
      expect(await attempts.get(attempt.id)).toEqual(first);
      for (const gate of gates) expect(await gate.read(attempt.id)).toEqual(first);
      outcomes.add(first?.state ?? 'none');
    }
    expect(outcomes).toEqual(new Set(['released', 'revoked']));
  });
});

describe('the right to call', () => {
  it('is given once', async () => {
    const { gate, attempt, attempts } = await opened();
    expect(await gate.claimCall(attempt.id)).toBe(true);
    expect(await gate.claimCall(attempt.id)).toBe(false);
    expect(await attempts.get(attempt.id)).toMatchObject({ calledAt: T0, state: 'sealed' });
  });

  it('is given to one of many over two gates', async () => {
    const { gate, attempt, attempts } = await opened();
    const other = gateOver(attempts);
    const claims = Array.from({ length: 40 }, (_, index) =>
      (index % 2 === 0 ? gate : other).claimCall(attempt.id),
    );
    expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1);
  });

  it('is not given for an attempt that is over, closed or unknown', async () => {
    const { gate, attempt } = await opened();
    await gate.revoke(attempt.id);
    expect(await gate.claimCall(attempt.id)).toBe(false);
    await gate.close(attempt.id);
    expect(await gate.claimCall(attempt.id)).toBe(false);
    expect(await gate.claimCall('nobody')).toBe(false);
  });

  it('does not stand in the way of the release', async () => {
    const { gate, attempt } = await opened();
    await gate.claimCall(attempt.id);
    expect(await gate.release(attempt.id, 'p1')).toMatchObject({ state: 'released', calledAt: T0 });
  });
});

describe('closing', () => {
  it('makes the URLs of a released attempt die, for good', async () => {
    const { gate, attempt, attempts } = await opened();
    await gate.release(attempt.id, 'p1');
    await gate.close(attempt.id);
    await gate.close(attempt.id);
    expect(await gate.admit(attempt.id, '1.jpg', PATIENT)).toEqual({ state: 'gone' });
    expect(await gate.read(attempt.id)).toBeUndefined();
    expect(await gate.release(attempt.id, 'p2')).toBeUndefined();
    expect(await gate.revoke(attempt.id)).toBeUndefined();
    expect(await attempts.get(attempt.id)).toBeUndefined();
  });

  it('is not undone by a request that had looked before', async () => {
    const attempts = database();
    const gate = gateOver(attempts);
    for (let turns = 0; turns < 40; turns += 1) {
      const { id } = await gate.open({ postId: 'post-1', media: MEDIA });
      await gate.release(id, 'p1');
      // A fresh gate has nothing in memory, as after a restart.
      const restarted = gateOver(attempts);
      const asked = restarted.admit(id, '1.jpg', NOW);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await Promise.all([restarted.close(id), asked]);
      expect(await restarted.admit(id, '1.jpg', NOW)).toEqual({ state: 'gone' });
    }
  });

  it('sweeps what no post refers to', async () => {
    const { gate, attempts } = await opened();
    const kept = await gate.open({ postId: 'post-2', media: MEDIA });
    await gate.open({ postId: 'post-3', media: MEDIA });
    await gate.sweep((await gate.list()).filter(({ id }) => id !== kept.id));
    expect(await Array.fromAsync(attempts.entries(), ([id]) => id)).toEqual([kept.id]);
    expect(await gate.read(kept.id)).toMatchObject({ state: 'sealed' });
  });

  it('leaves an attempt that was released after it was listed, and closes one that was released before', async () => {
    const { gate, attempts } = await opened();
    const late = await gate.open({ postId: 'post-2', media: MEDIA });
    const early = await gate.open({ postId: 'post-3', media: MEDIA });
    await gate.release(early.id, 'publish-3');
    const listed = await gate.list();
    await gate.release(late.id, 'publish-2');
    await gate.sweep(listed);
    expect(await Array.fromAsync(attempts.entries(), ([id]) => id)).toEqual([late.id]);
  });
});

describe('an attempt by upload', () => {
  const upload = {
    url: 'sealed',
    expiresAt: T0 + 3_600_000,
    plan: { videoSize: 100, chunkSize: 100, totalChunkCount: 1 },
  };

  async function uploading() {
    const attempts = database();
    const gate = gateOver(attempts);
    const attempt = await gate.open({ postId: 'post-1', media: MEDIA, transfer: 'upload' });
    return { attempts, gate, attempt };
  }

  it('notes its publish and where its chunks go, once', async () => {
    const { attempts, gate, attempt } = await uploading();
    const accepted = await gate.accept(attempt.id, { publishId: 'p1', upload });
    expect(accepted).toMatchObject({ state: 'uploading', publishId: 'p1', upload });
    expect(await attempts.get(attempt.id)).toEqual(accepted);
    expect(await gate.accept(attempt.id, { publishId: 'p2', upload })).toMatchObject({ publishId: 'p1' });
    expect(await gate.read(attempt.id)).toEqual(accepted);
  });

  it('notes nothing once it is revoked', async () => {
    const { gate, attempt } = await uploading();
    await gate.revoke(attempt.id);
    expect(await gate.accept(attempt.id, { publishId: 'p1', upload })).toMatchObject({ state: 'revoked' });
  });

  it('is either released or revoked, whichever comes first', async () => {
    for (const first of ['release', 'revoke'] as const) {
      const { attempts, gate, attempt } = await uploading();
      await gate.accept(attempt.id, { publishId: 'p1', upload });
      const other = gateOver(attempts);
      const changes = [() => gate.release(attempt.id, 'p1'), () => other.revoke(attempt.id)];
      const inOrder = first === 'release' ? changes : changes.reverse();
      const states = [];
      for (const change of inOrder) states.push((await change())?.state);
      expect(new Set(states)).toEqual(new Set([first === 'release' ? 'released' : 'revoked']));
    }
  });

  it('gives its media to nobody who asks for them, in whatever state', async () => {
    const { gate, attempt } = await uploading();
    expect(await gate.admit(attempt.id, '1.jpg', NOW)).toEqual({ state: 'gone' });
    await gate.accept(attempt.id, { publishId: 'p1', upload });
    expect(await gate.admit(attempt.id, '1.jpg', NOW)).toEqual({ state: 'gone' });
    await gate.release(attempt.id, 'p1');
    expect(await gate.admit(attempt.id, '1.jpg', NOW)).toEqual({ state: 'gone' });
  });

  it('is closed where no post refers to it', async () => {
    const { attempts, gate, attempt } = await uploading();
    await gate.accept(attempt.id, { publishId: 'p1', upload });
    const restarted = gateOver(attempts);
    await restarted.sweep(await restarted.list());
    expect(await attempts.get(attempt.id)).toBeUndefined();
  });
});
