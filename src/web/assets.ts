import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';

/** What browsers load of the pages' own, by its path below this folder, under which modules name each other. */
const NAMES = [
  'preview/phone.css',
  'preview/browser/phone.js',
  'preview/browser/moments.js',
  'review/browser/live.js',
  'compose/compose.css',
  'compose/browser/compose.js',
] as const;

const FILES = new Map<string, string>(
  NAMES.map((name) => [name, readFileSync(new URL(name, import.meta.url), 'utf8')]),
);
const VERSION = createHash('sha256')
  .update(JSON.stringify([...FILES]))
  .digest('base64url')
  .slice(0, 12);

/** The address of a file, which changes with the content of any of them. */
export const assetUrl = (name: (typeof NAMES)[number]): string => `/assets/${VERSION}/${name}`;

/** The styles and scripts of single pages, below `/assets`; browsers keep them for good. */
export function createAssetRoutes() {
  return new Hono().get('/:version/:name{.+}', (c) => {
    const { version, name } = c.req.param();
    const file = version === VERSION ? FILES.get(name) : undefined;
    if (file === undefined) return c.text('Not found.', 404);
    const type = name.endsWith('.css') ? 'text/css' : 'text/javascript';
    return c.body(file, 200, {
      'Content-Type': `${type}; charset=utf-8`,
      'Cache-Control': 'public, max-age=31536000, immutable',
    });
  });
}
