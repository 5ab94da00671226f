import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/count-reporter.ts'],
    // Longer than any single wait, whose message tells more.
    testTimeout: 120_000,
    // Most of these tests wait for emulators; the default leaves a core idle.
    maxWorkers: '100%',
  },
});
