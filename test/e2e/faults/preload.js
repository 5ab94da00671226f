// Runs inside a Nod that has faults: its clock may be ahead, and a signal keeps everything else from its turn.
const { now } = Date;
const aheadMs = Number(process.env.CLOCK_AHEAD_MS ?? 0);
Date.now = () => now() + aheadMs;
process.on('SIGUSR2', () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
});
