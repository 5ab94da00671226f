import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Draft } from '../../../src/core/compose/draft.ts';
import { ticketKey } from '../../../src/core/uploads/tickets.ts';
import { ANA, CHAT, WORKSPACE } from '../../core/posts.ts';
import { fixture } from '../../e2e/stage.ts';
import { createUploadStage, patch, type UploadStage, uploadWith } from './upload-stage.ts';

const VIDEO = await readFile(fixture('phone.mp4'));
const HOUR_MS = 3_600_000;

const allReady = ({ files }: Draft) => files.every(({ state }) => state === 'ready');

async function uploadFile(endpoint: string, name: string): Promise<void> {
  const { upload, done } = uploadWith(await readFile(fixture(name)), { endpoint, name });
  upload.start();
  await done;
}

const isThere = async ({ core }: UploadStage, id: string) => (await core.drafts.get(id)) !== undefined;
const hasTicket = async ({ tickets }: UploadStage, token: string) =>
  (await tickets.get(ticketKey(token) ?? '')) !== undefined;

test('the first byte begins the draft, in the chat and the place where its person asked', async () => {
  await using stage = await createUploadStage();
  const { id, path, endpoint } = await stage.openFirstPage('d1');
  expect(await (await stage.fetchPath(path)).text()).toContain('begins a draft in the chat');
  const url = await stage.beginAt(endpoint, VIDEO.length);
  expect(await isThere(stage, id)).toBe(false);
  await patch(url, 0, VIDEO.subarray(0, 5_000));
  expect(await stage.readDraft(id)).toMatchObject({
    workspace: WORKSPACE,
    chat: CHAT,
    author: ANA,
    files: [{ name: 'holiday.mp4', bytes: VIDEO.length, state: 'waiting' }],
  });
  expect(await (await stage.fetchPath(path)).text()).toContain('joins your draft in the chat');
  await patch(url, 5_000, VIDEO.subarray(5_000));
  // Its account is looked for.
  await stage.whenDraft(id, (draft) => allReady(draft) && draft.account.state === 'none');
  expect(stage.neverBegun).toEqual([]);
});

test('files that come at once begin one draft', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint } = await stage.openFirstPage('d1');
  const names = ['phone.jpg', 'photo.webp', 'grey.png'];
  await Promise.all(names.map((name) => uploadFile(endpoint, name)));
  const { files } = await stage.whenDraft(id, (draft) => draft.files.length === 3 && allReady(draft));
  expect(files.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});

test('two links of one draft, of a command that came twice, lead into the same one', async () => {
  await using stage = await createUploadStage();
  const [first, second] = [await stage.openFirstPage('d1'), await stage.openFirstPage('d1')];
  await uploadFile(first.endpoint, 'phone.jpg');
  await uploadFile(second.endpoint, 'photo.webp');
  await stage.whenDraft('d1', (draft) => draft.files.length === 2 && allReady(draft));
  await stage.core.composer.discard('d1', ANA);
  for (const { path } of [first, second]) expect((await stage.fetchPath(path)).status).toBe(404);
});

