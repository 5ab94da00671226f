import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Draft } from '../../../src/core/compose/draft.ts';
import { ticketKey } from '../../../src/core/uploads/tickets.ts';
import { ANA } from '../../core/posts.ts';
import { fixture } from '../../e2e/stage.ts';
import {
  choose,
  createLongVideo,
  expectAccessible,
  keepScreenshot,
  LONG,
  LOOKS,
  MARKUP,
  MIDDLE_BYTES,
  openInBrowser,
  says,
  startBrowser,
  startNetwork,
} from './browser.ts';
import { createUploadStage, type UploadStage } from './upload-stage.ts';

const VIDEO = fixture('phone.mp4');
const DONE = 'you can close this page';

const allReady = ({ files }: Draft) => files.every(({ state }) => state === 'ready');

let browser: Browser;
/** Players pass over what stands behind its end. */
let video: Awaited<ReturnType<typeof createLongVideo>>;
beforeAll(async () => {
  browser = await startBrowser();
  video = await createLongVideo();
});
afterAll(async () => {
  await browser.close();
  await video.dispose();
});

describe('an upload goes on by itself', () => {
  test('after the network was cut in the middle, and the same bytes arrive', async () => {
    await using stage = await createUploadStage();
    await using network = await startNetwork(stage.server.url);
    const { id, token, path } = await stage.openPage('d1');
    await using opened = await openInBrowser(browser, network.url + path, LOOKS[1]);
    const { page, complaints } = opened;
    const middle = network.stopAfter(MIDDLE_BYTES);
    await choose(page, video.path);
    await middle;
    network.cut();
    await says(page, 'No connection; it goes on by itself');
    await keepScreenshot(page, 'cut');
    await expectAccessible(page);
    network.mend();
    await says(page, DONE);
    expect(await arrived(stage, token)).toEqual([video.sha256]);
    expect(network.carried).toBeLessThan(1.6 * video.bytes);
    await stage.whenDraft(id, allReady);
    expect(complaints).toEqual([]);
  });

  test('after a restart of Nod', async () => {
    await using stage = await createUploadStage();
    await using network = await startNetwork(stage.server.url);
    const { id, token, path } = await stage.openPage('d1');
    await using opened = await openInBrowser(browser, network.url + path);
    const middle = network.stopAfter(MIDDLE_BYTES);
    await choose(opened.page, video.path);
    await middle;
    await stage.restart();
    network.mend();
    await says(opened.page, DONE);
    expect(await arrived(stage, token)).toEqual([video.sha256]);
    await stage.whenDraft(id, allReady);
  });

  test.each([
    ['the browser hears of a network again', "window.dispatchEvent(new Event('online'))"],
    ['somebody looks at the page again', "document.dispatchEvent(new Event('visibilitychange'))"],
  ])('at once when %s', async (_, event) => {
    await using stage = await createUploadStage();
    await using network = await startNetwork(stage.server.url);
    const { path } = await stage.openPage('d1');
    await using opened = await openInBrowser(browser, network.url + path);
    const { page } = opened;
    // No pause comes to its end.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    const middle = network.stopAfter(MIDDLE_BYTES);
    await choose(page, video.path);
    await middle;
    network.cut();
    await says(page, 'No connection; it goes on by itself');
    network.mend();
    await page.evaluate(event);
    await says(page, DONE);
  });

  test('after a proxy had no server behind it', async () => {
    await using stage = await createUploadStage();
    const { path } = await stage.openPage('d1');
    await using opened = await openInBrowser(browser, stage.server.url + path);
    const { page } = opened;
    const answer = { status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' };
    await page.route('**/files/*', (route) => route.fulfill(answer), { times: 1 });
    await choose(page, VIDEO);
    await says(page, 'The server does not answer; it goes on by itself');
    await says(page, DONE);
  });
});

/** Chooses a video on the page, and has its upload ended elsewhere while the network is cut. */
async function endWhileCut(
  stage: UploadStage,
  {
    network,
    page,
    id,
    token,
  }: { network: Awaited<ReturnType<typeof startNetwork>>; page: Page; id: string; token: string },
): Promise<void> {
  const middle = network.stopAfter(MIDDLE_BYTES);
  await choose(page, video.path);
  await middle;
  await stage.whenDraft(id, hasSome(stage));
  network.cut();
  await says(page, 'No connection; it goes on by itself');
  await endUpload(stage, token);
  network.mend();
}

describe('an upload that was ended elsewhere', () => {
  test('is not begun again but by a button', async () => {
    await using stage = await createUploadStage();
    await using network = await startNetwork(stage.server.url);
    const { id, token, path } = await stage.openPage('d1');
    await using opened = await openInBrowser(browser, network.url + path);
    const { page } = opened;
    await endWhileCut(stage, { network, page, id, token });
    await says(page, 'This upload was ended');
    expect((await stage.readDraft(id)).files.map(({ state }) => state)).toEqual(['refused']);
    await page.getByRole('button', { name: 'Try again' }).click();
    await says(page, DONE);
    expect(await arrived(stage, token)).toEqual([video.sha256]);
  });

  test('begins anew where its file is chosen again later', async () => {
    await using stage = await createUploadStage();
    await using network = await startNetwork(stage.server.url);
    const { id, token, path } = await stage.openPage('d1');
    await using opened = await openInBrowser(browser, network.url + path);
    const { page } = opened;
    await endWhileCut(stage, { network, page, id, token });
    await page.reload();
    await choose(page, video.path);
    await says(page, DONE);
    expect(await arrived(stage, token)).toEqual([video.sha256]);
  });
});

test('a server without room says so, and can be asked again', async () => {
  await using stage = await createUploadStage({ disk: { limitBytes: 1_000_000 } });
  const { path } = await stage.openPage('d1');
  await using opened = await openInBrowser(browser, stage.server.url + path);
  const { page } = opened;
  await choose(page, video.path);
  await says(page, 'There is no room for this file on the server now.');
  await page.getByRole('button', { name: 'Try again' }).click();
  await says(page, 'There is no room for this file on the server now.');
});

test('a proxy that takes no part of this size is named', async () => {
  await using stage = await createUploadStage();
  const { path } = await stage.openPage('d1');
  await using opened = await openInBrowser(browser, stage.server.url + path);
  const { page } = opened;
  const answer = { status: 413, contentType: 'text/html', body: '<h1>Too large</h1>' };
  await page.route('**/files/*', (route) => route.fulfill(answer));
  await choose(page, VIDEO);
  await says(page, 'Something between you and Nod lets no part of this size through.');
});

test('files can be dropped anywhere on the page', async () => {
  await using stage = await createUploadStage();
  const { id, path } = await stage.openPage('d1');
  await using opened = await openInBrowser(browser, stage.server.url + path);
  const { page, complaints } = opened;
  const content = JSON.stringify([...(await readFile(VIDEO))]);
  const dataTransfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(${content})], 'dropped.mp4', { type: 'video/mp4' }));
    return transfer;
  })()`);
  await page.dispatchEvent('h1', 'dragover', { dataTransfer });
  await page.dispatchEvent('h1', 'drop', { dataTransfer });
  await says(page, DONE);
  expect((await stage.whenDraft(id, allReady)).files.map(({ name }) => name)).toEqual(['dropped.mp4']);
  expect(complaints).toEqual([]);
});

test('the browser remembers no link and no name', async () => {
  await using stage = await createUploadStage();
  await using network = await startNetwork(stage.server.url);
  const { token, path } = await stage.openPage('d1');
  await using opened = await openInBrowser(browser, network.url + path);
  const { page } = opened;
  const middle = network.stopAfter(MIDDLE_BYTES);
  await choose(page, video.path);
  await middle;
  const kept = await page.evaluate<string>('JSON.stringify(localStorage)');
  expect(kept).toMatch(/^\{"nod-upload:[^"]+":/);
  expect(kept).not.toContain(token);
  expect(kept).not.toContain(LONG);
  network.mend();
  await says(page, DONE);
  expect(await page.evaluate<number>('localStorage.length')).toBe(0);
});

test('after a reload in the middle, choosing the same file goes on with it', async () => {
  await using stage = await createUploadStage();
  await using network = await startNetwork(stage.server.url);
  const { id, token, path } = await stage.openPage('d1');
  await using opened = await openInBrowser(browser, network.url + path);
  const { page, complaints } = opened;
  const middle = network.stopAfter(MIDDLE_BYTES);
  await choose(page, video.path);
  await middle;
  // What the server has not read yet may be lost with the connection.
  await expect.poll(() => statesOf(stage, token)).toEqual(['arriving']);
  // It must not go on by itself before.
  await page.goto('about:blank');
  network.mend();
  await page.goto(network.url + path);
  await says(page, 'choose the same file again to go on');
  await keepScreenshot(page, 'reloaded');
  await expectAccessible(page);
  const before = network.carried;
  await choose(page, video.path);
  await says(page, DONE);
  expect(network.carried - before).toBeLessThan(video.bytes - MIDDLE_BYTES / 2);
  expect(await page.locator('#files > li').count()).toBe(1);
  expect(await arrived(stage, token)).toEqual([video.sha256]);
  await stage.whenDraft(id, allReady);
  expect(complaints).toEqual([]);
});

test('the keyboard alone pauses, goes on, and takes a waiting file away', async () => {
  await using stage = await createUploadStage();
  await using network = await startNetwork(stage.server.url);
  const { id, path } = await stage.openPage('d1');
  await using opened = await openInBrowser(browser, network.url + path);
  const { page } = opened;
  const middle = network.stopAfter(MIDDLE_BYTES);
  const chooser = page.waitForEvent('filechooser');
  await tabTo(page, 'file');
  await page.keyboard.press('Enter');
  await (await chooser).setFiles([video.path, video.secondPath]);
  await middle;
  await keepScreenshot(page, 'two-files');
  await tabTo(page, 'Pause holiday.mp4');
  await page.keyboard.press('Enter');
  await says(page, 'paused');
  network.mend();
  expect(await focused(page)).toBe('Go on holiday.mp4');
  await keepScreenshot(page, 'paused');
  await tabTo(page, 'Remove second.mp4');
  await page.keyboard.press('Space');
  expect(await page.locator('#files > li').count()).toBe(1);
  expect(await focused(page)).toBe('Go on holiday.mp4');
  await page.keyboard.press('Enter');
  await says(page, DONE);
  expect((await stage.whenDraft(id, allReady)).files).toHaveLength(1);
});

test('several files come one after the other, and a refused one says why', async () => {
  await using stage = await createUploadStage({ uploadLimitBytes: 1_000_000 });
  const { id, path } = await stage.openPage('d1', { files: [] });
  await using opened = await openInBrowser(browser, stage.server.url + path);
  const { page, complaints } = opened;
  await page.setInputFiles('#file', [fixture('phone.jpg'), fixture('photo.webp')]);
  await says(page, DONE);
  await choose(page, video.path);
  await says(page, 'more than the 1 MB that is taken here');
  await page.setInputFiles('#file', { name: 'empty.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(0) });
  await says(page, 'The file is empty.');
  await says(page, 'The chat has 2 of 4 files.');
  await keepScreenshot(page, 'refused');
  await expectAccessible(page);
  const { files } = await stage.whenDraft(id, (draft) => draft.files.length === 2 && allReady(draft));
  expect(files.map(({ name }) => name)).toEqual(['phone.jpg', 'photo.webp']);
  expect(complaints).toEqual([]);
});

test('a link that has run out meanwhile is told in words', async () => {
  await using stage = await createUploadStage();
  const { path } = await stage.openPage('d1');
  await using opened = await openInBrowser(browser, stage.server.url + path);
  await stage.core.composer.discard('d1', ANA);
  await opened.page.setInputFiles('#file', VIDEO);
  await says(opened.page, 'This link has run out');
});

test('a name that is markup is shown as it is', async () => {
  await using stage = await createUploadStage();
  const { path } = await stage.openPage('d1');
  await using opened = await openInBrowser(browser, stage.server.url + path);
  const { page, complaints } = opened;
  await choose(page, video.markupPath);
  await says(page, DONE);
  expect(await page.locator('#files bdi').first().textContent()).toBe(MARKUP);
  await page.reload();
  expect(await page.locator('#files img').count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('without JavaScript the form takes a file', async () => {
  await using stage = await createUploadStage();
  const { id, path } = await stage.openPage('d1');
  await using opened = await openInBrowser(browser, stage.server.url + path, { javaScriptEnabled: false });
  const { page } = opened;
  await keepScreenshot(page, 'plain-form');
  await page.setInputFiles('#file', VIDEO);
  await page.getByRole('button', { name: 'Upload' }).click();
  await says(page, 'the card in the chat says how it goes on');
  await keepScreenshot(page, 'plain-done');
  await stage.whenDraft(id, allReady);
});

test('its scripts are cached for good under a name that changes with them', async () => {
  await using stage = await createUploadStage();
  const { path } = await stage.openPage('d1');
  const page = await (await stage.fetchPath(path)).text();
  const [, script = ''] = /type="module" src="([^"]+)"/.exec(page) ?? [];
  const answer = await stage.fetchPath(script);
  expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  const old = await stage.fetchPath(script.replace(/scripts\/[^/]+/, 'scripts/old'));
  expect(old.status).toBe(404);
  expect(old.headers.get('cache-control')).toBeNull();
});

/** What whoever hears the page is told of the thing that has the focus; the id of a field. */
const focused = (page: Page): Promise<string> =>
  page.evaluate<string>('document.activeElement.id || document.activeElement.textContent.trim()');

/** Presses Tab until something has the focus. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  for (let presses = 0; presses < 20; presses += 1) {
    if ((await focused(page)) === wanted) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`The keyboard does not reach “${wanted}”.`);
}

/** Whether something of a draft's file is on the disk. */
const hasSome =
  ({ core }: UploadStage) =>
  ({ files: [coming] }: Draft): boolean =>
    (core.uploads.progressOf(coming?.ref ?? '') ?? 0) > 0;

/** Ends what comes through a page, as its person does in the chat or on another device. */
async function endUpload({ core, tickets }: UploadStage, token: string): Promise<void> {
  const { files = [] } = (await tickets.get(ticketKey(token) ?? '')) ?? {};
  for (const { id } of files) await core.uploads.abandon(token, id);
}

/** How far each file of a ticket has come. */
async function statesOf({ tickets }: UploadStage, token: string): Promise<string[]> {
  const ticket = await tickets.get(ticketKey(token) ?? '');
  return (ticket?.files ?? []).map(({ state }) => state);
}

/** What has come through a page, by its hashes. */
async function arrived({ tickets }: UploadStage, token: string): Promise<string[]> {
  const ticket = await tickets.get(ticketKey(token) ?? '');
  return (ticket?.files ?? []).flatMap((file) => (file.state === 'arrived' ? [file.source.sha256] : []));
}
