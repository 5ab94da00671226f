import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SIZES } from '../web/review/look-stage.ts';
import {
  expectAccessible,
  keepScreenshot,
  openInBrowser,
  says,
  startBrowser,
} from '../web/uploads/browser.ts';
import { type Review, startVotesStage } from './votes-stage.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** The link of *Look at it* on a card. */
function lookLink({ onTelegram }: Review): string {
  const [link = ''] = /https?:[^"\s]+\/look\/[\w.-]+/.exec(JSON.stringify(onTelegram)) ?? [];
  return link;
}

/** A mark that a reload would wipe away. */
const mark = (page: Page) => page.evaluate('document.body.dataset.stays = "yes"');
const stays = (page: Page) => page.evaluate<string>('document.body.dataset.stays');

test('a vote in the chat is seen on the page without a reload, and then the link to the post', async () => {
  await using stage = await startVotesStage();
  const { tiktok, telegram, ben, dora, posts } = stage;
  const review = await stage.review('First light over the harbour');
  await using opened = await openInBrowser(browser, lookLink(review), { colorScheme: 'light' });
  const { page, complaints } = opened;
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await says(page, '2 more approvals are missing');
  await says(page, 'Who decides: ');
  await mark(page);
  await stage.pressed(review.onDiscord, 'Approve', ben);
  await says(page, 'Ben approves');
  await says(page, 'One more approval is missing');
  expect(await page.locator('[data-news]').textContent()).toBe('Ben approves.');
  await keepScreenshot(page, 'look-one-vote');
  await expectAccessible(page);
  const toDiscord = page.getByRole('link', { name: 'Open its card in Discord' });
  const cardUrl = await toDiscord.getAttribute('href');
  expect(cardUrl).toBe(
    `https://discord.com/channels/${stage.discord.studio.id}/${posts.id}/${review.onDiscord.id}`,
  );
  await toDiscord.focus();
  await telegram.press(review.onTelegram, 'Approve', dora);
  await page.getByRole('link', { name: 'See it on TikTok' }).waitFor();
  const href = await page.getByRole('link', { name: 'See it on TikTok' }).getAttribute('href');
  expect(href).toContain(`/photo/${tiktok.state.publishes[0]?.postIds[0]}`);
  expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Open its card in Discord');
  await keepScreenshot(page, 'look-published');
  await expectAccessible(page);
  expect(await stays(page)).toBe('yes');
  expect(complaints).toEqual([]);
  const origin = new URL(lookLink(review)).origin;
  expect(requests.filter((url) => !url.startsWith(origin))).toEqual([]);
});

test('a rejection is seen with its reason', async () => {
  await using stage = await startVotesStage();
  const review = await stage.review();
  await using opened = await openInBrowser(browser, lookLink(review), { colorScheme: 'dark' });
  const { page, complaints } = opened;
  await says(page, '2 more approvals are missing');
  await mark(page);
  await stage.windowed(review.onDiscord, 'Reject…', { user: stage.chiara, reason: 'Too <b>dark</b>' });
  await says(page, 'Rejected by Chiara: “Too <b>dark</b>”');
  expect(await stays(page)).toBe('yes');
  await says(page, 'only shows what was to be published');
  await keepScreenshot(page, 'look-rejected');
  await expectAccessible(page);
  expect(complaints).toEqual([]);
});

test('without JavaScript the page shows everything', async () => {
  await using stage = await startVotesStage();
  const review = await stage.review();
  await stage.pressed(review.onDiscord, 'Approve', stage.ben);
  await stage.shows(review, /Ben/);
  const [size] = SIZES;
  await using opened = await openInBrowser(browser, lookLink(review), { ...size, javaScriptEnabled: false });
  await says(opened.page, 'Ben approves');
  await says(opened.page, 'One more approval is missing');
  await keepScreenshot(opened.page, 'look-plain');
});
