import { describe, expect, it } from 'vitest';
import { createComposingWorld, isReady, readyDraft } from '../composing.ts';
import { problemOf } from '../media/files.ts';
import { ANA, BEN } from '../posts.ts';

const ALBUM = { album: 'album-1' };

describe('offering files', () => {
  it('begins a draft with the only account of the workspace and what its creator may do', async () => {
    await using chat = await createComposingWorld();
    const openId = await chat.world.connect();
    const { composer, whenDraft } = chat.openComposer();
    const offered = await composer.offer(await chat.photo('1', { caption: '  At the beach ' }));
    const draft = await whenDraft(offered?.id ?? '', (one) => isReady(one) && one.preview !== undefined);
    expect(draft).toMatchObject({
      author: ANA,
      caption: 'At the beach',
      account: {
        state: 'ready',
        openId,
        username: 'studio.ana',
        creator: { privacyLevelOptions: expect.arrayContaining(['PUBLIC_TO_EVERYONE']) },
      },
      files: [{ name: '1.png', state: 'ready', kind: 'photo' }],
    });
    expect(draft.settings).not.toHaveProperty('privacyLevel');
  });

  it('asks for an account where there is none, and for a choice where there are several', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts } = chat.openComposer();
    const first = await composer.offer(await chat.photo('1'));
    expect(await drafts.get(first?.id ?? '')).toMatchObject({ account: { state: 'none' } });
    chat.world.tiktok.seedCreator({ username: 'ben' });
    await chat.world.connect();
    await chat.world.connect(chat.world.tiktok.grant({ creator: 'ben' }));
    const second = await composer.offer(await chat.photo('2'));
    expect((await drafts.get(second?.id ?? ''))?.account).toEqual({ state: 'unchosen' });
  });

  it('gathers an album in one draft in the order of its messages, whatever comes first or twice', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts, whenDraft } = chat.openComposer();
    const offers = await Promise.all(['3', '1', '4', '2'].map((id) => chat.photo(id, ALBUM)));
    const [third] = offers;
    if (third === undefined) throw new Error('There are four.');
    const offered = await Promise.all([...offers, third].map((offer) => composer.offer(offer)));
    expect(new Set(offered.map((draft) => draft?.id)).size).toBe(1);
    const draft = await whenDraft(offered[0]?.id ?? '', (one) => one.files.length === 4 && isReady(one));
    expect(draft.files.map(({ id }) => id)).toEqual(['1', '2', '3', '4']);
    expect(await Array.fromAsync(drafts.entries())).toHaveLength(1);
    expect([...chat.turns.values()]).toEqual([1, 1, 1, 1]);
  });

  it('begins a draft with the time that came with it, and keeps the one that was chosen since', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts } = chat.openComposer();
    const offer = await chat.photo('1', { ...ALBUM, when: 'in 50 minutes' });
    const draft = await composer.offer(offer);
    expect(draft).toMatchObject({ version: 1, plan: { at: expect.any(Number) } });
    await composer.offer(await chat.photo('2', { ...ALBUM, when: 'in 50 minutes' }));
    await composer.plan(draft?.id ?? '', ANA, 'now');
    await composer.offer(offer);
    const latest = await drafts.get(draft?.id ?? '');
    expect(latest?.files.map(({ id }) => id)).toEqual(['1', '2']);
    expect(latest?.plan).toBeUndefined();
  });

  it('takes a caption without what turns it around, so that it is approved as it goes out', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts } = chat.openComposer();
    const turned = ' \u202Eyub\u202C\u0000 now\n\u2067#ad\u2069 ';
    const first = await composer.offer(await chat.photo('1', { caption: turned }));
    expect(await drafts.get(first?.id ?? '')).toMatchObject({ caption: 'yub now\n#ad' });
    await composer.offer(await chat.photo('2', ALBUM));
    const last = await composer.offer(await chat.photo('3', { ...ALBUM, caption: turned }));
    expect(await drafts.get(last?.id ?? '')).toMatchObject({ caption: 'yub now\n#ad' });
  });

  it('gives everybody who offers files of one album a draft of their own', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts } = chat.openComposer();
    const first = await composer.offer(await chat.photo('1', ALBUM));
    const words = { ...ALBUM, person: BEN, caption: 'Other words' };
    const second = await composer.offer(await chat.photo('2', words));
    const again = await composer.offer(await chat.photo('1', { ...ALBUM, person: BEN }));
    expect(second).toMatchObject({ author: BEN, caption: 'Other words', files: [{ id: '2' }] });
    expect(again?.id).toBe(second?.id);
    expect(await drafts.get(first?.id ?? '')).toMatchObject({
      author: ANA,
      caption: '',
      files: [{ id: '1' }],
    });
  });

  it('puts no file into a draft that somebody else has taken over', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts } = chat.openComposer();
    const first = await composer.offer(await chat.photo('1', ALBUM));
    await composer.takeOver(first?.id ?? '', BEN);
    const next = await composer.offer(await chat.photo('2', { ...ALBUM, caption: 'Late words' }));
    expect(next).toMatchObject({ author: ANA, files: [{ id: '2' }] });
    expect(await composer.offer(await chat.photo('1', ALBUM))).not.toMatchObject({ author: BEN });
    expect(await drafts.get(first?.id ?? '')).toMatchObject({
      author: BEN,
      caption: '',
      files: [{ id: '1' }],
    });
  });

  it('joins the texts of an album in the order of its files, and says each once', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts } = chat.openComposer();
    await composer.offer(await chat.photo('3', { ...ALBUM, caption: 'Three' }));
    await composer.offer(await chat.photo('1', ALBUM));
    await composer.offer(await chat.photo('4', { ...ALBUM, caption: ' Three' }));
    const last = await composer.offer(await chat.photo('2', { ...ALBUM, caption: 'Two' }));
    expect(await drafts.get(last?.id ?? '')).toMatchObject({ caption: 'Two\nThree' });
  });

  it('asks TikTok once for an album', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    const { composer } = chat.openComposer();
    for (const id of ['1', '2', '3']) await composer.offer(await chat.photo(id, ALBUM));
    const asked = chat.world.tiktok.state.requests.filter(({ path }) => path.includes('creator_info'));
    expect(asked).toHaveLength(1);
  });
});

