import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkAfter, planChunks } from '../../../../src/core/publish/transfer/chunks.ts';

/** All chunks of a video, one after the other. */
function chunksOf(size: number) {
  const plan = planChunks(size);
  const chunks = [chunkAfter(plan, 0)];
  for (let last = chunks[0]; last !== undefined && !last.isLast; ) {
    last = chunkAfter(plan, last.last + 1);
    chunks.push(last);
  }
  return { plan, chunks };
}

/** As TikTok's guide says it, with both readings of MB. */
function expectTaken(size: number): void {
  const { plan, chunks } = chunksOf(size);
  const { chunkSize, totalChunkCount } = plan;
  expect(totalChunkCount).toBe(Math.floor(size / chunkSize));
  expect(chunks).toHaveLength(totalChunkCount);
  expect(totalChunkCount).toBeLessThanOrEqual(1_000);
  if (size > 64_000_000) expect(totalChunkCount).toBeGreaterThan(1);
  if (size < 5 * 2 ** 20) expect(plan).toEqual({ videoSize: size, chunkSize: size, totalChunkCount: 1 });
  let next = 0;
  for (const { first, last, isLast } of chunks) {
    expect(first).toBe(next);
    const bytes = last - first + 1;
    expect(bytes).toBeLessThanOrEqual(isLast ? 128_000_000 : 64_000_000);
    if (totalChunkCount > 1) expect(bytes).toBeGreaterThanOrEqual(5 * 2 ** 20);
    next = last + 1;
  }
  expect(next).toBe(size);
}

describe('the chunks of a video', () => {
  it.each([
    [3_145_728, 3_145_728, 1, 0, 3_145_727],
    [50_000_123, 10_000_000, 5, 40_000_000, 50_000_122],
    [64_000_001, 10_000_000, 6, 50_000_000, 64_000_000],
    [150_000_000, 10_000_000, 15, 140_000_000, 149_999_999],
  ])('of %i bytes are of %i, %i of them, the last from %i to %i', (size, chunkSize, count, first, last) => {
    const { plan, chunks } = chunksOf(size);
    expect(plan).toEqual({ videoSize: size, chunkSize, totalChunkCount: count });
    expect(chunks.at(-1)).toEqual({ first, last, isLast: true });
  });

  it('are what TikTok takes around every bound', () => {
    const bounds = [1, 5_000_000, 5 * 2 ** 20, 10_000_000, 20_000_000, 64_000_000, 64 * 2 ** 20];
    const big = [4_000_000_000, 4 * 2 ** 30, 10_000_000_000, 10_009_999_999, 64_000_000_000];
    for (const bound of [...bounds, ...big])
      for (const off of [-2, -1, 0, 1, 2])
        if (bound + off > 0 && bound + off <= 64_000_000_000) expectTaken(bound + off);
  });

  it('are what TikTok takes of every size up to 4 GB', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 4_294_967_296 }), expectTaken), { numRuns: 2_000 });
  });

  it('get bigger where there would be more than a thousand', () => {
    fc.assert(fc.property(fc.integer({ min: 10_000_000_000, max: 64_000_000_000 }), expectTaken), {
      numRuns: 300,
    });
  });

  it('begin anew where TikTok has part of one', () => {
    const plan = planChunks(35_000_000);
    expect(chunkAfter(plan, 10_000_001)).toEqual({ first: 10_000_000, last: 19_999_999, isLast: false });
    expect(chunkAfter(plan, 34_999_999)).toEqual({ first: 20_000_000, last: 34_999_999, isLast: true });
  });

  it.each([0, -1, 1.5, Number.NaN, 64_000_000_001])('do not exist of %d bytes', (size) => {
    expect(() => planChunks(size)).toThrow(RangeError);
  });
});
