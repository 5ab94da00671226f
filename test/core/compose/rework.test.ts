import { describe, expect, it } from 'vitest';
import type { DraftChoice } from '../../../src/core/compose/choices.ts';
import { contentOf, type Draft } from '../../../src/core/compose/draft.ts';
import type { Post } from '../../../src/core/publish/post.ts';
import { approve } from '../acts.ts';
import { isReady, readyWorld } from '../composing.ts';
import { initsOf, withBytes } from '../core-world.ts';
import { problemOf } from '../media/files.ts';
import { ANA, BEN, CHAT, HOUR_MS, WORKSPACE } from '../posts.ts';

/** A post of a team's that has just been submitted, and waits for one approval. */
async function teamWorld() {
  const ready = await readyWorld();
  const { world } = ready.chat;
  const { workspaces, ballots, signals } = world.nod;
  const meeting = { workspace: WORKSPACE, chat: CHAT, chatTitle: 'Team', isPrivate: false };
  await workspaces.meet(meeting);
  const post = await ready.submission.submit(ready.id, ANA, 'DIRECT_POST');
  const vote = (on: Post, person = BEN) => {
    if (on.review === undefined) throw new Error('The post is not reviewed.');
    const { policy } = on.review;
    const terms = { postId: on.id, contentHash: on.contentHash, policy };
    return ballots.cast(terms, approve(person, { contentHash: on.contentHash }));
  };
  const settle = async (state: { status: Post['status']; [field: string]: unknown }) => {
    const settled = { settledAt: world.now(), ...state };
    const saved = await ready.posts.update(post.id, (one) => ({ ...one, ...settled }) as Post);
    if (saved === undefined) throw new Error('There is a post.');
    return saved;
  };
  return { ...ready, world, post, vote, settle, workspaces, signals, ballots };
}

describe('a post that came to nothing', () => {
  it('was posted after all once another try is, so that it needs its files no more', async () => {
    const { chat, rework, submission, settle, posts, world } = await teamWorld();
    await using _ = chat;
    const failed = await settle({ status: 'failed', failure: { reason: 'unknown' } });
    const next = await rework.retry(failed, ANA);
    expect(await submission.wasPosted(failed)).toBe(false);
    const end = { status: 'published', settledAt: world.now(), publishId: 'p', postIds: [] };
    await posts.update(next.id, (one) => ({ ...one, ...end }) as unknown as Post);
    expect(await submission.wasPosted(failed)).toBe(true);
  });

  it('goes on in its other try also where the first proves to be live later', async () => {
    const { chat, rework, submission, settle, signals, post, world } = await teamWorld();
    await using _ = chat;
    const unconfirmed = await settle({ status: 'unconfirmed', publishId: 'p' });
    const next = await rework.retry(unconfirmed, ANA);
    await signals.link('p', post.id);
    await signals.hint('p', { postId: '7', isPublic: true, since: 20 });
    await world.step(post.id);
    expect(await world.read(post.id)).toMatchObject({ status: 'published', postIds: ['7'] });
    expect((await submission.latestPost(post.draftId))?.id).toBe(next.id);
  });

  it('was posted after all once what it was changed into is', async () => {
    const { chat, rework, submission, parts, post, posts, world } = await teamWorld();
    await using _ = chat;
    const { id } = await rework.withdraw(post, ANA);
    await parts.composer.choose(id, ANA, { type: 'privacy', privacyLevel: 'PUBLIC_TO_EVERYONE' });
    const changed = await submission.submit(id, ANA, 'DIRECT_POST');
    const before = await world.read(post.id);
    expect(await submission.wasPosted(before)).toBe(false);
    const end = { status: 'published', settledAt: world.now(), publishId: 'p', postIds: [] };
    await posts.update(changed.id, (one) => ({ ...one, ...end }) as unknown as Post);
    expect(await submission.wasPosted(before)).toBe(true);
  });
});

