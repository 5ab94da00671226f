import { html } from 'hono/html';
import { carriesCaption } from '../../core/compose/draft.ts';
import type { AccountName } from '../../core/people.ts';
import { clockOf } from '../../core/plain-text.ts';
import type { Post, PostContent } from '../../core/publish/post.ts';
import { disclosureLabel, PRIVACY_NAMES } from '../../core/tiktok/codes.ts';
import { badge, type Markup, page } from '../pages/layout.ts';
import { phonePreview, phoneTags } from '../preview/phone.ts';

type Fact = readonly [name: string, value: string | Markup];

/** Shows a post exactly as it would be published; its files are at `<path>/1` and on. */
export function lookPage({ post, path }: { post: Post; path: string }): Markup {
  const { content, account } = post;
  return page({
    title: `${whatOf(content)} for ${account.nickname}${handleOf(account)}`,
    scripts: phoneTags(),
    isWide: true,
    content: html`<h1>${whatOf(content)} for <bdi>${account.nickname}</bdi></h1>
<p class="quiet">${purposeOf(post)}</p>
${post.media === undefined ? notReady(path) : ''}
<div class="beside">
${phone(post, path)}
<div>
${title(content)}<h2>Caption</h2>
${caption(content)}
<h2>Settings</h2>
<dl class="facts">
${factsOf(post).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
</div>
</div>`,
  });
}

/** The page for a link that shows nothing, or nothing any more: it does not say which. */
export function lookGone(): Markup {
  return page({
    title: 'Nothing to look at',
    content: html`${badge('warn')}<h1>There is nothing to look at</h1>
<p>Such a link shows a post for a week or two, and only until it is published or dropped. The card in the chat has a fresh
link while there is something to look at, and says what became of the post afterwards.</p>`,
  });
}

function purposeOf({ review }: Post): string {
  const isOpen = review !== undefined && review.decision === undefined;
  return isOpen
    ? 'Vote in the chat; this page only shows what would be published.'
    : 'This page only shows what would be published.';
}

function whatOf({ kind, sources }: PostContent): string {
  if (kind === 'video') return 'A video';
  return sources.length === 1 ? 'A photo' : `${sources.length} photos`;
}

function handleOf({ username }: AccountName): string {
  return username === undefined ? '' : ` (@${username})`;
}

function notReady(path: string): Markup {
  return html`<div class="notice warn">
<p>It is being prepared for TikTok. It can be seen here in a moment.</p>
<p><a href="${path}">Look again</a></p>
</div>`;
}

function phone({ content, account, media = [] }: Post, path: string): Markup {
  const { title, coverIndex, coverMs, postMode } = content;
  return phonePreview({
    files: media.map(({ kind, width, height }, index) => ({
      kind,
      url: `${path}/${index + 1}`,
      width,
      height,
    })),
    title,
    caption: carriesCaption(content.kind, postMode) ? content.caption : '',
    account: { nickname: account.nickname, handle: account.username },
    coverIndex,
    coverSeconds: coverMs === undefined ? undefined : coverMs / 1000,
    labels: labelsOf(content),
  });
}

function labelsOf({ settings, postMode }: PostContent): string[] {
  if (postMode !== 'DIRECT_POST') return [];
  const disclosure = disclosureLabel(settings);
  return [
    ...(disclosure === undefined ? [] : [disclosure]),
    ...(settings.aiGenerated ? ['AI-generated'] : []),
  ];
}

function title({ title: text }: PostContent): Markup {
  return text === undefined ? html`` : html`<h2>Title</h2>\n<p class="caption">${text}</p>\n`;
}

function caption({ kind, postMode, caption: text }: PostContent): Markup {
  if (text === '') return html`<p class="quiet">There is none.</p>`;
  const isSent = carriesCaption(kind, postMode);
  return html`${isSent ? '' : html`<p class="quiet">TikTok takes none with a video for the inbox. This one is kept for copying:</p>`}
<p class="caption">${text}</p>`;
}

function factsOf(post: Post): Fact[] {
  const { account, author, content, publishAt } = post;
  return [
    ['Account', html`<bdi>${account.nickname}</bdi><bdi>${handleOf(account)}</bdi>`],
    ...(content.postMode === 'DIRECT_POST' ? choicesOf(content) : INBOX),
    ...coverFact(content),
    ['Author', html`<bdi>${author.name}</bdi>`],
    ...(publishAt === undefined ? [] : [['Goes out', instant(publishAt)] as const]),
  ];
}

function coverFact({ kind, sources, coverIndex = 0, coverMs }: PostContent): Fact[] {
  if (coverMs !== undefined) return [['Cover', `the picture at ${clockOf(coverMs / 1000)}`]];
  return kind === 'photo' && sources.length > 1 ? [['Cover', `photo ${coverIndex + 1}`]] : [];
}

/** https://developers.tiktok.com/doc/content-posting-api-reference-upload-video */
const INBOX: readonly Fact[] = [['Goes to', 'the inbox of the TikTok app, where everything else is decided']];

function choicesOf({ kind, settings }: PostContent): Fact[] {
  const { privacyLevel, allowComment, allowDuet, allowStitch, aiGenerated, autoAddMusic } = settings;
  return [
    ['Visible to', privacyLevel === undefined ? 'not chosen' : PRIVACY_NAMES[privacyLevel]],
    ['Comments', onOff(allowComment)],
    ...(kind === 'video'
      ? ([
          ['Duet', onOff(allowDuet)],
          ['Stitch', onOff(allowStitch)],
        ] as const)
      : [['Music by TikTok', onOff(autoAddMusic === true)] as const]),
    ['Disclosure', disclosureOf(settings)],
    ['AI label', onOff(aiGenerated)],
  ];
}

function disclosureOf(settings: PostContent['settings']): string {
  const label = disclosureLabel(settings);
  return label === undefined ? 'none' : `labelled “${label}”`;
}

const onOff = (value: boolean): string => (value ? 'on' : 'off');

function instant(at: number): Markup {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`;
}
