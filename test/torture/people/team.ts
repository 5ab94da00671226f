import { labelsOf } from '../../e2e/discord-stage.ts';
import type { InteractionHandle } from '../../emulators/discord/index.ts';
import { buttonsOf, discordOf } from '../../world.ts';
import { type DiscordActs, isComposer } from './discord.ts';
import { APPROVALS, type Team } from './places.ts';
import { ASKS, LIVE, type Story, type Telling } from './story.ts';
import type { TelegramActs } from './telegram.ts';

/** What a team does about a post: it decides by reactions, in both of its chats. */
export function createTeamActs({
  world,
  random,
  persist,
  onTelegram,
  onDiscord,
}: Telling & { onTelegram: TelegramActs; onDiscord: DiscordActs }) {
  const { telegram } = world;
  const discord = discordOf(world);

  type Vote = 'approve' | 'reject' | 'none';
  /** Sets the reaction of one person under the newest card; not again where that has been done. */
  type Voter = (vote: Vote) => Promise<void>;

  function votersOf(team: Team, caption: string): Voter[] {
    const voter = (find: () => { id: string } | undefined, react: (vote: Vote) => Promise<void>): Voter => {
      const done = new Map<string, Vote>();
      return async (vote) => {
        const card = find();
        if (card === undefined) throw new Error(`No card asks for votes on ${caption}.`);
        if (done.get(card.id) === vote) return;
        await react(vote);
        done.set(card.id, vote);
      };
    };
    const onServer = () =>
      onDiscord.newest(team.channel, caption, (one) => labelsOf(one).includes('Approve'));
    const inGroup = () => onTelegram.newest(team.group, caption, (one) => buttonsOf(one).includes('Approve'));
    return [
      ...team.onDiscord.map((user) =>
        voter(onServer, async (vote) => {
          const card = onServer();
          if (card === undefined) return;
          if (vote === 'none') discord.unreact(card, '✅', user);
          else discord.react(card, vote === 'approve' ? '✅' : '❌', user);
        }),
      ),
      ...team.onTelegram.map((user) =>
        voter(
          () => {
            const message = inGroup();
            return message && { id: String(message.message_id) };
          },
          async (vote) => {
            const card = inGroup();
            if (card) await telegram.react(card, user, { approve: '👍', reject: '👎', none: [] }[vote]);
          },
        ),
      ),
    ];
  }

  /** In any order, and now and then with a vote that is taken back at first. */
  function shuffled<T>(all: readonly T[]): T[] {
    return all
      .map((one) => ({ one, at: random.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ one }) => one);
  }

  async function decide(team: Team, { caption, end }: Story): Promise<void> {
    await persist(
      `Cards of the review of ${caption}`,
      () =>
        onDiscord.newest(team.channel, caption, (one) => labelsOf(one).includes('Approve')) &&
        onTelegram.newest(team.group, caption, (one) => buttonsOf(one).includes('Approve')),
    );
    const voters = shuffled(votersOf(team, caption));
    const [first] = voters;
    if (random.below(4) === 0)
      await first?.('approve')
        .then(() => first('none'))
        .catch(() => {});
    const vote = end === 'rejected' ? 'reject' : 'approve';
    const asked = voters.slice(0, vote === 'reject' ? 1 : APPROVALS);
    const isOver = end === 'rejected' ? /Not approved/ : LIVE;
    const cards = () => [
      onDiscord.newest(team.channel, caption, (one) => labelsOf(one).includes('Approve'))?.id,
      onTelegram.newest(team.group, caption, (one) => buttonsOf(one).includes('Approve'))?.message_id,
    ];
    const hasEnded = () =>
      onDiscord.shows(team.channel, caption, isOver) && onTelegram.shows(team.group, caption, isOver);
    for (;;) {
      const [onServer, inGroup] = cards();
      // Who looks at a newer card puts a reaction under it as well.
      const isNewer = () => {
        const [server, group] = cards();
        return (server !== undefined && server !== onServer) || (group !== undefined && group !== inGroup);
      };
      const seen = await persist(
        `The end of ${caption}`,
        () => (hasEnded() ? 'end' : isNewer() ? 'newer card' : undefined),
        () => Promise.all(asked.map((cast) => cast(vote))),
      );
      if (seen === 'end') return;
    }
  }

  async function review(team: Team, story: Story): Promise<void> {
    const { caption } = story;
    const handle = await onDiscord.offer(team, story);
    await onDiscord.see(handle, team, caption);
    await onDiscord.submit(handle, team, caption, 'Ask for approval');
    if (story.end === 'cancelled') {
      await persist(
        `The end of ${caption}`,
        () =>
          (onDiscord.shows(team.channel, caption, /Cancelled by/) &&
            onTelegram.shows(team.group, caption, /Cancelled by/)) ||
          undefined,
        () => onDiscord.press(team.channel, caption, 'Cancel', team.author),
      );
      return;
    }
    await decide(team, story);
  }

  /** Offered by a member of the group. */
  async function reviewFromGroup(team: Team, story: Story): Promise<void> {
    const place = { user: team.member, chat: team.group };
    const { username } = telegram.state.bot;
    await onTelegram.send(place, { ...story, caption: `@${username} ${story.caption}` });
    await onTelegram.chooseAudience(place, story.caption);
    await persist(
      `The review of ${story.caption}`,
      () => onTelegram.shows(team.group, story.caption, ASKS),
      () => onTelegram.press(team.group, story.caption, 'Ask for approval', team.member),
    );
    await decide(team, story);
  }

  /** Takes it back into a draft while it is reviewed, and asks anew. */
  async function edit(team: Team, story: Story): Promise<void> {
    const { caption } = story;
    const handle = await onDiscord.offer(team, story);
    await onDiscord.see(handle, team, caption);
    await onDiscord.submit(handle, team, caption, 'Ask for approval');
    const opened: InteractionHandle[] = [];
    const composer = await persist(
      `The draft of ${caption}`,
      () => opened.find((one) => isComposer(one.response(), caption, story.files.length)),
      async () => {
        opened.push(await onDiscord.press(team.channel, caption, 'Edit', team.author));
      },
    );
    const isOld = new Set(discord.messages(team.channel).map(({ id }) => id));
    await onDiscord.see(composer, team, caption);
    await persist(
      `The next review of ${caption}`,
      () =>
        onDiscord.newest(
          team.channel,
          caption,
          (one) => !isOld.has(one.id) && labelsOf(one).includes('Approve'),
        ),
      () => discord.press(composer, 'Ask for approval', team.author),
    );
    await decide(team, story);
  }

  return { review, reviewFromGroup, edit };
}
