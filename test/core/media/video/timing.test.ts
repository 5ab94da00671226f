import { describe, expect, it } from 'vitest';
import { measureFrames } from '../../../../src/core/media/video/timing.ts';

const SECOND = 1;

/** So many frames at a rate; each may come early or late by a part of its time. */
function frames(count: number, framesPerSecond: number, jitter: (frame: number) => number = () => 0) {
  return Float64Array.from({ length: count }, (_, frame) => (frame + jitter(frame)) / framesPerSecond);
}

describe('the moments of frames', () => {
  it('are constant in what a camera writes', () => {
    const timing = measureFrames(frames(30, 30), SECOND);
    expect(timing).toMatchObject({ frames: 30, isConstant: true });
    expect(timing?.framesPerSecond).toBeCloseTo(30, 6);
  });

  it('are constant though a phone jitters', () => {
    const timing = measureFrames(
      frames(300, 60.06, (frame) => (frame % 2) * 0.1),
      5,
    );
    expect(timing).toMatchObject({ isConstant: true });
    expect(timing?.framesPerSecond).toBeCloseTo(60.06, 1);
  });

  it('are constant with a frame dropped now and then', () => {
    const some = frames(300, 30).filter((_, frame) => frame % 50 !== 49);
    expect(measureFrames(some, 10)).toMatchObject({ isConstant: true });
  });

  it('vary where a rate does', () => {
    const both = Float64Array.from([...frames(30, 30), ...frames(30, 10).map((moment) => moment + 1)]);
    const timing = measureFrames(both, 4);
    expect(timing).toMatchObject({ isConstant: false });
    expect(timing?.framesPerSecond).toBeCloseTo(15, 3);
  });

  it('vary where the picture stands still for a while', () => {
    const still = frames(60, 30).map((moment) => (moment < 1 ? moment : moment + 1));
    expect(measureFrames(still, 3)).toMatchObject({ isConstant: false });
  });

  it('are nothing without a frame, or with all at once', () => {
    expect(measureFrames(new Float64Array(), 1)).toBeUndefined();
    expect(measureFrames(new Float64Array(30), 1)).toBeUndefined();
  });

  it('are those of its end for a single picture', () => {
    expect(measureFrames(frames(1, 30), 2)).toMatchObject({ frames: 1, framesPerSecond: 0.5 });
  });
});
