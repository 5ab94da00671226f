import { describe, expect, it } from 'vitest';
import { createUsage } from '../../../src/core/compose/disk-usage.ts';
import { namedFile } from '../posts.ts';

const ANA_HERE = { person: 'ana', place: 'here' };
const ANA_THERE = { person: 'ana', place: 'there' };
const BEN_HERE = { person: 'ben', place: 'here' };

function counting() {
  const clock = { now: 1_000 };
  return { clock, usage: createUsage({ now: () => clock.now }) };
}

describe('the bytes that are kept for people and places', () => {
  it('count a file once for each, however often and wherever it is stored', () => {
    const { usage } = counting();
    usage.add(ANA_HERE, [namedFile('a'), namedFile('b')]);
    usage.add(ANA_HERE, [namedFile('a')]);
    usage.add(ANA_THERE, [namedFile('a')]);
    usage.add(BEN_HERE, [namedFile('a')]);
    expect(usage.bytesOf(ANA_THERE)).toEqual({ person: 200, place: 100 });
    expect(usage.bytesOf(BEN_HERE)).toEqual({ person: 100, place: 200 });
  });

  it('are those that a count finds, and what was stored meanwhile', async () => {
    const { clock, usage } = counting();
    usage.add(ANA_HERE, [namedFile('a')]);
    clock.now = 2_000;
    await usage.recount(
      async (count) => {
        count(BEN_HERE, [namedFile('b'), namedFile('b')]);
        usage.add(BEN_HERE, [namedFile('b'), namedFile('c')]);
      },
      { since: 1_000 },
    );
    expect(usage.bytesOf(ANA_HERE)).toEqual({ person: 0, place: 200 });
    expect(usage.bytesOf(BEN_HERE)).toEqual({ person: 200, place: 200 });
  });

  it('stay as they were where a count fails', async () => {
    const { usage } = counting();
    usage.add(ANA_HERE, [namedFile('a')]);
    const failing = usage.recount(() => Promise.reject(new Error('The disk failed.')), { since: 2_000 });
    await expect(failing).rejects.toThrow('The disk failed.');
    expect(usage.bytesOf(ANA_HERE)).toEqual({ person: 100, place: 100 });
  });
});
