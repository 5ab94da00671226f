/** A frame that a camera drops leaves an interval of two; many of them, or a longer one, are another rate. */
const MAX_ODD_SHARE = 0.05;
const MAX_INTERVALS = 4;

/** The frame rate by the times of frames in seconds, and whether it holds throughout. */
export function readSteadiness(times: readonly number[]): { frameRate: number; isSteady: boolean } {
  const sorted = times.toSorted((one, other) => one - other);
  const intervals = sorted.slice(1).map((time, index) => time - (sorted[index] ?? time));
  const usual = intervals.toSorted((one, other) => one - other)[intervals.length >> 1];
  if (usual === undefined || usual <= 0) return { frameRate: 0, isSteady: true };
  const odd = intervals.filter((interval) => Math.abs(interval - usual) > usual / 2);
  const span = (sorted.at(-1) ?? 0) - (sorted[0] ?? 0);
  return {
    frameRate: intervals.length / span,
    isSteady:
      odd.length <= intervals.length * MAX_ODD_SHARE &&
      intervals.every((interval) => interval <= usual * MAX_INTERVALS),
  };
}
