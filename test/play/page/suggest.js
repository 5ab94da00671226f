import { el } from './dom.js';

/** @typedef {{ label: string, detail?: string, value: string }} Suggestion */

let lastId = 0;

/**
 * Offers what could be meant below a field while somebody types: arrows move, Enter or Tab takes, Escape closes.
 *
 * @param {{
 *   field: HTMLInputElement | HTMLTextAreaElement,
 *   list: HTMLElement,
 *   find: (text: string) => readonly Suggestion[] | Promise<readonly Suggestion[]>,
 *   choose: (one: Suggestion) => void,
 * }} parts
 */
export function suggestFor({ field, list, find, choose }) {
  /** @type {readonly Suggestion[]} */
  let found = [];
  let active = 0;
  let asked = 0;
  lastId += 1;
  const id = `suggest-${lastId}`;
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Suggestions');
  list.id ||= id;
  list.hidden = true;
  field.setAttribute('aria-autocomplete', 'list');
  field.setAttribute('autocomplete', 'off');
  field.setAttribute('aria-controls', list.id);

  async function look() {
    asked += 1;
    const mine = asked;
    const next = await find(field.value);
    if (mine !== asked) return;
    found = next.slice(0, 25);
    active = 0;
    show();
  }

  function show() {
    list.hidden = found.length === 0;
    list.replaceChildren(
      ...found.map((one, index) =>
        el(
          'div',
          {
            role: 'option',
            id: `${id}-${index}`,
            'aria-selected': String(index === active),
            onmousedown: (/** @type {MouseEvent} */ event) => event.preventDefault(),
            onclick: () => take(index),
          },
          [
            el('span', { class: 'label', text: one.label }),
            el('span', { class: 'detail', text: one.detail ?? '' }),
          ],
        ),
      ),
    );
    if (list.hidden) field.removeAttribute('aria-activedescendant');
    else field.setAttribute('aria-activedescendant', `${id}-${active}`);
    list.children[active]?.scrollIntoView({ block: 'nearest' });
  }

  function close() {
    asked += 1;
    found = [];
    show();
  }

  /** @param {number} index */
  function take(index) {
    const one = found[index];
    close();
    if (one !== undefined) choose(one);
  }

  field.addEventListener('input', look);
  field.addEventListener('blur', close);
  field.addEventListener('keydown', (/** @type {Event} */ event) => {
    if (!(event instanceof KeyboardEvent) || found.length === 0) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      active = (active + steps[/** @type {keyof typeof steps} */ (event.key)] + found.length) % found.length;
      show();
    } else if (event.key === 'Enter' || event.key === 'Tab') take(active);
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  });
  return { look, close };
}
