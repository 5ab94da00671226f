import type { Access } from '../../core/access/place-access.ts';
import type { ConsentOutcome } from '../../core/accounts/consent.ts';
import type { AccountNews } from '../../core/accounts/keep-connected.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import { chosenAccount } from '../../core/compose/draft.ts';
import type { DraftRefresh } from '../../core/compose/drafts.ts';
import type { Recorder } from '../../core/history/record-post.ts';
import { type AccountName, type ChatRef, platformOf } from '../../core/people.ts';
import { awaitsAccount, type Post } from '../../core/publish/post.ts';
import { underWayTo } from '../../core/publish/posts.ts';
import type { Signals } from '../../core/publish/signals.ts';
import type { Store } from '../../core/storage/database.ts';
import type { Sender } from '../cards/send.ts';
import { accountName } from '../text/format.ts';
import { consentCard } from '../text/messages.ts';
import { accountNewsCard, removedCard } from './account-cards.ts';

/** Brings to the chats what has happened to accounts elsewhere: in a browser, or at TikTok. */
export function createAccountNews({
  draftRefresh,
  posts,
  signals,
  recorder,
  touch,
  access,
  workspaces,
  sender,
  wake,
  now,
}: {
  draftRefresh: DraftRefresh;
  posts: Store<Post>;
  signals: Signals;
  recorder: Recorder;
  touch: (post: Post) => void;
  access: Pick<Access, 'isAllowed'>;
  workspaces: Pick<Workspaces, 'settingsOf'>;
  sender: Sender;
  wake: (postId: string) => Promise<void>;
  now: () => number;
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
    for (const post of await underWayTo(posts, openId)) {
      if (post.status === 'processing') await signals.hint(post.publishId);
      // A run may take long, and nobody waits for it.
      else if (awaitsAccount(post)) void wake(post.id);
      else touch(post);
    }
  }

  /** Tells the chats that shared an account that TikTok has ended our access to it. */
  async function accountRemoved(
    openId: string,
    chats: readonly ChatRef[],
    account: AccountName,
  ): Promise<void> {
    for (const chat of chats) sender.tell(chat, removedCard(openId, account));
    await draftRefresh.refreshWith(openId);
    await showPosts(openId);
  }

  /** Tells all places of an account that may use this Nod that it is lost, or about to be; resolves when they know. */
  async function accountNews(news: AccountNews): Promise<void> {
    const { type, account, places } = news;
    if (type !== 'ending') {
      await draftRefresh.refreshWith(account.openId);
      await showPosts(account.openId);
    }
    await Promise.all(
      places.map(async ({ id, chat }) => {
        if (!(await access.isAllowed(id))) return;
        const { timeZone } = await workspaces.settingsOf(id);
        const { connectedBy } = account;
        // Who has connected it in the other chat cannot be told alone by the bot of this one.
        const person = platformOf(connectedBy.id) === platformOf(chat) ? connectedBy : undefined;
        await sender.inform(chat, accountNewsCard(news, { timeZone, now: now() }), person);
      }),
    );
  }

  /** Shows on the cards of its posts whether an account is connected. */
  async function showPosts(openId: string): Promise<void> {
    for (const post of await underWayTo(posts, openId)) touch(post);
  }

  return { consentEnded, accountRemoved, accountNews, showPosts };
}

export type AccountChats = ReturnType<typeof createAccountNews>;
