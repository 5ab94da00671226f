import { act } from './api.js';
import { optionsOf } from './components.js';
import { byId, el } from './dom.js';
import { markdown } from './markdown.js';

/** @typedef {import('../../emulators/discord/wire.ts').WireComponent} WireComponent */
/** @typedef {import('../views/shapes.ts').InteractionOutcome} InteractionOutcome */
/** What a field holds; undefined leaves it as it is. @typedef {{ element: HTMLElement, read: () => { value?: string | boolean | string[], files?: File[] } }} Field */

/**
 * Opens the window that an app asks something in.
 *
 * @param {InteractionOutcome} outcome
 * @param {import('./components.js').Surroundings} around
 */
export function openModal({ interaction, modal }, around) {
  if (modal === undefined || interaction === undefined) return;
  const dialog = byId('modal', HTMLDialogElement);
  /** @type {Map<string, Field>} */
  const fields = new Map();
  const rows = modal.components.map((component) => rowOf(component, fields, around));
  const submit = el('button', { type: 'submit', class: 'button primary', text: 'Submit' });
  const form = el(
    'form',
    {
      method: 'dialog',
      onsubmit: async (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        submit.disabled = true;
        const outcome = await send(interaction, fields);
        submit.disabled = false;
        if (outcome === undefined) return;
        dialog.close();
        around.onOutcome(outcome);
      },
    },
    [
      el('h2', { id: 'modal-title', text: modal.title }),
      ...rows,
      el('div', { class: 'action-row' }, [
        el('button', {
          type: 'button',
          class: 'button secondary',
          text: 'Cancel',
          onclick: () => dialog.close(),
        }),
        submit,
      ]),
    ],
  );
  dialog.replaceChildren(form);
  dialog.showModal();
}

/**
 * @param {string} interaction
 * @param {Map<string, Field>} fields
 */
function send(interaction, fields) {
  const form = new FormData();
  /** @type {Record<string, string | boolean | string[]>} */
  const values = {};
  for (const [name, { read }] of fields) {
    const { value, files } = read();
    if (value !== undefined) values[name] = value;
    for (const file of files ?? []) form.append(`file:${name}`, file);
  }
  form.set('interaction', interaction);
  form.set('fields', JSON.stringify(values));
  return act('discord/modal', form);
}

/**
 * @param {WireComponent} component
 * @param {Map<string, Field>} fields
 * @param {import('./components.js').Surroundings} around
 * @returns {HTMLElement}
 */
function rowOf(component, fields, around) {
  const { type, label, description, component: inner, components = [] } = component;
  if (type === 10) return el('p', {}, markdown(component.content ?? '', around.nameOf));
  const input = inner ?? components[0];
  if (input === undefined) return el('div');
  const field = fieldOf(input, label ?? input.label ?? '', around);
  fields.set(input.custom_id ?? '', field);
  const isRequired = input.required !== false && input.type !== 23;
  return el('div', { class: 'field' }, [
    el('label', {}, [
      el('span', { class: 'name' }, [
        label ?? input.label ?? '',
        isRequired && el('span', { class: 'required', text: ' *' }),
      ]),
      description != null && el('small', { text: description }),
      field.element,
    ]),
  ]);
}

/**
 * @param {WireComponent} input
 * @param {string} label
 * @param {import('./components.js').Surroundings} around
 * @returns {Field}
 */
function fieldOf(input, label, around) {
  const required = input.required !== false;
  if (input.type === 4) return textField(input, required);
  if (input.type === 19) {
    const element = el('input', { type: 'file', multiple: (input.max_values ?? 1) > 1, required });
    return { element, read: () => ({ files: [...(element.files ?? [])] }) };
  }
  if (input.type === 23) {
    const element = el('input', { type: 'checkbox', checked: input.default === true });
    return { element, read: () => ({ value: element.checked }) };
  }
  const isMany = (input.max_values ?? 1) > 1 || input.type === 22;
  const element = el(
    'select',
    { class: 'select', multiple: isMany, 'aria-label': label, required },
    optionsOf(input, around).map(({ value, label: text, isChosen }) =>
      el('option', { value, text, selected: isChosen }),
    ),
  );
  const chosen = () => [...element.selectedOptions].map(({ value }) => value);
  return { element, read: () => ({ value: input.type === 21 ? (chosen()[0] ?? '') : chosen() }) };
}

/**
 * @param {WireComponent} input
 * @param {boolean} required
 * @returns {Field}
 */
function textField({ style, value, placeholder, min_length: minlength, max_length: maxlength }, required) {
  const given = {
    required,
    placeholder: placeholder ?? undefined,
    minlength: minlength ?? undefined,
    maxlength: maxlength ?? undefined,
  };
  const element =
    style === 2 ? el('textarea', { ...given, rows: 4 }) : el('input', { ...given, type: 'text' });
  element.value = value ?? '';
  return { element, read: () => ({ value: element.value }) };
}
