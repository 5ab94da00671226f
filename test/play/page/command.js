import { act } from './api.js';
import { el, icon } from './dom.js';
import { suggestFor } from './suggest.js';

/** @typedef {import('../../emulators/discord/command-wire.ts').WireOption} WireOption */
/** @typedef {import('./components.js').Surroundings} Surroundings */
/** A command as somebody has chosen it. @typedef {{ name: string, subcommand?: string, description: string, options: readonly WireOption[] }} Chosen */
/** @typedef {{ element: HTMLElement, read: () => string | number | boolean | undefined, file: () => File | undefined, take?: (file: File) => void }} OptionField */

const ATTACHMENT = 11;
const TYPING_MS = 150;
/** Fields that stand there from the beginning; the others come when they are asked for. */
const FIRST = ['media1', 'caption', 'when'];

/**
 * All commands, with their subcommands as the app lists them.
 *
 * @param {import('../views/shapes.ts').DiscordView['commands']} commands
 * @returns {Chosen[]}
 */
export const commandsOf = (commands) =>
  commands.flatMap(({ name, description, options }) => {
    const subcommands = options.filter(({ type }) => type === 1);
    if (subcommands.length === 0) return [{ name, description: description ?? '', options }];
    return subcommands.map((one) => ({
      name,
      subcommand: one.name,
      description: one.description,
      options: one.options ?? [],
    }));
  });

/** @param {Chosen} command */
export const nameOfCommand = ({ name, subcommand }) =>
  `/${name}${subcommand === undefined ? '' : ` ${subcommand}`}`;

/**
 * The fields of a command that somebody has chosen; files go into its fields for files, one after the other.
 *
 * @param {{ place: HTMLElement, command: Chosen, channel: string, around: Surroundings, end: () => void }} parts
 */
export function openCommand({ place, command, channel, around, end }) {
  /** @type {Map<string, OptionField>} */
  const fields = new Map();
  const rows = el('div', { class: 'options' });
  const more = el('div', { class: 'more' });
  /** @param {WireOption} option */
  const add = (option) => {
    const field = optionField(option, { command, channel, around, valuesOf, spread: (files) => take(files) });
    fields.set(option.name, field);
    rows.append(field.element);
    return field;
  };
  const isFirst = (/** @type {WireOption} */ { name, required }) => required === true || FIRST.includes(name);
  for (const option of command.options.filter(isFirst)) add(option);
  for (const option of command.options.filter((one) => !isFirst(one))) {
    const button = el('button', {
      type: 'button',
      text: `+ ${option.name}`,
      title: option.description,
      onclick: () => {
        button.remove();
        add(option).element.querySelector('input')?.focus();
      },
    });
    button.dataset.option = option.name;
    more.append(button);
  }

  function valuesOf() {
    const entries = [...fields].flatMap(([name, { read }]) => {
      const value = read();
      return value === undefined ? [] : [[name, value]];
    });
    return Object.fromEntries(entries);
  }

  async function run() {
    const form = new FormData();
    form.set('channel', channel);
    form.set('name', command.name);
    if (command.subcommand !== undefined) form.set('subcommand', command.subcommand);
    form.set('options', JSON.stringify(valuesOf()));
    for (const [name, { file }] of fields) {
      const given = file();
      if (given !== undefined) form.set(`file:${name}`, given);
    }
    const outcome = await act('discord/command', form);
    if (outcome === undefined) return;
    end();
    around.onOutcome(outcome);
  }

  const form = el(
    'form',
    {
      class: 'command-form',
      'aria-label': nameOfCommand(command),
      onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        void run();
      },
    },
    [
      el('div', { class: 'command-head' }, [
        el('b', { class: 'command', text: nameOfCommand(command) }),
        el('span', { text: command.description }),
        el('button', { type: 'button', class: 'plain', 'aria-label': 'Leave this command', onclick: end }, [
          icon('cross'),
        ]),
      ]),
      rows,
      more,
      el('button', { type: 'submit', class: 'button primary', text: 'Run' }),
    ],
  );
  place.replaceChildren(form);
  place.hidden = false;
  const first = form.querySelector('input:not([type="file"])') ?? form.querySelector('button[type="submit"]');
  if (first instanceof HTMLElement) first.focus();

  /** Puts files into the fields for files that are free. @param {readonly File[]} files */
  function take(files) {
    const slots = command.options.filter(({ type }) => type === ATTACHMENT);
    const free = slots.filter(({ name }) => fields.get(name)?.file() === undefined);
    for (const [index, file] of files.entries()) {
      const slot = free[index];
      if (slot === undefined) break;
      more.querySelector(`[data-option="${slot.name}"]`)?.remove();
      (fields.get(slot.name) ?? add(slot)).take?.(file);
    }
    return slots.length > 0;
  }

  return { take };
}