describe('taking a post back', () => {
  it('opens a draft with everything, ends the post and voids its votes', async () => {
    const { chat, rework, submission, drafts, parts, post, vote, world } = await teamWorld();
    await using _ = chat;
    await world.nod.workspaces.change(WORKSPACE, ({ policy }) => ({ policy: { ...policy, approvals: 2 } }));
    const opened = await rework.withdraw(post, ANA);
    expect(await world.read(post.id)).toMatchObject({ status: 'withdrawn', by: ANA });
    expect(await vote(post)).toMatchObject({ result: 'late', acts: [] });
    const draft = await drafts.get(opened.id);
    expect(draft).toMatchObject({
      caption: post.content.caption,
      author: ANA,
      account: { username: 'studio.ana' },
      files: [{ name: '1.png', state: 'ready', media: post.media?.[0] }],
    });
    await parts.composer.choose(opened.id, ANA, { type: 'privacy', privacyLevel: 'PUBLIC_TO_EVERYONE' });
    const second = await submission.submit(opened.id, ANA, 'DIRECT_POST');
    expect(second).toMatchObject({ status: 'in_review', review: { policy: { approvals: 2 } } });
    expect(second.id).not.toBe(post.id);
    expect(await world.nod.ballots.read(second.id)).toEqual([]);
    expect(initsOf(world.tiktok)).toBe(0);
  });

  it('opens it with the order, the cover, the title and the music, and each change of them is reviewed anew', async () => {
    const { chat, rework, submission, parts, id } = await readyWorld();
    await using _ = chat;
    const { composer, drafts, whenDraft } = parts;
    const choose = (draftId: string, choice: DraftChoice) => composer.choose(draftId, ANA, choice);
    await chat.world.nod.workspaces.meet({
      workspace: WORKSPACE,
      chat: CHAT,
      chatTitle: 'Team',
      isPrivate: false,
    });
    for (const number of ['2', '3']) await composer.offer({ ...(await chat.photo(number)), joins: id });
    await whenDraft(id, (draft) => draft.files.length === 3 && isReady(draft));
    await choose(id, { type: 'move_file', fileId: '3', to: 'first' });
    await choose(id, { type: 'cover_photo', fileId: '2' });
    await choose(id, { type: 'title', text: 'First light' });
    await choose(id, { type: 'toggle', setting: 'autoAddMusic' });
    const post = await submission.submit(id, ANA, 'DIRECT_POST');
    expect(post.status).toBe('in_review');
    expect(post.content).toMatchObject({
      sources: [{ name: '3.png' }, { name: '1.png' }, { name: '2.png' }],
      coverIndex: 2,
      title: 'First light',
      settings: { autoAddMusic: true },
    });
    const changes: DraftChoice[] = [
      { type: 'move_file', fileId: '1', to: 'later' },
      { type: 'cover_photo', fileId: '1' },
      { type: 'title', text: '' },
      { type: 'toggle', setting: 'autoAddMusic' },
    ];
    const hashes = new Set([post.contentHash]);
    let last = post;
    for (const change of changes) {
      const opened = await rework.withdraw(last, ANA);
      await choose(opened.id, { type: 'privacy', privacyLevel: 'PUBLIC_TO_EVERYONE' });
      expect(contentOf((await drafts.get(opened.id)) ?? opened, 'DIRECT_POST')).toMatchObject(last.content);
      await choose(opened.id, change);
      last = await submission.submit(opened.id, ANA, 'DIRECT_POST');
      expect(last).toMatchObject({ status: 'in_review' });
      expect(await chat.world.nod.ballots.read(last.id)).toEqual([]);
      hashes.add(last.contentHash);
    }
    expect(hashes.size).toBe(5);
  });

  it('opens one draft, however often it is asked, and another one once its post came to nothing', async () => {
    const { chat, rework, submission, parts, post } = await teamWorld();
    await using _ = chat;
    const [first, second] = await Promise.all([rework.withdraw(post, ANA), rework.withdraw(post, ANA)]);
    expect(second.id).toBe(first.id);
    await parts.composer.choose(first.id, ANA, { type: 'privacy', privacyLevel: 'PUBLIC_TO_EVERYONE' });
    await submission.submit(first.id, ANA, 'DIRECT_POST');
    const settled = await chat.world.read(post.id);
    expect(await problemOf(rework.withdraw(settled, ANA))).toMatchObject({ code: 'goes_on' });
    const cancelled = { status: 'cancelled', settledAt: 1 };
    await chat.world.nod.posts.update(first.id, (one) => ({ ...one, ...cancelled }) as Post);
    const third = await rework.withdraw(settled, ANA);
    expect(third.id).not.toBe(first.id);
    expect((await rework.withdraw(settled, ANA)).id).toBe(third.id);
  });

  it('keeps the time that was planned, unless it is over', async () => {
    for (const isOver of [false, true]) {
      const { chat, rework, drafts, post, settle, world } = await teamWorld();
      await using _ = chat;
      const publishAt = world.now() + HOUR_MS;
      const planned = await settle({ status: 'queued', publishAt, notBefore: publishAt });
      expect(planned.id).toBe(post.id);
      if (isOver) world.tiktok.clock.advance(HOUR_MS);
      const opened = await drafts.get((await rework.withdraw(planned, ANA)).id);
      expect(opened?.plan).toEqual(isOver ? undefined : { at: publishAt });
    }
  });

  it('gives the draft to whoever changes the post, and takes nothing back that TikTok has', async () => {
    const { chat, rework, settle, absent } = await teamWorld();
    await using _ = chat;
    for (const status of ['submitting', 'processing'] as const) {
      const gone = await settle({ status });
      const problem = { code: 'not_now', verb: 'edit', status, links: [] };
      expect(await problemOf(rework.withdraw(gone, ANA))).toEqual(problem);
    }
    const ended = await settle({ status: 'cancelled', settledAt: 0 });
    expect(await rework.withdraw(ended, ANA)).toMatchObject({ author: ANA });
    absent.add(ANA.id);
    const taken = await rework.withdraw(ended, BEN);
    expect(await chat.world.nod.stores.store<Draft>('drafts').get(taken.id)).toMatchObject({ author: BEN });
  });

  it.each(['published', 'in_inbox', 'unconfirmed'] as const)(
    'opens nothing where the post is %s',
    async (status) => {
      const { chat, rework, settle, drafts } = await teamWorld();
      await using _ = chat;
      const followed = { publishId: 'p1', postIds: ['7602997517160123666'], checks: 0, checkedAt: 0 };
      const posted = await settle({ status, ...followed });
      expect(await problemOf(rework.withdraw(posted, ANA))).toEqual({
        code: 'not_now',
        verb: 'edit',
        status,
        links: status === 'published' ? ['https://www.tiktok.com/@studio.ana/photo/7602997517160123666'] : [],
      });
      expect(await Array.fromAsync(drafts.entries())).toEqual([]);
    },
  );

  it('opens nothing where a try again of the post is live', async () => {
    const { chat, rework, settle, drafts, world } = await teamWorld();
    await using _ = chat;
    await world.nod.workspaces.change(WORKSPACE, ({ policy }) => ({ policy: { ...policy, approvals: 0 } }));
    const failed = await settle({ status: 'failed', failure: { reason: 'spam' } });
    const again = await rework.retry(failed, ANA);
    expect(await world.finish(again.id)).toMatchObject({ status: 'published' });
    const problem = { code: 'goes_on', status: 'published' };
    expect(await problemOf(rework.withdraw(failed, ANA))).toMatchObject(problem);
    expect(await Array.fromAsync(drafts.entries())).toEqual([]);
  });

  it('makes whoever tries a post again its author, so that nobody approves what is theirs', async () => {
    const { chat, rework, settle } = await teamWorld();
    await using _ = chat;
    const failed = await settle({ status: 'failed', failure: { reason: 'spam' } });
    expect(await rework.retry(failed, BEN)).toMatchObject({ author: BEN });
  });

  it('sends to the inbox what cannot go to the profile, as a new post with its own review', async () => {
    const { chat, rework, settle, post } = await teamWorld();
    await using _ = chat;
    const decision = { outcome: 'approved', by: [BEN], at: 5 };
    const failure = { reason: 'unaudited_app' };
    const failed = await settle({ status: 'failed', failure, review: { ...post.review, decision } });
    const next = await rework.reroute(failed, ANA);
    expect(next).toMatchObject({ status: 'in_review', content: { postMode: 'MEDIA_UPLOAD' } });
    expect(next.review).not.toHaveProperty('decision');
    expect(next.contentHash).not.toBe(post.contentHash);
    expect((await rework.reroute(failed, ANA)).id).toBe(next.id);
    expect((await rework.retry(failed, ANA)).id).toBe(next.id);
  });

  it('takes the draft of a post from nobody who is still there', async () => {
    const { chat, rework, drafts, post, absent } = await teamWorld();
    await using _ = chat;
    const opened = await rework.withdraw(post, ANA);
    const standing = await chat.world.read(post.id);
    const problem = { code: 'not_author', author: ANA.name };
    expect(await problemOf(rework.withdraw(standing, BEN))).toEqual(problem);
    expect(await drafts.get(opened.id)).toMatchObject({ author: ANA });
    absent.add(ANA.id);
    await rework.withdraw(standing, BEN);
    expect(await drafts.get(opened.id)).toMatchObject({ author: BEN });
  });

  it('either ends the post or comes too late, where the last vote is cast at the same time', async () => {
    const ends = new Set<string>();
    for (let turns = 0; turns < 48; turns += 6) {
      const { chat, rework, post, vote, world, drafts } = await teamWorld();
      await using _ = chat;
      const going = vote(post).then(() => world.nod.publisher.tick(post.id));
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const withdrawal = rework.withdraw(post, ANA).then(
        () => 'withdrawn',
        () => 'refused',
      );
      const [outcome] = await Promise.all([withdrawal, going]);
      const { status } = await world.finish(post.id);
      ends.add(`${outcome}, ${status}`);
      const left = await Array.fromAsync(drafts.entries());
      expect(left).toHaveLength(outcome === 'withdrawn' ? 1 : 0);
      expect(withBytes(world.tiktok)).toHaveLength(status === 'published' ? 1 : 0);
    }
    expect(['withdrawn, withdrawn', 'refused, published', 'refused, withdrawn']).toEqual(
      expect.arrayContaining([...ends]),
    );
  });

  it('does not go on where the post goes on as another one', async () => {
    const { chat, rework, settle } = await teamWorld();
    await using _ = chat;
    const held = await settle({ ...HOLD });
    await rework.rechoose(held, ANA, 'SELF_ONLY');
    expect(await problemOf(rework.withdraw(held, ANA))).toMatchObject({ code: 'goes_on', links: [] });
  });
});

