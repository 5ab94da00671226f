import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Shares } from '../../../src/core/compose/limits.ts';
import { ticketKey } from '../../../src/core/uploads/tickets.ts';
import { file } from '../../core/drafts.ts';
import { WITHOUT_LIMITS } from '../../core/nod.ts';
import { ANA } from '../../core/posts.ts';
import { fixture } from '../../e2e/stage.ts';
import { fillDisk } from '../../full-disk.ts';
import { createUploadStage, offsetOf, openPart, patch } from './upload-stage.ts';

const VIDEO = await readFile(fixture('phone.mp4'));
const GB = 1_000_000_000;

describe('before its first byte a file is refused', () => {
  test('where it is too big, and its draft says so once', async () => {
    await using stage = await createUploadStage({ uploadLimitBytes: 1_000 });
    const { id, endpoint } = await stage.openPage('d1', { files: [] });
    for (let tries = 0; tries < 3; tries += 1) {
      const refused = await stage.begin(endpoint, 1_001);
      expect(refused.status).toBe(413);
      expect(await refused.text()).toBe(
        'The file has 1 KB, more than the 1 KB that is taken here. Choose a smaller export.',
      );
    }
    const { files } = await stage.readDraft(id);
    expect(files).toEqual([
      expect.objectContaining({
        state: 'refused',
        problem: { code: 'upload_too_big', name: 'holiday.mp4', bytes: 1_001, maxBytes: 1_000 },
      }),
    ]);
  });

  test.each([
    ['all media may take no more', { limitBytes: GB }],
    ['the disk is full', { readDisk: async () => ({ free: GB, size: 100 * GB }) }],
  ])('where %s', async (_, disk) => {
    await using stage = await createUploadStage({ disk });
    const { endpoint } = await stage.openPage('d1');
    const refused = await stage.begin(endpoint, 2 * GB);
    expect(refused.status).toBe(507);
    expect(await refused.text()).toContain('There is no room for this file on the server now.');
    expect(await stage.kept()).toEqual([]);
  });

  test('where its room went to another one that came first', async () => {
    await using stage = await createUploadStage({ disk: { limitBytes: 3 * GB } });
    const { endpoint } = await stage.openPage('d1', { files: [] });
    const [first, second] = [
      await stage.beginAt(endpoint, 2 * GB),
      await stage.beginAt(endpoint, 2 * GB, 'b'),
    ];
    expect((await patch(first, 0, randomBytes(10))).status).toBe(204);
    expect((await patch(second, 0, randomBytes(10))).status).toBe(507);
    expect(await stage.arriving()).toHaveLength(1);
  });

  test('where its person, or the place, has too much at once', async () => {
    const person = { ...WITHOUT_LIMITS.person, bytes: 1_000 };
    const limits: Shares = { ...WITHOUT_LIMITS, person };
    await using stage = await createUploadStage({ limits });
    const { endpoint } = await stage.openPage('d1', { files: [] });
    const url = await stage.beginAt(endpoint, 900);
    const late = await stage.beginAt(endpoint, 800, 'late.mp4');
    await patch(url, 0, randomBytes(10));
    const refused = await stage.begin(endpoint, 200);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('Post or discard drafts in the chat first.');
    // It was begun while there was room.
    expect((await patch(late, 0, randomBytes(10))).status).toBe(403);
    expect(await stage.arriving()).toHaveLength(1);
  });

  test('where its person has left the place', async () => {
    await using stage = await createUploadStage();
    const { endpoint } = await stage.openPage('d1');
    stage.absent.add(ANA.id);
    expect((await stage.begin(endpoint, 10)).status).toBe(404);
  });

  test.each(['', '-1', '1e3', '0x10', '99999999999999999999', 'NaN'])(
    'where its length is “%s”',
    async (length) => {
      await using stage = await createUploadStage();
      const { endpoint, token } = await stage.openPage('d1');
      const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': length };
      const refused = await fetch(endpoint, { method: 'POST', headers });
      expect(refused.status).toBe(400);
      expect((await stage.tickets.get(ticketKey(token) ?? ''))?.files).toEqual([]);
    },
  );
});

