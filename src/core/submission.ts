import { createHash, randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Accounts } from './accounts.ts';
import type { Composer } from './composer.ts';
import { contentOf, type Draft, type DraftFile, problemsOf, usableFiles } from './draft.ts';
import { UserError } from './errors.ts';
import type { Intake } from './intake.ts';
import type { PreparedMedia } from './media/types.ts';
import { hashContent, type Person, type Post, type PostStatus } from './post.ts';
import type { Fresh, Store } from './stores.ts';
import type { PostMode } from './tiktok/types.ts';

/** An unconfirmed post too: it takes a person who has looked at the account to say that it is not there. */
const RETRYABLE: ReadonlySet<PostStatus> = new Set(['failed', 'cancelled', 'expired', 'unconfirmed']);
const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000;

/** Turns drafts into posts, and posts that came to nothing into new tries. */
export function createSubmission({
  drafts,
  posts,
  composer,
  intake,
  accounts,
  wake,
  now,
  log,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  composer: Composer;
  intake: Intake;
  accounts: Accounts;
  wake: (postId: string) => void;
  now: () => number;
  log: Logger;
}) {
  /**
   * Makes the draft a post, which carries its id: doing it twice never makes two.
   *
   * @throws UserError naming the first thing that is missing.
   */
  async function submit(id: string, person: Person, postMode: PostMode): Promise<Post> {
    const draft = await composer.own(id, person);
    const [problem] = problemsOf(draft, postMode);
    if (problem !== undefined) throw new UserError(problem);
    // Only the draft that was checked is submitted: a file that joined meanwhile makes this write fail.
    const submitted = await drafts.replace(id, draft, { ...draft, submitted: { postMode, at: now() } });
    return submitted === undefined ? submit(id, person, postMode) : savePost(submitted);
  }

  async function savePost(draft: Draft): Promise<Post> {
    if (draft.submitted === undefined || draft.account === undefined)
      throw new Error('The draft is not submitted.');
    const { postMode, at } = draft.submitted;
    const content = contentOf(draft, postMode);
    const files = usableFiles(draft);
    const media = files.flatMap((file) => (file.state === 'ready' ? [file.media] : []));
    const { nickname, username } = draft.account;
    const post = await savePostOf({
      id: draft.id,
      workspace: draft.workspace,
      chat: draft.chat,
      author: draft.author,
      draftId: draft.id,
      account: username === undefined ? { nickname } : { nickname, username },
      ...(draft.preview !== undefined && { preview: draft.preview }),
      content,
      contentHash: hashContent(content),
      createdAt: at,
      attempts: 0,
      retries: 0,
      ...(media.length === files.length
        ? { media, status: 'queued', notBefore: at }
        : { status: 'preparing' }),
    });
    await drafts.delete(draft.id);
    return post;
  }

  async function savePostOf(post: Fresh<Post>): Promise<Post> {
    const saved = (await posts.create(post.id, post)) ?? (await posts.get(post.id));
    if (saved === undefined) throw new Error(`Post ${post.id} was neither saved nor found.`);
    wake(saved.id);
    return saved;
  }

  /** Tries a post again that came to nothing: a new post of the same content, on the same card. */
  async function retry(post: Post, person: Person): Promise<Post> {
    if (post.author.id !== person.id) throw new UserError({ code: 'not_author', author: post.author.name });
    if (!RETRYABLE.has(post.status)) throw new UserError({ code: 'not_retryable', status: post.status });
    const { workspace, chat, author, draftId, account, preview, content, contentHash } = post;
    const media = await keptMedia(post);
    if (media === undefined) await checkSources(post);
    const same = { workspace, chat, author, draftId, account, content, contentHash };
    return savePostOf({
      ...same,
      // One try after this one, however often the button is tapped.
      id: nextTryId(post),
      ...(preview !== undefined && { preview }),
      createdAt: now(),
      attempts: 0,
      retries: 0,
      ...(media !== undefined ? { media, status: 'queued', notBefore: now() } : { status: 'preparing' }),
    });
  }

  /** Opens a new draft with what a post was made of, to change it. */
  async function editAgain(post: Post, person: Person): Promise<Draft> {
    if (post.author.id !== person.id) throw new UserError({ code: 'not_author', author: post.author.name });
    await checkSources(post);
    const kept = await keptMedia(post);
    const id = newId();
    const at = now();
    const { content } = post;
    const files = content.sources.map((source, index): DraftFile => {
      const media = kept?.[index];
      const file = { id: String(index + 1), order: index, name: source.name, ref: '', source: source.file };
      const seconds = media?.durationSeconds === undefined ? {} : { durationSeconds: media.durationSeconds };
      return media === undefined
        ? { ...file, state: 'stored', kind: content.kind }
        : { ...file, state: 'ready', kind: content.kind, ...seconds, media };
    });
    const { yourBrand, brandedContent } = content.settings;
    const draft = await drafts.create(id, {
      ...{ id, workspace: post.workspace, chat: post.chat, author: post.author, files },
      ...(post.preview !== undefined && { preview: post.preview }),
      ...{ caption: content.caption, settings: content.settings, disclosing: yourBrand || brandedContent },
      ...{ createdAt: at, updatedAt: at },
    });
    if (draft === undefined) throw new Error('A fresh draft id is taken: the random source repeats itself.');
    intake.work(draft);
    const shared = await accounts.list(post.workspace);
    if (shared.some((account) => account.openId === content.openId))
      await composer.chooseAccount(id, content.openId);
    else await composer.chooseOnlyAccount(draft);
    return draft;
  }

  /** The files as TikTok pulls them, if they are all still there. */
  async function keptMedia({ media }: Post): Promise<readonly PreparedMedia[] | undefined> {
    if (media === undefined) return undefined;
    return (await intake.areKept(media.map(({ file }) => file))) ? media : undefined;
  }

  /** @throws UserError naming a file that was deleted since: nobody could post it. */
  async function checkSources({ content }: Post): Promise<void> {
    for (const { name, file } of content.sources) {
      if (!(await intake.areKept([file]))) throw new UserError({ code: 'file_unavailable', name });
    }
  }

  /** The post that a draft became, or the last try again of it. */
  async function latestPost(draftId: string): Promise<Post | undefined> {
    let latest = await posts.get(draftId);
    for (let next = latest; next !== undefined; next = await posts.get(nextTryId(next))) latest = next;
    return latest;
  }

  /** Goes on after a start: finishes interrupted submissions and intakes, and forgets abandoned drafts. */
  async function resume(): Promise<void> {
    for await (const [id, draft] of drafts.entries()) {
      if (draft.submitted !== undefined) await savePost(draft);
      else if (draft.updatedAt < now() - ABANDONED_AFTER_MS) await drafts.delete(id);
      else {
        intake.work(draft);
        composer
          .lookForAccount(draft)
          .catch((error) => log.error({ err: error }, 'A draft stays without its account'));
      }
    }
  }

  return { submit, retry, editAgain, latestPost, resume };
}

export type Submission = ReturnType<typeof createSubmission>;

function newId(): string {
  return randomBytes(10).toString('base64url');
}

function nextTryId(post: Post): string {
  return createHash('sha256').update(`again ${post.id}`).digest('base64url').slice(0, 14);
}
