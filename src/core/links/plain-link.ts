import { type LinkReason, UserError } from '../problems.ts';

/** What is known of a link by its text alone: where its file is. */
export interface PlainLink {
  readonly url: URL;
  /** Whose share it is, where that is known. */
  readonly service?: string | undefined;
}

/** A service that shows a page for what people share, and has a documented link to the file itself. */
interface ShareService {
  readonly name: string;
  readonly hosts: RegExp;
  /** The link to the file itself; a reason where there is none; undefined for what is a file or an unknown page. */
  readonly plain: (url: URL) => URL | LinkReason | undefined;
}

const DRIVE_ID = /^[\w-]{10,200}$/;

/** https://learn.microsoft.com/onedrive/developer/rest-api/api/shares_get#encoding-sharing-urls */
const oneDriveToken = (url: URL): string => `u!${Buffer.from(url.href).toString('base64url')}`;

/** What each service documents; the first whose host fits counts. */
const SERVICES: readonly ShareService[] = [
  {
    name: 'Google Drive',
    hosts: /^(drive|docs)\.google\.com$/,
    plain(url) {
      if (/^\/drive\/(u\/\d+\/)?folders\//.test(url.pathname)) return 'folder';
      const [, inPath] = /^\/(?:a\/[^/]+\/)?file\/(?:u\/\d+\/)?d\/([^/]+)/.exec(url.pathname) ?? [];
      const id = inPath ?? (/^\/(open|uc)$/.test(url.pathname) ? url.searchParams.get('id') : undefined);
      if (id === undefined || id === null || !DRIVE_ID.test(id)) return undefined;
      const plain = new URL('https://drive.usercontent.google.com/download');
      // `confirm` passes over the page that says that a big file was not scanned for viruses.
      plain.search = String(new URLSearchParams({ id, export: 'download', confirm: 't' }));
      // https://support.google.com/a/answer/10685032
      const key = url.searchParams.get('resourcekey');
      if (key !== null) plain.searchParams.set('resourcekey', key);
      return plain;
    },
  },
  {
    name: 'Dropbox',
    hosts: /^(www\.)?dropbox\.com$/,
    /** https://help.dropbox.com/share/force-download */
    plain(url) {
      if (/^\/(sh|scl\/fo)\//.test(url.pathname)) return 'folder';
      if (!/^\/(s|scl\/fi)\//.test(url.pathname)) return undefined;
      const plain = new URL(url);
      plain.searchParams.delete('raw');
      plain.searchParams.set('dl', '1');
      return plain;
    },
  },
  {
    name: 'OneDrive',
    hosts: /^(1drv\.ms|onedrive\.live\.com)$/,
    plain: (url) =>
      url.pathname === '/' && url.search === ''
        ? undefined
        : new URL(`https://api.onedrive.com/v1.0/shares/${oneDriveToken(url)}/root/content`),
  },
  { name: 'iCloud', hosts: /^((www|share|photos)\.)?icloud\.com$/, plain: () => 'no_plain_form' },
  {
    name: 'Google Photos',
    hosts: /^(photos\.app\.goo\.gl|photos\.google\.com)$/,
    plain: () => 'no_plain_form',
  },
  { name: 'WeTransfer', hosts: /^(we\.tl|([\w-]+\.)*wetransfer\.com)$/, plain: () => 'no_plain_form' },
  { name: 'TikTok', hosts: /(^|\.)tiktok\.com$/, plain: () => 'tiktok' },
];

/**
 * Where the file behind a link is, in the plain form of its service. Nothing is asked of anybody yet.
 *
 * @throws UserError for what Nod fetches from no server.
 */
export function plainLink(link: string): PlainLink {
  const url = checkedUrl(link);
  const service = SERVICES.find(({ hosts }) => hosts.test(url.hostname));
  const plain = service?.plain(url);
  if (typeof plain === 'string')
    throw new UserError({ code: 'link_refused', reason: plain, service: service?.name });
  return { url: plain ?? url, service: service?.name };
}

/**
 * A URL that may be asked for; where it leads is checked on the connection.
 *
 * @throws UserError
 */
export function checkedUrl(link: string, base?: URL): URL {
  const url = URL.parse(link, base?.href);
  if (url?.protocol !== 'https:') throw new UserError({ code: 'link_refused', reason: 'not_https' });
  if (url.username !== '' || url.password !== '')
    throw new UserError({ code: 'link_refused', reason: 'login' });
  if (url.port !== '') throw new UserError({ code: 'link_refused', reason: 'port' });
  // The dot at the end of a name changes nothing but how it compares.
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.replace(/\.+$/, '');
  return url;
}
