import { utimes, watch } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createUsage } from '../../src/core/compose/disk-usage.ts';
import { type Draft, UNDECIDED } from '../../src/core/compose/draft.ts';
import type { PreparedMedia, StoredFile } from '../../src/core/media/types.ts';
import { isSettled, type Post, type PostStatus } from '../../src/core/publish/post.ts';
import { createRetention } from '../../src/core/retention.ts';
import { createCoreWorld } from './core-world.ts';
import { addBytes } from './media/files.ts';
import { ANA, CHAT, POSTS, WORKSPACE } from './posts.ts';

const DAY_MS = 86_400_000;
const KEEP_DAYS = 30;

async function retaining() {
  const world = await createCoreWorld();
  const drafts = world.nod.stores.store<Draft>('drafts');
  const { posts } = world.nod;
  const usage = createUsage({ now: world.now });
  const forgotten: string[] = [];
  const inHand: StoredFile[] = [];
  const postedSince = new Set<string>();
  const retention = createRetention({
    drafts,
    posts,
    mediaStore: world.mediaStore,
    usage,
    now: world.now,
    keepPostsMs: KEEP_DAYS * DAY_MS,
    forget: async ({ id }) => void forgotten.push(id),
    alsoSweep: async () => {},
    inHand: () => inHand,
    wasPosted: async ({ id }) => postedSince.has(id),
    log: pino({ level: 'silent' }),
  });

  /** A file that was written long before now. */
  async function old(content: string, extension = 'bin') {
    const file = await addBytes(world.mediaStore, content, extension);
    await utimes(world.mediaStore.path(file), 0, 0);
    return file;
  }

  /** A post with three files of its own: what came, what TikTok pulls, and the picture on the card. */
  async function post(name: string, state: { status: PostStatus; [field: string]: unknown }) {
    const [source, media, preview] = [
      await old(`${name} source`),
      await old(`${name} media`, 'jpg'),
      await old(`${name} preview`, 'jpg'),
    ];
    const photo = { kind: 'photo', contentType: 'image/jpeg', width: 1, height: 1, changes: [], file: media };
    await world.submit({ media: [photo], preview, ...state }, { sources: [{ name, file: source }] });
    return { source: source.key, media: media.key, preview: preview.key };
  }

  const kept = async () => new Set(await world.mediaStore.keys());
  return { world, drafts, posts, usage, retention, old, post, kept, forgotten, inHand, postedSince };
}

describe('retention', () => {
  it('keeps all files of posts that are under way', async () => {
    const { world, retention, post, kept } = await retaining();
    await using _ = world;
    const keys: string[] = [];
    for (const status of ['preparing', 'in_review', 'queued', 'submitting', 'processing'] as const) {
      keys.push(...Object.values(await post(status, { status })));
    }
    await retention.sweep();
    for (const key of keys) expect((await kept()).has(key)).toBe(true);
  });

  it.each(['published', 'in_inbox'] as const)(
    'deletes the files of a post that is %s at once, and its picture after a week',
    async (status) => {
      const { world, retention, post, kept } = await retaining();
      await using _ = world;
      const files = await post('a', { status, settledAt: world.now() });
      await retention.sweep();
      expect((await kept()).has(files.source)).toBe(false);
      expect((await kept()).has(files.media)).toBe(false);
      expect((await kept()).has(files.preview)).toBe(true);
      world.tiktok.clock.advance(7 * DAY_MS);
      await retention.sweep();
      expect((await kept()).has(files.preview)).toBe(false);
    },
  );

  it.each(['failed', 'cancelled', 'withdrawn', 'expired', 'rejected', 'unconfirmed'] as const)(
    'keeps the files of a post that is %s for a week',
    async (status) => {
      const { world, retention, post, kept } = await retaining();
      await using _ = world;
      const files = Object.values(await post('a', { status, settledAt: world.now() }));
      world.tiktok.clock.advance(7 * DAY_MS - 1);
      await retention.sweep();
      for (const key of files) expect((await kept()).has(key)).toBe(true);
      world.tiktok.clock.advance(1);
      await retention.sweep();
      for (const key of files) expect((await kept()).has(key)).toBe(false);
    },
  );

  it('keeps what drafts hold', async () => {
    const { world, retention, drafts, old, kept } = await retaining();
    await using _ = world;
    const [source, media, preview, stray] = [
      await old('source'),
      await old('media', 'jpg'),
      await old('preview', 'jpg'),
      await old('stray'),
    ];
    const offered = { id: '1', order: 1, name: 'a', ref: 'r', kind: 'photo' } as const;
    const prepared = {
      kind: 'photo',
      contentType: 'image/jpeg',
      width: 1,
      height: 1,
      changes: [],
      file: media,
    } as const;
    const [second, third] = [await old('second'), await old('third')];
    const [before, sheet] = [await old('before', 'mp4'), await old('sheet', 'jpg')];
    const problem = { code: 'preparing_failed', reason: 'disk_full', name: 'a' } as const;
    await drafts.create('d', {
      id: 'd',
      workspace: WORKSPACE,
      chat: CHAT,
      author: ANA,
      caption: '',
      account: { state: 'unchosen' },
      disclosing: false,
      preview,
      coverSheet: { of: 'a version of the video', momentsMs: [0], picture: sheet },
      settings: UNDECIDED,
      files: [
        {
          ...offered,
          state: 'ready',
          source,
          media: prepared,
          before: [{ media: { ...prepared, file: before } }],
        },
        { ...offered, id: '2', state: 'stored', source: second },
        {
          id: '3',
          order: 3,
          name: 'a',
          ref: 'r',
          state: 'refused',
          problem,
          retry: { state: 'stored', source: third, kind: 'photo' },
        },
      ],
      createdAt: 0,
      updatedAt: 0,
    });
    await retention.sweep();
    const all = [source, media, preview, second, third, before, sheet];
    expect(await kept()).toEqual(new Set(all.map(({ key }) => key)));
    expect((await kept()).has(stray.key)).toBe(false);
  });

  it('leaves young files alone, which a draft may be about to name', async () => {
    const { world, retention, kept } = await retaining();
    await using _ = world;
    const young = await addBytes(world.mediaStore, 'young');
    await utimes(world.mediaStore.path(young), new Date(world.now()), new Date(world.now() - 60_000));
    await retention.sweep();
    expect((await kept()).has(young.key)).toBe(true);
  });

  it('sweeps when it starts, and ends with what it is doing', async () => {
    const { world, retention, old, kept } = await retaining();
    await using _ = world;
    const stray = await old('stray');
    retention.start();
    await retention.stop();
    expect((await kept()).has(stray.key)).toBe(false);
  });

  it('counts for whom files are kept, and forgets what was deleted', async () => {
    const { world, usage, retention, post, old } = await retaining();
    await using _ = world;
    const keeper = { person: ANA.id, place: WORKSPACE };
    usage.add(keeper, [await old('discarded at once')]);
    const settledAt = world.now();
    await post('ab', { status: 'failed', settledAt });
    await post('ab', { status: 'in_review' });
    await post('abc', { status: 'published', settledAt });
    await retention.sweep();
    const bytes = 'ab source'.length + 'ab media'.length + 'ab preview'.length + 'abc preview'.length;
    const fresh = 'discarded at once'.length;
    expect(usage.bytesOf(keeper)).toEqual({ person: bytes + fresh, place: bytes + fresh });
    world.tiktok.clock.advance(DAY_MS / 24);
    await retention.sweep();
    expect(usage.bytesOf(keeper)).toEqual({ person: bytes, place: bytes });
    expect(usage.bytesOf({ person: 'telegram:2', place: 'telegram:2' })).toEqual({ person: 0, place: 0 });
  });
});

