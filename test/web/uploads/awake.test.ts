import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixture } from '../../e2e/stage.ts';
import {
  choose,
  createLongVideo,
  MIDDLE_BYTES,
  openInBrowser,
  says,
  startBrowser,
  startNetwork,
} from './browser.ts';
import { createUploadStage } from './upload-stage.ts';

const VIDEO = fixture('phone.mp4');
const DONE = 'you can close this page';

let browser: Browser;
let video: Awaited<ReturnType<typeof createLongVideo>>;
beforeAll(async () => {
  browser = await startBrowser();
  video = await createLongVideo();
});
afterAll(async () => {
  await browser.close();
  await video.dispose();
});

/** Notes which locks of the browser's the page holds, and grants them when the test says so. */
const NOTE_LOCKS = `
  window.locks = new Set();
  const count = () => { document.documentElement.dataset.locks = window.locks.size; };
  window.granting = Promise.resolve();
  const request = navigator.wakeLock.request.bind(navigator.wakeLock);
  navigator.wakeLock.request = async (type) => {
    const lock = await request(type);
    await window.granting;
    window.locks.add(lock);
    count();
    lock.addEventListener('release', () => {
      window.locks.delete(lock);
      count();
    });
    return lock;
  };`;
const holds = (page: Page, count: number): Promise<void> =>
  page.locator(`html[data-locks="${count}"]`).waitFor({ state: 'attached' });
const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name }).click();

/** A page whose network can be stopped. */
async function openPage() {
  await using stack = new AsyncDisposableStack();
  const stage = stack.use(await createUploadStage());
  const network = stack.use(await startNetwork(stage.server.url));
  const { path } = await stage.openPage('d1');
  const { page, complaints } = stack.use(await openInBrowser(browser, 'about:blank'));
  await page.addInitScript(NOTE_LOCKS);
  await page.goto(network.url + path);
  /** Chooses a file, of which so many bytes get through. */
  const chooseAndStop = async (file: string, bytes: number) => {
    const stopped = network.stopAfter(bytes);
    await choose(page, file);
    await stopped;
  };
  const kept = stack.move();
  return { network, page, complaints, chooseAndStop, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

describe('the screen stays on', () => {
  test('while something is sent, and no longer', async () => {
    await using scene = await openPage();
    const { page, network } = scene;
    await scene.chooseAndStop(video.path, MIDDLE_BYTES);
    await holds(page, 1);
    await press(page, 'Pause');
    await holds(page, 0);
    network.mend();
    await press(page, 'Go on');
    await says(page, DONE);
    await holds(page, 0);
    expect(scene.complaints).toEqual([]);
  });

  test('while the network is away', async () => {
    await using scene = await openPage();
    const { page, network } = scene;
    await scene.chooseAndStop(video.path, MIDDLE_BYTES);
    network.cut();
    await says(page, 'No connection; it goes on by itself');
    await holds(page, 1);
  });

  test('again when somebody looks at the page again, of which the browser has let it go out', async () => {
    await using scene = await openPage();
    const { page } = scene;
    await scene.chooseAndStop(video.path, MIDDLE_BYTES);
    await holds(page, 1);
    await page.evaluate('[...locks][0].release()');
    await holds(page, 0);
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await holds(page, 1);
  });

  test('where it is paused and goes on before the browser has granted that', async () => {
    await using scene = await openPage();
    const { page, network } = scene;
    await page.evaluate('window.granting = new Promise((grant) => { window.grant = grant; }), undefined');
    await scene.chooseAndStop(video.path, MIDDLE_BYTES);
    await press(page, 'Pause');
    network.takeNew();
    const middle = network.stopAfter(MIDDLE_BYTES / 3);
    await press(page, 'Go on');
    await page.evaluate('grant()');
    await middle;
    await holds(page, 1);
    network.mend();
    await says(page, DONE);
    await holds(page, 0);
  });
});

describe('a connection on which nothing moves any more is given up', () => {
  /** All of a file has left the browser, and nothing of it comes through; the time goes on only as the test says. */
  async function stall() {
    const scene = await openPage();
    const { page, network } = scene;
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    // Whatever else the page still asks for gets through.
    const stopped = network.stopBehind('POST');
    await choose(page, VIDEO);
    await stopped;
    const isSent = page.locator('main').getByText('All of it is sent');
    while ((await isSent.count()) === 0) await page.clock.runFor(250);
    network.takeNew();
    return scene;
  }

  test('after 45 s', async () => {
    await using scene = await stall();
    const { page, network } = scene;
    const before = network.carried;
    await page.clock.runFor(40_000);
    expect(await page.locator('[data-state="sending"]').count()).toBe(1);
    expect(network.carried).toBe(before);
    await page.clock.runFor(8_000);
    await says(page, DONE);
    expect(scene.complaints).toEqual([]);
  });

  test('after 6 s once somebody looks at the page again', async () => {
    await using scene = await stall();
    const { page } = scene;
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await page.clock.runFor(8_000);
    await says(page, DONE);
  });
});
