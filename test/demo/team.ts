import { issueCode } from '../team.ts';
import { discordOf, type World } from '../world.ts';
import type { Room } from './chat.ts';
import { createDiscordRoom } from './discord-room.ts';
import type { ChatName } from './options.ts';
import type { DemoVote } from './story.ts';
import { createTelegramRoom } from './telegram-room.ts';

/** Somebody who votes, and how they approve. */
interface Member {
  readonly name: string;
  readonly platform: ChatName;
  readonly by: DemoVote['by'];
}

export type Voter = Omit<Member, 'platform'> & { readonly room: Room };

export interface Team {
  /** Where posts are composed. */
  readonly home: Room;
  /** The chats in which the reviews stand, home first. */
  readonly rooms: readonly Room[];
  /** As many as have to approve, in the order in which they vote. */
  readonly voters: readonly Voter[];
  /** How the second chat joins the first, where there are two. */
  readonly joining?: {
    /** Ana has a code made. */
    issue(): Promise<string>;
    readonly who: string;
    /** They become an operator as well, whose word lets the second chat in. */
    claim(code: string): Promise<void>;
    /** They enter it; what the bot says then. */
    enter(code: string): Promise<string>;
  };
}

const member = (name: string, platform: ChatName, by: Member['by']): Member => ({ name, platform, by });

/** Where fewer have to approve than are there, the last of them do. */
const MEMBERS: Readonly<Record<ChatName | 'both', readonly Member[]>> = {
  both: [
    member('Chiara', 'discord', 'button'),
    member('Emil', 'telegram', 'button'),
    member('Ben', 'discord', 'reaction'),
    member('Dora', 'telegram', 'reaction'),
  ],
  discord: [
    member('Ivan', 'discord', 'button'),
    member('Hana', 'discord', 'reaction'),
    member('Chiara', 'discord', 'button'),
    member('Ben', 'discord', 'reaction'),
  ],
  telegram: [
    member('Karl', 'telegram', 'button'),
    member('Jana', 'telegram', 'reaction'),
    member('Emil', 'telegram', 'button'),
    member('Dora', 'telegram', 'reaction'),
  ],
};

/** Puts a team into one chat or into two; nothing is set there yet. */
export function createTeam(world: World, chats: readonly ChatName[], approvals: number): Team {
  const [only] = chats;
  const members = MEMBERS[chats.length > 1 || only === undefined ? 'both' : only];
  const namesIn = (platform: ChatName) =>
    members.filter((one) => one.platform === platform).map(({ name }) => name);
  const discord = chats.includes('discord') ? createDiscordRoom(world, namesIn('discord')) : undefined;
  const admins = [...(discord === undefined ? ['Ana'] : []), ...namesIn('telegram').reverse()];
  const telegram = chats.includes('telegram') ? createTelegramRoom(world, admins) : undefined;
  const [home, ...others] = [discord, telegram].filter((room) => room !== undefined);
  if (home === undefined) throw new Error('A team needs a chat.');
  const rooms = [home, ...others];
  const voters = members.slice(-approvals).flatMap(({ platform, ...who }) => {
    const room = rooms.find((one) => one.platform === platform);
    return room === undefined ? [] : [{ ...who, room }];
  });
  const issue = () => issueCode(discordOf(world));
  return {
    home,
    rooms,
    voters,
    ...(others.length > 0 &&
      telegram !== undefined && {
        joining: { issue, who: telegram.admin, claim: telegram.chat.claim, enter: telegram.join },
      }),
  };
}
