import { join } from 'node:path';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHistory, type HistoryEntry } from '../../../src/core/history/history.ts';
import { createRecorder, entriesOf } from '../../../src/core/history/record-post.ts';
import type { Post } from '../../../src/core/publish/post.ts';
import { type Ballot, createBallots } from '../../../src/core/review/ballots.ts';
import { openStores, type RunStatement } from '../../../src/core/storage/database.ts';
import { approve, CLEO, reason, reject, unmark } from '../acts.ts';
import { temporaryDirectory } from '../media/files.ts';
import { BEN, baseWith, contentWith, POSTS, REVIEW, T0, WORKSPACE } from '../posts.ts';

const settledAt = T0 + 9_000;
const tell = (...[post, acts]: Parameters<typeof entriesOf>) =>
  entriesOf(post, acts).map(([, { what, person, detail }]) => [what, person?.name, detail]);
const submitted = ['submitted', 'Ana', undefined];

function open(onStatement?: (statement: RunStatement) => void) {
  const stores = openStores({ file: join(temporaryDirectory(), 'nod.db'), onStatement });
  onTestFinished(() => stores.close());
  const history = createHistory({ entries: stores.store<HistoryEntry>('history') });
  const ballots = createBallots({ ballots: stores.store<Ballot>('ballots'), wake: () => {} });
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  return {
    stores,
    history,
    ballots,
    lines,
    recorder: createRecorder({ history, ballots, now: () => T0, log }),
  };
}

describe('what a post tells', () => {
  it('names the place, the account and the beginning of the caption', () => {
    const caption = `Line one\nline two ${'x'.repeat(100)}`;
    const post: Post = { ...POSTS.queued, ...baseWith({ content: contentWith({ caption }) }) };
    const [, entry] = entriesOf(post, [])[0] ?? [];
    expect(entry).toMatchObject({ place: WORKSPACE, postId: 'post-1', account: '@studio.ana', at: T0 });
    expect(entry?.excerpt).toBe(`Line one line two ${'x'.repeat(62)}`);
  });

  it('never cuts a character in two, and says what it is where there is no caption', () => {
    const excerptOf = (caption: string, kind: 'photo' | 'video' = 'photo') => {
      const post: Post = { ...POSTS.queued, ...baseWith({ content: contentWith({ caption, kind }) }) };
      return entriesOf(post, [])[0]?.[1].excerpt ?? '';
    };
    expect(excerptOf(`${'x'.repeat(79)}🎈`).isWellFormed()).toBe(true);
    expect(excerptOf('')).toBe('1 photos');
    const titled = { ...POSTS.in_review, content: contentWith({ title: 'At sea', caption: 'First light' }) };
    expect(entriesOf(titled, [])[0]?.[1].excerpt).toBe('At sea · First light');
    expect(excerptOf('', 'video')).toBe('Video');
  });

  it('tells every act on its ballot, and with what it was done', () => {
    const acts = [
      approve(BEN),
      approve(CLEO, { source: 'reaction a' }),
      unmark(CLEO, 'approve', 'reaction a'),
      reject(CLEO),
      unmark(CLEO, 'reject'),
    ];
    expect(tell(POSTS.in_review, acts)).toEqual([
      submitted,
      ['approved_by', 'Ben', 'button'],
      ['approved_by', 'Cleo', 'reaction'],
      ['vote_taken_back', 'Cleo', 'approval'],
      ['rejected_by', 'Cleo', 'button'],
      ['vote_taken_back', 'Cleo', 'rejection'],
    ]);
  });

  it('tells a rejection with its reason once, and a reason that came later by itself', () => {
    expect(tell(POSTS.in_review, [reject(BEN), reason(BEN, 'Too loud')])).toEqual([
      submitted,
      ['rejected_by', 'Ben', 'Too loud'],
    ]);
    const later = { ...reason(BEN, 'Too loud'), at: T0 + 1 };
    expect(tell(POSTS.in_review, [reject(BEN), later])).toEqual([
      submitted,
      ['rejected_by', 'Ben', 'button'],
      ['reason_given', 'Ben', 'Too loud'],
    ]);
  });

  it('tells the decision at its own time, and whose it was', () => {
    const decision = { outcome: 'approved' as const, by: [BEN, CLEO], at: T0 + 7 };
    const post: Post = { ...POSTS.queued, review: { ...REVIEW, decision } };
    const entries = entriesOf(post, []).map(([, entry]) => entry);
    expect(entries.at(-1)).toMatchObject({ what: 'approved', detail: 'Ben, Cleo', at: T0 + 7 });
  });

  it('tells an approval once, also where a post that is tried again keeps it', () => {
    const decision = { outcome: 'approved' as const, by: [BEN], at: T0 - 1 };
    const post: Post = { ...POSTS.queued, review: { ...REVIEW, decision } };
    expect(tell(post, [])).toEqual([submitted]);
  });

  it('tells for when a post was submitted', () => {
    const post: Post = { ...POSTS.in_review, publishAt: T0 };
    expect(tell(post, [])).toEqual([['submitted', 'Ana', `for ${new Date(T0).toISOString()}`]]);
  });

  const ends: [Post, unknown[]][] = [
    [{ ...POSTS.published, postIds: ['7529'] }, ['published', undefined, '7529']],
    [POSTS.published, ['published', undefined, 'p1']],
    [POSTS.in_inbox, ['sent_to_inbox', undefined, undefined]],
    [{ ...POSTS.expired, review: REVIEW }, ['expired', undefined, undefined]],
    [POSTS.expired, ['cancelled', undefined, 'its author was asked for a choice and made none']],
    [POSTS.unconfirmed, ['unconfirmed', undefined, undefined]],
    [POSTS.failed, ['failed', undefined, 'spam']],
    [
      { ...POSTS.failed, failure: { reason: 'spam', reasonRaw: 'spam_risk' } },
      ['failed', undefined, 'spam_risk'],
    ],
    [POSTS.cancelled, ['cancelled', undefined, undefined]],
    [{ ...POSTS.cancelled, by: BEN }, ['cancelled', 'Ben', undefined]],
    [{ ...POSTS.withdrawn, settledAt }, ['edited', 'Ana', undefined]],
  ];

  it.each(ends)('tells how it ended: $status', (post, end) => {
    expect(tell(post, [])).toEqual([submitted, end]);
  });

  it.each(['preparing', 'on_hold', 'submitting', 'processing'] as const)(
    'tells no end while it is %s',
    (status) => {
      expect(tell(POSTS[status], [])).toEqual([submitted]);
    },
  );
});

