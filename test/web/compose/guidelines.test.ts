import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LINK } from '../../e2e/stage.ts';
import { expectAccessible, keepScreenshot, LOOKS, startBrowser } from '../uploads/browser.ts';
import { linkFor, openPage, startComposing } from './compose-stage.ts';

// What TikTok asks of the screen from which one posts: https://developers.tiktok.com/doc/content-sharing-guidelines

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

const [PHONE_LIGHT, PHONE_DARK, DESKTOP_LIGHT, DESKTOP_DARK] = LOOKS;

const postButton = (page: Page) => page.getByRole('button', { name: 'Post now' });

describe('1: the account', () => {
  test('is named with its nickname, and TikTok is asked anew what its creator may do when the page opens', async () => {
    await using stage = await startComposing(['phone.mp4']);
    const link = await linkFor(stage, stage.draftCard);
    const creator = stage.tiktok.state.creators[0];
    if (creator === undefined) throw new Error('There is one.');
    creator.nickname = 'Ana at the sea';
    creator.private = true;
    await using opened = await openPage(browser, link, PHONE_LIGHT);
    expect(await opened.page.locator('#nickname').innerText()).toBe('Ana at the sea');
    await opened.page.getByLabel('Followers').waitFor();
    expect(await opened.page.getByLabel('Everyone').count()).toBe(0);
  });

  test('that cannot post now keeps everything from being posted, and the page says why', async () => {
    await using stage = await startComposing(['phone.mp4']);
    const link = await linkFor(stage, stage.draftCard);
    const creator = stage.tiktok.state.creators[0];
    if (creator !== undefined) creator.banned = true;
    await using opened = await openPage(browser, link, DESKTOP_DARK);
    const { page } = opened;
    await page.locator('#wrong-account').getByText('cannot post now').waitFor();
    await expect.poll(() => postButton(page).isDisabled()).toBe(true);
    await expectAccessible(page);
    await keepScreenshot(page, 'compose-cannot-post');
  });

  test('takes no longer video than its creator may post', async () => {
    await using stage = await startComposing(['varying.mp4']);
    const link = await linkFor(stage, stage.draftCard);
    const creator = stage.tiktok.state.creators[0];
    if (creator !== undefined) creator.maxVideoPostDurationSec = 1;
    await using opened = await openPage(browser, link, PHONE_DARK);
    await opened.page.locator('#wrong-files').getByText('this account may post up to 1 s').waitFor();
    await expect.poll(() => postButton(opened.page).isDisabled()).toBe(true);
  });
});

test('2: the caption can be edited, nobody is chosen to see it, every switch is off, and what the creator has switched off is greyed with its reason', async () => {
  await using stage = await startComposing(['phone.mp4'], { tiktok: { creator: { duetDisabled: true } } });
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), DESKTOP_LIGHT);
  const { page } = opened;
  expect(await page.getByRole('radio', { name: /Everyone|Friends|Only me/ }).count()).toBe(3);
  expect(await page.locator('input[name="privacy"]:checked').count()).toBe(0);
  expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(0);
  expect(await page.getByLabel('Duet').isDisabled()).toBe(true);
  await page.getByText('Off in this account’s settings at TikTok.').waitFor();
  expect(await page.getByLabel('Comments').isEnabled()).toBe(true);
  await page.getByLabel('Stitch').check();
  await stage.shows(stage.draftCard, 'Stitch  on');
  await page.getByLabel('Caption').fill('Evening');
  await stage.shows(stage.draftCard, 'Evening');
});

test('2: photos have comments alone, and a title', async () => {
  await using stage = await startComposing(['phone.jpg', 'photo.webp']);
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), PHONE_LIGHT);
  const { page } = opened;
  expect(await page.getByLabel('Duet').count()).toBe(0);
  expect(await page.getByLabel('Stitch').count()).toBe(0);
  await page.getByLabel('Title').fill('Two evenings');
  await page.getByLabel('Comments').check();
  await page.getByLabel('Cover').selectOption({ label: 'Photo 2' });
  await stage.shows(stage.draftCard, /Two evenings[\s\S]*Comments {2}on/);
  await page.locator('.phone-slides li:nth-child(2) .phone-cover').waitFor({ state: 'attached' });
  await keepScreenshot(page, 'compose-photos');
  await expectAccessible(page);
});

