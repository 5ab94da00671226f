import { Hono } from 'hono';
import type { Avatars } from '../core/accounts/avatars.ts';

/** The small pictures of accounts, below `/avatars`; their addresses change with them and cannot be guessed. */
export function createAvatarRoutes({ avatars }: { avatars: Pick<Avatars, 'read'> }) {
  return new Hono().get('/:key/:version{[\\w-]+\\.webp}', async (c) => {
    const { key, version } = c.req.param();
    const picture = await avatars.read(key, version.slice(0, -'.webp'.length));
    if (picture === undefined) return c.text('Not found.', 404);
    return c.body(new Uint8Array(picture), 200, {
      'Content-Type': 'image/webp',
      'Cache-Control': 'private, max-age=86400, immutable',
      'Cross-Origin-Resource-Policy': 'same-origin',
    });
  });
}