describe('a draft is not begun', () => {
  test('by a file that is refused', async () => {
    await using stage = await createUploadStage({ uploadLimitBytes: 6_000 });
    const { id, endpoint } = await stage.openFirstPage('d1');
    expect((await stage.begin(endpoint, VIDEO.length)).status).toBe(413);
    expect((await stage.begin(endpoint, 0)).status).toBe(400);
    expect(await isThere(stage, id)).toBe(false);
  });

  test('once more after it was discarded', async () => {
    await using stage = await createUploadStage();
    const { id, path, endpoint } = await stage.openFirstPage('d1');
    await uploadFile(endpoint, 'phone.jpg');
    await stage.core.composer.discard(id, ANA);
    expect((await stage.fetchPath(path)).status).toBe(404);
    expect((await stage.begin(endpoint, VIDEO.length)).status).toBe(404);
    expect(await isThere(stage, id)).toBe(false);
  });

  test('once more after it was discarded, where a crash had come right after its begin', async () => {
    await using stage = await createUploadStage();
    const { id, token, endpoint } = await stage.openFirstPage('d1');
    await uploadFile(endpoint, 'phone.jpg');
    // As a crash leaves it.
    await stage.tickets.update(ticketKey(token) ?? '', (ticket) => ({ ...ticket, begins: { chat: CHAT } }));
    await stage.restart();
    await stage.core.composer.discard(id, ANA);
    expect((await stage.begin(endpoint, VIDEO.length)).status).toBe(404);
    expect(await isThere(stage, id)).toBe(false);
  });

  test('by a file that its person begins after leaving the place', async () => {
    await using stage = await createUploadStage();
    const { id, endpoint } = await stage.openFirstPage('d1');
    stage.absent.add(ANA.id);
    expect((await stage.begin(endpoint, VIDEO.length)).status).toBe(404);
    expect(await isThere(stage, id)).toBe(false);
  });

  test('by a file that its person has begun before leaving the place', async () => {
    await using stage = await createUploadStage();
    const { id, endpoint } = await stage.openFirstPage('d1');
    const url = await stage.beginAt(endpoint, VIDEO.length);
    stage.absent.add(ANA.id);
    expect((await patch(url, 0, VIDEO)).status).toBe(404);
    expect(await isThere(stage, id)).toBe(false);
    expect(await stage.arriving()).toEqual([]);
  });

  test('in a place that may not use this Nod any more', async () => {
    await using stage = await createUploadStage();
    const { id, endpoint } = await stage.openFirstPage('d1');
    const url = await stage.beginAt(endpoint, VIDEO.length);
    await stage.withdraw();
    expect((await patch(url, 0, VIDEO)).status).toBe(404);
    expect(await isThere(stage, id)).toBe(false);
  });

  test('over the limits of its person, also where they are reached after the file was begun', async () => {
    const limits = { files: 9, drafts: 1, bytes: 1e9 };
    await using stage = await createUploadStage({ limits: { person: limits, place: limits } });
    const { id, endpoint } = await stage.openFirstPage('d1');
    const url = await stage.beginAt(endpoint, VIDEO.length);
    await stage.openPage('d2', { files: [] });
    const refused = await patch(url, 0, VIDEO);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('as many open drafts in the chat as there may be');
    expect(await isThere(stage, id)).toBe(false);
    expect(await stage.arriving()).toEqual([]);
    await expect(stage.openFirstPage('d3')).rejects.toThrow('too_much_at_once');
  });
});

describe('a link through which nothing has come leaves nothing', () => {
  test('once its hour is over', async () => {
    await using stage = await createUploadStage();
    const { token, endpoint } = await stage.openFirstPage('d1');
    await stage.beginAt(endpoint, VIDEO.length);
    stage.time.now += HOUR_MS;
    await stage.core.uploads.expire();
    expect(await hasTicket(stage, token)).toBe(false);
    expect(stage.neverBegun).toEqual(['d1']);
  });

  test('at a start after its hour', async () => {
    await using stage = await createUploadStage();
    const { token } = await stage.openFirstPage('d1');
    stage.time.now += HOUR_MS;
    await stage.restart();
    expect(await hasTicket(stage, token)).toBe(false);
    expect(stage.neverBegun).toEqual(['d1']);
  });

  test('where its person asks for many', async () => {
    await using stage = await createUploadStage();
    for (let number = 0; number < 11; number += 1) {
      await stage.openFirstPage(`d${number}`);
      stage.time.now += 1;
    }
    expect(stage.neverBegun).toEqual(['d0']);
  });
});

test('what is ended before it is whole stands in the draft, whose page takes it once more', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint } = await stage.openFirstPage('d1');
  const url = await stage.beginAt(endpoint, VIDEO.length);
  await patch(url, 0, VIDEO.subarray(0, 4_000));
  await fetch(url, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } });
  const { files } = await stage.whenDraft(id, (draft) => draft.files[0]?.state === 'refused');
  expect(files).toMatchObject([{ problem: { code: 'upload_ended' } }]);
  await uploadFile(endpoint, 'phone.mp4');
  await stage.whenDraft(id, (draft) => draft.files.length === 1 && allReady(draft));
});
