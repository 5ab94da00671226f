import { act, toast } from './api.js';
import { clockTime, el, icon, link, sizeText } from './dom.js';
import { formatted } from './entities.js';
import { reactionButtons } from './reactions.js';

/** @typedef {import('../views/shapes.ts').TelegramMessage} TelegramMessage */
/** @typedef {import('../views/shapes.ts').TelegramMedia} TelegramMedia */
/** @typedef {import('../views/shapes.ts').KeyboardButton} KeyboardButton */
/** What the apps show as one bubble: a message, or the messages of an album. @typedef {{ key: string, messages: readonly TelegramMessage[], isGroup: boolean }} Bubble */
/** @typedef {{ reply: (message: TelegramMessage) => void, edit: (message: TelegramMessage) => void }} Handlers */

const REACTIONS = ['👍', '👎', '❤', '🔥', '🎉', '👏'];

/**
 * Puts the messages of an album into one bubble.
 *
 * @param {readonly TelegramMessage[]} messages
 * @param {boolean} isGroup
 * @returns {Bubble[]}
 */
export function bubblesOf(messages, isGroup) {
  /** @type {{ key: string, messages: TelegramMessage[], isGroup: boolean }[]} */
  const bubbles = [];
  for (const message of messages) {
    const last = bubbles.at(-1);
    const isSame = message.album !== undefined && last?.messages[0]?.album === message.album;
    if (isSame) last?.messages.push(message);
    else bubbles.push({ key: `${message.id}:${message.ephemeralId ?? ''}`, messages: [message], isGroup });
  }
  return bubbles;
}

/**
 * A bubble as Telegram shows it, with its keyboard below.
 *
 * @param {Bubble} bubble
 * @param {Handlers} handlers
 */
export function bubbleElement({ messages, isGroup }, handlers) {
  const [first] = messages;
  if (first === undefined) return el('li');
  if (first.service !== undefined)
    return el('li', { class: 'service' }, [el('span', { text: first.service })]);
  const worded = messages.find(({ text }) => text !== '') ?? first;
  const side = first.isMine ? 'mine' : 'theirs';
  const pictures = messages.flatMap(({ media }) =>
    media !== undefined && media.type !== 'file' ? [media] : [],
  );
  const files = messages.flatMap(({ media }) => (media?.type === 'file' ? [media] : []));
  const body = [
    isGroup && !first.isMine && el('span', { class: `sender ${colourOf(first.from)}`, text: first.from }),
    first.replyTo &&
      el('span', { class: 'quote' }, [
        el('b', { text: first.replyTo.from }),
        el('span', { text: first.replyTo.text }),
      ]),
    pictures.length > 0 &&
      el('div', { class: pictures.length > 1 ? 'album' : 'album single' }, pictures.map(pictureOf)),
    ...files.map(fileOf),
    worded.text !== '' && el('div', { class: 'text' }, formatted(worded.text, worded.entities)),
    el('span', { class: 'meta' }, [
      first.isAlone && 'only you see this · ',
      worded.isEdited && 'edited ',
      clockTime(first.date * 1_000),
    ]),
    reactionsOf(first),
  ];
  const bubble = el('div', { class: 'bubble' }, [...body, actionsOf(first, handlers)]);
  return el('li', { class: `message ${side}${first.isAlone ? ' alone' : ''}`, 'data-id': first.id }, [
    isGroup &&
      !first.isMine &&
      el('span', {
        class: `avatar ${colourOf(first.from)}`,
        'aria-hidden': 'true',
        text: first.from.slice(0, 1),
      }),
    el('div', { class: 'column' }, [bubble, keyboardOf(first)]),
  ]);
}

/** @param {TelegramMedia} media */
function pictureOf(media) {
  if (media.type === 'photo')
    return el('img', { src: media.url, alt: 'Photo', width: media.width, height: media.height });
  if (media.type === 'video')
    return el('video', {
      src: media.url,
      controls: true,
      preload: 'metadata',
      playsinline: true,
      'aria-label': 'Video',
      width: media.width,
      height: media.height,
    });
  return el('span');
}

/** @param {TelegramMedia} media */
function fileOf(media) {
  if (media.type !== 'file') return el('span');
  return el('a', { class: 'file', href: media.url, target: '_blank', rel: 'noopener noreferrer' }, [
    media.isPicture ? el('img', { src: media.url, alt: '' }) : el('span', { class: 'kind' }, [icon('file')]),
    el('span', {}, [el('b', { text: media.name }), el('small', { text: sizeText(media.bytes) })]),
  ]);
}

/** @param {TelegramMessage} message */
const reactionsOf = ({ reactions, chat, id }) =>
  reactionButtons('span', reactions, ({ emoji, isMine }) =>
    act('telegram/react', { chat, message: id, emoji: isMine ? '' : emoji }),
  );

/**
 * @param {TelegramMessage} message
 * @param {Handlers} handlers
 */
function actionsOf(message, { reply, edit }) {
  const { chat, id, isMine, isAlone, from } = message;
  if (isAlone) return undefined;
  /** @param {() => unknown} then */
  const closing = (then) => () => {
    menu.open = false;
    then();
  };
  const menu = el('details', { class: 'menu actions' }, [
    el('summary', { 'aria-label': `What to do with the message of ${from}`, 'data-focus': `actions ${id}` }, [
      icon('dots'),
    ]),
    el('div', { class: 'sheet' }, [
      el(
        'div',
        { class: 'emoji' },
        REACTIONS.map((emoji) =>
          el('button', {
            type: 'button',
            text: emoji,
            'aria-label': `React with ${emoji}`,
            onclick: closing(() => act('telegram/react', { chat, message: id, emoji })),
          }),
        ),
      ),
      el('button', { type: 'button', text: 'Reply', onclick: closing(() => reply(message)) }),
      isMine && el('button', { type: 'button', text: 'Edit', onclick: closing(() => edit(message)) }),
      isMine &&
        el('button', {
          type: 'button',
          text: 'Delete',
          onclick: closing(() => act('telegram/delete', { chat, message: id })),
        }),
    ]),
  ]);
  return menu;
}

/** @param {TelegramMessage} message */
function keyboardOf(message) {
  if (message.keyboard.length === 0) return undefined;
  return el(
    'div',
    { class: 'keyboard' },
    message.keyboard.map((row) =>
      el(
        'div',
        { class: 'row' },
        row.map((button) => buttonOf(button, message)),
      ),
    ),
  );
}

/**
 * @param {KeyboardButton} button
 * @param {TelegramMessage} message
 */
function buttonOf({ text, style = '', data, url, copies, isDisabled }, message) {
  if (url !== undefined) return link(url, `${text} ↗`, { class: `key ${style}` });
  if (copies !== undefined)
    return el('button', {
      type: 'button',
      class: `key ${style}`,
      text,
      onclick: async () => {
        await navigator.clipboard.writeText(copies);
        toast('Copied.');
      },
    });
  const key = el('button', {
    type: 'button',
    class: `key ${style}`,
    text,
    'data-focus': data ?? text,
    disabled: isDisabled || data === undefined,
    onclick: async () => {
      key.setAttribute('aria-busy', 'true');
      const { chat, id, ephemeralId: ephemeral } = message;
      const answer = await act('telegram/press', {
        chat,
        message: id,
        data,
        ...(ephemeral && { ephemeral }),
      });
      key.removeAttribute('aria-busy');
      if (answer?.text) toast(answer.text);
    },
  });
  return key;
}

/** @param {string} name */
const colourOf = (name) => `colour-${[...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 5}`;
