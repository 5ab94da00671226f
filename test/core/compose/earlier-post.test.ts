import { describe, expect, it } from 'vitest';
import type { Draft, DraftFile } from '../../../src/core/compose/draft.ts';
import { findEarlierPost } from '../../../src/core/compose/earlier-post.ts';
import type { StoredFile } from '../../../src/core/media/types.ts';
import { likenessOf, type Post, type PostContent } from '../../../src/core/publish/post.ts';
import { readyWorld } from '../composing.ts';
import { createCoreWorld } from '../core-world.ts';
import { draftWith, file } from '../drafts.ts';
import { ANA, CHAT, HOUR_MS, namedFile, WORKSPACE } from '../posts.ts';

const DAY_MS = 24 * HOUR_MS;
const GROUP = 'telegram:-5';
const OTHERS = 'telegram:-6';

/** Posts of two named files that were made in a place, and what is found for a draft of two files. */
async function comparingWorld() {
  const world = await createCoreWorld();
  const { posts, workspaces } = world.nod;

  async function posted(
    files: readonly StoredFile[],
    caption: string,
    more: { status?: string; workspace?: string; settledAt?: number; openId?: string } = {},
  ) {
    const {
      openId = 'open-ana',
      status = 'published',
      settledAt = world.now(),
      workspace = WORKSPACE,
    } = more;
    const content: Partial<PostContent> = {
      openId,
      caption,
      sources: files.map((one) => ({ name: 'a.jpg', file: one })),
    };
    world.tiktok.clock.advance(1_000);
    const post = await world.submit(
      { status: status as 'published', likeness: likenessOf(files, caption), workspace, settledAt },
      content,
    );
    if (status === 'in_review' || status === 'queued')
      await posts.update(
        post.id,
        ({ settledAt: _, ...rest }: typeof post & { settledAt?: number }) => rest as never,
      );
    return post.id;
  }

  async function find(digits: readonly string[], caption: string, more: Partial<Draft> = {}) {
    const files = digits.map((digit, index): DraftFile => {
      const one = file(String(index + 1));
      return one.state === 'ready' ? { ...one, source: namedFile(digit) } : one;
    });
    const draft = draftWith({ files, caption, ...more });
    const found = await findEarlierPost({ posts, workspaces, now: world.now }, draft);
    return (
      found && `${found.post.id}${found.isSameFiles ? ' files' : ''}${found.isSameCaption ? ' caption' : ''}`
    );
  }

  return { world, workspaces, posted, find, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

const [A, B, C] = ['a', 'b', 'c'].map((digit) => namedFile(digit)) as [StoredFile, StoredFile, StoredFile];

describe('a post like a draft', () => {
  it('has the same files in whichever order, or the same words', async () => {
    await using comparing = await comparingWorld();
    const { posted, find } = comparing;
    const both = await posted([A, B], 'First  Light #Surf');
    expect(await find(['b', 'a'], 'first light\n#surf ')).toBe(`${both} files caption`);
    expect(await find(['b', 'a'], 'Another')).toBe(`${both} files`);
    expect(await find(['a'], 'First light #surf')).toBe(`${both} caption`);
    expect(await find(['a'], 'First light')).toBeUndefined();
    const later = await posted([C], 'First light #surf');
    expect(await find(['c'], 'Another')).toBe(`${later} files`);
    expect(await find(['a', 'b'], 'First light #surf')).toBe(`${both} files caption`);
  });

  it('is not known by having no caption', async () => {
    await using comparing = await comparingWorld();
    await comparing.posted([A], ' ');
    expect(await comparing.find(['b'], '')).toBeUndefined();
  });

  it('goes to the same account, from a place that shares with the draft’s', async () => {
    await using comparing = await comparingWorld();
    const { workspaces, posted, find } = comparing;
    for (const [workspace, chatTitle] of [
      [GROUP, 'Group'],
      [OTHERS, 'Others'],
    ] as const)
      await workspaces.meet({ workspace, chat: workspace, chatTitle, isPrivate: false });
    const inOthers = await posted([A], 'Ours', { workspace: OTHERS });
    await posted([A], 'Ours', { workspace: GROUP, openId: 'open-ben' });
    expect(await find(['a'], 'Ours', { workspace: GROUP })).toBeUndefined();
    await workspaces.join(OTHERS, OTHERS, GROUP);
    expect(await find(['a'], 'Ours', { workspace: GROUP })).toBe(`${inOthers} files caption`);
    await workspaces.separate(OTHERS);
    expect(await find(['a'], 'Ours', { workspace: GROUP })).toBeUndefined();
  });

  it('went out within 30 days or is under way, and has not come to nothing', async () => {
    await using comparing = await comparingWorld();
    const { world, posted, find } = comparing;
    for (const status of ['failed', 'cancelled', 'withdrawn', 'rejected', 'expired'])
      await posted([A], 'Ours', { status });
    await posted([A], 'Ours', { settledAt: world.now() - 30 * DAY_MS });
    expect(await find(['a'], 'Ours')).toBeUndefined();
    for (const status of ['published', 'in_inbox', 'unconfirmed', 'in_review', 'queued']) {
      const id = await posted([A], 'Ours', { status });
      expect(await find(['a'], 'Ours')).toBe(`${id} files caption`);
    }
  });

  it('waits until an account and what is posted are chosen', async () => {
    await using comparing = await comparingWorld();
    await comparing.posted([A], 'Ours');
    expect(await comparing.find(['a'], 'Ours', { account: { state: 'unchosen' } })).toBeUndefined();
    expect(await comparing.find([], 'Ours')).toBeUndefined();
  });
});

describe('what was submitted', () => {
  it('is found from the next draft of the same, and not from its own edit', async () => {
    const { chat, submission, rework, drafts, id, parts } = await readyWorld();
    await using _ = chat;
    const { world } = chat;
    const find = async (draftId: string) => {
      const draft = await drafts.get(draftId);
      return draft && (await findEarlierPost({ ...world.nod, now: world.now }, draft))?.post.id;
    };
    expect(await find(id)).toBeUndefined();
    const post = await submission.submit(id, ANA, 'DIRECT_POST');
    // The same picture under another name.
    const again = await parts.composer.offer(await chat.photo('257', { chat: CHAT }));
    await parts.whenDraft(again?.id ?? '', (draft) => draft.files.every(({ state }) => state === 'ready'));
    expect(await find(again?.id ?? '')).toBe(post.id);
    const edit = await rework.withdraw(post, ANA);
    expect(await find(edit.id)).toBeUndefined();
    const withdrawn = await world.read(post.id);
    const failed = { ...withdrawn, status: 'failed', failure: { reason: 'spam' } } as Post;
    const retried = await rework.retry(failed, ANA);
    expect(retried.likeness).toEqual(post.likeness);
    expect(await find(again?.id ?? '')).toBe(retried.id);
  });
});
