import { html } from 'hono/html';
import { type Markup, page } from './layout.ts';

/** Who runs this server, as far as they say. */
export interface Operator {
  readonly name?: string | undefined;
  /** A mail address or a URL. */
  readonly contact?: string | undefined;
}

/** What is kept about people, and how they get rid of it. */
export function privacy(operator: Operator): Markup {
  return page({
    title: 'Privacy',
    content: html`<h1>Privacy</h1>
<p class="lead">Nod publishes media from a chat to TikTok. This server is run by ${operator.name ?? 'its operator'}. It keeps
what that takes and nothing more: no analytics, no advertising, no tracking.</p>

<h2>What is stored</h2>
<ul>
<li><strong>TikTok accounts</strong> that someone connects: the account’s id, its name, a small copy of its picture, which
this server fetches from TikTok at most once a day, the permissions given, and the access tokens. Tokens are encrypted; nobody’s TikTok password ever reaches this server.</li>
<li><strong>Chats</strong>: the ids and names of the chats where the bot is used, or asked for, and of the people who ask,
connect accounts or compose posts.</li>
<li><strong>Media</strong> sent to the bot for a post. It is deleted within two hours after it was posted
or its draft was dropped. A small preview for the card stays for a week, and so does what failed
or was cancelled, so that it can be tried again; a draft that nobody touches is dropped after a week.</li>
<li><strong>Posts</strong>: caption, settings, who made them, when, and TikTok’s ids of them, so that the
bot can show what became of them; how often they were seen and liked as well, where the account allowed that. They are deleted with their votes some time after their end, a year unless the operator
has set another time. Everybody who has the link on its card can look at a post and its votes, until a week after its end.</li>
<li><strong>Votes and history</strong>: who approved, rejected, changed, published or cancelled a post, when, and by what
right, such as a role. The history is kept for as long as this server runs.</li>
<li><strong>One cookie</strong>, for an hour, that ties connecting an account to your browser. It is not used for
anything else.</li>
<li><strong>In your browser</strong>, for a day, which upload a file belongs to, so that it can go on after the page was closed;
not its name, and no picture of it.</li>
<li><strong>Server logs</strong>: technical events, without tokens, captions or media.</li>
</ul>

<h2>Who receives it</h2>
<p>TikTok receives the media, caption and settings of a post after a person has confirmed it. The chat platform
(Telegram or Discord) carries the conversation with the bot. Nothing is sold or given to anyone else. They have privacy
policies of their own: ${link('https://www.tiktok.com/legal/privacy-policy', 'TikTok')},
${link('https://telegram.org/privacy', 'Telegram')}, ${link('https://discord.com/privacy', 'Discord')}.</p>

<h2>Disconnecting and deleting</h2>
<ul>
<li>Write <code>/disconnect</code> in the chat, in Discord <code>/tiktok disconnect</code>. Once no chat uses the account any more, its tokens and the numbers of its
posts are deleted here, and the access ends at TikTok.</li>
<li>Or remove the app in TikTok under <em>Settings and privacy → Security &amp; permissions → Apps and services
permissions</em>. TikTok tells this server, and the account is deleted here.</li>
<li>For anything else, such as a copy or the deletion of your data, ask ${contactOf(operator)}.</li>
</ul>
<p>What is published on TikTok stays there until it is deleted on TikTok.</p>`,
  });
}

/** Under which terms the server may be used. */
export function terms(operator: Operator): Markup {
  return page({
    title: 'Terms',
    content: html`<h1>Terms of use</h1>
<p class="lead">By using this Nod server, run by ${operator.name ?? 'its operator'}, you agree to the following.</p>

<h2>What it does</h2>
<p>Nod takes media that you send it in a chat, prepares it for TikTok, and publishes it, or puts it into the inbox of the
TikTok app, on an account that was connected for that chat. It acts only on what people in the chat confirm.</p>

<h2>Your accounts</h2>
<p>Connect only TikTok accounts that are yours or that you have been asked to post for. Anyone whom the chat allows can
then post through them. You can end this at any time: see ${link('/privacy', 'Privacy')}.</p>

<h2>Your content</h2>
<p>What you post remains yours, and you answer for it: you need the rights to every picture, sound and text, and must
say so when a post is advertising. TikTok’s rules apply to all of it:</p>
<ul>
<li>${link('https://www.tiktok.com/legal/terms-of-service', 'Terms of Service')}</li>
<li>${link('https://www.tiktok.com/community-guidelines', 'Community Guidelines')}</li>
<li>${link('https://www.tiktok.com/legal/page/global/music-usage-confirmation/en', 'Music Usage Confirmation')}</li>
<li>${link('https://www.tiktok.com/legal/page/global/bc-policy/en', 'Branded Content Policy')}</li>
</ul>

<h2>Fair use</h2>
<p>Do not use the server for anything unlawful, to spam, to get around TikTok’s limits, or to disturb its working. Access
may be ended for those who do.</p>

<h2>No warranty</h2>
<p>The service is offered as it is, without a promise that it is always available, that a post gets through, or when.
TikTok may delay, refuse or remove posts. As far as the law allows, ${nameOf(operator)} is not liable for damage that
follows from using it.</p>

<h2>Questions</h2>
<p>Ask ${contactOf(operator)}. Nod is not made by, or affiliated with, TikTok.</p>`,
  });
}

function nameOf({ name }: Operator): string {
  return name ?? 'the operator of this server';
}

/** Whom to ask, with a link where there is one. */
export function contactOf(operator: Operator): Markup {
  const { contact } = operator;
  const name = nameOf(operator);
  if (contact === undefined) return html`${name}`;
  if (/^https?:\/\//.test(contact)) return html`${name}: ${link(contact, contact)}`;
  if (/^[^\s@<>"]+@[^\s@<>"]+$/.test(contact)) return html`${name}: ${link(`mailto:${contact}`, contact)}`;
  return html`${name}: ${contact}`;
}

function link(href: string, text: string): Markup {
  return html`<a href="${href}">${text}</a>`;
}
