import { describe, expect, it } from 'vitest';
import { createResultsReader } from '../../../src/core/results/read-results.ts';
import { allScopes } from '../../emulators/tiktok/state.ts';
import { HOUR_MS } from '../posts.ts';
import { COUNTS, createResultsWorld, DAY_MS } from './results-world.ts';

const WITHOUT_LIST = allScopes.filter((scope) => scope !== 'video.list');

describe('the numbers of a post', () => {
  it('are read an hour, a day and a week after it went live, and then no more', async () => {
    await using stage = await createResultsWorld();
    const begun = stage.now();
    const { id, postIds } = await stage.live();
    while (await stage.round([id]));
    const post = await stage.read(id);
    expect(post.results?.map(({ at }) => at - begun)).toEqual([HOUR_MS, DAY_MS, 7 * DAY_MS]);
    expect(post.results?.at(-1)).toMatchObject(COUNTS);
    expect(post.shareUrls).toEqual({
      [postIds[0] ?? '']: `https://www.tiktok.com/@studio.ana/video/${postIds[0]}`,
    });
    expect(stage.queries()).toHaveLength(3);
  });

  it('are planned when a post goes live for everybody', async () => {
    await using stage = await createResultsWorld();
    const { id } = await stage.submit();
    await stage.finish(id);
    const post = await stage.read(id);
    expect(post.nextResultsAt).toBe(post.settledAt + HOUR_MS);
  });

  it('are not planned where only some people see it', async () => {
    await using stage = await createResultsWorld();
    const settings = { ...(await stage.submit()).content.settings, privacyLevel: 'SELF_ONLY' as const };
    const { id } = await stage.submit(undefined, { settings });
    await stage.finish(id);
    expect((await stage.read(id)).nextResultsAt).toBeUndefined();
  });

  it('of 25 posts take two calls a round', async () => {
    await using stage = await createResultsWorld();
    const ids: string[] = [];
    for (let count = 0; count < 25; count += 1) ids.push((await stage.live()).id);
    for (const calls of [2, 4, 6]) {
      await stage.round(ids);
      expect(stage.queries()).toHaveLength(calls);
    }
    expect(await stage.round(ids)).toBe(false);
    for (const id of ids) expect((await stage.read(id)).results).toHaveLength(3);
  });

  it('are read along with those of a post that is due a little sooner', async () => {
    await using stage = await createResultsWorld();
    const first = await stage.live();
    stage.tiktok.clock.advance(10 * 60_000);
    const second = await stage.live();
    stage.tiktok.clock.advance(20 * 60_000);
    const third = await stage.live();
    stage.tiktok.clock.advance(30 * 60_000);
    await stage.tickAll([first.id]);
    await stage.tickAll([second.id, third.id]);
    expect(stage.queries()).toHaveLength(1);
    expect((await stage.read(second.id)).results).toMatchObject([COUNTS]);
    // It is too young to be looked at.
    expect((await stage.read(third.id)).results).toBeUndefined();
    while (await stage.round([first.id, second.id, third.id]));
    for (const { id } of [first, second, third]) expect((await stage.read(id)).results).toHaveLength(3);
    // The later looks of all three were near each other.
    expect(stage.queries()).toHaveLength(4);
  });

  it('are those of all posts that one draft became', async () => {
    await using stage = await createResultsWorld();
    const { id } = await stage.live({ ids: 2 });
    await stage.round([id]);
    expect((await stage.read(id)).results).toMatchObject([
      { views: 2_408, likes: 176, comments: 14, shares: 6 },
    ]);
  });

  it('count a post once that TikTok names twice', async () => {
    await using stage = await createResultsWorld();
    const { id, postIds } = await stage.live();
    const post = await stage.read(id);
    const twice = [...postIds, ...postIds].map((postId) => ({ id: postId, counts: COUNTS }));
    const { nextResultsAt: plannedAt = 0 } = post;
    const { readResults } = createResultsReader({ ...stage.nod, isOn: true, now: stage.now });
    const videos = { plannedAt, askedAt: stage.now(), found: twice };
    expect(await readResults(post, { version: 1, videos })).toMatchObject({ results: COUNTS });
  });

  it('are not 0 where TikTok does not show the post', async () => {
    await using stage = await createResultsWorld();
    const { id, postIds } = await stage.live();
    await stage.round([id]);
    for (const post of stage.tiktok.state.posts) if (postIds.includes(post.id)) post.isPublic = false;
    while (await stage.round([id]));
    expect((await stage.read(id)).results).toHaveLength(1);
    expect(stage.queries()).toHaveLength(3);
  });
});