describe('a straggler', () => {
  async function submitted() {
    const chat = await createComposingWorld();
    await chat.world.connect();
    const parts = chat.openComposer();
    const first = await chat.photo('1', ALBUM);
    const offered = await parts.composer.offer(first);
    const id = offered?.id ?? '';
    await parts.whenDraft(id, isReady);
    await parts.composer.choose(id, ANA, { type: 'privacy', privacyLevel: 'PUBLIC_TO_EVERYONE' });
    return { chat, ...parts, id, first };
  }

  it('goes on with the album that follows a full one at once, and with no other', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    const { composer } = chat.openComposer();
    const begin = await composer.offer(await chat.photo('1', ALBUM));
    for (let id = 2; id <= 10; id += 1) await composer.offer(await chat.photo(String(id), ALBUM));
    const next = await composer.offer(await chat.photo('12', { album: 'album-2' }));
    const between = await composer.offer(await chat.photo('11', { album: 'album-2' }));
    const elsewhere = await composer.offer(await chat.photo('40', { album: 'album-3' }));
    expect([next?.id, between?.id]).toEqual([begin?.id, begin?.id]);
    expect(between?.files.map(({ order }) => order)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(elsewhere?.id).not.toBe(begin?.id);
  });

  it('adds a file to the draft that the person names, while it is open', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    const { composer } = chat.openComposer();
    const draft = await composer.offer(await chat.photo('1'));
    const joins = draft?.id ?? '';
    expect((await composer.offer(await chat.photo('2', { joins })))?.files).toHaveLength(2);
    await composer.discard(joins, ANA);
    expect((await composer.offer(await chat.photo('3', { joins })))?.id).not.toBe(joins);
  });

  it('begins a draft of its own once the album is posted', async () => {
    const { chat, composer, submission, drafts, id } = await submitted();
    await using _ = chat;
    await submission.submit(id, ANA, 'DIRECT_POST');
    const late = await composer.offer(await chat.photo('2', ALBUM));
    expect(late?.id).not.toBe(id);
    expect(await drafts.get(late?.id ?? '')).toMatchObject({ files: [{ id: '2' }] });
  });

  it('begins a draft of its own while the album is being submitted', async () => {
    const { chat, composer, drafts, id } = await submitted();
    await using _ = chat;
    await drafts.update(id, (draft) => ({ ...draft, submitted: { postMode: 'DIRECT_POST', at: 1 } }));
    const late = await composer.offer(await chat.photo('2', ALBUM));
    expect(late?.id).not.toBe(id);
    expect((await drafts.get(id))?.files.map((file) => file.id)).toEqual(['1']);
  });

  it('is in a draft or in the post, whenever it comes', async () => {
    for (let turns = 0; turns < 60; turns += 4) {
      const { chat, composer, submission, drafts, id } = await submitted();
      await using _ = chat;
      const late = await chat.photo('2', ALBUM);
      const submitting = submission.submit(id, ANA, 'DIRECT_POST').catch(() => undefined);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await composer.offer(late);
      await submitting;
      const found = await Array.fromAsync(drafts.entries(), ([, draft]) => draft);
      const post = await chat.world.nod.posts.get(id);
      expect(found.flatMap(({ files }) => files).filter((file) => file.id === '2')).toHaveLength(1);
      // A draft that shares its id with a post would never be seen.
      if (post !== undefined) expect(found.map((draft) => draft.id)).not.toContain(id);
    }
  });
});

