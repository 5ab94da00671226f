import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { Draft } from '../../../src/core/compose/draft.ts';
import { type TicketFile, ticketKey } from '../../../src/core/uploads/tickets.ts';
import { file } from '../../core/drafts.ts';
import { ANA, BEN } from '../../core/posts.ts';
import { fixture } from '../../e2e/stage.ts';
import {
  createUploadStage,
  offsetOf,
  openPart,
  patch,
  sendAndCut,
  type UploadStage,
  uploadWith,
} from './upload-stage.ts';

const VIDEO = await readFile(fixture('phone.mp4'));

const filler = (bytes: number): Buffer => randomBytes(bytes);
const allReady = ({ files }: Draft) => files.every(({ state }) => state === 'ready');

test('takes a video in parts, in the place of the one that was too big for the chat', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint } = await stage.openPage('d1');
  const { upload, done } = uploadWith(VIDEO, { endpoint, chunkSize: 5_000 });
  upload.start();
  await done;
  const draft = await stage.whenDraft(id, allReady);
  expect(draft.files).toEqual([
    expect.objectContaining({ id: '7', order: 7, key: 'chat-key', name: 'holiday.mp4', kind: 'video' }),
  ]);
  expect(await stage.arriving()).toEqual([]);
});

test('puts several files behind what is there, in the order in which they came', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint } = await stage.openPage('d1', { files: [file('3')] });
  for (const name of ['phone.jpg', 'photo.webp']) {
    const { upload, done } = uploadWith(await readFile(fixture(name)), { endpoint, name });
    upload.start();
    await done;
  }
  const draft = await stage.whenDraft(id, allReady);
  expect(draft.files.map(({ name }) => name)).toEqual(['3.bin', 'phone.jpg', 'photo.webp']);
});

test('tells the card how far a file is, which waits in its draft until it is whole', async () => {
  await using stage = await createUploadStage();
  const { id, endpoint } = await stage.openPage('d1');
  const url = await stage.beginAt(endpoint, 1_000_000);
  expect((await stage.readDraft(id)).files[0]?.state).toBe('refused');
  expect((await patch(url, 0, filler(400_000))).headers.get('upload-offset')).toBe('400000');
  const [coming] = (await stage.readDraft(id)).files;
  expect(coming).toMatchObject({ state: 'waiting', bytes: 1_000_000 });
  expect(stage.core.uploads.progressOf(coming?.ref ?? '')).toBe(0.4);
});

describe('what goes on', () => {
  test('after its connection was cut in the middle of a part', async () => {
    await using stage = await createUploadStage();
    const { id, endpoint } = await stage.openPage('d1');
    const url = await stage.beginAt(endpoint, VIDEO.length);
    await sendAndCut(url, VIDEO.subarray(0, 7_000), VIDEO.length);
    const offset = await offsetOf(url);
    expect(offset).toBe(7_000);
    const { upload, done } = uploadWith(VIDEO, { endpoint, uploadUrl: url });
    upload.start();
    await done;
    await stage.whenDraft(id, allReady);
  });

  test('after a restart of Nod, from what is on the disk', async () => {
    await using stage = await createUploadStage();
    const { id, endpoint } = await stage.openPage('d1');
    const url = await stage.beginAt(endpoint, VIDEO.length);
    await patch(url, 0, VIDEO.subarray(0, 9_000));
    await stage.restart();
    expect(await offsetOf(url)).toBe(9_000);
    const [coming] = (await stage.readDraft(id)).files;
    expect(stage.core.uploads.progressOf(coming?.ref ?? '')).toBeCloseTo(9_000 / VIDEO.length);
    const { upload, done } = uploadWith(VIDEO, { endpoint, uploadUrl: url });
    upload.start();
    await done;
    await stage.whenDraft(id, allReady);
    expect(await stage.arriving()).toEqual([]);
  });

  test('after a restart in the middle of a part', async () => {
    await using stage = await createUploadStage();
    const { id, endpoint } = await stage.openPage('d1');
    const url = await stage.beginAt(endpoint, VIDEO.length);
    const part = openPart(url, VIDEO.length);
    part.write(VIDEO.subarray(0, 8_000));
    await stage.whenDraft(id, ({ files }) => files[0]?.state === 'waiting');
    await stage.restart();
    await part.ended;
    const offset = await offsetOf(url);
    expect(offset).toBe(8_000);
    expect((await patch(url, 8_000, VIDEO.subarray(8_000))).status).toBe(204);
    await stage.whenDraft(id, allReady);
  });

  test('where a kill came between the record of a whole file and its place', async () => {
    await using stage = await createUploadStage();
    const { id, token, endpoint } = await stage.openPage('d1');
    const url = await stage.beginAt(endpoint, VIDEO.length);
    await patch(url, 0, VIDEO.subarray(0, -1));
    const [name = ''] = await stage.arriving();
    await appendFile(join(stage.media, name), VIDEO.subarray(-1));
    const sha256 = createHash('sha256').update(VIDEO).digest('hex');
    const source = { key: `${sha256}.bin`, sha256, bytes: VIDEO.length };
    await stage.tickets.update(ticketKey(token) ?? '', (ticket) => ({
      ...ticket,
      files: ticket.files.map((file) => ({ ...file, state: 'arrived' as const, source })),
    }));
    await stage.restart();
    await stage.whenDraft(id, allReady);
    expect(await offsetOf(url)).toBe(VIDEO.length);
  });

  test.each([true, false])(
    'where another process has taken the rest of it, and kept it: %s',
    async (isKept) => {
      await using stage = await createUploadStage();
      const { id, token, endpoint } = await stage.openPage('d1');
      const url = await stage.beginAt(endpoint, VIDEO.length);
      await patch(url, 0, VIDEO.subarray(0, 9_000));
      const sha256 = createHash('sha256').update(VIDEO).digest('hex');
      const source = { key: `${sha256}.bin`, sha256, bytes: VIDEO.length };
      if (isKept) await writeFile(join(stage.media, source.key), VIDEO);
      await stage.tickets.update(ticketKey(token) ?? '', (ticket) => ({
        ...ticket,
        files: ticket.files.map((file) => ({ ...file, state: 'arrived' as const, source })),
      }));
      await stage.restart();
      if (!isKept) {
        expect(await offsetOf(url)).toBe(9_000);
        await patch(url, 9_000, VIDEO.subarray(9_000));
      }
      await stage.whenDraft(id, allReady);
      expect(await readFile(join(stage.media, source.key))).toEqual(VIDEO);
    },
  );
});

