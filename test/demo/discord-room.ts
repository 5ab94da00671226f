import type { InteractionHandle, WireMessage, WireUser } from '../emulators/discord/index.ts';
import { addManager } from '../team.ts';
import { discordOf, setApprovals, type World } from '../world.ts';
import type { ReviewCard, Room, Seen } from './chat.ts';
import { createDiscordChat } from './discord-chat.ts';
import { seen } from './discord-seen.ts';

/** #posts in the server Studio, with those who approve there. */
export function createDiscordRoom(world: World, voters: readonly string[]): Room {
  const discord = discordOf(world);
  const { ana, posts } = discord;
  const people = new Map<string, WireUser>(voters.map((name) => [name, addManager(discord, name)]));
  const personOf = (name: string): WireUser => {
    const person = people.get(name);
    if (person === undefined) throw new Error(`There is no ${name} in Studio.`);
    return person;
  };

  function nextCard(): ReviewCard {
    const before = new Set(discord.messages(posts).map(({ id }) => id));
    const find = (): WireMessage | undefined =>
      discord.messages(posts).find(({ id, message_reference }) => !before.has(id) && !message_reference);
    const card = (): WireMessage => {
      const found = find();
      if (found === undefined) throw new Error('There is no card in #posts.');
      return found;
    };
    const last = (): Seen | undefined => {
      const found = find();
      return found && seen(found);
    };
    const shows: ReviewCard['shows'] = (fits, timeoutMs) => {
      const read = () => {
        const now = last();
        return now !== undefined && fits(now) ? now : undefined;
      };
      return discord.until(read, { timeoutMs, what: 'The card in #posts' });
    };

    return {
      room,
      shows,
      last,
      asks: (timeoutMs) =>
        shows(({ text, marks = [] }) => text.includes('wants to post') && marks.length > 1, timeoutMs),
      async react(name) {
        discord.react(card(), room.approveMark, personOf(name));
      },
      approve: async (name) => toldBy(await discord.press(card(), 'Approve', personOf(name))),
      async reject({ name, reason }, tell) {
        tell({ event: 'person', who: name, does: `taps [ Reject… ] in ${room.name}` });
        const pressed = await discord.press(card(), 'Reject…', personOf(name));
        tell({ event: 'person', who: name, does: `writes in the window that opens: “${reason}”` });
        const submitted = await discord.submitModal(pressed, { text: reason });
        tell({ event: 'note', to: name, text: seen(await submitted.waitForResponse()).text });
      },
    };
  }

  async function ask(subcommand: string, beginning: string): Promise<Seen> {
    const command = { user: ana, channel: posts, name: 'tiktok', subcommand };
    const handle = await discord.runCommand(command);
    return seen(await handle.waitForResponse(beginning));
  }

  /** What somebody alone is told who pressed a button. */
  const toldBy = async (handle: InteractionHandle): Promise<string> => {
    const answer = await discord.until(() => handle.followUps[0], { what: 'An answer to the vote' });
    return seen(answer).text;
  };

  const room: Room = {
    platform: 'discord',
    name: 'Discord #posts',
    draftName: 'Discord #posts, seen by Ana alone',
    chat: createDiscordChat(world),
    approveMark: '✅',
    slash: '/tiktok ',
    setApprovals: (approvals) => setApprovals(discord, approvals),
    nextCard,
    ask,
  };
  return room;
}
