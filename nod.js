import './node-version.js';

// Only now: an older Node would already fail on the names of this import.
const { enableCompileCache } = await import('node:module');
// Types are stripped and modules compiled once, not at every start.
enableCompileCache();

await import('./src/main.ts');
