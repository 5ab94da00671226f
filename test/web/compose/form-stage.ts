import type { Draft } from '../../../src/core/compose/draft.ts';
import { draftWith } from '../../core/drafts.ts';
import { ANA } from '../../core/posts.ts';
import type { UploadStage } from '../uploads/upload-stage.ts';

/** What a browser says of a form on a page of ours. */
export const OWN = { 'sec-fetch-site': 'same-origin' };

const { privacyLevel, ...undecided } = draftWith().settings;

/** A draft of Ana's, and the link to its page, opened in a browser unless told otherwise. */
export async function openCompose(
  stage: UploadStage,
  { isOpened = true, person = ANA, fields = {} as Partial<Draft> } = {},
) {
  const { version, ...draft } = draftWith({ id: 'd1', settings: undecided, ...fields });
  const created = (await stage.core.drafts.create('d1', draft)) as Draft;
  const token = await stage.core.composePages.issue(created, person);
  const path = `/compose/${token}`;
  const first = await stage.fetchPath(path);
  const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
  const headers = { ...OWN, cookie };
  if (isOpened) await stage.fetchPath(`${path}/open`, { method: 'POST', headers, redirect: 'manual' });
  return { token, path, cookie, headers, first };
}

/** The form as the page has it. */
export async function fieldsOf(stage: UploadStage, path: string, headers: Record<string, string>) {
  const text = await (await stage.fetchPath(path, { headers })).text();
  const seen = /name="seen" value="([^"]*)"/.exec(text)?.[1] ?? '';
  return new URLSearchParams({ seen: seen.replaceAll('&quot;', '"').replaceAll('&amp;', '&'), do: 'save' });
}

/** Sends a form as the browser does. */
export const post = (
  stage: UploadStage,
  path: string,
  headers: Record<string, string>,
  body: URLSearchParams,
) => stage.fetchPath(path, { method: 'POST', headers, body, redirect: 'manual' });