test.each([
  ['../../etc/passwd', 'passwd'],
  ['..\\..\\autoexec.bat', 'autoexec.bat'],
  ['/', 'file'],
  ['a\u0000\u001b[31m\u202egpj.exe', 'a[31mgpj.exe'],
  ['', 'file'],
  [`${'ä'.repeat(300)}.mp4`, `${'ä'.repeat(96)}.mp4`],
])('is called %j no further than a name goes', async (name, shown) => {
  await using stage = await createUploadStage();
  const { id, endpoint, path } = await stage.openPage('d1', { files: [] });
  const url = await stage.beginAt(endpoint, 100, name);
  await patch(url, 0, randomBytes(10));
  expect((await stage.readDraft(id)).files.map(({ name }) => name)).toEqual([shown]);
  expect(await (await stage.fetchPath(path)).text()).toContain(`<bdi>${shown}</bdi>`);
  const names = await stage.kept();
  expect(names).toEqual([expect.stringMatching(/^arriving-[\w-]{16}$/)]);
});

describe('a length that was a lie', () => {
  test('ends the upload where a part announces more than there was to come', async () => {
    await using stage = await createUploadStage();
    const { id, endpoint } = await stage.openPage('d1', { files: [] });
    const url = await stage.beginAt(endpoint, 1_000);
    await patch(url, 0, randomBytes(400));
    expect((await patch(url, 400, randomBytes(601))).status).toBe(413);
    expect(await offsetOf(url)).toBeUndefined();
    expect(await stage.arriving()).toEqual([]);
    const [refused] = (await stage.readDraft(id)).files;
    expect(refused).toMatchObject({ state: 'refused', problem: { code: 'upload_wrong_length' } });
  });

  test('ends the upload where more comes, unannounced', async () => {
    await using stage = await createUploadStage();
    const { endpoint } = await stage.openPage('d1', { files: [] });
    const url = await stage.beginAt(endpoint, 1_000);
    const endless = new ReadableStream({
      pull(controller) {
        controller.enqueue(randomBytes(300));
      },
    });
    expect(
      await patch(url, 0, endless).then(
        ({ status }) => status,
        () => 413,
      ),
    ).toBe(413);
    expect(await offsetOf(url)).toBeUndefined();
    expect(await stage.arriving()).toEqual([]);
  });

  test('of less leaves it waiting for the rest, and nothing of it once its hour is over', async () => {
    await using stage = await createUploadStage();
    const { id, endpoint } = await stage.openPage('d1', { files: [] });
    const url = await stage.beginAt(endpoint, 2_000);
    await patch(url, 0, randomBytes(1_000));
    stage.time.now += 3_600_001;
    await stage.core.uploads.expire();
    const { files } = await stage.whenDraft(id, (draft) => draft.files[0]?.state === 'refused');
    expect(files[0]).toMatchObject({ problem: { code: 'upload_ended' } });
    expect(await stage.arriving()).toEqual([]);
    expect(await Array.fromAsync(stage.tickets.entries())).toEqual([]);
  });

  test('is not taken on from where nothing is', async () => {
    await using stage = await createUploadStage();
    const { endpoint } = await stage.openPage('d1');
    const url = await stage.beginAt(endpoint, 2_000);
    expect((await patch(url, 500, randomBytes(500))).status).toBe(409);
    expect(await offsetOf(url)).toBe(0);
  });
});

test('keeps nothing of what was arriving when its hour was over before a start', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint } = await stage.openPage('d1', { files: [file('3')] });
  await patch(await stage.beginAt(endpoint, 2_000), 0, randomBytes(1_000));
  stage.time.now += 3_600_001;
  await stage.restart();
  expect(await stage.arriving()).toEqual([]);
  await stage.whenDraft(id, (draft) => draft.files[1]?.state === 'refused');
});

test('ends what comes of a file that its person takes out of the draft', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint } = await stage.openPage('d1', { files: [] });
  const url = await stage.beginAt(endpoint, 2_000_000);
  const part = openPart(url, 2_000_000);
  part.write(randomBytes(1_000_000));
  const { files } = await stage.whenDraft(id, (draft) => draft.files[0]?.state === 'waiting');
  await stage.core.composer.choose(id, ANA, { type: 'drop_file', fileId: files[0]?.id ?? '' });
  part.write(randomBytes(500_000));
  expect(await part.ended).not.toBe(204);
  await stage.nothingArrives();
  expect((await patch(url, 0, randomBytes(10))).status).toBe(404);
  expect((await stage.readDraft(id)).files).toEqual([]);
});

test('breaks off what comes for a draft that is discarded', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint } = await stage.openPage('d1', { files: [] });
  const part = openPart(await stage.beginAt(endpoint, 2_000_000), 2_000_000);
  part.write(randomBytes(1_000_000));
  await stage.whenDraft(id, (draft) => draft.files[0]?.state === 'waiting');
  await stage.core.composer.discard(id, ANA);
  expect(await part.ended).not.toBe(204);
  await stage.nothingArrives();
  expect(await Array.fromAsync(stage.tickets.entries())).toEqual([]);
});

