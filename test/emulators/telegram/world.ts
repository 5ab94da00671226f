// Faithful: ids and shapes of users, private chats, groups and forums; membership changes as my_chat_member updates;
// migration to a supergroup. Simplified: seeding sends no updates unless asked to. Missing: channels.
import type { Chat, ChatMember, ChatPermissions, User } from 'grammy/types';
import { adminOf, botMember, leftMember, memberOf } from './chats.ts';
import type { Emulation } from './emulation.ts';
import { type ChatRef, chatIdOf } from './messages.ts';
import { botUser, type ChatEntry, type GroupChat, type PrivateChat } from './state.ts';

export type NewUser = {
  id?: number;
  firstName: string;
  username?: string;
  languageCode?: string;
  /** Somebody else's bot. */
  isBot?: boolean;
};
export type NewGroup = {
  title: string;
  members?: User[];
  /** The first of them is the creator. */
  admins?: User[];
  /** Administrators who act in the name of the group. */
  anonymousAdmins?: User[];
  /** A forum is a supergroup with topics. */
  forum?: boolean;
  supergroup?: boolean;
  botIsAdmin?: boolean;
  /** Sends my_chat_member and the service message, as when the bot is added while it runs. */
  announce?: boolean;
};

/** Creates the functions that populate the emulated Telegram. */
export function createWorld({ state, clock, updates, messages, watch }: Emulation) {
  let nextUserId = 1001;
  let nextGroupId = 5001;
  let nextTopicId = 2;

  const entryOf = (chat: ChatRef): ChatEntry => {
    const entry = state.chats.get(chatIdOf(chat));
    if (!entry)
      throw new Error(`There is no chat ${chatIdOf(chat)}: make it with privateChat or group first.`);
    return entry;
  };

  const addChat = (chat: ChatEntry['chat'], members: ChatMember[], started: boolean): ChatEntry => {
    const entry: ChatEntry = {
      chat,
      members: new Map(members.map((member) => [member.user.id, member])),
      started,
      blocked: false,
      topics: new Map(),
      closedTopics: new Set(),
    };
    state.chats.set(chat.id, entry);
    return entry;
  };

  /** Changes the bot's own standing and tells it. */
  const changeBot = (entry: ChatEntry, by: User, next: ChatMember) => {
    const old = entry.members.get(state.bot.id) ?? leftMember(botUser(state));
    entry.members.set(state.bot.id, next);
    updates.push('my_chat_member', {
      chat: entry.chat,
      from: by,
      date: clock.unixSeconds(),
      old_chat_member: old,
      new_chat_member: next,
    });
    watch.changed();
  };

  /** Service messages reach every bot, whatever its privacy mode. */
  const addBot = (entry: ChatEntry, bot: ChatMember) => {
    const from = creatorOf(entry);
    changeBot(entry, from, bot);
    const { current } = messages.post(entry, { from, new_chat_members: [botUser(state)] });
    updates.push('message', { ...current, chat: entry.chat, from });
  };

  const creatorOf = (entry: ChatEntry): User => {
    const people = [...entry.members.values()].filter(({ user }) => !user.is_bot);
    const chief = people.find(({ status }) => status === 'creator') ?? people[0];
    if (!chief) throw new Error('This group has no people who could do that.');
    return chief.user;
  };

  const setBlocked = (user: User, isBlocked: boolean) => {
    const entry = entryOf(user);
    entry.blocked = isBlocked;
    const bot = botUser(state);
    changeBot(entry, user, isBlocked ? { status: 'kicked', user: bot, until_date: 0 } : memberOf(bot));
  };

  return {
    entryOf,

    user({ id, firstName, username, languageCode = 'en', isBot = false }: NewUser): User {
      const user: User = {
        id: id ?? nextUserId++,
        is_bot: isBot,
        first_name: firstName,
        ...(username ? { username } : {}),
        language_code: languageCode,
      };
      state.users.set(user.id, user);
      return user;
    },

    /** The chat of a person with the bot; started unless told otherwise. */
    privateChat(user: User, { started = true } = {}): PrivateChat {
      const { id, first_name, username } = user;
      const chat: PrivateChat = { id, type: 'private', first_name, ...(username ? { username } : {}) };
      addChat(chat, [memberOf(user), memberOf(botUser(state))], started);
      return chat;
    },

    /** A group with the bot in it. */
    group(options: NewGroup): GroupChat {
      const { title, members = [], admins = [], anonymousAdmins = [], forum = false } = options;
      const [creator, ...others] = admins;
      const id = nextGroupId++;
      const chat: GroupChat =
        forum || options.supergroup
          ? { id: supergroupId(id), type: 'supergroup', title, ...(forum ? { is_forum: true } : {}) }
          : { id: -id, type: 'group', title };
      const standing: ChatMember[] = [
        ...members.map(memberOf),
        ...(creator ? [{ status: 'creator' as const, user: creator, is_anonymous: false }] : []),
        ...others.map((user) => adminOf(user)),
        ...anonymousAdmins.map((user) => adminOf(user, true)),
      ];
      const entry = addChat(chat, standing, true);
      const bot = botMember(state, options.botIsAdmin ?? false);
      if (options.announce) addBot(entry, bot);
      else entry.members.set(state.bot.id, bot);
      return chat;
    },

    /** Adds a topic to a forum; returns its message_thread_id. */
    topic(chat: ChatRef, name: string): number {
      const entry = entryOf(chat);
      if (!entry.chat.is_forum) throw new Error('Only a forum has topics: make the group with forum: true.');
      const id = nextTopicId++;
      entry.topics.set(id, name);
      return id;
    },

    /** Closes a topic, or opens it again; service messages tell of it. */
    closeTopic(chat: ChatRef, threadId: number, isClosed = true) {
      const entry = entryOf(chat);
      if (isClosed) entry.closedTopics.add(threadId);
      else entry.closedTopics.delete(threadId);
      const place = { message_thread_id: threadId, is_topic_message: true as const };
      const what = isClosed ? { forum_topic_closed: {} } : { forum_topic_reopened: {} };
      const from = creatorOf(entry);
      const { current } = messages.post(entry, { from, ...place, ...what });
      updates.push('message', { ...current, chat: entry.chat, from });
      watch.changed();
    },

    /** Deletes a topic with all that was said in it; bots are not told. */
    deleteTopic(chat: ChatRef, threadId: number) {
      const entry = entryOf(chat);
      entry.topics.delete(threadId);
      for (const stored of messages.inChat(entry.chat.id))
        if (stored.current.message_thread_id === threadId) messages.remove(stored);
      watch.changed();
    },

    /** What members of a group may do from now on, in addition to what was said before; bots are not told. */
    setPermissions(chat: ChatRef, permissions: ChatPermissions) {
      const entry = entryOf(chat);
      entry.permissions = { ...entry.permissions, ...permissions };
    },

    /** Makes somebody an administrator or a plain member; 'bot' stands for the bot itself. */
    setAdmin(chat: ChatRef, who: User | 'bot', isAdministrator: boolean) {
      const entry = entryOf(chat);
      if (who === 'bot') changeBot(entry, creatorOf(entry), botMember(state, isAdministrator));
      else entry.members.set(who.id, isAdministrator ? adminOf(who) : memberOf(who));
    },

    addMember: (chat: ChatRef, user: User) => void entryOf(chat).members.set(user.id, memberOf(user)),
    removeMember: (chat: ChatRef, user: User) => void entryOf(chat).members.delete(user.id),

    /** The bot is thrown out of a group. */
    removeBot(chat: ChatRef) {
      const entry = entryOf(chat);
      changeBot(entry, creatorOf(entry), { status: 'kicked', user: botUser(state), until_date: 0 });
    },

    block: (user: User) => setBlocked(user, true),
    unblock: (user: User) => setBlocked(user, false),

    /** Restricts the reactions of a chat to a list of emoji, as its administrators can. */
    restrictReactions(chat: ChatRef, reactions: NonNullable<ChatEntry['availableReactions']>) {
      entryOf(chat).availableReactions = reactions;
    },

    /**
     * Upgrades a basic group: new id, service messages in both, the old id only answers with the new one. The bot joins
     * the new chat, before anything names the old one (https://github.com/tdlib/telegram-bot-api/issues/266).
     */
    migrateToSupergroup(group: ChatRef): Chat.SupergroupChat {
      const old = entryOf(group);
      if (old.chat.type !== 'group') throw new Error('Only a basic group can become a supergroup.');
      const chat: Chat.SupergroupChat = {
        id: supergroupId(nextGroupId++),
        type: 'supergroup',
        title: old.chat.title,
      };
      const entry = addChat(chat, [...old.members.values()], true);
      const from = creatorOf(old);
      const leaving = messages.post(old, { from, migrate_to_chat_id: chat.id });
      const arriving = messages.post(entry, { from, migrate_from_chat_id: old.chat.id });
      old.migratedToChatId = chat.id;
      const bot = entry.members.get(state.bot.id);
      if (bot) {
        entry.members.delete(state.bot.id);
        changeBot(entry, from, bot);
      }
      updates.push('message', { ...leaving.current, chat: old.chat, from });
      updates.push('message', { ...arriving.current, chat, from });
      watch.changed();
      return chat;
    },
  };
}

export type World = ReturnType<typeof createWorld>;

const supergroupId = (id: number) => -1_000_000_000_000 - id;
