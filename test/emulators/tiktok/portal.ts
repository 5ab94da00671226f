import { randomBytes } from 'node:crypto';
import type { App } from './state.ts';
import { isPrefix } from './url-rules.ts';

export type Verification = { verified: true } | { verified: false; reason: string };

/**
 * The "URL properties" page of the developer portal, for one app.
 * https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide/#pull_from_url
 */
export function createPortal({ allowLoopbackHttp }: { allowLoopbackHttp: boolean }) {
  /** Hands out the signature file that has to be served right below the prefix. */
  function requestPrefix(app: App, prefix: string, token = randomAlphanumerics(32)) {
    const isLoopback = /^http:\/\/(localhost|127\.0\.0\.1)[:/]/.test(prefix);
    if (!isPrefix(prefix) || !(prefix.startsWith('https://') || (allowLoopbackHttp && isLoopback))) {
      throw new Error('A URL prefix begins with https:// and ends with a slash.');
    }
    app.signatureFiles.push({ prefix, token });
    return { fileName: `tiktok${token}.txt`, content: contentOf(token), url: `${prefix}tiktok${token}.txt` };
  }

  /** Fetches the signature file of a requested prefix; on success the prefix becomes a property of the app. */
  async function verifyPrefix(
    app: App,
    prefix: string,
    origins: Record<string, string>,
  ): Promise<Verification> {
    const pending = app.signatureFiles.findLast((file) => file.prefix === prefix);
    if (!pending) return { verified: false, reason: 'No signature file was requested for this prefix.' };
    const url = new URL(`${prefix}tiktok${pending.token}.txt`);
    const origin = origins[url.origin];
    const target = origin === undefined ? url : new URL(url.pathname, origin);
    try {
      const response = await fetch(target, { redirect: 'manual' });
      const text = (await response.text()).trimEnd();
      if (response.status !== 200) return { verified: false, reason: `The file answers ${response.status}.` };
      if (text !== contentOf(pending.token))
        return { verified: false, reason: 'The file has other content.' };
    } catch {
      return { verified: false, reason: 'The file cannot be fetched.' };
    }
    app.signatureFiles = app.signatureFiles.filter((file) => file !== pending);
    app.urlProperties.push({ type: 'prefix', value: prefix });
    return { verified: true };
  }

  return { requestPrefix, verifyPrefix };
}

const contentOf = (token: string) => `tiktok-developers-site-verification=${token}`;

function randomAlphanumerics(length: number) {
  let text = '';
  while (text.length < length)
    text += randomBytes(length)
      .toString('base64')
      .replace(/[^A-Za-z0-9]/g, '');
  return text.slice(0, length);
}
