import type { Account } from '../../core/accounts/accounts.ts';
import type { ConsentOutcome } from '../../core/accounts/consent.ts';
import type { DropReason } from '../../core/compose/submit.ts';
import type { AccountName, ChatRef, Obstacle, Person } from '../../core/people.ts';
import type { Problem } from '../../core/problems.ts';
import type { Post } from '../../core/publish/post.ts';
import { takesVotes } from '../../core/publish/verbs.ts';
import { accountKey, encodePress } from '../buttons.ts';
import { type Button, buttonColumn, buttonRow, type Card, type Line, type Row } from '../platform.ts';
import {
  accountName,
  countOf,
  limitOf,
  listOf,
  momentSpan,
  PHOTO_FORMATS,
  postName,
  VIDEO_FORMATS,
} from './format.ts';
import { obstacleText } from './obstacles.ts';
import { problemText } from './problems.ts';
import { type Wording, wordingOf } from './wording.ts';

export const OLD_BUTTON = 'This button is from an older Nod.';
export const CANCELLING = 'Cancelling; the card tells how it ends.';

/** To somebody whose button has gone from the list meanwhile. */
export const queueChangedText = ({ slash }: Wording): string =>
  `The list has changed. ${slash}queue shows it anew.`;
/** In place of the card of a draft that lay there. */
export const DROPPED = {
  useless: 'Cleared away, because nothing of it could be posted.',
  abandoned: 'Cleared away, because nobody has touched this draft for a week. Nothing was posted.',
} as const satisfies Record<DropReason, string>;

/** The title of the window that asks for a time. */
export const WHEN = 'When? “tomorrow 18:00”, or “now”';

/** Asks when something shall go out. */
export const askWhenText = ({ name }: Person, timeZone: string): string =>
  `${name}, reply to this with the time, like “tomorrow 18:00” (${timeZone}), or “now”.`;

/** What somebody writes who wants no title after all. */
const NO_TITLE = '-';

/** Asks for the title of a photo post. */
export const askTitleText = ({ name }: Person, title: string): string =>
  title === ''
    ? `${name}, reply to this with the title.`
    : `${name}, reply to this with the title, or with “${NO_TITLE}” for none. It is now: ${title}`;

/** The title that somebody has answered; empty for none. */
export const answeredTitle = (text: string): string => (text.trim() === NO_TITLE ? '' : text);

/** What was settled about a time. */
export const plannedLine = (publishAt: number | undefined, now: number, timeZone: string): Line =>
  publishAt === undefined
    ? ['It goes out as soon as it can.']
    : ['It goes out ', momentSpan(publishAt, now, timeZone), '.'];

/** A card of plain lines without buttons. */
export function note(...lines: string[]): Card {
  return { lines: lines.map((line): Line => (line === '' ? [] : [line])), rows: [] };
}

/** Says what is wrong and what to do about it. */
export function problemCard(problem: Problem, wording: Wording): Card {
  return note(problemText(problem, wording));
}

/** What somebody has to know of a place to begin there. */
export interface Guide {
  readonly wording: Wording;
  readonly accounts: readonly AccountName[];
  /** How many a post needs. */
  readonly approvals: number;
}

/** The three steps to a post, as they are in this place. */
export function stepsOf({ wording, accounts, approvals }: Guide): string[] {
  const connected = `Connected: ${listOf(accounts.map(accountName))}.`;
  return [
    `1. ${accounts.length === 0 ? wording.toConnect : connected}`,
    `2. ${wording.toPost}`,
    `3. ${toFinish(wording, approvals)}`,
  ];
}

/** The last step: what a person does on the card. */
function toFinish({ slash }: Wording, approvals: number): string {
  if (approvals === 0) return 'Choose on the card who can see it, then tap Post now.';
  return `Choose on the card who can see it, then tap Ask for approval. It goes out after ${countOf(approvals, 'approval')}; ${slash}settings changes that.`;
}

/** Says what Nod does, and how to begin. */
export function startCard(guide: Guide): Card {
  const { lines } = note('', ...stepsOf(guide));
  return { lines: [[{ text: 'Nod posts to TikTok from this chat.', style: 'bold' }], ...lines], rows: [] };
}

/** Greets a group or a server that Nod is new to. */
export function greetingCard(title: string, guide: Guide): Card {
  const { lines } = note('', ...stepsOf(guide), '', `${guide.wording.slash}help tells more.`);
  const hello: Line = [{ text: `Hello ${title}.`, style: 'bold' }, ' Nod posts to TikTok from here.'];
  return { lines: [hello, ...lines], rows: [] };
}

