import { html } from 'hono/html';
import { assetUrl } from '../assets.ts';
import type { Markup } from '../pages/layout.ts';

/** A file as the phone shows it. */
interface PhoneFile {
  readonly kind: 'photo' | 'video';
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/** A post as TikTok would show it. */
export interface PhoneView {
  /** None while there is nothing to show yet. */
  readonly files: readonly PhoneFile[];
  readonly title?: string | undefined;
  readonly caption: string;
  readonly account: {
    readonly nickname: string;
    /** Without the `@`. */
    readonly handle?: string | undefined;
    /** The address of its picture. */
    readonly avatar?: string | undefined;
  };
  /** Which of several photos is the cover, from 0. */
  readonly coverIndex?: number | undefined;
  /** Where in the video its cover is. */
  readonly coverSeconds?: number | undefined;
  /** The address of a picture that stands for the video until that shows one. */
  readonly poster?: string | undefined;
  /** What TikTok puts below the caption, as “Paid partnership”. */
  readonly labels?: readonly string[] | undefined;
}

/** What a page with a phone on it loads: its style, its script, and the picture of its video, which is wanted first. */
export const phoneTags = (poster?: string): Markup => html`${
  poster === undefined ? '' : html`<link rel="preload" as="image" href="${poster}" fetchpriority="high">\n`
}<link rel="stylesheet" href="${assetUrl('preview/phone.css')}">
<script type="module" src="${assetUrl('preview/browser/phone.js')}"></script>`;

/**
 * A phone with the post on it, for a page that has the tags of `phoneTags`; its policy needs `script-src`, `style-src`,
 * `img-src` and `media-src` of `'self'`.
 *
 * Without JavaScript photos are a strip to scroll, a video has the browser's controls, and the caption is whole.
 */
export function phonePreview(view: PhoneView): Markup {
  const { files, account, title, caption, labels = [] } = view;
  return html`<section class="phone" data-phone aria-label="As TikTok would show it">
<div class="phone-screen">
${media(view)}
${files.length === 0 ? '' : rail(account)}
<div class="phone-words">
<p class="phone-account"><strong><bdi>${account.nickname}</bdi></strong></p>
${title === undefined || title === '' ? '' : html`<p class="phone-title">${title}</p>`}
${
  caption === ''
    ? ''
    : html`<p class="phone-caption" data-part="caption">${caption}</p>
<button class="phone-more" type="button" data-part="more" aria-expanded="false" hidden>more</button>`
}
${labels.map((label) => html`<p class="phone-label">${label}</p>`)}
${files.length > 1 ? html`<div class="phone-dots" aria-hidden="true">${files.map(() => html`<i></i>`)}</div>` : ''}
</div>
</div>
</section>`;
}

function media({ files, coverIndex = 0, coverSeconds, poster }: PhoneView): Markup {
  const [first] = files;
  if (first === undefined) return html`<p class="phone-empty">Nothing to show yet</p>`;
  return first.kind === 'video' ? video(first, { coverSeconds, poster }) : photos(files, coverIndex);
}

/**
 * Safari on a phone shows no picture of a video before it plays, unless it is asked for a moment of it. Where another picture
 * stands for it, it waits until the page is there.
 */
function video(
  { url, width, height }: PhoneFile,
  { coverSeconds = 0, poster }: Pick<PhoneView, 'coverSeconds' | 'poster'>,
): Markup {
  return html`<video class="phone-media" data-part="video" data-cover="${coverSeconds}" controls playsinline preload="${poster === undefined ? 'metadata' : 'none'}"${poster === undefined ? '' : html` poster="${poster}"`} width="${width}" height="${height}" src="${url}#t=0.001"></video>
<button class="phone-play" type="button" data-part="play" hidden>${drawing('play')}<span class="unseen">Play</span></button>
<button class="phone-sound" type="button" data-part="sound" aria-pressed="true" hidden>${drawing('sound')}<span class="unseen">Sound</span></button>
<input class="phone-seek" type="range" min="0" max="1000" value="0" data-part="seek" aria-label="Position in the video" hidden>`;
}

function photos(files: readonly PhoneFile[], coverIndex: number): Markup {
  const count = files.length;
  const slide = ({ url, width, height }: PhoneFile, index: number) =>
    html`<li><img class="phone-media" src="${url}" width="${width}" height="${height}" alt="${count === 1 ? 'The photo' : `Photo ${index + 1} of ${count}`}"${index === 0 ? html` fetchpriority="high"` : html` loading="lazy"`}>${
      index === coverIndex && count > 1 ? html`<span class="phone-cover">★ Cover</span>` : ''
    }</li>\n`;
  if (count === 1) return html`<ol class="phone-slides">${files.map(slide)}</ol>`;
  return html`<ol class="phone-slides" data-part="slides" tabindex="0" aria-label="${count} photos">
${files.map(slide)}</ol>
<button class="phone-arrow back" type="button" data-part="back" hidden>${drawing('back')}<span class="unseen">Photo before</span></button>
<button class="phone-arrow next" type="button" data-part="next" hidden>${drawing('next')}<span class="unseen">Next photo</span></button>
<p class="phone-count" data-part="count" aria-hidden="true" hidden></p>
<p class="unseen" data-part="said" role="status"></p>`;
}

/** What TikTok has beside a post; it does nothing here. */
function rail({ nickname, avatar }: PhoneView['account']): Markup {
  const [initial = ''] = nickname;
  return html`<div class="phone-rail" aria-hidden="true">
<span class="phone-avatar">${avatar === undefined ? initial.toUpperCase() : html`<img src="${avatar}" width="44" height="44" alt="">`}</span>
${(['heart', 'talk', 'keep', 'pass'] as const).map(drawing)}</div>`;
}

const DRAWINGS = {
  play: 'M8 5.2v13.6L19 12z',
  sound: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a7.6 7.6 0 0 1 0 11',
  back: 'M14.5 5.5L8 12l6.5 6.5',
  next: 'M9.5 5.5L16 12l-6.5 6.5',
  heart: 'M12 20.2C5.5 15.6 3 12.4 3 9a4.7 4.7 0 0 1 9-2 4.7 4.7 0 0 1 9 2c0 3.4-2.5 6.6-9 11.2z',
  talk: 'M12 4c5 0 9 3.3 9 7.4s-4 7.4-9 7.4c-.9 0-1.8-.1-2.6-.3L5 20.5l.8-3.7C4 15.4 3 13.5 3 11.4 3 7.3 7 4 12 4z',
  keep: 'M6 3.5h12v17l-6-4.8-6 4.8z',
  pass: 'M13 4.5l8 7-8 7v-4.2c-4.5 0-7.5 1.4-10 4.7.6-5 3.8-9.5 10-10.2z',
} as const;

const drawing = (name: keyof typeof DRAWINGS): Markup =>
  html`<svg viewBox="0 0 24 24" aria-hidden="true" class="phone-icon ${name}"><path d="${DRAWINGS[name]}"/></svg>`;
