import { expect, it } from 'vitest';
import { createMemoryBudget } from '../../../src/core/media/memory.ts';

/** Work that goes on until it is told to end. */
function work() {
  const end = Promise.withResolvers<void>();
  let hasBegun = false;
  const run = async () => {
    hasBegun = true;
    await end.promise;
  };
  return { run, end: end.resolve, hasBegun: () => hasBegun };
}

/** Until all that may begin has begun. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

it('lets work begin while it fits, and the rest in its order', async () => {
  const { reserve } = createMemoryBudget({ bytes: 100 });
  const [first, second, third, small] = [work(), work(), work(), work()];
  const all = [
    reserve(60, first.run),
    reserve(30, second.run),
    reserve(50, third.run),
    // It would fit, but whoever is big would then wait for ever.
    reserve(10, small.run),
  ];
  await settled();
  expect([first, second, third, small].map((one) => one.hasBegun())).toEqual([true, true, false, false]);
  first.end();
  await all[0];
  await settled();
  expect([third, small].map((one) => one.hasBegun())).toEqual([true, true]);
  for (const one of [second, third, small]) one.end();
  await Promise.all(all);
});

it('gives back what failed work had', async () => {
  const { reserve } = createMemoryBudget({ bytes: 100 });
  await expect(reserve(100, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await reserve(100, () => Promise.resolve('done'))).toBe('done');
});

it('lets alone what wants more than there is', async () => {
  const { reserve } = createMemoryBudget({ bytes: 100 });
  expect(await reserve(500, () => Promise.resolve('done'))).toBe('done');
});

it('ends the waiting of what is given up, and lets the next one in', async () => {
  const { reserve } = createMemoryBudget({ bytes: 100 });
  const [first, next] = [work(), work()];
  const controller = new AbortController();
  const running = reserve(60, first.run);
  const givenUp = reserve(80, () => Promise.resolve(), { signal: controller.signal });
  const waiting = reserve(40, next.run);
  controller.abort(new Error('given up'));
  await expect(givenUp).rejects.toThrow('given up');
  await settled();
  expect(next.hasBegun()).toBe(true);
  first.end();
  next.end();
  await Promise.all([running, waiting]);
});

it('keeps what a result takes until that is released, and gives it back where there is none', async () => {
  const { borrow, reserve } = createMemoryBudget({ bytes: 100 });
  await expect(borrow(100, () => Promise.reject(new Error('damaged')))).rejects.toThrow('damaged');
  const { content, release } = await borrow(100, async () => 'pixels');
  expect(content).toBe('pixels');
  const next = work();
  next.end();
  const running = reserve(1, next.run);
  await settled();
  expect(next.hasBegun()).toBe(false);
  release();
  await running;
  expect(next.hasBegun()).toBe(true);
});
