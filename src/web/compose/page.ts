import { html } from 'hono/html';
import { offeredInteractions, offeredLevels, policiesOf, submitLabel } from '../../core/compose/choices.ts';
import {
  captionLimit,
  chosenAccount,
  coverMsOf,
  coverOf,
  creatorOf,
  type Draft,
  kindOf,
  plannedAt,
  problemsOf,
  usableFiles,
} from '../../core/compose/draft.ts';
import type { OpenPage, Saved } from '../../core/compose/page/compose-pages.ts';
import { type FieldName, type Fields, type Seen, UNCLEAR } from '../../core/compose/page/merge.ts';
import { TEXT_LIMITS } from '../../core/media/types.ts';
import type { Problem } from '../../core/problems.ts';
import type { Post } from '../../core/publish/post.ts';
import { nowOf } from '../../core/publish/verbs.ts';
import { disclosureLabel, PRIVACY_NAMES } from '../../core/tiktok/codes.ts';
import { assetUrl } from '../assets.ts';
import { badge, type Markup, moment, page } from '../pages/layout.ts';
import { phonePreview, phoneTags } from '../preview/phone.ts';
import { NO_TIME } from './form.ts';
import { FIELD_LABELS, fieldOfProblem, POST_WORDS, valueText } from './words.ts';

/** The sentence for a problem, in the words of the chat of a draft. */
export type Explain = (problem: Problem, chat: Draft['chat']) => string;

interface Shown {
  readonly open: OpenPage;
  /** Of the page itself, below which its files are. */
  readonly path: string;
  readonly explain: Explain;
  /** The address of the picture of the account. */
  readonly avatar?: string | undefined;
  /** What has come of the form. */
  readonly saved?: (Saved & { readonly seen: Seen }) | undefined;
  /** What stood in the form that came. */
  readonly wanted?: Partial<Fields> | undefined;
  /** Somebody has tried to post it, so what is missing is said beside its field. */
  readonly isTried?: boolean | undefined;
}

const tags = (poster?: string): Markup => html`${phoneTags(poster)}
<link rel="stylesheet" href="${assetUrl('compose/compose.css')}">
<script type="module" src="${assetUrl('compose/browser/compose.js')}"></script>`;

/** The page on which a draft is composed. Whatever stands in a `data-part` its script draws anew by itself. */
export function composePage(shown: Shown): Markup {
  const { open, path } = shown;
  const { draft } = open;
  return page({
    title: 'Compose a post',
    scripts: tags(posterOf(draft, path)),
    isWide: true,
    content: html`<h1>Compose your TikTok post</h1>
<form id="compose" method="post" action="${path}" data-version="draft ${draft.version}" novalidate>
<button type="submit" name="do" value="save" hidden>Save</button>
${news(shown)}
<div class="beside">
<div id="part-preview" data-part>${preview(shown)}</div>
<div>
${account(shown)}
${titleField(shown)}
${captionField(shown)}
${privacyField(shown)}
${interactionsField(open)}
${disclosureField(shown)}
${coverField(shown)}
${whenField(shown)}
${ending(shown)}
</div>
</div>
</form>`,
  });
}

/** Which problems stand beside which part of the page. */
function problemsBeside({ open, saved, isTried = false, explain }: Shown, field: keyof Seen): string[] {
  const { draft } = open;
  const isLate = new Set<Problem['code']>(['privacy_not_chosen', 'media_not_ready']);
  const found = problemsOf(draft, 'DIRECT_POST').filter(({ code }) => isTried || !isLate.has(code));
  const { problem } = saved ?? {};
  const all =
    problem === undefined || found.some(({ code }) => code === problem.code) ? found : [problem, ...found];
  return all.filter((one) => fieldOfProblem(one) === field).map((one) => sentence(explain, one, draft));
}

/** Nobody has written a time that was only left open. */
const sentence = (explain: Explain, problem: Problem, { chat }: Draft): string =>
  problem.code === 'when_unclear' && problem.text === NO_TIME
    ? 'Choose the day and the hour.'
    : explain(problem, chat);

/** The sentences below a field, and whether there are any. */
function beside(
  shown: Shown,
  field: keyof Seen,
): { lines: Markup; isWrong: boolean; conflict?: string | undefined } {
  const problems = problemsBeside(shown, field);
  const conflict = shown.saved?.conflicts.find((one) => one.field === field);
  const lines = html`${problems.map((text) => html`<p class="wrong">${text}</p>`)}${
    conflict === undefined ? '' : conflictLines(shown, conflict.field, conflict.mine)
  }`;
  return {
    lines: html`<div id="wrong-${field}">${lines}</div>`,
    isWrong: problems.length > 0,
    conflict: conflict?.mine,
  };
}

