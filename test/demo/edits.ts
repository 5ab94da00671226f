import type { Message } from 'grammy/types';
import type { World } from '../world.ts';
import { CARD_MS, type DemoCard, labelsOf, type Seen } from './chat.ts';
import { compose, offer, tap } from './compose.ts';
import { follow, giveUp } from './follow.ts';
import { BEACH, type Group, STUDIO } from './options.ts';
import { CONNECTS } from './plays.ts';
import type { DemoPost, Tell } from './story.ts';
import { startTally } from './tally.ts';
import { cardBelow, createTelegramChat, newestId, seen } from './telegram-chat.ts';

const WHERE = 'Telegram, Ana’s private chat';

interface Edited {
  /** As it is sent. */
  readonly group: Group;
  /** As its author then edits it. */
  readonly caption: string;
}

/** Ana edits the caption of one post while its draft is open, that of another after she has submitted it. */
export async function playEdits(
  { operator }: { operator: string },
  world: World,
  tell: Tell,
): Promise<DemoPost[]> {
  const chat = createTelegramChat(world);
  await letIn(operator);
  tell({ event: 'person', who: 'Ana', does: `${CONNECTS}, in her private chat there` });
  tell({ event: 'note', text: await chat.connect() });
  const early = { group: { ...BEACH, caption: 'Sunday at teh beach' }, caption: 'Sunday at the beach' };
  const late = { group: { ...STUDIO, caption: 'Back at teh studio' }, caption: 'Back at the studio' };
  return [await postInPrivate(early, editDraft), await postInPrivate(late, editSubmitted)];

  /** The operator on Telegram lets Ana use this Nod in her private chat. */
  async function letIn(name: string): Promise<void> {
    const { telegram } = world;
    const { ana, anaChat, state } = telegram;
    const person = [...state.users.values()].find(({ first_name }) => first_name === name);
    if (person === undefined) throw new Error(`There is no ${name} on Telegram.`);
    tell({
      event: 'person',
      who: 'Ana',
      does: 'opens her private chat with the bot, where nobody knows her',
    });
    await telegram.sendText(anaChat, ana, '/start');
    const request = await telegram.waitForMessage(person, 'would like to use Nod');
    tell({ event: 'person', who: name, does: 'is asked about her, and taps [ Allow ]' });
    await telegram.press(request, 'Allow', person);
    const allowed = await telegram.waitForMessage(anaChat, 'may be used here now');
    tell({ event: 'note', to: 'Ana', text: seen(allowed).text });
  }

  async function postInPrivate(edited: Edited, play: typeof editDraft): Promise<DemoPost> {
    const tally = startTally(world.tiktok);
    const sent = await offer(edited.group, chat, tell);
    let card = sent;
    const status = await run().catch((error) => giveUp(error, tell));
    return {
      chat: chat.name,
      status,
      expected: 'published',
      ...tally.read(edited.group.kind),
      expectedCaption: edited.caption,
      card: card.last()?.text ?? '',
    };

    async function run(): Promise<DemoPost['status']> {
      if (!(await compose({ card: sent, group: edited.group, where: WHERE }, tell))) return 'refused';
      card = await play(sent, edited);
      return follow({ card, isPost, where: WHERE, tally }, tell);
    }
  }

  async function editDraft(card: DemoCard, { caption }: Edited): Promise<DemoCard> {
    await edit(caption);
    await tellCard(card, ({ text }) => text.includes(`${caption}\nIt follows`));
    await tap(card, 'Post now', tell);
    return card;
  }

  async function editSubmitted(card: DemoCard, { caption }: Edited): Promise<DemoCard> {
    const { telegram } = world;
    const { ana, anaChat } = telegram;
    await tap(card, 'When…', tell);
    const zone = await telegram.waitForMessage(anaChat, 'which time zone', { timeoutMs: CARD_MS });
    tell({ event: 'card', where: WHERE, ...seen(zone) });
    const utc = labelsOf(seen(zone)).find((label) => label.startsWith('UTC')) ?? '';
    tell({ event: 'person', who: 'Ana', does: `taps [ ${utc} ]` });
    await telegram.press(zone, utc, ana);
    await telegram.waitForMessage(anaChat, 'reply to this with the time', { timeoutMs: CARD_MS });
    tell({ event: 'person', who: 'Ana', does: 'writes: “tomorrow 18:00”' });
    await telegram.sendText(anaChat, ana, 'tomorrow 18:00');
    await card.shows((one) => labelsOf(one).includes('Schedule'), CARD_MS);
    await tap(card, 'Schedule', tell);
    await tellCard(card, ({ text }) => text.startsWith('Scheduled'));
    await edit(caption);
    const isOffer = 'You edited your message after this was submitted';
    const offered = await telegram.waitForMessage(anaChat, isOffer, { timeoutMs: CARD_MS });
    tell({ event: 'card', where: WHERE, ...seen(offered) });
    const next = cardBelow(world, { id: anaChat.id, after: newestId(world, anaChat.id) });
    tell({ event: 'person', who: 'Ana', does: 'taps [ Change the caption ]' });
    await telegram.press(offered, 'Change the caption', ana);
    await tellCard(next, (one) => labelsOf(one).includes('Schedule'));
    await tap(next, 'Everyone', tell);
    await tap(next, 'Schedule', tell);
    await next.shows((one) => labelsOf(one).includes('Publish now'), CARD_MS);
    await tap(next, 'Publish now', tell);
    return next;
  }

  async function edit(caption: string): Promise<void> {
    const { telegram } = world;
    const { ana, anaChat, state } = telegram;
    const isHers = ({ current }: { current: Message }) =>
      current.chat.id === anaChat.id && current.from?.id === ana.id && current.caption !== undefined;
    const sent = state.messages.findLast(isHers)?.current;
    if (sent === undefined) throw new Error('Ana has sent nothing.');
    tell({ event: 'person', who: 'Ana', does: `edits her message: “${caption}”` });
    await telegram.editText(sent, ana, caption);
  }

  async function tellCard(card: DemoCard, fits: (one: Seen) => boolean): Promise<void> {
    tell({ event: 'card', where: WHERE, ...(await card.shows(fits, CARD_MS)) });
  }
}

const isPost = ({ text }: Seen): boolean => !/for TikTok|^Scheduled/.test(text);
