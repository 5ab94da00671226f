import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LINK } from '../../e2e/stage.ts';
import { textOf } from '../../world.ts';
import { expectAccessible, keepScreenshot, LOOKS, startBrowser } from '../uploads/browser.ts';
import { linkFor, openPage, startComposing } from './compose-stage.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

test('a draft that is composed half in the chat and half on the page stays one draft, and becomes one post', async () => {
  await using stage = await startComposing(['phone.mp4']);
  const { draftCard } = stage;
  await using opened = await openPage(browser, await linkFor(stage, draftCard), LOOKS[0]);
  const { page } = opened;
  await page.getByLabel('Caption').fill('From the page');
  await stage.shows(draftCard, 'From the page');
  await stage.choose(draftCard, 'Comments: off', 'Comments  on');
  await page.locator('#allowComment:checked').waitFor();
  await page.locator('#part-news').getByText('Changed in the chat meanwhile: Comments').waitFor();
  await page.getByLabel('Stitch').check();
  await stage.shows(draftCard, 'Stitch  on');
  await stage.choose(draftCard, 'Friends', 'Who can see it?  Friends');
  await page.locator('#privacy-MUTUAL_FOLLOW_FRIENDS:checked').waitFor();
  await stage.tap(draftCard, 'Post now');
  await page.locator('#submitted').waitFor();
  await stage.card('✓ Posted');
  expect(stage.tiktok.state.publishes).toMatchObject([
    {
      postInfo: {
        title: 'From the page',
        privacy_level: 'MUTUAL_FOLLOW_FRIENDS',
        disable_comment: false,
        disable_duet: true,
        disable_stitch: false,
      },
    },
  ]);
});

test('without JavaScript, what was changed in the chat meanwhile is shown and not written over', async () => {
  await using stage = await startComposing(['phone.mp4']);
  const { draftCard } = stage;
  await using opened = await openPage(browser, await linkFor(stage, draftCard), {
    ...LOOKS[2],
    javaScriptEnabled: false,
  });
  const { page } = opened;
  await stage.tap(draftCard, 'Add caption');
  await stage.say('From the chat', await stage.card('reply to this with the caption'));
  await stage.choose(draftCard, 'Everyone', /From the chat[\s\S]*Everyone/);
  await page.getByLabel('Caption').fill('From the page');
  await page.getByLabel('Comments').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page
    .locator('#wrong-caption')
    .getByText('changed in the chat meanwhile, to “From the chat”')
    .waitFor();
  await page.getByText('Changed in the chat meanwhile: Caption, Who can see it.').waitFor();
  await keepScreenshot(page, 'compose-conflict');
  expect(await page.getByLabel('Caption').inputValue()).toBe('From the page');
  const shown = await stage.shows(draftCard, 'Comments  on');
  expect(textOf(shown)).toContain('From the chat');
  await page.getByLabel('Use mine, as it stands here').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await stage.shows(draftCard, 'From the page');
});

test('nothing is posted that the page has not shown', async () => {
  await using stage = await startComposing(['phone.mp4']);
  const { draftCard } = stage;
  await using opened = await openPage(browser, await linkFor(stage, draftCard), { javaScriptEnabled: false });
  const { page } = opened;
  await page.getByLabel('Only me').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await stage.choose(draftCard, 'Everyone', 'Who can see it?  Everyone');
  await page.getByRole('button', { name: 'Post now' }).click();
  await page.getByText('It was changed meanwhile. Look at it as it is now, then go on.').waitFor();
  expect(stage.tiktok.state.publishes).toEqual([]);
  await page.getByRole('button', { name: 'Post now' }).click();
  await stage.card(LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ postInfo: { privacy_level: 'PUBLIC_TO_EVERYONE' } }]);
});

test('a form that is sent twice makes one post', async () => {
  await using stage = await startComposing(['phone.mp4']);
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard));
  const { page } = opened;
  await page.getByLabel('Only me').check();
  await page.locator('button[value="post"]:enabled').waitFor();
  const answers = await page.evaluate<number[]>(`(async () => {
    const form = document.getElementById('compose');
    const send = async () => {
      const body = new URLSearchParams(new FormData(form));
      body.set('do', 'post');
      const { status } = await fetch(form.action, { method: 'POST', body });
      return status;
    };
    return Promise.all([send(), send()]);
  })()`);
  expect(Math.max(...answers)).toBeLessThan(500);
  await stage.card('✓ Posted');
  await stage.settled();
  expect(stage.tiktok.state.publishes).toHaveLength(1);
});

test('a link works in the browser alone that opened it first', async () => {
  await using stage = await startComposing(['phone.mp4']);
  const link = await linkFor(stage, stage.draftCard);
  await using opened = await openPage(browser, link);
  await opened.page.reload();
  await opened.page.locator('#compose').waitFor();
  const context = await browser.newContext(LOOKS[1]);
  const other = await context.newPage();
  await other.goto(link);
  await other.getByText('works only in the browser that opened it first').waitFor();
  await expectAccessible(other);
  await keepScreenshot(other, 'compose-elsewhere');
  await context.close();
});

test('what is chosen while the choice before is being saved is saved next', async () => {
  await using stage = await startComposing(['phone.mp4']);
  const { draftCard } = stage;
  await using opened = await openPage(browser, await linkFor(stage, draftCard));
  const { page } = opened;
  const { promise: isHeld, resolve: hold } = Promise.withResolvers<void>();
  const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>();
  await page.route(
    '**/compose/*',
    async (route) => {
      const response = await route.fetch();
      hold();
      await goesOn;
      await route.fulfill({ response });
    },
    { times: 1 },
  );
  await page.getByLabel('Comments').check();
  await isHeld;
  await page.getByLabel('Only me').check();
  await page.getByLabel('Caption').fill('Meanwhile');
  goOn();
  await stage.shows(draftCard, /Meanwhile[\s\S]*Only me[\s\S]*Comments {2}on/);
  await page.locator('button[value="post"]:enabled').waitFor();
  expect(await page.getByLabel('Only me').isChecked()).toBe(true);
  expect(await page.getByLabel('Caption').inputValue()).toBe('Meanwhile');
});
