import type { Place, Settings } from '../../core/accounts/workspaces.ts';
import { type ChatRef, type Person, platformOf } from '../../core/people.ts';
import type { ReviewPolicy, Role } from '../../core/review/review.ts';
import { listButton } from '../access/access-cards.ts';
import { encodePress, settingKey } from '../buttons.ts';
import {
  type Button,
  buttonColumn,
  buttonRow,
  buttonRows,
  type Card,
  type Choice,
  type Line,
  type Picker,
  type Row,
} from '../platform.ts';
import { dateFormat } from '../text/date-format.ts';
import { capital, countOf, listOf, onOff, placeName } from '../text/format.ts';
import { note } from '../text/messages.ts';
import { WORDINGS, wordingOf } from '../text/wording.ts';

export const MAX_APPROVALS = 10;
export const OPEN_HOURS = [24, 72, 168] as const;
/** How many roles, and how many people, a menu lets somebody pick. */
const MAX_PICKED = 10;
const BUTTONS_IN_A_ROW = 3;

export interface SettingsView {
  readonly workspace: string;
  /** Where the card stands. */
  readonly chat: ChatRef;
  readonly isPrivate: boolean;
  readonly settings: Settings;
  /** All that share these settings, this one among them; the one that was joined comes first. */
  readonly places: readonly Place[];
  /** Of the operator's, who alone sees it. */
  readonly isOperator: boolean;
  /** Whether how posts do is shown. */
  readonly stats: boolean;
  readonly now: number;
  /** What has just happened, or why it has not. */
  readonly notice?: string | undefined;
}

/** By which rules a place posts, and the means to change them. */
export function settingsCard(view: SettingsView): Card {
  const { isPrivate, settings, notice } = view;
  const { policy } = settings;
  const isReviewed = policy.approvals > 0;
  // Nobody else is there to approve anything.
  const canReview = isReviewed || !isPrivate;
  return {
    lines: [
      [{ text: 'Settings', style: 'bold' }],
      ...(notice === undefined ? [] : [[notice]]),
      [],
      ...(canReview ? [approvalsLine(policy)] : []),
      ...(isReviewed ? [...voterLines(view), ...ruleLines(view)] : []),
      setting('Time zone', zoneText(view)),
      ...(view.stats ? [digestLine(settings)] : []),
      ...joinedCardLines(view),
      [],
      [
        `Changes apply to posts that are submitted from now on${isReviewed ? ', and to reviews that nobody could decide' : ''}.`,
      ],
      ...(isReviewed ? namingLines(view) : []),
    ],
    rows: [
      ...(canReview ? [approvalsChoice(view)] : []),
      ...(isReviewed ? [...voterRows(view), ...ruleRows(view)] : []),
      buttonRow(
        on('Time zone…', 'zone', 'ask'),
        ...(view.stats ? [toggle('Weekly digest', 'digest', settings.weeklyDigest)] : []),
      ),
      ...joinRows(view),
      ...(view.isOperator ? [buttonRow(listButton())] : []),
    ],
  };
}

/** A button on the card of the settings. */
export function on(label: string, id: string, verb: string, argument?: string) {
  return { label, press: encodePress({ on: 'settings', id, verb, argument }) };
}

function setting(name: string, value: string): Line {
  return [`${name}  `, { text: value, style: 'bold' }];
}

function approvalsLine({ approvals }: ReviewPolicy): Line {
  return approvals === 0
    ? setting('Approvals', 'off, posts go out without a review')
    : setting('Approvals', `${approvals} before a post goes out`);
}

function voterLines(view: SettingsView): Line[] {
  const { roles, people, managersVote } = view.settings.policy;
  const names = (all: readonly { name: string }[]) => listOf(all.map(({ name }) => name));
  return [
    setting(capital(managersText(view)), managersVote ? 'may approve' : 'may not approve'),
    ...(roles.length === 0 ? [] : [setting('Roles that may approve', names(roles))]),
    setting('Approvers by name', people.length === 0 ? 'none' : names(people)),
  ];
}

/** Each platform has its own who manage. */
function managersText({ chat, places }: SettingsView): string {
  const here = wordingOf(chat);
  const others = new Set(places.map((place) => wordingOf(place.chat)).filter((wording) => wording !== here));
  return listOf([here.managers, ...[...others].map(({ managersThere }) => managersThere)]);
}

function ruleLines(view: SettingsView): Line[] {
  const { approvals, authorVotes, rejectionIsFinal, openHours } = view.settings.policy;
  const isOne = rejectionIsFinal || approvals === 1;
  return [
    setting('The author’s own vote', authorVotes ? 'counts' : 'does not count'),
    setting(isOne ? 'One rejection' : `${approvals} rejections`, isOne ? 'ends a review' : 'end a review'),
    setting('A review stays open for', hoursText(openHours)),
    ...(otherPlaces(view).length === 0 ? [] : [linkedLine(view)]),
    ...(view.isPrivate ? [] : [setting('Reviews of posts from here are shown', reviewChatWords(view))]),
  ];
}

