import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { fixture } from '../../e2e/stage.ts';
import { createUploadStage, type UploadStage } from './upload-stage.ts';

const VIDEO = await readFile(fixture('phone.mp4'));

/** Sends the form of the page, as a browser without JavaScript does. */
function submit(stage: UploadStage, path: string, content: Buffer, name = 'holiday.mp4'): Promise<Response> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(content)]), name);
  // A browser tells the length, `fetch` of a form does as well.
  return stage.fetchPath(path, { method: 'POST', body: form, redirect: 'manual' });
}

test('a page without JavaScript takes one file in one piece', async () => {
  await using stage = await createUploadStage();
  const { id, path } = await stage.openPage('d1');
  const page = await (await stage.fetchPath(path)).text();
  expect(page).toContain(`<form method="post" action="${path}" enctype="multipart/form-data"`);
  const sent = await submit(stage, path, VIDEO);
  expect([sent.status, sent.headers.get('location')]).toEqual([303, path]);
  const { files } = await stage.whenDraft(id, (draft) => draft.files[0]?.state === 'ready');
  expect(files[0]).toMatchObject({ kind: 'video', name: 'holiday.mp4' });
  expect(await stage.arriving()).toEqual([]);
  expect(await (await stage.fetchPath(path)).text()).toContain('18.8 KB, here;');
});

test('a form says on its page what is wrong', async () => {
  await using stage = await createUploadStage({ uploadLimitBytes: 10_000 });
  const { path } = await stage.openPage('d1', { files: [] });
  const big = await submit(stage, path, VIDEO);
  expect(big.status).toBe(413);
  expect(await big.text()).toMatch(/role="alert"><p>The file has 19 KB, more than the 10 KB/);
  const none = await submit(stage, path, Buffer.alloc(0), '');
  expect(none.status).toBe(400);
  expect(await none.text()).toContain('Choose a file first.');
  expect(await stage.kept()).toEqual([]);
});

test.each([
  ['that is no form', { 'content-type': 'text/plain' }, 'hello'],
  ['without its boundary', { 'content-type': 'multipart/form-data' }, 'hello'],
  [
    'that never ends',
    { 'content-type': 'multipart/form-data; boundary=x' },
    '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
  ],
])('a body %s is refused, and nothing of it is kept', async (_, headers, body) => {
  await using stage = await createUploadStage();
  const { id, path } = await stage.openPage('d1', { files: [] });
  const refused = await stage.fetchPath(path, { method: 'POST', headers, body });
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain('The file did not come through');
  expect(await stage.kept()).toEqual([]);
  expect((await stage.readDraft(id)).files.every(({ state }) => state === 'refused')).toBe(true);
});

test('a form that is cut off leaves nothing, and its draft says so', async () => {
  await using stage = await createUploadStage();
  const { id, path } = await stage.openPage('d1', { files: [] });
  const socket = connect(stage.server.port, '127.0.0.1');
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 9000000\r\n\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n`,
  );
  socket.write(randomBytes(1_000_000));
  await stage.whenDraft(id, ({ files }) => files[0]?.state === 'waiting');
  socket.destroy();
  const { files } = await stage.whenDraft(id, (draft) => draft.files[0]?.state === 'refused');
  expect(files[0]).toMatchObject({ problem: { code: 'upload_ended' } });
  await stage.nothingArrives();
});

test('only the first file of a form counts', async () => {
  await using stage = await createUploadStage();
  const { id, path } = await stage.openPage('d1', { files: [] });
  const form = new FormData();
  form.append('other', 'x');
  for (const name of ['phone.mp4', 'phone.jpg'])
    form.append('file', new Blob([new Uint8Array(await readFile(fixture(name)))]), name);
  const sent = await stage.fetchPath(path, { method: 'POST', body: form, redirect: 'manual' });
  expect(sent.status).toBe(303);
  const { files } = await stage.whenDraft(id, (draft) => draft.files[0]?.state === 'ready');
  expect(files.map(({ name }) => name)).toEqual(['phone.mp4']);
});
