// Faithful: ids of 17 to 19 digits that grow with time (https://discord.com/developers/docs/reference#snowflakes).
// Simplified: one generator, so worker and process ids are always 1.
import type { VirtualClock } from './clock.ts';

const DISCORD_EPOCH_MS = 1_420_070_400_000n;

/** Creates the source of all ids: unique and growing. */
export function createSnowflakes({ clock }: { clock: VirtualClock }) {
  let last = 0n;

  return {
    next(): string {
      const base = ((BigInt(clock.now()) - DISCORD_EPOCH_MS) << 22n) | (1n << 17n) | (1n << 12n);
      last = base > last ? base : last + 1n;
      return String(last);
    },
  };
}

export type Snowflakes = ReturnType<typeof createSnowflakes>;

/** Compares ids by age. */
export const compareIds = (a: string, b: string) => (BigInt(a) < BigInt(b) ? -1 : a === b ? 0 : 1);
