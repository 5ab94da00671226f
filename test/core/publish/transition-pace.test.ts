import { describe, expect, it } from 'vitest';
import type { Post, PostEvent, PostIn } from '../../../src/core/publish/post.ts';
import { dueAt } from '../../../src/core/publish/post.ts';
import { transition } from '../../../src/core/publish/transition.ts';
import type { Decision } from '../../../src/core/review/review.ts';
import { BEN, baseWith, contentWith, EVERYONE, HOUR_MS, PACING, POSTS, T0 } from '../posts.ts';

const step = (post: Post, event: PostEvent, now = T0) => transition(post, event, now, PACING);
const APPROVED: Decision = { outcome: 'approved', by: [BEN], at: T0 };
const limit: PostEvent = {
  type: 'refused',
  failure: { reason: 'rate_limited' },
  next: { type: 'hold', delayMs: 60_000 },
};

function statusRead(fields: {
  status?: 'PROCESSING_DOWNLOAD' | 'PUBLISH_COMPLETE' | 'SEND_TO_USER_INBOX';
  postIds?: string[];
  pulledBytes?: number;
  askedAt?: number;
}): PostEvent {
  const { status = 'PROCESSING_DOWNLOAD', postIds = [], pulledBytes = 0, askedAt = T0 } = fields;
  return { type: 'status_read', status: { status, statusRaw: status, postIds }, pulledBytes, askedAt };
}

function expectStatus<S extends Post['status']>(post: Post, status: S): PostIn<S> {
  expect(post.status).toBe(status);
  return post as PostIn<S>;
}

describe('taking a post back', () => {
  const slow = { ...PACING, takeBackMs: 3_000 };

  it('is possible for some seconds after it was told to go out, also once its files are prepared', () => {
    const prepared: PostEvent = { type: 'prepared', media: POSTS.queued.media };
    const early = transition(POSTS.preparing, prepared, T0 + 1_000, slow);
    expect(early).toMatchObject({ status: 'queued', notBefore: T0 + 3_000 });
    const late = transition(POSTS.preparing, prepared, T0 + 9_000, slow);
    expect(late).toMatchObject({ status: 'queued', notBefore: T0 + 9_000 });
  });

  it('is possible for some seconds after a planned post was told to go out now', () => {
    const planned = { ...POSTS.queued, publishAt: T0 + HOUR_MS, notBefore: T0 + HOUR_MS };
    const now = T0 + 60_000;
    const told = transition(planned, { type: 'rescheduled', publishAt: undefined }, now, slow);
    expect(told).toMatchObject({ status: 'queued', notBefore: now + 3_000 });
  });
});

describe('counting attempts', () => {
  it('counts an attempt when it is opened and a retry when it came to nothing', () => {
    const opened = step(POSTS.queued, { type: 'attempt_opened', attemptId: 'a1' });
    expect(opened).toMatchObject({ attempts: 1, retries: 0, attemptId: 'a1' });
    const again = step(opened, { type: 'unanswered' });
    expect(again).toMatchObject({ status: 'queued', attempts: 1, retries: 1, notBefore: T0 + 1_000 });
    expect(again).not.toHaveProperty('attemptId');
  });

  it('says that Nod was interrupted, and waits for nobody to recover, where it ended in the middle', () => {
    const opened = { ...step(POSTS.queued, { type: 'attempt_opened', attemptId: 'a1' }), retries: 4 };
    expect(step(opened, { type: 'interrupted' })).toMatchObject({
      status: 'queued',
      wait: { reason: 'interrupted' },
      retries: 5,
      notBefore: T0 + 30_000,
    });
    const last = step({ ...opened, retries: 7 }, { type: 'interrupted' });
    expect(last).toMatchObject({ status: 'failed', failure: { reason: 'interrupted' } });
  });

  it('waits ever longer between the tries and gives up after the seventh retry', () => {
    const delays: number[] = [];
    let post: Post = POSTS.queued;
    while (post.status === 'queued') {
      post = step(post, { type: 'attempt_opened', attemptId: 'a' });
      post = step(post, { type: 'unanswered' });
      if (post.status === 'queued') delays.push(post.notBefore - T0);
    }
    expect(delays).toEqual([1_000, 5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000]);
    expect(post).toMatchObject({
      status: 'failed',
      failure: { reason: 'tiktok_unreachable' },
      attempts: 8,
      retries: 7,
      settledAt: T0,
    });
  });

  it('waits for a limit without counting a try, and says why', () => {
    const held = step(POSTS.submitting, limit);
    expect(held).toMatchObject({
      status: 'queued',
      retries: 0,
      notBefore: T0 + 60_000,
      wait: { reason: 'rate_limited' },
    });
    expect(step(held, { type: 'attempt_opened', attemptId: 'a2' })).not.toHaveProperty('wait');
  });
});

