import { html } from 'hono/html';
import type { ConsentOutcome, Invitation } from '../../core/accounts/consent.ts';
import { badge, type Markup, page, type Tone } from '../pages/layout.ts';

type Status = 200 | 400 | 403 | 404 | 409 | 410 | 500 | 502 | 503;

interface OutcomePage {
  readonly status: Status;
  readonly content: Markup;
}

/** The way into a chat, for whoever is in it. */
export interface ChatLink {
  /** What the platform is called. */
  readonly platform: string;
  readonly url: string;
}

/** What the page of a connected account has besides. */
interface Around {
  /** The address of the account's picture. */
  readonly avatar?: string | undefined;
  readonly chatLink?: ChatLink | undefined;
}

/** The page that a person comes back to from TikTok. It never repeats what the callback's query held. */
export function outcomePage(outcome: ConsentOutcome, around: Around = {}): OutcomePage {
  switch (outcome.type) {
    case 'connected':
      return connected(outcome, around);
    case 'denied':
      return show(200, 'warn', 'Nothing was connected', [
        html`<p>You chose not to let Nod into your TikTok account, and that is fine: nothing was stored.</p>`,
        again(outcome.invitation),
      ]);
    case 'expired':
      return show(410, 'warn', 'That took too long', [
        html`<p>For safety the way through TikTok’s page has to be finished within ten minutes.</p>`,
        again(outcome.invitation),
      ]);
    case 'reused':
      return show(409, 'warn', 'This was already used', [
        html`<p>Each return from TikTok counts once, so reloading this page does nothing. Look into
${chat(outcome.invitation)}: if your account is there, all is well.</p>`,
        askForLink(),
      ]);
    case 'used':
      return show(409, 'warn', 'This link was used already', [
        html`<p>A link to connect is good for one account, and another way through it came first. Nothing was connected
this time.</p>`,
        askForLink(),
      ]);
    case 'forbidden':
      return show(403, 'bad', 'This is no longer allowed', [
        html`<p>${person(outcome.invitation)} asked for this link, but may no longer connect accounts for
${chat(outcome.invitation)}. Nothing was connected, and nothing is kept.</p>`,
        askForLink(),
      ]);
    case 'foreign':
      return show(403, 'bad', 'This is another browser', [
        html`<p>The connection was begun in a different browser, so it was stopped here. Open the link from the chat and
finish in one and the same browser, with cookies allowed.</p>
<p class="quiet">On a phone: if the chat opens links in a small window of its own, choose “Open in browser” first.</p>`,
        askForLink(),
      ]);
    case 'refused':
      return show(400, 'bad', 'TikTok refused', [
        html`<p>${hintFor(outcome.code)}</p>
<p class="quiet">TikTok’s code: <code>${outcome.code}</code></p>`,
        again(outcome.invitation),
      ]);
    case 'unreachable':
      return show(502, 'bad', 'TikTok did not answer', [
        html`<p>You agreed, but TikTok did not confirm it to this server. Nothing was connected. It usually works a few
minutes later.</p>`,
        again(outcome.invitation),
      ]);
    case 'fault':
      return show(500, 'bad', 'Nod could not keep the account', [
        html`<p>You agreed at TikTok, but something went wrong on this server. It is neither your doing nor TikTok’s,
and it is in the log here.</p>`,
        again(outcome.invitation),
      ]);
    case 'unchecked':
      return show(503, 'warn', 'Nod could not check this', [
        html`<p>This server could not ask whether ${person(outcome.invitation)} may still connect accounts for
${chat(outcome.invitation)}. It is neither your doing nor TikTok’s, and nothing is lost.</p>
<p><strong>Reload this page in a moment</strong> to go on where you are.</p>`,
      ]);
    case 'unknown':
      return show(404, 'bad', 'This link leads nowhere', [
        html`<p>It is incomplete, very old, or not from this server.</p>`,
        askForLink(),
      ]);
  }
}