/** In which chats the cards of a review are. */
export interface ReviewPlacement {
  /** What keeps the card from its own place, and from all others. */
  readonly obstacle?: Obstacle | undefined;
  /** The chat in which it is instead, and why. */
  readonly displaced?: { readonly chat: ChatRef; readonly why: Obstacle } | undefined;
  /** The one in a joined chat could not be shown. */
  readonly isMissingInJoinedChat: boolean;
}

/** In place of the card on which a post was composed, once its team has it. */
export function handedOverCard(
  post: Post,
  { obstacle, displaced, isMissingInJoinedChat }: ReviewPlacement,
): Card {
  const { account, chat, review } = post;
  const { chats = [chat] } = review ?? {};
  const [home = chat] = chats;
  const there = home === chat ? 'here' : 'where reviews are shown';
  const isInJoinedChat = chats.length > 1 && !isMissingInJoinedChat;
  const also = isInJoinedChat ? ', and in the joined chat' : '';
  const sent = `“${postName(post)}” for ${accountName(account)} went to the team for approval.`;
  if (obstacle !== undefined)
    return note(
      sent,
      `${isInJoinedChat ? 'Its card is only in the joined chat' : 'Its card cannot be shown'}. ${obstacleText(obstacle, home, there)}`,
      'The card comes as soon as it can.',
    );
  if (displaced === undefined) return note(sent, `Its card is ${there}${also}.`);
  const where = displaced.chat === chat ? 'here' : 'elsewhere in this place';
  return note(sent, `Its card is ${where}${also}. ${obstacleText(displaced.why, home, there)}`);
}

/** Below a card that its author alone sees because no chat takes it. */
export const unshownLine = (obstacle: Obstacle, chat: ChatRef): string =>
  `Only you see this card. ${obstacleText(obstacle, chat, 'here')}`;

/** Tells an author alone about a card that no chat takes; `why` says what keeps it out. */
export function unshownCard({
  post,
  shown,
  why,
  chat,
  isInJoinedChat,
}: {
  post: Post | undefined;
  /** What the card would say, or how the post has ended. */
  shown: readonly Line[];
  why: string;
  /** The review has a card in a joined chat. */
  isInJoinedChat: boolean;
  chat: ChatRef;
}): Card {
  const { slash } = wordingOf(chat);
  if (post === undefined)
    return note('The card of your draft cannot be shown.', why, 'It comes as soon as it can.');
  if (!takesVotes(post)) return { lines: [...shown, [], [`Its card cannot be shown. ${why}`]], rows: [] };
  if (isInJoinedChat)
    return note(`“${postName(post)}” waits for approval. Its card is only in the joined chat. ${why}`);
  return note(
    `Nobody can see “${postName(post)}” for ${accountName(post.account)} to approve it.`,
    why,
    `The card comes as soon as it can. ${slash}posts there shows how it goes.`,
  );
}

/** How to begin, what Nod takes, how it gets it, and the commands. */
export function helpCard({
  guide,
  maxFileBytes,
  commands,
}: {
  guide: Guide;
  maxFileBytes: number | undefined;
  commands: readonly { name: string; description: string }[];
}): Card {
  const { slash, help } = guide.wording;
  return note(
    ...stepsOf(guide),
    '',
    `A post is 1 to 35 photos (${PHOTO_FORMATS}) or one video (${VIDEO_FORMATS}).`,
    'Nod makes of them what TikTok takes, and the card says what was changed. What TikTok takes as it is keeps its quality; place, device and other metadata go.',
    '',
    ...help,
    ...(maxFileBytes === undefined ? [] : [`You can attach files up to ${limitOf(maxFileBytes)} here.`]),
    'Nothing is posted before you say so on its card, and nothing is ever posted twice.',
    '',
    ...commands.map(({ name, description }) => `${slash}${name}  ${description}`),
  );
}

/** The link to connect an account, which is a secret; `place` is told where the card stands elsewhere. */
export function connectCard(url: string, place?: string): Card {
  const where = place === undefined ? '' : ` for “${place}”`;
  return {
    lines: [
      [`Connect a TikTok account${where} with this link. It is good for one hour and for one account.`],
      ['To choose the account, open it in a private browser window.'],
    ],
    rows: [buttonRow({ label: 'Connect TikTok', href: url, tone: 'main' })],
  };
}

