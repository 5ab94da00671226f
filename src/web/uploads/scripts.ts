import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { Markup } from '../pages/layout.ts';

/** What the browser runs as it is: the client of tus from its package, and the page's own modules. */
const SCRIPTS = new Map(
  [
    ['tus.js', import.meta.resolve('tus-js-client/dist/tus.min.js')],
    ...['page.js', 'transfer.js', 'memory.js', 'thumbnail.js', 'words.js'].map((name) => [
      name,
      new URL(`browser/${name}`, import.meta.url).href,
    ]),
  ].map(([name = '', url = '']) => [name, readFileSync(new URL(url), 'utf8')]),
);
const VERSION = createHash('sha256')
  .update(JSON.stringify([...SCRIPTS]))
  .digest('base64url')
  .slice(0, 12);

/** Loads the scripts of the page, in this order, once the page is there. */
export const scriptTags = (): Markup =>
  html`<script defer src="/upload/scripts/${VERSION}/tus.js"></script>
<script type="module" src="/upload/scripts/${VERSION}/page.js"></script>`;

/** The scripts of the upload page, below `/upload`; modules name each other without a version, so it is a folder. */
export function createScriptRoutes() {
  return new Hono().get('/scripts/:version/:name', (c) => {
    const { version, name } = c.req.param();
    const script = version === VERSION ? SCRIPTS.get(name) : undefined;
    if (script === undefined) return c.text('Not found.', 404);
    return c.body(script, 200, {
      'Content-Type': 'text/javascript; charset=utf-8',
      'Cache-Control': 'public, max-age=31536000, immutable',
    });
  });
}
