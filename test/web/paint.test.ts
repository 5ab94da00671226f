import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linkFor, openPage, startComposing } from './compose/compose-stage.ts';
import { createLookStage } from './review/look-stage.ts';
import { openInBrowser, startBrowser } from './uploads/browser.ts';

/** Slow 4G carries 200 KB in a second, and its way there and back takes 150 ms. */
const SLOW_4G = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 };
const SLOW_CPU = { rate: 4 };
/** What everything together may take that is wanted before the largest part is there. */
const MAX_BYTES = 100_000;
/** With PAINT each page is loaded so often, and the times are printed and held to their goal. */
const ROUNDS = process.env.PAINT === undefined ? 1 : 5;
const GOAL_MS = 1_000;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

interface Painted {
  readonly ms: number;
  readonly what: string;
  /** Of everything that was asked for until then. */
  readonly bytes: number;
  /** Videos that were asked for before all else was there. */
  readonly videosBefore: number;
  readonly posters: number;
}

/** Loads a page like a phone that is slow on a slow network, and waits until it has loaded. */
async function paint(page: Page, url: string): Promise<Painted> {
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.clearBrowserCache');
  await client.send('Network.emulateNetworkConditions', SLOW_4G);
  await client.send('Emulation.setCPUThrottlingRate', SLOW_CPU);
  await page.goto(url, { waitUntil: 'networkidle' });
  const painted = await page.evaluate<Painted>(`new Promise((resolve) => {
    new PerformanceObserver((list) => {
      const last = list.getEntries().at(-1);
      const ms = last.startTime;
      const loaded = performance.getEntriesByType('navigation')[0].loadEventStart;
      const files = performance.getEntriesByType('resource');
      const page = performance.getEntriesByType('navigation')[0].encodedBodySize;
      resolve({
        ms,
        what: last.element === null ? '' : last.element.tagName,
        bytes: page + files.filter(({ responseEnd }) => responseEnd <= ms).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
        videosBefore: files.filter(({ initiatorType, startTime, name }) => initiatorType === 'video' && !name.endsWith('/small') && startTime < loaded).length,
        posters: files.filter(({ name }) => name.endsWith('/small')).length,
      });
    }).observe({ type: 'largest-contentful-paint', buffered: true });
  })`);
  await client.detach();
  return painted;
}

/** The median of some loads of a page. */
async function paintOften(page: Page, name: string, url = page.url()): Promise<Painted> {
  const loads: Painted[] = [];
  for (let round = 0; round < ROUNDS; round += 1) loads.push(await paint(page, url));
  const sorted = loads.toSorted((a, b) => a.ms - b.ms);
  const median = sorted[Math.floor(ROUNDS / 2)];
  if (median === undefined) throw new Error('Nothing was painted.');
  if (process.env.PAINT !== undefined) {
    process.stdout.write(
      `${name}: ${sorted.map(({ ms }) => Math.round(ms)).join(' ')} ms, ${median.what}, ${median.bytes} bytes\n`,
    );
    expect.soft(median.ms, name).toBeLessThan(GOAL_MS);
  }
  expect(median.bytes, name).toBeLessThan(MAX_BYTES);
  return median;
}

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

test('a video waits for the page on which it is looked at, where a small picture stands for it', async () => {
  await using stage = await createLookStage();
  const { path } = await stage.addVideo({ preview: await stage.poster(), content: { caption: 'Evening' } });
  await using opened = await openInBrowser(browser, `${stage.server.url}/robots.txt`, PHONE);
  const { page, complaints } = opened;
  const painted = await paintOften(page, '/look, a video', stage.server.url + path);
  expect(painted).toMatchObject({ what: 'VIDEO', videosBefore: 0, posters: 1 });
  // Then the video shows its own picture, which is what is approved.
  await page.evaluate(`new Promise((resolve) => {
    const video = document.querySelector('video');
    if (video.currentTime > 0) resolve();
    else video.addEventListener('timeupdate', () => video.currentTime > 0 && resolve());
  })`);
  expect(complaints).toEqual([]);
});

test('the largest part of each other page comes with few bytes', async () => {
  await using look = await createLookStage();
  await using opened = await openInBrowser(browser, `${look.server.url}/robots.txt`, PHONE);
  const { page } = opened;
  const photos = await look.addPhotos(3, { content: { caption: 'Evening' } });
  await paintOften(page, '/look, photos', look.server.url + photos.path);
  await paintOften(page, '/', `${look.server.url}/`);
});

test('so does that of the page on which a video is composed', async () => {
  await using stage = await startComposing(['demo/sunset.mp4']);
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), PHONE);
  const painted = await paintOften(opened.page, '/compose, a video');
  expect(painted).toMatchObject({ videosBefore: 0, posters: 1 });
});

test('so does that of the page on which photos are composed', async () => {
  await using stage = await startComposing(['demo/studio.jpg', 'demo/beach.png']);
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), PHONE);
  await paintOften(opened.page, '/compose, photos');
});

test('so does that of the page that takes big files', async () => {
  await using stage = await startComposing(['phone.mp4']);
  await stage.tap(stage.draftCard, 'Add a big file');
  const message = JSON.stringify(await stage.card('Upload files of up to 4 GB'));
  const [link = ''] = /https?:[^"\s]+\/upload\/[\w-]{32}/.exec(message) ?? [];
  await using opened = await openInBrowser(browser, link, PHONE);
  await paintOften(opened.page, '/upload');
});
