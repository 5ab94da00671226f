import type { World } from '../world.ts';
import { type DemoChat, labelsOf } from './chat.ts';
import { compose, offer, tap } from './compose.ts';
import { follow, giveUp } from './follow.ts';
import type { Group } from './options.ts';
import type { DemoPost, Tell } from './story.ts';
import { startTally } from './tally.ts';

/** Sends a group of files, taps through its card like a person, and waits until the post is settled. */
export async function postGroup(
  group: Group,
  chat: DemoChat,
  { tiktok }: World,
  tell: Tell,
): Promise<DemoPost> {
  const tally = startTally(tiktok);
  const card = await offer(group, chat, tell);
  const status = await play().catch((error) => giveUp(error, tell));
  return {
    chat: chat.name,
    status,
    expected: 'published',
    ...tally.read(group.kind),
    card: card.last()?.text ?? '',
  };

  async function play(): Promise<DemoPost['status']> {
    if (!(await compose({ card, group }, tell))) return 'refused';
    if ((await tap(card, 'Post now', tell)) !== undefined) return 'refused';
    return follow({ card, isPost: (seen) => !labelsOf(seen).includes('Post now'), tally }, tell);
  }
}
