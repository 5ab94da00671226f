import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { maxFileBytesOf } from '../../../src/bots/telegram/index.ts';
import { openLocalFile } from '../../../src/bots/telegram/local-files.ts';
import { jpeg, startHarness } from './harness.ts';

const TOKEN = '123456:TEST-token';
const ROOT = '/var/lib/telegram-bot-api';

/** A folder as a server shares it, and something secret beside it. */
async function sharedFolder() {
  const base = await mkdtemp(join(tmpdir(), 'nod-local-'));
  const directory = join(base, 'shared');
  const put = async (path: string, text = path) => {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), text);
  };
  await put(`shared/${TOKEN}/videos/file_0.mp4`, 'clip');
  await put('shared/654321:OTHER-token/videos/file_0.mp4', 'of another bot');
  await put('secret.key', 'secret');
  return {
    base,
    directory,
    put,
    open: (path: string) => openLocalFile(path, { directory, token: TOKEN }),
    [Symbol.asyncDispose]: () => rm(base, { recursive: true }),
  };
}

/** The error of an attempt, which must not tell the token or a path. */
async function failureOf(opening: Promise<unknown>): Promise<unknown> {
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const shown = inspect(error, { depth: 10, showHidden: true }).replaceAll(/^\s+at .*$/gm, '');
  expect(shown).not.toMatch(/TEST-token|nod-local-|telegram-bot-api|secret/);
  return error;
}

describe('a file of a server with --local', () => {
  it.each([
    ['its own root', `${ROOT}/${TOKEN}/videos/file_0.mp4`],
    ['a root that looks like a token', `/data/${TOKEN}/${TOKEN}/videos/file_0.mp4`],
  ])('is found by %s', async (_, path) => {
    await using shared = await sharedFolder();
    expect((await buffer(await shared.open(path))).toString()).toBe('clip');
  });

  it('is found in the folder itself', async () => {
    await using shared = await sharedFolder();
    const path = join(shared.directory, TOKEN, 'videos/file_0.mp4');
    expect((await buffer(await shared.open(path))).toString()).toBe('clip');
  });

  it.each([
    ['elsewhere', '/etc/passwd'],
    ['of another bot', `${ROOT}/654321:OTHER-token/videos/file_0.mp4`],
    ['upwards', `${ROOT}/${TOKEN}/../654321:OTHER-token/videos/file_0.mp4`],
    ['upwards and out', `${ROOT}/${TOKEN}/videos/../../../secret.key`],
    ['the folder itself', `${ROOT}/${TOKEN}`],
    ['a folder', `${ROOT}/${TOKEN}/videos`],
    ['missing', `${ROOT}/${TOKEN}/videos/file_1.mp4`],
    ['cut by a zero', `${ROOT}/${TOKEN}/videos/file_0.mp4\0.jpg`],
  ])('is none that is %s', async (_, path) => {
    await using shared = await sharedFolder();
    expect(await failureOf(shared.open(path))).toMatchObject({ name: 'ChatUnreachableError' });
  });

  it.each([
    ['a file', '../../../secret.key', 'videos/file_2.mp4'],
    ['a folder', '../..', 'photos'],
  ])('is not reached by a symlink out of the folder to %s', async (_, target, name) => {
    await using shared = await sharedFolder();
    await symlink(target, join(shared.directory, TOKEN, name));
    const path = `${ROOT}/${TOKEN}/${name === 'photos' ? 'photos/secret.key' : name}`;
    expect(await failureOf(shared.open(path))).toMatchObject({ name: 'ChatUnreachableError' });
  });

  it('may be moved within the folder by a symlink', async () => {
    await using shared = await sharedFolder();
    const folder = join(shared.directory, TOKEN);
    await rename(join(folder, 'videos'), join(shared.directory, 'elsewhere'));
    await symlink('../elsewhere', join(folder, 'videos'));
    const stream = await shared.open(`${ROOT}/${TOKEN}/videos/file_0.mp4`);
    expect((await buffer(stream)).toString()).toBe('clip');
  });

  it('is no pipe, which would never end', async () => {
    await using shared = await sharedFolder();
    execFileSync('mkfifo', [join(shared.directory, TOKEN, 'videos/pipe')]);
    expect(await failureOf(shared.open(`${ROOT}/${TOKEN}/videos/pipe`))).toMatchObject({
      name: 'ChatUnreachableError',
    });
  });
});

describe('how big a file may be', () => {
  it.each([
    [undefined, 4_000_000_000, 20 * 2 ** 20],
    ['/telegram', undefined, 2_000 * 2 ** 20],
    ['/telegram', 4_000_000_000, 2_000 * 2 ** 20],
    ['/telegram', 1_000_000, 1_000_000],
  ])('with the folder %s and a limit of %s is %d bytes', (filesDir, uploadLimitBytes, max) => {
    expect(maxFileBytesOf({ filesDir, uploadLimitBytes })).toBe(max);
  });
});

describe('a server of one’s own', () => {
  it('hands over by its folder what is too big for the cloud', async () => {
    await using shared = await sharedFolder();
    const { directory } = shared;
    await using harness = await startHarness({ local: { directory, root: ROOT } });
    const { telegram } = harness;
    const { bot, events } = await harness.startBot(async () => {}, { filesDir: directory });
    const bytes = Buffer.alloc(21 * 2 ** 20, 'x');
    await telegram.sendDocument(telegram.anaChat, telegram.ana, { bytes, fileName: 'big.mp4' });
    const { file } = await events.one('media');
    expect(file.tooBig).toBeUndefined();
    expect((await buffer(await bot.openFile(file.ref))).equals(bytes)).toBe(true);
  });

  it('with --local and no folder says which setting is missing', async () => {
    await using shared = await sharedFolder();
    await using harness = await startHarness({ local: { directory: shared.directory, root: ROOT } });
    const { telegram } = harness;
    const { bot, events } = await harness.startBot();
    await telegram.sendPhoto(telegram.anaChat, telegram.ana, { bytes: await jpeg() });
    const { file } = await events.one('media');
    const error = await harness.errorOf(bot.openFile(file.ref));
    expect(String(error)).toContain('set TELEGRAM_FILES_DIR');
  });

  it('without --local keeps to the limit of the cloud, and says so for good', async () => {
    await using harness = await startHarness();
    const { telegram } = harness;
    const { bot, events } = await harness.startBot();
    const bytes = Buffer.alloc(10);
    await telegram.sendDocument(telegram.anaChat, telegram.ana, {
      bytes,
      declaredBytes: 21 * 2 ** 20,
      fileName: 'a.mp4',
    });
    const { file } = await events.one('media');
    expect(await harness.errorOf(bot.openFile(file.ref))).toMatchObject({
      problem: { code: 'file_too_big_for_bots' },
    });
  });
});
