// Faithful: the emoji that bots and people without Premium can react with, hearts and the like without U+FE0F
// (https://core.telegram.org/bots/api#reactiontypeemoji). Simplified: people take custom emoji by id as they come.
import type { ReactionTypeEmoji } from 'grammy/types';

const EMOJI =
  '👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡';
const REACTIONS = new Set(EMOJI.split(' '));

/** Tells whether an emoji is on Telegram's list of reactions. */
export const isReactionEmoji = (emoji: string): emoji is ReactionTypeEmoji['emoji'] => REACTIONS.has(emoji);
