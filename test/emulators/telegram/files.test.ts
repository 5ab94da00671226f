import { expect, it } from 'vitest';
import { startTelegramEmulator } from './index.ts';
import { createCall, makeForm, makePicture } from './wire.ts';

const start = async () => {
  const telegram = await startTelegramEmulator();
  const download = (path: string | undefined) =>
    fetch(`${telegram.apiUrl}/file/bot${telegram.token}/${path}`);
  const { ana, anaChat } = telegram;
  return { telegram, download, call: createCall(telegram), ana, chat: anaChat, chat_id: anaChat.id };
};

it('serves the bytes of a document under a link that expires after an hour', async () => {
  const { telegram, call, download, ana, chat } = await start();
  await using _ = telegram;
  const bytes = await makePicture(30, 20, 'png');
  const { document } = await telegram.sendDocument(chat, ana, {
    bytes,
    fileName: 'logo.png',
    mimeType: 'image/png',
  });
  expect(document).toMatchObject({
    file_name: 'logo.png',
    mime_type: 'image/png',
    file_size: bytes.byteLength,
  });
  const { result: file } = await call('getFile', { file_id: document?.file_id });
  expect(file.file_path).toMatch(/^documents\/file_\d+\.png$/);
  const response = await download(file.file_path);
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  telegram.advance(3600_000);
  expect((await download(file.file_path)).status).toBe(404);
  const again = await call('getFile', { file_id: document?.file_id });
  expect((await download(again.result.file_path)).status).toBe(200);
});

it('refuses files above 20 MiB by their declared size, and unknown ones', async () => {
  const { telegram, call, ana, chat } = await start();
  await using _ = telegram;
  const ask = async (declaredBytes: number) => {
    const { video } = await telegram.sendVideo(chat, ana, { bytes: new Uint8Array(3), declaredBytes });
    return (await call('getFile', { file_id: video?.file_id })).description;
  };
  expect(await ask(20 * 1024 * 1024)).toBeUndefined();
  expect(await ask(20 * 1024 * 1024 + 1)).toBe('Bad Request: file is too big');
  expect((await call('getFile', { file_id: 'AgACwrong' })).status).toBe(400);
});

it('announces an animation as a document too', async () => {
  const { telegram, ana, chat } = await start();
  await using _ = telegram;
  const message = await telegram.sendAnimation(chat, ana, {
    bytes: new Uint8Array(3),
    width: 10,
    height: 10,
  });
  expect(message.animation?.file_id).toBe(message.document?.file_id);
});

it('makes JPEG sizes of a PNG that the bot sends as a photo', async () => {
  const { telegram, call, download, chat_id } = await start();
  await using _ = telegram;
  const photo = await makePicture(640, 320, 'png');
  const { result } = await call('sendPhoto', makeForm({ chat_id }, { photo }));
  expect(result.photo).toMatchObject([
    { width: 320, height: 160 },
    { width: 640, height: 320 },
  ]);
  const { result: file } = await call('getFile', { file_id: result.photo.at(-1)?.file_id });
  const bytes = new Uint8Array(await (await download(file.file_path)).arrayBuffer());
  expect([...bytes.slice(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
});

it.each([
  ['too long a strip', () => makePicture(2100, 100), 'PHOTO_INVALID_DIMENSIONS'],
  ['too large a sum of sides', () => makePicture(6000, 4001), 'PHOTO_INVALID_DIMENSIONS'],
  ['no picture', async () => new Uint8Array(50), 'IMAGE_PROCESS_FAILED'],
  ['more than 10 MB', async () => new Uint8Array(10 * 1024 * 1024 + 1), 'too big for a photo'],
])('refuses a photo that is %s', async (_name, make, reason) => {
  const { telegram, call, chat_id } = await start();
  await using _ = telegram;
  const reply = await call('sendPhoto', makeForm({ chat_id }, { photo: await make() }));
  expect(reply.description).toContain(reason);
});

it('refuses uploads above 50 MB with 413', async () => {
  const { telegram, call, chat_id } = await start();
  await using _ = telegram;
  const document = new Uint8Array(50 * 1024 * 1024 + 1);
  expect(await call('sendDocument', makeForm({ chat_id }, { document }))).toMatchObject({
    status: 413,
    error_code: 413,
  });
});

it('cuts a download half way when told to', async () => {
  const { telegram, call, download, ana, chat } = await start();
  await using _ = telegram;
  const { document } = await telegram.sendDocument(chat, ana, { bytes: new Uint8Array(5000) });
  const { result: file } = await call('getFile', { file_id: document?.file_id });
  telegram.fault('cut-download');
  const cut = download(file.file_path).then((response) => response.arrayBuffer());
  await expect(cut).rejects.toThrow();
  expect((await (await download(file.file_path)).arrayBuffer()).byteLength).toBe(5000);
});