test.each(['shorter', 'longer'])(
  'what lies on the disk under its name is no part of a file that is %s',
  async (what) => {
    await using stage = await createUploadStage();
    const { id, endpoint } = await stage.openPage('d1');
    const url = await stage.beginAt(endpoint, VIDEO.length);
    const path = join(stage.media, `arriving-${url.split('/').at(-1)}`);
    if (what === 'longer') {
      await patch(url, 0, VIDEO.subarray(0, 9_000));
      await appendFile(path, VIDEO);
      await stage.restart();
      expect(await offsetOf(url)).toBe(0);
    } else {
      await mkdir(stage.media, { recursive: true });
      await writeFile(path, VIDEO.subarray(0, 9_000));
    }
    await patch(url, 0, VIDEO);
    await stage.whenDraft(id, allReady);
    const sha256 = createHash('sha256').update(VIDEO).digest('hex');
    expect(await readFile(join(stage.media, `${sha256}.bin`))).toEqual(VIDEO);
  },
);

test('a process that stands by keeps what it may go on with, and nothing else', async () => {
  await using stage = await createUploadStage();
  const { token, endpoint } = await stage.openPage('d1');
  const urls = [];
  for (let count = 0; count < 4; count += 1) {
    const url = await stage.beginAt(endpoint, VIDEO.length);
    await patch(url, 0, VIDEO.subarray(0, 9_000));
    urls.push(url);
  }
  const ids = urls.map((url) => url.split('/').at(-1));
  const [here, kept, lost, ended] = ids;
  const sourceOf = (bytes: Uint8Array) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { key: `${sha256}.bin`, sha256, bytes: bytes.length };
  };
  const source = sourceOf(VIDEO);
  await writeFile(join(stage.media, source.key), VIDEO);
  await stage.tickets.update(ticketKey(token) ?? '', (ticket) => ({
    ...ticket,
    files: ticket.files.map((one): TicketFile => {
      if (one.id === kept) return { ...one, state: 'arrived', source };
      if (one.id === lost) return { ...one, state: 'arrived', source: sourceOf(VIDEO.subarray(1)) };
      return one.id === ended ? { ...one, state: 'refused', problem: { code: 'draft_gone' } } : one;
    }),
  }));
  await stage.standBy();
  expect((await stage.arriving()).toSorted()).toEqual([`arriving-${here}`, `arriving-${lost}`].toSorted());
});

