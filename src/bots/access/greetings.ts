import type { Accounts } from '../../core/accounts/accounts.ts';
import type { Workspaces } from '../../core/accounts/workspaces.ts';
import type { ChatRef } from '../../core/people.ts';
import type { Sender } from '../cards/send.ts';
import type { ChatEvent } from '../platform.ts';
import { type Guide, greetingCard } from '../text/messages.ts';
import { wordingOf } from '../text/wording.ts';
import { welcomeCard } from './access-cards.ts';

interface Place {
  readonly workspace: string;
  readonly chat: ChatRef;
  readonly isPrivate: boolean;
}

/** Tells people how to begin; a group or a server is greeted once. */
export function createGreetings({
  accounts,
  workspaces,
  sender,
}: {
  accounts: Pick<Accounts, 'list'>;
  workspaces: Pick<Workspaces, 'settingsOf' | 'noteGreeted' | 'meet'>;
  sender: Sender;
}) {
  /** What the steps to a post are here. */
  async function readGuide({ workspace, chat }: Omit<Place, 'isPrivate'>): Promise<Guide> {
    const { policy } = await workspaces.settingsOf(workspace);
    const connected = await accounts.list(workspace);
    return { wording: wordingOf(chat), accounts: connected, approvals: policy.approvals };
  }

  /** Greets a place that may use this Nod, unless it was greeted or is about to read the same as an answer. */
  async function greet(event: ChatEvent): Promise<void> {
    const { workspace, chat, isPrivate } = event;
    if (isPrivate) return;
    await workspaces.meet(event);
    const isFirst = await workspaces.noteGreeted(workspace, chat);
    if (!isFirst || asksForGuide(event)) return;
    const title = event.workspaceTitle || event.chatTitle;
    sender.tell(chat, greetingCard(title, await readGuide(event)));
  }

  /** Tells a place that its operator has let it in. */
  async function welcome({ workspace, chat, isPrivate }: Place): Promise<void> {
    if (!isPrivate) await workspaces.noteGreeted(workspace, chat);
    sender.tell(chat, welcomeCard(await readGuide({ workspace, chat })));
  }

  return { readGuide, greet, welcome };
}

export type Greetings = ReturnType<typeof createGreetings>;

const asksForGuide = (event: ChatEvent): boolean =>
  event.type === 'command' && (event.name === 'help' || event.name === 'start');
