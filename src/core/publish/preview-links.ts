import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Store } from '../storage/database.ts';
import type { Secrets } from '../storage/secrets.ts';
import type { Post } from './post.ts';

const TOKEN = /^(([\w-]+)\.(\d{1,6}))\.([\w-]+)$/;
/** 132 bits. */
const SIGNATURE_CHARACTERS = 22;
/** A link is good in the window in which it was made and in the next one. */
const WINDOW_MS = 7 * 24 * 3_600_000;
/** So long a link still tells how its post ended. */
const SETTLED_MS = 7 * 24 * 3_600_000;

/** Links under which a post can be looked at before it is published, and for a while after; whoever has one may look, and nothing more. */
export function createPreviewLinks({
  secrets,
  posts,
  now,
}: {
  secrets: Pick<Secrets, 'keyFor'>;
  posts: Pick<Store<Post>, 'get'>;
  now: () => number;
}) {
  const key = secrets.keyFor('links to look at a post');

  /** The path of the page that shows the post; another one each week. */
  function urlPath({ id }: Pick<Post, 'id'>): string {
    const signed = `${id}.${currentWindow()}`;
    return `/look/${signed}.${sign(signed)}`;
  }

  /** The post that the token was made for; undefined when it is not ours or too old, and once the post is settled for a week. */
  async function open(token: string): Promise<Post | undefined> {
    const [, signed, id, window, signature] = TOKEN.exec(token) ?? [];
    if (signed === undefined || id === undefined || signature === undefined) return undefined;
    if (!isSigned(signed, signature) || !isFresh(Number(window))) return undefined;
    const post = await posts.get(id);
    return post === undefined || isOver(post) ? undefined : post;
  }

  /** How it ended can be looked up for a while, but not by those whose place may not use Nod any more. */
  function isOver(post: Post): boolean {
    if (!('settledAt' in post)) return false;
    const isShutOut = post.status === 'cancelled' && post.isShutOut === true;
    return isShutOut || post.settledAt + SETTLED_MS <= now();
  }

  const currentWindow = (): number => Math.floor(now() / WINDOW_MS);

  function isFresh(window: number): boolean {
    const age = currentWindow() - window;
    return age === 0 || age === 1;
  }

  // The text is compared, not the bytes that it stands for: several texts stand for the same bytes.
  function isSigned(signed: string, signature: string): boolean {
    return (
      signature.length === SIGNATURE_CHARACTERS &&
      timingSafeEqual(Buffer.from(signature), Buffer.from(sign(signed)))
    );
  }

  function sign(text: string): string {
    return createHmac('sha256', key).update(text).digest('base64url').slice(0, SIGNATURE_CHARACTERS);
  }

  return { urlPath, open };
}

export type PreviewLinks = ReturnType<typeof createPreviewLinks>;