/**
 * @param {WireOption} option
 * @param {{ command: Chosen, channel: string, around: Surroundings, valuesOf: () => object, spread: (files: readonly File[]) => void }} parts
 * @returns {OptionField}
 */
function optionField(option, parts) {
  const { name, description, required } = option;
  const { input, read, file, take, extra } = inputOf(option, parts);
  const element = el('label', { class: 'option', title: description }, [
    el('span', { class: 'name', text: required ? `${name} *` : name }),
    input,
    extra,
  ]);
  return { element, read, file: file ?? (() => undefined), ...(take && { take }) };
}

/**
 * @param {WireOption} option
 * @param {{ command: Chosen, channel: string, around: Surroundings, valuesOf: () => object, spread: (files: readonly File[]) => void }} parts
 * @returns {{ input: HTMLElement, read: OptionField['read'], file?: OptionField['file'], take?: (file: File) => void, extra?: HTMLElement }}
 */
function inputOf(option, parts) {
  const { type, name, choices, required, description } = option;
  if (type === ATTACHMENT) return fileInput(required === true, parts.spread);
  const list = choicesOf(option, parts.around);
  if (list !== undefined) {
    const select = el(
      'select',
      { class: 'select', required: required === true, 'aria-label': `${name}: ${description}` },
      [
        el('option', { value: '', text: '' }),
        ...list.map(({ value, label }) => el('option', { value, text: label })),
      ],
    );
    const read = () => (select.value === '' ? undefined : typedValue(type, select.value));
    return { input: select, read };
  }
  const isNumber = type === 4 || type === 10;
  const input = el('input', {
    type: isNumber ? 'number' : 'text',
    required: required === true,
    placeholder: description,
    maxlength: option.max_length ?? undefined,
    step: type === 4 ? 1 : undefined,
  });
  const read = () => (input.value === '' ? undefined : typedValue(type, input.value));
  if (!option.autocomplete || choices?.length) return { input, read };
  return { ...autocompleted(input, option, parts) };
}

/**
 * A field for one file; what is chosen beside it goes on to the next fields.
 *
 * @param {boolean} required
 * @param {(files: readonly File[]) => void} spread
 */
function fileInput(required, spread) {
  const input = el('input', {
    type: 'file',
    required,
    multiple: true,
    onchange: () => {
      const [first, ...others] = input.files ?? [];
      if (first === undefined || others.length === 0) return;
      take(first);
      spread(others);
    },
  });
  const take = (/** @type {File} */ file) => {
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.files = transfer.files;
  };
  return { input, read: () => undefined, file: () => input.files?.[0], take };
}

/**
 * A field for which the app offers what Nod suggests; what is chosen is shown by its name and sent by its value.
 *
 * @param {HTMLInputElement} input
 * @param {WireOption} option
 * @param {{ command: Chosen, channel: string, valuesOf: () => object }} parts
 */
function autocompleted(input, { name, type }, { command, channel, valuesOf }) {
  /** @type {{ label: string, value: string } | undefined} */
  let picked;
  let asked = 0;
  const list = el('div', { class: 'suggest' });
  const { look } = suggestFor({
    field: input,
    list,
    find: async (value) => {
      asked += 1;
      const mine = asked;
      await new Promise((resolve) => setTimeout(resolve, TYPING_MS));
      if (mine !== asked) return [];
      const { name: main, subcommand } = command;
      const below = subcommand === undefined ? {} : { subcommand };
      const use = { channel, name: main, focused: name, value, options: valuesOf() };
      const answer = await act('discord/autocomplete', { ...use, ...below });
      /** @type {{ name: string, value: string | number }[]} */
      const choices = answer?.choices ?? [];
      return choices.map((one) => ({ label: one.name, value: String(one.value) }));
    },
    choose: (one) => {
      picked = one;
      input.value = one.label;
    },
  });
  input.addEventListener('focus', look);
  const read = () => {
    if (input.value === '') return undefined;
    return typedValue(type, picked?.label === input.value ? picked.value : input.value);
  };
  return { input, read, extra: list };
}

/**
 * @param {WireOption} option
 * @param {Surroundings} around
 */
function choicesOf({ type, choices }, { people, roles, channels }) {
  if (choices?.length) return choices.map(({ name, value }) => ({ label: name, value: String(value) }));
  if (type === 5) return ['true', 'false'].map((value) => ({ label: value, value }));
  const named = { 6: people, 7: channels, 8: roles, 9: [...people, ...roles] }[type];
  return named?.map(({ id, name }) => ({ label: name, value: id }));
}

/**
 * @param {number} type
 * @param {string} value
 */
function typedValue(type, value) {
  if (type === 4 || type === 10) return Number(value);
  return type === 5 ? value === 'true' : value;
}
