import { describe, expect, it } from 'vitest';
import type { Draft } from '../../../src/core/compose/draft.ts';
import { account, creator, draftWith, file } from '../../core/drafts.ts';
import { ANA, BEN, CHAT, WORKSPACE } from '../../core/posts.ts';
import { createUploadStage, type UploadStage } from '../uploads/upload-stage.ts';
import { fieldsOf, OWN, openCompose, post } from './form-stage.ts';

const draftOf = async (stage: UploadStage): Promise<Draft> => stage.readDraft('d1');

/** The codes that stand where sentences do. */
const problemsIn = (page: string): string[] =>
  [...page.matchAll(/<p(?: class="wrong")?>([a-z_]+)<\/p>/g)].map(([, code = '']) => code);

/** The page of a draft whose account can post. */
async function openReady(stage: UploadStage, fields: Partial<Draft> = {}) {
  const opened = await openCompose(stage, { fields });
  await stage.core.drafts.update('d1', (draft) => ({ ...draft, account, ...fields }));
  return opened;
}

/** Sends the page's form with other fields in it. */
async function sendWith(
  stage: UploadStage,
  { path, headers }: { path: string; headers: Record<string, string> },
  fields: Record<string, string>,
): Promise<Response> {
  const form = await fieldsOf(stage, path, headers);
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return post(stage, path, headers, form);
}

describe('a form', () => {
  it('may have the longest texts in any script, also while it tells of a conflict', async () => {
    await using stage = await createUploadStage();
    const opened = await openReady(stage, { caption: '海'.repeat(4000) });
    const response = await sendWith(stage, opened, {
      caption: '山'.repeat(4000),
      'now-caption': '海'.repeat(4000),
      keep: 'caption',
    });
    expect(response.status).toBe(303);
    expect((await draftOf(stage)).caption).toBe('山'.repeat(4000));
  });

  it.each(['caption', 'title'])(
    'does not take a %s that is far too long, says so, and gives it back',
    async (field) => {
      await using stage = await createUploadStage();
      const opened = await openReady(stage);
      const text = `${'x'.repeat(60_000)}END`;
      const response = await sendWith(stage, opened, { [field]: text, privacy: 'SELF_ONLY' });
      expect(response.status).toBe(422);
      const page = await response.text();
      expect(page).toContain(`${field}_too_long`);
      expect(page).toContain('xEND');
      const draft = await draftOf(stage);
      expect(draft).toMatchObject({ caption: 'Hello' });
      expect(draft.title).toBeUndefined();
    },
  );

  it('that is bigger than any of ours is refused, and says nothing of the link', async () => {
    await using stage = await createUploadStage();
    const opened = await openReady(stage);
    const response = await sendWith(stage, opened, { caption: 'x'.repeat(700_000) });
    expect(response.status).toBe(413);
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    expect(await response.text()).not.toContain(opened.token);
    expect(stage.lines.join('')).not.toContain(opened.token);
    expect((await draftOf(stage)).caption).toBe('Hello');
  });

  it('has its texts freed of what hides or turns text around', async () => {
    await using stage = await createUploadStage();
    const opened = await openReady(stage);
    await sendWith(stage, opened, { caption: ' a\0b\u202Ec\r\nd\u2066 ', title: 'e\0\u202Ef\ng' });
    expect(await draftOf(stage)).toMatchObject({ caption: 'abc\nd', title: 'ef g' });
  });

  it('counts with the first of two values of a field, and changes no text that it does not have', async () => {
    await using stage = await createUploadStage();
    const { path, headers } = await openReady(stage, { title: 'Title' });
    const form = await fieldsOf(stage, path, headers);
    form.append('privacy', 'SELF_ONLY');
    form.append('privacy', 'PUBLIC_TO_EVERYONE');
    form.append('do', 'post');
    expect((await post(stage, path, headers, form)).status).toBe(303);
    expect(await draftOf(stage)).toMatchObject({
      caption: 'Hello',
      title: 'Title',
      settings: { privacyLevel: 'SELF_ONLY' },
    });
    expect((await draftOf(stage)).submitted).toBeUndefined();
  });

  it('turns no switch on that the creator has switched off, and labels nothing that is not disclosed', async () => {
    await using stage = await createUploadStage();
    const off = { ...account, creator: { ...creator, duetDisabled: true, commentDisabled: true } };
    const opened = await openReady(stage, { files: [file('1', 'video')] });
    await stage.core.drafts.update('d1', (draft) => ({ ...draft, account: off }));
    const before = (await draftOf(stage)).settings;
    await sendWith(stage, opened, {
      allowComment: 'on',
      allowDuet: 'on',
      yourBrand: 'on',
      brandedContent: 'on',
    });
    expect(await draftOf(stage)).toMatchObject({
      disclosing: false,
      settings: {
        allowComment: before.allowComment,
        allowDuet: before.allowDuet,
        yourBrand: false,
        brandedContent: false,
      },
    });
  });

  it.each(['open-of-another-place', 'x'.repeat(5000), '__proto__'])(
    'chooses no account that its place does not share: %.25s',
    async (openId) => {
      await using stage = await createUploadStage();
      const opened = await openReady(stage);
      const response = await sendWith(stage, opened, { account: openId, do: 'account' });
      expect(response.status).toBe(422);
      expect((await draftOf(stage)).account).toEqual(account);
    },
  );

  it.each([
    ['9:59:59', 'moment_too_late'],
    ['-1', 'moment_unclear'],
    ['9'.repeat(400), 'moment_unclear'],
    ['<b>0:01\0', 'moment_unclear'],
  ])('takes no cover at %.10s', async (cover, code) => {
    await using stage = await createUploadStage();
    const opened = await openReady(stage, { files: [file('1', 'video', { durationSeconds: 7 })] });
    const response = await sendWith(stage, opened, { cover });
    expect(response.status).toBe(422);
    expect(problemsIn(await response.text())).toContain(code);
    expect((await draftOf(stage)).coverMoment).toBeUndefined();
  });

  it('that empties the cover of a video makes the first picture its cover', async () => {
    await using stage = await createUploadStage();
    const opened = await openReady(stage, { files: [file('1', 'video', { durationSeconds: 7 })] });
    await sendWith(stage, opened, { cover: '0:03' });
    expect((await draftOf(stage)).coverMoment?.ms).toBe(3000);
    await sendWith(stage, opened, { cover: '' });
    expect((await draftOf(stage)).coverMoment?.ms).toBe(0);
  });

  it('with markup in it comes back as text', async () => {
    await using stage = await createUploadStage();
    const opened = await openReady(stage, { files: [file('1', 'video', { durationSeconds: 7 })] });
    const markup = '"><script>alert(1)</script>';
    const response = await sendWith(stage, opened, {
      caption: markup,
      cover: markup,
      at: markup,
      when: 'at',
    });
    const page = await response.text();
    expect(page.includes('&lt;script&gt;alert(1)')).toBe(true);
    expect(page.includes('<script>alert')).toBe(false);
  });

  it('whose draft was submitted in the chat meanwhile changes nothing', async () => {
    await using stage = await createUploadStage();
    const { path, headers } = await openReady(stage);
    const form = await fieldsOf(stage, path, headers);
    form.set('caption', 'Late');
    await stage.core.drafts.update('d1', (draft) => ({
      ...draft,
      submitted: { postMode: 'DIRECT_POST', at: stage.time.now },
    }));
    expect((await post(stage, path, headers, form)).status).toBe(404);
    expect((await draftOf(stage)).caption).toBe('Hello');
  });
});

