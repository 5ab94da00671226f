import { existsSync, statfsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const E2E = 'test/e2e/**/*.test.ts';
/** Nod waits for the disk at each of its writes, and memory takes them at once. */
const MEMORY = '/dev/shm';
const ROOM_BYTES = 2_000_000_000;

export default defineConfig({
  test: {
    globalSetup: './test/require-programs.ts',
    reporters: ['default', './test/count-reporter.ts'],
    // Longer than any single wait, whose message tells more.
    testTimeout: 120_000,
    // What is looked at again and again comes late on a loaded machine; the default is a second.
    expect: { poll: { timeout: 30_000 } },
    // Most of these tests wait for emulators; the default leaves a core idle.
    maxWorkers: '100%',
    // No module keeps a state, so each worker loads everything once.
    isolate: false,
    env: hasRoom(MEMORY) ? { TMPDIR: MEMORY } : {},
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [E2E] } },
      // Each test has a world of its own, in which most of the time something is waited for.
      {
        extends: true,
        test: { name: 'e2e', include: [E2E], sequence: { concurrent: true }, maxConcurrency: 4 },
      },
    ],
  },
});

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > ROOM_BYTES;
}
