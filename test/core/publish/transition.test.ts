import { describe, expect, it } from 'vitest';
import type { Post, PostEvent, PostEventType, PostStatus } from '../../../src/core/publish/post.ts';
import { isSettled } from '../../../src/core/publish/post.ts';
import { transition } from '../../../src/core/publish/transition.ts';
import { BEN, deepFreeze, HOUR_MS, namedPhoto, PACING, POLICY, POSTS, T0 } from '../posts.ts';

const NOW = T0 + 60_000;

const read = (
  tiktokStatus: Extract<PostEvent, { type: 'status_read' }>['status']['status'],
  more: Partial<Extract<PostEvent, { type: 'status_read' }>> = {},
): PostEvent => ({
  type: 'status_read',
  status: { status: tiktokStatus, statusRaw: tiktokStatus, postIds: [] },
  pulledBytes: 0,
  askedAt: NOW - 50,
  ...more,
});
const failure = { reason: 'spam' as const };

/** Every type of event, in the variants that matter. */
const EVENTS = {
  prepared: { type: 'prepared', media: [namedPhoto('c')] },
  media_refused: { type: 'media_refused', failure: { reason: 'media_refused' } },
  preparing_failed: { type: 'preparing_failed', failure: { reason: 'preparing_failed' } },
  'decided, approved': { type: 'decided', decision: { outcome: 'approved', by: [BEN], at: NOW } },
  reminded: { type: 'reminded' },
  call_due: { type: 'call_due' },
  'decided, rejected': { type: 'decided', decision: { outcome: 'rejected', by: [BEN], at: NOW } },
  expired: { type: 'expired' },
  'rescheduled, later': { type: 'rescheduled', publishAt: NOW + HOUR_MS },
  'rescheduled, none': { type: 'rescheduled' },
  voters_changed: { type: 'voters_changed', voters: { ...POLICY, authorVotes: true } },
  held: {
    type: 'held',
    problem: { code: 'privacy_not_offered', privacyLevel: 'PUBLIC_TO_EVERYONE' },
    privacyLevelOptions: ['SELF_ONLY'],
  },
  reconnected: { type: 'reconnected' },
  attempt_opened: { type: 'attempt_opened', attemptId: 'a2' },
  accepted: { type: 'accepted', publishId: 'p2' },
  'accepted, upload': { type: 'accepted', publishId: 'p2', transfer: 'upload' },
  upload_paused: { type: 'upload_paused', uploadedBytes: 0 },
  handed_over: { type: 'handed_over', uploadedBytes: 100 },
  'refused, hold': { type: 'refused', failure, next: { type: 'hold', delayMs: 60_000 } },
  'refused, hold beyond patience': {
    type: 'refused',
    failure,
    next: { type: 'hold', delayMs: 25 * HOUR_MS },
  },
  'refused, await account': { type: 'refused', failure, next: { type: 'await_account' } },
  'refused, hold back': { type: 'refused', failure, next: { type: 'hold_back', until: NOW + 30 * HOUR_MS } },
  'refused, retry': { type: 'refused', failure, next: { type: 'retry' } },
  'refused, give up': { type: 'refused', failure, next: { type: 'give_up' } },
  unanswered: { type: 'unanswered' },
  interrupted: { type: 'interrupted' },
  'read PROCESSING_DOWNLOAD': read('PROCESSING_DOWNLOAD'),
  'read PROCESSING_UPLOAD': read('PROCESSING_UPLOAD'),
  'read UNKNOWN': read('UNKNOWN'),
  'read SEND_TO_USER_INBOX': read('SEND_TO_USER_INBOX'),
  'read PUBLISH_COMPLETE': read('PUBLISH_COMPLETE'),
  'read FAILED, bare': read('FAILED'),
  'read FAILED, hold': read('FAILED', { failure, next: { type: 'hold', delayMs: HOUR_MS } }),
  'read FAILED, retry': read('FAILED', { failure, next: { type: 'retry' } }),
  'read FAILED, give up': read('FAILED', { failure, next: { type: 'give_up' } }),
  'read FAILED, cancelled': read('FAILED', {
    failure: { reason: 'cancelled_at_tiktok' },
    next: { type: 'give_up' },
  }),
  status_unread: { type: 'status_unread', pulledBytes: 0, askedAt: NOW - 50 },
  public_told: { type: 'public_told', postIds: ['7'], goneIds: [] },
  'public_told, gone': { type: 'public_told', postIds: ['7'], goneIds: ['7'] },
  video_found: { type: 'video_found', postId: '7', shareUrls: {} },
  results_read: { type: 'results_read' },
  results_unread: { type: 'results_unread' },
  results_deleted: { type: 'results_deleted', until: NOW },
  cancelled: { type: 'cancelled' },
  withdrawn: { type: 'withdrawn', by: BEN },
  cancel_refused: { type: 'cancel_refused' },
  clock_set_back: { type: 'clock_set_back', byMs: HOUR_MS },
} satisfies Record<string, PostEvent>;

