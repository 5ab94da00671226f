import type { Access } from '../../core/access/place-access.ts';
import type { Workspace, Workspaces } from '../../core/accounts/workspaces.ts';
import { type Check, type Finding, findEach, ok, toDo, unknown } from '../../core/doctor/check.ts';
import { type ChatRef, platformOf } from '../../core/people.ts';
import { plainName } from '../../core/plain-text.ts';
import type { Store } from '../../core/storage/database.ts';
import {
  type Bot,
  ChatRefusedError,
  ChatUnreachableError,
  type Examination,
  type SetupFault,
} from '../platform.ts';
import { obstacleText } from '../text/obstacles.ts';
import { WORDINGS } from '../text/wording.ts';

/** Each of them takes up to three calls, and the platforms ask to go slowly. */
const MAX_CHATS = 60;

interface ChatCheckParts {
  readonly bots: readonly Bot[];
  readonly places: Pick<Store<Workspace>, 'entries'>;
  readonly workspaces: Pick<Workspaces, 'settingsOf'>;
  readonly access: Pick<Access, 'isAllowed'>;
  /** How a platform stands with the Nod that runs, as the bot says it, unless that has not started. */
  readonly connectionOf?: ((bot: Bot) => unknown) | undefined;
}

/** A chat in which cards of a place stand. */
interface KnownChat {
  readonly chat: ChatRef;
  readonly title: string;
  /** Its people vote, which they can do by reactions. */
  readonly isReviewed: boolean;
}

/** The checks of each platform, and of the places on it; the bots need not have started. */
export function chatChecks(parts: ChatCheckParts): Check[] {
  return parts.bots.flatMap((bot) => {
    const { name, group } = WORDINGS[bot.platform];
    const { connectionOf = ({ connection }) => connection() } = parts;
    const late = `${name} does not answer in time: let this machine reach it, and try again later.`;
    return [
      { name, run: (signal: AbortSignal) => checkPlatform(bot, { name, connectionOf, signal }), late },
      { name: `${name} ${group}s`, run: (signal: AbortSignal) => checkChats(parts, bot, signal), late },
    ];
  });
}

async function checkPlatform(
  bot: Bot,
  { name, connectionOf, signal }: { name: string; connectionOf: (bot: Bot) => unknown; signal: AbortSignal },
): Promise<Finding> {
  try {
    const { name: ours = 'the bot', fault } = await examine(bot, { signal });
    if (fault !== undefined) return toDo(faultText(fault, name));
    if (connectionOf(bot) === 'refused')
      return toDo(
        `${name} takes the token of ${ours}, but has closed the connection for good, such as for an intent that the bot may not use: see Nod’s log, put that right, then start Nod again.`,
      );
    if (connectionOf(bot) === 'away')
      return toDo(`${name} does not answer ${ours} now: Nod tries on by itself; look again in a minute.`);
    return ok(`takes the token of ${ours}`);
  } catch (error) {
    if (error instanceof ChatRefusedError) return toDo(error.message);
    if (error instanceof ChatUnreachableError)
      return toDo(`${name} does not answer: let this machine reach it, and try again later.`);
    throw error;
  }
}

/** Asks once more where the first call met a connection that the platform had let go of meanwhile. */
async function examine(bot: Bot, options: Parameters<Bot['examine']>[0]): Promise<Examination> {
  try {
    return await bot.examine(options);
  } catch (error) {
    if (!(error instanceof ChatUnreachableError) || options.signal.aborted) throw error;
    return bot.examine(options);
  }
}

async function checkChats(parts: ChatCheckParts, bot: Bot, signal: AbortSignal): Promise<readonly Finding[]> {
  const { name, group } = WORDINGS[bot.platform];
  const all = await chatsOf(parts, bot.platform);
  const chats = all.slice(0, MAX_CHATS);
  if (chats.length === 0) return [unknown(`Nod is in no ${group} that may use it`)];
  const found = await findEach(chats, (one) => checkChat(bot, one, signal), {
    signal,
    late: ({ title }) => unknown(`${name} did not tell in time about “${title}”`),
  });
  const rest = all.length - chats.length;
  const more = rest === 0 ? [] : [unknown(`${rest} more were not looked at`)];
  if (found.length > 0) return [...found, ...more];
  const counted = chats.length === 1 ? `1 ${group}` : `${chats.length} ${group}s`;
  return [ok(`may do all that it needs in ${counted}`), ...more];
}

async function checkChat(
  bot: Bot,
  { chat, title, isReviewed }: KnownChat,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  try {
    const { name, fault } = await examine(bot, { chat, signal });
    const there = name === undefined ? `in “${title}”` : `in ${name} of “${title}”`;
    if (fault === undefined || (fault.type === 'no_reactions' && !isReviewed)) return undefined;
    return toDo(faultText(fault, there, chat));
  } catch (error) {
    // What is wrong with all of them is told once, by the check of the platform.
    if (error instanceof ChatRefusedError || error instanceof ChatUnreachableError)
      return unknown(`“${title}” could not be looked at`);
    throw error;
  }
}

function faultText(fault: SetupFault, there: string, chat: ChatRef = ''): string {
  switch (fault.type) {
    case 'no_reactions':
      return `Reactions do not reach Nod ${there}: an administrator makes Nod one too, without any special right. The buttons work all the same.`;
    case 'other_program':
      return `Another program takes what ${there} has for this bot, by a webhook: end that program, or make a bot of its own for Nod.`;
    case 'few_connections':
      return `${there} lets this bot connect only ${fault.left} times more today: stop what starts Nod again and again.`;
    default:
      return obstacleText(fault, chat, there);
  }
}

async function chatsOf(
  { places, workspaces, access }: ChatCheckParts,
  platform: Bot['platform'],
): Promise<KnownChat[]> {
  const found = new Map<ChatRef, KnownChat>();
  for await (const [id, place] of places.entries()) {
    if (place.isPrivate !== false || platformOf(id) !== platform || !(await access.isAllowed(id))) continue;
    const { policy } = await workspaces.settingsOf(id);
    const title = plainName(place.title ?? '') || 'a place without a name';
    const isReviewed = policy.approvals > 0;
    for (const chat of [place.chat, place.reviewChat])
      if (chat !== undefined) found.set(chat, { chat, title, isReviewed });
  }
  return [...found.values()];
}
