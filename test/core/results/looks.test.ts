import { describe, expect, it } from 'vitest';
import { lookOpensAt, nextLookAt } from '../../../src/core/publish/pacing.ts';
import type { Post, PostEvent } from '../../../src/core/publish/post.ts';
import { transition } from '../../../src/core/publish/transition.ts';
import { HOUR_MS, PACING, POSTS, T0 } from '../posts.ts';

const DAY_MS = 24 * HOUR_MS;
const COUNTS = { views: 1, likes: 1, comments: 1, shares: 1 };
const LIVE = { ...POSTS.published, settledAt: T0, nextResultsAt: T0 + HOUR_MS };

const becomes = (post: Post, event: PostEvent, now: number) => transition(post, event, now, PACING);
const read = (at: number): PostEvent => ({ type: 'results_read', results: { at, ...COUNTS } });

describe('the next look at the numbers of a post', () => {
  it.each([
    ['at first', 0, undefined, HOUR_MS],
    ['after the first', HOUR_MS, HOUR_MS, DAY_MS],
    ['after one that was made along with another', 0.8 * HOUR_MS, HOUR_MS, DAY_MS],
    ['after a late one', 20 * HOUR_MS, HOUR_MS, DAY_MS],
    ['after a first one that is as good as the second', 23 * HOUR_MS, HOUR_MS, 7 * DAY_MS],
    ['after three days without Nod', 3 * DAY_MS, HOUR_MS, 7 * DAY_MS],
    ['after the last', 7 * DAY_MS, 7 * DAY_MS, undefined],
    ['after a last one that was made along with another', 6.6 * DAY_MS, 7 * DAY_MS, undefined],
    ['where the clock was set back', 0, DAY_MS, 7 * DAY_MS],
  ])('%s', (_, now, planned, expected) => {
    const plannedAt = planned && T0 + planned;
    const next = nextLookAt(T0, { now: T0 + now, plannedAt });
    expect(next && next - T0).toBe(expected);
  });

  it('may be made a little sooner, and the later ones more so', () => {
    expect(lookOpensAt(T0, T0 + HOUR_MS) - T0).toBe(0.75 * HOUR_MS);
    expect(lookOpensAt(T0, T0 + DAY_MS) - T0).toBe(22 * HOUR_MS);
    expect(lookOpensAt(T0, T0 + 7 * DAY_MS) - T0).toBe(6.5 * DAY_MS);
  });

  it('is still made late where only what was read long ago is taken up', () => {
    const post = becomes(LIVE, read(T0 + HOUR_MS), T0 + 3 * DAY_MS);
    expect(post).toMatchObject({ nextResultsAt: T0 + DAY_MS });
    expect(becomes(post, read(T0 + 3 * DAY_MS), T0 + 3 * DAY_MS)).toMatchObject({
      nextResultsAt: T0 + 7 * DAY_MS,
      results: [{ at: T0 + HOUR_MS }, { at: T0 + 3 * DAY_MS }],
    });
  });

  it('waits as long as TikTok wants', () => {
    const event = { type: 'results_unread', retryAfterMs: DAY_MS } as const;
    expect(becomes(LIVE, event, T0 + HOUR_MS)).toMatchObject({ nextResultsAt: T0 + HOUR_MS + DAY_MS });
  });
});

it('deletes the numbers from before our access ended, and no later ones', () => {
  const results = [1, 2, 3].map((hour) => ({ at: T0 + hour * HOUR_MS, ...COUNTS }));
  const post = { ...LIVE, results };
  const kept = becomes(post, { type: 'results_deleted', until: T0 + 2 * HOUR_MS }, T0);
  expect(kept).toEqual({ ...post, results: results.slice(2) });
  expect(becomes(post, { type: 'results_deleted', until: T0 }, T0)).toBe(post);
});

it('keeps the numbers of a post whose status is read again', () => {
  const results = [{ at: T0 + HOUR_MS, ...COUNTS }];
  const status = { status: 'PUBLISH_COMPLETE', statusRaw: '', postIds: ['7'] } as const;
  const event: PostEvent = { type: 'status_read', status, pulledBytes: 0, askedAt: T0 + 2 * HOUR_MS };
  const post = { ...LIVE, results, nextResultsAt: T0 + DAY_MS };
  expect(becomes(post, event, T0 + 2 * HOUR_MS)).toMatchObject({ results, nextResultsAt: T0 + DAY_MS });
});