/** Tells the others that somebody has got the link alone. */
export function linkSentCard({ name }: Person): Card {
  return note(`${name}, the link to connect is for you alone: only you see it, here or in our private chat.`);
}

/** Tells somebody who cannot be reached alone how to get the link; `startUrl` opens a private chat. */
export const linkKeptCard = ({ name }: Person, { slash }: Wording, startUrl: string | undefined): Card => ({
  ...note(
    `${name}, the link is for you alone. Open a private chat with me, then write ${slash}connect here again.`,
  ),
  rows: privateChatRows(startUrl),
});

/** The way into a private chat with us, where the platform has a link that opens one. */
export const privateChatRows = (startUrl: string | undefined): Row[] =>
  startUrl === undefined ? [] : [buttonRow({ label: 'Open a private chat', href: startUrl, tone: 'main' })];

/** Tells somebody who writes in the name of the group, and whom nobody can tell alone. */
export function linkForNobodyCard({ slash }: Wording): Card {
  return note(
    `The link is for one person alone, and this group itself asked for it. Write ${slash}connect under your own name.`,
  );
}

/** How the results of an account come to be shown, in the words of TikTok's consent page. */
export const toAddStats = ({ slash }: Wording) =>
  `Its results are not shown: ${slash}connect it again and allow “Read your public videos on TikTok”.`;

/** Asks which account of a place to disconnect. */
export function disconnectCard(accounts: readonly Account[], wording: Wording): Card {
  if (accounts.length === 0) return problemCard({ code: 'no_account' }, wording);
  const buttons = accounts.map((account) => disconnectButton(account, `Disconnect ${accountName(account)}`));
  return {
    lines: [['Which account should Nod forget? Its tokens are deleted, and taken back at TikTok.']],
    rows: buttonColumn(buttons),
  };
}

function disconnectButton({ openId }: Account, label: string): Button {
  const press = encodePress({ on: 'account', id: accountKey(openId), verb: 'disconnect' });
  return { label, press, tone: 'bad' };
}

/** What the chat is told when a way through TikTok's consent page has ended. */
export function consentCard(
  outcome: Exclude<ConsentOutcome, { type: 'unknown' | 'unchecked' }>,
  approvals: number,
): Card {
  const { chat, person } = outcome.invitation;
  const wording = wordingOf(chat);
  const { slash, toPost } = wording;
  switch (outcome.type) {
    case 'connected': {
      const missing = outcome.missingScopes.filter((scope) => scope !== 'user.info.basic');
      const { lines } = note(
        `✓ ${accountName(outcome.account)} is connected, by ${person.name}.`,
        missing.length === 0
          ? `${toPost}\n${toFinish(wording, approvals)}`
          : missing.map((scope) => problemText({ code: 'scope_missing', scope }, wording)).join('\n'),
        ...(outcome.lacksStats ? [toAddStats(wording)] : []),
      );
      return { lines, rows: [buttonRow(disconnectButton(outcome.account, 'Disconnect'))] };
    }
    case 'denied':
      return note(
        `TikTok was told not to let Nod in, so no account is connected. ${slash}connect tries again.`,
      );
    case 'expired':
      return note(`The connection was not finished within 10 minutes. ${slash}connect gives a new link.`);
    case 'reused':
      return note(
        `The link back from TikTok was opened twice; the second time changed nothing. ${slash}accounts shows what is connected.`,
      );
    case 'used':
      return note(
        `A link to connect was used a second time; nothing was connected. ${slash}connect gives a new one.`,
      );
    case 'forbidden':
      return note(
        `${person.name} asked to connect an account but may no longer do that here, so nothing was connected. ${slash}connect gives a new link to whoever may.`,
      );
    case 'foreign':
      return note(
        `The connection was finished in another browser than it was begun in, so it was refused. ${slash}connect gives a new link; open it where you are signed in to TikTok.`,
      );
    case 'refused':
      return note(
        `TikTok refused the connection (${outcome.code}). ${slash}connect tries again; if that does not help, the operator checks the app at TikTok.`,
      );
    case 'unreachable':
      return note(
        `TikTok did not answer while the account was being connected. ${slash}connect tries again.`,
      );
    case 'fault':
      return note(
        `Something went wrong in Nod, not at TikTok, while the account was being connected. ${slash}connect tries again.`,
      );
  }
}
