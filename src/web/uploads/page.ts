import { html } from 'hono/html';
import type { UploadPage } from '../../core/uploads/uploads.ts';
import { badge, icon, type Markup, page } from '../pages/layout.ts';
import { sizeText } from './browser/words.js';
import { scriptTags } from './scripts.ts';
import { stateText } from './words.ts';

/** Many proxies cap a request at 100 MB, so a file comes in parts of this size. */
export const CHUNK_BYTES = 50_000_000;

/** The page on which files are added to a draft; `path` is its own, below which the files are uploaded. */
export function uploadPage(
  { files, maxBytes, beginsDraft }: UploadPage,
  { path, refusal }: { path: string; refusal?: string | undefined },
): Markup {
  // Of what has only begun there is nothing to see, and another attempt begins it anew.
  const shown = files.filter(({ state }) => state !== 'begun');
  return page({
    title: 'Add a big file',
    scripts: scriptTags(),
    content: html`<h1>Add a big file</h1>
<p>What you upload here ${beginsDraft ? 'begins a' : 'joins your'} draft in the chat: photos, or one video, up to ${sizeText(maxBytes)} a file. Nothing is
posted before you say so on its card.</p>
${refusal === undefined ? '' : html`<div class="notice bad" role="alert"><p>${refusal}</p></div>`}
<form method="post" action="${path}" enctype="multipart/form-data" class="upload" data-upload="${path}/files" data-chunk-bytes="${CHUNK_BYTES}" data-max-bytes="${maxBytes}">
<div class="pick">
<input id="file" type="file" name="file" accept="image/*,video/*" required>
<label for="file"><span data-plain>The file</span><span data-script hidden>Choose files</span></label>
<p class="drop-hint quiet" data-script hidden>or drop them here</p>
</div>
<button class="button wide" type="submit" data-plain>Upload</button>
</form>
<section id="uploads" class="uploads"${shown.length === 0 ? html` hidden` : ''}>
<h2>Files</h2>
<ul id="files">
${shown.map(row)}</ul>
</section>
<div id="done" class="notice good" hidden><p><strong data-part="count"></strong> How it goes on is on the card of your
draft; you can close this page.</p></div>
<p id="said" class="unseen" role="status"></p>
<template id="file-row">${row()}</template>
<p class="quiet"><span id="keep-open">Keep this page open until everything is here<span data-script hidden>; after a break it
goes on by itself</span>. </span>The link is for you alone: it is good for an hour, and for as long as something is being
uploaded.</p>`,
  });
}

const ACTIONS = { pause: 'Pause', resume: 'Go on', retry: 'Try again', remove: 'Remove' } as const;

/** A file as the server knows it, or a row for the page's script to fill. */
function row(file?: UploadPage['files'][number]): Markup {
  const live = html`<progress data-part="progress" max="100" value="0" hidden></progress>
<div class="row-actions">${Object.entries(ACTIONS).map(([action, label]) => rowButton(action, label))}</div>
`;
  return html`<li class="upload-row" tabindex="-1" data-id="${file?.id ?? ''}" data-state="${file?.state ?? ''}">
<div class="thumb" data-part="picture" aria-hidden="true">${icon('file')}</div>
<div class="about"><p class="name"><bdi>${file?.name ?? ''}</bdi></p>
<p class="state" data-part="text">${file === undefined ? '' : stateText(file)}</p></div>
${file === undefined ? live : ''}</li>
`;
}

/** Whoever hears the page is told of which file. */
const rowButton = (action: string, label: string): Markup =>
  html`<button class="button small" type="button" data-action="${action}" hidden>${label}<span class="unseen"> <bdi></bdi></span></button>`;

/** The page for a link that leads nowhere, or not any more: it does not say which. */
export function uploadGone(): Markup {
  return page({
    title: 'This link has run out',
    content: html`${badge('warn')}<h1>This link has run out</h1>
<p>A link to upload files is good for one hour after it was last used, and until its draft is posted or discarded. For a
new one press <strong>Add a big file</strong> on the card of the draft in the chat, or use the command
<strong>upload</strong> there.</p>`,
  });
}

/** The page for a form that could not be read. */
export function uploadFailed(path: string): Markup {
  return page({
    title: 'That did not work',
    content: html`${badge('bad')}<h1>The file did not come through</h1>
<p>Nothing of it is kept. Your browser or something on the way may have cut it off; some networks let no more than 100 MB
through at once.</p>
<div class="actions"><a class="button" href="${path}">Try again</a></div>`,
  });
}