describe('what was posted', () => {
  const [source, media] = ['a source', 'a media'];
  const READY = { kind: 'photo', contentType: 'image/jpeg', width: 1, height: 1, changes: [] } as const;

  /** A post that has just been published, and whose files nothing else has. */
  async function published() {
    const all = await retaining();
    const files = await all.post('a', { status: 'published', settledAt: all.world.now() });
    const settle = async () => {
      for (const [, post] of await all.posts.find({ where: { status: 'published' } }))
        all.retention.settled(post);
      await all.retention.release();
    };
    const left = async () => {
      const keys = await all.kept();
      return Object.entries(files).flatMap(([name, key]) => (keys.has(key) ? [name] : []));
    };
    return { ...all, files, settle, left };
  }

  it('is deleted soon, but for the picture on the card, and no longer counted', async () => {
    const { world, settle, files, left, usage } = await published();
    await using _ = world;
    const keeper = { person: ANA.id, place: WORKSPACE };
    usage.add(keeper, [{ key: files.media, sha256: '', bytes: media.length }]);
    await settle();
    expect(await left()).toEqual(['preview']);
    expect(usage.bytesOf(keeper)).toEqual({ person: 0, place: 0 });
  });

  it.each(['preparing', 'in_review', 'queued', 'failed', 'withdrawn'] as const)(
    'stays where a post that is %s has the same files',
    async (status) => {
      const { world, settle, left, post } = await published();
      await using _ = world;
      await post('a', {
        status,
        settledAt: status === 'failed' || status === 'withdrawn' ? world.now() : undefined,
      });
      await settle();
      expect(await left()).toEqual(['source', 'media', 'preview']);
    },
  );

  it('goes with the posts that came to nothing before it was posted on another try', async () => {
    const { world, settle, left, post, posts, postedSince } = await published();
    await using _ = world;
    await post('a', { status: 'failed', settledAt: world.now() });
    for (const [id] of await posts.find({ where: { status: 'failed' } })) postedSince.add(id);
    await settle();
    expect(await left()).toEqual(['preview']);
  });

  it('stays where a draft has it, or is about to', async () => {
    const { world, settle, left, inHand, drafts, old } = await published();
    await using _ = world;
    inHand.push(await old(source));
    await drafts.create('d', {
      id: 'd',
      workspace: WORKSPACE,
      chat: CHAT,
      author: ANA,
      caption: '',
      account: { state: 'unchosen' },
      disclosing: false,
      settings: UNDECIDED,
      files: [
        {
          id: '1',
          order: 1,
          name: 'a',
          ref: 'r',
          state: 'ready',
          kind: 'photo',
          source: await old('another'),
          media: { ...READY, file: await old(media, 'jpg') },
        },
      ],
      createdAt: 0,
      updatedAt: 0,
    });
    await settle();
    expect(await left()).toEqual(['source', 'media', 'preview']);
  });

  it('is deleted by a running Nod without anybody asking', async () => {
    const world = await createCoreWorld({ releaseMediaAfterMs: 1 });
    await using _ = world;
    await world.connect();
    const { id, media } = (await world.submit()) as Post & { media: PreparedMedia[] };
    const changes = watch(join(world.directory, 'media'));
    await world.finish(id);
    const [first] = media;
    for await (const _change of changes)
      if (!(await world.mediaStore.keys()).includes(first?.file.key ?? '')) break;
    expect(await world.mediaStore.keys()).not.toContain(first?.file.key);
  });
});

