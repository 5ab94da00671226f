import { el, link } from './dom.js';

/** @typedef {import('../views/shapes.ts').TextEntity} TextEntity */

/** @type {Record<string, keyof HTMLElementTagNameMap>} */
const TAGS = {
  bold: 'strong',
  italic: 'em',
  underline: 'u',
  strikethrough: 's',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
  expandable_blockquote: 'blockquote',
};

/**
 * A text of Telegram's with its formatting.
 *
 * @param {string} text
 * @param {readonly TextEntity[]} entities
 * @returns {(Node | string)[]}
 */
export function formatted(text, entities) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return build(text, 0, text.length, sorted);
}

/**
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @param {readonly TextEntity[]} entities
 * @returns {(Node | string)[]}
 */
function build(text, from, to, entities) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let at = from;
  let rest = entities;
  for (let next = rest[0]; next !== undefined; next = rest[0]) {
    const outer = next;
    const end = Math.min(outer.offset + outer.length, to);
    rest = rest.slice(1);
    if (outer.offset < at) continue;
    if (outer.offset > at) parts.push(text.slice(at, outer.offset));
    const inner = rest.filter(({ offset, length }) => offset >= outer.offset && offset + length <= end);
    rest = rest.filter((one) => !inner.includes(one));
    parts.push(wrap(outer, text.slice(outer.offset, end), build(text, outer.offset, end, inner)));
    at = end;
  }
  if (at < to) parts.push(text.slice(at, to));
  return parts;
}

/**
 * @param {TextEntity} entity
 * @param {string} text
 * @param {(Node | string)[]} children
 */
function wrap({ type, url }, text, children) {
  if (type === 'text_link') return link(url ?? '', text);
  if (type === 'url') return link(text, text);
  if (type === 'spoiler') return spoiler(children);
  const tag = TAGS[type];
  if (tag !== undefined) return el(tag, {}, children);
  return el('span', { class: 'mention' }, children);
}

/**
 * What is hidden until somebody wants to see it.
 *
 * @param {readonly (Node | string)[]} children
 */
export function spoiler(children) {
  const hidden = el('span', { hidden: true }, children);
  const button = el('button', {
    type: 'button',
    class: 'spoiler',
    text: 'Spoiler',
    onclick: () => {
      button.remove();
      hidden.hidden = false;
    },
  });
  return el('span', {}, [button, hidden]);
}
