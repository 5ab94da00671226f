import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAccessible, keepScreenshot, LOOKS, startBrowser } from '../uploads/browser.ts';
import { linkFor, openPage, startComposing } from './compose-stage.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

test.each(LOOKS)('shows the draft and saves who can see it and the caption, on $name', async (look) => {
  await using stage = await startComposing(['phone.mp4']);
  const { draftCard } = stage;
  await using opened = await openPage(browser, await linkFor(stage, draftCard), look);
  const { page, complaints } = opened;
  const picture = look.name.replaceAll(' ', '-');
  await keepScreenshot(page, `compose-${picture}`);
  await expectAccessible(page);
  await page.getByLabel('Caption').fill('At the beach');
  await page.getByLabel('Everyone').check();
  await stage.shows(draftCard, /At the beach[\s\S]*Who can see it\? {2}Everyone/);
  await page.locator('#part-preview').getByText('At the beach').waitFor();
  await keepScreenshot(page, `compose-${picture}-chosen`);
  await expectAccessible(page);
  expect(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  expect(complaints).toEqual([]);
});

test('works without JavaScript, and says beside its field what is missing', async () => {
  await using stage = await startComposing(['phone.mp4']);
  const { draftCard } = stage;
  await using opened = await openPage(browser, await linkFor(stage, draftCard), { javaScriptEnabled: false });
  const { page } = opened;
  await page.getByLabel('Caption').fill('At the beach\nwith Ben');
  await page.getByRole('button', { name: 'Post now' }).click();
  await page.locator('#wrong-privacy').getByText('Choose who can see it first.').waitFor();
  await page.getByLabel('Only me').check();
  await page.getByRole('button', { name: 'Save', exact: true }).last().click();
  await stage.shows(draftCard, /At the beach\nwith Ben[\s\S]*Who can see it\? {2}Only me/);
  expect(await page.getByLabel('Only me').isChecked()).toBe(true);
  expect(await page.getByLabel('Caption').inputValue()).toBe('At the beach\nwith Ben');
});