/** Fields with a text of one's own, which is not thrown away. */
const TEXTS: ReadonlySet<FieldName> = new Set(['title', 'caption', 'cover', 'when']);

function conflictLines({ open }: Shown, field: FieldName, mine: string): Markup {
  const theirs = open.seen[field];
  if (!TEXTS.has(field) || (field === 'cover' && kindOf(open.draft) === 'photo'))
    return html`<p class="wrong">It was changed in the chat meanwhile, so ${valueText(field, mine)} was not taken. Choose again if you want it.</p>`;
  return html`<p class="wrong">It was changed in the chat meanwhile, to ${valueText(field, theirs)}.</p>
<input type="hidden" name="now-${field}" value="${theirs}">
<label class="choice"><input type="checkbox" name="keep" value="${field}"> <span>Use mine, as it stands here</span></label>
<p class="quiet"><a href="">Take the one from the chat</a></p>`;
}

/** What a text field shows: what its person has written, where that was not taken. */
function textIn({ open, saved, wanted }: Shown, field: FieldName): string {
  const isLost = saved?.problem !== undefined || saved?.conflicts.some((one) => one.field === field);
  return (isLost && TEXTS.has(field) ? wanted?.[field] : undefined) ?? open.seen[field];
}

/** What the form says it was drawn from: a field in conflict keeps the state before, so that it is asked again. */
function seenIn({ open, saved, wanted }: Shown, before: Seen | undefined): Seen {
  if (saved === undefined || before === undefined || wanted === undefined) return open.seen;
  const kept = saved.conflicts
    .filter(({ field }) => TEXTS.has(field))
    .map(({ field }) => [field, before[field]]);
  return { ...open.seen, ...Object.fromEntries(kept) };
}

function news(shown: Shown): Markup {
  const { open, saved, explain } = shown;
  const { problem, changedElsewhere = [] } = saved ?? {};
  const names = changedElsewhere.map((field) => FIELD_LABELS[field].replace('?', '')).join(', ');
  const said = problem === undefined ? undefined : sentence(explain, problem, open.draft);
  return html`<div id="part-seen" data-part><input type="hidden" name="seen" value="${JSON.stringify(seenIn(shown, saved?.seen))}"></div>
<div id="part-news" data-part role="status">${
    said === undefined ? '' : html`<div class="notice bad"><p>${said}</p></div>`
  }${names === '' ? '' : html`<div class="notice warn"><p><strong>Changed in the chat meanwhile:</strong> ${names}. This is how it is now.</p></div>`}</div>`;
}

/** The address of what stands for its video until that shows a picture; another picture has another address. */
const posterOf = (draft: Draft, path: string): string | undefined =>
  kindOf(draft) === 'video' && draft.preview !== undefined
    ? `${path}/files/1/${draft.preview.sha256.slice(0, 12)}/small`
    : undefined;

function preview({ open, path, avatar }: Shown): Markup {
  const { draft } = open;
  const files = usableFiles(draft);
  const ready = files.flatMap((file, index) =>
    file.state === 'ready'
      ? [
          {
            kind: file.media.kind,
            url: `${path}/files/${index + 1}/${file.media.file.sha256.slice(0, 12)}${file.media.kind === 'photo' ? '/small' : ''}`,
            width: file.media.width,
            height: file.media.height,
          },
        ]
      : [],
  );
  const isWhole = ready.length === files.length;
  const chosen = chosenAccount(draft);
  const label = draft.disclosing ? disclosureLabel(draft.settings) : undefined;
  const ms = coverMsOf(draft);
  return html`${phonePreview({
    files: isWhole ? ready : [],
    title: kindOf(draft) === 'photo' ? draft.title : undefined,
    caption: draft.caption,
    account: { nickname: chosen?.nickname ?? 'No account', handle: chosen?.username, avatar },
    coverIndex: Math.max(
      0,
      files.findIndex(({ id }) => id === coverOf(draft)?.id),
    ),
    coverSeconds: ms === undefined ? undefined : ms / 1000,
    poster: posterOf(draft, path),
    labels: [
      ...(label === undefined ? [] : [label]),
      ...(draft.settings.aiGenerated ? ['AI-generated'] : []),
    ],
  })}${isWhole ? '' : html`<p class="quiet">The files are being prepared for TikTok.</p>`}`;
}

