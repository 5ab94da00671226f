import type { Message, User } from 'grammy/types';
import { expect } from 'vitest';
import type { WireMessage } from '../emulators/discord/index.ts';
import { textOf as textOnTelegram } from '../world.ts';
import { textOf } from './discord-stage.ts';
import { startTeamStage, type TeamStageOptions } from './team-stage.ts';

export { textOf, textOnTelegram };

/** A post under review, with its card in the server and the one in the group. */
export interface Review {
  readonly caption: string;
  readonly onDiscord: WireMessage;
  readonly onTelegram: Message;
}

export type VotesStage = Awaited<ReturnType<typeof startVotesStage>>;

/** The team with both of its places joined, two approvals needed, and means to see what a vote has changed. */
export async function startVotesStage(options: Omit<TeamStageOptions, 'joined'> = {}) {
  await using stack = new AsyncDisposableStack();
  const team = stack.use(await startTeamStage({ approvals: 2, ...options }));
  const { discord, telegram, tiktok, posts, group, ana, dora } = team;
  // People act faster here than they ever would.
  discord.setRateLimits({ sends: false, edits: false, reactions: false });

  async function review(caption = 'First light'): Promise<Review> {
    const { onDiscord, onTelegram } = await team.submit(['photo.webp'], caption);
    if (onTelegram === undefined) throw new Error('The review has no card in the group.');
    return { caption, onDiscord, onTelegram };
  }

  /** Both cards, once they show it; they are called differently where a mark is named. */
  async function shows(review: Review, choice: RegExp): Promise<[onDiscord: string, onTelegram: string]> {
    const onDiscord = await discord.waitForMessage(
      posts,
      (message) => message.id === review.onDiscord.id && choice.test(textOf(message)),
    );
    const onTelegram = await telegram.waitForMessage(
      group,
      (message) =>
        message.message_id === review.onTelegram.message_id && choice.test(textOnTelegram(message)),
    );
    return [textOf(onDiscord), textOnTelegram(onTelegram)];
  }

  /** What somebody was told in direct messages. */
  const dmsOf = (user: { id: string }): string[] => discord.messages(discord.dm(user)).map(textOf);
  const dm = async (user: { id: string }, choice: string | RegExp): Promise<string> =>
    textOf(await discord.waitForMessage(discord.dm(user), choice));

  /** What somebody alone was shown in the group. */
  const shownTo = (user: User): string[] => telegram.shownTo(group, user).map(textOnTelegram);
  const shown = (user: User, text: string): Promise<string> =>
    telegram.until(() => shownTo(user).find((each) => each === text), {
      what: `“${text}” for ${user.first_name}`,
    });

  /** Presses a button of a card in the server; what the presser alone is told. */
  async function pressed(message: { id: string }, button: string, user: { id: string }): Promise<string> {
    const handle = await discord.press(message, button, user);
    return textOf(await handle.waitForFollowUp());
  }

  /** Fills in the window that *Reject…* or *Say why* opens; what is said to it. */
  async function windowed(
    message: { id: string },
    button: string,
    { user, reason = '' }: { user: { id: string }; reason?: string },
  ): Promise<string> {
    const opened = await discord.press(message, button, user);
    const sent = await discord.submitModal(opened, { text: reason });
    return textOf(await sent.waitForResponse());
  }

  /** Changes the settings of the server as Ana does; each step waits for what it names. */
  async function settle(
    ...steps: readonly (
      | { press: RegExp; shown: string | RegExp }
      | { select: string; values: readonly { id: string }[]; shown: string | RegExp }
    )[]
  ): Promise<void> {
    const handle = await team.run('settings');
    await handle.waitForResponse('Settings');
    for (const step of steps) {
      if ('press' in step) await discord.press(handle, step.press, ana);
      else await discord.select(handle, step.select, step.values, ana);
      await handle.waitForResponse(step.shown);
    }
  }

  /** What TikTok was asked to publish of a review. */
  const publishesOf = ({ caption }: Review) =>
    tiktok.state.publishes.filter(({ postInfo }) => postInfo.description === caption);

  /** The last lines of the history, as each place shows it. */
  async function histories(): Promise<[onDiscord: string, onTelegram: string]> {
    const handle = await team.run('history');
    const onDiscord = textOf(await handle.waitForResponse('History'));
    const asked = await telegram.sendText(group, dora, `/history@${telegram.state.bot.username}`);
    const onTelegram = await team.inGroup(
      (message) => message.message_id > asked.message_id && textOnTelegram(message).startsWith('History'),
    );
    return [onDiscord, textOnTelegram(onTelegram)];
  }

  /** The whole history as its export has it, a row for each line. */
  async function exported(): Promise<string[]> {
    const handle = await team.run('history');
    await handle.waitForResponse('History');
    const given = await discord.press(handle, 'Export CSV', ana);
    const { attachments } = await given.waitForResponse(({ attachments: all }) => all.length > 0);
    const file = discord.files.get(attachments[0]?.id ?? '');
    return Buffer.from(file?.bytes ?? [])
      .toString()
      .split('\r\n');
  }

  /** What stands in the channel and in the group, each in the order in which it was sent. */
  const said = () => ({
    inPosts: discord.messages(posts).map(({ id }) => id),
    inGroup: telegram.botMessages(group).map(({ message_id: id }) => id),
  });

  const kept = stack.move();
  return {
    ...team,
    review,
    shows,
    dm,
    dmsOf,
    shown,
    shownTo,
    pressed,
    windowed,
    settle,
    publishesOf,
    histories,
    exported,
    said,
    studio: discord.studio,
    async [Symbol.asyncDispose]() {
      await kept.disposeAsync();
      expect(telegram.state.lint).toEqual([]);
    },
  };
}
