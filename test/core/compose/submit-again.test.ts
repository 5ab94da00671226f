import { describe, expect, it } from 'vitest';
import type { Post, PostStatus } from '../../../src/core/publish/post.ts';
import { isReady, readyWorld } from '../composing.ts';
import { problemOf } from '../media/files.ts';
import { ANA } from '../posts.ts';

describe('trying again', () => {
  const settle = async ({ posts, id }: Awaited<ReturnType<typeof readyWorld>>, state: Partial<Post>) => {
    const post = await posts.update(id, (one) => ({ ...one, settledAt: 1, ...state }) as Post);
    if (post === undefined) throw new Error('There is a post.');
    return post;
  };

  it('makes a new post of the same content, and one only', async () => {
    const world = await readyWorld();
    await using _ = world.chat;
    const first = await world.submission.submit(world.id, ANA, 'DIRECT_POST');
    const failed = await settle(world, { status: 'failed', failure: { reason: 'spam' } });
    const again = await Promise.all([1, 2, 3].map(() => world.rework.retry(failed, ANA)));
    expect(new Set(again.map(({ id }) => id)).size).toBe(1);
    expect(again[0]).toMatchObject({
      status: 'queued',
      draftId: first.id,
      content: failed.content,
      contentHash: first.contentHash,
      media: failed.media,
      attempts: 0,
    });
    expect(again[0]?.id).not.toBe(first.id);
    expect(await world.submission.latestPost(first.id)).toEqual(again[0]);
    expect(await world.chat.world.finish(again[0]?.id ?? '')).toMatchObject({ status: 'published' });
  });

  it('goes on from try to try', async () => {
    const world = await readyWorld();
    await using _ = world.chat;
    let post = await world.submission.submit(world.id, ANA, 'DIRECT_POST');
    const ids = [post.id];
    for (let turn = 0; turn < 3; turn += 1) {
      const failed = await settle(
        { ...world, id: post.id },
        { status: 'failed', failure: { reason: 'spam' } },
      );
      post = await world.rework.retry(failed, ANA);
      ids.push(post.id);
    }
    expect(new Set(ids).size).toBe(4);
    expect(await world.submission.latestPost(world.id)).toEqual(post);
    expect(await world.submission.latestPost('nothing')).toBeUndefined();
  });

  const refused: PostStatus[] = ['queued', 'submitting', 'processing', 'published', 'in_inbox'];

  it.each(refused)('is refused for a post that is %s', async (status) => {
    const world = await readyWorld();
    await using _ = world.chat;
    await world.submission.submit(world.id, ANA, 'DIRECT_POST');
    const post = await settle(world, { status, postIds: [] } as Partial<Post>);
    expect(await problemOf(world.rework.retry(post, ANA))).toEqual({
      code: 'not_now',
      verb: 'retry',
      status,
      links: [],
    });
  });

  it('is granted for an unconfirmed post, because a person has looked', async () => {
    const world = await readyWorld();
    await using _ = world.chat;
    await world.submission.submit(world.id, ANA, 'DIRECT_POST');
    const post = await settle(world, { status: 'unconfirmed', publishId: 'p1' });
    expect(await world.rework.retry(post, ANA)).toMatchObject({
      status: 'queued',
      draftId: post.draftId,
    });
  });

  it('prepares anew what is gone but can be made again, and says so where it cannot', async () => {
    const world = await readyWorld();
    await using _ = world.chat;
    const { mediaStore } = world.chat.world;
    const post = await world.submission.submit(world.id, ANA, 'DIRECT_POST');
    const failed = await settle(world, { status: 'failed', failure: { reason: 'spam' } });
    await mediaStore.remove(post.media?.[0]?.file.key ?? '');
    const again = await world.rework.retry(failed, ANA);
    expect(again).toMatchObject({ status: 'preparing' });
    expect(await world.chat.world.finish(again.id)).toMatchObject({ status: 'published' });

    await mediaStore.remove(post.content.sources[0]?.file.key ?? '');
    await mediaStore.remove(post.media?.[0]?.file.key ?? '');
    await world.posts.delete(again.id);
    const gone = { code: 'file_deleted', name: '1.png' };
    expect(await problemOf(world.rework.retry(failed, ANA))).toEqual(gone);
    expect(await problemOf(world.rework.withdraw(failed, ANA))).toEqual(gone);
  });
});

describe('editing again', () => {
  it('opens a new draft with what the post was made of, and asks for the privacy level anew', async () => {
    const { chat, submission, rework, id, parts } = await readyWorld();
    await using _ = chat;
    await parts.composer.choose(id, ANA, { type: 'caption', text: 'Once more' });
    const post = await submission.submit(id, ANA, 'DIRECT_POST');
    const opened = await rework.withdraw(post, ANA);
    const draft = await parts.drafts.get(opened.id);
    expect(draft?.id).not.toBe(id);
    expect(draft).toMatchObject({
      caption: 'Once more',
      account: { username: 'studio.ana' },
      preview: post.preview,
      files: [{ name: '1.png', state: 'ready', media: post.media?.[0] }],
    });
    expect(draft?.settings).not.toHaveProperty('privacyLevel');
    await parts.composer.choose(opened.id, ANA, { type: 'privacy', privacyLevel: 'SELF_ONLY' });
    const second = await submission.submit(opened.id, ANA, 'DIRECT_POST');
    expect(second.contentHash).not.toBe(post.contentHash);
  });

  it('converts again what is gone', async () => {
    const { chat, submission, rework, id, parts } = await readyWorld();
    await using _ = chat;
    const post = await submission.submit(id, ANA, 'DIRECT_POST');
    await chat.world.mediaStore.remove(post.media?.[0]?.file.key ?? '');
    const { id: opened } = await rework.withdraw(post, ANA);
    const draft = await parts.whenDraft(opened, isReady);
    expect(
      await parts.intake.areKept(
        [draft.files[0]].flatMap((file) => (file?.state === 'ready' ? [file.media.file] : [])),
      ),
    ).toBe(true);
  });
});
