import { describe, expect, it } from 'vitest';
import { type DraftFile, identityOf } from '../../../src/core/compose/draft.ts';
import { hashContent, type Post } from '../../../src/core/publish/post.ts';
import { createComposingWorld, isReady, readyWorld } from '../composing.ts';
import { problemOf } from '../media/files.ts';
import { ANA, BEN, CHAT, HOUR_MS, namedFile, WORKSPACE } from '../posts.ts';

describe('submitting', () => {
  it('makes a post of exactly what the draft showed', async () => {
    const { chat, submission, drafts, id, posts, woken } = await readyWorld();
    await using _ = chat;
    const draft = await drafts.get(id);
    const post = await submission.submit(id, ANA, 'DIRECT_POST');
    expect(post).toMatchObject({
      id,
      draftId: id,
      status: 'queued',
      author: ANA,
      account: { nickname: 'Studio Ana', username: 'studio.ana' },
      preview: draft?.preview,
      content: { kind: 'photo', postMode: 'DIRECT_POST', settings: { privacyLevel: 'PUBLIC_TO_EVERYONE' } },
      contentHash: hashContent(post.content),
    });
    expect(await posts.get(id)).toEqual(post);
    expect(await drafts.get(id)).toBeUndefined();
    expect(woken).toEqual([id]);
  });

  it('happens once, however often the button is tapped', async () => {
    const { chat, submission, id, posts } = await readyWorld();
    await using _ = chat;
    const taps = Array.from({ length: 5 }, () => submission.submit(id, ANA, 'DIRECT_POST'));
    const outcomes = await Promise.allSettled(taps);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await problemOf(submission.submit(id, ANA, 'DIRECT_POST'))).toMatchObject({
      code: 'draft_already_submitted',
    });
    expect(await Array.fromAsync(posts.entries())).toHaveLength(1);
  });

  it('is refused for an account that the place shares no more, also for another try', async () => {
    const { chat, submission, rework, id, posts } = await readyWorld();
    await using _ = chat;
    const { nod, tiktok } = chat.world;
    const problem = { code: 'account_disconnected', username: 'studio.ana' };
    await nod.workspaces.unshare(WORKSPACE, tiktok.openIdOf());
    expect(await problemOf(submission.submit(id, ANA, 'DIRECT_POST'))).toEqual(problem);
    await nod.workspaces.share(WORKSPACE, CHAT, tiktok.openIdOf());
    const post = await submission.submit(id, ANA, 'DIRECT_POST');
    const settled = { status: 'cancelled', settledAt: chat.world.now() };
    const cancelled = await posts.update(post.id, (one) => ({ ...one, ...settled }) as Post);
    await nod.workspaces.unshare(WORKSPACE, tiktok.openIdOf());
    expect(await problemOf(rework.retry(cancelled ?? post, ANA))).toEqual(problem);
  });

  it('is refused with the first thing that is missing, and leaves the draft open', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    const { composer, submission, drafts, whenDraft } = chat.openComposer();
    const offered = await composer.offer(await chat.photo('1'));
    const id = offered?.id ?? '';
    await whenDraft(id, isReady);
    const submitting = submission.submit(id, ANA, 'DIRECT_POST');
    expect(await problemOf(submitting)).toEqual({ code: 'privacy_not_chosen' });
    expect(await drafts.get(id)).not.toHaveProperty('submitted');
    expect(await problemOf(submission.submit(id, BEN, 'DIRECT_POST'))).toMatchObject({ code: 'not_author' });
  });

  it('never takes a file along that nobody has seen, whenever it joins', async () => {
    const seen = new Set<string>();
    for (let turns = 0; turns < 40; turns += 4) {
      await using chat = await createComposingWorld();
      await chat.world.connect();
      const { composer, submission, drafts, whenDraft } = chat.openComposer();
      const album = { album: 'album-1' };
      const offered = await composer.offer(await chat.photo('1', album));
      const id = offered?.id ?? '';
      await whenDraft(id, isReady);
      await composer.choose(id, ANA, { type: 'privacy', privacyLevel: 'SELF_ONLY' });
      const late = await chat.photo('2', album);
      const joining = composer.offer(late);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const outcome = await submission.submit(id, ANA, 'DIRECT_POST').then(
        (post) => `posted ${post.content.sources.length}`,
        (error: unknown) => String(error),
      );
      await joining;
      seen.add(outcome);
      const names = (await Array.fromAsync(drafts.entries())).flatMap(([, { files }]) =>
        files.map(({ id }) => id),
      );
      expect(names).toContain('2');
    }
    for (const outcome of seen) expect(outcome).toMatch(/posted 1|media_not_ready/);
  });

  it('does not wait for a conversion: the post prepares what is only stored', async () => {
    const { chat, submission, drafts, id } = await readyWorld();
    await using _ = chat;
    await drafts.update(id, (draft) => ({
      ...draft,
      files: draft.files.map((file) => {
        if (file.state !== 'ready') throw new Error('The file is ready.');
        const { media, ...stored } = file;
        return { ...stored, state: 'stored' };
      }),
    }));
    const post = await submission.submit(id, ANA, 'DIRECT_POST');
    expect(post.status).toBe('preparing');
    expect(await chat.world.finish(id)).toMatchObject({ status: 'published' });
  });
});

