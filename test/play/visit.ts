import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';

/** A busy machine is slow, and what comes costs no waiting. */
const PATIENCE_MS = 90_000;

export type Visit = Awaited<ReturnType<typeof visit>>;

/** Waits until an opened page of the playground shows a running Nod; what somebody does there. */
export async function visit(page: Page) {
  page.setDefaultTimeout(PATIENCE_MS);
  await page.locator('#nod[data-state="running"]').waitFor({ state: 'attached' });
  const telegram = createPane(page, 'telegram');
  const discord = createPane(page, 'discord');

  /** Sends files with a caption in Telegram. */
  async function sendInTelegram(names: readonly string[], caption: string): Promise<void> {
    await page.setInputFiles('[aria-label="Telegram: choose files"]', names.map(example));
    await page.getByLabel('Message in Telegram', { exact: true }).fill(caption);
    await page.getByRole('button', { name: 'Send in Telegram' }).click();
  }

  /** Opens `/tiktok post` in Discord as one types it, and fills it in. */
  async function fillInDiscord(name: string, caption: string): Promise<Locator> {
    const field = page.getByLabel('Message in Discord', { exact: true });
    await field.pressSequentially('/tiktok po');
    await page
      .locator('#discord-suggest')
      .getByRole('option', { name: /^\/tiktok post\b/ })
      .waitFor();
    await field.press('Enter');
    const form = page.getByRole('form', { name: '/tiktok post' });
    await form.getByLabel('media1').setInputFiles(example(name));
    await form.getByLabel('caption').fill(caption);
    return form;
  }

  return {
    page,
    telegram,
    discord,
    sendInTelegram,
    fillInDiscord,
    postInDiscord: async (name: string, caption: string): Promise<void> =>
      (await fillInDiscord(name, caption)).getByRole('button', { name: 'Run' }).click(),
    /** The tiles of the profile on the phone that are public. */
    publicTiles: (caption: string): Locator =>
      page.locator('.tile.public').and(page.getByRole('button', { name: caption })),
    turn: (label: string) =>
      page.locator('#switches').getByRole('button', { name: label, exact: true }).click(),
  };
}

/** A file to send. */
export const example = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/demo/${name}`, import.meta.url));

function createPane(page: Page, name: 'telegram' | 'discord') {
  const log = page.locator(`#${name}-log`);
  /** The newest message that holds these words. */
  const message = (words: string | RegExp): Locator => log.locator('> li', { hasText: words }).last();
  /** A button of the newest message that holds these words and has it; a newer one may quote the words alone. */
  const button = (words: string | RegExp, label: string): Locator => {
    const named = page.getByRole('button', { name: label, exact: true });
    return log.locator('> li', { hasText: words }).filter({ has: named }).last().locator(named);
  };
  return {
    log,
    message,
    button,
    press: (words: string | RegExp, label: string): Promise<void> => button(words, label).click(),
    /** Resolves when a message shows this. */
    shows: (words: string | RegExp): Promise<void> => message(words).waitFor(),
    react: (words: string | RegExp, emoji: string): Promise<void> =>
      message(words)
        .getByRole('button', { name: new RegExp(`^${emoji} \\d`) })
        .click(),
  };
}
