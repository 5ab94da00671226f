/** When the frames of a picture are shown. */
export interface FrameTiming {
  readonly frames: number;
  /** The average. */
  readonly framesPerSecond: number;
  /** What most frames keep to, where the rate varies. */
  readonly usualFramesPerSecond: number;
  readonly isConstant: boolean;
}

/** Phones jitter: a frame may come a quarter of its time early or late. */
const JITTER = 0.25;
const REGULAR_SHARE = 0.95;
/** In usual gaps: two frames that a recorder dropped, with its clock's roundings. */
const MAX_GAP = 3.05;

/**
 * Judges the moments of frames, in seconds and in the order of showing; `endSeconds` is when the last one goes.
 * Undefined where there is no frame, or no time between them.
 */
export function measureFrames(moments: Float64Array, endSeconds: number): FrameTiming | undefined {
  const frames = moments.length;
  const first = moments[0];
  const last = moments.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const gaps = new Float64Array(Math.max(0, frames - 1));
  for (let frame = 1; frame < frames; frame += 1)
    gaps[frame - 1] = (moments[frame] ?? 0) - (moments[frame - 1] ?? 0);
  const sorted = gaps.toSorted();
  const median = sorted[Math.floor(sorted.length / 2)] ?? endSeconds - first;
  if (!(median > 0)) return undefined;
  const regular = gaps.filter((gap) => Math.abs(gap - median) <= JITTER * median).length;
  const isConstant = regular >= REGULAR_SHARE * gaps.length && (sorted.at(-1) ?? 0) <= MAX_GAP * median;
  // The last frame of a constant rate lasts as long as the others, whatever a recorder wrote when it stopped.
  const framesPerSecond = frames > 1 ? (frames - 1) / (last - first) : 1 / median;
  const shown = isConstant ? framesPerSecond : frames / Math.max(endSeconds - first, last - first);
  return { frames, framesPerSecond: shown, usualFramesPerSecond: 1 / median, isConstant };
}
