import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  expectAccessible,
  keepScreenshot,
  LOOKS,
  openInBrowser,
  startBrowser,
} from '../web/uploads/browser.ts';
import { fixture, startStage } from './stage.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

test.each(LOOKS)('a video comes from the page on $name into the draft in the chat', async (look) => {
  await using stage = await startStage();
  await stage.sendFile('phone.mp4', { declaredBytes: 31_000_000 });
  const refused = await stage.draft('31.0 MB');
  await stage.tap(refused, 'Add a big file');
  const message = JSON.stringify(await stage.card('Upload files of up to 4 GB'));
  const [link = ''] = /https?:[^"\s]+\/upload\/[\w-]{32}/.exec(message) ?? [];
  await using opened = await openInBrowser(browser, link, look);
  const { page, complaints } = opened;
  const picture = look.name.replaceAll(' ', '-');
  await keepScreenshot(page, `${picture}-empty`);
  await expectAccessible(page);
  await page.setInputFiles('#file', fixture('phone.mp4'));
  await page.locator('#done').waitFor();
  await page.locator('#files canvas').waitFor();
  await keepScreenshot(page, `${picture}-done`);
  await expectAccessible(page);
  expect(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  expect(complaints).toEqual([]);
  expect((await stage.draft('Video for TikTok')).message_id).toBe(refused.message_id);
});
