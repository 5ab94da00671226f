import type { ConsentOutcome } from '../../core/accounts/consent.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import { chosenAccount } from '../../core/compose/draft.ts';
import type { DraftRefresh } from '../../core/compose/drafts.ts';
import type { Recorder } from '../../core/history/record-post.ts';
import type { AccountName, ChatRef } from '../../core/people.ts';
import type { Post } from '../../core/publish/post.ts';
import { underWayTo } from '../../core/publish/posts.ts';
import type { Signals } from '../../core/publish/signals.ts';
import type { Store } from '../../core/storage/database.ts';
import type { Sender } from '../cards/send.ts';
import { accountName } from '../text/format.ts';
import { consentCard, note } from '../text/messages.ts';
import { wordingOf } from '../text/wording.ts';

/** Brings to the chats what has happened to accounts elsewhere: in a browser, or at TikTok. */
export function createAccountNews({
  draftRefresh,
  posts,
  signals,
  recorder,
  touch,
  workspaces,
  sender,
}: {
  draftRefresh: DraftRefresh;
  posts: Store<Post>;
  signals: Signals;
  recorder: Recorder;
  touch: (post: Post) => void;
  workspaces: Pick<Workspaces, 'settingsOf'>;
  sender: Sender;
}) {
  /** Tells how a way through TikTok's consent page ended, and goes on with what waited for it. */
  async function consentEnded(outcome: ConsentOutcome): Promise<void> {
    if (outcome.type === 'unknown' || outcome.type === 'unchecked') return;
    const { invitation } = outcome;
    const { policy } = await workspaces.settingsOf(invitation.workspace);
    sender.tell(invitation.chat, consentCard(outcome, policy.approvals), invitation.person);
    if (outcome.type !== 'connected') return;
    const { account } = outcome;
    const { openId } = account;
    await recorder.note({
      place: invitation.workspace,
      person: invitation.person,
      what: 'account_connected',
      account: accountName(account),
    });
    // What was granted may be more than before, so drafts that have the account are looked at again as well.
    await draftRefresh.refreshIn(invitation.workspace, (draft) => {
      const chosen = chosenAccount(draft);
      return chosen === undefined || chosen.state === 'unavailable' || chosen.openId === openId;
    });
    for (const post of await processing(openId)) await signals.hint(post.publishId);
  }

  /** Tells the chats that shared an account that TikTok has ended our access to it. */
  async function accountRemoved(
    openId: string,
    chats: readonly ChatRef[],
    account: AccountName,
  ): Promise<void> {
    for (const chat of chats) {
      const { slash } = wordingOf(chat);
      sender.tell(
        chat,
        note(
          `TikTok ended Nod’s access to ${accountName(account)}. ${slash}connect it again to go on posting.`,
        ),
      );
    }
    await draftRefresh.refreshWith(openId);
    for (const post of await processing(openId)) touch(post);
  }

  const processing = async (openId: string) =>
    (await underWayTo(posts, openId)).filter((post) => post.status === 'processing');

  return { consentEnded, accountRemoved };
}
