import { isIP } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/**
 * Lets nobody in but the page itself.
 *
 * A site elsewhere could give its name the address of this machine (DNS rebinding): a name that is not ours is refused, while
 * an address in numbers cannot be rebound. What changes something, and what is read by scripts, has to come from this origin.
 */
export function guard({ hostname }: { hostname: string | undefined }): MiddlewareHandler {
  const isOurs = (host: string): boolean => {
    const name = URL.parse(`http://${host}`)?.hostname ?? '';
    if (LOOPBACK_NAMES.has(name)) return true;
    if (hostname === undefined) return false;
    return name === hostname || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  };

  return async (c, next) => {
    const host = c.req.header('host') ?? '';
    if (!isOurs(host)) return c.text('This address is not the playground’s.', 421);
    if (!isFromHere(c, host)) return c.text('The playground answers its own page alone.', 403);
    await next();
    c.header('content-security-policy', POLICY);
    c.header('x-content-type-options', 'nosniff');
    c.header('referrer-policy', 'no-referrer');
    c.header('cross-origin-resource-policy', 'same-origin');
    c.header('cross-origin-opener-policy', 'same-origin');
    c.header('x-frame-options', 'DENY');
  };
}

function isFromHere(c: Context, host: string): boolean {
  const origin = c.req.header('origin');
  if (origin !== undefined) return origin === `http://${host}`;
  // Anybody may follow a link to the page; nothing else is asked for from elsewhere.
  const isPage = c.req.method === 'GET' && c.req.path === '/';
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return false;
  const site = c.req.header('sec-fetch-site');
  return isPage || site === undefined || site === 'same-origin' || site === 'none';
}