describe('a message that the chat brings again', () => {
  it('begins nothing once its file is posted', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    const parts = chat.openComposer();
    const id = await readyDraft(chat, parts, '1');
    await parts.submission.submit(id, ANA, 'DIRECT_POST');
    expect(await parts.composer.offer(await chat.photo('1'))).toBeUndefined();
    expect(await Array.fromAsync(parts.drafts.entries())).toEqual([]);
  });

  it('changes nothing while its draft is being submitted', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    const parts = chat.openComposer();
    const id = await readyDraft(chat, parts, '1');
    const submitted = { postMode: 'DIRECT_POST', at: 1 } as const;
    const before = await parts.drafts.update(id, (draft) => ({ ...draft, submitted }));
    await parts.composer.offer(await chat.photo('1'));
    expect(await Array.fromAsync(parts.drafts.entries())).toEqual([[id, before]]);
  });

  it('finds the account for a draft whose process died before it could', async () => {
    await using chat = await createComposingWorld();
    const openId = await chat.world.connect();
    const { composer, drafts } = chat.openComposer();
    const offer = await chat.photo('1');
    const offered = await composer.offer(offer);
    const id = offered?.id ?? '';
    await drafts.update(id, (draft) => ({ ...draft, account: { state: 'unchosen' } }));
    await composer.offer(offer);
    expect(await drafts.get(id)).toMatchObject({ account: { openId } });
  });
});

