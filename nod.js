import './node-version.js';
import { setFlagsFromString } from 'node:v8';

// Only now: an older Node would already fail on the names of its imports.
const { fillCompileCache, openCompileCache } = await import('./compile-cache.js');
const isEmpty = openCompileCache();

// Buffers of a passing gigabyte wait in V8's young generation until it is full, and in glibc's arenas: both are kept small.
// What a start has read stays in the old one until it reaches its first size, which is more than a start needs (megabytes).
// They can only be set at a start, so the process begins once more, as itself; not where a parent talks to it.
const GENERATIONS = ['--max-semi-space-size=1', '--initial-old-space-size=64'];
const isSet = GENERATIONS.every((flag) => process.execArgv.includes(flag));
if (process.platform === 'linux' && !process.connected && !isSet) {
  if (isEmpty) await fillCompileCache();
  process.execve?.(
    process.execPath,
    [process.execPath, ...process.execArgv, ...GENERATIONS, ...process.argv.slice(1)],
    { MALLOC_ARENA_MAX: '2', ...process.env },
  );
}

// And where V8 would let the garbage grow to three times of what lives, by half of it (percent).
setFlagsFromString('--heap-growing-percent=50');
const { main } = await import('./src/main.ts');
await main();