test('a draft that cannot be read keeps neither Nod from starting nor other uploads from going on', async () => {
  await using stage = await createUploadStage();
  const [lost, kept] = [await stage.openPage('d1'), await stage.openPage('d2')];
  const urls = [];
  for (const { endpoint } of [lost, kept]) {
    const url = await stage.beginAt(endpoint, VIDEO.length);
    await patch(url, 0, VIDEO.subarray(0, 9_000));
    urls.push(url);
  }
  const [, url = ''] = urls;
  const database = new Database(join(stage.directory, 'nod.db'));
  database
    .prepare(`UPDATE keyv SET value = '{"value":{}}' WHERE namespace = 'drafts' AND key LIKE '%d1'`)
    .run();
  database.close();
  await stage.restart();
  expect(await stage.arriving()).toHaveLength(1);
  expect((await patch(url, 9_000, VIDEO.subarray(9_000))).status).toBe(204);
  await stage.whenDraft(kept.id, allReady);
});

describe('a link', () => {
  test.each([
    ['that nobody has made', async () => `/upload/${'A'.repeat(32)}`],
    ['that is none', async () => '/upload/..%2F..%2Fetc'],
    [
      'after its hour',
      async (stage: UploadStage, path: string) => {
        stage.time.now += 3_600_001;
        return path;
      },
    ],
    [
      'of a draft that is discarded',
      async (stage: UploadStage, path: string) => {
        await stage.core.composer.discard('d1', ANA);
        return path;
      },
    ],
    [
      'of a draft that is submitted',
      async (stage: UploadStage, path: string) => {
        const submitted = { postMode: 'DIRECT_POST' as const, at: 1 };
        await stage.core.drafts.update('d1', (draft) => ({ ...draft, submitted }));
        return path;
      },
    ],
    [
      'of a draft that somebody else has taken over',
      async (stage: UploadStage, path: string) => {
        await stage.core.composer.takeOver('d1', BEN);
        return path;
      },
    ],
    [
      'in a place that may not use this Nod any more',
      async (stage: UploadStage, path: string) => {
        await stage.withdraw();
        return path;
      },
    ],
  ])('%s leads to a page that says what to do, and takes nothing', async (_, spoil) => {
    await using stage = await createUploadStage();
    const { endpoint, path } = await stage.openPage('d1');
    const url = await stage.beginAt(endpoint, 10);
    const spoiled = await spoil(stage, path);
    const page = await stage.fetchPath(spoiled);
    expect(page.status).toBe(404);
    expect(await page.text()).toContain('This link has run out');
    const { url: server } = stage.server;
    expect((await stage.begin(`${server}${spoiled}/files`, 10)).status).toBe(404);
    if (spoiled === path) expect((await patch(url, 0, filler(10))).status).toBe(404);
    expect(await stage.arriving()).toEqual([]);
  });

  test('does not lead to the files of another one', async () => {
    await using stage = await createUploadStage();
    const ana = await stage.openPage('d1');
    const ben = await stage.openPage('d2', { person: BEN });
    const url = await stage.beginAt(ana.endpoint, 10);
    const forged = url.replace(ana.token, ben.token);
    expect((await patch(forged, 0, filler(10))).status).toBe(404);
    expect(await offsetOf(forged)).toBeUndefined();
    expect((await stage.readDraft('d2')).files).toHaveLength(1);
  });

  test('is good for longer while something comes through it, and for a day at most', async () => {
    await using stage = await createUploadStage();
    const { endpoint, path } = await stage.openPage('d1');
    const url = await stage.beginAt(endpoint, 100);
    for (let hours = 0; hours < 23; hours += 1) {
      stage.time.now += 3_500_000;
      expect((await patch(url, hours, filler(1))).status).toBe(204);
    }
    expect((await stage.fetchPath(path)).status).toBe(200);
    stage.time.now += 3_500_000;
    await patch(url, 23, filler(1));
    stage.time.now += 3_500_000;
    expect((await patch(url, 24, filler(1))).status).toBe(404);
  });

  test('tells no cache, no other site and no log', async () => {
    await using stage = await createUploadStage();
    const { endpoint, path, token } = await stage.openPage('d1');
    const page = await stage.fetchPath(path);
    expect(page.headers.get('cache-control')).toBe('private, no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self';");
    const begun = await fetch(endpoint, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } });
    expect([...begun.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    const url = await stage.beginAt(endpoint, 10);
    await patch(url, 3, filler(1));
    await patch(url, 0, filler(10));
    await stage.begin(endpoint, 1e15);
    await stage.fetchPath(`${path}/files/..%2f..%2fx`);
    expect(stage.lines.join('')).not.toContain(token);
  });
});
