import { describe, expect, it } from 'vitest';
import {
  dueWarning,
  firstLifetime,
  isEndFixed,
  type Lifetime,
  refreshedLifetime,
} from '../../../src/core/accounts/lifetime.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const T0 = 1_800_000_000_000;
const END = T0 + 180 * DAY_MS;
const random = () => 0.5;

/** An account in use, refreshed so often until a time; TikTok tells its end as `endAt` has it. */
function used(untilAt: number, everyMs: number, endAt: (now: number) => number): Lifetime {
  let account: Lifetime = { connectedAt: T0, ...firstLifetime(endAt(T0), T0, random) };
  for (let now = T0 + everyMs; now <= untilAt; now += everyMs) {
    account = { ...account, keeping: dueWarning(account, now) ?? account.keeping };
    account = { ...account, ...refreshedLifetime(account, endAt(now), now, random) };
  }
  return account;
}

/** What is left of a life until `END`, in whole units. */
const rounded = (unitMs: number) => (now: number) => now + Math.floor((END - now) / unitMs) * unitMs;

describe('the end of an account in use', () => {
  it.each([
    ['seconds', 1_000],
    ['minutes', 60_000],
    ['hours', HOUR_MS],
  ])('is known to be fixed, and warned of, where TikTok tells it in whole %s', (_unit, unitMs) => {
    for (const everyMs of [2 * HOUR_MS, 23 * HOUR_MS]) {
      const account = used(END - 29 * DAY_MS, everyMs, rounded(unitMs));
      expect(isEndFixed(account)).toBe(true);
      expect(account.keeping).toMatchObject({ owes: 'ending' });
    }
  });

  it('is known to move where TikTok renews it, in whatever units it tells that', () => {
    for (const unitMs of [1_000, HOUR_MS]) {
      const renewed = (now: number) => now + Math.floor((180 * DAY_MS) / unitMs) * unitMs;
      const account = used(T0 + 400 * DAY_MS, 2 * HOUR_MS, renewed);
      expect(isEndFixed(account)).toBe(false);
      expect(account.keeping).not.toHaveProperty('owes', 'ending');
    }
  });

  it('is known to move again soon after a clock was set back, or TikTok has shortened its lives', () => {
    const life = (now: number) => (now < T0 + 20 * DAY_MS ? 365 * DAY_MS : 180 * DAY_MS);
    const shift = (now: number) => (now === T0 + 40 * DAY_MS ? -HOUR_MS : 0);
    const account = used(T0 + 60 * DAY_MS, DAY_MS, (now) => now + life(now) + shift(now));
    expect(isEndFixed(account)).toBe(false);
  });

  it('is fixed as well where each answer brings it nearer', () => {
    const account = used(T0 + 60 * DAY_MS, DAY_MS, (now) => END - (now - T0) / 10);
    expect(isEndFixed(account)).toBe(true);
  });
});
