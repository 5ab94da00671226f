import { act } from './api.js';
import { attachmentLink, componentElements } from './components.js';
import { clockTime, el, icon } from './dom.js';
import { markdown } from './markdown.js';
import { reactionButtons } from './reactions.js';

/** @typedef {import('../views/shapes.ts').DiscordMessage} DiscordMessage */
/** @typedef {{ message: DiscordMessage, isCompact: boolean }} Line */
/** @typedef {import('./components.js').Surroundings & { messageCommands: readonly string[], reply: (message: DiscordMessage) => void, edit: (message: DiscordMessage) => void, dismiss: (message: DiscordMessage) => void }} MessageSurroundings */

const TOGETHER_MS = 7 * 60_000;
const REACTIONS = ['✅', '❌', '👍', '🔥', '🎉', '👀'];

/**
 * Messages that follow each other from one author stand together.
 *
 * @param {readonly DiscordMessage[]} messages
 * @returns {Line[]}
 */
export const linesOf = (messages) =>
  messages.map((message, index) => {
    const before = messages[index - 1];
    const isSame =
      before !== undefined && before.author.id === message.author.id && before.isAlone === message.isAlone;
    const isLead = message.usedCommand !== undefined || message.replyTo !== undefined;
    return { message, isCompact: isSame && !isLead && message.at - before.at < TOGETHER_MS };
  });

/**
 * A message as Discord shows it.
 *
 * @param {Line} line
 * @param {MessageSurroundings} around
 */
export function lineElement({ message, isCompact }, around) {
  const { author, usedCommand, replyTo, isAlone, isThinking, id } = message;
  const lead = usedCommand
    ? el('div', { class: 'lead' }, [
        el('b', { text: usedCommand.by }),
        ' used ',
        el('span', { class: 'command', text: `/${usedCommand.name}` }),
      ])
    : replyTo && el('div', { class: 'lead' }, [el('b', { text: `@${replyTo.name}` }), ` ${replyTo.text}`]);
  const classes = ['message', isCompact && 'compact', isAlone && 'ephemeral'].filter(Boolean).join(' ');
  return el('li', { class: classes, 'data-id': id }, [
    lead,
    !isCompact &&
      el('span', {
        class: `avatar ${author.isBot ? 'bot' : colourOf(author.name)}`,
        'aria-hidden': 'true',
        text: author.name.slice(0, 1),
      }),
    el('div', { class: 'content' }, [
      !isCompact &&
        el('div', { class: 'head' }, [
          el('b', { class: author.isBot ? '' : colourOf(author.name), text: author.name }),
          author.isBot && el('span', { class: 'app', text: 'APP' }),
          el('span', { class: 'time', text: clockTime(message.at) }),
        ]),
      isThinking
        ? el('div', { class: 'thinking', text: `${author.name} is thinking…` })
        : el('div', { class: 'body' }, bodyOf(message, around)),
      isAlone &&
        el('div', { class: 'alone' }, [
          'Only you can see this · ',
          el('button', {
            type: 'button',
            class: 'as-link',
            text: 'Dismiss message',
            onclick: () => around.dismiss(message),
          }),
        ]),
      reactionsOf(message),
    ]),
    !isAlone && !isThinking && actionsOf(message, around),
  ]);
}

/**
 * @param {DiscordMessage} message
 * @param {MessageSurroundings} around
 */
function bodyOf({ content, isEdited, isV2, attachments, embeds, components, id }, around) {
  return [
    content !== '' &&
      el('div', { class: 'text' }, [
        ...markdown(content, around.nameOf),
        isEdited && el('small', { class: 'edited', text: ' (edited)' }),
      ]),
    ...(isV2 ? [] : attachments.map(attachmentOf)),
    ...embeds.map(embedOf(around)),
    ...componentElements(components, id, around),
  ];
}

/** @param {DiscordMessage['attachments'][number]} file */
function attachmentOf({ url, name, bytes, type, width, height }) {
  if (type.startsWith('image/')) return el('img', { class: 'picture', src: url, alt: name, width, height });
  if (type.startsWith('video/'))
    return el('video', {
      class: 'picture',
      src: url,
      controls: true,
      preload: 'metadata',
      'aria-label': name,
    });
  return attachmentLink({ url, name, bytes });
}

/** @param {MessageSurroundings} around */
const embedOf = (around) => (/** @type {unknown} */ embed) => {
  const {
    title,
    description,
    fields = [],
  } = /** @type {{ title?: string, description?: string, fields?: { name: string, value: string }[] }} */ (
    embed
  );
  return el('div', { class: 'embed' }, [
    title !== undefined && el('b', { text: title }),
    description !== undefined && el('div', { class: 'text' }, markdown(description, around.nameOf)),
    ...fields.map(({ name, value }) =>
      el('div', {}, [el('b', { text: name }), el('div', {}, markdown(value, around.nameOf))]),
    ),
  ]);
};

/** @param {DiscordMessage} message */
const reactionsOf = ({ reactions, id }) =>
  reactionButtons('div', reactions, ({ emoji, isMine }) =>
    act('discord/react', { message: id, emoji, isOn: !isMine }),
  );

/**
 * @param {DiscordMessage} message
 * @param {MessageSurroundings} around
 */
function actionsOf(message, { messageCommands, reply, edit, onOutcome }) {
  const { id, isMine, author } = message;
  /** @param {() => unknown} then */
  const closing = (then) => () => {
    menu.open = false;
    then();
  };
  const menu = el('details', { class: 'menu actions' }, [
    el(
      'summary',
      { 'aria-label': `What to do with the message of ${author.name}`, 'data-focus': `actions ${id}` },
      [icon('dots')],
    ),
    el('div', { class: 'sheet' }, [
      el(
        'div',
        { class: 'emoji' },
        REACTIONS.map((emoji) =>
          el('button', {
            type: 'button',
            text: emoji,
            'aria-label': `React with ${emoji}`,
            onclick: closing(() => act('discord/react', { message: id, emoji, isOn: true })),
          }),
        ),
      ),
      el('button', { type: 'button', text: 'Reply', onclick: closing(() => reply(message)) }),
      isMine && el('button', { type: 'button', text: 'Edit', onclick: closing(() => edit(message)) }),
      isMine &&
        el('button', {
          type: 'button',
          text: 'Delete',
          onclick: closing(() => act('discord/delete', { message: id })),
        }),
      ...messageCommands.map((name) =>
        el('button', {
          type: 'button',
          text: `Apps › ${name}`,
          onclick: closing(async () => {
            const outcome = await act('discord/message-command', { message: id, name });
            if (outcome !== undefined) onOutcome(outcome);
          }),
        }),
      ),
    ]),
  ]);
  return menu;
}

/** @param {string} name */
const colourOf = (name) => `colour-${[...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 5}`;