describe('no room for new media', () => {
  it('deletes what came to nothing longest ago, as far as needed, but nothing of the last day', async () => {
    const { world, post, kept, retention } = await retaining();
    await using _ = world;
    const ended = (days: number) => ({ status: 'failed' as const, settledAt: world.now() - days * DAY_MS });
    const [oldest, older, fresh] = [
      await post('a', ended(5)),
      await post('b', ended(3)),
      await post('c', ended(0.5)),
    ];
    const { fits } = world.mediaStore;
    world.mediaStore.fits = async () => !(await kept()).has(oldest.source);
    await retention.makeRoom(1);
    world.mediaStore.fits = fits;
    const left = await kept();
    for (const key of [oldest.source, oldest.media]) expect(left.has(key)).toBe(false);
    for (const { source, media } of [older, fresh])
      expect([left.has(source), left.has(media)]).toEqual([true, true]);
  });
});

describe('deleting posts', () => {
  const statuses = Object.keys(POSTS) as PostStatus[];

  it.each(statuses)('deletes a post that has been %s for long only if it is settled', async (status) => {
    const { world, posts, retention, forgotten } = await retaining();
    await using _ = world;
    const settledAt = world.now() - KEEP_DAYS * DAY_MS;
    const isEnded = isSettled(POSTS[status]);
    const { version, ...post } = { ...POSTS[status], createdAt: 0, ...(isEnded && { settledAt }) } as Post;
    await posts.create(post.id, post);
    await retention.sweepPosts();
    expect(await posts.get(post.id)).toBeDefined();
    world.tiktok.clock.advance(1);
    await retention.sweepPosts();
    expect(await posts.get(post.id)).toEqual(isEnded ? undefined : expect.anything());
    expect(forgotten).toEqual(isEnded ? [post.id] : []);
  });

  it('deletes the old ones, however many, and all of a draft together: never a young one or one under way', async () => {
    const one = fc.record({
      status: fc.constantFrom(...statuses),
      draft: fc.nat(40),
      days: fc.nat(2 * KEEP_DAYS),
    });
    const { world, posts, retention } = await retaining();
    await using _ = world;
    await fc.assert(fc.asyncProperty(fc.array(one, { minLength: 30, maxLength: 250 }), check), {
      numRuns: 8,
    });

    async function check(all: readonly { status: PostStatus; draft: number; days: number }[]) {
      for await (const [id] of posts.entries()) await posts.delete(id);
      const isOld = ({ status, days }: (typeof all)[number]) => isSettled(POSTS[status]) && days > KEEP_DAYS;
      const keptDrafts = new Set(all.filter((one) => !isOld(one)).map(({ draft }) => draft));
      for (const [index, { status, draft, days }] of all.entries()) {
        const settledAt = world.now() - days * DAY_MS;
        const { version, ...post } = POSTS[status];
        const id = `post-${index}`;
        const changes = { id, draftId: `draft-${draft}`, ...(isSettled(POSTS[status]) && { settledAt }) };
        await posts.create(id, { ...post, ...changes } as Omit<Post, 'version'> as Post);
      }
      await retention.sweepPosts();
      const left = await Array.fromAsync(posts.entries(), ([id]) => id);
      const expected = all.flatMap(({ draft }, index) => (keptDrafts.has(draft) ? [`post-${index}`] : []));
      expect(left.toSorted()).toEqual(expected.toSorted());
    }
  });

  it('deletes a draft that was left behind along with its post, which it would become again', async () => {
    const { world, drafts, posts, retention } = await retaining();
    await using _ = world;
    const post = await world.submit({ status: 'failed', settledAt: 0 });
    await drafts.create(post.id, {
      id: post.id,
      workspace: WORKSPACE,
      chat: CHAT,
      author: ANA,
      files: [],
      caption: '',
      account: { state: 'unchosen' },
      disclosing: false,
      settings: UNDECIDED,
      createdAt: 0,
      updatedAt: 0,
      submitted: { postMode: 'DIRECT_POST', at: 0 },
    });
    await retention.sweepPosts();
    expect(await drafts.get(post.id)).toBeUndefined();
    expect(await posts.get(post.id)).toBeUndefined();
  });
});
