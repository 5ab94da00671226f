import { el } from './dom.js';

/** @typedef {import('../views/shapes.ts').TelegramMessage['reactions'][number]} Reaction */

/**
 * The reactions below a message, of which each is put or taken back by a press.
 *
 * @param {'div' | 'span'} tag
 * @param {readonly Reaction[]} reactions
 * @param {(reaction: Reaction) => void} press
 */
export function reactionButtons(tag, reactions, press) {
  if (reactions.length === 0) return undefined;
  return el(
    tag,
    { class: 'reactions' },
    reactions.map((reaction) => {
      const { emoji, count, isMine } = reaction;
      return el('button', {
        type: 'button',
        class: isMine ? 'reaction mine' : 'reaction',
        'aria-pressed': String(isMine),
        'aria-label': `${emoji} ${count}`,
        'data-focus': `reaction ${emoji}`,
        text: `${emoji} ${count}`,
        onclick: () => press(reaction),
      });
    }),
  );
}
