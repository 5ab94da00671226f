import { basename } from 'node:path';
import type { World } from '../world.ts';
import { type DemoCard, type DemoChat, labelsOf, NotOfferedError } from './chat.ts';
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
  let report: readonly string[] = [];
  let told: string | undefined;
  let card: DemoCard | undefined;
  const status = await play().catch((error) => giveUp(error, tell));
  return {
    chat: chat.name,
    files: group.paths.map((path) => basename(path)),
    report,
    ...(told !== undefined && { told }),
    status,
    expected: 'published',
    ...tally.read(group.kind),
    card: card?.last()?.text ?? '',
  };

  async function play(): Promise<DemoPost['status']> {
    try {
      card = await offer(group, chat, tell);
    } catch (error) {
      if (!(error instanceof NotOfferedError)) throw error;
      report = [error.message];
      tell({ event: 'platform', name: chat.name, does: 'lets nobody choose this for a post' });
      return 'refused';
    }
    const onReport = (lines: readonly string[]) => {
      report = lines;
    };
    if (!(await compose({ card, group, onReport }, tell))) return 'refused';
    told = await tap(card, 'Post now', tell);
    if (told !== undefined) return 'refused';
    return follow({ card, isPost: (seen) => !labelsOf(seen).includes('Post now'), tally }, tell);
  }
}
