// Faithful: who is notified by a message, given allowed_mentions
// (https://discord.com/developers/docs/resources/message#allowed-mentions-object). Simplified: roles can be mentioned
// when mentionable or with Mention Everyone. Missing: mentions inside code blocks stay mentions here.
import { walkComponents } from './component-rules.ts';
import type { MessageContent, Pings } from './state.ts';
import type { AllowedMentions } from './wire.ts';

export type MentionScope = {
  allowed: AllowedMentions | null | undefined;
  /** The author of the message that is replied to. */
  repliedUserId?: string | undefined;
  mentionableRoleIds: readonly string[];
  mayMentionEveryone: boolean;
  isKnownUser: (id: string) => boolean;
};

export const NO_PINGS: Pings = { users: [], roles: [], everyone: false };

/** Reads out who a message notifies. */
export function pingsOf(message: Pick<MessageContent, 'content' | 'components'>, scope: MentionScope): Pings {
  const { allowed, repliedUserId } = scope;
  const text = textOf(message);
  const users = idsIn(text, /<@!?(\d+)>/g).filter(
    (id) => isAllowed(allowed, 'users', id) && scope.isKnownUser(id),
  );
  const repliesAloud = allowed ? allowed.replied_user === true : true;
  const roles = idsIn(text, /<@&(\d+)>/g).filter(
    (id) =>
      isAllowed(allowed, 'roles', id) && (scope.mayMentionEveryone || scope.mentionableRoleIds.includes(id)),
  );
  const namesEveryone =
    /@(everyone|here)\b/.test(text) && (!allowed || (allowed.parse ?? []).includes('everyone'));
  return {
    users: [...new Set([...users, ...(repliedUserId && repliesAloud ? [repliedUserId] : [])])],
    roles: [...new Set(roles)],
    everyone: namesEveryone && scope.mayMentionEveryone,
  };
}

function isAllowed(
  allowed: AllowedMentions | null | undefined,
  kind: 'users' | 'roles',
  id: string,
): boolean {
  if (!allowed) return true;
  return (allowed.parse ?? []).includes(kind) || (allowed[kind] ?? []).includes(id);
}

/** Whether a message names somebody, notified or not. */
export const hasMentionOf = (message: MessageContent, userId: string) =>
  idsIn(textOf(message), /<@!?(\d+)>/g).includes(userId);

/** What can be read of a message: its content and all its text displays. */
export const textOf = ({ content, components }: Pick<MessageContent, 'content' | 'components'>): string =>
  [
    ...(content ? [content] : []),
    ...walkComponents(components).flatMap(({ component }) =>
      component.type === 10 ? [component.content ?? ''] : [],
    ),
  ].join('\n');

const idsIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, id = '']) => id);
