import { globSync, readdirSync } from 'node:fs';
import { enableCompileCache, flushCompileCache, getCompileCacheDir } from 'node:module';
import { fileURLToPath } from 'node:url';

// Beside the packages: in the system's temporary folder, its default place, somebody else could put code for us.
const FOLDER = fileURLToPath(new URL('node_modules/.cache/nod', import.meta.url));

/** Has Node keep what it makes of our TypeScript. True where nothing is kept yet. */
export function openCompileCache() {
  enableCompileCache(process.env.NODE_COMPILE_CACHE ?? FOLDER);
  const directory = getCompileCacheDir();
  return directory !== undefined && readdirSync(directory).length === 0;
}

/**
 * Compiles all that Nod is made of, of which nothing does anything when it is loaded.
 *
 * A process that has compiled keeps 25 MB that one which finds it compiled does not need.
 */
export async function fillCompileCache() {
  for (const file of globSync('src/**/*.ts', { cwd: import.meta.dirname })) await import(`./${file}`);
  flushCompileCache();
}

if (import.meta.main && openCompileCache()) await fillCompileCache();
