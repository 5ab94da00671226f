import type { DemoCard, Seen } from './chat.ts';
import type { DemoPost, Tell } from './story.ts';
import { publishWords } from './story.ts';
import type { Tally } from './tally.ts';

const SETTLED_MS = 100_000;
const OPEN = /^(Posting|Waiting|Preparing)/;

/** As long as a link may come. */
const LINK_FOLLOWS = /it will appear|looks for it/;

/** Whether the post is settled, and its link is there where there will be one. */
export const isSettled = ({ text }: Seen): boolean => !OPEN.test(text) && !LINK_FOLLOWS.test(text);

/** Tells each state of a card until its post is settled; how the story ended. */
export async function follow(
  { card, isPost, where, tally }: Followed,
  tell: Tell,
): Promise<DemoPost['status']> {
  const deadline = Date.now() + SETTLED_MS;
  let told = '';
  while (true) {
    const isNews = (seen: Seen) => isPost(seen) && seen.text !== told;
    const seen = await card.shows(isNews, Math.max(1, deadline - Date.now()));
    tell({ event: 'card', ...(where !== undefined && { where }), ...seen });
    told = seen.text;
    if (!isSettled(seen)) continue;
    for (const publish of tally.publishes()) tell({ event: 'tiktok', does: publishWords(publish) });
    return statusOf(seen);
  }
}

interface Followed {
  readonly card: Pick<DemoCard, 'shows'>;
  /** Whether it shows a post by now. */
  readonly isPost: (seen: Seen) => boolean;
  /** The chat of a team in which it stands. */
  readonly where?: string;
  readonly tally: Tally;
}

/** Says what the demo waited for in vain. */
export function giveUp(error: unknown, tell: Tell): 'stuck' {
  const problem = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  tell({ event: 'note', text: `${problem} Nod would go on; the demo stops watching here.` });
  return 'stuck';
}

function statusOf({ text }: Seen): DemoPost['status'] {
  if (/^✓ (Live|Posted)/.test(text)) return 'published';
  if (text.startsWith('✓ In the TikTok inbox')) return 'in_inbox';
  if (text.startsWith('✕ Not approved')) return 'rejected';
  if (text.startsWith('?')) return 'unconfirmed';
  return 'failed';
}