test('3: the disclosure is off; once it is on it needs one of two kinds, and their labels are named', async () => {
  await using stage = await startComposing(['phone.mp4']);
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), PHONE_LIGHT);
  const { page } = opened;
  await page.getByLabel('Everyone').check();
  await page.locator('button[value="post"]:enabled').waitFor();
  expect(await page.getByLabel('Disclose commercial content').isChecked()).toBe(false);
  await page.getByLabel('Disclose commercial content').check();
  await page
    .locator('#missing')
    .getByText('Say whether it promotes yourself, a third party, or both.')
    .waitFor();
  await expect.poll(() => postButton(page).isDisabled()).toBe(true);
  await page.getByLabel('Your brand').check();
  await page.locator('#label').getByText('labelled “Promotional content”').waitFor();
  expect(await postButton(page).isEnabled()).toBe(true);
  await page.getByLabel('Branded content').check();
  await page.locator('#label').getByText('labelled “Paid partnership”').waitFor();
  await keepScreenshot(page, 'compose-disclosed');
  await expectAccessible(page);
});

test('4: branded content cannot be for oneself alone, and the page says so', async () => {
  await using stage = await startComposing(['phone.mp4']);
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), DESKTOP_LIGHT);
  const { page } = opened;
  await page.getByLabel('Disclose commercial content').check();
  await page.getByLabel('Branded content').check();
  await page
    .locator('#why-SELF_ONLY')
    .getByText('Branded content visibility cannot be set to private.')
    .waitFor();
  expect(await page.getByLabel('Only me').isDisabled()).toBe(true);
  await page.getByLabel('Branded content').uncheck();
  await page.locator('#privacy-SELF_ONLY:enabled').check();
  await stage.shows(stage.draftCard, 'Who can see it?  Only me');
  await page.getByLabel('Branded content').check();
  await page.locator('#wrong-privacy').getByText('cannot be set to private').waitFor();
  await expect.poll(() => postButton(page).isDisabled()).toBe(true);
});

test('5: before the button stands what one agrees to, with links', async () => {
  await using stage = await startComposing(['phone.mp4']);
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), PHONE_DARK);
  const { page } = opened;
  const consent = page.locator('#consent');
  expect(await consent.innerText()).toBe('By posting, you agree to TikTok’s Music Usage Confirmation.');
  await page.getByLabel('Disclose commercial content').check();
  await page.getByLabel('Branded content').check();
  await consent.getByText('Branded Content Policy').waitFor();
  expect(await consent.innerText()).toBe(
    'By posting, you agree to TikTok’s Branded Content Policy and Music Usage Confirmation.',
  );
  expect(
    await consent.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
  ).toEqual([
    'https://www.tiktok.com/legal/page/global/bc-policy/en',
    'https://www.tiktok.com/legal/page/global/music-usage-confirmation/en',
  ]);
  const isBefore = await page.evaluate<boolean>(
    "!!(document.getElementById('consent').compareDocumentPosition(document.querySelector('[value=post]:not([hidden])')) & 4)",
  );
  expect(isBefore).toBe(true);
});

test('6: the content is seen before, nothing is sent to TikTok without a click, and how it goes on is shown', async () => {
  await using stage = await startComposing(['phone.mp4']);
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), DESKTOP_LIGHT);
  const { page, complaints } = opened;
  // The page's policy lets nothing poll for it.
  const duration = await page.evaluate(`new Promise((resolve) => {
    const video = document.querySelector('#part-preview video');
    if (video.duration > 0) resolve(video.duration);
    else video.addEventListener('loadedmetadata', () => resolve(video.duration));
  })`);
  expect(duration).toBeGreaterThan(0);
  await page.locator('#processing').getByText('it may take a few minutes').waitFor();
  await page.getByLabel('Only me').check();
  await page.locator('button[value="post"]:enabled').waitFor();
  expect(stage.tiktok.state.publishes).toEqual([]);
  await postButton(page).click();
  await page.locator('#submitted').getByText('It is published.').waitFor();
  await keepScreenshot(page, 'compose-published');
  await expectAccessible(page);
  await stage.card('✓ Posted');
  expect(stage.tiktok.state.publishes).toMatchObject([
    {
      postInfo: {
        privacy_level: 'SELF_ONLY',
        disable_comment: true,
        disable_duet: true,
        disable_stitch: true,
      },
    },
  ]);
  expect(complaints).toEqual([]);
});

test('7 and 8: nothing is added to what a person has written, and the AI label is theirs to set', async () => {
  await using stage = await startComposing(['phone.mp4']);
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), PHONE_LIGHT);
  const { page } = opened;
  await page.getByLabel('Caption').fill('Only this');
  await page.getByLabel('AI label').check();
  await page.getByLabel('Everyone').check();
  await stage.shows(stage.draftCard, /Only this[\s\S]*Everyone[\s\S]*AI-generated {2}yes/);
  await page.locator('button[value="post"]:enabled').click();
  await stage.card(LINK);
  const [publish] = stage.tiktok.state.publishes;
  expect(publish?.postInfo).toMatchObject({ title: 'Only this', is_aigc: true });
});

