import { parse } from 'content-disposition';
import { plainFileName } from '../plain-text.ts';
import { plainLink } from './plain-link.ts';

/** What people call a file has an ending; other last parts of a path may be all that keeps strangers out. */
const FILE_NAME = /^[^/]*\.[a-z0-9]{2,5}$/i;

/** What a file behind a link is called before anything is known but the link. */
export function nameOfLink(link: string): string {
  const url = URL.parse(link);
  return (url && nameInPath(url)) ?? (plainFileName(url?.hostname ?? '') || 'link');
}

/** Whether a link names a file, or is a share that does not show its name. */
export function leadsToFile(link: string): boolean {
  try {
    const { url, service } = plainLink(link);
    return service !== undefined || nameInPath(url) !== undefined;
  } catch {
    return false;
  }
}

/** What the server, else the path, calls a file; undefined where neither does. */
export function nameOfReply(disposition: string | undefined, url: URL): string | undefined {
  return nameInHeader(disposition) ?? nameInPath(url);
}

function nameInHeader(disposition: string | undefined): string | undefined {
  if (disposition === undefined) return undefined;
  try {
    return plainFileName(parse(disposition).parameters.filename ?? '') || undefined;
  } catch {
    return undefined;
  }
}

function nameInPath({ pathname }: URL): string | undefined {
  const last = pathname.split('/').at(-1) ?? '';
  const name = plainFileName(decoded(last));
  return FILE_NAME.test(name) ? name : undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
