import type { CardRecord } from '../../src/bots/cards/card-index.ts';
import { wholeOf } from '../../src/core/people.ts';
import { labelsOf } from '../e2e/discord-stage.ts';
import { textOf as discordText } from '../emulators/discord/mentions.ts';
import { buttonsOf, discordOf, textOf, type World } from '../world.ts';
import { openWorldRecords } from '../world-records.ts';

/** A message with buttons that is not the own card of anything. */
interface Copy {
  readonly text: string;
  /** Does what somebody does who takes it for the card. */
  readonly press: () => Promise<unknown>;
}

/** Those first that change nothing where the copy is of something that is over. */
const PRESSED = [/^Approve$/, /^(● )?Everyone$/, /^Comments: /, /^Cancel$/, /./];

/** The copies of cards that lie in the chats. */
export async function findCopies(world: World): Promise<Copy[]> {
  const { telegram } = world;
  const discord = discordOf(world);
  await using stores = await openWorldRecords(world);
  const cards = await Array.fromAsync(stores.store<CardRecord>('cards').entries());
  const own = new Set(cards.map(([, { message }]) => `${wholeOf(message.chat)} ${message.id}`));

  const onTelegram = telegram.state.messages
    .filter(({ fromBot, deletedAtMs }) => fromBot && deletedAtMs === undefined)
    .filter(({ chatId, messageId }) => !own.has(`telegram:${chatId} ${messageId}`))
    .flatMap(({ current }): Copy[] => {
      const buttons = (current.reply_markup?.inline_keyboard ?? []).flat();
      if (!buttons.some((button) => 'callback_data' in button)) return [];
      const members = telegram.state.chats.get(current.chat.id)?.members.values() ?? [];
      const [user] = [...members].map((member) => member.user).filter((one) => !one.is_bot);
      const labels = buttonsOf(current);
      return [
        {
          text: `${textOf(current).slice(0, 200)} [${labels.join(', ')}]`,
          press: async () => user && telegram.press(current, chosenFrom(labels), user),
        },
      ];
    });
  const onDiscord = [...discord.state.channels.values()]
    .flatMap(({ channel, guildId }) => discord.messages(channel).map((message) => ({ message, guildId })))
    .filter(({ message }) => message.author.id === discord.state.bot.id)
    .filter(({ message }) => !own.has(`discord:${message.channel_id} ${message.id}`))
    .filter(({ message }) => JSON.stringify(message.components).includes('"custom_id"'))
    .map(({ message, guildId }): Copy => {
      const members = discord.state.guilds.get(guildId ?? '')?.members.keys() ?? [];
      const user = [...members].find((id) => id !== discord.state.bot.id);
      const labels = labelsOf(message);
      return {
        text: `${discordText(message).slice(0, 200)} [${labels.join(', ')}]`,
        press: async () => user && discord.press(message, chosenFrom(labels), user),
      };
    });
  return [...onTelegram, ...onDiscord];
}

/** Has somebody press a button of each copy, and counts them. */
export async function pressCopies(world: World): Promise<number> {
  const copies = await findCopies(world);
  for (const { press } of copies) await press().catch(() => {});
  return copies.length;
}

function chosenFrom(labels: readonly string[]): string {
  const [label = ''] = PRESSED.flatMap((pattern) => labels.filter((one) => pattern.test(one)));
  return label;
}