describe('no call is made', () => {
  it('where the account has not granted it', async () => {
    await using stage = await createResultsWorld({ tiktok: {} });
    await stage.connect(stage.tiktok.grant({ scopes: WITHOUT_LIST }));
    const { id } = await stage.live();
    while (await stage.round([id]));
    expect(stage.queries()).toEqual([]);
    expect((await stage.read(id)).results).toBeUndefined();
  });

  it('before the account grants it, and then the next look is the first', async () => {
    await using stage = await createResultsWorld({ tiktok: {} });
    await stage.connect(stage.tiktok.grant({ scopes: WITHOUT_LIST }));
    const { id } = await stage.live();
    await stage.round([id]);
    await stage.connect();
    while (await stage.round([id]));
    expect(stage.queries()).toHaveLength(2);
  });

  it('where there is no account, no id, or the operator does not want it', async () => {
    await using stage = await createResultsWorld();
    const [gone, nameless] = [await stage.live(), await stage.live()];
    await stage.nod.posts.update(nameless.id, (post) => ({ ...post, postIds: [] }) as typeof post);
    const off = stage.openAnother({ stats: false, keepWeb: true });
    const other = await stage.live();
    stage.tiktok.clock.advance(HOUR_MS);
    await stage.tickAll([other.id], off);
    await stage.nod.accounts.disconnect('telegram:1', stage.tiktok.openIdOf());
    await stage.tickAll([gone.id, nameless.id]);
    expect(stage.queries()).toEqual([]);
    for (const { id } of [gone, nameless, other])
      expect((await stage.read(id)).nextResultsAt).toBeGreaterThan(stage.now());
  });
});

describe('two ticks at once', () => {
  it('share one call', async () => {
    await using stage = await createResultsWorld();
    const ids = [(await stage.live()).id, (await stage.live()).id];
    stage.tiktok.fault('latency', { endpoint: 'video/query', ms: 15 });
    stage.tiktok.clock.advance(HOUR_MS);
    const ticked = stage.tickAll(ids);
    await stage.tiktok.whenRequest(({ fault }) => fault === 'latency');
    stage.tiktok.clock.advance(15);
    await ticked;
    expect(stage.queries()).toHaveLength(1);
    for (const id of ids) expect((await stage.read(id)).results).toHaveLength(1);
  });

  it('share it where the second had looked for its answer just before it was left', async () => {
    await using stage = await createResultsWorld();
    const ids = [(await stage.live()).id, (await stage.live()).id] as const;
    stage.tiktok.clock.advance(HOUR_MS);
    const { readResults } = createResultsReader({ ...stage.nod, isOn: true, now: stage.now });
    for (const id of ids)
      expect(await readResults(await stage.read(id), undefined)).toMatchObject({ results: COUNTS });
    expect(stage.queries()).toHaveLength(1);
  });

  it('of two accounts ask for each', async () => {
    await using stage = await createResultsWorld();
    const { username } = stage.tiktok.seedCreator({ username: 'second.act' });
    const openId = await stage.connect(stage.tiktok.grant({ creator: username }));
    const ids = [(await stage.live()).id, (await stage.live({ openId })).id];
    await stage.round(ids);
    expect(stage.queries()).toHaveLength(2);
  });
});

describe('a look that was missed', () => {
  it('is made once after the return, late', async () => {
    await using stage = await createResultsWorld();
    const { id } = await stage.live();
    stage.tiktok.clock.advance(3 * DAY_MS);
    const nod = stage.openAnother();
    const scheduled: [string, number][] = [];
    await nod.publisher.resume((postId, at) => scheduled.push([postId, at]));
    expect(scheduled.some(([postId, at]) => postId === id && at <= stage.now())).toBe(true);
    while (await stage.round([id], nod));
    const post = await stage.read(id);
    expect(post.results?.map(({ at }) => at - post.settledAt)).toEqual([3 * DAY_MS, 7 * DAY_MS]);
    expect(stage.queries()).toHaveLength(2);
  });

  it('is answered by what was left before the stop, without a call', async () => {
    await using stage = await createResultsWorld();
    const ids = [(await stage.live()).id, (await stage.live()).id];
    stage.tiktok.clock.advance(HOUR_MS);
    await stage.tickAll(ids.slice(0, 1));
    const nod = stage.openAnother();
    await stage.tickAll(ids, nod);
    expect(stage.queries()).toHaveLength(1);
    expect((await stage.read(ids[1] ?? '')).results).toHaveLength(1);
  });
});

