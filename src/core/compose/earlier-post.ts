import type { Workspaces } from '../accounts/workspaces.ts';
import { likenessOf, mayAppear, type Post } from '../publish/post.ts';
import { alikeIn } from '../publish/posts.ts';
import type { Store } from '../storage/database.ts';
import { chosenAccount, type Draft, kindOf, usableFiles } from './draft.ts';

/** How far back a post counts as one that people may not remember. */
const REMEMBERED_MS = 30 * 24 * 3_600_000;

/** A post to the account of a draft that has the same files, or says the same. */
export interface EarlierPost {
  readonly post: Post;
  readonly isSameFiles: boolean;
  readonly isSameCaption: boolean;
}

/**
 * The last post like a draft that went to the same account within 30 days, or is on its way there; the same files count
 * before the same caption. Only places that share with the draft's are looked at.
 */
export async function findEarlierPost(
  { posts, workspaces, now }: { posts: Store<Post>; workspaces: Workspaces; now: () => number },
  draft: Draft,
): Promise<EarlierPost | undefined> {
  const account = chosenAccount(draft);
  if (account === undefined || kindOf(draft) === undefined) return undefined;
  const { openId } = account;
  const files = usableFiles(draft).map(({ source }) => source);
  const likeness = likenessOf(files, draft.caption);
  const from = now() - REMEMBERED_MS;
  const isOther = (post: Post) =>
    post.draftId !== draft.id && mayAppear(post) && ('settledAt' in post ? post.settledAt : now()) >= from;
  const places = await workspaces.idsOf(draft.workspace);
  for (const by of ['files', 'caption'] as const) {
    const found = await Promise.all(places.map((place) => alikeIn(posts, place, { openId, likeness, by })));
    const [post] = found
      .flat()
      .filter(isOther)
      .sort((a, b) => b.createdAt - a.createdAt);
    if (post === undefined) continue;
    const isSame = (what: keyof typeof likeness) =>
      likeness[what] !== undefined && post.likeness?.[what] === likeness[what];
    return { post, isSameFiles: isSame('files'), isSameCaption: isSame('caption') };
  }
  return undefined;
}