describe('nothing is submitted', () => {
  const ready = { settings: { ...draftWith().settings, privacyLevel: 'SELF_ONLY' } } as const;

  it('that was changed in the chat while the form was being saved', async () => {
    await using stage = await createUploadStage();
    const opened = await openReady(stage, ready);
    let isFirst = true;
    stage.core.listen({
      postChanged: () => {},
      draftNeverBegun: async () => {},
      draftChanged: (id) => {
        if (!isFirst) return;
        isFirst = false;
        // In the chat somebody chooses just now.
        void stage.core.drafts.update(id, (draft) => ({
          ...draft,
          settings: { ...draft.settings, privacyLevel: 'PUBLIC_TO_EVERYONE' },
        }));
      },
    });
    const response = await sendWith(stage, opened, { caption: 'Mine', do: 'post' });
    expect(response.status).toBe(422);
    expect(problemsIn(await response.text())).toContain('draft_changed');
    expect((await draftOf(stage)).settings.privacyLevel).toBe('PUBLIC_TO_EVERYONE');
  });

  it.each([
    [0, 1],
    [1, 0],
  ])('from a page that asked for %i approvals once it needs %i', async (before, after) => {
    await using stage = await createUploadStage();
    await stage.core.workspaces.meet({ workspace: WORKSPACE, chat: CHAT, chatTitle: 'Ana', isPrivate: true });
    const setApprovals = (approvals: number) =>
      stage.core.workspaces.change(WORKSPACE, ({ policy }) => ({ policy: { ...policy, approvals } }));
    await setApprovals(before);
    const { path, headers } = await openReady(stage, ready);
    const form = await fieldsOf(stage, path, headers);
    form.set('do', 'post');
    await setApprovals(after);
    const response = await post(stage, path, headers, form);
    expect(response.status).toBe(422);
    expect(problemsIn(await response.text())).toContain('draft_changed');
  });

  it('at a time that the page has shown by other clocks', async () => {
    await using stage = await createUploadStage();
    stage.time.now = Date.UTC(2026, 10, 27, 8);
    await stage.core.workspaces.meet({ workspace: WORKSPACE, chat: CHAT, chatTitle: 'Ana', isPrivate: true });
    await stage.core.workspaces.beginTimeZone(WORKSPACE, 'Europe/Berlin');
    const { path, headers } = await openReady(stage, ready);
    const form = await fieldsOf(stage, path, headers);
    form.set('when', 'at');
    form.set('at', '2026-12-01T18:00');
    form.set('do', 'post');
    await stage.core.workspaces.change(WORKSPACE, () => ({ timeZone: 'America/New_York' }));
    const response = await post(stage, path, headers, form);
    expect(response.status).toBe(422);
    expect(problemsIn(await response.text())).toContain('draft_changed');
  });
});

