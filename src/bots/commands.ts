import type { Accounts } from '../core/accounts/accounts.ts';
import type { Consents } from '../core/accounts/consent.ts';
import type { Workspaces } from '../core/accounts/workspaces.ts';
import type { Draft } from '../core/compose/draft.ts';
import type { CheckResult } from '../core/doctor/check.ts';
import type { ChatRef } from '../core/people.ts';
import type { Post } from '../core/publish/post.ts';
import type { Quotas } from '../core/quotas/quotas.ts';
import type { PersonLinks } from '../core/review/person-links.ts';
import type { Store } from '../core/storage/database.ts';
import type { RandomIds } from '../core/storage/random-ids.ts';
import type { Uploads } from '../core/uploads/uploads.ts';
import type { Greetings } from './access/greetings.ts';
import { linkAccounts, unlinkAccounts } from './access/link-accounts.ts';
import type { AccessRequests } from './access/requests.ts';
import type { Right } from './access/rights.ts';
import { accountsCard } from './accounts/account-cards.ts';
import { inviteToConnect } from './accounts/connect-link.ts';
import type { CardIndex } from './cards/card-index.ts';
import type { Sender } from './cards/send.ts';
import { showDoctor } from './doctor/show-doctor.ts';
import type { Bot, ChatEventOf } from './platform.ts';
import { cancelCard, type Lists, postsCard } from './posts/post-list.ts';
import type { Queue } from './posts/queue.ts';
import { showQuota } from './quotas/show-quota.ts';
import { showResults } from './results/show-results.ts';
import type { SettingsDialogue } from './settings/settings.ts';
import { disconnectCard, helpCard, note, startCard } from './text/messages.ts';
import { wordingOf } from './text/wording.ts';
import { beginByUpload } from './uploads/upload-link.ts';

/** Something that people tell Nod to do by its name. */
interface Command {
  /** As the menu and the help have it. */
  readonly description: string;
  readonly shownIn: readonly ('menu' | 'help')[];
  /** Where it makes sense; everywhere unless said. */
  readonly only?: 'private' | 'group';
  /** Who may; the guard has checked it before the command runs. */
  readonly right: Right;
  readonly run: (parts: CommandParts, event: ChatEventOf<'command'>) => Promise<void>;
}

/** What the commands work with. */
export interface CommandParts {
  readonly accessRequests: AccessRequests;
  readonly greetings: Pick<Greetings, 'readGuide'>;
  readonly accounts: Accounts;
  readonly consents: Consents;
  readonly workspaces: Workspaces;
  readonly lists: Lists;
  readonly queue: Queue;
  readonly settings: SettingsDialogue;
  readonly personLinks: PersonLinks;
  readonly posts: Pick<Store<Post>, 'find'>;
  readonly quotas: Quotas;
  readonly uploads: Pick<Uploads, 'issueToBegin' | 'maxBytes'>;
  readonly randomIds: Pick<RandomIds, 'forOffer'>;
  readonly cardIndex: Pick<CardIndex, 'adopt'>;
  /** Looks at all that can keep Nod from working. */
  readonly examine: () => Promise<readonly CheckResult[]>;
  readonly sender: Sender;
  readonly botFor: (chat: ChatRef) => Bot;
  readonly publicUrl: string;
  readonly stats: boolean;
  readonly now: () => number;
}

