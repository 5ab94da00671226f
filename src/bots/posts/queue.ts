import type { Accounts } from '../../core/accounts/accounts.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { ChatRef } from '../../core/people.ts';
import { isSettled, type Post } from '../../core/publish/post.ts';
import { readVotes, underWayIn } from '../../core/publish/posts.ts';
import type { Ballots } from '../../core/review/ballots.ts';
import type { Store } from '../../core/storage/database.ts';
import type { Sender } from '../cards/send.ts';
import type { Card, ChatEvent, ChatEventOf } from '../platform.ts';
import { queueChangedText } from '../text/messages.ts';
import { wordingOf } from '../text/wording.ts';
import { inQueueOrder, openedCard, QUEUE_PAGE, type QueueEntry, queueCard } from './queue-card.ts';
import { isPlannable } from './schedule.ts';

type PressEvent = ChatEventOf<'press'>;

/** Shows people of a place what goes out from it and from all that share with it. */
export function createQueue({
  posts,
  workspaces,
  accounts,
  ballots,
  drawPost,
  previewUrl,
  sender,
  now,
}: {
  posts: Store<Post>;
  workspaces: Workspaces;
  accounts: Accounts;
  ballots: Ballots;
  /** The card of a post as a chat has it. */
  drawPost: (post: Post, chat: ChatRef) => Promise<Card>;
  /** The page that shows what a post would publish. */
  previewUrl: (post: Post) => string;
  sender: Sender;
  now: () => number;
}) {
  /** The page as it is now, or the last one where there are fewer. */
  async function draw(
    { workspace, chat }: Pick<ChatEvent, 'workspace' | 'chat'>,
    { page = 0, cancelled }: { page?: number; cancelled?: Post | undefined } = {},
  ): Promise<Card> {
    const places = await workspaces.idsOf(workspace);
    const found = (await Promise.all(places.map((place) => underWayIn(posts, place)))).flat();
    const queue = inQueueOrder(
      found.filter(({ id }) => id !== cancelled?.id),
      now(),
    );
    const last = Math.max(0, Math.ceil(queue.length / QUEUE_PAGE) - 1);
    const shown = Math.min(page, last);
    const shared = await accounts.list(workspace);
    const entries = await Promise.all(
      queue.slice(shown * QUEUE_PAGE, (shown + 1) * QUEUE_PAGE).map(async (post): Promise<QueueEntry> => {
        const hasAccess = shared.some(
          ({ openId, expired }) => openId === post.content.openId && expired !== true,
        );
        return { post, votes: await readVotes(ballots, post), hasAccess };
      }),
    );
    const { timeZone } = await workspaces.settingsOf(workspace);
    const wording = wordingOf(chat);
    return queueCard({
      entries,
      page: shown,
      count: queue.length,
      cancelled,
      wording,
      timeZone,
      now: now(),
    });
  }

  /** Shows another page in place of what the message shows. */
  async function show(event: PressEvent, page: number, cancelled?: Post): Promise<void> {
    await replace(event, () => draw(event, { page, cancelled }));
  }

  /** Shows one post in place of the list. */
  async function open(event: PressEvent, post: Post, page: number): Promise<void> {
    // This message stays as it is when places separate, so the link to the files is for the post's own place alone.
    const isOwn = post.workspace === event.workspace;
    await replace(event, async () =>
      openedCard({
        card: await drawPost(post, event.chat),
        post,
        page,
        isPlannable: isPlannable(post),
        previewUrl: isOwn && !isSettled(post) ? previewUrl(post) : undefined,
      }),
    );
  }

  /** What is not on the message proves nothing: another card of ours must not be replaced by a list. */
  async function replace(event: PressEvent, drawn: () => Promise<Card>): Promise<void> {
    if (!event.isOnMessage) return event.answer(queueChangedText(wordingOf(event.chat)));
    const card = await drawn();
    await event.answer();
    await sender.sayInstead(event.message, card);
  }

  return { draw, show, open };
}

export type Queue = ReturnType<typeof createQueue>;

/** The page that a button names, which may be anything. */
export const pageIn = (argument = '0'): number => Math.max(0, Number.parseInt(argument, 10) || 0);
