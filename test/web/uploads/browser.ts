import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { fixture } from '../../e2e/stage.ts';

/** The names of the long video. */
export const LONG = 'holiday.mp4';
const SECOND = 'second.mp4';
export const MARKUP = '<img src=x onerror=alert(1)>.mp4';
/** Let through before the network stops; what lies in buffers comes on top. */
export const MIDDLE_BYTES = 3_000_000;

/** Starts Debian's Chromium without a window. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim() });

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };

/** The sizes and schemes in which pages are looked at. */
export const LOOKS = [
  { name: 'a phone in light', viewport: PHONE, colorScheme: 'light', hasTouch: true, isMobile: true },
  { name: 'a phone in dark', viewport: PHONE, colorScheme: 'dark', hasTouch: true, isMobile: true },
  { name: 'a desktop in light', viewport: DESKTOP, colorScheme: 'light' },
  { name: 'a desktop in dark', viewport: DESKTOP, colorScheme: 'dark' },
] as const satisfies readonly (BrowserContextOptions & { name: string })[];

/**
 * Opens an address in a browser of its own, and notes what the page complains of: errors, and what its security policy
 * forbids. A lost connection is none of them.
 */
export async function openInBrowser(browser: Browser, url: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
      complaints.push(message.text());
  });
  // A page on which something is under way asks before it is left.
  page.on('dialog', (dialog) => dialog.accept());
  await page.goto(url);
  return {
    page,
    complaints,
    [Symbol.asyncDispose]: () => context.close(),
  };
}

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

const TOUCH_PX = 44;
/** Links that stand in a sentence are as high as that. */
const TARGETS = 'button, .button, label[for], a:not(p a)';

/** Expects a page to break no rule of axe, and whatever one presses to be big enough for a finger. */
export async function expectAccessible(page: Page): Promise<void> {
  const small: (readonly [text: string, height: number])[] = [];
  for (const target of await page.locator(TARGETS).filter({ visible: true }).all()) {
    const { height = 0 } = (await target.boundingBox()) ?? {};
    if (height < TOUCH_PX) small.push([await target.innerText(), height]);
  }
  expect(small).toEqual([]);
  // What fades has another contrast on the way.
  await page.evaluate(`Promise.all(document.getAnimations()
    .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime))
    .map((one) => one.finished.catch(() => {})))`);
  await page.evaluate(AXE);
  const found = await page.evaluate<{ id: string; nodes: { html: string }[] }[]>(
    'axe.run().then(({ violations }) => violations)',
  );
  expect(found.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([]);
}

/** Keeps a picture of a page where `SCREENSHOTS` names a folder, to look at it. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

/** A way to a server that can be stopped in the middle of an upload, or cut. */
export async function startNetwork(serverUrl: string) {
  const target = new URL(serverUrl);
  const pairs = new Set<readonly [Socket, Socket]>();
  let isDown = false;
  /** How many bytes may still go to the server. */
  let allowance = Number.POSITIVE_INFINITY;
  /** The method of the request behind which nothing more goes to the server. */
  let last: string | undefined;
  let carried = 0;
  /** Those on which nothing goes on, whatever else does. */
  const stuck = new WeakSet<Socket>();
  let reached = Promise.withResolvers<void>();

  const server = createServer((client) => {
    if (isDown) return void client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    upstream.on('error', end).on('close', end);
    client.on('error', end).on('close', () => upstream.end());
    upstream.pipe(client);
    client.on('data', (part) => {
      if (allowance <= 0) {
        stuck.add(client);
        return void client.pause();
      }
      if (last !== undefined && part.toString('latin1').startsWith(`${last} `)) {
        last = undefined;
        allowance = part.length;
      }
      carried += part.length;
      allowance -= part.length;
      if (!upstream.write(part)) {
        client.pause();
        upstream.once('drain', () => !stuck.has(client) && client.resume());
      }
      if (allowance > 0) return;
      stuck.add(client);
      client.pause();
      reached.resolve();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The network has no port.');

  function cutAll(): void {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    /** What has gone to the server, with what is around it. */
    get carried() {
      return carried;
    },
    /** Lets so many more bytes through, and resolves when they are and nothing goes on. */
    stopAfter(bytes: number): Promise<void> {
      reached = Promise.withResolvers();
      allowance = bytes;
      return reached.promise;
    },
    /** Lets everything through up to the next request of this method, and resolves when nothing goes on behind it. */
    stopBehind(method: string): Promise<void> {
      reached = Promise.withResolvers();
      last = method;
      return reached.promise;
    },
    /** New connections work again; those that were stopped stay as they are, and neither side is told. */
    takeNew(): void {
      allowance = Number.POSITIVE_INFINITY;
    },
    /** Ends all connections and takes no new one. */
    cut(): void {
      isDown = true;
      cutAll();
    },
    /** All is as it was. What was stopped is ended, but what has gone through arrives. */
    mend(): void {
      isDown = false;
      allowance = Number.POSITIVE_INFINITY;
      for (const [client, upstream] of pairs) {
        upstream.end();
        client.destroy();
      }
    },
    async [Symbol.asyncDispose]() {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A video of 8 MB under two names, which the browser reads from the disk as it would a person's. */
export async function createLongVideo() {
  const folder = await mkdtemp(join(tmpdir(), 'nod-browser-'));
  const box = Buffer.alloc(8_000_000, 'nod');
  box.writeUInt32BE(box.length, 0);
  box.write('free', 4);
  const content = Buffer.concat([await readFile(fixture('phone.mp4')), box]);
  const paths = [LONG, SECOND, MARKUP].map((name) => join(folder, name));
  for (const path of paths) await writeFile(path, content);
  const [path = '', secondPath = '', markupPath = ''] = paths;
  const sha256 = createHash('sha256').update(content).digest('hex');
  return {
    bytes: content.length,
    sha256,
    path,
    secondPath,
    markupPath,
    dispose: () => rm(folder, { recursive: true }),
  };
}

/** Chooses files on the page. */
export const choose = (page: Page, path: string | string[]): Promise<void> =>
  page.setInputFiles('#file', path);

/** Waits until the page shows a text. */
export const says = (page: Page, text: string): Promise<void> =>
  page.locator('main').getByText(text).first().waitFor();
