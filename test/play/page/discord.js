import { announce } from './announce.js';
import { act } from './api.js';
import { commandsOf, nameOfCommand, openCommand } from './command.js';
import { createComposer } from './composer.js';
import { lineElement, linesOf } from './discord-message.js';
import { atEnd, byId, el, showList } from './dom.js';
import { createTray } from './files.js';
import { openModal } from './modal.js';
import { suggestFor } from './suggest.js';

/** @typedef {import('../views/shapes.ts').DiscordView} DiscordView */
/** @typedef {import('../views/shapes.ts').InteractionOutcome} InteractionOutcome */

/** The pane of Discord: its channels, the log, commands, and the field to write in. */
export function createDiscord() {
  const pane = byId('discord', HTMLElement);
  const log = byId('discord-log', HTMLElement);
  const field = byId('discord-field', HTMLTextAreaElement);
  const channels = byId('discord-channels', HTMLElement);
  const commandPlace = byId('discord-command', HTMLElement);
  const form = byId('discord-form', HTMLFormElement);
  /** Ephemeral messages that were dismissed: the app forgets them. @type {Set<string>} */
  const dismissed = new Set();
  /** @type {DiscordView | undefined} */
  let view;
  /** @type {string | undefined} */
  let open;

  const tray = createTray({
    pane,
    tray: byId('discord-tray', HTMLElement),
    picker: byId('discord-picker', HTMLElement),
    label: 'Discord',
  });
  // Before the composer: Enter takes what is offered, and sends only where nothing is.
  suggestFor({
    field,
    list: byId('discord-suggest', HTMLElement),
    find: suggestions,
    choose: ({ value }) => {
      if (!value.startsWith('/')) {
        field.value = field.value.replace(/@\w*$/, `${value} `);
        return;
      }
      const command = commandsOf(view?.commands ?? []).find((one) => nameOfCommand(one) === value);
      if (command !== undefined) begin(command);
    },
  });
  const composer = createComposer({ form, field, above: byId('discord-above', HTMLElement), send });

  const current = () => view?.channels.find(({ id }) => id === open) ?? view?.channels[0];

  function around() {
    const { people = [], roles = [], channels: all = [], messageCommands = [] } = view ?? {};
    return {
      people,
      roles,
      channels: all,
      messageCommands,
      onOutcome: (/** @type {InteractionOutcome} */ outcome) => openModal(outcome, around()),
      nameOf: (/** @type {'@' | '@&' | '#'} */ kind, /** @type {string} */ id) => {
        const list = { '@': people, '@&': roles, '#': all }[kind];
        return list.find((one) => one.id === id)?.name ?? 'unknown';
      },
      reply: (/** @type {import('./discord-message.js').DiscordMessage} */ { id, author, content }) =>
        composer.aim('reply', { id, title: `Replying to ${author.name}`, text: content }),
      edit: (/** @type {import('./discord-message.js').DiscordMessage} */ { id, content }) =>
        composer.aim('edit', { id, title: 'Edit message', text: content }),
      dismiss: (/** @type {import('./discord-message.js').DiscordMessage} */ { id }) => {
        dismissed.add(id);
        show();
        field.focus();
      },
    };
  }

  /** @param {string} text */
  function suggestions(text) {
    const [, begun] = /^\/([\w ]*)$/.exec(text) ?? [];
    if (begun !== undefined)
      return commandsOf(view?.commands ?? [])
        .map((command) => ({
          label: nameOfCommand(command),
          detail: command.description,
          value: nameOfCommand(command),
        }))
        .filter(({ label }) => label.slice(1).includes(begun.trim()));
    const [, name] = /(?:^|\s)@(\w*)$/.exec(text) ?? [];
    if (name === undefined) return [];
    return (view?.people ?? [])
      .filter((one) => one.name.toLowerCase().startsWith(name.toLowerCase()))
      .map((one) => ({ label: `@${one.name}`, value: `@${one.name}` }));
  }

  /** @param {import('./command.js').Chosen} command */
  function begin(command) {
    const channel = current();
    if (channel === undefined) return;
    composer.clear();
    form.hidden = true;
    const opened = openCommand({ place: commandPlace, command, channel: channel.id, around: around(), end });
    tray.giveTo(opened.take);
    const { files } = tray;
    if (files.length > 0 && opened.take(files)) tray.clear();
  }

  function end() {
    commandPlace.replaceChildren();
    commandPlace.hidden = true;
    form.hidden = false;
    tray.giveTo(undefined);
    field.focus();
  }

  async function send() {
    const channel = current();
    const content = field.value.trim();
    const { files } = tray;
    if (channel === undefined || (content === '' && files.length === 0)) return;
    const { target } = composer;
    const named = commandsOf(view?.commands ?? []).find((command) => nameOfCommand(command) === content);
    if (named !== undefined) return begin(named);
    composer.clear();
    log.scrollTop = log.scrollHeight;
    if (target?.kind === 'edit') return act('discord/edit', { message: target.id, text: content });
    const body = new FormData();
    body.set('channel', channel.id);
    body.set('content', content);
    if (target !== undefined) body.set('replyTo', String(target.id));
    for (const file of files) body.append('file', file);
    tray.clear();
    return act('discord/message', body);
  }

  function show() {
    const channel = current();
    if (view === undefined || channel === undefined) return;
    showList(
      channels,
      view.channels.map(({ id, name, isDirect }) => ({ id, name, isDirect, isOpen: id === channel.id })),
      {
        key: ({ id }) => id,
        make: ({ id, name, isDirect, isOpen }) =>
          el('button', {
            type: 'button',
            'aria-pressed': String(isOpen),
            'data-focus': name,
            text: isDirect ? `@ ${name}` : `# ${name}`,
            onclick: () => {
              open = id;
              composer.release();
              show();
              log.scrollTop = log.scrollHeight;
            },
          }),
      },
    );
    field.placeholder = channel.isDirect
      ? `Message @${channel.name}`
      : `Message #${channel.name} · / for commands`;
    byId('discord-hint', HTMLElement).hidden = channel.messages.length > 0;
    const shown = channel.messages.filter(({ id }) => !dismissed.has(id));
    atEnd(log, () => {
      const surroundings = around();
      const fresh = showList(log, linesOf(shown), {
        key: ({ message }) => message.id,
        make: (line) => lineElement(line, surroundings),
      });
      const last = fresh.at(-1)?.message;
      if (last !== undefined && !last.isMine) announce(`Discord, ${last.author.name} has written.`);
    });
  }

  return {
    /** @param {DiscordView} next */
    show(next) {
      view = next;
      show();
    },
    /** Somebody else looks at it now. */
    reset() {
      view = undefined;
      open = undefined;
      if (!commandPlace.hidden) end();
      composer.clear();
      showList(log, [], { key: String, make: () => el('li') });
    },
  };
}
