import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { createFiles, offeredFile } from '../../../src/bots/discord/files.ts';
import { photo, startHarness } from './harness.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A host that answers with some bytes, or leads elsewhere. */
async function serve(answer: { bytes?: number; location?: string; isCut?: boolean }) {
  const server = createServer((_, response) => {
    if (answer.location !== undefined) response.writeHead(302, { location: answer.location }).end();
    else if (answer.isCut)
      response.writeHead(200, { 'content-length': 99 }).write('x', () => response.destroy());
    else response.end(Buffer.alloc(answer.bytes ?? 0));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return `http://127.0.0.1:${address.port}`;
}

const read = async (apiUrl: string, ref: string) => buffer(await createFiles({ apiUrl }).openFile(ref));

async function errorOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('secret-of-the-link');
  return error instanceof Error ? error : new Error('Nothing was thrown.');
}

it.each([
  'http://cdn.discordapp.com/a?hm=secret-of-the-link',
  'https://cdn.discordapp.com.evil.example/a?hm=secret-of-the-link',
  'https://cdn.discordapp.com@evil.example/a?hm=secret-of-the-link',
  'https://user@cdn.discordapp.com/a?hm=secret-of-the-link',
  'https://cdn.discordapp.com:8443/a?hm=secret-of-the-link',
  'https://discord.com/a?hm=secret-of-the-link',
  'https://127.0.0.1/a?hm=secret-of-the-link',
  'file:///etc/passwd?secret-of-the-link',
  'nonsense secret-of-the-link',
])('fetches nothing from %s', async (url) => {
  const error = await errorOf(read('https://discord.com/api', `9:${url}`));
  expect(error.message).toContain('not its own');
});

it('fetches from the host of an API that is not Discord’s own, and from no other', async () => {
  const host = await serve({ bytes: 9 });
  expect(await read(`${host}/api`, `9:${host}/a`)).toHaveLength(9);
  const other = await serve({ bytes: 9 });
  expect((await errorOf(read(`${host}/api`, `9:${other}/secret-of-the-link`))).message).toContain(
    'not its own',
  );
});

it('reads no more than was declared', async () => {
  const host = await serve({ bytes: 10 });
  expect((await errorOf(read(`${host}/api`, `9:${host}/secret-of-the-link`))).message).toContain('larger');
});

it('follows no redirect', async () => {
  const target = await serve({ bytes: 9 });
  const host = await serve({ location: `${target}/secret-of-the-link` });
  const error = await errorOf(read(`${host}/api`, `9:${host}/secret-of-the-link`));
  expect(error).toMatchObject({ name: 'ChatUnreachableError', message: expect.stringContaining('302') });
});

it('names no link when a download breaks off', async () => {
  const host = await serve({ isCut: true });
  const error = await errorOf(read(`${host}/api`, `99:${host}/secret-of-the-link`));
  expect(error).toMatchObject({ name: 'ChatUnreachableError' });
});

it('fetches an upload while it lives', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot, events } = await harness.startBot();
  await discord.runCommand({
    user: discord.ana,
    channel: discord.posts,
    name: 'tiktok',
    subcommand: 'post',
    options: { media1: await photo('a.jpg') },
  });
  const { file } = await events.one('media');
  expect(await buffer(await bot.openFile(file.ref))).toHaveLength(file.bytes ?? 0);
  discord.advance(16 * 60_000);
  expect(await harness.errorOf(bot.openFile(file.ref))).toMatchObject({ name: 'FileUnavailableError' });
});

it('asks Discord’s media proxy for a small picture of a video', () => {
  const attachment = {
    id: '1',
    filename: 'a.mp4',
    size: 9,
    content_type: 'video/mp4',
    width: 1080,
    height: 1920,
    url: 'https://cdn.discordapp.com/a.mp4?ex=1',
    proxy_url: 'https://media.discordapp.net/a.mp4?ex=1',
  };
  expect(offeredFile(attachment)).toEqual({
    ref: '9:https://cdn.discordapp.com/a.mp4?ex=1',
    name: 'a.mp4',
    bytes: 9,
    claimedKind: 'video',
    thumbnailRef: '0:https://media.discordapp.net/a.mp4?ex=1&format=jpeg&width=270&height=480',
  });
});

it('names a file without characters that nobody sees or that turn its name around', () => {
  const nameOf = (filename: string) =>
    offeredFile({ id: '1', filename, size: 9, url: 'https://x/a', proxy_url: 'https://x/a' }).name;
  expect(nameOf('a\u202Egnp.jpg')).toBe('agnp.jpg');
  expect(nameOf('\u200B')).toBe('file');
  expect(nameOf(`${'a'.repeat(300)}.jpeg`)).toBe(`${'a'.repeat(95)}.jpeg`);
});
