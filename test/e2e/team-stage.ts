import type { Message, User } from 'grammy/types';
import type { WireMessage } from '../emulators/discord/index.ts';
import type { SeededPlace } from '../seed.ts';
import { addManager, enterCode, issueCode } from '../team.ts';
import { discordOf, setApprovals, type World } from '../world.ts';
import { type DiscordStageOptions, startDiscordStage, textOf } from './discord-stage.ts';

export interface TeamStageOptions extends DiscordStageOptions {
  /** How many approvals a post needs. */
  readonly approvals?: number;
  /** Makes the bot an administrator of the group, so that it hears of reactions. */
  readonly botIsAdmin?: boolean;
  /** Joins the group with the server. */
  readonly joined?: boolean;
  readonly forum?: boolean;
}

/**
 * A team in two places: Discord's Studio, where Ana, Ben and Chiara manage and Finn does not, and the Telegram group
 * Editors with its administrators Dora and Emil, and Gus as a plain member.
 */
export async function startTeamStage({
  approvals = 1,
  botIsAdmin = true,
  joined = true,
  forum = false,
  ...options
}: TeamStageOptions = {}) {
  await using stack = new AsyncDisposableStack();
  let people: ReturnType<typeof gather> | undefined;
  const stage = stack.use(
    await startDiscordStage({
      ...options,
      approvals,
      alsoSeed: (world) => {
        people = gather(world, { botIsAdmin, forum });
        return joined ? [people.joinedGroup] : [];
      },
    }),
  );
  if (people === undefined) throw new Error('A team is gathered before its Nod starts.');
  const { discord, telegram, posts, ana } = stage;
  const { joinedGroup: _, ...team } = people;
  const { group, dora } = team;

  /** What the bot says in the group, now or later. */
  const inGroup = (choice: string | RegExp | ((message: Message) => boolean)): Promise<Message> =>
    telegram.waitForMessage(group, choice);
  const inPosts = (choice: string | RegExp | ((message: WireMessage) => boolean)): Promise<WireMessage> =>
    discord.waitForMessage(posts, choice);

  /** Ana creates a code in the server, Dora enters it in the group. */
  async function join(): Promise<void> {
    await enterCode({ telegram, group, admin: dora }, await issueCode(discord));
  }
  if (joined && options.byHand) await join();

  /** Ana asks for approval of fixtures; the cards of the review in both places, or in the one that there is. */
  async function submit(files: readonly string[], caption = 'First light') {
    const handle = await stage.offer(files, { options: { caption } });
    await stage.composer(handle);
    await stage.see(handle, 'Everyone');
    await stage.press(handle, approvals > 0 ? 'Ask for approval' : 'Post now');
    const isReview = (text: string) => text.includes('wants to post') && text.includes(caption);
    const onDiscord = await inPosts((message) => isReview(textOf(message)));
    const onTelegram = joined ? await inGroup((message) => isReview(message.caption ?? '')) : undefined;
    return { handle, onDiscord, onTelegram };
  }

  const setTo = (count: number) => setApprovals(discord, count);
  const kept = stack.move();
  return {
    ...stage,
    ...team,
    ana,
    inGroup,
    inPosts,
    join,
    submit,
    setTo,
    [Symbol.asyncDispose]: async () => {
      await kept.disposeAsync();
    },
  };
}

/** The people around Ana, in the server and in the group. */
function gather(world: World, { botIsAdmin, forum }: { botIsAdmin: boolean; forum: boolean }) {
  const { telegram } = world;
  const discord = discordOf(world);
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  const [ben, chiara] = [addManager(discord, 'Ben'), addManager(discord, 'Chiara')];
  const finn = discord.user({ name: 'Finn' });
  discord.addMember(discord.studio, finn);
  const [dora, emil, gus] = ['Dora', 'Emil', 'Gus'].map((firstName) => telegram.user({ firstName })) as [
    User,
    User,
    User,
  ];
  const group = telegram.group({
    title: 'Editors',
    admins: [dora, emil],
    members: [gus],
    botIsAdmin,
    forum,
    supergroup: true,
  });
  const joinedGroup: SeededPlace = {
    workspace: `telegram:${group.id}`,
    chat: `telegram:${group.id}`,
    title: 'Editors',
    isPrivate: false,
    joined: `discord:${discord.studio.id}`,
  };
  return { ben, chiara, finn, dora, emil, gus, group, joinedGroup };
}

export type TeamStage = Awaited<ReturnType<typeof startTeamStage>>;
