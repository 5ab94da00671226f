import { type ChatRef, type Person, platformOf } from '../../core/people.ts';
import type { Card } from '../platform.ts';
import { listOf } from './format.ts';
import { note, privateChatRows } from './messages.ts';
import { WORDINGS, type Wording, wordingOf } from './wording.ts';

/** A fresh code, for the person who enters it from their other account. */
export function linkCodeCard(code: string): Card {
  const { slash: discord } = WORDINGS.discord;
  const { slash: telegram } = WORDINGS.telegram;
  return {
    lines: [
      ['Your code  ', { text: code, style: 'code' }],
      [],
      ['Enter it within 15 minutes from your other account:'],
      [`Discord  ${discord}link ${code}`],
      [`Telegram  ${telegram}link ${code}`],
      [],
      ['Then both accounts are one person here: one vote, and no vote on posts of either of them.'],
      ['Give it to nobody: who enters it shares your vote.'],
    ],
    rows: [],
  };
}

/** With whom an account is linked. */
export const linkedCard = (others: readonly Person[], chat: ChatRef): Card =>
  note(
    `✓ Your account is linked with ${listOf(others.map(nameWithPlatform))}.`,
    'Both have one vote together, and no vote on each other’s posts.',
    `${wordingOf(chat).slash}unlink separates them.`,
  );

/** What the account is told that had made the code. */
export const linkedNews = (person: Person, chat: ChatRef): Card =>
  note(
    `✓ ${nameWithPlatform(person)} has entered your code, so your accounts are linked.`,
    `If that was not you, separate them now with ${wordingOf(chat).slash}unlink.`,
  );

/** What parting the accounts of a person came to. */
export function unlinkedCard(others: readonly Person[], chat: ChatRef): Card {
  if (others.length === 0)
    return note(
      `Your account is not linked with another one. ${wordingOf(chat).slash}link says how to do that.`,
    );
  return note(
    `Your account is no longer linked with ${listOf(others.map(nameWithPlatform))}.`,
    'In open reviews in which they have voted, they still count as one person.',
  );
}

/** Tells somebody who cannot be reached alone where to ask; `startUrl` opens a private chat. */
export const askInPrivateCard = (
  { name }: Person,
  { slash }: Wording,
  startUrl: string | undefined,
): Card => ({
  ...note(
    `${name}, that is for you alone. Open a private chat with me and write ${slash}link or ${slash}unlink there.`,
  ),
  rows: privateChatRows(startUrl),
});

const nameWithPlatform = ({ id, name }: Person): string => `${name} (${platformName(id)})`;

/** What the platform of an account is called. */
export const platformName = (id: string): string =>
  Object.entries(WORDINGS).find(([platform]) => platform === platformOf(id))?.[1].name ?? platformOf(id);
