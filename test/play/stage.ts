import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { openInBrowser } from '../web/uploads/browser.ts';
import { type PlaygroundOptions, startPlayground } from './playground.ts';
import { startPlayServer } from './server/server.ts';
import { visit } from './visit.ts';

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** A playground with its page, and browsers in it. */
export async function startPlayStage(options: PlaygroundOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const playground = stack.use(await startPlayground(options));
  const server = stack.use(await startPlayServer({ playground }));
  const kept = stack.move();

  /** Opens the page as somebody. */
  async function open(browser: Browser, who: string, look: BrowserContextOptions = {}) {
    const viewport = { width: 1440, height: 900 };
    const opened = await openInBrowser(browser, `${server.url}?as=${who}`, { viewport, ...look });
    return { ...opened, ...(await visit(opened.page)) };
  }

  return { playground, url: server.url, open, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

export type PlayStage = Awaited<ReturnType<typeof startPlayStage>>;

/** Expects the page to break no rule of axe as it is now. */
export async function expectNoViolations(page: Page, where: string): Promise<void> {
  await page.evaluate(AXE);
  const found = await page.evaluate<{ id: string; nodes: { html: string; failureSummary: string }[] }[]>(
    'axe.run().then(({ violations }) => violations)',
  );
  const told = found.map(({ id, nodes }) => [
    id,
    ...nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`),
  ]);
  expect.soft(told, where).toEqual([]);
}
