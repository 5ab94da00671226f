import { execFileSync } from 'node:child_process';
import { request } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepScreenshot, startBrowser } from '../web/uploads/browser.ts';
import { expectNoViolations, type PlayStage, startPlayStage } from './stage.ts';
import { example } from './visit.ts';

const MENTION = '@nod_test_bot';
const LINK = /https:\/\/www\.tiktok\.com\/@studio\.ana\/(photo|video)\/\d{19}/;

let browser: Browser;
let stage: PlayStage;
beforeAll(async () => {
  browser = await startBrowser();
  stage = await startPlayStage({ timing: { processingMs: 300, moderationMs: 300 } });
  stage.playground.tiktok.postInApp({ caption: 'Made in the app' });
}, 120_000);
afterAll(async () => {
  await browser.close();
  await stage[Symbol.asyncDispose]();
});

const idOf = (publish: { publishId: string } | undefined): string => publish?.publishId ?? '';
const publishes = (caption: string) =>
  stage.playground.tiktok.state.publishes.filter(({ body }) => JSON.stringify(body).includes(caption));

describe('the story of a post', () => {
  test('photos from Telegram, approved by a reaction in Discord, are on the phone', async () => {
    await using ana = await stage.open(browser, 'ana');
    await using ben = await stage.open(browser, 'ben', { colorScheme: 'dark' });
    await ana.sendInTelegram(['beach.png', 'studio.jpg'], `${MENTION} First light #surf`);
    const { telegram } = ana;
    await telegram.press('First light', 'Everyone');
    await telegram.message('First light').getByRole('button', { name: '● Everyone' }).waitFor();
    await telegram.press('First light', 'Ask for approval');
    await ben.discord.shows(/wants to post[\s\S]*First light/);
    await ben.discord.react('First light', '✅');
    await telegram.shows(LINK);
    await ben.discord.shows(LINK);
    await ana.publicTiles('First light').click();
    const { page } = ana;
    await page.getByRole('img', { name: 'Photo 1 of 2' }).waitFor();
    await page.getByRole('button', { name: 'Next photo' }).click();
    const shown = page.getByRole('img', { name: 'Photo 2 of 2' });
    await expect.poll(() => shown.evaluate((image) => Reflect.get(image, 'naturalWidth'))).toBe(1080);
    await keepScreenshot(page, 'playground-story');
    expect(publishes('First light')).toHaveLength(1);
    expect([...ana.complaints, ...ben.complaints]).toEqual([]);
  });

  test('a video from Discord, approved by a reaction in Telegram, plays on the phone', async () => {
    await using ana = await stage.open(browser, 'ana');
    await using ben = await stage.open(browser, 'ben');
    await ana.postInDiscord('sunset.mp4', 'Two seconds of sunset');
    const card = ana.discord.message('Two seconds');
    await card.getByLabel('Who can see it?').selectOption('Everyone');
    await card.getByText('Who can see it? Everyone').waitFor();
    await ana.discord.press('Two seconds', 'Ask for approval');
    await ben.telegram.shows(/wants to post[\s\S]*Two seconds/);
    await ben.telegram.react('Two seconds', '👍');
    await ana.discord.shows(LINK);
    await ana.publicTiles('Two seconds').click();
    const video = ana.page.getByLabel('The video of the post');
    await expect
      .poll(() => video.evaluate((playing) => Reflect.get(playing, 'videoWidth')))
      .toBeGreaterThan(0);
    expect(ana.complaints).toEqual([]);
  });

  test('a press of somebody without a say changes nothing and tells them so alone', async () => {
    await using ana = await stage.open(browser, 'ana');
    await using dora = await stage.open(browser, 'dora');
    await ana.sendInTelegram(['studio.jpg'], `${MENTION} Back at the studio`);
    await ana.telegram.press('Back at the studio', 'Everyone');
    await ana.telegram.message('Back at the studio').getByRole('button', { name: '● Everyone' }).waitFor();
    await ana.telegram.press('Back at the studio', 'Ask for approval');
    await dora.discord.shows(/wants to post[\s\S]*Back at/);
    await dora.discord.press(/wants to post[\s\S]*Back at/, 'Approve');
    const told = await dora.discord.message('Only you can see this').locator('.body').innerText();
    expect(told).toContain('can approve');
    expect(await ana.discord.log.innerText()).not.toContain(told);
    expect(publishes('Back at the studio')).toEqual([]);
  });
});

