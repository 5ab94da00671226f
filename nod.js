import './node-version.js';

// Only now: an older Node would already fail on the names of its imports.
const { fillCompileCache, openCompileCache } = await import('./compile-cache.js');
const isEmpty = openCompileCache();

// Buffers of a passing gigabyte wait in V8's young generation until it is full, and in glibc's arenas: both are kept small.
// They can only be set at a start, so the process begins once more, as itself; not where a parent talks to it.
const YOUNG_GENERATION = '--max-semi-space-size=1';
if (process.platform === 'linux' && !process.connected && !process.execArgv.includes(YOUNG_GENERATION)) {
  if (isEmpty) await fillCompileCache();
  process.execve?.(
    process.execPath,
    [process.execPath, ...process.execArgv, YOUNG_GENERATION, ...process.argv.slice(1)],
    { MALLOC_ARENA_MAX: '2', ...process.env },
  );
}

const { main } = await import('./src/main.ts');
await main();
