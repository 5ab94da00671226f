// Faithful: nothing, Telegram has no such thing. Simplified: real time plus an offset that tests move forward;
// long polls and waits stay on real time.

/** Creates a clock that runs with real time and can be moved forward. */
export function createVirtualClock() {
  let offsetMs = 0;
  const now = () => Date.now() + offsetMs;
  return {
    /** Milliseconds since the epoch, virtual. */
    now,
    /** Unix time in whole seconds, as messages carry it. */
    unixSeconds: () => Math.floor(now() / 1000),
    advance(ms: number) {
      offsetMs += ms;
    },
  };
}

export type VirtualClock = ReturnType<typeof createVirtualClock>;
