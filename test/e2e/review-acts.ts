import { join } from 'node:path';
import type { Message, User } from 'grammy/types';
import { expect } from 'vitest';
import { openStores, type Versioned } from '../../src/core/storage/database.ts';
import type { InteractionHandle, WireMessage } from '../emulators/discord/index.ts';
import { inputsOf } from '../emulators/discord/modal.ts';
import { buttonsOf, textOf as textOnTelegram, type World } from '../world.ts';
import { labelsOf, textOf } from './discord-stage.ts';
import { bytesOf } from './stage.ts';
import { startTeamStage, type TeamStage, type TeamStageOptions } from './team-stage.ts';

export { textOnTelegram };

/** A team whose Nod can be stopped, and whose cards change faster than Discord would let them. */
export async function startTeam({ launch = (world) => world.start(), ...options }: TeamStageOptions = {}) {
  let meanwhile = async (_: World): Promise<void> => {};
  const team = await startTeamStage({
    ...options,
    async launch(world) {
      world.discord?.setRateLimits({ sends: false, edits: false, reactions: false });
      await meanwhile(world);
      return launch(world);
    },
  });

  /** Stops Nod, lets something happen, and starts it again over the same data. */
  async function whileDown(act: (world: World) => void | Promise<void> = () => {}): Promise<void> {
    meanwhile = async (world) => act(world);
    await team.restart();
    meanwhile = async () => {};
  }
  return { ...team, whileDown };
}

export type Team = Awaited<ReturnType<typeof startTeam>>;

/** Changes records of a Nod that does not run. */
export async function changeRecords<V extends Versioned>(
  { dataDir }: World,
  namespace: string,
  change: (record: V) => V,
): Promise<void> {
  await using stores = openStores({ file: join(dataDir, 'nod.db') });
  const store = stores.store<V>(namespace);
  for await (const [key] of store.entries()) await store.update(key, change);
}

/** Where a review stands: a message on Discord and one in the group. */
export interface Cards {
  readonly onDiscord: WireMessage;
  readonly onTelegram: Message;
}

/** The cards of a joined team's review. */
export async function submitToBoth(team: TeamStage, caption = 'First light'): Promise<Cards> {
  const { onDiscord, onTelegram } = await team.submit(['photo.webp'], caption);
  if (onTelegram === undefined) throw new Error('The group shows no card of this review.');
  return { onDiscord, onTelegram };
}

/** Runs `/tiktok post` as Ana and asks for approval; the newest cards of that review, in both places. */
export async function submitWith(
  team: TeamStage,
  { caption, when, files = ['photo.webp'] }: { caption: string; when?: string; files?: readonly string[] },
): Promise<Cards & { readonly handle: InteractionHandle }> {
  const handle = await team.offer(files, { options: { caption, ...(when !== undefined && { when }) } });
  await team.composer(handle, when === undefined ? caption : /Goes out/);
  await team.see(handle, 'Everyone');
  await team.press(handle, 'Ask for approval');
  return { handle, ...(await newCards(team, caption)) };
}

/** The newest cards that ask for votes on this, in both places. */
export async function newCards(team: TeamStage, caption: string, not?: Cards): Promise<Cards> {
  const asks = (text: string) => text.includes('wants to post') && text.includes(caption);
  const onDiscord = await team.inPosts((one) => one.id !== not?.onDiscord.id && asks(textOf(one)));
  const onTelegram = await team.inGroup(
    (one) => one.message_id !== not?.onTelegram.message_id && asks(textOnTelegram(one)),
  );
  return { onDiscord, onTelegram };
}

/** Offers Nod a photo with a caption in the group. */
export async function offerInGroup(
  { telegram, group }: TeamStage,
  author: User,
  caption: string,
  place: { threadId?: number } = {},
): Promise<void> {
  const at = telegram.state.bot.username;
  await telegram.sendDocument(group, author, {
    bytes: await bytesOf('phone.jpg'),
    fileName: 'phone.jpg',
    mimeType: 'image/jpeg',
    caption: `@${at} ${caption}`,
    ...place,
  });
}

/** The draft of a photo that was offered in the group, with its choices. */
export async function draftInGroup(
  team: TeamStage,
  ...[author, caption, place]: [author: User, caption: string, place?: { threadId?: number }]
): Promise<Message> {
  await offerInGroup(team, author, caption, place);
  return team.inGroup((one) => textOnTelegram(one).includes(caption) && buttonsOf(one).includes('Everyone'));
}