function account(shown: Shown): Markup {
  const { draft, accounts } = shown.open;
  const chosen = chosenAccount(draft);
  const { avatar } = shown;
  const { lines } = beside(shown, 'account');
  const others = accounts.filter(({ openId }) => openId !== chosen?.openId);
  const who =
    chosen === undefined
      ? html`<p>No TikTok account is chosen.</p>`
      : html`<p class="who">${html`<span class="portrait" aria-hidden="true">${chosen.nickname.slice(0, 1).toUpperCase()}${
          avatar === undefined ? '' : html`<img id="avatar" src="${avatar}" width="48" height="48" alt="">`
        }</span>`}<span>Posts to <strong id="nickname"><bdi>${chosen.nickname}</bdi></strong>${
          chosen.username === undefined ? '' : html` <bdi>@${chosen.username}</bdi>`
        }</span></p>`;
  return html`<section id="part-account" data-part aria-label="TikTok account">
${who}
${lines}
${
  others.length === 0
    ? ''
    : html`<div class="pair"><label class="text"><span>Other account</span>
<select id="account" name="account">${chosen === undefined ? html`<option value="" selected>Choose one</option>` : ''}${accounts.map(
        (one) =>
          html`<option value="${one.openId}"${one.openId === chosen?.openId ? html` selected` : ''}>${one.nickname}${one.username === undefined ? '' : ` (@${one.username})`}</option>`,
      )}</select></label>
<button class="button small" type="submit" name="do" value="account">Use this account</button></div>`
}
${
  chosen === undefined || draft.account.state === 'ready'
    ? ''
    : html`<button class="button small" type="submit" name="do" value="again">Ask TikTok again</button>`
}
</section>`;
}

function counter(field: 'title' | 'caption', length: number, max: number): Markup {
  return html`<p class="quiet" id="count-${field}" data-count="${max}"><span>${length}</span> of ${max} characters</p>`;
}

function titleField(shown: Shown): Markup {
  if (kindOf(shown.open.draft) !== 'photo') return html``;
  const { lines, isWrong } = beside(shown, 'title');
  const text = textIn(shown, 'title');
  return html`<div id="part-title" data-part class="field">
<label class="text"><span>Title</span>
<input id="title" name="title" type="text" value="${text}" aria-describedby="count-title wrong-title"${isWrong ? html` aria-invalid="true"` : ''} autocomplete="off"></label>
${counter('title', text.length, TEXT_LIMITS.photoTitle)}
${lines}
</div>`;
}

function captionField(shown: Shown): Markup {
  const { lines, isWrong } = beside(shown, 'caption');
  const text = textIn(shown, 'caption');
  // A line feed at the start of a text area is not part of its text.
  return html`<div id="part-caption" data-part class="field">
<label class="text"><span>Caption</span>
<textarea id="caption" name="caption" rows="4" aria-describedby="count-caption wrong-caption"${isWrong ? html` aria-invalid="true"` : ''}>${`\n${text}`}</textarea></label>
${counter('caption', text.length, captionLimit(kindOf(shown.open.draft) ?? 'photo'))}
${lines}
</div>`;
}

/** No level is chosen before a person does so. */
function privacyField(shown: Shown): Markup {
  const { draft } = shown.open;
  const levels = offeredLevels(draft);
  if (levels.length === 0) return html`<div id="part-privacy" data-part></div>`;
  const chosen = draft.settings.privacyLevel;
  const { lines } = beside(shown, 'privacy');
  return html`<fieldset id="part-privacy" data-part class="field" aria-describedby="wrong-privacy">
<legend>${FIELD_LABELS.privacy}</legend>
${levels.map(({ level, isOpen }) => {
  const isChosen = level === chosen;
  const isDisabled = !isOpen && !isChosen;
  return html`<label class="choice"><input id="privacy-${level}" type="radio" name="privacy" value="${level}"${isChosen ? html` checked` : ''}${isDisabled ? html` disabled` : ''}${isOpen ? '' : html` aria-describedby="why-${level}"`}> <span>${PRIVACY_NAMES[level]}</span></label>
${isOpen ? '' : html`<p class="quiet why" id="why-${level}">Branded content visibility cannot be set to private.</p>`}`;
})}
${lines}
</fieldset>`;
}