test('several files that are chosen for a command fill its fields one after the other', async () => {
  await using ana = await stage.open(browser, 'ana');
  const form = await ana.fillInDiscord('studio.jpg', 'Two at once');
  await form.getByLabel('media1').setInputFiles(['beach.png', 'studio.jpg'].map(example));
  await form.getByLabel('media2').waitFor();
  await form.getByRole('button', { name: 'Run' }).click();
  await ana.discord.shows(/2 photos for TikTok[\s\S]*Two at once/);
});

describe('the pages that Nod links to', () => {
  test('connect an account on TikTok’s emulated page', async () => {
    await using ana = await stage.open(browser, 'ana');
    const { page, telegram } = ana;
    await page.locator('#telegram-chats').getByRole('button', { name: /^Nod/ }).click();
    const field = page.getByLabel('Message in Telegram', { exact: true });
    await field.pressSequentially('/conn');
    await page.locator('#telegram-suggest').getByRole('option', { name: '/connect' }).waitFor();
    await field.press('Enter');
    const opening = page.waitForEvent('popup');
    await telegram.message('/connect/').getByRole('link').first().click();
    const popup = await opening;
    await popup.getByRole('button').first().click();
    await popup.getByLabel(/second\.act/).check();
    await popup.getByRole('button', { name: 'Continue' }).click();
    await telegram.shows('Second Act is connected');
    await expect.poll(() => page.locator('#phone-accounts').textContent()).toMatch(/@second\.act(?! \()/);
  });

  test('take a big file', async () => {
    await using ana = await stage.open(browser, 'ana');
    const { page, telegram } = ana;
    await ana.sendInTelegram(['studio.jpg'], `${MENTION} One more from the page`);
    await telegram.press('One more from the page', 'Add a big file');
    const opening = page.waitForEvent('popup');
    await telegram.message('/upload/').getByRole('link').first().click();
    expect(await (await opening).title()).toMatch(/Nod/);
  });

  test('compose a draft, also below an answer that quotes its card', async () => {
    await using ana = await stage.open(browser, 'ana');
    const { page, telegram } = ana;
    // What is said of this file is so short that the caption is in the quote.
    await ana.sendInTelegram(['sunset.mp4'], `${MENTION} Page`);
    await telegram.press(/Caption\s*Page/, 'Add a big file');
    await telegram.shows(/Caption\s*Page[\s\S]*\/upload\//);
    await telegram.press(/Caption\s*Page/, 'Open as a page');
    const opening = page.waitForEvent('popup');
    await telegram
      .message(/Caption\s*Page[\s\S]*\/compose\//)
      .getByRole('link')
      .first()
      .click();
    expect(await (await opening).title()).toMatch(/Nod/);
  });
});

describe('trouble', () => {
  test('a lost reply to init does not post twice', async () => {
    await using ana = await stage.open(browser, 'ana');
    await ana.turn('Lose the next reply to init');
    await ana.sendInTelegram(['beach.png'], `${MENTION} Lost on the way`);
    await approve(ana, 'Lost on the way');
    await ana.telegram.shows(/Live on TikTok[\s\S]*Lost on the way/);
    const all = publishes('Lost on the way');
    expect(all.filter(({ status }) => status === 'PUBLISH_COMPLETE')).toHaveLength(1);
    const lost = ana.page.locator('#wire-list').getByRole('button', { name: /content\/init\/ cut/ });
    await lost.click();
    await ana.page.getByRole('dialog').getByText('The connection was cut').waitFor();
  });

  test('a Nod that was killed goes on where it was', async () => {
    await using ana = await stage.open(browser, 'ana');
    const { page } = ana;
    await ana.sendInTelegram(['beach.png'], `${MENTION} Through the dark`);
    await ana.telegram.press('Through the dark', 'Everyone');
    await ana.telegram.message('Through the dark').getByRole('button', { name: '● Everyone' }).waitFor();
    await ana.turn('Kill Nod');
    await page.locator('#nod[data-state="dead"]').waitFor();
    await ana.turn('Kill Nod');
    await page.locator('#nod[data-state="running"]').waitFor();
    await approve(ana, 'Through the dark');
    await ana.telegram.shows(/Live on TikTok[\s\S]*Through the dark/);
    expect(publishes('Through the dark')).toHaveLength(1);
  });

  test('webhooks that come late hold up no card, and change nothing when they come', async () => {
    await using ana = await stage.open(browser, 'ana');
    await ana.turn('Webhooks come late');
    await ana.sendInTelegram(['beach.png'], `${MENTION} Before its webhook`);
    await approve(ana, 'Before its webhook');
    await ana.telegram.shows(/Live on TikTok[\s\S]*Before its webhook/);
    const [publish] = publishes('Before its webhook');
    const webhooks = () =>
      stage.playground.timeline
        .all()
        .filter(({ path, request }) => path === '/webhooks/tiktok' && request.body.includes(idOf(publish)));
    expect(webhooks()).toEqual([]);
    await ana.turn('Webhooks come late');
    await ana.turn('An hour later');
    await expect.poll(() => webhooks().map(({ status }) => status)).toContain(200);
    await ana.telegram.shows(/Live on TikTok[\s\S]*Before its webhook/);
    expect(publishes('Before its webhook')).toHaveLength(1);
  });

  test('a post that TikTok never gets done with is said to be so, and is not posted again', async () => {
    await using ana = await stage.open(browser, 'ana');
    await ana.turn('Stuck in processing');
    await ana.sendInTelegram(['studio.jpg'], `${MENTION} Stuck for good`);
    await approve(ana, 'Stuck for good');
    await ana.telegram.shows(/Stuck for good[\s\S]*TikTok is still processing/);
    await ana.turn('Tomorrow');
    await ana.telegram.shows(/Not confirmed[\s\S]*Stuck for good/);
    expect(publishes('Stuck for good')).toHaveLength(1);
  });

  test('tomorrow the card has the numbers of the day', async () => {
    await using ana = await stage.open(browser, 'ana');
    await ana.sendInTelegram(['studio.jpg'], `${MENTION} A day later`);
    await approve(ana, 'A day later');
    await ana.telegram.shows(/Live on TikTok[\s\S]*A day later/);
    const before = await ana.page.locator('#clock').textContent();
    await ana.turn('Tomorrow');
    await ana.telegram.shows(/A day later[\s\S]*views/);
    expect(await ana.page.locator('#clock').textContent()).not.toBe(before);
  });
});

/** Chooses everyone where that is not chosen yet, asks for approval, and approves as Ben. */
async function approve(ana: Awaited<ReturnType<PlayStage['open']>>, caption: string): Promise<void> {
  const draft = new RegExp(`${caption}[\\s\\S]*By posting`);
  const everyone = ana.telegram.message(draft).getByRole('button', { name: /Everyone/ });
  await everyone.waitFor();
  if ((await everyone.textContent()) === 'Everyone') await everyone.click();
  await ana.telegram.button(draft, '● Everyone').waitFor();
  await ana.telegram.press(draft, 'Ask for approval');
  await using ben = await stage.open(browser, 'ben');
  const asked = new RegExp(`wants to post[\\s\\S]*${caption}`);
  await ben.telegram.press(asked, 'Approve');
  await ben.telegram.shows(new RegExp(`Approved by Ben|Live[\\s\\S]*${caption}`));
}

describe('the timeline', () => {
  test('shows no secret', async () => {
    await using ana = await stage.open(browser, 'ana');
    await ana.sendInTelegram(['beach.png'], `${MENTION} Nothing to hide`);
    await ana.telegram.press('Nothing to hide', 'Add a big file');
    // The link answers the card, and quotes it.
    await ana.telegram.shows(/beach\.png[\s\S]*\/upload\//);
    await ana.telegram.press('Nothing to hide', 'Open as a page');
    await ana.telegram.shows('/compose/');
    await approve(ana, 'Nothing to hide');
    await ana.telegram.shows(/Live on TikTok[\s\S]*Nothing to hide/);
    await ana.postInDiscord('studio.jpg', 'Nothing to hide here');
    await ana.discord.shows(/By posting[\s\S]*Only you/);
    const { timeline, redaction, telegram, discord, tiktok } = stage.playground;
    const shown = JSON.stringify(timeline.all().map(redaction.entry));
    expect(shown).toContain('sendPhoto');
    expect(shown).toContain('/v2/post/publish/content/init/');
    expect(shown).toContain('/webhooks/tiktok');
    expect(shown).toContain('INTERACTION_CREATE');
    const secrets = [
      telegram.token,
      discord.token,
      tiktok.app.clientSecret,
      ...tiktok.state.tokens.map(({ value }) => value),
      ...tiktok.state.codes.map(({ code }) => code),
      ...discord.state.interactions.map(({ token }) => token),
    ];
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
    const said = [
      ...telegram.state.messages.flatMap(({ versions }) => versions.map(({ message }) => message)),
      ...telegram.state.ephemeral.map(({ message }) => message),
    ].map(({ text, caption }) => text ?? caption ?? '');
    const links = said.flatMap((text) =>
      [...text.matchAll(/\/(?:connect|upload|compose|look)\/(\S+)/g)].map(([, link = '']) => link),
    );
    expect(links.length).toBeGreaterThan(1);
    expect(links.filter((link) => shown.includes(link))).toEqual([]);
    expect(shown).not.toMatch(/Bot [\w-]+\./);
  });
});

describe('the page belongs to itself', () => {
  const ask = (headers: Record<string, string>, { method = 'GET', path = '/' } = {}): Promise<number> =>
    new Promise((resolve, reject) => {
      const asked = request(new URL(path, stage.url), { method, headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.on('error', reject).end(method === 'POST' ? '{"name":"tomorrow","isOn":true}' : undefined);
    });
  const json = { 'content-type': 'application/json' };

  test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '10.0.0.7'])(
    'it answers nobody who calls it %s',
    async (host) => {
      expect(await ask({ host })).toBe(421);
    },
  );

  test('what is asked for from elsewhere is refused', async () => {
    const act = { method: 'POST', path: '/act/switch' };
    expect(await ask(json, act)).toBe(403);
    expect(await ask({ ...json, origin: 'http://evil.example' }, act)).toBe(403);
    expect(await ask({ ...json, origin: 'null' }, act)).toBe(403);
    expect(await ask({ 'sec-fetch-site': 'cross-site' }, { path: '/events?who=ana' })).toBe(403);
    expect(await ask({ 'sec-fetch-site': 'cross-site' })).toBe(200);
  });

  test('it forbids itself scripts from elsewhere, and that texts become markup', async () => {
    const { headers } = await fetch(stage.url);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'");
  });

  test('markup in a caption is shown as it is', async () => {
    await using ana = await stage.open(browser, 'ana');
    const markup = '<img src=x onerror=alert(1)> **not**';
    await ana.page.getByLabel('Message in Discord', { exact: true }).fill(markup);
    await ana.page.getByRole('button', { name: 'Send in Discord' }).click();
    await ana.discord.shows('<img src=x onerror=alert(1)> not');
    await ana.page.getByLabel('Message in Telegram', { exact: true }).fill(markup);
    await ana.page.getByRole('button', { name: 'Send in Telegram' }).click();
    await ana.telegram.shows(markup);
    expect(ana.complaints).toEqual([]);
  });
});

test('the keyboard alone sends a message, presses a button and opens an entry of the wire', async () => {
  await using ana = await stage.open(browser, 'ana');
  const { page } = ana;
  await page.getByLabel('Message in Telegram', { exact: true }).focus();
  await page.keyboard.type(`/help${MENTION}`);
  await page.keyboard.press('Enter');
  await ana.telegram.shows(`/help${MENTION}`);
  await ana.sendInTelegram(['studio.jpg'], `${MENTION} By the keyboard`);
  await ana.telegram.button('By the keyboard', 'Everyone').focus();
  await page.keyboard.press('Enter');
  await ana.telegram.button('By the keyboard', '● Everyone').waitFor();
  // The card is drawn anew by that, under the fingers.
  await expect.poll(() => page.evaluate<string>('document.activeElement?.textContent')).toBe('● Everyone');
  await page.locator('#wire-list button').last().focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each([375, 900, 1440])('%i pixels wide it breaks no rule of axe', async (width) => {
    await using ana = await stage.open(browser, 'ana', { colorScheme, viewport: { width, height: 900 } });
    const { page } = ana;
    const name = `playground-${colorScheme}-${width}`;
    const tabs = page.getByRole('tablist').getByRole('tab');
    const shown = await tabs.filter({ visible: true }).all();
    for (const tab of shown) {
      await tab.click();
      await keepScreenshot(page, `${name}-${await tab.textContent()}`);
      await expectNoViolations(page, `${name} ${await tab.textContent()}`);
    }
    if (shown.length > 0) return;
    await keepScreenshot(page, name);
    await expectNoViolations(page, name);
    await page.locator('.tile.public').first().click();
    await page.locator('#wire-list button').last().click();
    await keepScreenshot(page, `${name}-open`);
    await expectNoViolations(page, `${name} with a post and an entry open`);
    await page.keyboard.press('Escape');
    await page.getByLabel('Message in Discord', { exact: true }).fill('/tiktok compose');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('dialog').waitFor();
    await keepScreenshot(page, `${name}-modal`);
    await expectNoViolations(page, `${name} with a window open`);
  });
});

test('nothing of it is in the image', () => {
  const ignored = execFileSync('cat', ['.dockerignore'], { encoding: 'utf8' }).split('\n');
  expect(ignored).toContain('test');
});
