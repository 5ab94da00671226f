import { describe, expect, it } from 'vitest';
import { createPullProgress } from '../../../src/core/publish/pull-progress.ts';
import type { Attempt } from '../../../src/core/publish/release-gate.ts';
import { T0 } from '../posts.ts';

const ATTEMPT: Attempt = {
  version: 2,
  id: 'attempt-1',
  postId: 'post-1',
  state: 'released',
  publishId: 'p1',
  files: [100, 50].map((bytes, index) => ({
    name: `${index + 1}.jpg`,
    key: `${'a'.repeat(64)}.jpg`,
    bytes,
    contentType: 'image/jpeg',
  })),
};

function counting() {
  let clock = T0;
  const told: string[] = [];
  const pulls = createPullProgress({ now: () => clock, onProgress: ({ id }) => void told.push(id) });
  const tick = (ms: number) => {
    clock += ms;
  };
  return { pulls, told, tick };
}

describe('counting what TikTok takes', () => {
  it('begins with nothing', () => {
    const { pulls } = counting();
    expect(pulls.progress(ATTEMPT)).toEqual({ bytes: 0, totalBytes: 150, fileNumber: 1, files: 2 });
    expect(pulls.completedAt(ATTEMPT.id)).toBeUndefined();
  });

  it('adds up the files', () => {
    const { pulls, told } = counting();
    pulls.sent(ATTEMPT, '1.jpg', 40);
    expect(pulls.progress(ATTEMPT)).toMatchObject({ bytes: 40, fileNumber: 1 });
    pulls.sent(ATTEMPT, '1.jpg', 100);
    pulls.sent(ATTEMPT, '2.jpg', 20);
    expect(pulls.progress(ATTEMPT)).toMatchObject({ bytes: 120, fileNumber: 2 });
    expect(told).toHaveLength(3);
  });

  it('is complete when the last missing byte left, and stays so', () => {
    const { pulls, tick } = counting();
    pulls.sent(ATTEMPT, '2.jpg', 50);
    tick(1_000);
    pulls.sent(ATTEMPT, '1.jpg', 100);
    tick(1_000);
    pulls.sent(ATTEMPT, '1.jpg', 100);
    expect(pulls.completedAt(ATTEMPT.id)).toBe(T0 + 1_000);
    expect(pulls.progress(ATTEMPT)).toMatchObject({ bytes: 150, completedAt: T0 + 1_000 });
  });

  it('counts ranges and second fetches once, and tells only of progress', () => {
    const { pulls, told } = counting();
    for (const end of [30, 60, 60, 30, 100, 100]) pulls.sent(ATTEMPT, '1.jpg', end);
    expect(pulls.progress(ATTEMPT).bytes).toBe(100);
    expect(told).toHaveLength(3);
  });

  it('never counts more than there is, nor files that are not there', () => {
    const { pulls, told } = counting();
    pulls.sent(ATTEMPT, '1.jpg', 5_000);
    pulls.sent(ATTEMPT, '7.jpg', 10);
    pulls.sent(ATTEMPT, '2.jpg', 0);
    expect(pulls.progress(ATTEMPT).bytes).toBe(100);
    expect(told).toHaveLength(1);
  });

  it('keeps attempts apart', () => {
    const { pulls } = counting();
    pulls.sent(ATTEMPT, '1.jpg', 100);
    expect(pulls.progress({ ...ATTEMPT, id: 'attempt-2' }).bytes).toBe(0);
  });
});

describe('forgetting an attempt', () => {
  it('begins anew', () => {
    const { pulls } = counting();
    pulls.sent(ATTEMPT, '1.jpg', 100);
    pulls.sent(ATTEMPT, '2.jpg', 50);
    pulls.forget(ATTEMPT.id);
    expect(pulls.completedAt(ATTEMPT.id)).toBeUndefined();
    expect(pulls.progress(ATTEMPT).bytes).toBe(0);
  });

  it('is not undone by a transfer that still runs', () => {
    const { pulls, told } = counting();
    pulls.sent(ATTEMPT, '1.jpg', 10);
    pulls.forget(ATTEMPT.id);
    pulls.sent(ATTEMPT, '1.jpg', 100);
    pulls.sent(ATTEMPT, '2.jpg', 50);
    expect(pulls.completedAt(ATTEMPT.id)).toBeUndefined();
    expect(told).toHaveLength(1);
  });

  it('is fine for an attempt that nothing was taken of', () => {
    const { pulls } = counting();
    expect(() => pulls.forget('nobody')).not.toThrow();
  });
});
