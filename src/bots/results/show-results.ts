import type { Accounts } from '../../core/accounts/accounts.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { ChatRef } from '../../core/people.ts';
import type { Post } from '../../core/publish/post.ts';
import { liveIn } from '../../core/publish/posts.ts';
import type { Store } from '../../core/storage/database.ts';
import { fetchMemberOf } from '../access/members.ts';
import type { Sender } from '../cards/send.ts';
import type { Bot, ChatEventOf } from '../platform.ts';
import { wordingOf } from '../text/wording.ts';
import { resultsCard, resultsOffCard } from './results-card.ts';

const LAST_POSTS = 10;

/** Shows how the last posts of a place, and of all that share with it, did. */
export async function showResults(
  parts: {
    posts: Pick<Store<Post>, 'find'>;
    workspaces: Pick<Workspaces, 'idsOf' | 'settingsOf'>;
    accounts: Pick<Accounts, 'list'>;
    sender: Sender;
    /** Whether how posts do is shown. */
    stats: boolean;
    botFor: (chat: ChatRef) => Bot;
    now: () => number;
  },
  event: ChatEventOf<'command'>,
): Promise<void> {
  const { posts, workspaces, accounts, sender, stats, botFor, now } = parts;
  const { chat, workspace, person, isPrivate } = event;
  if (!stats) {
    const { isManager } = await fetchMemberOf(botFor, chat, person);
    return sender.answer(event, resultsOffCard({ isManager: isPrivate || isManager }));
  }
  const places = await workspaces.idsOf(workspace);
  const found = await Promise.all(places.map((place) => liveIn(posts, place, { limit: LAST_POSTS })));
  const live = found.flat().toSorted((a, b) => b.settledAt - a.settledAt);
  const { timeZone } = await workspaces.settingsOf(workspace);
  const view = { accounts: await accounts.list(workspace), wording: wordingOf(chat), timeZone, now: now() };
  await sender.answer(event, resultsCard({ ...view, posts: live.slice(0, LAST_POSTS) }));
}
