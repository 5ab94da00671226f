import { html } from 'hono/html';
import { PHOTO_LIMITS, VIDEO_LIMITS } from '../../core/media/types.ts';
import { sizeText } from '../uploads/browser/words.js';
import { icon, type Markup, page } from './layout.ts';
import { contactOf, type Operator } from './legal.ts';

/** A chat platform that this Nod serves. */
export interface ChatDoor {
  readonly platform: 'telegram' | 'discord';
  /** Absent before it has answered. */
  readonly url?: string | undefined;
}

const DOORS = {
  telegram: {
    label: 'Open in Telegram',
    how: 'Write /start to the bot, or add it to the group of your team.',
  },
  discord: {
    label: 'Add to your server',
    how: 'For those who manage a Discord server. Is it there already? Write /tiktok help.',
  },
} as const;

/** What this Nod is, whose it is, the way to it, and what it takes. */
export function startPage({
  operator,
  chats,
  uploadLimitBytes,
}: {
  operator: Operator;
  chats: readonly ChatDoor[];
  uploadLimitBytes: number;
}): Markup {
  const isKnown = operator.name !== undefined || operator.contact !== undefined;
  return page({
    title: 'Nod',
    content: html`<h1>Post to TikTok from your team’s chat</h1>
<p class="lead">Nod is a chat bot. Send it a video or a few photos, settle the caption and who may see it, and it
publishes when you nod.</p>
${chats.length === 0 ? '' : html`<ul class="doors">${chats.map(door)}</ul>`}
<ul class="ticks">
${point('Everything happens in the chat', 'Composing, the progress, and the link to the finished post.')}
${point('Nothing goes out by itself', 'Each post is put together and confirmed by a person.')}
${point('Your server, your files', 'Nod runs here. Media is deleted soon after TikTok has it.')}
</ul>
<h2>What it takes</h2>
<p>One video (MP4, MOV, WebM and others) or 1 to ${PHOTO_LIMITS.maxCount} photos (JPEG, PNG, WebP, HEIC and others) a post, a file of up to
${sizeText(Math.min(uploadLimitBytes, VIDEO_LIMITS.maxBytes))}, to any TikTok account that its owner connects.</p>
<h2>Whose it is</h2>
<p>${isKnown ? html`This Nod is run by ${contactOf(operator)}.` : 'This Nod is run by somebody who has not said their name here.'}
Who may use it is up to its operator. See what is kept in <a href="/privacy">Privacy</a>, and the
<a href="/terms">Terms</a>. Nod is not made by TikTok.</p>`,
  });
}

function door({ platform, url }: ChatDoor): Markup {
  const { label, how } = DOORS[platform];
  const button =
    url === undefined
      ? html`<strong>${platform === 'telegram' ? 'Telegram' : 'Discord'} does not answer at the moment</strong>`
      : html`<a class="button" href="${url}" rel="noreferrer">${label}</a>`;
  return html`<li>${button}<span class="quiet">${how}</span></li>\n`;
}

function point(title: string, text: string): Markup {
  return html`<li>${icon('check')}<p><strong>${title}.</strong> ${text}</p></li>`;
}
