import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';

const FOLDER = fileURLToPath(new URL('../page/', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../fixtures/demo/', import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.mp4': 'video/mp4',
};

/** The page as it is in its folder, and files to begin with for whoever has none at hand. */
export function createPageRoutes() {
  const files = new Map<string, { body: Uint8Array<ArrayBuffer>; type: string }>();
  const add = (path: string, from: string): void => {
    const type = TYPES[extname(from)];
    if (type !== undefined) files.set(path, { body: new Uint8Array(readFileSync(from)), type });
  };
  for (const name of readdirSync(FOLDER))
    add(name === 'index.html' ? '/' : `/page/${name}`, `${FOLDER}${name}`);
  for (const name of readdirSync(EXAMPLES)) add(`/examples/${name}`, `${EXAMPLES}${name}`);
  return new Hono().get('*', (c) => {
    const file = files.get(c.req.path);
    if (file === undefined) return c.text('There is no such page.', 404);
    return c.body(file.body, 200, { 'content-type': file.type, 'cache-control': 'no-cache' });
  });
}