function connected(
  { account, invitation, missingScopes }: ConsentOutcome & { type: 'connected' },
  { avatar, chatLink }: Around,
): OutcomePage {
  const picture =
    avatar === undefined
      ? html``
      : html`<img class="avatar big" src="${avatar}" width="64" height="64" alt="">`;
  const back =
    chatLink === undefined
      ? html``
      : html`<div class="actions"><a class="button" href="${chatLink.url}" rel="noreferrer">Back to ${chatLink.platform}</a></div>`;
  const name = html`<strong><bdi>${account.nickname}</bdi></strong>`;
  const handle = account.username === undefined ? '' : html` (@${account.username})`;
  const missing = missingScopes.flatMap((scope) => WITHOUT[scope] ?? []);
  if (missing.length === 0) {
    return show(200, 'good', 'Connected', [
      picture,
      html`<p class="lead">${name}${handle} can now be posted to from ${chat(invitation)}.</p>
<p>Go back to the chat and send a video or some photos. You can close this page.</p>`,
      back,
    ]);
  }
  return show(200, 'warn', 'Connected, with gaps', [
    picture,
    html`<p class="lead">${name}${handle} is connected to ${chat(invitation)}, but not everything was allowed:</p>
<div class="notice warn"><ul>${missing.map((text) => html`<li>${text}</li>`)}</ul></div>
<p>To add what is missing, write <code>/connect</code> in the chat again (in Discord
<code>/tiktok connect</code>) and leave everything switched on at TikTok.</p>`,
    back,
  ]);
}

/** What does not work without a scope. */
const WITHOUT: Record<string, string> = {
  'video.publish':
    'Posting straight to the profile does not work. Posts can only go to the inbox of the TikTok app.',
  'video.upload':
    'Sending to the inbox of the TikTok app does not work. Posts can only go straight to the profile.',
  'user.info.basic': 'The name of the account cannot be read, so it is hard to tell apart from others.',
};

/** Who can put it right, for the codes that TikTok is known to use. */
function hintFor(code: string): string {
  switch (code) {
    case 'client_key':
    case 'unauthorized_client':
    case 'invalid_client':
      return 'TikTok does not accept this server’s app. The operator has to check TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET, and that the app is approved with Login Kit; before the approval only the sandbox keys work.';
    case 'redirect_uri':
      return 'The callback address of this server is not registered at TikTok. The operator has to add it, letter by letter, to the redirect URIs of the app’s Login Kit.';
    case 'non_sandbox_target':
      return 'The app is still in TikTok’s sandbox and this account is not one of its test users. The operator can add it as a target user in the TikTok developer portal.';
    case 'scope':
    case 'invalid_scope':
      return 'The app may not ask for these permissions yet. The operator has to add the scopes user.info.basic, video.publish and video.upload to it, and video.list where TIKTOK_STATS is true.';
    case 'invalid_grant':
    case 'access_token_invalid':
      return 'The confirmation from TikTok had already run out or was used before. It is enough to try once more.';
    case 'temporarily_unavailable':
    case 'server_error':
    case 'rate_limit_exceeded':
      return 'TikTok has trouble at the moment. Please try again in a few minutes.';
    default:
      return 'TikTok did not allow the connection and gave no reason that is known here. Nothing was connected.';
  }
}

function show(status: Status, tone: Tone, title: string, parts: Markup[]): OutcomePage {
  return { status, content: page({ title, content: html`${badge(tone)}<h1>${title}</h1>${parts}` }) };
}

function chat({ chatTitle }: Invitation): Markup {
  return html`<strong><bdi>${chatTitle}</bdi></strong>`;
}

function person({ person: { name } }: Invitation): Markup {
  return html`<strong><bdi>${name}</bdi></strong>`;
}

/** Only for the browser that began: who knows the invitation may use it. */
function again({ id }: Invitation): Markup {
  return html`<div class="actions"><a class="button" href="/connect/${id}">Try again</a></div>
<p class="quiet">Or write <code>/connect</code> in the chat, in Discord <code>/tiktok connect</code>, for a fresh link.</p>`;
}

function askForLink(): Markup {
  return html`<p>For a fresh link write <code>/connect</code> to the bot, in Discord <code>/tiktok connect</code>.</p>`;
}
