import type { User } from 'grammy/types';
import type { DiscordEmulator, WireUser } from './emulators/discord/index.ts';
import type { TelegramEmulator } from './emulators/telegram/index.ts';
import type { TikTokEmulator } from './emulators/tiktok/index.ts';
import { buttonsOf, textOf, walkThroughConsent } from './world.ts';

/** A group of people on Telegram, and one of its administrators. */
export interface InGroup {
  readonly telegram: TelegramEmulator;
  readonly group: ReturnType<TelegramEmulator['group']>;
  readonly admin: User;
}

/** Somebody with Manage Server in Discord's Studio. */
export function addManager(discord: DiscordEmulator, name: string): WireUser {
  const user = discord.user({ name });
  discord.addMember(discord.studio, user, { permissions: ['MANAGE_GUILD'] });
  return user;
}

/** Has Ana make a code in Discord's #posts, with which another chat joins its server. */
export async function issueCode(discord: DiscordEmulator): Promise<string> {
  const { ana, posts } = discord;
  const command = { user: ana, channel: posts, name: 'tiktok', subcommand: 'settings' };
  const handle = await discord.runCommand(command);
  await handle.waitForResponse('Settings');
  await discord.press(handle, 'Join another chat…', ana);
  return discord.until(() => /\b[A-Z0-9]{4}-[A-Z0-9]{4}\b/.exec(discord.render(handle))?.[0], {
    what: 'The code',
  });
}

/** Has the administrator enter the code in the group; what the bot says then. */
export async function enterCode({ telegram, group, admin }: InGroup, code: string): Promise<string> {
  await telegram.sendText(group, admin, `/join@${telegram.state.bot.username} ${code}`);
  return textOf(await telegram.waitForMessage(group, /are joined/));
}

/** The link to connect that the bot shows somebody alone: in the group, or in their private chat. */
export function linkShownTo(
  telegram: TelegramEmulator,
  group: InGroup['group'],
  user: User,
): Promise<string> {
  const read = () => linksShownTo(telegram, group, user).at(-1);
  return telegram.until(read, { what: `The link for ${user.first_name}` });
}

/** All links to connect that the bot has shown somebody alone. */
export function linksShownTo(telegram: TelegramEmulator, group: InGroup['group'], user: User): string[] {
  const inPrivate = telegram.state.chats.has(user.id) ? telegram.botMessages(user) : [];
  const texts = [...inPrivate, ...telegram.shownTo(group, user)].map(textOf);
  return texts.flatMap((text) => /https?:\/\/\S+\/connect\/\S+/.exec(text)?.[0] ?? []);
}

/** Connects a TikTok account that the group shares; what the bot says then. */
export async function connectInGroup(
  { telegram, group, admin }: InGroup,
  tiktok: TikTokEmulator,
): Promise<string> {
  await telegram.sendText(group, admin, `/connect@${telegram.state.bot.username}`);
  await walkThroughConsent(await linkShownTo(telegram, group, admin), tiktok);
  return textOf(await telegram.waitForMessage(group, 'is connected'));
}

/** Sets in a group how many approvals a post needs. */
export async function setApprovalsInGroup(
  { telegram, group, admin }: InGroup,
  approvals: number,
): Promise<void> {
  await telegram.sendText(group, admin, `/settings@${telegram.state.bot.username}`);
  const settings = await telegram.waitForMessage(group, /^Settings/);
  const label = approvals === 0 ? 'Off' : String(approvals);
  if (buttonsOf(settings).includes(`● ${label}`)) return;
  await telegram.press(settings, label, admin);
  await telegram.waitForMessage(
    group,
    (message) => message.message_id === settings.message_id && buttonsOf(message).includes(`● ${label}`),
  );
}