/** All commands, in the order of the menu. */
export const COMMANDS = {
  start: {
    description: 'What Nod does, and how to begin',
    shownIn: ['menu'],
    only: 'private',
    right: 'member',
    run: async ({ greetings, sender }, event) =>
      sender.answer(event, startCard(await greetings.readGuide(event))),
  },
  post: {
    description: 'As a reply: posts a photo, an album or a video',
    shownIn: ['menu'],
    only: 'group',
    right: 'member',
    run: ({ sender }, event) => sender.answer(event, note(wordingOf(event.chat).toPost)),
  },
  upload: {
    description: 'Begin with a file that is too big for this chat',
    shownIn: ['menu', 'help'],
    right: 'member',
    run: beginByUpload,
  },
  connect: {
    description: 'Connect a TikTok account',
    shownIn: ['menu', 'help'],
    right: 'manager',
    run: inviteToConnect,
  },
  accounts: {
    description: 'The connected TikTok accounts',
    shownIn: ['menu', 'help'],
    right: 'member',
    run: async ({ accounts, workspaces, sender, stats, now }, { workspace, ...event }) => {
      const { timeZone } = await workspaces.settingsOf(workspace);
      const times = { timeZone, now: now() };
      const shared = await accounts.list(workspace);
      await sender.answer(event, accountsCard(shared, wordingOf(event.chat), { stats, ...times }));
    },
  },
  disconnect: {
    description: 'Disconnect a TikTok account',
    shownIn: ['menu', 'help'],
    right: 'manager',
    run: async ({ accounts, sender }, event) =>
      sender.answer(event, disconnectCard(await accounts.list(event.workspace), wordingOf(event.chat))),
  },
  settings: {
    description: 'Reviews, time zone, joined chats',
    shownIn: ['menu', 'help'],
    right: 'manager',
    run: ({ settings }, event) => settings.show(event),
  },
  history: {
    description: 'Who approved and posted what',
    shownIn: ['menu', 'help'],
    right: 'member',
    run: ({ settings }, event) => settings.showHistory(event),
  },
  join: {
    description: 'Share accounts and reviews with another chat',
    shownIn: ['menu', 'help'],
    only: 'group',
    right: 'manager',
    run: ({ settings }, event) => settings.join(event),
  },
  queue: {
    description: 'What goes out, day by day',
    shownIn: ['menu', 'help'],
    right: 'member',
    run: async ({ queue, sender }, event) => sender.answer(event, await queue.draw(event)),
  },
  posts: {
    description: 'Recent posts, with status and link',
    shownIn: ['menu', 'help'],
    right: 'member',
    run: showPosts,
  },
  results: {
    description: 'How your last posts did on TikTok',
    shownIn: ['menu', 'help'],
    right: 'member',
    run: showResults,
  },
  quota: {
    description: 'What is used of TikTok’s limits',
    shownIn: ['menu', 'help'],
    right: 'member',
    run: showQuota,
  },
  cancel: {
    description: 'Cancel what is under way',
    shownIn: ['menu', 'help'],
    right: 'member',
    run: async ({ lists, workspaces, sender, now }, event) => {
      const { workspace, person } = event;
      const drafts = await lists.openDrafts(workspace, person);
      const posts = await lists.postsUnderWay(workspace, person);
      const { timeZone } = await workspaces.settingsOf(workspace);
      await sender.answer(event, cancelCard({ drafts, posts, timeZone, now: now() }));
    },
  },
  help: {
    description: 'What Nod takes, and what it does with it',
    shownIn: ['menu'],
    right: 'member',
    run: async ({ greetings, sender }, event) => {
      const { maxFileBytes, isPrivate } = event;
      const commands = commandsIn('help', isPrivate ? 'private' : 'managers');
      await sender.answer(
        event,
        helpCard({ guide: await greetings.readGuide(event), maxFileBytes, commands }),
      );
    },
  },
  approver: {
    description: 'As a reply: lets its author approve, or not any more',
    shownIn: ['menu'],
    only: 'group',
    right: 'manager',
    run: ({ settings }, event) => settings.toggleApprover(event),
  },
  link: {
    description: 'Link your accounts in both chats: one person, one vote',
    shownIn: ['menu', 'help'],
    right: 'self',
    run: linkAccounts,
  },
  unlink: {
    description: 'Separate your linked accounts',
    shownIn: ['menu', 'help'],
    right: 'self',
    run: unlinkAccounts,
  },
  doctor: {
    description: 'What keeps this Nod from working, for its operator',
    shownIn: [],
    right: 'operator',
    run: showDoctor,
  },
  claim: {
    description: 'Become the operator of this Nod, with the code from its log',
    shownIn: [],
    right: 'anyone',
    run: ({ accessRequests }, event) => accessRequests.claim(event),
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;

/** The command of a name that may be anything; undefined where there is none. */
export const commandOf = (name: string): Command | undefined => NAMED.get(name);

const NAMED: ReadonlyMap<string, Command> = new Map(Object.entries(COMMANDS));

/** Who reads a menu: somebody alone with Nod, the members of a group, or those who manage it. */
export type Readers = 'private' | 'members' | 'managers';

/** The commands that the menu or the help shows to its readers. */
export function commandsIn(
  where: 'menu' | 'help',
  readers: Readers,
): { name: string; description: string }[] {
  const others = readers === 'private' ? 'group' : 'private';
  const shown = [...NAMED].filter(
    ([, { shownIn, only, right }]) =>
      shownIn.includes(where) && only !== others && (readers !== 'members' || right !== 'manager'),
  );
  return shown.map(([name, { description }]) => ({ name, description }));
}

async function showPosts(
  { lists, workspaces, sender, botFor, now }: CommandParts,
  event: ChatEventOf<'command'>,
): Promise<void> {
  const { chat, workspace, person } = event;
  // Where drafts are composed in private they can get lost from sight, so this brings them back.
  const hidden = botFor(chat).composesInPrivate ? await lists.openDrafts(workspace, person) : [];
  const { timeZone } = await workspaces.settingsOf(workspace);
  const posts = await lists.recentPosts(workspace);
  const left = await draftsLeftTo({ lists, botFor }, event);
  const wording = wordingOf(chat);
  await sender.answer(event, postsCard({ posts, hidden, left, wording, timeZone, now: now() }));
}

/** Who manages a place can take up what somebody has left behind there. */
async function draftsLeftTo(
  { lists, botFor }: Pick<CommandParts, 'lists' | 'botFor'>,
  { chat, workspace, person, isPrivate }: ChatEventOf<'command'>,
): Promise<Draft[]> {
  const mayTake = !isPrivate && (await botFor(chat).fetchMember(chat, person)).isManager;
  return mayTake ? lists.leftDrafts(workspace) : [];
}