describe('the chronicle', () => {
  it('writes the same down once, however often it looks', async () => {
    const { recorder, history, ballots } = open();
    const review = { postId: 'post-1', contentHash: POSTS.in_review.contentHash, policy: REVIEW.policy };
    await Promise.all([recorder.follow(POSTS.in_review), recorder.follow(POSTS.in_review)]);
    const vote = approve(BEN, { contentHash: review.contentHash, at: T0 + 5 });
    const { decision } = await ballots.cast(review, vote);
    const approved: Post = {
      ...POSTS.published,
      review: { ...REVIEW, ...(decision && { decision }) },
      settledAt,
    };
    await recorder.follow(approved);
    await recorder.follow(approved);
    const told = (await history.recent([WORKSPACE], 20)).toReversed().map(({ what }) => what);
    expect(told).toEqual(['submitted', 'approved_by', 'approved', 'published']);
  });

  it('catches up on what a crash kept from being written', async () => {
    const { recorder, history, ballots } = open();
    const review = { postId: 'post-1', contentHash: POSTS.in_review.contentHash, policy: REVIEW.policy };
    await ballots.cast(review, reject(BEN, { contentHash: review.contentHash, at: T0 + 5 }));
    await ballots.cast(review, { ...reason(BEN, 'Too loud'), at: T0 + 5 });
    const decision = await ballots.decision(review);
    await recorder.follow({ ...POSTS.rejected, review: { ...REVIEW, ...(decision && { decision }) } });
    const told = (await history.recent([WORKSPACE], 20)).map(({ what, detail }) => `${what} ${detail}`);
    expect(told.toSorted()).toEqual(['rejected Ben', 'rejected_by Too loud', 'submitted undefined']);
  });

  it('notes what somebody has just done, each time anew', async () => {
    const { recorder, history } = open();
    const done = { place: WORKSPACE, person: BEN, what: 'settings_changed' as const, detail: '2 approvals' };
    await recorder.note(done);
    await recorder.note(done);
    const entry = expect.objectContaining({ ...done, at: T0 });
    expect(await history.recent([WORKSPACE], 5)).toEqual([entry, entry]);
  });

  it('says so in the log where it cannot write, and throws nothing', async () => {
    const { recorder, stores, lines } = open();
    await stores.close();
    await recorder.follow(POSTS.in_review);
    expect(lines.join()).toContain('could not be written down');
  });

  it('is idle when all that was begun is written', async () => {
    const { recorder, history } = open();
    void recorder.follow(POSTS.queued);
    await recorder.idle();
    expect(await history.recent([WORKSPACE], 5)).toHaveLength(1);
  });
});

it('writes only what is new about a post at each of its steps', async () => {
  let writes = 0;
  const { history, recorder } = open(({ sql }) => {
    if (sql.startsWith('INSERT')) writes += 1;
  });
  const steps: [Post, number][] = [
    [POSTS.queued, 1],
    [POSTS.submitting, 0],
    [POSTS.processing, 0],
    [{ ...POSTS.published, nextCheckAt: T0 + 60_000 }, 1],
    [{ ...POSTS.published, postIds: [] }, 0],
  ];
  for (const [post, count] of steps) {
    writes = 0;
    await recorder.follow(post);
    expect(writes).toBe(count);
  }
  expect((await history.recent([WORKSPACE], 9)).map(({ what }) => what)).toEqual(['published', 'submitted']);
});
