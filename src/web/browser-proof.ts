import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

const LIFE_SECONDS = 60 * 60;
const VALUE = /^[\w-]{32}$/;

/** Tells one browser from another by a cookie, and forms of our own pages from those of others. */
export function createBrowserProof({ publicUrl }: { publicUrl: string }) {
  const { origin, protocol } = new URL(publicUrl);
  const isSecure = protocol === 'https:';
  const name = isSecure ? '__Host-nod_browser' : 'nod_browser';

  /** The secret of the browser; undefined where it has none. */
  function read(c: Context): string | undefined {
    const value = getCookie(c, name);
    return value !== undefined && VALUE.test(value) ? value : undefined;
  }

  /** Gives the browser a secret; one that has it keeps it for longer. */
  function give(c: Context): void {
    const value = read(c) ?? randomBytes(24).toString('base64url');
    setCookie(c, name, value, {
      path: '/',
      httpOnly: true,
      secure: isSecure,
      // A form on another site comes without it.
      sameSite: 'Lax',
      maxAge: LIFE_SECONDS,
    });
  }

  /** Whether a form was sent from a page of ours; who sends neither header is no browser. */
  function isOwnForm(c: Context): boolean {
    const site = c.req.header('sec-fetch-site');
    if (site !== undefined) return site === 'same-origin';
    return (c.req.header('origin') ?? origin) === origin;
  }

  return { read, give, isOwnForm };
}

export type BrowserProof = ReturnType<typeof createBrowserProof>;
