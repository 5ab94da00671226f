import type { Place } from '../../core/accounts/workspaces.ts';
import type { ChatRef, Person } from '../../core/publish/post.ts';
import type { Card } from '../platform.ts';
import { countOf } from '../text/format.ts';
import { note } from '../text/messages.ts';
import { idiomOf } from '../text/wording.ts';
import { on } from './settings-card.ts';
import { placeName, placesText } from './settings-words.ts';

export const TOLD_ALONE = 'The code is in a message to you alone.';

/** What a window asks for. */
export const QUESTIONS = {
  zone: { title: 'Time zone, such as Europe/Berlin', maxLength: 60 },
  code: { title: 'Code from the other chat', maxLength: 30 },
} as const;

/** The same question where the answer is a reply. */
export function questionCard(kind: keyof typeof QUESTIONS, { name }: Person): Card {
  const what = kind === 'zone' ? 'the time zone, such as Europe/Berlin' : 'the code from the other chat';
  return note(`${name}, reply to this with ${what}.`);
}

/** A fresh code, for whoever may give it away; `back` leads to the settings where it stands in their place. */
export function codeCard(code: string, { back }: { back: boolean }): Card {
  const { slash: discord } = idiomOf('discord:');
  const { slash: telegram } = idiomOf('telegram:');
  return {
    lines: [
      ['Code for another chat  ', { text: code, style: 'code' }],
      [],
      ['It is good for one hour and for one chat. Who manages that chat enters it there:'],
      [`Discord  ${discord}join ${code}`],
      [`Telegram  ${telegram}join ${code}`],
      [],
      ['Then both share TikTok accounts and reviews, by the rules of this chat.'],
      ['Give it to nobody else: whoever has it can join a chat of theirs.'],
    ],
    rows: back ? [settingsRow()] : [],
  };
}

/** The same for a window that holds 200 characters. */
export const codeNote = (code: string): string =>
  `${code} is good for one hour and one chat. Enter it there with ${idiomOf('telegram:').slash}join, or ${idiomOf('discord:').slash}join on Discord.`;

/** How two chats are joined. */
export function joinHelpCard(chat: ChatRef): Card {
  const { slash } = idiomOf(chat);
  return note(
    'Two chats can share TikTok accounts and reviews.',
    `In the one whose rules shall hold, open the settings and press “Join another chat…”. Enter its code here with ${slash}join.`,
  );
}

/** What is shared now; for the chat that joined. */
export function joinedCard({ places, accounts }: { places: readonly Place[]; accounts: number }): Card {
  return { ...note(...joinedLines(places, accounts)), rows: [settingsRow()] };
}

/** The same for those who were joined. */
export function joinedNews({
  person,
  places,
  accounts,
}: {
  person: Person;
  places: readonly Place[];
  accounts: number;
}): Card {
  const [first = '', ...rest] = joinedLines(places, accounts);
  return note(first, ...rest, `${person.name} entered the code.`);
}

function joinedLines(places: readonly Place[], accounts: number): string[] {
  const [root] = places;
  const whose = root === undefined ? '' : ` The rules are those of ${placeName(root)}.`;
  return [
    `✓ ${placesText(places)} are joined.`,
    `They share ${countOf(accounts, 'TikTok account')}, reviews, settings and the history.${whose}`,
  ];
}

/** What the place is told that has parted two places. */
export const separatedNote = (part: Place, root: Place): string =>
  `${placeName(part)} and ${placeName(root)} are separate. Each has its own accounts and rules again.`;

/** What the other place is told. */
export const separatedNews = (part: Place, root: Place, { name }: Person): Card =>
  note(`${name} has separated two chats.`, separatedNote(part, root));

/** How somebody is named. */
export function approverHelpCard(chat: ChatRef): Card {
  const { slash, hasMenus } = idiomOf(chat);
  return hasMenus
    ? note(`${slash}settings names who may approve.`)
    : note(
        `To name somebody who may approve, reply to a message of theirs with ${slash}approver. The same again takes them off.`,
        'It has to be a person: bots, and chats that speak as themselves, cannot approve.',
      );
}

/** What naming somebody, or taking them off, came to. */
export function approverCard(
  { name }: Person,
  { isNamed, isReviewed, chat }: { isNamed: boolean; isReviewed: boolean; chat: ChatRef },
): Card {
  const { slash } = idiomOf(chat);
  const state = isNamed ? `${name} may approve from now on.` : `${name} is no longer named as an approver.`;
  return note(state, ...(isReviewed ? [] : [`Reviews are off; ${slash}settings turns them on.`]));
}

const settingsRow = () => [on('Settings', 'card', 'show')];