describe('the page', () => {
  it('is opened by nothing that only looks at the link, however often', async () => {
    await using stage = await createUploadStage();
    const { path, headers } = await openCompose(stage, { isOpened: false });
    for (const method of ['GET', 'HEAD', 'GET']) await stage.fetchPath(path, { method });
    expect((await stage.fetchPath(`${path}/open`)).status).toBe(404);
    expect((await stage.fetchPath(`${path}/version`, { headers })).status).toBe(404);
    await stage.fetchPath(`${path}/open`, { method: 'POST', headers, redirect: 'manual' });
    expect((await stage.fetchPath(path, { headers })).status).toBe(200);
  });

  it('belongs to the first of two browsers that open it at the same time', async () => {
    await using stage = await createUploadStage();
    const { path, headers } = await openCompose(stage, { isOpened: false });
    const second = { ...OWN, cookie: `__Host-nod_browser=${'y'.repeat(32)}` };
    const opened = await Promise.all(
      [headers, second].map((one) =>
        stage.fetchPath(`${path}/open`, { method: 'POST', headers: one, redirect: 'manual' }),
      ),
    );
    expect(opened.map(({ status }) => status).sort()).toEqual([303, 403]);
  });

  it('is not for a link of somebody else’s draft', async () => {
    await using stage = await createUploadStage();
    const { path, headers } = await openCompose(stage, { person: BEN });
    expect((await stage.fetchPath(path, { headers })).status).toBe(404);
  });

  it('asks TikTok when it is opened, and not each time that somebody says so', async () => {
    await using stage = await createUploadStage();
    const { path, headers } = await openReady(stage);
    await stage.fetchPath(`${path}/open`, { method: 'POST', headers, redirect: 'manual' });
    await sendWith(stage, { path, headers }, { do: 'again' });
    await sendWith(stage, { path, headers }, { do: 'account', account: account.openId });
    // Asked about it, a core without this account would have let it go.
    expect((await draftOf(stage)).account).toEqual(account);
  });

  it('asks no chat about its person for a browser that may not see it', async () => {
    await using stage = await createUploadStage();
    const { path } = await openReady(stage);
    stage.askedAfter.length = 0;
    expect((await stage.fetchPath(path)).status).toBe(403);
    expect((await stage.fetchPath(`${path}/files/1/x`)).status).toBe(404);
    expect((await stage.fetchPath(`${path}/files/1/x/small`)).status).toBe(404);
    expect(stage.askedAfter).toEqual([]);
  });

  it.each([
    ['its place', (stage: UploadStage) => stage.withdraw()],
    ['its draft', async (stage: UploadStage) => stage.core.composer.takeOver('d1', BEN)],
  ])('hears of no new version once it has lost %s', async (_, end) => {
    await using stage = await createUploadStage();
    const { path, headers } = await openReady(stage);
    expect((await stage.fetchPath(`${path}/version`, { headers })).status).toBe(200);
    await end(stage);
    expect((await stage.fetchPath(`${path}/version`, { headers })).status).toBe(404);
  });

  it('is kept by no cache and no search engine, whatever it says', async () => {
    await using stage = await createUploadStage();
    const { path, headers } = await openReady(stage);
    const answers = [
      await stage.fetchPath(path, { headers }),
      await stage.fetchPath(path),
      await stage.fetchPath('/compose/x'),
      await stage.fetchPath(`${path}/version`, { headers }),
      await stage.fetchPath(`${path}/files/1/x`),
      await post(stage, path, headers, new URLSearchParams('do=x')),
      await sendWith(stage, { path, headers }, { caption: 'A' }),
      await sendWith(stage, { path, headers }, { privacy: 'MUTUAL_FOLLOW_FRIENDS' }),
    ];
    for (const { headers: said, status } of answers) {
      expect([status, said.get('cache-control')]).toEqual([status, expect.stringContaining('no-store')]);
      expect(said.get('x-robots-tag')).toBe('noindex');
    }
    expect(stage.lines.join('')).not.toContain(path);
  });
});

it('has no more than ten links open for one person', async () => {
  await using stage = await createUploadStage();
  const { path, headers } = await openReady(stage);
  const draft = await draftOf(stage);
  for (let count = 0; count < 9; count += 1) await stage.core.composePages.issue(draft, ANA);
  expect((await stage.fetchPath(path, { headers })).status).toBe(200);
  await stage.core.composePages.issue(draft, ANA);
  expect((await stage.fetchPath(path, { headers })).status).toBe(404);
});