describe('a look that TikTok does not answer', () => {
  it('is tried again', async () => {
    await using stage = await createResultsWorld();
    const { id } = await stage.live();
    stage.tiktok.fault('drop-reply', { endpoint: 'video/query', times: 2 });
    for (let rounds = 0; rounds < 3; rounds += 1) await stage.round([id]);
    expect(stage.queries()).toHaveLength(3);
    expect((await stage.read(id)).results).toHaveLength(1);
    while (await stage.round([id]));
    expect((await stage.read(id)).results).toHaveLength(3);
  });

  it('is left out after a few tries', async () => {
    await using stage = await createResultsWorld();
    const { id } = await stage.live();
    stage.tiktok.fault('drop-reply', { endpoint: 'video/query', times: 4 });
    for (let rounds = 0; rounds < 4; rounds += 1) await stage.round([id]);
    const post = await stage.read(id);
    expect(post.results).toBeUndefined();
    expect(post.nextResultsAt).toBe(post.settledAt + DAY_MS);
    while (await stage.round([id]));
    expect((await stage.read(id)).results).toHaveLength(2);
  });
});

describe('the end of our access', () => {
  it('deletes the numbers of all posts of the account', async () => {
    await using stage = await createResultsWorld();
    const ids = [(await stage.live()).id, (await stage.live()).id];
    await stage.round(ids);
    await stage.nod.accounts.disconnect('telegram:1', stage.tiktok.openIdOf());
    await stage.tickAll(ids);
    for (const id of ids) expect((await stage.read(id)).results).toBeUndefined();
    while (await stage.round(ids));
    expect(stage.queries()).toHaveLength(1);
  });

  it('deletes them where TikTok ends it, also after a crash', async () => {
    await using stage = await createResultsWorld();
    const { id } = await stage.live();
    await stage.round([id]);
    await stage.nod.accounts.remove(stage.tiktok.openIdOf());
    await stage.nod.signals.forget(id);
    const nod = stage.openAnother();
    await nod.sweepResults();
    await stage.tickAll([id], nod);
    expect((await stage.read(id)).results).toBeUndefined();
  });

  it('keeps what was read after the account was connected again', async () => {
    await using stage = await createResultsWorld();
    const { id } = await stage.live();
    await stage.round([id]);
    await stage.nod.accounts.remove(stage.tiktok.openIdOf());
    await stage.tickAll([id]);
    await stage.connect();
    await stage.round([id]);
    await stage.nod.sweepResults();
    await stage.tickAll([id]);
    expect((await stage.read(id)).results).toHaveLength(1);
    // Nothing is left to be done.
    expect(await stage.nod.stores.store('ended-access').get(stage.tiktok.openIdOf())).toBeUndefined();
  });

  it('leaves no numbers that another post has left for a later tick', async () => {
    await using stage = await createResultsWorld();
    const ids = [(await stage.live()).id, (await stage.live()).id];
    stage.tiktok.clock.advance(HOUR_MS);
    await stage.tickAll(ids.slice(0, 1));
    await stage.nod.accounts.remove(stage.tiktok.openIdOf());
    await stage.tickAll(ids);
    for (const id of ids) expect((await stage.read(id)).results).toBeUndefined();
  });

  it('leaves no numbers that TikTok told meanwhile', async () => {
    await using stage = await createResultsWorld();
    const { id } = await stage.live();
    stage.tiktok.fault('latency', { endpoint: 'video/query', ms: 15 });
    stage.tiktok.clock.advance(HOUR_MS);
    const ticked = stage.tickAll([id]);
    await stage.tiktok.whenRequest(({ fault }) => fault === 'latency');
    await stage.nod.accounts.remove(stage.tiktok.openIdOf());
    stage.tiktok.clock.advance(15);
    await ticked;
    expect((await stage.read(id)).results).toBeUndefined();
  });
});
