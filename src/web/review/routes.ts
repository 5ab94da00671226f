import { createHash } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { Avatars } from '../../core/accounts/avatars.ts';
import type { MediaStore } from '../../core/media/store/store.ts';
import { isSettled, type Post } from '../../core/publish/post.ts';
import type { PreviewLinks } from '../../core/publish/preview-links.ts';
import { showMedia } from '../preview/show-media.ts';
import { answerSmall, type SmallPictures } from '../preview/small-pictures.ts';
import { lookGone, lookPage } from './page.ts';
import type { PostStory } from './story.ts';

type Env = { Bindings: HttpBindings };

/** The link is a secret that a few people share: no cache keeps what it shows, and no other site hears of it. */
const HEADERS = {
  'Cache-Control': 'private, no-store',
  'X-Robots-Tag': 'noindex',
  'Referrer-Policy': 'no-referrer',
};

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The page that shows a post as it would be published, and how it stands: `/:token`, below `/look`.
 *
 * While it is open its script asks for it again, and gets a 304 where nothing is new.
 */
export function createLookRoutes({
  previewLinks,
  mediaStore,
  avatars,
  storyOf,
}: {
  previewLinks: Pick<PreviewLinks, 'open'>;
  mediaStore: Pick<MediaStore, 'has'>;
  avatars: Pick<Avatars, 'urlPath'>;
  storyOf: ((post: Post) => Promise<PostStory>) | undefined;
}) {
  return new Hono().get('/:token', async (c) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    const token = c.req.param('token');
    const post = await previewLinks.open(token);
    if (post === undefined) return c.html(lookGone(), 404);
    c.header('Content-Security-Policy', POLICY);
    // Never a fresh link: who has an old one would go on with it for ever.
    const path = `/look/${token}`;
    const [story, hasFiles, avatar] = await Promise.all([
      storyOf?.(post),
      areThere(post, mediaStore),
      avatars.urlPath(post.content.openId),
    ]);
    const shown = String(await lookPage({ post, story, path, hasFiles, avatar }));
    const tag = `"${createHash('sha256').update(shown).digest('base64url')}"`;
    c.header('ETag', tag);
    // A proxy that packs the page makes a weak one of it.
    if (c.req.header('if-none-match')?.replace(/^W\//, '') === tag) return c.body(null, 304);
    return c.html(shown);
  });
}

/** Whether the files of a post are still in the store: soon after its end they are not. */
async function areThere(post: Post, mediaStore: Pick<MediaStore, 'has'>): Promise<boolean> {
  if (!isSettled(post)) return true;
  const found = await Promise.all((post.media ?? []).map(({ file }) => mediaStore.has(file.key)));
  return found.every(Boolean);
}

/**
 * The files that such a page shows: `/:token/:number`, counted from 1, and `/small` below it for what the phone shows of it.
 *
 * They never go through the release gate: that one is for TikTok's pulls, and must not count what people look at.
 */
export function createLookFileRoutes({
  previewLinks,
  mediaStore,
  smallPictures,
  log,
}: {
  previewLinks: Pick<PreviewLinks, 'open'>;
  mediaStore: Pick<MediaStore, 'fetch' | 'find' | 'has'>;
  smallPictures: SmallPictures;
  log: Logger;
}) {
  const routes = new Hono<Env>();

  /** What the phone shows of a photo, or of a video before that shows a picture itself. */
  routes.get('/:token/:number{[1-9][0-9]?}/small', async (c) => {
    const { token, number } = c.req.param();
    const post = await previewLinks.open(token);
    const media = post?.media?.[Number(number) - 1];
    const form = media?.kind === 'video' ? 'poster' : 'photo';
    const picture = form === 'poster' ? post?.preview : media?.file;
    if (post === undefined || picture === undefined || !(await areThere(post, mediaStore)))
      return c.text('Not found.', 404, HEADERS);
    return answerSmall(smallPictures, { mediaStore, key: picture.key, form, headers: HEADERS });
  });

  routes.get('/:token/:number{[1-9][0-9]?}', async (c) => {
    const { token, number } = c.req.param();
    const post = await previewLinks.open(token);
    const media = post?.media?.[Number(number) - 1];
    if (post === undefined || media === undefined || !(await areThere(post, mediaStore)))
      return c.text('Not found.', 404, HEADERS);
    return showMedia(c, media, {
      source: await mediaStore.find(media.file.key),
      headers: HEADERS,
      onCut: (error) =>
        log.error(
          { err: error, postId: post.id, fileNumber: Number(number) },
          'A file of a post could not be shown to its end',
        ),
    });
  });

  return routes;
}
