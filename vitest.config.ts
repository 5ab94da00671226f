import { defineConfig } from 'vitest/config';

const E2E = 'test/e2e/**/*.test.ts';

export default defineConfig({
  test: {
    reporters: ['default', './test/count-reporter.ts'],
    // Longer than any single wait, whose message tells more.
    testTimeout: 120_000,
    // Most of these tests wait for emulators; the default leaves a core idle.
    maxWorkers: '100%',
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
