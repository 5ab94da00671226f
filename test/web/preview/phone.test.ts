import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLookStage, type LookStage, SIZES } from '../review/look-stage.ts';
import { expectAccessible, keepScreenshot, openInBrowser, startBrowser } from '../uploads/browser.ts';

const CAPTION = 'A week at sea, in five pictures. '.repeat(8).trim();

let browser: Browser;
let stage: LookStage;
beforeAll(async () => {
  browser = await startBrowser();
  stage = await createLookStage();
});
afterAll(async () => {
  await browser.close();
  await stage[Symbol.asyncDispose]();
});

const open = ({ path }: { path: string }, options?: Parameters<typeof openInBrowser>[2]) =>
  openInBrowser(browser, stage.server.url + path, options);
const count = (page: Page) => page.locator('[data-part="count"]');
const focused = (page: Page) => page.evaluate<string>('document.activeElement.textContent.trim()');
/** Waits until something is true in the page, whose policy lets no text be run there but ours from outside. */
const becomes = (page: Page, expression: string) =>
  expect.poll(() => page.evaluate<boolean>(expression)).toBe(true);
/** Waits until a photo, from 1, fills the phone. */
const fills = (page: Page, number: number) =>
  becomes(
    page,
    `(({ scrollLeft, clientWidth }) => Math.abs(scrollLeft - ${number - 1} * clientWidth) < 1)(document.querySelector('.phone-slides'))`,
  );

