import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LINK } from '../../e2e/stage.ts';
import { seed } from '../../seed.ts';
import type { World } from '../../world.ts';
import { SIZES } from '../review/look-stage.ts';
import { expectAccessible, keepScreenshot, openInBrowser, startBrowser } from '../uploads/browser.ts';
import { linkFor, openPage, startComposing } from './compose-stage.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** Looks at what a page shows in three widths, light and dark. */
async function expectAccessibleInAll(page: Page, state: string): Promise<void> {
  for (const { name, viewport, colorScheme } of SIZES) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
    expect(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await keepScreenshot(page, `compose-${state}-${name}`);
  }
}

/** Opens the page without its script, in a browser that could run it. */
async function openPlain(link: string) {
  const opened = await openInBrowser(browser, link);
  const { page } = opened;
  await page.route('**/compose/browser/*.js', (route) => route.abort());
  await expectAccessibleInAll(page, 'unopened');
  await page.getByRole('button', { name: 'Open the draft' }).click();
  await page.locator('#compose').waitFor();
  return opened;
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** A second account in Ana's chat, and what its place asks for. */
const withPlace =
  (place: { approvals?: number; timeZone?: string; creators?: readonly string[] }) =>
  async (world: World) => {
    const { ana, anaChat } = world.telegram;
    const id = `telegram:${anaChat.id}` as const;
    const { creators = [], ...rules } = place;
    const connectedBy = { id: `telegram:${ana.id}`, name: 'Ana' };
    const seeded = { workspace: id, chat: id, title: 'Ana', isPrivate: true, connectedBy, ...rules };
    for (const creator of creators)
      world.tiktok.seedCreator({ username: creator, nickname: `The ${creator}` });
    await seed(world, [seeded, ...creators.map((creator) => ({ ...seeded, creator }))]);
    return world.start();
  };

test('is accessible without its script: before it is opened, open, with errors, in conflict and submitted', async () => {
  await using stage = await startComposing(['phone.mp4']);
  const { draftCard } = stage;
  await using opened = await openPlain(await linkFor(stage, draftCard));
  const { page } = opened;
  await expectAccessibleInAll(page, 'plain');
  await page.getByLabel('Disclose commercial content').check();
  await page.getByLabel('Caption').fill('x'.repeat(2300));
  await page.getByLabel('Cover').fill('soon');
  await press(page, 'Post now');
  await page.locator('#wrong-cover').getByText('is no moment that Nod understands').waitFor();
  await expectAccessibleInAll(page, 'plain-wrong');
  await page.getByLabel('Cover').fill('');
  await press(page, 'Post now');
  await page.locator('#wrong-caption').getByText('Shorten it by 100').waitFor();
  await page.locator('#wrong-privacy').getByText('Choose who can see it').waitFor();
  await expectAccessibleInAll(page, 'plain-errors');
  await page.getByLabel('Disclose commercial content').uncheck();
  await page.getByLabel('Caption').fill('Mine');
  await stage.choose(draftCard, 'Everyone', 'Who can see it?  Everyone');
  await page.getByLabel('Only me').check();
  await press(page, 'Save');
  await page.locator('#wrong-privacy').getByText('It was changed in the chat meanwhile').waitFor();
  await stage.tap(draftCard, 'Edit caption');
  await stage.say('Theirs', await stage.card('reply to this with the caption'));
  await stage.shows(draftCard, 'Theirs');
  await page.getByLabel('Caption').fill('Mine again');
  await press(page, 'Save');
  await page.getByLabel('Use mine, as it stands here').waitFor();
  await expectAccessibleInAll(page, 'plain-conflict');
  await page.getByLabel('Use mine, as it stands here').check();
  await press(page, 'Post now');
  await page.locator('#submitted').waitFor();
  await expectAccessibleInAll(page, 'plain-submitted');
  await stage.card(LINK);
});

test('is accessible where another browser has opened it, and once the draft is gone', async () => {
  await using stage = await startComposing(['phone.jpg', 'photo.webp']);
  const link = await linkFor(stage, stage.draftCard);
  await using opened = await openPage(browser, link);
  const { page } = opened;
  await expectAccessibleInAll(page, 'photos');
  await using other = await openInBrowser(browser, link);
  await other.page.getByText('works only in the browser that opened it first').waitFor();
  await expectAccessibleInAll(other.page, 'elsewhere');
  await stage.tap(stage.draftCard, 'Discard');
  await page.getByRole('heading', { name: 'This link has run out' }).waitFor();
  await expectAccessibleInAll(page, 'gone');
});

test('takes another account by its button, and asks anew who can see it', async () => {
  await using stage = await startComposing(['phone.mp4'], {
    connect: false,
    launch: withPlace({ creators: ['ben'] }),
  });
  const { draftCard } = stage;
  await using opened = await openPage(browser, await linkFor(stage, draftCard));
  const { page } = opened;
  await page.getByText('No TikTok account is chosen.').waitFor();
  expect(await page.getByLabel('Other account').inputValue()).toBe('');
  await expectAccessibleInAll(page, 'no-account');
  // What is chosen there counts with its button alone.
  await page.getByLabel('Other account').selectOption({ index: 2 });
  await page.getByLabel('Caption').fill('Whose?');
  await stage.shows(draftCard, 'Whose?');
  await page.getByText('No TikTok account is chosen.').waitFor();
  await press(page, 'Use this account');
  await page.locator('#nickname').getByText('The ben').waitFor();
  await page.getByLabel('Everyone').check();
  await stage.shows(draftCard, 'Who can see it?  Everyone');
  await expectAccessibleInAll(page, 'accounts');
  await page.getByLabel('Other account').selectOption({ index: 0 });
  await press(page, 'Use this account');
  await page.locator('#nickname').getByText('Studio Ana').waitFor();
  expect(await page.locator('input[name="privacy"]:checked').count()).toBe(0);
  await page.getByLabel('Only me').check();
  await page.locator('button[value="post"]:enabled').waitFor();
  // Whoever has chosen another one and posts is shown that one first.
  await page.getByLabel('Other account').selectOption({ index: 1 });
  await press(page, 'Post now');
  await page.locator('#nickname').getByText('The ben').waitFor();
  expect(stage.tiktok.state.publishes).toEqual([]);
});

test('without its script, saving chooses no account for somebody', async () => {
  await using stage = await startComposing(['phone.mp4'], {
    connect: false,
    launch: withPlace({ creators: ['ben'] }),
  });
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), {
    javaScriptEnabled: false,
  });
  const { page } = opened;
  await page.getByLabel('Caption').fill('Whose?');
  await press(page, 'Save');
  await stage.shows(stage.draftCard, 'Whose?');
  await page.getByText('No TikTok account is chosen.').waitFor();
});

test.each([
  { approvals: 0, first: 'Post now', planned: 'Schedule' },
  { approvals: 1, first: 'Ask for approval', planned: 'Ask for approval' },
])(
  'its button says what it does where $approvals approvals are needed',
  async ({ approvals, first, planned }) => {
    await using stage = await startComposing(['phone.mp4'], {
      connect: false,
      launch: withPlace({ approvals, timeZone: 'Europe/Berlin' }),
    });
    await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), {
      timezoneId: 'Asia/Tokyo',
    });
    const { page } = opened;
    const label = page.locator('#post');
    expect(await label.innerText()).toBe(first);
    await page.getByLabel('At a time').check();
    const tomorrow = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    await page.getByLabel('Day and time (Europe/Berlin)').fill(`${tomorrow}T18:00`);
    await label.getByText(planned, { exact: true }).waitFor();
    await page.locator('#when-at:checked').waitFor();
    // The place has its clocks, and whoever looks theirs.
    await page.getByText(/^Goes out .+ \d\d:\d\d GMT\+9\.$/).waitFor();
    await expectAccessibleInAll(page, `planned-${approvals}`);
    await page.getByLabel('As soon as it may').check();
    await label.getByText(first, { exact: true }).waitFor();
  },
);
