/** A clock that runs with real time plus an offset, or stands still when frozen; `advance` moves it and fires timers in order. */
export function createClock({ startAt, frozen }: { startAt?: number; frozen?: boolean } = {}) {
  const timers = new Set<{ dueAt: number; run: () => void }>();
  let offsetMs = startAt === undefined ? 0 : startAt - Date.now();
  let frozenAt = frozen ? Date.now() + offsetMs : undefined;
  let alarm: NodeJS.Timeout | undefined;
  let stopped = false;

  const now = () => frozenAt ?? Date.now() + offsetMs;

  function moveTo(time: number) {
    if (frozenAt === undefined) offsetMs = time - Date.now();
    else frozenAt = time;
  }

  function earliest() {
    let first: { dueAt: number; run: () => void } | undefined;
    for (const timer of timers) if (!first || timer.dueAt < first.dueAt) first = timer;
    return first;
  }

  function fireUntil(time: number) {
    for (let timer = earliest(); timer && timer.dueAt <= time; timer = earliest()) {
      if (timer.dueAt > now()) moveTo(timer.dueAt);
      timers.delete(timer);
      timer.run();
    }
  }

  function setAlarm() {
    clearTimeout(alarm);
    const next = earliest();
    if (!next || frozenAt !== undefined) return;
    const delayMs = Math.min(Math.max(next.dueAt - now(), 0), 2 ** 31 - 1);
    alarm = setTimeout(() => {
      fireUntil(now());
      setAlarm();
    }, delayMs);
  }

  /** Runs `run` after a delay of virtual time and returns a function that calls it off; an infinite delay never runs. */
  function after(delayMs: number, run: () => void) {
    if (stopped || delayMs === Number.POSITIVE_INFINITY) return () => {};
    const timer = { dueAt: now() + delayMs, run };
    timers.add(timer);
    setAlarm();
    return () => {
      timers.delete(timer);
      setAlarm();
    };
  }

  return {
    /** Milliseconds since 1970. */
    now,
    after,
    wait: (delayMs: number) => new Promise<void>((resolve) => void after(delayMs, resolve)),
    /** Moves the clock forward; whatever becomes due on the way happens before this returns. */
    advance(ms: number) {
      const target = now() + ms;
      fireUntil(target);
      if (target > now()) moveTo(target);
      setAlarm();
    },
    /** Nothing runs any more, now or later. */
    stop() {
      stopped = true;
      clearTimeout(alarm);
      timers.clear();
    },
  };
}

export type Clock = ReturnType<typeof createClock>;
