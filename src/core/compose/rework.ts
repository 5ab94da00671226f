import type { Accounts } from '../accounts/accounts.ts';
import type { PreparedMedia } from '../media/types.ts';
import { UserError } from '../problems.ts';
import {
  hashContent,
  isSettled,
  type Person,
  type Post,
  type PostStatus,
  whatWaits,
} from '../publish/post.ts';
import type { Notes } from '../publish/signals.ts';
import type { Fresh, Store } from '../storage/database.ts';
import type { RandomIds } from '../storage/random-ids.ts';
import type { PrivacyLevel } from '../tiktok/types.ts';
import type { Draft, DraftFile } from './draft.ts';
import type { Composer } from './drafts.ts';
import type { Intake } from './intake.ts';
import type { Plan, Submission } from './submit.ts';

/** An unconfirmed post too: it takes a person who has looked at the account to say that it is not there. */
const RETRYABLE: ReadonlySet<PostStatus> = new Set(['failed', 'cancelled', 'expired', 'unconfirmed']);
/** Nothing has been asked of TikTok yet, or nothing came of it. */
const WITHDRAWABLE: ReadonlySet<PostStatus> = new Set(['preparing', 'in_review', 'on_hold', 'queued']);
/** What came to nothing without anybody's wish needs no second approval for the same content. */
const KEEPS_APPROVAL: ReadonlySet<PostStatus> = new Set(['failed', 'unconfirmed']);

/**
 * Tries posts again, or takes them back to change them; what it makes of them is new, with its own review. Whoever asks has
 * been checked before.
 */
export function createReworking({
  drafts,
  posts,
  randomIds,
  composer,
  intake,
  accounts,
  submission,
  notes,
  isAbsent,
  wake,
  now,
}: {
  drafts: Store<Draft>;
  posts: Store<Post>;
  randomIds: RandomIds;
  composer: Composer;
  intake: Intake;
  accounts: Accounts;
  submission: Submission;
  notes: Notes;
  /** Whether the author of a draft can do nothing with it any more. */
  isAbsent: (draft: Draft) => Promise<boolean>;
  /** Resolves when the post has been looked at. */
  wake: (postId: string) => Promise<void>;
  now: () => number;
}) {
  /** Tries a post again that came to nothing: a new post of the same content. */
  async function retry(post: Post): Promise<Post> {
    if (!RETRYABLE.has(post.status)) throw new UserError({ code: 'not_retryable', status: post.status });
    const isApproved = post.review?.decision?.outcome === 'approved' && KEEPS_APPROVAL.has(post.status);
    const plan = await submission.planOf(post);
    return saveNext(post, isApproved && post.review !== undefined ? { ...plan, review: post.review } : plan);
  }

  /** Chooses anew who can see a post that waits for this choice: it goes on as a new post, with its own review. */
  async function rechoose(post: Post, person: Person, privacyLevel: PrivacyLevel): Promise<Post> {
    if (post.status !== 'on_hold') throw new UserError({ code: 'not_retryable', status: post.status });
    if (!post.privacyLevelOptions.includes(privacyLevel))
      throw new UserError({ code: 'privacy_not_offered', privacyLevel });
    const content = { ...post.content, settings: { ...post.content.settings, privacyLevel } };
    // The post that waits ends first: should somebody cancel it meanwhile, nothing goes on.
    await withdrawn(post, person);
    return saveNext({ ...post, content, contentHash: hashContent(content) }, await submission.planOf(post));
  }

  /** The post that goes on where another one ended. One for each, however often the button is tapped. */
  async function saveNext(post: Post, plan: Plan): Promise<Post> {
    const { workspace, chat, author, draftId, account, preview, content, contentHash } = post;
    await submission.checkShares(post, { ...account, openId: content.openId });
    const media = await keptMedia(post);
    if (media === undefined) await checkSources(post);
    const same = { workspace, chat, author, draftId, account, content, contentHash };
    return submission.save({
      ...same,
      id: (await submission.nextPost(post))?.id ?? (await randomIds.forNextPost(post.id)),
      ...(preview !== undefined && { preview }),
      ...plan,
      createdAt: now(),
      attempts: 0,
      retries: 0,
      ...(media !== undefined ? { media, ...whatWaits(plan, now()) } : { status: 'preparing' }),
    });
  }

  /** Takes a post that is not at TikTok yet back into a draft of the person's; what is settled is only opened again. */
  async function withdraw(post: Post, person: Person): Promise<Draft> {
    if (isSettled(post)) return editAgain(post, person);
    if ((await submission.nextPost(post)) !== undefined) throw new UserError({ code: 'post_gone' });
    if (!WITHDRAWABLE.has(post.status)) throw new UserError({ code: 'not_withdrawable' });
    return editAgain(await withdrawn(post, person), person);
  }

  /** The post as it ends because it is taken back. */
  async function withdrawn(post: Post, person: Person): Promise<Post> {
    await notes.withdraw(post.id, person);
    await wake(post.id);
    const standing = (await posts.get(post.id)) ?? post;
    if (standing.status === 'cancelled' && standing.isWithdrawn) return standing;
    throw new UserError({ code: 'not_withdrawable' });
  }

  /**
   * Opens a draft with what a post was made of, to change it; the one that is open already, if there is one.
   *
   * @throws UserError `not_author` where that one belongs to somebody else who is still there.
   */
  async function editAgain(post: Post, person: Person): Promise<Draft> {
    await checkSources(post);
    const id = await freeDraftId(post);
    const begun = await drafts.create(id, await draftOf(post, id, person));
    const draft = begun ?? (await drafts.get(id));
    if (draft === undefined) return editAgain(post, person);
    if (draft.author.id !== person.id) {
      if (!(await isAbsent(draft))) throw new UserError({ code: 'not_author', author: draft.author.name });
      await composer.takeOver(id, person);
    }
    intake.work(draft);
    const shared = await accounts.list(post.workspace);
    if (begun !== undefined && shared.some(({ openId }) => openId === post.content.openId))
      await composer.chooseAccount(id, post.content.openId);
    else await composer.lookForAccount(draft);
    return draft;
  }

  /** The same for all who ask at once; another one as soon as its draft has become a post. */
  async function freeDraftId({ id }: Post): Promise<string> {
    let draftId = await randomIds.forEdit(id);
    while ((await posts.get(draftId)) !== undefined) draftId = await randomIds.renewEdit(id, draftId);
    return draftId;
  }

  async function draftOf(post: Post, id: string, author: Person): Promise<Fresh<Draft>> {
    const kept = await keptMedia(post);
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
    return {
      ...{ id, workspace: post.workspace, chat: post.chat, author, files },
      ...(post.preview !== undefined && { preview: post.preview }),
      ...{ caption: content.caption, settings: content.settings, disclosing: yourBrand || brandedContent },
      ...(post.publishAt !== undefined && post.publishAt > at && { publishAt: post.publishAt }),
      ...{ createdAt: at, updatedAt: at },
    };
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

  return { retry, rechoose, withdraw };
}

export type Reworking = ReturnType<typeof createReworking>;