it('forgets a draft that nobody has touched for a week, also while it runs on', async () => {
  const { chat, submission, drafts, id } = await readyWorld();
  await using _ = chat;
  const { clock } = chat.world.tiktok;
  clock.advance(6 * 24 * HOUR_MS);
  await submission.sweep();
  expect(await drafts.get(id)).toBeDefined();
  clock.advance(2 * 24 * HOUR_MS);
  await submission.sweep();
  expect(await drafts.get(id)).toBeUndefined();
});

const REFUSALS = {
  file_damaged: { problem: { code: 'file_damaged' } },
  preparing_failed: {
    problem: { code: 'preparing_failed', name: '1.png', reason: 'unknown' },
    retry: { state: 'waiting' },
  },
  video_too_long: {
    problem: { code: 'video_too_long', durationSeconds: 900, maxSeconds: 600 },
    retry: { state: 'stored', source: namedFile('a'), kind: 'video', durationSeconds: 900 },
  },
} as const;

it.each([
  ['nothing of which can be posted', ['file_damaged'], true],
  ['of which something can be posted', [undefined, 'file_damaged'], false],
  ['whose file failed through a fault of ours', ['preparing_failed'], false],
  ['whose video can be trimmed', ['video_too_long'], false],
] as const)('clears a draft away after an hour %s', async (_, codes, isCleared) => {
  const { chat, submission, drafts, id, dropped } = await readyWorld();
  await using _world = chat;
  const refusedWith = (file: DraftFile, code: keyof typeof REFUSALS): DraftFile => ({
    ...identityOf(file),
    state: 'refused',
    ...REFUSALS[code],
  });
  await drafts.update(id, (draft) => {
    const [file] = draft.files;
    if (file === undefined) throw new Error('There is a file.');
    return { ...draft, files: codes.map((code) => (code === undefined ? file : refusedWith(file, code))) };
  });
  const { clock } = chat.world.tiktok;
  clock.advance(HOUR_MS);
  await submission.sweep();
  expect(await drafts.get(id)).toBeDefined();
  clock.advance(1);
  await submission.sweep();
  expect((await drafts.get(id)) === undefined).toBe(isCleared);
  expect(dropped).toEqual(isCleared ? [`${id} useless`] : []);
});

describe('going on after a start', () => {
  it('makes the post of a draft that was submitted just before a crash', async () => {
    const { chat, submission, drafts, id, posts, woken } = await readyWorld();
    await using _ = chat;
    await drafts.update(id, (draft) => ({ ...draft, submitted: { postMode: 'DIRECT_POST', at: 7 } }));
    await submission.resume();
    expect(await posts.get(id)).toMatchObject({ status: 'queued', createdAt: 7 });
    expect(await drafts.get(id)).toBeUndefined();
    expect(woken).toEqual([id]);
    await submission.resume();
    expect(await Array.fromAsync(posts.entries())).toHaveLength(1);
  });

  it('clears the draft away where its post was saved already', async () => {
    const { chat, submission, drafts, id, posts } = await readyWorld();
    await using _ = chat;
    const draft = await drafts.update(id, (one) => ({
      ...one,
      submitted: { postMode: 'DIRECT_POST', at: 7 },
    }));
    await submission.resume();
    const saved = await posts.get(id);
    if (draft === undefined) throw new Error('There is a draft.');
    await drafts.create(id, draft);
    await submission.resume();
    expect(await drafts.get(id)).toBeUndefined();
    expect(await posts.get(id)).toEqual(saved);
  });

  it('forgets drafts that nobody has touched for a week', async () => {
    const { chat, submission, drafts, id } = await readyWorld();
    await using _ = chat;
    chat.world.tiktok.clock.advance(7 * 86_400_000);
    await submission.resume();
    expect(await drafts.get(id)).toBeDefined();
    chat.world.tiktok.clock.advance(1);
    await submission.resume();
    expect(await drafts.get(id)).toBeUndefined();
  });
});
