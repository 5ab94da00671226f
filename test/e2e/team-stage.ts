import type { Message, User } from 'grammy/types';
import type { WireMessage } from '../emulators/discord/index.ts';
import { addManager, enterCode, issueCode } from '../team.ts';
import { setApprovals } from '../world.ts';
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
  const stage = stack.use(await startDiscordStage({ ...options, approvals }));
  const { discord, telegram, posts, ana } = stage;
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
    ...{ title: 'Editors', admins: [dora, emil], members: [gus], botIsAdmin, forum },
    supergroup: true,
  });

  /** What the bot says in the group, now or later. */
  const inGroup = (choice: string | RegExp | ((message: Message) => boolean)): Promise<Message> =>
    telegram.waitForMessage(group, choice);
  const inPosts = (choice: string | RegExp | ((message: WireMessage) => boolean)): Promise<WireMessage> =>
    discord.waitForMessage(posts, choice);

  /** Ana creates a code in the server, Dora enters it in the group. */
  async function join(): Promise<void> {
    await enterCode({ telegram, group, admin: dora }, await issueCode(discord));
  }
  if (joined) await join();

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
    ...{ ...stage, ana, ben, chiara, finn, dora, emil, gus, group, inGroup, inPosts, join, submit, setTo },
    [Symbol.asyncDispose]: async () => {
      await kept.disposeAsync();
    },
  };
}

export type TeamStage = Awaited<ReturnType<typeof startTeamStage>>;
