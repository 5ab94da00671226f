import type { User } from 'grammy/types';
import type { WireUser } from '../../emulators/discord/index.ts';
import type { TelegramEmulator } from '../../emulators/telegram/index.ts';
import { type SeededPlace, seed } from '../../seed.ts';
import { discordOf, type World } from '../../world.ts';

/** Somebody who posts on their own. */
export interface Alone {
  readonly user: User;
  readonly chat: ReturnType<TelegramEmulator['privateChat']>;
}

/** A server of Discord's and what people need there. */
export interface Server {
  readonly channel: { readonly id: string };
  readonly author: WireUser;
}

/** A server that shares its reviews with a group of Telegram's. */
export interface Team extends Server {
  /** Who may vote, on either side. */
  readonly onDiscord: readonly WireUser[];
  readonly onTelegram: readonly User[];
  readonly group: ReturnType<TelegramEmulator['group']>;
  /** A plain member of the group. */
  readonly member: User;
}

export interface Places {
  readonly chats: readonly Alone[];
  /** Those that use the upload page. */
  readonly uploaders: readonly Alone[];
  readonly servers: readonly Server[];
  readonly teams: readonly Team[];
}

/** How many approvals the posts of a team need. */
export const APPROVALS = 2;

/** Seats people in their places, each place with a TikTok account of its own; before Nod's first start. */
export async function seatEverybody(world: World): Promise<Places> {
  const { telegram } = world;
  const discord = discordOf(world);
  const alone = ['Bea', 'Cid', 'Uma', 'Vic'].map((firstName) => {
    const user = telegram.user({ firstName });
    return { user, chat: telegram.privateChat(user) };
  });
  const solo = addServer(world, 'Solo');
  const teams = ['North', 'South'].map((name) => addTeam(world, name));
  const seeded = [
    ...alone.map(({ user, chat }) => ({
      workspace: `telegram:${chat.id}`,
      chat: `telegram:${chat.id}` as const,
      title: user.first_name,
      isPrivate: true,
      connectedBy: { id: `telegram:${user.id}`, name: user.first_name },
    })),
    { ...placeOf(solo), approvals: 0, timeZone: 'UTC' },
    ...teams.flatMap(({ server, team }): SeededPlace[] => [
      { ...placeOf(server), approvals: APPROVALS },
      {
        workspace: `telegram:${team.group.id}`,
        chat: `telegram:${team.group.id}`,
        title: team.group.title ?? '',
        isPrivate: false,
        joined: `discord:${server.guild.id}`,
      },
    ]),
  ];
  await seed(
    world,
    seeded.map((place) => ({
      ...place,
      creator:
        'connectedBy' in place
          ? world.tiktok.seedCreator({ ...CREATOR, username: usernameOf(place) }).username
          : undefined,
    })),
  );
  // People act faster here, and cards change faster, than they ever would.
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  discord.setRateLimits({ sends: false, edits: false, reactions: false });
  return {
    chats: alone.slice(0, -2),
    uploaders: alone.slice(-2),
    servers: [solo],
    teams: teams.map(({ team }) => team),
  };
}

const CREATOR = { postCap: 1_000 };

const usernameOf = ({ title }: SeededPlace): string => `studio.${title.toLowerCase()}`;

function addServer(world: World, name: string) {
  const discord = discordOf(world);
  const guild = discord.guild({ name });
  const channel = discord.channel(guild, { name: 'posts' });
  const author = discord.user({ name: `Ana of ${name}` });
  discord.addMember(guild, author, { permissions: ['MANAGE_GUILD'] });
  return { guild, channel, author };
}

const placeOf = ({ guild, channel, author }: ReturnType<typeof addServer>): SeededPlace => ({
  workspace: `discord:${guild.id}`,
  chat: `discord:${channel.id}`,
  title: guild.name,
  isPrivate: false,
  connectedBy: { id: `discord:${author.id}`, name: author.global_name ?? author.username },
});

function addTeam(world: World, name: string) {
  const { telegram } = world;
  const discord = discordOf(world);
  const server = addServer(world, name);
  const onDiscord = ['Ben', 'Chiara'].map((first) => {
    const user = discord.user({ name: `${first} of ${name}` });
    discord.addMember(server.guild, user, { permissions: ['MANAGE_GUILD'] });
    return user;
  });
  const onTelegram = ['Dora', 'Emil'].map((firstName) => telegram.user({ firstName }));
  const member = telegram.user({ firstName: 'Gus' });
  const group = telegram.group({
    title: `Editors of ${name}`,
    admins: onTelegram,
    members: [member],
    botIsAdmin: true,
    supergroup: true,
  });
  const team: Team = { channel: server.channel, author: server.author, onDiscord, onTelegram, group, member };
  return { server, team };
}
