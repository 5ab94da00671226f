/** @typedef {Node | string | undefined | false} Child */

/**
 * Makes an element; texts become text and never markup.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | undefined | ((event: any) => void)>} [given] attributes, `text`, and listeners as `onclick`
 * @param {readonly Child[]} [children]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, given = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (name === 'text') element.textContent = String(value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

const ICONS = /** @type {const} */ ({
  clip: 'M8 12.5l6.2-6.2a3 3 0 0 1 4.3 4.3l-8 8a5 5 0 0 1-7-7l7.6-7.7',
  send: 'M4 12l16-8-5 17-4-7z',
  plus: 'M12 5v14M5 12h14',
  cross: 'M6 6l12 12M18 6L6 18',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  heart: 'M12 20s-7.5-4.7-7.5-10A4.2 4.2 0 0 1 12 7.300a4.2 4.2 0 0 1 7.500 2.700c0 5.300-7.500 10-7.500 10z',
  bubble: 'M5 5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z',
  share: 'M13 5l8 7-8 7v-4C7 15 4.500 17 3 19c.5-5 3.500-9 10-10z',
  play: 'M8 5l12 7-12 7z',
  file: 'M7 3h7l5 5v13H7zM14 3v5h5',
  photos: 'M4 8h12v12H4zM8 8V4h12v12h-4',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  dots: 'M5 12h.1M12 12h.1M19 12h.1',
});

/**
 * A small drawing in the colour of its text.
 *
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', `icon ${name}`);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * Finds an element of the page.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`The page has no ${id}.`);
  return element;
}

/** Elements that stand in a container, by their keys. @type {WeakMap<Element, Map<string, { shown: string, element: HTMLElement }>>} */
const kept = new WeakMap();

/**
 * Shows a list in a container and touches only what has changed; the focus stays on what is called the same.
 *
 * @template T
 * @param {HTMLElement} container
 * @param {readonly T[]} items
 * @param {{ key: (item: T) => string, make: (item: T) => HTMLElement }} how
 * @returns {T[]} what was not there before
 */
export function showList(container, items, { key, make }) {
  const before = kept.get(container) ?? new Map();
  /** @type {typeof before} */
  const after = new Map();
  /** @type {T[]} */
  const fresh = [];
  const focused = document.activeElement;
  for (const item of items) {
    const name = key(item);
    const shown = JSON.stringify(item);
    const old = before.get(name);
    if (old === undefined) fresh.push(item);
    if (old?.shown === shown) after.set(name, old);
    else {
      const element = make(item);
      if (old !== undefined) {
        const place = old.element.contains(focused) ? placeOf(old.element, focused) : undefined;
        old.element.replaceWith(element);
        if (place !== undefined) giveFocus(element, place);
      }
      after.set(name, { shown, element });
    }
  }
  for (const [name, { element }] of before) if (!after.has(name)) element.remove();
  let last = null;
  for (const { element } of after.values()) {
    const next = last === null ? container.firstElementChild : last.nextElementSibling;
    if (next !== element) container.insertBefore(element, next);
    last = element;
  }
  kept.set(container, after);
  return fresh;
}

const FOCUSABLE = 'button, a, select, summary, input';

/** @param {Element | null} element */
const focusName = (element) =>
  element?.getAttribute('data-focus') ?? element?.getAttribute('aria-label') ?? element?.textContent ?? '';

/**
 * What has the focus within an element: its name, and where it stands should that change.
 *
 * @param {HTMLElement} inside
 * @param {Element | null} focused
 */
function placeOf(inside, focused) {
  const targets = [...inside.querySelectorAll(FOCUSABLE)];
  return { name: focusName(focused), index: focused === null ? -1 : targets.indexOf(focused) };
}

/**
 * @param {HTMLElement} inside
 * @param {ReturnType<typeof placeOf>} place
 */
function giveFocus(inside, { name, index }) {
  const targets = [...inside.querySelectorAll(FOCUSABLE)];
  const same = targets.find((target) => focusName(target) === name) ?? targets[index] ?? targets[0];
  if (same instanceof HTMLElement) same.focus({ preventScroll: true });
}

/**
 * Keeps a log at its end while it grows, unless somebody has scrolled up.
 *
 * @param {HTMLElement} log
 * @param {() => void} change
 */
export function atEnd(log, change) {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  change();
  if (!isAtEnd) return;
  log.scrollTop = log.scrollHeight;
  // What a picture takes is known once it is there.
  for (const picture of log.querySelectorAll('img, video'))
    picture.addEventListener(
      picture instanceof HTMLVideoElement ? 'loadedmetadata' : 'load',
      () => {
        log.scrollTop = log.scrollHeight;
      },
      { once: true },
    );
}

const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

/** @param {number} ms */
export const clockTime = (ms) => TIME.format(new Date(ms));

/** @param {number} bytes */
export const sizeText = (bytes) =>
  bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} KB` : `${(bytes / 1e6).toFixed(1)} MB`;

/**
 * A link to a page of Nod's or TikTok's, or plain text where it leads nowhere.
 *
 * @param {string} href
 * @param {string} text
 * @param {Record<string, string>} [given]
 */
export function link(href, text, given = {}) {
  const protocol = URL.parse(href)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') return el('span', { text });
  return el('a', { href, target: '_blank', rel: 'noopener noreferrer', text, ...given });
}
