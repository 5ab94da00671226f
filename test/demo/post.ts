import { basename } from 'node:path';
import type { World } from '../world.ts';
import { type DemoChat, labelsOf, type Seen } from './chat.ts';
import type { Group } from './options.ts';
import { type DemoPost, publishWords, type Tell } from './story.ts';

const CARD_MS = 60_000;
const SETTLED_MS = 100_000;
const ASKS = 2;
const ASK_AGAIN = 'Ask TikTok again';

const INITS = new Set(['video/init', 'inbox/video/init', 'content/init']);
const OPEN = /^(Posting|Waiting|Preparing)/;

/** Sends a group of files, taps through its card like a person, and waits until the post is settled. */
export async function postGroup(
  group: Group,
  chat: DemoChat,
  { tiktok }: World,
  tell: Tell,
): Promise<DemoPost> {
  const before = { publishes: tiktok.state.publishes.length, inits: countInits() };
  const files = group.paths.map((path) => basename(path)).join(', ');
  const caption = group.caption === undefined ? '' : `  “${group.caption}”`;
  tell({ event: 'person', does: `sends ${files}${caption}` });
  const card = await chat.send(group);

  try {
    const draft = await compose();
    // Whether to go on without what cannot be used is for a person to decide, so the demo leaves it at that.
    if (labelsOf(draft).includes('Leave out what cannot be used')) return report('refused');
    if (!labelsOf(draft).includes('Everyone')) return report('refused');
    await tap('Everyone');
    if ((await tap('Post now')) !== undefined) return report('refused');
    const settled = await follow();
    for (const publish of tiktok.state.publishes.slice(before.publishes)) {
      tell({ event: 'tiktok', does: publishWords(publish) });
    }
    return report(statusOf(settled));
  } catch (error) {
    const problem = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    tell({ event: 'note', text: `${problem} Nod would go on; the demo stops watching here.` });
    return report('stuck');
  }

  /** The card once there is something to choose; where TikTok did not answer it is asked again, as the card offers. */
  async function compose(): Promise<Seen> {
    for (let asks = 0; ; asks += 1) {
      const seen = await card.shows(
        (one) => isComplete(one, group.paths.length) || labelsOf(one).includes(ASK_AGAIN),
        CARD_MS,
      );
      tell({ event: 'card', ...seen });
      if (!labelsOf(seen).includes(ASK_AGAIN) || asks === ASKS) return seen;
      await tap(ASK_AGAIN);
      await card.shows((one) => !labelsOf(one).includes(ASK_AGAIN), CARD_MS).catch(() => seen);
    }
  }

  async function tap(label: string): Promise<string | undefined> {
    tell({ event: 'person', does: `taps [ ${label} ]` });
    const note = await card.press(label);
    if (note !== undefined) tell({ event: 'note', text: note });
    return note;
  }

  /** Tells each state of the card until the post is settled, and has its link where there will be one. */
  async function follow(): Promise<Seen> {
    const deadline = Date.now() + SETTLED_MS;
    let told = '';
    while (true) {
      const isNews = (seen: Seen) => !labelsOf(seen).includes('Post now') && seen.text !== told;
      const seen = await card.shows(isNews, Math.max(1, deadline - Date.now()));
      tell({ event: 'card', ...seen });
      told = seen.text;
      if (!OPEN.test(told) && !told.includes('it will appear')) return seen;
    }
  }

  function countInits(): number {
    return tiktok.state.requests.filter(({ endpoint }) => endpoint !== undefined && INITS.has(endpoint))
      .length;
  }

  function report(status: DemoPost['status']): DemoPost {
    const publishes = tiktok.state.publishes.slice(before.publishes);
    const publish = publishes.findLast((one) => one.media.length > 0) ?? publishes.at(-1);
    const received = publishes.flatMap((one) => one.media);
    return {
      chat: chat.name,
      kind: publish === undefined ? group.kind : publish.mediaType === 'PHOTO' ? 'photo' : 'video',
      status,
      publishId: publish?.publishId ?? null,
      postIds: publish?.postIds ?? [],
      inits: countInits() - before.inits,
      media: received.map(({ contentType, bytes, sha256, width, height }) => {
        return { contentType, bytes, sha256, width, height };
      }),
      card: card.last()?.text ?? '',
    };
  }
}

/** All files are judged, and there is something to choose or nothing left to. */
function isComplete(card: Seen, count: number): boolean {
  const labels = labelsOf(card);
  const { text } = card;
  if (/on the way|being prepared/.test(text)) return false;
  const refused = text.match(/ {2}✕ /g)?.length ?? 0;
  const usable = refused === count ? 0 : Number(/^(\d+) /.exec(text)?.[1] ?? 1);
  const isDecided = labels.includes('Everyone') || labels.includes('Leave out what cannot be used');
  const isHopeless = refused === count || text.includes('photos or one video');
  return (isDecided || isHopeless) && usable + refused >= count;
}

function statusOf({ text }: Seen): DemoPost['status'] {
  if (/^✓ (Live|Posted)/.test(text)) return 'published';
  if (text.startsWith('✓ In the TikTok inbox')) return 'in_inbox';
  if (text.startsWith('?')) return 'unconfirmed';
  return 'failed';
}
