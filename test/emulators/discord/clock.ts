// Faithful: nothing, Discord has no such thing. Simplified: real time plus an offset that tests move forward; waits,
// heartbeats and delays stay on real time.

/** Creates a clock that runs with real time and can be moved forward. */
export function createVirtualClock() {
  let offsetMs = 0;
  const now = () => Date.now() + offsetMs;
  return {
    /** Milliseconds since the epoch, virtual. */
    now,
    /** As timestamps in payloads are written. */
    iso: (ms: number) => new Date(ms).toISOString().replace('Z', '000+00:00'),
    advance(ms: number) {
      offsetMs += ms;
    },
  };
}

export type VirtualClock = ReturnType<typeof createVirtualClock>;
