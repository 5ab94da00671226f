import { type ChatRef, platformOf } from '../../core/people.ts';
import type { Bot } from '../platform.ts';

/** What people of one chat platform say and see otherwise than those of another. */
export interface Wording {
  /** What stands before the name of a command. */
  readonly slash: string;
  /** The first step, where no account is connected. */
  readonly toConnect: string;
  readonly toPost: string;
  /** How media that stands in the chat already comes to Nod. */
  readonly toHandOver: string;
  /** After files that cannot be posted. */
  readonly toBeginAnew: string;
  /** After a draft that is gone. */
  readonly toStartOver: string;
  readonly noCaption: string;
  readonly notAdmin: string;
  readonly notMember: string;
  /** To the operator, about groups and servers. */
  readonly addToTeam: string;
  /** The reactions that are votes. */
  readonly approveMark: string;
  readonly rejectMark: string;
  /** How to vote where reactions do not reach Nod. */
  readonly noMarks: string;
  /** Who manages a place, in the middle of a sentence. */
  readonly managers: string;
  /** The same, seen from another platform. */
  readonly managersThere: string;
  /** How to see a draft once the message that shows it can change no more; absent where it always can. */
  readonly toFindDraft?: string;
  /** How many characters a card below a picture holds. */
  readonly cardRoom: number;
  /** How files come to Nod, for the help. */
  readonly help: readonly string[];
  /** What the platform is called. */
  readonly name: string;
  /** What a place of many people is called there. */
  readonly group: string;
  /** Who manages a place, on a button. */
  readonly managersLabel: string;
  /** Cards can hold menus of options, roles and people; else there are only buttons. */
  readonly hasMenus: boolean;
  /** Everybody reads times in their own time zone. */
  readonly hasOwnTimes: boolean;
  /** Who holds a role is not told to bots. */
  readonly hidesRoles: boolean;
}

/** The wording of the platform that a conversation belongs to. */
export function wordingOf(chat: ChatRef): Wording {
  if (platformOf(chat) === 'discord') return WORDINGS.discord;
  return chat.startsWith('telegram:-') ? TELEGRAM_GROUP : WORDINGS.telegram;
}

export const WORDINGS: Readonly<Record<Bot['platform'], Wording>> = {
  telegram: {
    slash: '/',
    toConnect: 'Connect a TikTok account with /connect.',
    toPost: 'Send a photo, an album or a video.',
    toHandOver: 'Send it to me here.',
    toBeginAnew: 'Send something else to begin anew.',
    toStartOver: 'Send the media again to start over.',
    noCaption: 'none yet; reply to this message with one',
    notAdmin: 'Only an administrator of this group can do that.',
    notMember: 'Only members of this group can do that.',
    addToTeam: 'Add me to the group of your team, and say /help there.',
    approveMark: '👍',
    rejectMark: '👎',
    noMarks:
      'Vote with the buttons. Reactions count as well once Nod is an administrator of this group; it needs no special rights.',
    managers: 'administrators of this group',
    managersThere: 'administrators of the group on Telegram',
    cardRoom: 1024,
    help: [
      'Telegram gives bots files up to 20 MB. An album holds 10 photos; the next one joins its draft, and so does what you send as a reply to the card.',
      'The text that you send with the media becomes the caption, also after you edit it; reply to the card to choose another one. Photos that are sent as files keep their full quality.',
      'A bigger file comes by /upload, which gives you a private page to upload it, or by a link: send one that begins with https:// and gives the file, or a share of Google Drive, Dropbox or OneDrive.',
    ],
    name: 'Telegram',
    group: 'group',
    managersLabel: 'Administrators',
    hasMenus: false,
    hasOwnTimes: false,
    hidesRoles: false,
  },
  discord: {
    slash: '/tiktok ',
    toConnect:
      'Connect a TikTok account with /tiktok connect; in a server that takes the permission Manage Server.',
    toPost: 'Post photos or a video with /tiktok post.',
    toHandOver: 'Choose “Post to TikTok” in the menu of the message.',
    toBeginAnew: 'Begin anew with /tiktok post.',
    toStartOver: 'Start over with /tiktok post.',
    noCaption: 'none yet',
    notAdmin: 'That takes the permission Manage Server.',
    notMember: 'Only members of this server can do that.',
    addToTeam: 'In the server of your team, use /tiktok help once.',
    approveMark: '✅',
    rejectMark: '❌',
    noMarks:
      'Vote with the buttons. For reactions to count, Nod needs the permissions View Channel and Read Message History here.',
    managers: 'people with Manage Server',
    managersThere: 'people with Manage Server on Discord',
    toFindDraft: 'This message can change for 15 minutes; after that /tiktok posts brings up the draft.',
    cardRoom: 4000,
    help: [
      '/tiktok post takes up to 10 files, /tiktok compose opens a form for several photos, and “Post to TikTok” in the menu of a message takes what it shows.',
      'A bigger file comes by /tiktok upload, which gives you a private page to upload it, or by a link: give /tiktok post one as its url, that begins with https:// and gives the file, or a share of Google Drive, Dropbox or OneDrive.',
      'Drafts are seen by you alone. When one is out of sight, /tiktok posts brings it back.',
    ],
    name: 'Discord',
    group: 'server',
    managersLabel: 'People with Manage Server',
    hasMenus: true,
    hasOwnTimes: true,
    hidesRoles: true,
  },
};

/** In a group a bot hears only what is meant for it: https://core.telegram.org/bots/features#privacy-mode */
const TELEGRAM_GROUP: Wording = {
  ...WORDINGS.telegram,
  toConnect: 'An administrator connects a TikTok account with /connect.',
  toPost: 'Send a photo, an album or a video and mention me in its caption, or reply to it with /post.',
  toHandOver: 'Then reply to it with /post. Next time mention me in its caption. I say this only once.',
  toBeginAnew: 'Send something else and mention me to begin anew.',
  toStartOver: 'Send the media again and mention me to start over.',
};