/** Everyone may see it, ask for approval. */
export async function askInGroup(team: TeamStage, draft: Message, author: User): Promise<void> {
  await team.telegram.press(draft, 'Everyone', author);
  expect(await team.telegram.press(draft, 'Ask for approval', author)).toEqual({ show_alert: false });
}

export async function submitInGroup(team: TeamStage, author: User, caption: string): Promise<Cards> {
  await askInGroup(team, await draftInGroup(team, author, caption), author);
  return newCards(team, caption);
}

/** Resolves with these very messages once both show it. */
export async function bothShow(team: TeamStage, cards: Cards, choice: RegExp): Promise<Cards> {
  return {
    onDiscord: await discordShows(team, cards, choice),
    onTelegram: await groupShows(team, cards, choice),
  };
}

export const discordShows = (
  { inPosts }: TeamStage,
  { onDiscord }: Pick<Cards, 'onDiscord'>,
  choice: RegExp,
): Promise<WireMessage> => inPosts((one) => one.id === onDiscord.id && choice.test(textOf(one)));

export const groupShows = (
  { inGroup }: TeamStage,
  { onTelegram }: Pick<Cards, 'onTelegram'>,
  choice: RegExp,
): Promise<Message> =>
  inGroup((one) => one.message_id === onTelegram.message_id && choice.test(textOnTelegram(one)));

/** What can be pressed on each of them, links left out. */
export const pressable = ({ onDiscord, onTelegram }: Cards) => ({
  onDiscord: labelsOf(onDiscord).filter((label) => label !== 'Look at it'),
  onTelegram: buttonsOf(onTelegram),
});

/** Fills in the one field of the window that a press has opened. */
export function fillIn(team: TeamStage, opened: InteractionHandle, text: string): Promise<InteractionHandle> {
  const [field] = opened.modal === undefined ? [] : inputsOf(opened.modal);
  if (field === undefined) throw new Error('This press has opened no window.');
  return team.discord.submitModal(opened, { [field.label]: text });
}

/** Says once that the team means its times in UTC, as who manages the server does in the settings. */
export async function sayZone(team: TeamStage): Promise<void> {
  const settings = await team.run('settings', { user: team.ben });
  await settings.waitForResponse('Time zone');
  await fillIn(team, await team.discord.press(settings, 'Time zone…', team.ben), 'UTC');
  await settings.waitForResponse(/Time zone[^\n]*UTC/);
}

/** Answers the question that a press in the group has led to. */
export async function replyInGroup(
  team: TeamStage,
  { from, question, text }: { from: User; question: RegExp; text: string },
): Promise<void> {
  const asked = await team.inGroup(question);
  await team.telegram.sendText(team.group, from, text, { replyTo: asked });
}

/** Both cards link to the post, and TikTok has got it once and no other. */
export async function expectPublishedOnce(team: TeamStage, cards: Cards): Promise<void> {
  await bothShow(team, cards, /✓ (Live on TikTok|Posted)/);
  expect(team.tiktok.state.publishes.map(({ status }) => status)).toEqual(['PUBLISH_COMPLETE']);
}

/** What Telegram has shown somebody alone in the group. */
export const toldInGroup = ({ telegram, group }: TeamStage, user: User, text: RegExp): Promise<string> =>
  telegram.until(
    () =>
      telegram
        .shownTo(group, user)
        .map(textOnTelegram)
        .findLast((told) => text.test(told)),
    {
      what: `A word to ${user.first_name} alone`,
    },
  );

/** What Discord has brought somebody in a direct message. */
export const toldDirectly = (
  { discord }: TeamStage,
  user: { id: string },
  text: RegExp,
): Promise<WireMessage> => discord.waitForMessage(discord.dm(user), text);

/** The same team in another chat of Telegram's than its first one. */
export const inGroupOf = (team: Team, group: Team['group']): Team => ({
  ...team,
  group,
  inGroup: (choice) => team.telegram.waitForMessage(group, choice),
});

/** A code that somebody, or else Ana, lets the settings of the server make. */
export async function newCode(team: Team, user = team.ana): Promise<string> {
  const handle = await team.run('settings', { user });
  await handle.waitForResponse('Settings');
  await team.press(handle, 'Join another chat…', user);
  const told = await handle.waitForResponse(/Code for another chat/);
  return /\b[A-Z0-9]{4}-[A-Z0-9]{4}\b/.exec(textOf(told))?.[0] ?? '';
}

/** The same team with its reviews in another channel of Discord's than #posts. */
export const inChannelOf = (team: Team, channel: { id: string }): Team => ({
  ...team,
  inPosts: (choice) => team.discord.waitForMessage(channel, choice),
});
