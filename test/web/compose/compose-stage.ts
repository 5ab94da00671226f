import type { Message } from 'grammy/types';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { type Stage, type StageOptions, startStage } from '../../e2e/stage.ts';
import { openInBrowser } from '../uploads/browser.ts';

/** A running Nod with a draft of Ana's in her chat, and the link to its page. */
export async function startComposing(files: readonly string[], options: StageOptions = {}) {
  const stage = await startStage(options);
  const [first = ''] = files;
  if (files.length === 1) await stage.sendFile(first);
  else await stage.sendAlbum(files);
  const card = await stage.draft();
  return Object.assign(stage, { draftCard: card });
}

/** Taps the button on the card, and reads the link that Ana gets. */
export async function linkFor(stage: Stage, card: Message): Promise<string> {
  const before = stage.cards().length;
  await stage.tap(card, 'Open as a page');
  const message = await stage.card(
    (one) => LINK.test(JSON.stringify(one)) && stage.cards().indexOf(one) >= before,
  );
  return LINK.exec(JSON.stringify(message))?.[0] ?? '';
}

const LINK = /https?:[^"\s]+\/compose\/[\w-]{32}/;

/** Opens the page as a person does who taps the link. */
export async function openPage(browser: Browser, link: string, options: BrowserContextOptions = {}) {
  const opened = await openInBrowser(browser, link, options);
  await opened.page.getByRole('button', { name: 'Open the draft' }).click();
  await opened.page.locator('#compose').waitFor();
  return opened;
}