function linkedLine({ chat, settings }: SettingsView): Line {
  const who = settings.policy.linkedVoters ? 'only who has linked both accounts' : 'linked accounts or not';
  return setting('Who votes in joined chats', `${who} (${wordingOf(chat).slash}link)`);
}

function reviewChatWords(view: SettingsView): string {
  const reviewChat = ownPlace(view)?.reviewChat;
  if (reviewChat === undefined) return 'where each was posted';
  return reviewChat === view.chat ? 'here' : 'in another channel or topic';
}

const ownPlace = ({ workspace, places }: SettingsView): Place | undefined =>
  places.find(({ id }) => id === workspace);

const otherPlaces = ({ workspace, places }: SettingsView): Place[] =>
  places.filter(({ id }) => id !== workspace);

function zoneText({ settings: { timeZone }, now }: SettingsView): string {
  const time = dateFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone });
  return `${timeZone}, ${time.format(now)} now`;
}

const digestLine = ({ weeklyDigest }: Settings): Line =>
  setting('How your posts did, weekly', weeklyDigest ? 'on Mondays at 9:00' : 'off');

function joinedCardLines(view: SettingsView): Line[] {
  const others = otherPlaces(view);
  if (others.length === 0) return [];
  const [root] = view.places;
  const whose =
    root === undefined || root.id === view.workspace
      ? 'The rules of this chat hold there as well.'
      : `The rules are those of ${placeName(root)}; a change here changes them there.`;
  return [setting('Joined with', placesText(others)), [whose]];
}

function namingLines({ chat }: SettingsView): Line[] {
  const { hasMenus, slash } = wordingOf(chat);
  return hasMenus ? [] : [[`To name somebody, reply to a message of theirs with ${slash}approver.`]];
}

function approvalsChoice({ chat, settings }: SettingsView): Choice {
  const { hasMenus } = wordingOf(chat);
  const counts = Array.from({ length: MAX_APPROVALS + 1 }, (_, count) => count);
  // Buttons are small, and the line above them says what they count.
  const label = (count: number) => (hasMenus ? countOf(count, 'approval') : String(count));
  return {
    type: 'choice',
    prompt: 'How many approvals?',
    options: counts.map((count) => ({
      ...on(count === 0 ? 'Off' : label(count), 'approvals', 'set', String(count)),
      isChosen: settings.policy.approvals === count,
    })),
  };
}

/** A menu of the platform's knows its own people only; everybody else is taken off by a button. */
function voterRows({ chat, workspace, settings }: SettingsView): Row[] {
  const { roles, people } = settings.policy;
  const { hasMenus } = wordingOf(chat);
  const isInMenu = ({ id, place = workspace }: { id: string; place?: string }) =>
    hasMenus && platformOf(id) === platformOf(chat) && place === workspace;
  const off = [
    ...roles.map((role) => ({ ...role, list: 'roles' })),
    ...people.map((person) => ({ ...person, list: 'people' })),
  ].filter((named) => !isInMenu(named));
  const buttons = off.map((named) => on(`✕ ${named.name}`, named.list, 'drop', settingKey(named)));
  const rows = buttonRows(buttons, BUTTONS_IN_A_ROW);
  if (!hasMenus) return rows;
  const menu = (pick: 'roles' | 'people', prompt: string, all: readonly Role[]): Picker => ({
    type: 'picker',
    pick,
    prompt,
    press: on(prompt, pick, 'pick').press,
    picked: all.filter(isInMenu).map(({ id }) => id),
    max: MAX_PICKED,
  });
  return [
    menu('roles', 'Roles that may approve', roles),
    menu('people', 'Approvers by name', people),
    ...rows,
  ];
}

function ruleRows(view: SettingsView): Row[] {
  const { chat, isPrivate, settings } = view;
  const { managersVote, authorVotes, rejectionIsFinal, openHours, linkedVoters = false } = settings.policy;
  const { hasMenus, managersLabel } = wordingOf(chat);
  const toggles = [
    toggle(`${managersLabel} approve`, 'managers', managersVote),
    toggle('Author’s own vote counts', 'author', authorVotes),
    toggle('One rejection is final', 'rejection', rejectionIsFinal),
    ...(otherPlaces(view).length === 0 ? [] : [toggle('Only linked people vote', 'linked', linkedVoters)]),
  ];
  const open: Choice = {
    type: 'choice',
    prompt: 'How long does a review stay open?',
    options: OPEN_HOURS.map((hours) => ({
      ...on(hasMenus ? `Open for ${hoursText(hours)}` : hoursText(hours), 'hours', 'set', String(hours)),
      isChosen: openHours === hours,
    })),
  };
  return [
    // Three of them are too long for one row on a phone.
    ...(hasMenus ? [buttonRow(...toggles)] : buttonColumn(toggles)),
    open,
    ...(isPrivate ? [] : [reviewChatRow(view)]),
  ];
}

/** Says what is, and a press says what shall be: an old card pressed twice does nothing that it does not show. */
function toggle(label: string, id: string, value: boolean): Button {
  return on(`${value ? '☑' : '☐'} ${label}`, id, 'set', value ? 'no' : 'yes');
}

