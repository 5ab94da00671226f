import { announce } from './announce.js';
import { act } from './api.js';
import { createComposer } from './composer.js';
import { atEnd, byId, el, showList } from './dom.js';
import { createTray, measure } from './files.js';
import { suggestFor } from './suggest.js';
import { bubbleElement, bubblesOf } from './telegram-message.js';

/** @typedef {import('../views/shapes.ts').TelegramView} TelegramView */
/** @typedef {import('../views/shapes.ts').TelegramChat} TelegramChat */

/** How long after somebody has done something a question is meant for them. */
const ASKED_MS = 8_000;

/** The pane of Telegram: a list of two chats, the log, and the field to write in. */
export function createTelegram() {
  const pane = byId('telegram', HTMLElement);
  const log = byId('telegram-log', HTMLElement);
  const field = byId('telegram-field', HTMLTextAreaElement);
  const chats = byId('telegram-chats', HTMLElement);
  const asFiles = byId('telegram-as-files', HTMLInputElement);
  const hint = byId('telegram-hint', HTMLElement);
  const option = byId('telegram-as-files-option', HTMLElement);
  /** @type {TelegramView | undefined} */
  let view;
  /** @type {number | undefined} */
  let open;
  let actedAt = 0;
  /** @type {Map<number, number>} */
  const read = new Map();

  const tray = createTray({
    pane,
    tray: byId('telegram-tray', HTMLElement),
    picker: byId('telegram-picker', HTMLElement),
    label: 'Telegram',
    onChange: () => {
      option.hidden = tray.files.length === 0;
    },
  });
  // Before the composer: Enter takes what is offered, and sends only where nothing is.
  suggestFor({
    field,
    list: byId('telegram-suggest', HTMLElement),
    find: suggestions,
    choose: ({ value }) => {
      field.value = field.value.replace(/(^|\s)[/@][\w]*$/, `$1${value} `);
      if (value.startsWith('/')) send();
    },
  });
  const composer = createComposer({
    form: byId('telegram-form', HTMLFormElement),
    field,
    above: byId('telegram-above', HTMLElement),
    send,
  });
  log.addEventListener('click', () => {
    actedAt = Date.now();
  });

  const current = () => view?.chats.find(({ id }) => id === open) ?? view?.chats[0];

  /** @param {string} text */
  function suggestions(text) {
    const chat = current();
    if (view === undefined || chat === undefined) return [];
    const [, mark, begun = ''] = /(?:^|\s)([/@])(\w*)$/.exec(text) ?? [];
    if (mark === '@' && chat.isGroup)
      return [{ label: `@${view.bot}`, detail: 'Nod', value: `@${view.bot}` }].filter(({ label }) =>
        label.slice(1).startsWith(begun),
      );
    if (mark !== '/' || !text.startsWith('/')) return [];
    const all = chat.isGroup ? view.commands.group : view.commands.private;
    const suffix = chat.isGroup ? `@${view.bot}` : '';
    return all
      .filter(({ command }) => command.startsWith(begun))
      .map(({ command, description }) => ({
        label: `/${command}`,
        detail: description,
        value: `/${command}${suffix}`,
      }));
  }

  async function send() {
    const chat = current();
    const text = field.value.trim();
    const { files } = tray;
    if (chat === undefined || (text === '' && files.length === 0)) return;
    const { target } = composer;
    actedAt = Date.now();
    composer.clear();
    log.scrollTop = log.scrollHeight;
    if (target?.kind === 'edit') return act('telegram/edit', { chat: chat.id, message: target.id, text });
    const reply = target === undefined ? {} : { replyTo: target.id };
    if (files.length === 0) return act('telegram/text', { chat: chat.id, text, ...reply });
    const form = new FormData();
    form.set('chat', String(chat.id));
    form.set('caption', text);
    form.set('asFiles', String(asFiles.checked));
    if (target !== undefined) form.set('replyTo', String(target.id));
    tray.clear();
    form.set('facts', JSON.stringify(await Promise.all(files.map(measure))));
    for (const file of files) form.append('file', file);
    return act('telegram/files', form);
  }

  /** @param {TelegramChat} chat */
  function choose({ id }) {
    open = id;
    composer.release();
    show();
    log.scrollTop = log.scrollHeight;
  }

  function show() {
    const chat = current();
    if (view === undefined || chat === undefined) return;
    read.set(chat.id, chat.messages.length);
    showList(
      chats,
      view.chats.map(({ id, title, subtitle, messages }) => ({
        id,
        title,
        subtitle,
        isOpen: id === chat.id,
        unread: Math.max(0, messages.length - (read.get(id) ?? messages.length)),
      })),
      {
        key: ({ id }) => String(id),
        make: ({ id, title, subtitle, isOpen, unread }) =>
          el(
            'button',
            {
              type: 'button',
              'aria-pressed': String(isOpen),
              'data-focus': title,
              onclick: () => {
                const next = view?.chats.find((one) => one.id === id);
                if (next !== undefined) choose(next);
              },
            },
            [
              el('span', { class: 'avatar', 'aria-hidden': 'true', text: title.slice(0, 1) }),
              el('span', { class: 'title' }, [el('b', { text: title }), el('small', { text: subtitle })]),
              unread > 0 &&
                el('span', {
                  class: 'unread',
                  'aria-label': `${unread} new`,
                  role: 'img',
                  text: String(unread),
                }),
            ],
          ),
      },
    );
    field.placeholder = chat.isGroup ? `Mention @${view.bot} to post` : 'Message';
    hint.hidden = chat.messages.length > 0;
    hint.firstElementChild?.replaceChildren(
      chat.isGroup
        ? `Drop photos or a video here, or take an example from the clip, and mention @${view.bot} in the caption.`
        : 'Send a photo or a video, or /start.',
    );
    const handlers = {
      /** @param {import('./telegram-message.js').TelegramMessage} message */
      reply: (message) =>
        composer.aim('reply', { id: message.id, title: `Reply to ${message.from}`, text: message.text }),
      /** @param {import('./telegram-message.js').TelegramMessage} message */
      edit: (message) => composer.aim('edit', { id: message.id, title: 'Edit message', text: message.text }),
    };
    atEnd(log, () => {
      const fresh = showList(log, bubblesOf(chat.messages, chat.isGroup), {
        key: ({ key }) => `${chat.id}:${key}`,
        make: (bubble) => bubbleElement(bubble, handlers),
      });
      const last = fresh.at(-1)?.messages.at(-1);
      if (last === undefined || last.isMine) return;
      announce(`Telegram, ${last.from}: ${last.text.split('\n')[0] || 'a file'}`);
      if (last.asksForReply && Date.now() - actedAt < ASKED_MS) handlers.reply(last);
    });
  }

  return {
    /** @param {TelegramView} next */
    show(next) {
      if (view === undefined) for (const { id, messages } of next.chats) read.set(id, messages.length);
      view = next;
      show();
    },
    /** Somebody else looks at it now. */
    reset() {
      view = undefined;
      read.clear();
      open = undefined;
      composer.clear();
      showList(log, [], { key: String, make: () => el('li') });
    },
  };
}