type EventName = keyof typeof EVENTS;

/** The very same post comes back: the event means nothing there. */
const same = '=';
type Expected = PostStatus | typeof same;

const COLUMNS = [
  'preparing',
  'in_review',
  'on_hold',
  'queued',
  'submitting',
  'uploading',
  'processing',
  'published',
  'in_inbox',
  'rejected',
  'expired',
  'cancelled',
  'withdrawn',
  'failed',
  'unconfirmed',
] as const satisfies PostStatus[];

const q = 'queued';
const r = 'in_review';
const c = 'cancelled';
const w = 'withdrawn';
const nothingOpen: Expected[] = [same, same, same, same, same, same];

// biome-ignore format: a table
const TABLE: Record<EventName, Expected[]> = {
  //                                preparing    in_review   on_hold    queued        submitting    uploading     processing    published    in_inbox     rej.  exp.  canc. withdr. fail. unconf.
  prepared:                        [q,           same,       same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  media_refused:                   ['failed',    same,       same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  preparing_failed:                ['preparing', same,       same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  'decided, approved':             [same,        q,          same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  'decided, rejected':             [same,        'rejected', same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  expired:                         [same,        'expired',  'expired', same,         same,         same,         same,         same,        same,        ...nothingOpen],
  reminded:                        [same,        r,          same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  call_due:                        [same,        same,       same,      same,         same,         same,         same,         same,        same,        'rejected', ...nothingOpen.slice(1)],
  'rescheduled, later':            ['preparing', r,          same,      q,            same,         same,         same,         same,        same,        ...nothingOpen],
  'rescheduled, none':             ['preparing', r,          same,      q,            same,         same,         same,         same,        same,        ...nothingOpen],
  voters_changed:                  [same,        r,          same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  held:                            [same,        same,       same,      'on_hold',    'on_hold',    'on_hold',    'on_hold',    same,        same,        ...nothingOpen],
  reconnected:                     [same,        same,       same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  attempt_opened:                  [same,        same,       same,      'submitting', same,         same,         same,         same,        same,        ...nothingOpen],
  accepted:                        [same,        same,       same,      same,         'processing', same,         same,         same,        same,        ...nothingOpen],
  'accepted, upload':              [same,        same,       same,      same,         'uploading',  same,         same,         same,        same,        ...nothingOpen],
  upload_paused:                   [same,        same,       same,      same,         same,         'uploading',  same,         same,        same,        ...nothingOpen],
  handed_over:                     [same,        same,       same,      same,         same,         'processing', same,         same,        same,        ...nothingOpen],
  'refused, hold':                 [same,        same,       same,      q,            q,            q,            same,         same,        same,        ...nothingOpen],
  'refused, hold beyond patience': [same,        same,       same,      'failed',     'failed',     'failed',     same,         same,        same,        ...nothingOpen],
  'refused, await account':        [same,        same,       same,      q,            q,            q,            same,         same,        same,        ...nothingOpen],
  'refused, hold back':            [same,        same,       same,      q,            q,            q,            same,         same,        same,        ...nothingOpen],
  'refused, retry':                [same,        same,       same,      q,            q,            q,            same,         same,        same,        ...nothingOpen],
  'refused, give up':              [same,        same,       same,      'failed',     'failed',     'failed',     same,         same,        same,        ...nothingOpen],
  unanswered:                      [same,        same,       same,      same,         q,            same,         same,         same,        same,        ...nothingOpen],
  interrupted:                     [same,        same,       same,      same,         q,            same,         same,         same,        same,        ...nothingOpen],
  'read PROCESSING_DOWNLOAD':      [same,        same,       same,      same,         same,         same,         'processing', 'published', 'in_inbox',  ...nothingOpen],
  'read PROCESSING_UPLOAD':        [same,        same,       same,      same,         same,         same,         'processing', 'published', 'in_inbox',  ...nothingOpen],
  'read UNKNOWN':                  [same,        same,       same,      same,         same,         same,         'processing', 'published', 'in_inbox',  ...nothingOpen],
  'read SEND_TO_USER_INBOX':       [same,        same,       same,      same,         same,         'in_inbox',   'in_inbox',   'published', 'in_inbox',  ...nothingOpen],
  'read PUBLISH_COMPLETE':         [same,        same,       same,      same,         same,         'published',  'published',  'published', 'published', ...nothingOpen],
  'read FAILED, bare':             [same,        same,       same,      same,         same,         'failed',     'failed',     'published', 'in_inbox',  ...nothingOpen],
  'read FAILED, hold':             [same,        same,       same,      same,         same,         q,            q,            'published', 'in_inbox',  ...nothingOpen],
  'read FAILED, retry':            [same,        same,       same,      same,         same,         q,            q,            'published', 'in_inbox',  ...nothingOpen],
  'read FAILED, give up':          [same,        same,       same,      same,         same,         'failed',     'failed',     'published', 'in_inbox',  ...nothingOpen],
  'read FAILED, cancelled':        [same,        same,       same,      same,         same,         c,            c,            'published', 'in_inbox',  ...nothingOpen],
  status_unread:                   [same,        same,       same,      same,         same,         same,         'processing', 'published', 'in_inbox',  ...nothingOpen],
  public_told:                     [same,        same,       same,      same,         same,         same,         'published',  'published', 'published', ...nothingOpen.slice(1), 'published'],
  'public_told, gone':             [same,        same,       same,      same,         same,         same,         'published',  'published', 'published', ...nothingOpen.slice(1), 'published'],
  video_found:                     [same,        same,       same,      same,         same,         same,         same,         'published', same,        ...nothingOpen],
  results_read:                    [same,        same,       same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  results_unread:                  [same,        same,       same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  results_deleted:                 [same,        same,       same,      same,         same,         same,         same,         same,        same,        ...nothingOpen],
  cancelled:                       [c,           c,          c,         c,            c,            c,            c,            same,        same,        ...nothingOpen],
  withdrawn:                       [w,           w,          w,         w,            w,            w,            w,            same,        same,        ...nothingOpen],
  cancel_refused:                  [same,        same,       same,      same,         same,         same,         'processing', same,        same,        ...nothingOpen],
  clock_set_back:                  [same,        same,       same,      q,            'submitting', 'uploading',  'processing', same,        same,        ...nothingOpen],
};

const CASES = Object.entries(EVENTS).flatMap(([name, event]: [string, PostEvent]) =>
  COLUMNS.map((status, column) => ({
    name,
    event,
    status,
    expected: TABLE[name as EventName][column] ?? same,
  })),
);

describe('transition', () => {
  it('is tabled for every status and every type of event', () => {
    const types: Record<PostEventType, true> = {
      prepared: true,
      media_refused: true,
      preparing_failed: true,
      decided: true,
      expired: true,
      reminded: true,
      call_due: true,
      rescheduled: true,
      voters_changed: true,
      held: true,
      reconnected: true,
      attempt_opened: true,
      accepted: true,
      upload_paused: true,
      handed_over: true,
      refused: true,
      unanswered: true,
      interrupted: true,
      status_read: true,
      status_unread: true,
      public_told: true,
      video_found: true,
      results_read: true,
      results_unread: true,
      results_deleted: true,
      cancelled: true,
      withdrawn: true,
      cancel_refused: true,
      clock_set_back: true,
    };
    expect(new Set(Object.values(EVENTS).map(({ type }) => type))).toEqual(new Set(Object.keys(types)));
    expect(new Set<string>(COLUMNS)).toEqual(new Set(Object.keys(POSTS)));
    for (const row of Object.values(TABLE)) expect(row).toHaveLength(COLUMNS.length);
  });

  it.each(CASES)('makes of $status by "$name": $expected', ({ status, event, expected }) => {
    const before = POSTS[status];
    const after = transition(before, event, NOW, PACING);
    if (expected === same) expect(after).toBe(before);
    else {
      expect(after).not.toBe(before);
      expect(after.status).toBe(expected);
    }
  });

  it.each(CASES)('is pure for $status and "$name"', ({ status, event }) => {
    const before = deepFreeze(structuredClone(POSTS[status]));
    const frozenEvent = deepFreeze(structuredClone(event));
    const once = transition(before, frozenEvent, NOW, deepFreeze({ ...PACING }));
    expect(before).toEqual(POSTS[status]);
    expect(transition(before, frozenEvent, NOW, PACING)).toEqual(once);
  });

  it.each(CASES)('keeps what was submitted through $status and "$name"', ({ status, event }) => {
    const messages = [{ messageId: '7', order: 7, text: 'First light', use: 'joined' }] as const;
    const before: Post = { ...POSTS[status], messages, likeness: { files: 'f', caption: 'c' } };
    const after = transition(before, event, NOW, PACING);
    for (const field of ['id', 'content', 'contentHash', 'author', 'chat', 'draftId', 'createdAt'] as const) {
      expect(after[field]).toEqual(before[field]);
    }
    // By these a post is found that an edited message belongs to, or that is posted once more.
    expect(after).toMatchObject({ messages, likeness: before.likeness });
    expect(after.version).toBe(before.version);
  });

  it('never makes a settled post unsettled, whatever comes in whatever order', () => {
    const events: PostEvent[] = Object.values(EVENTS);
    for (const start of Object.values(POSTS)) {
      let random = 12_345;
      let post = transition(start, events[0] ?? { type: 'expired' }, NOW, PACING);
      let wasSettled = isSettled(post);
      for (let step = 0; step < 2_000; step += 1) {
        random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
        const event = events[random % events.length];
        if (event === undefined) throw new Error('There are events.');
        post = transition(post, event, NOW + step * 1_000, PACING);
        if (wasSettled) expect(isSettled(post)).toBe(true);
        wasSettled = isSettled(post);
      }
    }
  });
});
