import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSettled } from '../../../../src/core/publish/post.ts';
import { type CoreWorld, createCoreWorld, initsOf, withBytes } from '../../core-world.ts';
import { createLife, type Span } from '../../mortal.ts';
import { ANA } from '../../posts.ts';

const MB = 1_000_000;
/** Three chunks. */
const LONG = 30 * MB;

async function uploading(): Promise<CoreWorld> {
  // What it is worth is tested elsewhere.
  const strict = { decodeMedia: false };
  const world = await createCoreWorld({ videoTransfer: 'upload', tiktok: { strict } });
  await world.connect();
  return world;
}

const chunksOf = ({ tiktok }: CoreWorld) =>
  tiktok.state.publishes.map(({ upload }) => upload?.chunks.filter(({ isTaken }) => isTaken).length);

/** Takes a post a step in a process that dies after so many steps of it. */
async function dieAfter(world: CoreWorld, id: string, span: Omit<Span, 'isMissedLong'>): Promise<void> {
  const life = createLife({ turn: async () => {}, span: { ...span, isMissedLong: false } });
  const nod = world.openAnother({ around: life.around, isMortal: true, keepWeb: true });
  await Promise.race([world.step(id, nod), life.ended]);
}

describe('an upload that a crash has cut', () => {
  it('goes on with the chunk that TikTok lacks', async () => {
    await using world = await uploading();
    const { id } = await world.submitVideo(LONG);
    await dieAfter(world, id, { of: 'upload chunk', steps: 1, isLastDone: false });
    expect(await world.read(id)).toMatchObject({ status: 'uploading', uploadedBytes: 0 });
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 1 });
    expect(world.tiktok.state.publishes[0]?.upload?.chunks.map(({ first }) => first / MB)).toEqual([
      0, 10, 20,
    ]);
  });

  it('goes on after a chunk of which the process never heard', async () => {
    await using world = await uploading();
    const { id } = await world.submitVideo(LONG);
    await dieAfter(world, id, { of: 'upload chunk', steps: 0, isLastDone: true });
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 1 });
    expect(chunksOf(world)).toEqual([3]);
  });

  it('begins anew where its address has had its hour meanwhile', async () => {
    await using world = await uploading();
    const { id } = await world.submitVideo(LONG);
    await dieAfter(world, id, { of: 'upload chunk', steps: 1, isLastDone: false });
    world.tiktok.clock.advance(3_600_000);
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 2 });
    expect(chunksOf(world)).toEqual([1, 3]);
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });

  it('begins anew where nobody knows where its chunks go', async () => {
    await using world = await uploading();
    const { id } = await world.submitVideo(LONG);
    await dieAfter(world, id, { of: 'init', steps: 0, isLastDone: true });
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 2 });
    expect(chunksOf(world)).toEqual([0, 3]);
  });

  it('begins anew where the key has changed that its address was encrypted with', async () => {
    await using world = await uploading();
    const { id } = await world.submitVideo(LONG);
    await dieAfter(world, id, { of: 'upload chunk', steps: 1, isLastDone: false });
    const attempts = await Array.fromAsync(world.nod.attempts.entries());
    for (const [attemptId] of attempts) {
      await world.nod.attempts.update(attemptId, (attempt) =>
        attempt.state === 'uploading'
          ? { ...attempt, upload: { ...attempt.upload, url: 'v1.otherkey.a.b.c' } }
          : undefined,
      );
    }
    const nod = world.openAnother();
    expect(await world.finish(id, nod)).toMatchObject({ status: 'published', attempts: 2 });
    expect(withBytes(world.tiktok)).toHaveLength(1);
  });

  it('is cancelled for certain where that was asked for before the last chunk', async () => {
    await using world = await uploading();
    const { id } = await world.submitVideo(LONG);
    await dieAfter(world, id, { of: 'upload chunk', steps: 1, isLastDone: false });
    const nod = world.openAnother();
    await nod.signals.cancel(id, ANA);
    expect(await world.finish(id, nod)).toMatchObject({ status: 'cancelled' });
    expect(chunksOf(world)).toEqual([1]);
  });

  it('never begins anew once its last chunk may be there', async () => {
    for (const isLastDone of [false, true]) {
      await using world = await uploading();
      const { id } = await world.submitVideo(LONG);
      await dieAfter(world, id, { of: 'upload chunk', steps: 2, isLastDone });
      const [[, attempt] = []] = await Array.fromAsync(world.nod.attempts.entries());
      expect(attempt).toMatchObject({ state: 'released' });
      if (!isLastDone) world.tiktok.clock.advance(3_600_000);
      const nod = world.openAnother();
      await nod.signals.cancel(id, ANA);
      // TikTok never says that the last chunk will not come; without that nothing is sent a second time.
      const end = isLastDone ? 'published' : 'unconfirmed';
      expect(await world.finish(id, nod)).toMatchObject({ status: end, attempts: 1 });
      expect(initsOf(world.tiktok)).toBe(1);
    }
  });
});

