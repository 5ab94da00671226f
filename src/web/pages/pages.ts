import { Hono } from 'hono';
import { html } from 'hono/html';
import { type Markup, page } from './layout.ts';
import { type Operator, privacy, terms } from './legal.ts';
import { type ChatDoor, startPage } from './start.ts';

/** `/`, `/privacy`, `/terms` and `/robots.txt`. */
export function createPageRoutes({
  operator,
  chats,
  uploadLimitBytes,
}: {
  operator: Operator;
  chats: () => readonly ChatDoor[];
  uploadLimitBytes: number;
}) {
  return new Hono()
    .get('/', (c) => c.html(startPage({ operator, chats: chats(), uploadLimitBytes })))
    .get('/privacy', (c) => c.html(privacy(operator)))
    .get('/terms', (c) => c.html(terms(operator)))
    .get('/robots.txt', (c) => c.text('User-agent: *\nDisallow: /\n'));
}

/** The page for an address that leads nowhere. */
export function notFound(): Markup {
  return page({
    title: 'Not found',
    content: html`<h1>There is nothing here</h1>
<p>The address is wrong, or what it led to is gone. To connect a TikTok account, write <code>/connect</code> to the bot,
in Discord <code>/tiktok connect</code>: it answers with a fresh link.</p>`,
  });
}

/** The page for a request that cannot be met; it gives no details away. */
export function failure(status: number): Markup {
  const isOurs = status >= 500;
  return page({
    title: isOurs ? 'Something went wrong' : 'That did not work',
    content: html`<h1>${isOurs ? 'Something went wrong' : 'That did not work'}</h1>
<p>${
      isOurs
        ? 'It is not your doing, and it is in the log of this server. Please try again in a moment.'
        : 'Your browser sent something that this page does not take. Go back and try again.'
    }</p>`,
  });
}