const HOLD = {
  status: 'on_hold',
  problem: { code: 'privacy_not_offered', privacyLevel: 'PUBLIC_TO_EVERYONE' },
  privacyLevelOptions: ['MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
  expiresAt: Number.MAX_SAFE_INTEGER,
} as const;

describe('choosing anew', () => {
  it('goes on as a new post with its own review, from the moment in which the level is gone', async () => {
    const { chat, rework, submission, post, vote, world } = await teamWorld();
    await using _ = chat;
    await vote(post);
    world.tiktok.creator.private = true;
    await world.step(post.id);
    const held = await world.read(post.id);
    expect(held).toMatchObject({ status: 'on_hold' });
    const next = await rework.rechoose(held, ANA, 'FOLLOWER_OF_CREATOR');
    expect(next).toMatchObject({
      status: 'in_review',
      draftId: post.draftId,
      media: post.media,
      attempts: 0,
      content: { settings: { privacyLevel: 'FOLLOWER_OF_CREATOR' } },
    });
    expect(next.review).not.toHaveProperty('decision');
    expect(next.contentHash).not.toBe(post.contentHash);
    expect(await submission.latestPost(post.draftId)).toEqual(next);
    expect(await world.finish(post.id)).toMatchObject({ status: 'withdrawn' });
    await world.step(next.id);
    expect(initsOf(world.tiktok)).toBe(0);
    await vote(next);
    expect(await world.finish(next.id)).toMatchObject({ status: 'published' });
    expect(withBytes(world.tiktok)).toHaveLength(1);
    expect(world.tiktok.state.publishes[0]?.postInfo).toMatchObject({ privacy_level: 'FOLLOWER_OF_CREATOR' });
  });

  it('makes one post, however often and whatever is chosen at once', async () => {
    const { chat, rework, settle, posts } = await teamWorld();
    await using _ = chat;
    const held = await settle({ ...HOLD });
    const chosen = await Promise.all(
      HOLD.privacyLevelOptions.map((level) => rework.rechoose(held, ANA, level)),
    );
    expect(chosen[1]).toEqual(chosen[0]);
    expect(await Array.fromAsync(posts.entries())).toHaveLength(2);
  });

  it('finishes what a crash left half done: the new post was saved, the old one not taken back', async () => {
    const { chat, rework, submission, settle, world } = await teamWorld();
    await using _ = chat;
    const held = await settle({ ...HOLD });
    const next = await rework.rechoose(held, ANA, 'SELF_ONLY');
    await world.step(held.id);
    const revived = await settle({ ...HOLD });
    expect(await submission.nextPost(revived)).toMatchObject({ id: next.id });
    expect((await rework.rechoose(revived, ANA, 'MUTUAL_FOLLOW_FRIENDS')).contentHash).toBe(next.contentHash);
    expect(await world.finish(held.id)).toMatchObject({ status: 'withdrawn' });
  });

  it('takes what the creator may choose while the post waits for it', async () => {
    const { chat, rework, post, settle } = await teamWorld();
    await using _ = chat;
    expect(await problemOf(rework.rechoose(post, ANA, 'SELF_ONLY'))).toEqual({
      code: 'not_now',
      verb: 'rechoose',
      status: 'in_review',
      links: [],
    });
    const held = await settle({ ...HOLD });
    const gone = { code: 'privacy_not_offered', privacyLevel: 'PUBLIC_TO_EVERYONE' };
    expect(await problemOf(rework.rechoose(held, ANA, 'PUBLIC_TO_EVERYONE'))).toEqual(gone);
  });
});

describe('posting without the AI label', () => {
  const LABEL_REFUSED = { status: 'failed', failure: { reason: 'ai_label_refused' } } as const;
  const labelled = (post: Post) => {
    const settings = { ...post.content.settings, aiGenerated: true };
    return { content: { ...post.content, settings } };
  };

  it('makes one new post, which is reviewed again and says what was left out', async () => {
    const { chat, rework, post, settle, vote, world } = await teamWorld();
    await using _ = chat;
    const decision = { outcome: 'approved' as const, by: [BEN], at: 5 };
    const review = { ...post.review, decision };
    const failed = await settle({ ...LABEL_REFUSED, ...labelled(post), review });
    const next = await rework.unlabel(failed, ANA);
    expect(next).toMatchObject({
      status: 'in_review',
      leavesOutAiLabel: true,
      content: { settings: { aiGenerated: false } },
    });
    expect(next.review).not.toHaveProperty('decision');
    expect((await rework.unlabel(failed, ANA)).id).toBe(next.id);
    await world.step(next.id);
    expect(initsOf(world.tiktok)).toBe(0);
    await vote(next);
    expect(await world.finish(next.id)).toMatchObject({ status: 'published', leavesOutAiLabel: true });
  });

  it('is for what TikTok refused because of the label', async () => {
    const { chat, rework, post, settle } = await teamWorld();
    await using _ = chat;
    expect(await problemOf(rework.unlabel(post, ANA))).toMatchObject({ code: 'not_now', verb: 'unlabel' });
    const failed = await settle({ status: 'failed', failure: { reason: 'spam' }, ...labelled(post) });
    expect(await problemOf(rework.unlabel(failed, ANA))).toMatchObject({ code: 'not_now', status: 'failed' });
  });
});

describe('trying a reviewed post again', () => {
  const decision = { outcome: 'approved' as const, by: [BEN], at: 5 };

  it.each([
    ['failed', { failure: { reason: 'spam' } }],
    ['unconfirmed', { publishId: 'p1' }],
  ] as const)('keeps the approval where it %s', async (status, more) => {
    const { chat, rework, post, settle, workspaces, world } = await teamWorld();
    await using _ = chat;
    await workspaces.change(WORKSPACE, ({ policy }) => ({ policy: { ...policy, approvals: 3 } }));
    const ended = await settle({ status, ...more, review: { ...post.review, decision } });
    const again = await rework.retry(ended, ANA);
    expect(again).toMatchObject({ status: 'queued', contentHash: post.contentHash });
    expect(again.review).toEqual({ ...post.review, decision });
    expect(await world.finish(again.id)).toMatchObject({ status: 'published' });
  });

  it.each(['cancelled', 'expired'] as const)('asks for approval anew where it was %s', async (status) => {
    const { chat, rework, post, settle, workspaces } = await teamWorld();
    await using _ = chat;
    await workspaces.change(WORKSPACE, ({ policy }) => ({ policy: { ...policy, approvals: 3 } }));
    const ended = await settle({ status, review: { ...post.review, decision } });
    const again = await rework.retry(ended, ANA);
    expect(again).toMatchObject({ status: 'in_review', review: { policy: { approvals: 3 }, chats: [CHAT] } });
    expect(again.review).not.toHaveProperty('decision');
  });

  it('asks for approval where a failed post had none', async () => {
    const { chat, rework, settle } = await teamWorld();
    await using _ = chat;
    const failed = await settle({ status: 'failed', failure: { reason: 'spam' }, review: undefined });
    expect(await rework.retry(failed, ANA)).toMatchObject({ status: 'in_review' });
  });

  it('is refused for a rejected post', async () => {
    const { chat, rework, settle } = await teamWorld();
    await using _ = chat;
    const rejected = await settle({ status: 'rejected' });
    const refusal = { code: 'not_now', verb: 'retry', status: 'rejected', links: [] };
    expect(await problemOf(rework.retry(rejected, ANA))).toEqual(refusal);
  });
});