function reviewChatRow(view: SettingsView): Row {
  const reviewChat = ownPlace(view)?.reviewChat;
  return buttonRow(
    ...(reviewChat === view.chat ? [] : [on('Show reviews here', 'reviews', 'set', 'here')]),
    ...(reviewChat === undefined ? [] : [on('Show reviews where posted', 'reviews', 'set', 'posted')]),
  );
}

function joinRows(view: SettingsView): Row[] {
  if (view.isPrivate) return [];
  const others = otherPlaces(view);
  const invite = on('Join another chat…', 'join', 'issue');
  if (others.length === 0) return [buttonRow(invite, on('I have a code…', 'join', 'ask'))];
  const [root] = view.places;
  const leave = (label: string, place: { id: string }): Button => ({
    ...on(label, 'join', 'separate', settingKey(place)),
    tone: 'bad',
  });
  if (root === undefined || root.id === view.workspace)
    return buttonColumn([invite, ...others.map((other) => leave(`Separate ${placeName(other)}`, other))]);
  return [buttonRow(leave('Separate this chat', { id: view.workspace }))];
}

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
  const { slash: discord } = WORDINGS.discord;
  const { slash: telegram } = WORDINGS.telegram;
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
  `${code} is good for one hour and one chat. Enter it there with ${WORDINGS.telegram.slash}join, or ${WORDINGS.discord.slash}join on Discord.`;

/** How two chats are joined. */
export function joinHelpCard(chat: ChatRef): Card {
  const { slash } = wordingOf(chat);
  return note(
    'Two chats can share TikTok accounts and reviews.',
    `In the chat whose rules should apply, open the settings and press “Join another chat…”. Enter its code here with ${slash}join.`,
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
  const { slash, hasMenus } = wordingOf(chat);
  return hasMenus
    ? note(`${slash}settings names who may approve.`)
    : note(
        `To name somebody who may approve, reply to a message of theirs with ${slash}approver. The same again takes them off.`,
        'It has to be a person: bots, and chats that speak as themselves, cannot approve.',
      );
}

/** How somebody is named where there are no menus, in the 200 characters of an answer to a press. */
export const NAME_APPROVER =
  'Reply with /approver to a message of the person who should approve. Then they can approve the post here, too.';

/** What came of letting authors vote. */
export const authorCountsText = ({ name }: Person): string =>
  `From now on the own vote of authors counts here, so ${name} can approve this post.`;

/** What naming somebody, or taking them off, came to. */
export function approverCard(
  { name }: Person,
  { isNamed, isReviewed, chat }: { isNamed: boolean; isReviewed: boolean; chat: ChatRef },
): Card {
  const { slash } = wordingOf(chat);
  const state = isNamed ? `${name} may approve from now on.` : `${name} is no longer named as an approver.`;
  return note(state, ...(isReviewed ? [] : [`Reviews are off; ${slash}settings turns them on.`]));
}

const settingsRow = (): Row => buttonRow(on('Settings', 'card', 'show'));

const HOURS_A_DAY = 24;
const DAYS_FROM_HOURS = 96;

/** `72 h`, `7 days`. */
function hoursText(hours: number): string {
  return hours >= DAYS_FROM_HOURS && hours % HOURS_A_DAY === 0
    ? countOf(hours / HOURS_A_DAY, 'day')
    : `${hours} h`;
}

/** Places by name, in one list. */
const placesText = (places: readonly Place[]): string => listOf(places.map(placeName));

/** What a change has made different, for the history; undefined when nothing. */
export function changesText(before: Settings, after: Settings): string | undefined {
  const [old, now] = [before.policy, after.policy];
  const changes = [
    change('approvals', approvalsWord(old), approvalsWord(now)),
    change('managers may approve', yesNo(old.managersVote), yesNo(now.managersVote)),
    change('roles that may approve', names(old.roles), names(now.roles)),
    change('people who may approve', names(old.people), names(now.people)),
    change('the author’s own vote counts', yesNo(old.authorVotes), yesNo(now.authorVotes)),
    change('one rejection is final', yesNo(old.rejectionIsFinal), yesNo(now.rejectionIsFinal)),
    change('only linked people vote', yesNo(old.linkedVoters === true), yesNo(now.linkedVoters === true)),
    change('reviews stay open', hoursText(old.openHours), hoursText(now.openHours)),
    change('weekly digest', onOff(before.weeklyDigest), onOff(after.weeklyDigest)),
    change('time zone', before.timeZone, after.timeZone),
  ].filter((text) => text !== undefined);
  return changes.length === 0 ? undefined : changes.join(', ');
}

/** What the history says about where the reviews of a place stand. */
export function reviewChatText(reviewChat: ChatRef | undefined): string {
  return `reviews are shown: ${reviewChat === undefined ? 'where posted' : 'in one chat'}`;
}

function change(name: string, before: string, after: string): string | undefined {
  return before === after ? undefined : `${name}: ${before} → ${after}`;
}

const approvalsWord = ({ approvals }: ReviewPolicy): string => (approvals === 0 ? 'off' : String(approvals));
const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
const names = (all: readonly (Role | Person)[]): string => all.map(({ name }) => name).join(', ') || 'none';