describe('patience with limits', () => {
  it('ends a day after the submission', () => {
    const last = T0 + PACING.patienceMs - 60_000;
    expect(step(POSTS.submitting, limit, last).status).toBe('queued');
    expect(step(POSTS.submitting, limit, last + 1)).toMatchObject({
      status: 'failed',
      failure: { reason: 'rate_limited' },
    });
  });

  it('begins with the approval of a post that was in review for long', () => {
    const approvedAt = T0 + 3 * PACING.patienceMs;
    const approved = step(POSTS.in_review, { type: 'decided', decision: APPROVED }, approvedAt);
    const opened = step(approved, { type: 'attempt_opened', attemptId: 'a1' }, approvedAt);
    expect(step(opened, limit, approvedAt).status).toBe('queued');
    expect(step(opened, limit, approvedAt + PACING.patienceMs).status).toBe('failed');
  });

  it('begins when the media is ready', () => {
    const readyAt = T0 + 2 * PACING.patienceMs;
    const prepared = step(POSTS.preparing, { type: 'prepared', media: [] }, readyAt);
    const opened = step(prepared, { type: 'attempt_opened', attemptId: 'a1' }, readyAt);
    expect(step(opened, limit, readyAt).status).toBe('queued');
  });
});

describe('a post that a limit holds back', () => {
  const full = {
    type: 'refused',
    failure: { reason: 'daily_post_limit' },
    next: { type: 'hold_back', until: T0 + 30 * HOUR_MS },
  } as const;
  const missing = {
    type: 'refused',
    failure: { reason: 'account_disconnected' },
    next: { type: 'await_account' },
  } as const;
  const end = T0 + PACING.limitPatienceMs;

  it('waits for room longer than for a pause, and says why when that is over', () => {
    expect(step(POSTS.queued, full, T0)).toMatchObject({ status: 'queued', notBefore: T0 + 30 * HOUR_MS });
    const last = { ...full, next: { type: 'hold_back', until: end + 1 } } as const;
    expect(step(POSTS.queued, last, end - 1)).toMatchObject({ status: 'queued', notBefore: end });
    expect(step(POSTS.queued, last, end)).toMatchObject({
      status: 'failed',
      failure: { reason: 'daily_post_limit' },
    });
  });

  it('loses no patience with TikTok meanwhile', () => {
    const at = T0 + 30 * HOUR_MS;
    const held = step(POSTS.queued, full, at);
    const opened = step(held, { type: 'attempt_opened', attemptId: 'a1' }, at);
    expect(step(opened, limit, at).status).toBe('queued');
    expect(step(opened, limit, at + PACING.patienceMs).status).toBe('failed');
  });

  it('has the whole patience still before it when there is room after days', () => {
    const opensAt = T0 + 30 * HOUR_MS;
    const count = { used: 15, cap: 15, opensAt };
    const held = step(POSTS.queued, { ...full, failure: { ...full.failure, limit: count } }, T0);
    const opened = step(held, { type: 'attempt_opened', attemptId: 'a1' }, opensAt);
    expect(step(opened, limit, opensAt)).toMatchObject({
      status: 'queued',
      wait: { reason: 'rate_limited' },
    });
    const waiting = step(held, missing, opensAt);
    expect(waiting).toMatchObject({ status: 'queued', notBefore: opensAt + PACING.patienceMs });
    expect(step(waiting, missing, opensAt + PACING.patienceMs)).toMatchObject({
      status: 'failed',
      failure: { reason: 'account_disconnected' },
    });
  });
});

describe('following a publish', () => {
  const accepted = step(POSTS.submitting, { type: 'accepted', publishId: 'p9' }, T0 + 500);

  it('remembers what to follow, and when to ask first', () => {
    expect(accepted).toMatchObject({
      status: 'processing',
      attemptId: 'a1',
      publishId: 'p9',
      since: T0 + 500,
      checks: 0,
      nextCheckAt: T0 + 45_500,
    });
  });

  it('asks three times at an even pace, then ever slower, at most hourly', () => {
    const delays: number[] = [];
    let post: Post = accepted;
    let now = T0;
    while (delays.length < 12) {
      post = step(post, statusRead({ askedAt: now }), now);
      const due = dueAt(post) ?? 0;
      delays.push((due - now) / 1_000);
      now = due;
    }
    expect(delays).toEqual([45, 45, 90, 180, 360, 720, 1440, 2880, 3600, 3600, 3600, 3600]);
  });

  it('keeps the largest count of bytes that was ever seen', () => {
    const some = step(accepted, statusRead({ pulledBytes: 700 }));
    expect(step(some, statusRead({ pulledBytes: 300 }))).toMatchObject({ pulledBytes: 700 });
    expect(step(some, { type: 'status_unread', pulledBytes: 900, askedAt: T0 })).toMatchObject({
      pulledBytes: 900,
    });
  });

  it('waits at least as long as TikTok asks before it asks again', () => {
    const unread = step(
      accepted,
      { type: 'status_unread', pulledBytes: 0, askedAt: T0, retryAfterMs: 300_000 },
      T0 + 20,
    );
    expect(unread).toMatchObject({ checks: 1, nextCheckAt: T0 + 300_020 });
  });

  it.each(['status_read', 'status_unread'] as const)(
    'does not take news for old that came during a %s',
    (type) => {
      const event: PostEvent =
        type === 'status_read'
          ? statusRead({ askedAt: T0 + 10 })
          : { type, pulledBytes: 0, askedAt: T0 + 10 };
      expect(step(accepted, event, T0 + 9_000)).toMatchObject({ checkedAt: T0 + 10 });
    },
  );
});