test('everything can be done with the keyboard alone', async () => {
  await using stage = await startComposing(['phone.mp4']);
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), DESKTOP_LIGHT);
  const { page } = opened;
  const { keyboard } = page;
  const tabTo = async (id: string) => {
    for (let count = 0; count < 60; count += 1) {
      if ((await page.evaluate('document.activeElement?.id')) === id) return;
      await keyboard.press('Tab');
    }
    throw new Error(`The keyboard does not come to ${id}.`);
  };
  await tabTo('caption');
  await keyboard.type('By keys');
  // Where no radio is chosen, the first one takes the focus.
  await tabTo('privacy-PUBLIC_TO_EVERYONE');
  await keyboard.press('Space');
  await stage.shows(stage.draftCard, /By keys[\s\S]*Everyone/);
  await keyboard.press('ArrowDown');
  await stage.shows(stage.draftCard, 'Who can see it?  Friends');
  expect(await page.evaluate('document.activeElement?.id')).toBe('privacy-MUTUAL_FOLLOW_FRIENDS');
  await tabTo('allowComment');
  await keyboard.press('Space');
  await stage.shows(stage.draftCard, 'Comments  on');
  await tabTo('post');
  await keyboard.press('Enter');
  await page.locator('#submitted').waitFor();
  await stage.card('✓ Posted');
});

test('a screen reader hears what it is, whose it is, each question with its answers, and last what one agrees to', async () => {
  await using stage = await startComposing(['phone.mp4'], { tiktok: { creator: { duetDisabled: true } } });
  await using opened = await openPage(browser, await linkFor(stage, stage.draftCard), DESKTOP_LIGHT);
  await opened.page.locator('#nickname').waitFor();
  // The script has put its own controls in the place of plain ones.
  await opened.page.locator('#compose[data-live]').waitFor();
  expect(await opened.page.locator('main').ariaSnapshot()).toMatchInlineSnapshot(`
    "- main:
      - article:
        - heading "Compose your TikTok post" [level=1]
        - status
        - region "As TikTok would show it":
          - button "Play"
          - button "Sound" [pressed]
          - slider "Position in the video": "0"
          - paragraph:
            - strong: Studio Ana
        - region "TikTok account":
          - paragraph:
            - text: Posts to
            - strong: Studio Ana
            - text: "@studio.ana"
        - text: Caption
        - textbox "Caption"
        - paragraph: 0 of 2200 characters
        - group "Who can see it?":
          - text: Who can see it?
          - radio "Everyone"
          - text: Everyone
          - radio "Friends"
          - text: Friends
          - radio "Only me"
          - text: Only me
        - group "Allow":
          - text: Allow
          - checkbox "Comments"
          - text: Comments
          - checkbox "Duet" [disabled]
          - text: Duet
          - paragraph: Off in this account’s settings at TikTok.
          - checkbox "Stitch"
          - text: Stitch
        - group "About the content":
          - text: About the content
          - checkbox "Disclose commercial content Turn it on if the post promotes yourself, a third party, or both, in exchange for something of value."
          - text: Disclose commercial content Turn it on if the post promotes yourself, a third party, or both, in exchange for something of value.
          - checkbox "AI label Most of what is seen or heard was made by AI."
          - text: AI label Most of what is seen or heard was made by AI.
        - text: Cover, a moment of the video
        - textbox "Cover, a moment of the video":
          - /placeholder: 0:00
        - button "Use the moment in the preview"
        - heading "When it goes out" [level=2]
        - paragraph: "As soon as it may. To plan a time, tap “When…” on the card once: Nod asks there which time zone this place is in."
        - paragraph:
          - text: By posting, you agree to TikTok’s
          - link "Music Usage Confirmation":
            - /url: https://www.tiktok.com/legal/page/global/music-usage-confirmation/en
          - text: .
        - paragraph: After it is posted, it may take a few minutes until TikTok has processed it and it can be seen on the profile.
        - button "Post now" [disabled]
        - button "To my TikTok inbox"
        - paragraph: Choose who can see it first.
        - paragraph: What you choose here is on the card in the chat at once, and the other way round. The link is for you alone, in this browser; it is good for an hour, and ends with the draft."
  `);
});
