import { el } from './dom.js';

/** Taller than this it scrolls. */
const MAX_HEIGHT_PX = 140;

/**
 * The field in which somebody writes: Enter sends, Shift and Enter begins a line, and above it stands what it answers or edits.
 *
 * @param {{ form: HTMLFormElement, field: HTMLTextAreaElement, above: HTMLElement, send: () => void }} parts
 */
export function createComposer({ form, field, above, send }) {
  /** @type {{ kind: 'reply' | 'edit', id: number | string } | undefined} */
  let target;

  /**
   * @param {'reply' | 'edit'} kind
   * @param {{ id: number | string, title: string, text: string }} of
   */
  function aim(kind, { id, title, text }) {
    target = { kind, id };
    above.hidden = false;
    above.replaceChildren(
      el('span', {}, [el('b', { text: title }), el('span', { text: text.slice(0, 90) })]),
      el('button', { type: 'button', class: 'plain', text: 'Cancel', onclick: () => release() }),
    );
    if (kind === 'edit') field.value = text;
    grow();
    field.focus();
  }

  function release() {
    if (target?.kind === 'edit') field.value = '';
    target = undefined;
    above.hidden = true;
    above.replaceChildren();
  }

  function grow() {
    // Most browsers do it by `field-sizing`.
    if (CSS.supports('field-sizing', 'content')) return;
    field.style.height = 'auto';
    field.style.height = `${Math.min(field.scrollHeight, MAX_HEIGHT_PX)}px`;
  }

  field.addEventListener('input', grow);
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && target !== undefined) release();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });

  return {
    aim,
    release,
    get target() {
      return target;
    },
    clear() {
      field.value = '';
      release();
      grow();
    },
  };
}
