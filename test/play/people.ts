import type { User } from 'grammy/types';
import type { WireChannel, WireUser } from '../emulators/discord/index.ts';
import type { GroupChat, PrivateChat } from '../emulators/telegram/state.ts';
import { addManager } from '../team.ts';
import { discordOf, type World } from '../world.ts';

/** Whom one can play: an administrator, a member who approves, and somebody without a say. */
export const PEOPLE = ['ana', 'ben', 'dora'] as const;
export type PersonName = (typeof PEOPLE)[number];

export interface PlayedPerson {
  readonly name: string;
  readonly role: string;
  readonly telegram: User;
  readonly privateChat: PrivateChat;
  readonly discord: WireUser;
}

/** Puts the three into both chats: the Telegram group Editors and #posts of the Discord server Studio. */
export function gatherPeople(world: World) {
  const { telegram } = world;
  const discord = discordOf(world);
  const ben = telegram.user({ firstName: 'Ben', username: 'ben_test' });
  const dora = telegram.user({ firstName: 'Dora', username: 'dora_test' });
  const group: GroupChat = telegram.group({
    title: 'Editors',
    admins: [telegram.ana, ben],
    members: [dora],
    supergroup: true,
    botIsAdmin: true,
  });
  const doraOnDiscord = discord.user({ name: 'Dora' });
  discord.addMember(discord.studio, doraOnDiscord);
  const all: Readonly<Record<PersonName, PlayedPerson>> = {
    ana: {
      name: 'Ana',
      role: 'administrator',
      telegram: telegram.ana,
      privateChat: telegram.anaChat,
      discord: discord.ana,
    },
    ben: {
      name: 'Ben',
      role: 'approves posts',
      telegram: ben,
      privateChat: telegram.privateChat(ben),
      discord: addManager(discord, 'Ben'),
    },
    dora: {
      name: 'Dora',
      role: 'has no say',
      telegram: dora,
      privateChat: telegram.privateChat(dora),
      discord: doraOnDiscord,
    },
  };
  const posts: WireChannel = discord.posts;
  return { all, group, posts };
}
