import type { Problem } from '../../core/problems.ts';
import type { ShownUpload } from '../../core/uploads/uploads.ts';
import { sizeText } from './browser/words.js';

/** Why an upload is refused, and what to do about it; one sentence for the page, the wire and the form. */
export function refusalText(problem: Problem): string {
  switch (problem.code) {
    case 'file_empty':
      return 'The file is empty. Choose another one.';
    case 'upload_too_big':
      return `The file has ${sizeText(problem.bytes)}, more than the ${sizeText(problem.maxBytes)} that is taken here. Choose a smaller export.`;
    case 'upload_no_room':
      return 'There is no room for this file on the server now. Try again later, or tell the operator.';
    case 'upload_ended':
      return 'The upload was not finished, so nothing of it is kept. Upload the file again.';
    case 'upload_wrong_length':
      return 'The file did not have the size that was announced, so nothing of it is kept. Upload it again.';
    case 'too_many_uploads':
      return 'This page has taken as many files as it may. Tap “Add a big file” in the chat for another one.';
    case 'too_much_at_once':
      if (problem.what === 'drafts')
        return 'There are as many open drafts in the chat as there may be. Post or discard some first.';
      return problem.what === 'bytes'
        ? 'More is waiting to be posted than may be kept at once. Post or discard drafts in the chat first.'
        : 'Too many files are in work at once. Try again when some are done.';
    default:
      return 'The file cannot be taken; its draft in the chat says why.';
  }
}

/** The status that says whether and how one could go on. */
export function statusOf({ code }: Problem): 400 | 403 | 413 | 507 {
  switch (code) {
    case 'upload_too_big':
    case 'upload_wrong_length':
      return 413;
    case 'upload_no_room':
      return 507;
    case 'too_many_uploads':
    case 'too_much_at_once':
      return 403;
    default:
      return 400;
  }
}

/** How far a file is. */
export function stateText({ received, bytes, ...file }: ShownUpload): string {
  switch (file.state) {
    case 'begun':
      return 'waits to begin';
    case 'arriving':
      return `${Math.floor((100 * received) / bytes)} % of ${sizeText(bytes)}`;
    case 'arrived':
      return `${sizeText(bytes)}, here; the card in the chat says how it goes on`;
    case 'refused':
      return refusalText(file.problem);
  }
}
