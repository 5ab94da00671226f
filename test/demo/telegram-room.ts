import type { Message, User } from 'grammy/types';
import { connectInGroup, enterCode, type InGroup, setApprovalsInGroup } from '../team.ts';
import { textOf, type World } from '../world.ts';
import type { ReviewCard, Room, Seen } from './chat.ts';
import { cardAfter, claimAs, createChatAt, newestId, seen } from './telegram-chat.ts';

/** The group Editors, whose administrators approve. */
export interface TelegramRoom extends Room {
  /** Who changes its settings. */
  readonly admin: string;
  /** Joins the group with another chat; what the bot says then. */
  join(code: string): Promise<string>;
}

/** Makes the group with its administrators; the first of them changes its settings. */
export function createTelegramRoom(world: World, admins: readonly string[]): TelegramRoom {
  const { telegram, tiktok } = world;
  // The cards of the demo change faster than Telegram would let them.
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  const people = new Map<string, User>(
    admins.map((name) => [name, name === 'Ana' ? telegram.ana : telegram.user({ firstName: name })]),
  );
  const group = telegram.group({
    title: 'Editors',
    admins: [...people.values()],
    supergroup: true,
    botIsAdmin: true,
  });
  const [admin = ''] = admins;
  const at: InGroup = { telegram, group, admin: personOf(admin) };
  const address = `@${telegram.state.bot.username} `;

  function personOf(name: string): User {
    const person = people.get(name);
    if (person === undefined) throw new Error(`There is no ${name} in Editors.`);
    return person;
  }

  const claim = (code: string): Promise<void> => claimAs(world, personOf(admin), code);

  async function connect(): Promise<string> {
    return connectInGroup(at, tiktok);
  }

  function nextCard(): ReviewCard {
    const isCard = cardAfter(newestId(world, group.id));
    const find = (): Message | undefined => telegram.botMessages(group).find(isCard);
    const card = (): Message => {
      const found = find();
      if (found === undefined) throw new Error('There is no card in Editors.');
      return found;
    };
    const last = (): Seen | undefined => {
      const found = find();
      return found && seen(found, marksOf(found));
    };
    const shows: ReviewCard['shows'] = (fits, timeoutMs) => {
      const read = () => {
        const now = last();
        return now !== undefined && fits(now) ? now : undefined;
      };
      return telegram.until(read, { timeoutMs, what: 'The card in Editors' });
    };

    return {
      room,
      shows,
      last,
      asks: (timeoutMs) =>
        shows(({ text, marks = [] }) => text.includes('wants to post') && marks.length > 0, timeoutMs),
      react: (name) => telegram.react(card(), personOf(name), room.approveMark),
      approve: async (name) => (await telegram.press(card(), 'Approve', personOf(name))).text,
      async reject({ name, reason }, tell) {
        const before = newestId(world, group.id);
        tell({ event: 'person', who: name, does: `taps [ Reject… ] in ${room.name}` });
        const { text = '' } = await telegram.press(card(), 'Reject…', personOf(name));
        tell({ event: 'note', to: name, text });
        const question = await said(before, `${name}, reply to this`);
        tell({ event: 'note', text: textOf(question) });
        tell({ event: 'person', who: name, does: `replies: “${reason}”` });
        await telegram.sendText(group, personOf(name), reason, { replyTo: question });
        tell({ event: 'note', text: textOf(await said(question.message_id, 'Your reason')) });
      },
    };
  }

  function marksOf(message: Message): Map<string, number> {
    const counts = new Map<string, number>();
    for (const reaction of [...telegram.find(message).reactions.values()].flat()) {
      const emoji = reaction.type === 'emoji' ? reaction.emoji : reaction.type;
      counts.set(emoji, (counts.get(emoji) ?? 0) + 1);
    }
    return counts;
  }

  async function ask(command: string, beginning: string): Promise<Seen> {
    const before = newestId(world, group.id);
    await telegram.sendText(group, at.admin, `/${command}@${telegram.state.bot.username}`);
    return seen(await said(before, beginning));
  }

  /** What the bot says after a message. */
  const said = (messageId: number, beginning: string): Promise<Message> =>
    telegram.waitForMessage(
      group,
      (message) => message.message_id > messageId && textOf(message).startsWith(beginning),
    );

  const room: TelegramRoom = {
    platform: 'telegram',
    name: 'Telegram Editors',
    draftName: 'Telegram Editors, Ana’s draft',
    chat: createChatAt(world, { id: group.id, address, claim, connect }),
    approveMark: '👍',
    slash: '/',
    setApprovals: (approvals) => setApprovalsInGroup(at, approvals),
    nextCard,
    ask,
    admin,
    join: (code) => enterCode(at, code),
  };
  return room;
}