describe('photos', () => {
  test('change by arrows and keys, and whoever hears the page is told', async () => {
    await using opened = await open(await stage.addPhotos(3), { reducedMotion: 'reduce' });
    const { page, complaints } = opened;
    expect(await count(page).textContent()).toBe('1 / 3');
    expect(await page.getByRole('button', { name: 'Photo before' }).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Next photo' }).click();
    expect(await count(page).textContent()).toBe('2 / 3');
    await page.locator('.phone-slides').focus();
    await page.keyboard.press('ArrowRight');
    expect(await count(page).textContent()).toBe('3 / 3');
    expect(await page.locator('.phone [role="status"]').textContent()).toBe('Photo 3 of 3');
    await page.keyboard.press('Home');
    expect(await count(page).textContent()).toBe('1 / 3');
    await page.keyboard.press('End');
    await fills(page, 3);
    expect(complaints).toEqual([]);
  });

  test('keep the focus on an arrow where the other one ends', async () => {
    await using opened = await open(await stage.addPhotos(2));
    const { page } = opened;
    await page.getByRole('button', { name: 'Next photo' }).focus();
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('Photo before');
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('Next photo');
  });

  test('follow a finger', async () => {
    await using opened = await open(await stage.addPhotos(3), {
      hasTouch: true,
      isMobile: true,
      viewport: { width: 375, height: 812 },
    });
    const { page } = opened;
    const client = await page.context().newCDPSession(page);
    const [y, ...xs] = [330, 280, 240, 200, 160, 120, 80, 60];
    const begun = Date.now() / 1000 - 1;
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', afterSeconds: number, x?: number) =>
      client.send('Input.dispatchTouchEvent', {
        type,
        timestamp: begun + afterSeconds,
        touchPoints: x === undefined ? [] : [{ x, y }],
      });
    await touch('touchStart', 0, 300);
    for (const [index, x] of xs.entries()) await touch('touchMove', (index + 1) / 20, x);
    // The finger rests before it leaves: how far a strip flies that is thrown depends on how busy the machine is.
    await touch('touchEnd', 1);
    await page.locator('.phone-count', { hasText: '2 / 3' }).waitFor();
    await fills(page, 2);
  });

  test('are a strip without JavaScript, with the whole caption below', async () => {
    const post = await stage.addPhotos(3, { content: { caption: CAPTION } });
    await using opened = await open(post, {
      javaScriptEnabled: false,
      viewport: { width: 375, height: 812 },
    });
    const { page } = opened;
    await keepScreenshot(page, 'look-plain-photos');
    for (const button of await page.locator('.phone button').all())
      expect(await button.isVisible()).toBe(false);
    expect(await page.locator('.phone-slides img').count()).toBe(3);
    expect(await page.locator('.phone-caption').innerText()).toBe(CAPTION);
  });
});

describe('a caption', () => {
  test('is cut after two lines, and “more” opens it', async () => {
    await using opened = await open(await stage.addPhotos(1, { content: { caption: CAPTION } }));
    const { page } = opened;
    const caption = page.locator('.phone-caption');
    const more = page.getByRole('button', { name: 'more' });
    await more.waitFor();
    const cut = (await caption.boundingBox())?.height ?? 0;
    await more.focus();
    await page.keyboard.press('Enter');
    expect((await caption.boundingBox())?.height).toBeGreaterThan(2 * cut);
    const less = page.getByRole('button', { name: 'less' });
    expect(await less.getAttribute('aria-expanded')).toBe('true');
    await keepScreenshot(page, 'look-caption-open');
    await expectAccessible(page);
    await less.click();
    expect((await caption.boundingBox())?.height).toBe(cut);
  });

  test('that is short has no “more”', async () => {
    await using opened = await open(await stage.addPhotos(2, { content: { caption: 'Short' } }));
    await count(opened.page).waitFor();
    expect(await opened.page.locator('.phone-more').isVisible()).toBe(false);
  });
});

describe('a video', () => {
  test('waits for a press, plays with its sound, and can be silenced', async () => {
    await using opened = await open(await stage.addVideo());
    const { page, complaints } = opened;
    expect(await page.evaluate<boolean>("document.querySelector('video').paused")).toBe(true);
    await page.getByRole('button', { name: 'Play' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    const sound = page.getByRole('button', { name: 'Sound' });
    expect(await sound.getAttribute('aria-pressed')).toBe('true');
    await sound.press('Enter');
    await becomes(page, "document.querySelector('video').muted");
    await page.locator('.phone-sound[aria-pressed="false"]').waitFor();
    expect(complaints).toEqual([]);
  });

  test('shows its cover until it plays', async () => {
    await using opened = await open(await stage.addVideo({ content: { coverMs: 300 } }));
    await becomes(opened.page, "document.querySelector('video').currentTime === 0.3");
  });

  test('has the controls of the browser without JavaScript', async () => {
    await using opened = await open(await stage.addVideo(), { javaScriptEnabled: false });
    expect(await opened.page.locator('video[controls]').count()).toBe(1);
    expect(await opened.page.locator('.phone-play').isVisible()).toBe(false);
  });
});

test.each(SIZES)('breaks no rule at $name', async ({ name, ...size }) => {
  const post = await stage.addPhotos(4, { content: { caption: CAPTION, title: 'Out at sea' } });
  await using photos = await open(post, size);
  await photos.page.locator('.phone-count').waitFor();
  await keepScreenshot(photos.page, `look-photos-${name}`);
  await expectAccessible(photos.page);
  await using video = await open(await stage.addVideo({ content: { caption: CAPTION } }), size);
  await video.page.locator('.phone-play').waitFor();
  await keepScreenshot(video.page, `look-video-${name}`);
  await expectAccessible(video.page);
  expect([...photos.complaints, ...video.complaints]).toEqual([]);
});

test('the first view of a page with photos is small', async () => {
  const post = await stage.addPhotos(1, { content: { caption: CAPTION } });
  await using opened = await open({ path: '/robots.txt' });
  const { page } = opened;
  const client = await page.context().newCDPSession(page);
  let bytes = 0;
  client.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await client.send('Network.enable');
  await page.goto(stage.server.url + post.path, { waitUntil: 'load' });
  expect(await page.evaluate<number>("document.querySelector('.phone-slides img').naturalWidth")).toBe(720);
  // Slow 4G carries 200 KB in a second.
  expect(bytes).toBeLessThan(100_000);
});

test.each([
  [true, 'Tue, 1 Dec 2026, 12:30 GMT-5'],
  [false, '2026-12-01 17:30 UTC'],
])(
  'says when a post goes out by the clocks of whoever looks, with scripts: %s',
  async (javaScriptEnabled, words) => {
    const post = await stage.addPhotos(1, { publishAt: Date.UTC(2026, 11, 1, 17, 30) });
    await using opened = await open(post, { javaScriptEnabled, timezoneId: 'America/New_York' });
    const { page } = opened;
    await page.locator('dd', { hasText: words }).waitFor();
    expect(await page.locator('dd time').getAttribute('datetime')).toBe('2026-12-01T17:30:00.000Z');
  },
);

test('the keyboard goes through the page in the order in which it reads', async () => {
  const post = await stage.addPhotos(3, { content: { caption: CAPTION } });
  await using opened = await open(post);
  const { page } = opened;
  await page.getByRole('button', { name: 'more' }).waitFor();
  const reached: string[] = [];
  for (let presses = 0; presses < 7; presses += 1) {
    await page.keyboard.press('Tab');
    reached.push(
      await page.evaluate<string>(
        'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim()',
      ),
    );
  }
  expect(reached).toEqual(['Nod', '3 photos', 'Next photo', 'more', '1', '2', '3']);
});

test('nothing moves by itself where people want less motion', async () => {
  await using opened = await open(await stage.addPhotos(2), { reducedMotion: 'reduce' });
  const behaviour = "getComputedStyle(document.querySelector('.phone-slides')).scrollBehavior";
  expect(await opened.page.evaluate<string>(behaviour)).toBe('auto');
});