function box(
  name: FieldName,
  label: string | Markup,
  { isOn, isDisabled = false, describedBy }: { isOn: boolean; isDisabled?: boolean; describedBy?: string },
): Markup {
  return html`<label class="choice"><input id="${name}" type="checkbox" name="${name}" value="on"${isOn ? html` checked` : ''}${isDisabled ? html` disabled` : ''}${describedBy === undefined ? '' : html` aria-describedby="${describedBy}"`}> <span>${label}</span></label>`;
}

/** All are off until a person turns them on. */
function interactionsField({ draft }: OpenPage): Markup {
  const offered = offeredInteractions(draft);
  if (offered.length === 0) return html`<div id="part-interactions" data-part></div>`;
  return html`<fieldset id="part-interactions" data-part class="field">
<legend>Allow</legend>
${offered.map(
  ({ setting, isOn, isSwitchedOff }) => html`${box(setting, FIELD_LABELS[setting], {
    isOn,
    isDisabled: isSwitchedOff,
    ...(isSwitchedOff && { describedBy: `why-${setting}` }),
  })}
${isSwitchedOff ? html`<p class="quiet why" id="why-${setting}">Off in this account’s settings at TikTok.</p>` : ''}`,
)}
</fieldset>`;
}

function disclosureField(shown: Shown): Markup {
  const { draft } = shown.open;
  if (creatorOf(draft) === undefined) return html`<div id="part-disclosing" data-part></div>`;
  const { settings, disclosing } = draft;
  const label = disclosing ? disclosureLabel(settings) : undefined;
  const { lines } = beside(shown, 'disclosing');
  return html`<fieldset id="part-disclosing" data-part class="field" aria-describedby="wrong-disclosing">
<legend>About the content</legend>
${box('disclosing', html`${FIELD_LABELS.disclosing}<small>Turn it on if the post promotes yourself, a third party, or both, in exchange for something of value.</small>`, { isOn: disclosing })}
<div class="kinds">
${box('yourBrand', html`${FIELD_LABELS.yourBrand}<small>You promote yourself or your own business. It will be labelled “Promotional content”.</small>`, { isOn: disclosing && settings.yourBrand })}
${box('brandedContent', html`${FIELD_LABELS.brandedContent}<small>You promote another brand or a third party. It will be labelled “Paid partnership”.</small>`, { isOn: disclosing && settings.brandedContent })}
${label === undefined ? '' : html`<p class="quiet" id="label">Your ${kindOf(draft) ?? 'post'} will be labelled “${label}”.</p>`}
</div>
${lines}
${box('aiGenerated', html`${FIELD_LABELS.aiGenerated}<small>Most of what is seen or heard was made by AI.</small>`, { isOn: settings.aiGenerated })}
</fieldset>`;
}

function coverField(shown: Shown): Markup {
  const { draft } = shown.open;
  const kind = kindOf(draft);
  const { lines, isWrong } = beside(shown, 'cover');
  const cover = coverOf(draft);
  if (kind === 'photo' && cover !== undefined)
    return html`<div id="part-cover" data-part class="field">
<label class="text"><span>Cover</span>
<select id="cover" name="cover">${usableFiles(draft).map(
      ({ id }, index) =>
        html`<option value="${id}"${id === cover.id ? html` selected` : ''}>Photo ${index + 1}</option>`,
    )}</select></label>
${lines}
</div>`;
  if (kind !== 'video') return html``;
  return html`<div id="part-cover" data-part class="field">
<label class="text"><span>Cover, a moment of the video</span>
<input id="cover" name="cover" type="text" value="${textIn(shown, 'cover')}" placeholder="0:00" aria-describedby="wrong-cover"${isWrong ? html` aria-invalid="true"` : ''} autocomplete="off"></label>
<button class="button small" type="button" data-take-moment hidden>Use the moment in the preview</button>
${lines}
</div>`;
}

function whenField(shown: Shown): Markup {
  const { draft, timeZone, seen } = shown.open;
  const at = plannedAt(draft);
  const text = textIn(shown, 'when');
  const isPlanned = text !== '';
  const { lines, isWrong } = beside(shown, 'when');
  if (timeZone === undefined && seen.when === '')
    return html`<section id="part-when" data-part class="field"><h2>${FIELD_LABELS.when}</h2>
<p>As soon as it may. To plan a time, tap “When…” on the card once: Nod asks there which time zone this place is in.</p></section>`;
  return html`<fieldset id="part-when" data-part class="field" aria-describedby="wrong-when">
<legend>${FIELD_LABELS.when}</legend>
<label class="choice"><input id="when-now" type="radio" name="when" value="now"${isPlanned ? '' : html` checked`}> <span>As soon as it may</span></label>
<label class="choice"><input id="when-at" type="radio" name="when" value="at"${isPlanned ? html` checked` : ''}> <span>At a time</span></label>
<div class="pair time"><label class="text"><span>Day and time (${timeZone ?? 'UTC'})</span>
<input id="at" name="at" type="datetime-local" value="${text === UNCLEAR ? '' : text}"${isWrong ? html` aria-invalid="true"` : ''}></label></div>
${at === undefined ? '' : html`<p class="quiet">Goes out ${moment(at)}.</p>`}
${lines}
</fieldset>`;
}

