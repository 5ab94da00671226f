import type { User } from 'grammy/types';
import { expect, it } from 'vitest';
import type { InteractionHandle } from '../emulators/discord/index.ts';
import { labelsOf } from './discord-stage.ts';
import type { TeamStageOptions } from './team-stage.ts';
import { type Review, startVotesStage, textOf, type VotesStage } from './votes-stage.ts';

/** TikTok takes no more posts of an account in a minute. */
const POSTS_OF_AN_ACCOUNT = 6;

const APPROVALS = ['Ben ✅', 'Chiara Approve', 'Dora 👍', 'Emil Approve'];
const REJECTIONS = ['Chiara ❌', 'Ben Reject…', 'Dora 👎', 'Emil Reject…'];
const CANCELS = ['Ana Cancel', 'Dora Cancel'];
/** When TikTok has been asked to publish, and when it has all of the media. */
const LATE_CANCELS = ['Ana Cancel once asked', 'Dora Cancel once pulled'];

/** What somebody does about a review; it ends when they have an answer, if there is one. */
type Deed = (review: Review) => unknown;

function deedsOf({
  discord,
  telegram,
  tiktok,
  ana,
  ben,
  chiara,
  dora,
  emil,
}: VotesStage): Record<string, Deed> {
  const press = (button: string, user: { id: string }): Deed => {
    return ({ onDiscord }) => discord.press(onDiscord, button, user);
  };
  const tap = (button: string, user: User): Deed => {
    return ({ onTelegram }) => telegram.press(onTelegram, button, user);
  };
  return {
    'Ben ✅': ({ onDiscord }) => discord.react(onDiscord, '✅', ben),
    'Chiara Approve': press('Approve', chiara),
    'Dora 👍': ({ onTelegram }) => telegram.react(onTelegram, dora, '👍'),
    'Emil Approve': tap('Approve', emil),
    'Chiara ❌': ({ onDiscord }) => discord.react(onDiscord, '❌', chiara),
    'Ben Reject…': async ({ onDiscord }) => {
      const opened = await discord.press(onDiscord, 'Reject…', ben);
      if (opened.modal !== undefined) await discord.submitModal(opened, { text: 'No' });
    },
    'Dora 👎': ({ onTelegram }) => telegram.react(onTelegram, dora, '👎'),
    'Emil Reject…': tap('Reject…', emil),
    'Ana Cancel': press('Cancel', ana),
    'Dora Cancel': tap('Cancel', dora),
    'Ana Cancel once asked': async (review) => {
      await tiktok.whenPublish(({ postInfo }) => postInfo.description === review.caption);
      await discord.press(review.onDiscord, 'Cancel', ana);
    },
    'Dora Cancel once pulled': async (review) => {
      await tiktok.whenPublish(
        ({ postInfo, stage }) => postInfo.description === review.caption && stage !== 'pulling',
      );
      await telegram.press(review.onTelegram, 'Cancel', dora);
    },
  };
}

/** One of each, in both orders; nobody does two things at the same instant. */
const pairsOf = (some: readonly string[], others: readonly string[]): string[][] =>
  some.flatMap((a) =>
    others
      .filter((b) => whoOf(a) !== whoOf(b))
      .flatMap((b) => [
        [a, b],
        [b, a],
      ]),
  );

const whoOf = (name: string) => name.split(' ')[0];

/** Lets people do these things at the same instant, each time about a post of its own. */
async function race(
  orders: readonly (readonly string[])[],
  approvals: number,
  acts: {
    readonly options?: TeamStageOptions;
    readonly deeds?: (stage: VotesStage) => Record<string, Deed>;
    readonly before?: (stage: VotesStage, review: Review) => Promise<void>;
    readonly after: (stage: VotesStage, review: Review) => Promise<void>;
  },
): Promise<void> {
  for (let first = 0; first < orders.length; first += POSTS_OF_AN_ACCOUNT) {
    await using stage = await startVotesStage({ ...acts.options, approvals });
    const deeds = { ...deedsOf(stage), ...acts.deeds?.(stage) };
    const reviews: Review[] = [];
    for (const order of orders.slice(first, first + POSTS_OF_AN_ACCOUNT)) {
      const review = await stage.review(`${order.join(' + ')} (${first + reviews.length})`);
      reviews.push(review);
      await acts.before?.(stage, review);
      await Promise.all(order.map((name) => deeds[name]?.(review)));
      await acts.after(stage, review);
    }
    for (const review of reviews) await endOf(stage, review);
    await expectHistory(stage, approvals, reviews);
  }
}

/** How both cards say that it ended, which has to be the same, and all that TikTok knows of. */
async function endOf(
  stage: Pick<VotesStage, 'shows' | 'publishesOf' | 'tiktok'>,
  review: Review,
): Promise<string> {
  const shown = await stage.shows(review, END);
  const [onDiscord, onTelegram] = shown.map((text) => END.exec(text)?.[0]);
  expect(onTelegram, review.caption).toBe(onDiscord);
  // TikTok may still be about to find that it gets nothing.
  await stage.tiktok.whenNothingIsPulled();
  const published = stage.publishesOf(review).map(({ status }) => status);
  const expected = onDiscord === 'Live on TikTok' ? ['PUBLISH_COMPLETE'] : [];
  expect(
    published.filter((status) => status !== 'FAILED'),
    review.caption,
  ).toEqual(expected);
  return onDiscord ?? '';
}

