import type { Logger } from 'pino';
import type { ConsentOutcome } from '../../core/accounts/consent.ts';
import type { Refreshing } from '../../core/compose/drafts.ts';
import type { Chronicle } from '../../core/history/record-post.ts';
import type { AccountName, ChatRef, Post } from '../../core/publish/post.ts';
import type { Notes } from '../../core/publish/signals.ts';
import type { Store } from '../../core/storage/database.ts';
import type { Speech } from '../cards/send.ts';
import type { Card } from '../platform.ts';
import { accountName } from '../text/format.ts';
import { consentCard, note } from '../text/messages.ts';
import { idiomOf } from '../text/wording.ts';

/** Brings to the chats what has happened to accounts elsewhere: in a browser, or at TikTok. */
export function createNews({
  refreshing,
  posts,
  notes,
  chronicle,
  touch,
  speech,
  log,
}: {
  refreshing: Refreshing;
  posts: Store<Post>;
  notes: Notes;
  chronicle: Chronicle;
  touch: (post: Post) => void;
  speech: Speech;
  log: Logger;
}) {
  /** Tells how a way through TikTok's consent page ended, and goes on with what waited for it. */
  async function consentEnded(outcome: ConsentOutcome): Promise<void> {
    if (outcome.type === 'unknown' || outcome.type === 'unchecked') return;
    tell(outcome.invitation.chat, consentCard(outcome));
    if (outcome.type !== 'connected') return;
    const { account, invitation } = outcome;
    const { openId } = account;
    await chronicle.note({
      ...{ place: invitation.workspace, person: invitation.person },
      ...{ what: 'account_connected', account: accountName(account) },
    });
    // What was granted may be more than before, so drafts that have the account are looked at again as well.
    await refreshing.refreshIn(
      invitation.workspace,
      (draft) =>
        draft.creatorProblem !== undefined || draft.account === undefined || draft.account.openId === openId,
    );
    for await (const post of processing(openId)) await notes.hint(post.publishId);
  }

  /** Tells the chats that shared an account that TikTok has ended our access to it. */
  async function accountRemoved(
    openId: string,
    chats: readonly ChatRef[],
    account: AccountName,
  ): Promise<void> {
    for (const chat of chats) {
      const { slash } = idiomOf(chat);
      tell(
        chat,
        note(
          `TikTok ended Nod’s access to ${accountName(account)}. ${slash}connect it again to go on posting.`,
        ),
      );
    }
    await refreshing.refresh((draft) => draft.account?.openId === openId);
    for await (const post of processing(openId)) touch(post);
  }

  async function* processing(openId: string) {
    for await (const [, post] of posts.entries()) {
      if (post.status === 'processing' && post.content.openId === openId) yield post;
    }
  }

  /** A browser or TikTok waits for us here and must not wait for the chat. */
  function tell(chat: ChatRef, card: Card): void {
    speech
      .say(chat, card)
      .catch((error) => log.error({ err: error }, 'News of an account could not be told in its chat'));
  }

  return { consentEnded, accountRemoved };
}

export type News = ReturnType<typeof createNews>;