/** The button that posts says what is missing where it does nothing yet. */
function ending(shown: Shown): Markup {
  const { open } = shown;
  const { draft, policy } = open;
  const policies = policiesOf(draft);
  const missing = problemsOf(draft, 'DIRECT_POST')[0];
  const hint = missing === undefined ? undefined : sentence(shown.explain, missing, draft);
  const { lines } = beside(shown, 'files');
  return html`<div id="part-ending" data-part class="ending">
${lines}
${
  draft.account.state !== 'ready'
    ? ''
    : html`<p id="consent">By posting, you agree to TikTok’s ${policies.map(
        ({ name, url }, index) =>
          html`${index === 0 ? '' : ' and '}<a href="${url}" rel="noreferrer">${name}</a>`,
      )}.</p>
<p class="quiet" id="processing">After it is posted, it may take a few minutes until TikTok has processed it and it can be seen on the profile.</p>`
}
<div class="actions">
<button class="button" id="post" type="submit" name="do" value="post"${hint === undefined ? '' : html` data-blocked aria-describedby="missing"`}>${submitLabel(draft, policy)}</button>
<button class="button second" type="submit" name="do" value="inbox">To my TikTok inbox</button>
<button class="button second" type="submit" name="do" value="save" data-plain>Save</button>
</div>
${hint === undefined ? '' : html`<p class="quiet" id="missing" title="${hint}">${hint}</p>`}
<p class="quiet">What you choose here is on the card in the chat at once, and the other way round. The link is for you alone, in this
browser; it is good for an hour, and ends with the draft.</p>
</div>`;
}

/** Shown to the first who opens a link: opening it has to be a person's wish, since programs look at links as well. */
export function openingPage(path: string): Markup {
  return page({
    title: 'Compose a post',
    content: html`<h1>Compose your TikTok post</h1>
<p>Here you choose everything that is on the draft’s card in the chat, and see the post as TikTok would show it. Nothing is
sent to TikTok before you say so.</p>
<form method="post" action="${path}/open">
<button class="button wide" type="submit">Open the draft</button>
</form>
<p class="quiet">The link is for you alone: from now on it works in this browser only.</p>`,
  });
}

/** The page after the draft has become a post. */
export function submittedPage(post: Post): Markup {
  const { status, links } = nowOf(post);
  const isBad = status === 'failed' || status === 'rejected' || status === 'expired';
  const isDone = status === 'published' || status === 'in_inbox';
  return page({
    title: 'Submitted',
    scripts: tags(),
    content: html`<div id="submitted" data-version="post ${post.id} ${post.version}">
${badge(isBad ? 'bad' : isDone ? 'good' : 'warn')}<h1>${isDone ? 'Done' : isBad ? 'Not published' : 'It is on its way'}</h1>
<p role="status">${POST_WORDS[status]}</p>
${links.map((link) => html`<p><a href="${link}" rel="noreferrer">${link}</a></p>`)}
<p class="quiet">The card in the chat shows the same, and what can be done. You can close this page.</p>
</div>`,
  });
}

/** The page for a link that leads nowhere, or not any more: it does not say which. */
export function composeGone(): Markup {
  return page({
    title: 'This link has run out',
    content: html`${badge('warn')}<h1>This link has run out</h1>
<p>Such a link is good for one hour, for one person, and while the draft is open. Tap “Open as a page” on the draft’s card in
the chat for a fresh one.</p>`,
  });
}

/** The page for everybody but the first who opened a link. */
export function openedElsewhere(): Markup {
  return page({
    title: 'Opened in another browser',
    content: html`${badge('warn')}<h1>Opened in another browser</h1>
<p>This link was opened before, and works only in the browser that opened it first. Tap “Open as a page” on the draft’s card
in the chat for a fresh one, and allow cookies.</p>`,
  });
}
