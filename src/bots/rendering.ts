import type { Accounts } from '../core/accounts.ts';
import type { Draft } from '../core/draft.ts';
import type { Gate } from '../core/media/gate.ts';
import type { Pulls } from '../core/media/pulls.ts';
import type { MediaStore } from '../core/media/store.ts';
import type { StoredFile } from '../core/media/types.ts';
import type { Pacing } from '../core/pacing.ts';
import type { Post } from '../core/post.ts';
import type { Store } from '../core/stores.ts';
import type { Submission } from '../core/submission.ts';
import type { Card, Picture } from './bot.ts';
import type { Rendering } from './showing.ts';
import { draftCard } from './view/draft-card.ts';
import { finalNote, postCard } from './view/post-card.ts';

/** Looks up what a draft, or the post that it became, looks like now. */
export function createRenderer({
  drafts,
  submission,
  accounts,
  gate,
  pulls,
  mediaStore,
  pacing,
  now,
}: {
  drafts: Store<Draft>;
  submission: Submission;
  accounts: Accounts;
  gate: Gate;
  pulls: Pulls;
  mediaStore: MediaStore;
  pacing: Pacing;
  now: () => number;
}) {
  async function render(subject: string): Promise<Rendering | undefined> {
    const post = await submission.latestPost(subject);
    if (post !== undefined) return renderPost(post);
    const draft = await drafts.get(subject);
    return draft && { chat: draft.chat, card: await drawDraft(draft), isForAll: false };
  }

  async function renderPost(post: Post): Promise<Rendering> {
    const attempt = post.status === 'processing' ? await gate.read(post.attemptId) : undefined;
    const pull = attempt && pulls.progress(attempt);
    const account = await accounts.get(post.content.openId);
    const hasAccess = account !== undefined && !account.expired;
    const view = { post, hasAccess, pacing, now: now(), pictureOf };
    const card = postCard(pull === undefined ? view : { ...view, pull });
    const ending = finalNote(post);
    return {
      chat: post.chat,
      card,
      isForAll: true,
      ...(ending !== undefined && {
        ending: { key: `${post.id} ${post.status}`, card: ending, callsFor: post.author },
      }),
    };
  }

  async function drawDraft(draft: Draft, menu?: 'files' | 'accounts'): Promise<Card> {
    const shared = await accounts.list(draft.workspace);
    return draftCard({ draft, accounts: shared, pictureOf, ...(menu !== undefined && { menu }) });
  }

  function pictureOf(file: StoredFile): Picture {
    return { key: file.key, path: mediaStore.path(file) };
  }

  return { render, drawDraft };
}
