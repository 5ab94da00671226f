import { describe, expect, it } from 'vitest';
import { ticketKey } from '../../../src/core/uploads/tickets.ts';
import { account } from '../../core/drafts.ts';
import { ANA, BEN, CHAT, WORKSPACE } from '../../core/posts.ts';
import { createUploadStage, type UploadStage } from '../uploads/upload-stage.ts';
import { fieldsOf, OWN, openCompose, post } from './form-stage.ts';

const HOUR_MS = 3_600_000;

describe('the link to the page of a draft', () => {
  it('is kept as its hash alone, and opened by a form, since programs look at links as well', async () => {
    await using stage = await createUploadStage();
    const { token, path, cookie, first } = await openCompose(stage, { isOpened: false });
    expect(first.status).toBe(200);
    expect(cookie).toMatch(/^__Host-nod_browser=[\w-]{32}$/);
    expect(first.headers.get('cache-control')).toBe('private, no-store');
    expect(first.headers.get('content-security-policy')).toContain("default-src 'none'");
    const text = await first.text();
    expect(text).not.toContain('Hello');
    expect(ticketKey(token)).toMatch(/^[0-9a-f]{64}$/);
    expect(stage.lines.join('')).not.toContain(token);
    // Another look, by another program, does not bind it either.
    expect((await stage.fetchPath(path)).status).toBe(200);
  });

  it.each([
    [
      'after an hour',
      async ({ time }: UploadStage) => {
        time.now += HOUR_MS;
      },
    ],
    ['once its place may not use this Nod', (stage: UploadStage) => stage.withdraw()],
    ['once its person has left the place', async (stage: UploadStage) => void stage.absent.add(ANA.id)],
    [
      'once the draft is somebody else’s',
      async (stage: UploadStage) => stage.core.composer.takeOver('d1', BEN),
    ],
    [
      'once the draft is discarded',
      async (stage: UploadStage) => void (await stage.core.composer.discard('d1', ANA)),
    ],
  ])('leads nowhere %s, and changes nothing', async (_, end) => {
    await using stage = await createUploadStage();
    const { path, headers } = await openCompose(stage);
    const form = await fieldsOf(stage, path, headers);
    form.set('caption', 'Changed');
    await end(stage);
    expect((await stage.fetchPath(path, { headers })).status).toBe(404);
    expect((await post(stage, path, headers, form)).status).toBe(404);
    expect((await stage.core.drafts.get('d1'))?.caption).not.toBe('Changed');
  });

  it('changes nothing for another browser, another site, or without the cookie', async () => {
    await using stage = await createUploadStage();
    const { path, headers, cookie } = await openCompose(stage);
    const form = await fieldsOf(stage, path, headers);
    form.set('caption', 'Changed');
    const others: Record<string, string>[] = [
      { cookie, 'sec-fetch-site': 'cross-site' },
      { cookie, 'sec-fetch-site': 'same-site' },
      { cookie, origin: 'https://evil.example.com' },
      { ...OWN },
      { ...OWN, cookie: `__Host-nod_browser=${'x'.repeat(32)}` },
    ];
    for (const other of others) expect((await post(stage, path, other, form)).status).toBe(403);
    expect((await stage.core.drafts.get('d1'))?.caption).toBe('Hello');
    expect((await post(stage, path, headers, form)).status).toBe(303);
    expect((await stage.core.drafts.get('d1'))?.caption).toBe('Changed');
  });

  it('takes no choice that the card would not offer', async () => {
    await using stage = await createUploadStage();
    const { path, headers } = await openCompose(stage);
    await stage.core.drafts.update('d1', (draft) => ({ ...draft, account }));
    for (const level of ['MUTUAL_FOLLOW_FRIENDS', 'NOBODY']) {
      const form = await fieldsOf(stage, path, headers);
      form.set('privacy', level);
      await post(stage, path, headers, form);
      expect((await stage.core.drafts.get('d1'))?.settings.privacyLevel).toBeUndefined();
    }
    const form = await fieldsOf(stage, path, headers);
    form.set('cover', 'no-photo');
    await post(stage, path, headers, form);
    expect((await stage.core.drafts.get('d1'))?.coverFileId).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['a broken state', 'seen=%7B&do=save'],
    ['a foreign state', 'seen=%7B%22caption%22%3A1%7D&do=save'],
    ['an unknown button', 'do=delete'],
  ])('refuses a form with %s', async (_, body) => {
    await using stage = await createUploadStage();
    const { path, headers } = await openCompose(stage);
    expect((await post(stage, path, headers, new URLSearchParams(body))).status).toBe(400);
  });
});

it('takes a time by the clocks of the place, and keeps what shall go out later from going out at once', async () => {
  await using stage = await createUploadStage();
  stage.time.now = Date.UTC(2026, 10, 27, 8);
  await stage.core.workspaces.meet({ workspace: WORKSPACE, chat: CHAT, chatTitle: 'Ana', isPrivate: true });
  await stage.core.workspaces.beginTimeZone(WORKSPACE, 'Europe/Berlin');
  const { path, headers } = await openCompose(stage);
  const planAt = async (at: string) => {
    const form = await fieldsOf(stage, path, headers);
    form.set('when', 'at');
    form.set('at', at);
    await post(stage, path, headers, form);
    return (await stage.core.drafts.get('d1'))?.plan;
  };
  expect(await planAt('2026-12-01T18:00')).toEqual({ at: Date.UTC(2026, 11, 1, 17) });
  expect(await planAt('2026-11-01T18:00')).toEqual({ problem: { code: 'when_past' } });
  expect(await planAt('')).toEqual({ problem: { code: 'when_past' } });
});
