import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import type { Logger } from 'pino';
import type { Avatars } from '../../core/accounts/avatars.ts';
import type { ConsentOutcome, Consents, Invitation } from '../../core/accounts/consent.ts';
import type { ChatRef } from '../../core/people.ts';
import { parseCallback } from '../../core/tiktok/oauth.ts';
import type { BrowserProof } from '../browser-proof.ts';
import { badge, icon, type Markup, page } from '../pages/layout.ts';
import { type ChatLink, outcomePage } from './outcome-page.ts';

const PICTURE_WAIT_MS = 1_500;
/** As far as TikTok's own codes go: what else stands in the query is not repeated anywhere. */
const CODE = /^[\w.-]{1,64}$/;
/** Types that say more than the error that they come with. */
const TELLING_TYPES = new Set([
  'client_key',
  'redirect_uri',
  'non_sandbox_target',
  'code_challenge',
  'scope',
]);

/** From the link in the chat to TikTok's consent page and back: `/connect/:id` and `/oauth/callback`. */
export function createConnectRoutes({
  consents,
  avatars,
  chatLink,
  browserProof,
  onConsent,
  log,
}: {
  consents: Pick<Consents, 'readInvitation' | 'begin' | 'finish'>;
  avatars: Pick<Avatars, 'urlPath'>;
  chatLink: (chat: ChatRef) => ChatLink | undefined;
  browserProof: BrowserProof;
  onConsent: (outcome: ConsentOutcome) => Promise<void>;
  log: Logger;
}) {
  const routes = new Hono();

  routes.use('/connect/*', async (c, next) => {
    // With `no-referrer` browsers would send the form with `Origin: null`.
    c.header('Referrer-Policy', 'same-origin');
    c.header('Cache-Control', 'no-store');
    await next();
  });

  routes.get('/connect/:id', async (c) => {
    const invitation = await consents.readInvitation(c.req.param('id'));
    if (invitation === undefined) return c.html(invitationGone(), 404);
    browserProof.give(c);
    return c.html(connectPage(invitation));
  });

  routes.post('/connect/:id', async (c) => {
    const invitation = await consents.readInvitation(c.req.param('id'));
    if (invitation === undefined) return c.html(invitationGone(), 404);
    if (!browserProof.isOwnForm(c)) return c.html(openAgain(invitation), 403);
    // A form on another site would come without it, because it is SameSite=Lax.
    const browser = browserProof.read(c);
    if (browser === undefined) return c.html(openAgain(invitation), 403);
    return c.redirect(await consents.begin(invitation, browser), 303);
  });

  routes.get('/oauth/callback', async (c) => {
    c.header('Referrer-Policy', 'no-referrer');
    c.header('Cache-Control', 'no-store');
    // Whoever only looks must not use up what counts once.
    if (c.req.method === 'HEAD') return c.body(null);
    const outcome = await finish(c);
    if (!('isTold' in outcome && outcome.isTold)) await tellChat(outcome);
    const { status, content } = outcomePage(outcome, await around(outcome));
    return c.html(content, status);
  });

  /** The picture of a new account is being fetched, which is worth a moment. */
  async function around(outcome: ConsentOutcome) {
    if (outcome.type !== 'connected') return {};
    const { account, invitation } = outcome;
    const avatar = await avatars.urlPath(account.openId, { waitMs: PICTURE_WAIT_MS });
    return { avatar, chatLink: chatLink(invitation.chat) };
  }

  async function finish(c: Context): Promise<ConsentOutcome> {
    const callback = parseCallback(new URL(c.req.url).searchParams);
    if (callback.state === undefined) return { type: 'unknown' };
    const way = { state: callback.state, browser: browserProof.read(c) };
    const outcome = await consents.finish(
      'code' in callback ? { ...way, code: callback.code } : { ...way, error: errorOf(callback) },
    );
    log.info({ outcome: outcome.type }, 'Somebody came back from the consent page');
    return outcome;
  }

  async function tellChat(outcome: ConsentOutcome): Promise<void> {
    await onConsent(outcome).catch((error: unknown) => {
      log.error(
        { err: error, outcome: outcome.type },
        'The chat could not be told how connecting an account ended',
      );
    });
  }

  return routes;
}

function errorOf({ error, errorType }: { error: string; errorType?: string | undefined }): string {
  if (errorType !== undefined && TELLING_TYPES.has(errorType)) return errorType;
  return CODE.test(error) ? error : 'unknown_error';
}

function connectPage({ id, chatTitle, person }: Invitation): Markup {
  return page({
    title: 'Connect a TikTok account',
    content: html`<h1>Connect a TikTok account</h1>
<p>Nod is a bot that publishes to TikTok from a chat. If you go on, TikTok asks you whether you let it.</p>
<dl class="facts">
<dt>For the chat</dt><dd><bdi>${chatTitle}</bdi></dd>
<dt>Asked by</dt><dd><bdi>${person.name}</bdi></dd>
</dl>
<h2>What Nod will be able to do</h2>
<ul class="ticks">
${ability('See the account’s name and picture', 'so that the chat knows which account it posts to.')}
${ability('Publish videos and photos', 'that people in this chat have put together and confirmed.')}
${ability('Send drafts to the TikTok inbox', 'to be finished in the app.')}
</ul>
<p class="quiet">It never sees your password and cannot read messages, follow, comment, or delete anything.</p>
<form method="post" action="/connect/${id}">
<button class="button wide" type="submit">Continue to TikTok</button>
</form>
<p class="quiet">Use the TikTok account that shall be posted to. You can take this back at any time: with
<code>/disconnect</code> in the chat (in Discord <code>/tiktok disconnect</code>), or in TikTok’s settings.</p>`,
  });
}

function ability(what: string, why: string): Markup {
  return html`<li>${icon('check')}<p><strong>${what}</strong> ${why}</p></li>`;
}

function invitationGone(): Markup {
  return page({
    title: 'This link has run out',
    content: html`${badge('warn')}<h1>This link has run out</h1>
<p>A link to connect an account works once and for one hour. For a new one write
<code>/connect</code> to the bot, in Discord <code>/tiktok connect</code>.</p>`,
  });
}

function openAgain({ id }: Invitation): Markup {
  return page({
    title: 'Please open the link again',
    content: html`${badge('warn')}<h1>Please open the link again</h1>
<p>Your browser did not prove that this came from our own page. Open it once more, with cookies allowed.</p>
<div class="actions"><a class="button" href="/connect/${id}">Open it again</a></div>`,
  });
}