describe('the end of patience with a publish', () => {
  const end = T0 + PACING.patienceMs;
  const processing = POSTS.processing;

  it('fails a post whose media TikTok says that it never took', () => {
    expect(step(processing, statusRead({}), end)).toMatchObject({
      status: 'failed',
      failure: { reason: 'never_pulled' },
    });
    expect(step(processing, statusRead({}), end - 1).status).toBe('processing');
  });

  it('asks people about a post whose media TikTok took', () => {
    const unconfirmed = step(processing, statusRead({ pulledBytes: 1 }), end);
    expect(unconfirmed).toMatchObject({ status: 'unconfirmed', publishId: 'p1', settledAt: end });
  });

  it('asks people about a post that could not be asked about: silence proves nothing', () => {
    const silence: PostEvent = { type: 'status_unread', pulledBytes: 0, askedAt: end };
    expect(step(processing, silence, end).status).toBe('unconfirmed');
  });
});

describe('late news', () => {
  const complete = (postIds: string[] = []) => statusRead({ status: 'PUBLISH_COMPLETE', postIds });

  it('looks for the link of a public post until it is there', () => {
    const without = expectStatus(step(POSTS.processing, complete(), T0 + 10), 'published');
    expect(without).toMatchObject({ postIds: [], settledAt: T0 + 10, nextCheckAt: T0 + 10 + 90_000 });
    const still = expectStatus(step(without, complete(), T0 + 90_010), 'published');
    expect(still).toMatchObject({ checks: 1, settledAt: T0 + 10 });
    expect((still.nextCheckAt ?? 0) - (T0 + 90_010)).toBe(180_000);
    const found = expectStatus(step(still, complete(['7529']), T0 + 300_000), 'published');
    expect(found).toMatchObject({ postIds: ['7529'], settledAt: T0 + 10 });
    expect(found).not.toHaveProperty('nextCheckAt');
  });

  it('expects no link for a post that is not public', () => {
    const content = contentWith({ settings: { ...EVERYONE, privacyLevel: 'SELF_ONLY' } });
    const post: Post = { ...POSTS.processing, ...baseWith({ content }) };
    expect(step(post, complete())).not.toHaveProperty('nextCheckAt');
  });

  it('stops looking after a day, and still takes what a webhook brings', () => {
    const published = expectStatus(step(POSTS.processing, complete()), 'published');
    const last = step(published, complete(), T0 + PACING.patienceMs);
    expect(last).not.toHaveProperty('nextCheckAt');
    expect(step(last, complete(['7529']), T0 + 50 * HOUR_MS)).toMatchObject({ postIds: ['7529'] });
  });

  it('makes a post of a draft that the person finished in TikTok', () => {
    const inbox = step(POSTS.processing, statusRead({ status: 'SEND_TO_USER_INBOX' }), T0 + 10);
    expect(inbox).toMatchObject({ status: 'in_inbox', settledAt: T0 + 10, nextCheckAt: T0 + 90_010 });
    const finished = step(inbox, complete(['7529']), T0 + HOUR_MS);
    expect(finished).toMatchObject({ status: 'published', postIds: ['7529'], settledAt: T0 + HOUR_MS });
    expect(step(finished, statusRead({ status: 'SEND_TO_USER_INBOX' }))).toMatchObject({
      status: 'published',
      postIds: ['7529'],
    });
  });
});

describe('a cancel that came too late', () => {
  it('is noted and changes nothing else', () => {
    expect(step(POSTS.processing, { type: 'cancel_refused' }, T0 + 5)).toEqual({
      ...POSTS.processing,
      cancelRefused: true,
    });
  });

  it('stays noted while TikTok goes on', () => {
    const refused = step(POSTS.processing, { type: 'cancel_refused' });
    expect(step(refused, statusRead({}))).toMatchObject({ status: 'processing', cancelRefused: true });
  });
});
