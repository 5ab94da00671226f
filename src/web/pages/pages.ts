import { Hono } from 'hono';
import { html } from 'hono/html';
import { icon, type Markup, page } from './layout.ts';
import { type Operator, privacy, terms } from './legal.ts';

/** `/`, `/privacy`, `/terms` and `/robots.txt`. */
export function createPageRoutes({ operator }: { operator: Operator }) {
  return new Hono()
    .get('/', (c) => c.html(start()))
    .get('/privacy', (c) => c.html(privacy(operator)))
    .get('/terms', (c) => c.html(terms(operator)))
    .get('/robots.txt', (c) => c.text('User-agent: *\nDisallow: /\n'));
}

function start(): Markup {
  return page({
    title: 'Nod',
    content: html`<h1>Post to TikTok from your team’s chat</h1>
<p class="lead">Nod is a chat bot. Send it a video or a few photos, settle the caption and who may see it, and it
publishes when you nod.</p>
<ul class="ticks">
${point('Everything happens in the chat', 'Composing, the progress, and the link to the finished post.')}
${point('Nothing goes out by itself', 'Each post is put together and confirmed by a person.')}
${point('Your server, your files', 'Nod runs here. Media is deleted soon after TikTok has it.')}
</ul>
<p class="quiet">This page is only the doorstep: write <code>/start</code> to the bot in Telegram, or <code>/tiktok help</code>
in Discord.</p>`,
  });
}

function point(title: string, text: string): Markup {
  return html`<li>${icon('check')}<p><strong>${title}.</strong> ${text}</p></li>`;
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
