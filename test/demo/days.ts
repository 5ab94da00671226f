import type { App } from '../../src/app.ts';
import type { World } from '../world.ts';
import type { ReviewCard } from './chat.ts';
import type { DemoMoment, Tell } from './story.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Nod sees a post go live a little later than TikTok. */
const MARGIN_MS = 60_000;
/** How long the card may take to show what Nod knows. */
const PATIENCE_MS = 20_000;

/** When Nod looks at the numbers of a post, and what they are then. */
const LOOKS = [
  {
    afterMs: HOUR_MS,
    when: 'after an hour',
    counts: { views: 1_204, likes: 88, comments: 7, shares: 3 },
    expected: '1,204 views',
  },
  {
    afterMs: DAY_MS,
    when: 'after a day',
    counts: { views: 18_460, likes: 1_310, comments: 96, shares: 41 },
    expected: '18.4 K views',
  },
  {
    afterMs: 7 * DAY_MS,
    when: 'after a week',
    counts: { views: 41_300, likes: 2_870, comments: 204, shares: 77 },
    expected: '41.3 K views',
  },
];

interface Following {
  readonly days: number;
  readonly world: World;
  readonly app: Pick<App, 'clockMoved'>;
  readonly tell: Tell;
}

/** Moves the clock to each look at the numbers, and on the last day TikTok takes the post down; what the card showed. */
export async function followForDays(
  card: ReviewCard,
  { days, world, app, tell }: Following,
): Promise<DemoMoment[]> {
  const { tiktok } = world;
  const publish = tiktok.state.publishes.findLast(({ postIds }) => postIds.length > 0);
  if (publish === undefined) throw new Error('TikTok has no public post.');
  const [postId = ''] = publish.postIds;
  const liveAt = tiktok.clock.now();
  const moments: DemoMoment[] = [];
  for (const { afterMs, when, counts, expected } of LOOKS) {
    if (afterMs >= days * DAY_MS) break;
    tell({ event: 'scene', text: `The clock moves on, to ${when}` });
    tell({ event: 'tiktok', does: `counts ${new Intl.NumberFormat('en-GB').format(counts.views)} views` });
    tiktok.setCounts(postId, counts);
    await moveTo(liveAt + afterMs + MARGIN_MS);
    moments.push(await look(when, expected));
  }
  const when = days === 1 ? 'after a day' : `after ${days} days`;
  tell({ event: 'scene', text: `The clock moves on, to ${when}` });
  await moveTo(liveAt + days * DAY_MS);
  tell({ event: 'tiktok', does: 'takes the post down, and says so by a webhook' });
  tiktok.setModeration(publish.publishId, 'remove');
  moments.push(await look(when, 'No longer public'));
  return moments;

  async function moveTo(at: number): Promise<void> {
    world.advance(at - tiktok.clock.now());
    await app.clockMoved();
  }

  async function look(when: string, expected: string): Promise<DemoMoment> {
    const { name } = card.room;
    const seen = await card.shows(({ text }) => text.includes(expected), PATIENCE_MS).catch(() => undefined);
    if (seen === undefined) tell({ event: 'note', text: `The card in ${name} does not show “${expected}”.` });
    else tell({ event: 'card', where: name, ...seen });
    return { when, expected, card: seen?.text ?? null };
  }
}
