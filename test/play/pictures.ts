// Makes the pictures in docs/ by playing: `npm run pictures`. It needs Debian's chromium, ffmpeg and fonts-noto-color-emoji.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { startPlayground } from './playground.ts';
import { startPlayServer } from './server/server.ts';
import { example, type Visit, visit } from './visit.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const VIEWPORT = { width: 1440, height: 960 };
/** As wide as the README shows it, twice over for sharp screens would be too many bytes. */
const FILM_WIDTH = 1_100;
const CAPTION = 'First light #surf @maria';

checkFonts();
await using stack = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'nod-pictures-'));
stack.defer(() => rm(folder, { recursive: true, force: true }));
const browser = await chromium.launch({
  executablePath: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
});
stack.defer(() => browser.close());

await drawCard();
await using playground = await startPlayground();
await using server = await startPlayServer({ playground });
await film();
await drawTrouble();

/** The first screen of the README: photos from Telegram, approved in Discord, on the phone. */
async function film(): Promise<void> {
  const ana = await open(server.url, 'dark');
  const { page, telegram, discord } = ana;
  const frames: { file: string; seconds: number }[] = [];
  const shoot = async (seconds: number): Promise<void> => {
    const file = join(folder, `${String(frames.length).padStart(3, '0')}.png`);
    await page.screenshot({ path: file });
    frames.push({ file, seconds });
  };

  await shoot(0.9);
  await page.setInputFiles('[aria-label="Telegram: choose files"]', ['beach.png', 'studio.jpg'].map(example));
  const field = page.getByLabel('Message in Telegram', { exact: true });
  for (const typed of ['@nod_test_bot ', 'First light ', '#surf @maria']) {
    await field.pressSequentially(typed);
    await shoot(0.35);
  }
  await page.getByRole('button', { name: 'Send in Telegram' }).click();
  await telegram.button(CAPTION, 'Everyone').waitFor();
  await telegram.message(CAPTION).getByRole('img').first().waitFor();
  await settled(page);
  await shoot(1.6);
  await telegram.press(CAPTION, 'Everyone');
  await telegram.button(CAPTION, '● Everyone').waitFor();
  await shoot(0.9);
  await telegram.press(CAPTION, 'Ask for approval');
  await discord.shows(/wants to post/);
  await telegram.shows(/wants to post/);
  await settled(page);
  await shoot(1.6);
  await page.getByRole('radio', { name: /Ben/ }).check({ force: true });
  await discord.shows(/wants to post/);
  await settled(page);
  await shoot(1);
  await discord.react(/wants to post/, '✅');
  for (const words of [/TikTok is taking|Posting|TikTok has it/, /✓ Posted|Live/]) {
    await discord.shows(words);
    await shoot(0.8);
  }
  await ana.publicTiles(CAPTION).waitFor();
  await discord.shows(/Live on TikTok/);
  await settled(page);
  await shoot(1.4);
  await ana.publicTiles(CAPTION).click();
  await settled(page);
  await shoot(1.5);
  await page.getByRole('button', { name: 'Next photo' }).click();
  await settled(page);
  await shoot(2.6);
  await page.context().close();

  const list = frames.map(({ file, seconds }) => `file '${file}'\nduration ${seconds}`);
  const last = frames.at(-1)?.file ?? '';
  await writeFile(join(folder, 'list.txt'), `${list.join('\n')}\nfile '${last}'\n`);
  const filter = `scale=${FILM_WIDTH}:-2:flags=lanczos`;
  ffmpeg(
    ['-f', 'concat', '-safe', '0', '-i', join(folder, 'list.txt'), '-vf', filter],
    [
      ...['-c:v', 'libwebp_anim', '-lossless', '0', '-q:v', '72', '-compression_level', '6', '-loop', '0'],
      ...['-fps_mode', 'vfr', join(DOCS, 'playground.webp')],
    ],
  );
}

/** A post of Discord's whose answer from TikTok got lost, approved in Telegram. */
async function drawTrouble(): Promise<void> {
  const ana = await open(server.url, 'light');
  const { page, telegram } = ana;
  await ana.turn('Lose the next reply to init');
  const form = await ana.fillInDiscord('sunset.mp4', 'Two seconds of sunset');
  await form.getByRole('button', { name: 'Run' }).click();
  const card = ana.discord.message('Two seconds');
  await card.getByLabel('Who can see it?').selectOption('Everyone');
  await card.getByText('Who can see it? Everyone').waitFor();
  await ana.discord.press('Two seconds', 'Ask for approval');
  await page.getByRole('radio', { name: /Ben/ }).check({ force: true });
  await telegram.press(/wants to post[\s\S]*Two seconds/, 'Approve');
  await telegram.shows(/Live on TikTok[\s\S]*Two seconds/);
  await settled(page);
  await page.screenshot({ path: join(DOCS, 'playground.png') });
  await page.context().close();
}

/** The card of a draft in Telegram, in a chat where nothing was posted yet. */
async function drawCard(): Promise<void> {
  await using playground = await startPlayground();
  await using server = await startPlayServer({ playground });
  const { page, telegram, sendInTelegram } = await open(server.url, 'light', { width: 1440, height: 1_700 });
  await sendInTelegram(['beach.png', 'studio.jpg'], `@nod_test_bot ${CAPTION}`);
  // The card is drawn anew once its preview is there.
  await telegram
    .message(/By posting/)
    .getByRole('img')
    .first()
    .waitFor();
  await settled(page);
  await telegram.message(/By posting/).screenshot({ path: join(DOCS, 'card.png') });
  await page.context().close();
}

async function open(url: string, colorScheme: 'light' | 'dark', viewport = VIEWPORT): Promise<Visit> {
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(url);
  return visit(page);
}

/** Resolves once every picture and video that is shown has come, and what moves with them is drawn. */
async function settled(page: Page): Promise<void> {
  await page.mouse.move(0, 0);
  await page.waitForFunction(
    `[...document.images].every(({ complete }) => complete) &&
     [...document.querySelectorAll('video')].every(({ readyState }) => readyState >= 2)`,
  );
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
}

function ffmpeg(input: readonly string[], output: readonly string[]): void {
  execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...input, ...output], {
    stdio: 'inherit',
  });
}

/** Without an emoji font the marks on the cards would be boxes. */
function checkFonts(): void {
  const fonts = execFileSync('fc-list', [':', 'family'], { encoding: 'utf8' });
  if (/emoji/i.test(fonts)) return;
  console.error('The pictures need a font with emoji: apt-get install fonts-noto-color-emoji');
  process.exit(1);
}