describe('a process that dies again and again', () => {
  const span: fc.Arbitrary<Span> = fc.record({
    steps: fc.nat(60),
    isLastDone: fc.boolean(),
    isMissedLong: fc.constant(false),
  });
  const spanOf: fc.Arbitrary<Span> = fc.record({
    steps: fc.nat(2),
    isLastDone: fc.boolean(),
    isMissedLong: fc.constant(false),
    of: fc.constantFrom(
      'upload chunk',
      'upload chunk',
      'init',
      'replace attempts',
      'replace posts',
      'fetch status',
    ),
  });
  const faults = fc.array(
    fc.record({
      name: fc.constantFrom(
        ...['chunk-5xx', 'chunk-cut', 'drop-chunk-reply', 'chunk-refused:416', 'chunk-refused:403'],
      ),
      chunk: fc.constantFrom('first' as const, 'middle' as const, 'last' as const),
      times: fc.integer({ min: 1, max: 2 }),
    }),
    { maxLength: 2 },
  );
  const story = fc.record({
    spans: fc.array(fc.oneof(span, spanOf), { maxLength: 6 }),
    faults,
    cancelsAt: fc.option(fc.nat(5)),
    restMs: fc.constantFrom(0, 0, 10_000, 3_600_000),
  });

  it('publishes once, or not at all where that was wished in time', { timeout: 240_000 }, async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(story, async ({ spans, faults: planned, cancelsAt, restMs }) => {
        await using world = await uploading();
        const { id } = await world.submitVideo(LONG);
        const armed = planned.map(({ name, ...narrowed }) => world.tiktok.fault(name, narrowed));
        for (const [index, current] of spans.entries()) {
          if (index === cancelsAt) await world.nod.signals.cancel(id, ANA);
          const life = createLife({ turn: async () => {}, span: current });
          const nod = world.openAnother({ around: life.around, isMortal: true, keepWeb: true });
          const next = await Promise.race([world.step(id, nod), life.ended]);
          const due = typeof next === 'number' ? next - world.now() : restMs;
          world.tiktok.clock.advance(Math.max(0, due));
        }
        const post = await world.finish(id, world.openAnother());
        for (const { disarm, fault } of armed) if (fault.left === fault.options.times) disarm();
        seen.add(post.status);
        expect(isSettled(post)).toBe(true);
        const posted = withBytes(world.tiktok);
        expect(posted.length).toBeLessThanOrEqual(1);
        if (post.status === 'published') expect(posted).toHaveLength(1);
        if (post.status === 'cancelled') {
          expect(posted).toEqual([]);
          expect(cancelsAt).not.toBeNull();
        }
        // A last chunk that has gone, or may have, is never followed by another attempt.
        const isReleased = (chunks: readonly { last: number }[] = []) =>
          chunks.some(({ last }) => last === LONG - 1);
        const released = world.tiktok.state.publishes.filter(({ upload }) => isReleased(upload?.chunks));
        expect(released.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
    expect([...seen]).toEqual(expect.arrayContaining(['published', 'cancelled']));
  });
});
