import { html } from 'hono/html';
import type { UploadPage } from '../../core/uploads/uploads.ts';
import { badge, type Markup, page } from '../pages/layout.ts';
import { sizeText, stateText } from './words.ts';

/** Many proxies cap a request at 100 MB, so a file comes in parts of this size. */
export const CHUNK_BYTES = 50_000_000;

/** The page on which files are added to a draft; `path` is its own, below which the files are uploaded. */
export function uploadPage(
  { files, maxBytes }: UploadPage,
  { path, refusal }: { path: string; refusal?: string | undefined },
): Markup {
  return page({
    title: 'Add a big file',
    content: html`<h1>Add a big file</h1>
<p>What you upload here joins your draft in the chat: photos, or one video, up to ${sizeText(maxBytes)} a file. Nothing is
posted before you say so on its card.</p>
${refusal === undefined ? '' : html`<div class="notice bad" role="alert"><p>${refusal}</p></div>`}
<form method="post" action="${path}" enctype="multipart/form-data" data-upload="${path}/files" data-chunk-bytes="${CHUNK_BYTES}" data-max-bytes="${maxBytes}">
<p><label for="file">The file</label></p>
<p><input id="file" type="file" name="file" accept="image/*,video/*" required></p>
<button class="button wide" type="submit">Upload</button>
</form>
<p class="quiet">Keep this page open until the file is here. The link is for you alone: it is good for an hour, and for as
long as something is being uploaded.</p>
${list(files)}`,
  });
}

function list(files: UploadPage['files']): Markup {
  if (files.length === 0) return html``;
  const item = (file: UploadPage['files'][number]) =>
    html`<dt><bdi>${file.name}</bdi></dt><dd>${stateText(file)}</dd>\n`;
  return html`<h2>Files</h2>
<dl class="facts">
${files.map(item)}</dl>`;
}

/** The page for a link that leads nowhere, or not any more: it does not say which. */
export function uploadGone(): Markup {
  return page({
    title: 'This link has run out',
    content: html`${badge('warn')}<h1>This link has run out</h1>
<p>A link to upload files is good for one hour after it was last used, and until its draft is posted or discarded. For a
new one press <strong>Add a big file</strong> on the card of the draft in the chat.</p>`,
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
