import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { html } from 'hono/html';

export type Markup = ReturnType<typeof html>;

/** The one style sheet of all pages. */
const STYLE = readFileSync(new URL('style.css', import.meta.url), 'utf8');
const STYLE_VERSION = createHash('sha256').update(STYLE).digest('base64url').slice(0, 12);

const BUBBLE =
  'M9 3h14a7 7 0 0 1 7 7v7a7 7 0 0 1-7 7h-7.6l-6.8 5.1c-.7.5-1.6 0-1.6-.8v-4.6A7 7 0 0 1 2 17v-7a7 7 0 0 1 7-7Z';
const CHECK = 'M10.3 13.9l4 4 7.6-8.2';

/** Puts content into the frame that all pages share; `scripts` are tags of files of ours, `isWide` makes room for two columns. */
export function page({
  title,
  content,
  scripts,
  isWide = false,
}: {
  title: string;
  content: Markup;
  scripts?: Markup | undefined;
  isWide?: boolean;
}): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title === 'Nod' ? title : `${title} · Nod`}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="theme-color" content="#f4f6f4" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#0f1412" media="(prefers-color-scheme: dark)">
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css?v=${STYLE_VERSION}">
${scripts ?? ''}</head>
<body${isWide ? html` class="wide"` : ''}>
<header class="bar"><a class="brand" href="/">${mark()}Nod</a></header>
<main>
<article class="card">
${content}
</article>
</main>
<footer class="foot"><a href="/privacy">Privacy</a><a href="/terms">Terms</a></footer>
</body>
</html>`;
}

function mark(): Markup {
  return html`<svg viewBox="0 0 32 32" aria-hidden="true"><path class="mark-bubble" d="${BUBBLE}"/><path class="mark-check" d="${CHECK}"/></svg>`;
}

/** A moment; scripts put it by the clocks of whoever looks. */
export function moment(at: number): Markup {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" data-moment>${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`;
}

const ICONS = {
  check: 'M5 12.6l4.6 4.6L19 7.4',
  exclamation: 'M12 5.5v8M12 18.4v.1',
  file: 'M7 3.5h7l4 4V20.5H7zM13.5 3.5v4.5H18',
  cross: 'M6.8 6.8l10.4 10.4M17.2 6.8L6.8 17.2',
} as const;

/** A small drawing in the colour of its text. */
export function icon(name: keyof typeof ICONS): Markup {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}

export type Tone = 'good' | 'warn' | 'bad';

/** The round sign that tells at a glance how it went. */
export function badge(tone: Tone): Markup {
  const name = ({ good: 'check', warn: 'exclamation', bad: 'cross' } as const)[tone];
  return html`<div class="badge ${tone}">${icon(name)}</div>`;
}

/** The files that every page needs; their addresses change with their content. */
export function createLayoutRoutes() {
  const favicon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#0a6b4f" d="${BUBBLE}"/><path fill="none" stroke="#fff" stroke-width="3.2" stroke-linecap="round" stroke-linejoin="round" d="${CHECK}"/></svg>`;
  return new Hono()
    .get('/style.css', (c) =>
      c.body(STYLE, 200, {
        'Content-Type': 'text/css; charset=utf-8',
        'Cache-Control': 'public, max-age=31536000, immutable',
      }),
    )
    .get('/favicon.svg', (c) =>
      c.body(favicon, 200, { 'Content-Type': 'image/svg+xml', 'Cache-Control': 'public, max-age=86400' }),
    );
}
