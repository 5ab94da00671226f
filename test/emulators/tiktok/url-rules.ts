import type { App } from './state.ts';

const loopbackHosts = ['localhost', '127.0.0.1'];

/** Whether TikTok would take the URL as a source at all: https, a DNS name, no credentials. */
export function isSourceUrl(value: string, allowLoopbackHttp: boolean) {
  const url = parse(value);
  if (!url || url.username || url.password || url.hash) return false;
  if (allowLoopbackHttp && loopbackHosts.includes(url.hostname)) {
    return url.protocol === 'http:' || url.protocol === 'https:';
  }
  return url.protocol === 'https:' && isDnsName(url.hostname);
}

/**
 * Whether a verified property of the app covers the URL.
 * https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide/#pull_from_url
 */
export function isOwned(app: App, value: string) {
  const url = parse(value);
  if (!url) return false;
  return app.urlProperties.some((property) => {
    if (property.type === 'domain') {
      return url.hostname === property.value || url.hostname.endsWith(`.${property.value}`);
    }
    // The parsed form is compared too, so that `..` does not lead out of the prefix.
    return (
      isPrefix(property.value) && value.startsWith(property.value) && url.href.startsWith(property.value)
    );
  });
}

/** Whether the portal would register the redirect URI: https for web; http with a port on loopback for desktop. */
export function isRegistrable(kind: App['kind'], value: string, allowLoopbackHttp: boolean) {
  if (value.length >= 512 || value.includes('?') || value.includes('#')) return false;
  const url = parse(value.replace(':*', ':1'));
  if (!url || url.username || url.password) return false;
  const isLoopback = loopbackHosts.includes(url.hostname);
  if (kind === 'desktop') {
    return /^https?:$/.test(url.protocol) && isLoopback && /^https?:\/\/[^/]+:(\d+|\*)(\/|$)/.test(value);
  }
  if (isLoopback) return allowLoopbackHttp && !value.includes(':*');
  return url.protocol === 'https:' && isDnsName(url.hostname);
}

/** Compares byte by byte; a desktop registration may hold `*` for the port. */
export function matchesRedirect(registered: string, given: string) {
  if (!registered.includes(':*')) return registered === given;
  const [before = '', after = ''] = registered.split(':*');
  if (!given.startsWith(`${before}:`) || !given.endsWith(after)) return false;
  return /^\d{1,5}$/.test(given.slice(before.length + 1, given.length - after.length));
}

export function isPrefix(value: string) {
  return /^https?:\/\/[^/]+\/(.*\/)?$/.test(value);
}

function isDnsName(hostname: string) {
  return /^(?=.{1,253}$)([a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]*$/i.test(hostname);
}

function parse(value: string) {
  return URL.canParse(value) ? new URL(value) : undefined;
}
