import { createHash } from 'node:crypto';
import { html } from 'hono/html';
import { isSettled, linksOf, type Post } from '../../core/publish/post.ts';
import { takesVotes } from '../../core/publish/verbs.ts';
import type { Vote } from '../../core/review/review.ts';
import { icon, type Markup } from '../pages/layout.ts';

type Span =
  | string
  | {
      readonly text: string;
      readonly style?: 'bold' | 'italic' | 'code';
      readonly href?: string;
      readonly moment?: { readonly at: number };
    };

/** How a post stands, in the words of its cards. */
export interface PostStory {
  readonly headline: string;
  readonly lines: readonly (readonly Span[])[];
  /** Those that stand while it can be voted on. */
  readonly votes: readonly Vote[];
  /** Where its cards are. */
  readonly messages: readonly { readonly platform: string; readonly url: string }[];
}

/** A part of a page that is exchanged while the page is open, once it has become another. */
export function livePart(name: string, content: Markup | string): Markup {
  const version = createHash('sha256').update(String(content)).digest('base64url').slice(0, 12);
  return html`<div data-live="${name}" data-version="${version}">${content}</div>`;
}

/** How often a page asks for news, in milliseconds; undefined once there is none to come. */
export function newsEvery(post: Post): number | undefined {
  if (!isSettled(post)) return 3_000;
  // Its link may come later.
  const isLinkDue = post.status === 'published' && linksOf(post).length === 0;
  return isLinkDue && post.nextCheckAt !== undefined ? 30_000 : undefined;
}

/** How a post stands: who has voted and how, what is missing, until when, and where its cards are. */
export function storyPart(post: Post, { headline, lines, votes, messages }: PostStory): Markup {
  const approvals = post.review?.policy.approvals ?? 0;
  const approved = votes.filter(({ mark }) => mark === 'approve').length;
  const missing = takesVotes(post) ? approvals - approved : 0;
  const links = linksOf(post);
  // They are buttons here.
  const isLink = ([part, ...more]: PostStory['lines'][number]) =>
    more.length === 0 && part !== undefined && links.includes(typeof part === 'string' ? part : part.text);
  return html`<h2 data-said>${headline}</h2>
${
  votes.length === 0 && missing <= 0
    ? ''
    : html`<ul class="votes" aria-label="Votes">
${votes.map(voteRow)}${missing > 0 ? html`<li class="missing">${missing === 1 ? 'One more approval is missing' : `${missing} more approvals are missing`}</li>` : ''}</ul>`
}
${lines.filter((line) => line.length > 0 && !isLink(line)).map((line) => html`<p class="story">${line.map(span)}</p>\n`)}
${
  links.length + messages.length === 0
    ? ''
    : html`<div class="actions">
${links.map((url, index) => html`<a class="button" href="${url}" rel="noreferrer">See it on TikTok${links.length > 1 ? ` (${index + 1})` : ''}</a>`)}
${messages.map(({ platform, url }) => html`<a class="button small" href="${url}" rel="noreferrer">Open its card in ${platform}</a>`)}
</div>`
}`;
}

function voteRow({ person, mark, reason }: Vote): Markup {
  const isFor = mark === 'approve';
  return html`<li class="${mark}" data-said>${icon(isFor ? 'check' : 'cross')}<span><strong><bdi>${person.name}</bdi></strong> ${
    isFor ? 'approves' : 'rejects'
  }${reason === undefined ? '' : html`: “<bdi>${reason}</bdi>”`}</span></li>\n`;
}

/** What a card links to and names stays text here but its links to TikTok. */
function span(part: Span): Markup | string {
  if (typeof part === 'string') return part;
  const { text, style, href, moment } = part;
  if (href?.startsWith('https://www.tiktok.com/'))
    return html`<a href="${href}" rel="noreferrer">${text}</a>`;
  if (moment !== undefined) return html`<time datetime="${new Date(moment.at).toISOString()}">${text}</time>`;
  if (style === 'bold') return html`<strong>${text}</strong>`;
  return style === 'code' ? html`<code>${text}</code>` : text;
}