/** The history tells of one end of each, the one that its cards show, and of no vote that came after it. */
async function expectHistory(
  stage: VotesStage,
  approvals: number,
  reviews: readonly Review[],
): Promise<void> {
  const rows = (await stage.exported()).map((row) => row.split(','));
  for (const review of reviews) {
    const whats = rows.filter((row) => row.includes(review.caption)).map(([, what = '']) => what);
    const of = (...names: string[]) => whats.filter((what) => names.includes(what));
    const end = ENDS[await endOf(stage, review)] ?? '';
    expect(of('published', 'rejected', 'cancelled', 'edited'), review.caption).toEqual([end]);
    if (end === 'published') expect(of('approved_by', 'rejected_by')).toHaveLength(approvals);
    if (end === 'rejected') expect(of('approved_by', 'rejected_by', 'approved')).toEqual(['rejected_by']);
  }
}

/** What the end of a card stands for in the history. */
const ENDS: Record<string, string> = {
  'Live on TikTok': 'published',
  'Not approved': 'rejected',
  'Cancelled by': 'cancelled',
  'Taken back by': 'edited',
};
const END = new RegExp(Object.keys(ENDS).join('|'));

it.concurrent('loses neither of two votes that come at the same instant', async () => {
  const pairs = APPROVALS.flatMap((a, index) => APPROVALS.slice(index + 1).map((b) => [a, b]));
  await race(pairs, 2, {
    async after(stage, review) {
      await stage.shows(review, /Approved by \w+ and \w+\n/);
      expect(await endOf(stage, review)).toBe('Live on TikTok');
    },
  });
});

it.concurrent('publishes once, in whatever order votes come of which each would be the last', async () => {
  const turned = APPROVALS.map((_, index) => [...APPROVALS.slice(index), ...APPROVALS.slice(0, index)]);
  const pairs = APPROVALS.flatMap((a) => APPROVALS.filter((b) => b !== a).map((b) => [a, b]));
  await race([...pairs, ...turned, ...turned.map((order) => order.toReversed())], 2, {
    async before({ discord, studio, ...stage }, review) {
      const hugo = discord.user({ name: 'Hugo' });
      discord.addMember(studio, hugo, { permissions: ['MANAGE_GUILD'] });
      discord.react(review.onDiscord, '✅', hugo);
      await stage.shows(review, /Hugo · 1 of 2/);
    },
    async after(stage, review) {
      expect(await endOf(stage, review)).toBe('Live on TikTok');
      expect(stage.publishesOf(review), review.caption).toHaveLength(1);
      const [onDiscord, onTelegram] = await stage.shows(review, /Approved by Hugo and \w+\n/);
      expect(onTelegram).toContain(/Approved by .*/.exec(onDiscord)?.[0]);
    },
  });
});

it.concurrent('ends one way, and says so everywhere, what is approved and rejected at the same instant', async () => {
  const orders = pairsOf(APPROVALS, REJECTIONS);
  expect(orders).toHaveLength(24);
  await race(orders, 1, {
    async after(stage, review) {
      const isLive = (await endOf(stage, review)) === 'Live on TikTok';
      for (const text of await stage.shows(review, /(Approved|Rejected) by/))
        expect(text.match(/(Approved|Rejected) by/g)).toEqual([isLive ? 'Approved by' : 'Rejected by']);
      expect(stage.publishesOf(review), review.caption).toHaveLength(isLive ? 1 : 0);
    },
  });
});

it.concurrent('publishes once or not at all when the last vote and “Cancel” come together', async () => {
  const atTikTok = APPROVALS.flatMap((vote) => LATE_CANCELS.map((cancel) => [vote, cancel]));
  await race([...pairsOf(APPROVALS, CANCELS), ...atTikTok], 1, {
    options: { tiktok: { processingMs: 500 } },
    async after(stage, review) {
      expect(['Live on TikTok', 'Cancelled by']).toContain(await endOf(stage, review));
    },
  });
});

it.concurrent('publishes once or goes back to its author when the last vote and “Edit” come together', async () => {
  const opened = new Map<Review, InteractionHandle>();
  await race(pairsOf(APPROVALS, ['Ana Edit']), 1, {
    deeds: ({ discord, ana }) => ({
      'Ana Edit': async (review) => opened.set(review, await discord.press(review.onDiscord, 'Edit', ana)),
    }),
    async after({ discord, ana, ...stage }, review) {
      const end = await endOf(stage, review);
      const answer = opened.get(review);
      if (end === 'Live on TikTok')
        return void (await answer?.waitForResponse(/It is too late to change it|It is live already/));
      expect(end).toBe('Taken back by');
      const draft = await answer?.waitForResponse((message) =>
        labelsOf(message).includes('Ask for approval'),
      );
      expect(draft && textOf(draft)).toContain(review.caption);
      await discord.press({ id: draft?.id ?? '' }, 'Discard', ana);
    },
  });
});
