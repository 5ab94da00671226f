import { act } from './api.js';
import { el, icon, link, sizeText } from './dom.js';
import { markdown } from './markdown.js';

/** @typedef {import('../../emulators/discord/wire.ts').WireComponent} WireComponent */
/** @typedef {import('../views/shapes.ts').Named} Named */
/** @typedef {{ nameOf: import('./markdown.js').NameOf, people: readonly Named[], roles: readonly Named[], channels: readonly Named[], onOutcome: (outcome: import('../views/shapes.ts').InteractionOutcome) => void }} Surroundings */

/** By their number: https://discord.com/developers/docs/components/reference */
const STYLES = ['', 'primary', 'secondary', 'success', 'danger', 'link'];

/**
 * Components of a message, as Discord shows them.
 *
 * @param {readonly WireComponent[]} components
 * @param {string} messageId
 * @param {Surroundings} around
 * @returns {HTMLElement[]}
 */
export const componentElements = (components, messageId, around) =>
  components.map((component) => componentElement(component, messageId, around));

/**
 * @param {WireComponent} component
 * @param {string} messageId
 * @param {Surroundings} around
 * @returns {HTMLElement}
 */
function componentElement(component, messageId, around) {
  const inner = () => componentElements(component.components ?? [], messageId, around);
  switch (component.type) {
    case 1:
      return el('div', { class: 'action-row' }, inner());
    case 2:
      return buttonElement(component, messageId, around);
    case 9:
      return el('div', { class: 'section' }, [
        el('div', { class: 'section-text' }, inner()),
        component.accessory && componentElement(component.accessory, messageId, around),
      ]);
    case 10:
      return el('div', { class: 'text-display' }, markdown(component.content ?? '', around.nameOf));
    case 11:
      return el('img', { class: 'thumbnail', src: component.media?.url, alt: component.description ?? '' });
    case 12:
      return galleryElement(component);
    case 13:
      return attachmentLink({
        url: component.file?.url ?? '',
        name: component.name ?? 'file',
        bytes: component.size ?? 0,
      });
    case 14:
      return el('hr', { class: component.divider === false ? 'space' : 'divider' });
    case 17: {
      const container = el('div', { class: 'container' }, inner());
      const { accent_color: accent } = component;
      if (accent != null) container.style.setProperty('--accent', `#${accent.toString(16).padStart(6, '0')}`);
      return container;
    }
    default:
      return selectElement(component, messageId, around);
  }
}

/** @param {WireComponent} component */
function galleryElement({ items = [] }) {
  return el(
    'div',
    { class: `gallery of-${Math.min(items.length, 4)}` },
    items.map(({ media, description }) =>
      media.content_type?.startsWith('video/')
        ? el('video', {
            src: media.url,
            controls: true,
            preload: 'metadata',
            'aria-label': description ?? 'Video',
          })
        : el('img', {
            src: media.url,
            alt: description ?? 'Picture',
            width: media.width ?? undefined,
            height: media.height ?? undefined,
          }),
    ),
  );
}

/** @param {{ url: string, name: string, bytes: number }} file */
export const attachmentLink = ({ url, name, bytes }) =>
  el('a', { class: 'attachment', href: url, target: '_blank', rel: 'noopener noreferrer' }, [
    icon('file'),
    el('span', {}, [el('b', { text: name }), el('small', { text: sizeText(bytes) })]),
  ]);

/**
 * @param {WireComponent} component
 * @param {string} messageId
 * @param {Surroundings} around
 */
function buttonElement(
  { style, label, emoji, url, custom_id: customId, disabled },
  messageId,
  { onOutcome },
) {
  const text = [emoji?.name, label].filter(Boolean).join(' ');
  const look = `button ${STYLES[style ?? 2] ?? 'secondary'}`;
  if (url != null) return link(url, `${text} ↗`, { class: look });
  const button = el('button', {
    type: 'button',
    class: look,
    text,
    'data-focus': customId ?? text,
    disabled: disabled === true,
    onclick: async () => {
      button.setAttribute('aria-busy', 'true');
      const outcome = await act('discord/press', { message: messageId, customId });
      button.removeAttribute('aria-busy');
      if (outcome !== undefined) onOutcome(outcome);
    },
  });
  return button;
}

/**
 * What a select offers, whatever its kind.
 *
 * @param {WireComponent} component
 * @param {Pick<Surroundings, 'people' | 'roles' | 'channels'>} around
 */
export function optionsOf({ type, options = [], default_values: picked }, { people, roles, channels }) {
  const chosen = new Set((picked ?? []).map(({ id }) => id));
  const named = (/** @type {readonly Named[]} */ list, /** @type {string} */ mark) =>
    list.map(({ id, name }) => ({
      value: id,
      label: name.startsWith(mark) ? name : `${mark}${name}`,
      description: undefined,
      isChosen: chosen.has(id),
    }));
  if (type === 5) return named(people, '@');
  if (type === 6) return named(roles, '@');
  if (type === 7) return [...named(people, '@'), ...named(roles, '@')];
  if (type === 8) return named(channels, '#');
  return options.map(({ label, value, description, default: isChosen }) => ({
    value,
    label,
    description: description ?? undefined,
    isChosen: isChosen === true,
  }));
}

/**
 * @param {WireComponent} component
 * @param {string} messageId
 * @param {Surroundings} around
 */
function selectElement(component, messageId, around) {
  const { custom_id: customId, placeholder, max_values: most, min_values: least, disabled } = component;
  const options = optionsOf(component, around);
  const name = placeholder ?? 'Make a selection';
  /** @param {readonly string[]} values */
  const send = async (values) => {
    const outcome = await act('discord/select', { message: messageId, customId, values });
    if (outcome !== undefined) around.onOutcome(outcome);
  };
  if ((most ?? 1) > 1) return manyElement({ name, options, least: least ?? 1, most: most ?? 1, send });
  const isAnyChosen = options.some(({ isChosen }) => isChosen);
  const select = el(
    'select',
    {
      class: 'select',
      'aria-label': name,
      'data-focus': customId ?? name,
      disabled: disabled === true,
      onchange: () => send(select.value === '' ? [] : [select.value]),
    },
    [
      (!isAnyChosen || least === 0) && el('option', { value: '', text: name }),
      ...options.map(({ value, label, description, isChosen }) =>
        el('option', { value, text: description ? `${label} · ${description}` : label, selected: isChosen }),
      ),
    ],
  );
  return select;
}

/**
 * A select of which more than one thing is taken.
 *
 * @param {{ name: string, options: ReturnType<typeof optionsOf>, least: number, most: number, send: (values: readonly string[]) => void }} parts
 */
function manyElement({ name, options, least, most, send }) {
  const boxes = options.map(({ value, label, isChosen }) => ({
    label,
    box: el('input', { type: 'checkbox', value, checked: isChosen }),
  }));
  const chosen = options.filter(({ isChosen }) => isChosen).map(({ label }) => label);
  const menu = el('details', { class: 'menu many' }, [
    el('summary', {
      class: 'select',
      'data-focus': name,
      text: chosen.length > 0 ? `${name}: ${chosen.join(', ')}` : name,
    }),
    el('div', { class: 'sheet' }, [
      ...boxes.map(({ label, box }) => el('label', {}, [box, label])),
      el('button', {
        type: 'button',
        class: 'button primary',
        text: 'Choose these',
        onclick: () => {
          const values = boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
          if (values.length < least || values.length > most) return;
          menu.open = false;
          send(values);
        },
      }),
    ]),
  ]);
  return menu;
}
