import { createHmac, timingSafeEqual } from 'node:crypto';
import { isSettled, type Post } from './post.ts';
import type { Secrets } from './secrets.ts';
import type { Store } from './stores.ts';

const TOKEN = /^([\w-]+)\.([\w-]+)$/;
/** 132 bits. */
const SIGNATURE_CHARACTERS = 22;

/** Links under which a post can be looked at before it is published; whoever has one may look, and nothing more. */
export function createLooks({
  secrets,
  posts,
}: {
  secrets: Pick<Secrets, 'keyFor'>;
  posts: Pick<Store<Post>, 'get'>;
}) {
  const key = secrets.keyFor('links to look at a post');

  /** The path of the page that shows the post. */
  function urlPath({ id }: Pick<Post, 'id'>): string {
    return `/look/${id}.${sign(id)}`;
  }

  /** The post that the token was made for; undefined when it is not ours, and once the post is settled. */
  async function open(token: string): Promise<Post | undefined> {
    const [, id, signature] = TOKEN.exec(token) ?? [];
    if (id === undefined || signature === undefined || !isSigned(id, signature)) return undefined;
    const post = await posts.get(id);
    return post === undefined || isSettled(post) ? undefined : post;
  }

  // The text is compared, not the bytes that it stands for: several texts stand for the same bytes.
  function isSigned(id: string, signature: string): boolean {
    return (
      signature.length === SIGNATURE_CHARACTERS &&
      timingSafeEqual(Buffer.from(signature), Buffer.from(sign(id)))
    );
  }

  function sign(id: string): string {
    return createHmac('sha256', key).update(id).digest('base64url').slice(0, SIGNATURE_CHARACTERS);
  }

  return { urlPath, open };
}

export type Looks = ReturnType<typeof createLooks>;
