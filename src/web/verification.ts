import { Hono } from 'hono';

/**
 * Serves TikTok's signature file at the root and below `/media/`, so that either prefix can be verified; `token` is the
 * 32 letters and digits in its name.
 * https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
 */
export function createVerificationRoutes({ token }: { token: string }) {
  const routes = new Hono();
  for (const path of [`/tiktok${token}.txt`, `/media/tiktok${token}.txt`]) {
    routes.get(path, (c) => c.text(`tiktok-developers-site-verification=${token}`));
  }
  return routes;
}
