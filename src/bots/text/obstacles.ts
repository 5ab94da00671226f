import { type BotRight, type ChatRef, type Obstacle, platformOf } from '../../core/people.ts';
import { listOf } from './format.ts';

/** As https://support.discord.com calls them in the settings of a channel. */
const DISCORD_RIGHTS = {
  view: 'View Channel',
  send: 'Send Messages',
  send_in_threads: 'Send Messages in Threads',
  pictures: 'Attach Files',
  read_history: 'Read Message History',
  react: 'Add Reactions',
} as const satisfies Record<BotRight, string>;

const TELEGRAM_RIGHTS = {
  view: 'see this chat',
  send: 'send messages',
  send_in_threads: 'send messages',
  pictures: 'send photos',
  read_history: 'read messages',
  react: 'react',
} as const satisfies Record<BotRight, string>;

/** What keeps a card from a chat, and who can put that right and how; `there` is where that is. */
export function obstacleText(obstacle: Obstacle, chat: ChatRef, there: string): string {
  const isDiscord = platformOf(chat) === 'discord';
  switch (obstacle.type) {
    case 'rights':
      return isDiscord ? discordRights(obstacle.missing, there) : telegramRights(obstacle.missing, there);
    case 'blocked':
      return isDiscord
        ? 'Direct messages from Nod are not taken. Allow them in the privacy settings of the server.'
        : 'Nod is blocked in your private chat. Open it and tap Start.';
    case 'removed':
      return `Nod is not ${there} any more. Somebody who manages it can add Nod again.`;
    case 'gone':
      return `The ${isDiscord ? 'channel' : 'chat'} ${there} is deleted, or hidden from Nod.`;
    case 'topic_gone':
      return `The topic ${there} is deleted.`;
    case 'thread_closed':
      return isDiscord
        ? `The thread ${there} is locked. Somebody with Manage Threads can unlock it.`
        : `The topic ${there} is closed. An administrator can open it again, or make Nod an administrator.`;
    case 'filtered':
      return isDiscord
        ? `AutoMod or a filter of the server blocks what the card says ${there}. Change the caption, or let Nod pass in the settings of AutoMod.`
        : `Telegram does not let the card pass ${there}. Change the caption.`;
    case 'fault':
      return `Nod could not show it ${there}; that is a fault of Nod’s. Its operator finds the reason in the log.`;
    case 'unknown':
      return `The chat does not let Nod write ${there}.`;
  }
}

/** Below a card that stands without its picture: what would let it have one. */
export function pictureText(chat: ChatRef, { type }: Obstacle): string {
  const isDiscord = platformOf(chat) === 'discord';
  if (type !== 'rights')
    return `Without its picture, which ${isDiscord ? 'Discord' : 'Telegram'} did not take.`;
  return isDiscord
    ? 'Without its picture: Nod needs the permission “Attach Files” here.'
    : 'Without its picture: this group lets nobody send photos. An administrator can allow it, or make Nod an administrator.';
}

/** Without a right that we can name, those that a card needs. */
const NEEDED = ['send', 'pictures'] as const satisfies readonly BotRight[];

function discordRights(missing: readonly BotRight[], there: string): string {
  const names = (rights: readonly BotRight[]) => rights.map((right) => `“${DISCORD_RIGHTS[right]}”`);
  const which = missing.length > 0 ? listOf(names(missing)) : names(NEEDED).join(' or ');
  return `Nod lacks the permission ${which} ${there}. Somebody who manages the channel can give it, in its settings under Permissions.`;
}

function telegramRights(missing: readonly BotRight[], there: string): string {
  const which = listOf((missing.length > 0 ? missing : NEEDED).map((right) => TELEGRAM_RIGHTS[right]));
  return `Nod may not ${which} ${there}. An administrator can allow it in the permissions of the group, or make Nod an administrator.`;
}
