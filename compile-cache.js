import { readdirSync } from 'node:fs';
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

/** Compiles what Nod is made of, which leaves the process with 25 MB more than one that finds it compiled. */
export async function fillCompileCache() {
  await import('./src/app.ts');
  await import('./src/core/media/video/mp4/worker.ts');
  await import('./src/core/media/photo/heic/worker.ts');
  flushCompileCache();
}

if (import.meta.main && openCompileCache()) await fillCompileCache();
