import { showMoments } from '../../preview/browser/moments.js';
import { startPhone } from '../../preview/browser/phone.js';

/** After an answer that was none. */
const AFTER_FAILURE_MS = 10_000;

showMoments(document);
const live = document.querySelector('[data-news-every]');
if (live instanceof HTMLElement) follow(live);

/**
 * Asks for the page again as long as it is seen and there is news to come, and exchanges what has changed.
 *
 * @param {HTMLElement} live
 */
function follow(live) {
  const offline = live.querySelector('[data-offline]');
  const news = live.querySelector('[data-news]');
  /** Of the answer that is shown. */
  let tag = '';
  let every = Number(live.dataset.newsEvery);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isAsking = false;

  /** @param {number} afterMs */
  function plan(afterMs) {
    clearTimeout(timer);
    timer = setTimeout(ask, afterMs);
  }

  async function ask() {
    clearTimeout(timer);
    if (isAsking || document.visibilityState !== 'visible') return;
    isAsking = true;
    const isThere = await look().catch(() => false);
    isAsking = false;
    offline?.toggleAttribute('hidden', isThere);
    if (every > 0) plan(isThere ? every : Math.max(every, AFTER_FAILURE_MS));
  }

  /** Whether the server has answered. */
  async function look() {
    const headers = { 'If-None-Match': tag };
    const answer = await fetch(location.href, { headers, cache: 'no-store', redirect: 'error' });
    if (answer.status === 304) return true;
    // The link has come to its end, and the page says so.
    if (answer.status === 404) location.reload();
    if (!answer.ok) return false;
    show(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    tag = answer.headers.get('etag') ?? '';
    return true;
  }

  /** @param {Document} page */
  function show(page) {
    every = Number(page.querySelector('[data-news-every]')?.getAttribute('data-news-every') ?? 0);
    for (const part of page.querySelectorAll('[data-live]')) {
      const old = live.querySelector(`[data-live="${part.getAttribute('data-live')}"]`);
      if (!old || old.getAttribute('data-version') === part.getAttribute('data-version')) continue;
      exchange(old, /** @type {HTMLElement} */ (document.importNode(part, true)));
    }
  }

  /**
   * @param {Element} old
   * @param {HTMLElement} part
   */
  function exchange(old, part) {
    const before = saidIn(old);
    const focused = old.contains(document.activeElement) ? document.activeElement : undefined;
    old.replaceWith(part);
    showMoments(part);
    for (const phone of part.querySelectorAll('[data-phone]')) startPhone(phone);
    const said = saidIn(part).filter((text) => !before.includes(text));
    if (news !== null && said.length > 0) news.textContent = `${said.join('. ')}.`;
    if (focused) takeFocus(part, focused);
  }

  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && every > 0) ask();
  });
  window.addEventListener('online', () => every > 0 && ask());
  plan(every);
}

/** @param {Element} part */
const saidIn = (part) =>
  [...part.querySelectorAll('[data-said]')].map((each) => (each.textContent ?? '').trim());

/**
 * Gives the focus to what has taken the place of the thing that had it.
 *
 * @param {HTMLElement} part
 * @param {Element} before
 */
function takeFocus(part, before) {
  const things = [...part.querySelectorAll('a, button:not([hidden])')];
  const same = things.find((thing) => thing.textContent === before.textContent);
  if (same instanceof HTMLElement) return same.focus();
  part.tabIndex = -1;
  part.focus();
}
