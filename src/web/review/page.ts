import { html } from 'hono/html';
import { carriesCaption } from '../../core/compose/draft.ts';
import type { AccountName } from '../../core/people.ts';
import { clockOf } from '../../core/plain-text.ts';
import { isSettled, type Post, type PostContent } from '../../core/publish/post.ts';
import { takesVotes } from '../../core/publish/verbs.ts';
import { disclosureLabel, PRIVACY_NAMES } from '../../core/tiktok/codes.ts';
import { assetUrl } from '../assets.ts';
import { badge, type Markup, moment, page } from '../pages/layout.ts';
import { phonePreview, phoneTags } from '../preview/phone.ts';
import { livePart, newsEvery, type PostStory, storyPart } from './story.ts';

type Fact = readonly [name: string, value: string | Markup];

/** What the page of a post shows; its files are at `<path>/1` and on. */
export interface LookView {
  readonly post: Post;
  readonly story: PostStory | undefined;
  readonly path: string;
  /** Whether its files are still there. */
  readonly hasFiles: boolean;
  /** The address of the picture of its account. */
  readonly avatar?: string | undefined;
}

/** Shows a post exactly as it would be published, and how it stands. */
export function lookPage({ post, story, path, hasFiles, avatar }: LookView): Markup {
  const { content, account } = post;
  const every = newsEvery(post);
  const poster = hasFiles ? posterOf(post, path) : undefined;
  return page({
    title: `${whatOf(content)} for ${account.nickname}${handleOf(account)}`,
    scripts: html`${phoneTags(poster)}
<script type="module" src="${assetUrl('review/browser/live.js')}"></script>`,
    isWide: true,
    content: html`<h1>${whatOf(content)} for <bdi>${account.nickname}</bdi></h1>
<div${every === undefined ? '' : html` data-news-every="${every}"`}>
${livePart('purpose', html`<p class="quiet">${purposeOf(post)}</p>`)}
<div class="beside">
${livePart('phone', phone({ post, path, hasFiles, avatar, poster }))}
<div>
${story === undefined ? '' : livePart('story', storyPart(post, story))}
<p class="notice warn" data-offline hidden>No connection. This page goes on by itself.</p>
<p class="unseen" role="status" data-news></p>
${title(content)}<h2>Caption</h2>
${caption(content)}
<h2>Settings</h2>
${livePart(
  'settings',
  html`<dl class="facts">
${[...factsOf(post, avatar), ...filesFact({ post, path, hasFiles })].map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`,
)}
</div>
</div>
</div>`,
  });
}

/** The page for a link that shows nothing, or nothing any more: it does not say which. */
export function lookGone(): Markup {
  return page({
    title: 'Nothing to look at',
    content: html`${badge('warn')}<h1>There is nothing to look at</h1>
<p>Such a link shows a post for a week or two, and a week at most after it was published or dropped. The card in the chat has a fresh
link while there is something to look at, and says what became of the post afterwards.</p>`,
  });
}

function purposeOf(post: Post): string {
  if (isSettled(post)) return 'This page only shows what was to be published.';
  return takesVotes(post) && post.review !== undefined && post.review.decision === undefined
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

/** The address of what stands for its video until that shows a picture. */
const posterOf = ({ preview, media }: Post, path: string): string | undefined =>
  preview !== undefined && media?.[0]?.kind === 'video' ? `${path}/1/small` : undefined;

function phone({
  post,
  path,
  hasFiles,
  avatar,
  poster,
}: Omit<LookView, 'story'> & { poster: string | undefined }): Markup {
  const { content, account, media = [] } = post;
  const { title, coverIndex, coverMs, postMode } = content;
  const files = media.map(({ kind, width, height }, index) => {
    const url = `${path}/${index + 1}${kind === 'photo' ? '/small' : ''}`;
    return { kind, url, width, height };
  });
  return html`${post.media === undefined && !isSettled(post) ? notReady(path) : ''}
${phonePreview({
  files: hasFiles ? files : [],
  title,
  caption: carriesCaption(content.kind, postMode) ? content.caption : '',
  account: { nickname: account.nickname, handle: account.username, avatar },
  coverIndex,
  coverSeconds: coverMs === undefined ? undefined : coverMs / 1000,
  poster,
  labels: labelsOf(content),
})}`;
}

function notReady(path: string): Markup {
  return html`<div class="notice warn">
<p>It is being prepared for TikTok. It can be seen here in a moment.</p>
<p><a href="${path}">Look again</a></p>
</div>`;
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

function factsOf(post: Post, avatar: string | undefined): Fact[] {
  const { account, author, content, publishAt } = post;
  return [
    [
      'Account',
      html`${avatar === undefined ? '' : html`<img class="avatar" src="${avatar}" width="28" height="28" alt="">`}<bdi>${account.nickname}</bdi><bdi>${handleOf(account)}</bdi>`,
    ],
    ...(content.postMode === 'DIRECT_POST' ? choicesOf(content) : INBOX),
    ...coverFact(content),
    ['Author', html`<bdi>${author.name}</bdi>`],
    ...(publishAt === undefined ? [] : [['Goes out', moment(publishAt)] as const]),
  ];
}

/** Where the photos can be seen in their full size. */
function filesFact({ post, path, hasFiles }: Pick<LookView, 'post' | 'path' | 'hasFiles'>): Fact[] {
  const { media = [] } = post;
  if (!hasFiles || media[0]?.kind !== 'photo') return [];
  const links = media.map((_, index) => html`<a href="${path}/${index + 1}">${index + 1}</a> `);
  return [
    ['In full size', html`<p class="full-size">${media.length === 1 ? 'Photo' : 'Photos'} ${links}</p>`],
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
