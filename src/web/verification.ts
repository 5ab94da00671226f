import { Hono } from 'hono';

const TOKEN = /^(?:tiktok-developers-site-verification=)?(?:tiktok)?([A-Za-z0-9]{32})(?:\.txt)?$/;

/**
 * The token in what TikTok's portal gives for proving a URL prefix: the token itself, the name of the file or its
 * content. Undefined when it is none of them.
 */
export function readSiteVerification(value: string): string | undefined {
  return TOKEN.exec(value.trim())?.[1];
}

/**
 * Serves TikTok's signature file at the root and below `/media/`, so that either prefix can be verified.
 * https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
 */
export function createVerificationRoutes({ siteVerification }: { siteVerification: string }) {
  const token = readSiteVerification(siteVerification);
  if (token === undefined) {
    throw new TypeError('A site verification is 32 letters and digits, as in the file that TikTok gives.');
  }
  const routes = new Hono();
  for (const path of [`/tiktok${token}.txt`, `/media/tiktok${token}.txt`]) {
    routes.get(path, (c) => c.text(`tiktok-developers-site-verification=${token}`));
  }
  return routes;
}
