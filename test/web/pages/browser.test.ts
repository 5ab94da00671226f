import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTikTokEmulator } from '../../emulators/tiktok/index.ts';
import { startWebsites } from '../../emulators/websites/index.ts';
import { SIZES } from '../review/look-stage.ts';
import { expectAccessible, keepScreenshot, openInBrowser, says, startBrowser } from '../uploads/browser.ts';
import { CLIENT_KEY, CLIENT_SECRET, createWorld } from '../world.ts';

const PUBLIC_URL = 'https://nod.example.com';
const CHATS = [
  { platform: 'telegram', url: 'https://t.me/nod_bot' },
  { platform: 'discord', url: 'https://discord.com/oauth2/authorize?client_id=1' },
] as const;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** The web with a TikTok behind it whose account has a picture. */
async function startStage() {
  await using stack = new AsyncDisposableStack();
  const sites = stack.use(await startWebsites());
  const picture = await sharp({ create: { width: 200, height: 200, channels: 3, background: '#e04f7f' } })
    .jpeg()
    .toBuffer();
  sites.hostFile('files.example.com', picture);
  const tiktok = await startTikTokEmulator({
    app: {
      clientKey: CLIENT_KEY,
      clientSecret: CLIENT_SECRET,
      redirectUris: [`${PUBLIC_URL}/oauth/callback`],
    },
    creator: {
      username: 'ana',
      nickname: 'Studio Ana',
      avatarUrl: 'https://files.example.com/ana.jpeg?x-signature=secret',
    },
  });
  stack.defer(() => tiktok.close());
  const world = stack.use(
    await createWorld({
      apiUrl: tiktok.apiUrl,
      authorizePage: tiktok.authorizeUrl,
      links: { network: sites.network },
      web: {
        chats: () => CHATS,
        chatLink: () => ({ platform: 'Telegram', url: 'https://t.me/nod_bot' }),
        operator: { name: 'Studio Ana', contact: 'hello@example.com' },
      },
    }),
  );
  const server = await world.start();
  stack.defer(() => server.close());

  /** Connects the account like a browser; the page that stands at the end. */
  async function connect(): Promise<string> {
    const { id } = await world.invite();
    const opened = await world.app.request(`/connect/${id}`);
    const cookie = opened.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const headers = { cookie, origin: PUBLIC_URL };
    const pressed = await world.app.request(`/connect/${id}`, { method: 'POST', headers });
    const callback = await tiktok.authorize({ url: pressed.headers.get('location') ?? '' });
    const back = await world.app.request(callback.slice(PUBLIC_URL.length), { headers: { cookie } });
    return back.text();
  }

  const kept = stack.move();
  return { world, server, sites, connect, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test.each(SIZES)('the start page, the way to connect and its end break no rule at $name', async (size) => {
  await using stage = await startStage();
  const { world, server } = stage;
  const { id } = await world.invite();
  const connected = await stage.connect();
  for (const [name, path] of [
    ['start', '/'],
    ['connect', `/connect/${id}`],
    ['connected', '/shown'],
  ] as const) {
    await using opened = await openInBrowser(browser, `${server.url}/robots.txt`, size);
    const { page, complaints } = opened;
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.route('**/shown', (route) => route.fulfill({ contentType: 'text/html', body: connected }));
    await page.goto(server.url + path);
    await keepScreenshot(page, `${name}-${size.name}`);
    await expectAccessible(page);
    expect(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(requests.filter((url) => !url.startsWith(server.url))).toEqual([]);
    expect(complaints).toEqual([]);
  }
});

test('the connected page shows the picture of the account and leads back to the chat', async () => {
  await using stage = await startStage();
  const { server, sites } = stage;
  const connected = await stage.connect();
  expect(connected).not.toContain('files.example.com');
  expect(sites.state.requests).toHaveLength(1);
  await using opened = await openInBrowser(browser, `${server.url}/robots.txt`);
  const { page } = opened;
  await page.route('**/shown', (route) => route.fulfill({ contentType: 'text/html', body: connected }));
  await page.goto(`${server.url}/shown`);
  await says(page, 'can now be posted to from');
  expect(await page.evaluate<number>("document.querySelector('img.avatar').naturalWidth")).toBe(96);
  const back = page.getByRole('link', { name: 'Back to Telegram' });
  expect(await back.getAttribute('href')).toBe('https://t.me/nod_bot');
});

test('the keyboard goes through the start page in the order in which it reads', async () => {
  await using stage = await startStage();
  await using opened = await openInBrowser(browser, stage.server.url);
  const { page } = opened;
  const reached: string[] = [];
  for (let presses = 0; presses < 5; presses += 1) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate<string>('document.activeElement.textContent.trim()'));
  }
  expect(reached).toEqual(['Nod', 'Open in Telegram', 'Add to your server', 'hello@example.com', 'Privacy']);
});