describe('deciding', () => {
  it('is for the author alone, and for drafts that are open', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    const parts = chat.openComposer();
    const id = await readyDraft(chat, parts, '1');
    const caption = { type: 'caption', text: 'x' } as const;
    const { composer } = parts;
    expect(await problemOf(composer.choose(id, BEN, caption))).toEqual({ code: 'not_author', author: 'Ana' });
    expect(await problemOf(composer.choose('nothing', ANA, caption))).toEqual({ code: 'draft_gone' });
    await parts.submission.submit(id, ANA, 'DIRECT_POST');
    expect(await problemOf(composer.choose(id, ANA, caption))).toMatchObject({
      code: 'draft_already_submitted',
    });
  });

  it('takes only a privacy level that TikTok offers', async () => {
    await using chat = await createComposingWorld();
    chat.world.tiktok.creator.private = true;
    await chat.world.connect();
    const { composer } = chat.openComposer();
    const draft = await composer.offer(await chat.photo('1'));
    const everyone = { type: 'privacy', privacyLevel: 'PUBLIC_TO_EVERYONE' } as const;
    expect(await problemOf(composer.choose(draft?.id ?? '', ANA, everyone))).toEqual({
      code: 'privacy_not_offered',
      privacyLevel: 'PUBLIC_TO_EVERYONE',
    });
  });

  it('forgets the privacy level with the account that it was chosen for', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    const parts = chat.openComposer();
    const id = await readyDraft(chat, parts, '1');
    await parts.composer.refresh(id, ANA);
    expect((await parts.drafts.get(id))?.settings.privacyLevel).toBe('PUBLIC_TO_EVERYONE');
    chat.world.tiktok.seedCreator({ username: 'ben' });
    const other = await chat.world.connect(chat.world.tiktok.grant({ creator: 'ben' }));
    await parts.composer.pickAccount(id, ANA, other);
    const draft = await parts.drafts.get(id);
    expect(draft).toMatchObject({ account: { openId: other } });
    expect(draft?.settings).not.toHaveProperty('privacyLevel');
    expect(await problemOf(parts.composer.pickAccount(id, ANA, 'foreign'))).toEqual({ code: 'no_account' });
  });

  it('leaves a submitted draft as it is, even where TikTok answers only then', async () => {
    await using chat = await createComposingWorld();
    const openId = await chat.world.connect();
    const parts = chat.openComposer();
    const id = await readyDraft(chat, parts, '1');
    chat.world.tiktok.fault('error', { endpoint: 'creator_info/query', status: 403, code: 'spam_risk' });
    chat.world.tiktok.fault('latency', { endpoint: 'creator_info/query', ms: 1_000 });
    const choosing = parts.composer.chooseAccount(id, openId);
    await chat.world.tiktok.whenRequest(({ fault }) => fault === 'latency');
    const submitted = { postMode: 'DIRECT_POST', at: 1 } as const;
    const before = await parts.drafts.update(id, (draft) => ({ ...draft, submitted }));
    chat.world.tiktok.clock.advance(1_000);
    await choosing;
    expect(await parts.drafts.get(id)).toEqual(before);
  });

  it.each([
    ['silence, twice', 'drop-request', { times: 2 }, { code: 'tiktok_unreachable' }],
    [
      'a full day',
      'http-200-error:spam_risk_too_many_posts',
      {},
      { code: 'account_cannot_post', reason: 'daily_post_limit', username: 'TikTok account' },
    ],
  ])('says why the account cannot post: %s', async (_, fault, more, problem) => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    chat.world.tiktok.fault(fault, { endpoint: 'creator_info/query', ...more });
    const { composer, drafts } = chat.openComposer();
    const draft = await composer.offer(await chat.photo('1'));
    const id = draft?.id ?? '';
    expect(await drafts.get(id)).toMatchObject({ account: { state: 'unavailable', problem } });
    await composer.refresh(id, ANA);
    expect(await drafts.get(id)).toMatchObject({ account: { state: 'ready' } });
  });

  it('asks TikTok once more when its answer was lost', async () => {
    await using chat = await createComposingWorld();
    await chat.world.connect();
    chat.world.tiktok.fault('drop-reply', { endpoint: 'creator_info/query' });
    const { composer, drafts } = chat.openComposer();
    const draft = await composer.offer(await chat.photo('1'));
    expect(await drafts.get(draft?.id ?? '')).toMatchObject({
      account: { creator: { username: 'studio.ana' } },
    });
  });

  it('discards a draft for good', async () => {
    await using chat = await createComposingWorld();
    const { composer, drafts } = chat.openComposer();
    const draft = await composer.offer(await chat.photo('1'));
    const id = draft?.id ?? '';
    expect(await composer.discard(id, ANA)).toMatchObject({ id });
    expect(await drafts.get(id)).toBeUndefined();
    expect(await problemOf(composer.own(id, ANA))).toEqual({ code: 'draft_gone' });
  });
});