test('a thousand that are begun leave nothing on the disk, and forty names', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint, token } = await stage.openPage('d1', { files: [] });
  const before = (await stat(join(stage.directory, 'nod.db'))).size;
  for (let count = 0; count < 1_000; count += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => stage.begin(endpoint, GB, `${count + index}.mp4`)),
    );
  const ticket = await stage.tickets.get(ticketKey(token) ?? '');
  expect(ticket?.files).toHaveLength(40);
  expect(await stage.kept()).toEqual([]);
  expect((await stage.readDraft(id)).files).toEqual([]);
  expect((await stat(join(stage.directory, 'nod.db'))).size - before).toBeLessThan(200_000);
});

test('takes three files of a page at once and has the others wait', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint } = await stage.openPage('d1', { files: [] });
  const parts = [];
  for (const name of ['1', '2', '3']) {
    const part = openPart(await stage.beginAt(endpoint, 100, name), 100);
    part.write('x');
    parts.push(part);
  }
  await stage.whenDraft(id, ({ files }) => files.length === 3);
  const fourth = await stage.beginAt(endpoint, 10, '4');
  const busy = await patch(fourth, 0, randomBytes(10));
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '5']);
  parts[0]?.end(randomBytes(99));
  expect(await parts[0]?.ended).toBe(204);
  expect((await patch(fourth, 0, randomBytes(10))).status).toBe(204);
});

describe('a connection is ended', () => {
  test.each([
    ['on which nothing comes any more', { silenceMs: 300, windowMs: 60_000, minBytes: 1 }],
    ['on which too little comes', { silenceMs: 600, windowMs: 60, minBytes: 1_000_000 }],
  ])('%s, and the upload can go on in another one', async (_, pace) => {
    // All others take as long as the machine needs.
    const looks = { silenceMs: 60_000, windowMs: 60_000, minBytes: 1 };
    await using stage = await createUploadStage({ pace: looks });
    const { id, endpoint } = await stage.openPage('d1');
    const url = await stage.beginAt(endpoint, VIDEO.length);
    Object.assign(looks, pace);
    const part = openPart(url, VIDEO.length);
    part.write(VIDEO.subarray(0, 5_000));
    await stage.whenDraft(id, ({ files }) => files[0]?.state === 'waiting');
    expect(await part.ended).toBeUndefined();
    Object.assign(looks, { silenceMs: 60_000, windowMs: 60_000 });
    expect(await offsetOf(url)).toBe(5_000);
    expect((await patch(url, 5_000, VIDEO.subarray(5_000))).status).toBe(204);
    await stage.whenDraft(id, ({ files }) => files[0]?.state === 'ready');
  });
});

test('a disk that fills up ends it with a clear word on both sides', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint } = await stage.openPage('d1', { files: [] });
  const url = await stage.beginAt(endpoint, 2_000_000);
  {
    using _ = await fillDisk();
    const refused = await patch(url, 0, randomBytes(1_000_000));
    expect(refused.status).toBe(507);
    expect(await refused.text()).toContain('There is no room');
  }
  const [refused] = (await stage.readDraft(id)).files;
  expect(refused).toMatchObject({ problem: { code: 'upload_no_room', reason: 'disk_full' } });
  expect(await stage.arriving()).toEqual([]);
});

test('does not begin a file anew that is ended while a part of it comes once more', async () => {
  await using stage = await createUploadStage();
  const { id, token, endpoint } = await stage.openPage('draft');
  const url = await stage.beginAt(endpoint, 3_000);
  await patch(url, 0, Buffer.alloc(1_000));
  const fileId = url.split('/').at(-1) ?? '';
  const [, ...parts] = await Promise.all([
    stage.core.uploads.abandon(token, fileId),
    ...Array.from({ length: 5 }, () => patch(url, 1_000, Buffer.alloc(2_000))),
  ]);
  const isWhole = parts.some(({ status }) => status === 204);
  const draft = await stage.readDraft(id);
  const state = draft.files.find(({ ref }) => ref.endsWith(fileId))?.state;
  // Either it was whole before it was ended, or nothing of it goes on.
  expect(isWhole ? state !== 'refused' : state === 'refused').toBe(true);
  expect(await stage.arriving()).toEqual([]);
});
