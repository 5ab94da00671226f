import type { PreparedMedia, StoredFile } from '../../src/core/media/types.ts';
import type { Person } from '../../src/core/people.ts';
import type { Pacing } from '../../src/core/publish/pacing.ts';
import {
  hashContent,
  type PostContent,
  type PostIn,
  type PostReview,
  type PostStatus,
  type PreparedBase,
} from '../../src/core/publish/post.ts';
import { defaultPolicy } from '../../src/core/review/review.ts';
import type { PostSettings } from '../../src/core/tiktok/types.ts';

export const ANA: Person = { id: 'telegram:1', name: 'Ana' };
export const BEN: Person = { id: 'telegram:2', name: 'Ben' };
export const CHAT = 'telegram:1:0';
export const WORKSPACE = 'telegram:1';

export const HOUR_MS = 3_600_000;
/** When the posts of these tests were submitted. */
export const T0 = 1_800_000_000_000;

export const PACING: Pacing = {
  pollIntervalMs: 45_000,
  pollAttempts: 3,
  patienceMs: 24 * HOUR_MS,
  limitPatienceMs: 7 * 24 * HOUR_MS,
  afterPullMs: 4_000,
  lateVotesMs: 2_000,
  holdMs: 7 * 24 * HOUR_MS,
  takeBackMs: 0,
  reasonMs: 10_000,
};

/** One approval of a manager of the place, as a team has it that has set nothing. */
export const POLICY = defaultPolicy({ isPrivate: false });
export const REVIEW: PostReview = { policy: POLICY, chats: [CHAT], places: [WORKSPACE] };

export const EVERYONE: PostSettings = {
  privacyLevel: 'PUBLIC_TO_EVERYONE',
  allowComment: true,
  allowDuet: false,
  allowStitch: false,
  yourBrand: false,
  brandedContent: false,
  aiGenerated: false,
};

/** A file of the media store that exists by name only. */
export function namedFile(digit: string, extension = 'bin'): StoredFile {
  return { key: `${digit.repeat(64)}.${extension}`, sha256: digit.repeat(64), bytes: 100 };
}

export function namedPhoto(digit: string): PreparedMedia {
  return {
    kind: 'photo',
    file: namedFile(digit, 'jpg'),
    contentType: 'image/jpeg',
    width: 64,
    height: 96,
    changes: [],
  };
}

export function contentWith(fields: Partial<PostContent> = {}): PostContent {
  return {
    kind: 'photo',
    postMode: 'DIRECT_POST',
    openId: 'open-ana',
    sources: [{ name: 'beach.png', file: namedFile('a') }],
    caption: 'At the beach',
    settings: EVERYONE,
    ...fields,
  };
}

export function baseWith(fields: Partial<PreparedBase> = {}): PreparedBase {
  const content = fields.content ?? contentWith();
  return {
    version: 1,
    id: 'post-1',
    workspace: WORKSPACE,
    chat: CHAT,
    author: ANA,
    draftId: 'post-1',
    account: { nickname: 'Studio Ana', username: 'studio.ana' },
    content,
    contentHash: hashContent(content),
    media: [namedPhoto('b')],
    createdAt: T0,
    attempts: 0,
    retries: 0,
    ...fields,
  };
}

const followed = { publishId: 'p1', postIds: [], checks: 0, checkedAt: T0 + 1_000 };

/** One post in each status, as plain as it gets. */
export const POSTS: { readonly [S in PostStatus]: PostIn<S> } = {
  preparing: { ...baseWith(), status: 'preparing' },
  in_review: {
    ...baseWith(),
    status: 'in_review',
    review: REVIEW,
    since: T0,
    expiresAt: T0 + 72 * HOUR_MS,
  },
  on_hold: {
    ...baseWith(),
    status: 'on_hold',
    problem: { code: 'privacy_not_offered', privacyLevel: 'PUBLIC_TO_EVERYONE' },
    privacyLevelOptions: ['SELF_ONLY'],
    expiresAt: T0 + 168 * HOUR_MS,
  },
  queued: { ...baseWith(), status: 'queued', notBefore: T0 },
  submitting: { ...baseWith(), status: 'submitting', attemptId: 'a1', since: T0 },
  uploading: {
    ...baseWith(),
    status: 'uploading',
    attemptId: 'a1',
    publishId: 'p1',
    since: T0,
    uploadedBytes: 0,
    failures: 0,
  },
  processing: {
    ...baseWith(),
    status: 'processing',
    attemptId: 'a1',
    publishId: 'p1',
    since: T0,
    checks: 0,
    checkedAt: T0,
    nextCheckAt: T0 + 45_000,
    pulledBytes: 0,
  },
  published: { ...baseWith(), status: 'published', settledAt: T0 + 1_000, ...followed },
  in_inbox: { ...baseWith(), status: 'in_inbox', settledAt: T0 + 1_000, ...followed },
  rejected: { ...baseWith(), status: 'rejected', settledAt: T0 + 1_000 },
  expired: { ...baseWith(), status: 'expired', settledAt: T0 + 1_000 },
  cancelled: { ...baseWith(), status: 'cancelled', settledAt: T0 + 1_000 },
  withdrawn: { ...baseWith(), status: 'withdrawn', by: ANA, settledAt: T0 + 1_000 },
  failed: { ...baseWith(), status: 'failed', failure: { reason: 'spam' }, settledAt: T0 + 1_000 },
  unconfirmed: { ...baseWith(), status: 'unconfirmed', publishId: 'p1', settledAt: T0 + 1_000 },
};

/** Freezes a value through and through. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
