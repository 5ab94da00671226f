import type { Logger } from 'pino';
import type { Post } from '../../core/publish/post.ts';
import type { Store } from '../../core/storage/database.ts';
import type { CardIndex } from '../cards/card-index.ts';
import type { Sender } from '../cards/send.ts';
import type { Rendering } from '../cards/show-card.ts';
import { parseSubject, reviewSubject } from '../cards/subjects.ts';
import { STANDS_IN } from '../text/messages.ts';

/** Shows a review where its post was composed, when it cannot stand where reviews stand: nobody else would see it. */
export function createFallbackCards({
  posts,
  cardIndex,
  render,
  sender,
  log,
}: {
  posts: Store<Post>;
  cardIndex: CardIndex;
  render: (subject: string) => Promise<Rendering | undefined>;
  sender: Sender;
  log: Logger;
}) {
  /** Takes note that the chat of a card is closed to us; it does not throw. */
  function closed(subject: string): void {
    standIn(subject).catch((error) => log.error({ err: error }, 'A review could not be shown anywhere'));
  }

  async function standIn(subject: string): Promise<void> {
    const about = parseSubject(subject);
    const post = 'postId' in about ? await posts.get(about.postId) : undefined;
    if (post?.review === undefined || !('chat' in about)) return;
    const isElsewhere = about.chat === post.review.chats[0] && about.chat !== post.chat;
    const own = reviewSubject(post.id, post.chat);
    if (!isElsewhere || (await cardIndex.messageOf(own)) !== undefined) return;
    const rendering = await render(own);
    if (rendering === undefined) return;
    const { card } = rendering;
    const message = await sender.say(post.chat, { ...card, lines: [[STANDS_IN], [], ...card.lines] });
    if (message !== undefined) await cardIndex.noteShown(own, message, card);
  }

  return { closed };
}
