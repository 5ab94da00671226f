import { expect, it } from 'vitest';
import { runDay } from './day.ts';

it('an hour of 60 posts leaves nothing behind but their history', { timeout: 180_000 }, async () => {
  const report = await runDay({ hours: 1, posts: 60, seed: 1, looksAnHour: 12 });
  expect(report.faults).toEqual([]);
  expect(report.published).toBe(60);
});
