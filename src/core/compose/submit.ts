import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Workspaces } from '../accounts/workspaces.ts';
import { UserError } from '../problems.ts';
import {
  type AccountName,
  type ChatRef,
  hashContent,
  type Person,
  type Post,
  type PostReview,
  whatWaits,
} from '../publish/post.ts';
import type { Fresh, Store } from '../storage/database.ts';
import type { RandomIds } from '../storage/random-ids.ts';
import type { PostMode } from '../tiktok/types.ts';
import { contentOf, type Draft, problemsOf, usableFiles } from './draft.ts';
import type { Composer } from './drafts.ts';
import type { Intake } from './intake.ts';

const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000;

/** What a post waits for before it may be published. */
export interface Plan {
  readonly review?: PostReview;
  readonly publishAt?: number;
}

/** Turns drafts into posts. */
export function createSubmission({
  drafts,
  posts,
  randomIds,
  composer,
  intake,
  workspaces,
  announce,
  wake,
  now,
  log,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  randomIds: RandomIds;
  composer: Composer;
  intake: Intake;
  workspaces: Workspaces;
  /** Tells that there is a post; it must not throw and is not waited for. */
  announce: (post: Post) => void;
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
    if (draft.publishAt !== undefined && draft.publishAt <= now()) throw new UserError({ code: 'when_past' });
    if (draft.account !== undefined) await checkShares(draft, draft.account);
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
    const plan = await planOf(draft);
    const post = await save({
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
      ...plan,
      ...(media.length === files.length ? { media, ...whatWaits(plan, at) } : { status: 'preparing' }),
    });
    await drafts.delete(draft.id);
    return post;
  }

  /** @throws UserError when the account has left the place, or the place has left those that share it. */
  async function checkShares(
    { workspace }: { workspace: string },
    { openId, username, nickname }: AccountName & { openId: string },
  ): Promise<void> {
    if ((await workspaces.openIdsOf(workspace)).includes(openId)) return;
    throw new UserError({ code: 'account_disconnected', username: username ?? nickname });
  }

  /** Whose approval and which time the post waits for. */
  async function planOf(from: { workspace: string; chat: ChatRef; publishAt?: number }): Promise<Plan> {
    const { workspace, chat, publishAt } = from;
    const { policy } = await workspaces.settingsOf(workspace);
    return {
      ...(policy.approvals > 0 && {
        review: { policy, ...(await workspaces.reviewPlacesOf(workspace, chat)) },
      }),
      ...(publishAt !== undefined && publishAt > now() && { publishAt }),
    };
  }

  /** Saves a post unless it was saved before, and sets it going. */
  async function save(post: Fresh<Post>): Promise<Post> {
    const saved = (await posts.create(post.id, post)) ?? (await posts.get(post.id));
    if (saved === undefined) throw new Error(`Post ${post.id} was neither saved nor found.`);
    announce(saved);
    wake(saved.id);
    return saved;
  }

  /** The post that a draft became, or the last try again of it. */
  async function latestPost(draftId: string): Promise<Post | undefined> {
    let latest = await posts.get(draftId);
    for (let next = latest; next !== undefined; next = await nextPost(next)) latest = next;
    return latest;
  }

  /** The post that goes on where this one ended, if there is one. */
  async function nextPost({ id }: Post): Promise<Post | undefined> {
    return posts.get((await randomIds.findNextPost(id)) ?? nextPostIdBefore(id));
  }

  /** Goes on after a start: finishes interrupted submissions and intakes, and forgets abandoned drafts. */
  async function resume(): Promise<void> {
    for await (const [id, draft] of drafts.entries()) {
      if (draft.submitted !== undefined) await savePost(draft);
      else if (isAbandoned(draft)) await drafts.delete(id);
      else {
        intake.work(draft);
        composer
          .lookForAccount(draft)
          .catch((error) => log.error({ err: error }, 'A draft stays without its account'));
      }
    }
  }

  /** Forgets drafts that nobody has touched for a week. */
  async function sweep(): Promise<void> {
    for await (const [id, draft] of drafts.entries()) {
      // Only the draft that was looked at: somebody may just be taking it up again.
      if (isAbandoned(draft) && isAbandoned((await drafts.get(id)) ?? draft)) await drafts.delete(id);
    }
  }

  const isAbandoned = ({ submitted, updatedAt }: Draft): boolean =>
    submitted === undefined && updatedAt < now() - ABANDONED_AFTER_MS;

  return { submit, checkShares, planOf, save, latestPost, nextPost, resume, sweep };
}

export type Submission = ReturnType<typeof createSubmission>;

/** Until version 0.1 the id followed from that of the post before; what was tried again then is not tried once more. */
const nextPostIdBefore = (postId: string): string =>
  createHash('sha256').update(`again ${postId}`).digest('base64url').slice(0, 14);
