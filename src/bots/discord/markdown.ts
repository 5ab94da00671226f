import { type APIInteraction, type APIInteractionDataResolved, PermissionFlagsBits } from 'discord.js';
import { plainName } from '../../core/plain-text.ts';
import type { Frame } from './context.ts';
import type { Gateway } from './gateway.ts';
import { userPerson } from './ids.ts';
import type { DiscordMembers } from './members.ts';

/** Each costs a call. */
const MAX_LOOKUPS = 10;

/** What an interaction tells of those whom a text names. */
export type KnownNames = Pick<APIInteractionDataResolved, 'users' | 'members' | 'roles' | 'channels'>;

/** Reads what people write in Discord, in a message as in a window or an option of a command. */
export function createTextReader({
  gateway,
  members,
  timeZoneOf,
}: {
  gateway: Pick<Gateway, 'roleName' | 'openChannelName'>;
  members: Pick<DiscordMembers, 'fetchName'>;
  timeZoneOf: (workspace: string) => Promise<string>;
}) {
  /** The text in words, with the names that the person who sends it can see. */
  async function read(
    text: string,
    {
      interaction: { guild_id: guildId, channel, locale },
      frame: { workspace },
      known = {},
      isRead = false,
    }: {
      interaction: Pick<APIInteraction, 'guild_id' | 'channel'> & { locale: string };
      frame: Pick<Frame, 'workspace'>;
      known?: KnownNames | undefined;
      /** The window showed a text that was read before. */
      isRead?: boolean;
    },
  ): Promise<string> {
    if (!/[\W_]/.test(text)) return text;
    const looked = await lookUp(text, guildId, known);
    const names: Names = {
      user: (id) => userName(id, known) ?? looked.get(id),
      role: (id) => nameIn(known.roles?.[id]?.name ?? (guildId && gateway.roleName(guildId, id))),
      channel(id) {
        const seen = known.channels?.[id];
        if (seen && (BigInt(seen.permissions) & PermissionFlagsBits.ViewChannel) !== 0n)
          return nameIn(seen.name);
        if (channel?.id === id && 'name' in channel) return nameIn(channel.name);
        return nameIn(guildId && gateway.openChannelName(guildId, id));
      },
      timeZone: await timeZoneOf(workspace),
      locale,
    };
    return readableText(text, names, { isRead });
  }

  async function lookUp(text: string, guildId: string | undefined, known: KnownNames) {
    const unknown = mentionedUsers(text).filter((id) => userName(id, known) === undefined);
    if (guildId === undefined) return new Map<string, string | undefined>();
    const found = unknown
      .slice(0, MAX_LOOKUPS)
      .map(async (id) => [id, await members.fetchName(guildId, id)] as const);
    return new Map(await Promise.all(found));
  }

  return { read };
}

export type TextReader = ReturnType<typeof createTextReader>;

function userName(id: string, { users, members }: KnownNames): string | undefined {
  const user = users?.[id];
  return user && userPerson(user, members?.[id]?.nick).name;
}

const nameIn = (name: string | null | undefined): string | undefined => plainName(name ?? '') || undefined;

/** What tells how something is called that Discord writes as an id; undefined where nothing does. */
export interface Names {
  readonly user: (id: string) => string | undefined;
  readonly role: (id: string) => string | undefined;
  readonly channel: (id: string) => string | undefined;
  /** IANA name; times are written in it, for they are the reader's own only in Discord. */
  readonly timeZone: string;
  /** As Discord names the writer's language. */
  readonly locale: string;
}

/** Deeper ones stay as typed, so that no text takes long to read. */
const MAX_DEPTH = 10;

/**
 * In `**`, Discord takes what is between for bold; a lone `*` or `_` counts only around whole words here. A backslash fits
 * one way alone: were there two, a text full of them would take for ever.
 */
const MARKS = String.raw`(?<mark>\*\*\*|\*\*|__|~~)(?=\S)(?<marked>(?:\\.|(?!\k<mark>)[^\\])+?)(?<=\S)\k<mark>`;
const LONE = String.raw`(?<![\p{L}\p{N}\\*_@#./])(?<lone>[*_])(?=[^\s*_])(?<stressed>(?:\\.|(?!\k<lone>)[^\\])+?)(?<=\S)\k<lone>(?![\p{L}\p{N}*_])`;
const SPOILER = String.raw`\|\|(?<spoiler>(?:\\.|(?!\|\|)[^\\])+?)\|\|`;
const STYLES = [MARKS, LONE, SPOILER];

/** https://discord.com/developers/docs/reference#message-formatting */
const IDS = [
  String.raw`<@!?(?<user>\d{17,20})>`,
  String.raw`<@&(?<role>\d{17,20})>`,
  String.raw`<#(?<channel>\d{17,20})>`,
  String.raw`<a?(?<emoji>:\w+:)\d{17,20}>`,
  String.raw`<t:(?<seconds>-?\d{1,13})(?::(?<form>[a-zA-Z]))?>`,
  String.raw`<(?<command>\/[^\s:<>][^:<>]{0,120}):\d{17,20}>`,
  String.raw`<id:(?<guide>browse|customize|guide|home|linked-roles)(?::\d{17,20})?>`,
];

const URL_PATTERN = String.raw`https?:\/\/[^\s<>]+`;
/** What stays as it is, though it may hold marks: links, and names and tags as TikTok has them. */
const AS_TYPED = [
  String.raw`(?<shrug>¯\\_\(ツ\)_\/¯)`,
  `(?<url>${URL_PATTERN})`,
  String.raw`(?<named>(?<![\p{L}\p{N}_.])[@#][\p{L}\p{N}_.]+)`,
];

const CODE = [
  '```(?:[\\w+#.-]*\\n)?(?<block>(?:(?!```).)+)```',
  '(?<fence>`{1,2})(?!`)(?<code>(?:(?!\\k<fence>).)+)\\k<fence>(?!`)',
];
const ESCAPE = String.raw`\\(?<escaped>[^\p{L}\p{N}\s])`;
const LINK = String.raw`\[(?<label>(?:\\.|[^[\]\n\\])+)\]\(<?(?<href>https?:\/\/[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+["'][^"'\n]*["'])?\)`;
const QUIET_LINK = `<(?<quiet>${URL_PATTERN})>`;
/** A heading, small print or a quote; before a number it means something: `> 100`. */
const BEGINNING = String.raw`(?<beginning>(?<=^|\n)(?:(?:#{1,3}|-#|>>>|>) )+(?=[^\s\d]))`;

const patternOf = (parts: readonly string[]): RegExp => new RegExp(parts.join('|'), 'gsu');
const ALL = patternOf([
  ...CODE,
  ...AS_TYPED.slice(0, 1),
  ESCAPE,
  LINK,
  ...IDS,
  QUIET_LINK,
  BEGINNING,
  ...STYLES,
  ...AS_TYPED.slice(1),
]);
const IDS_ONLY = patternOf(IDS);
const SAYS_SOMETHING = /[\p{L}\p{N}\p{Extended_Pictographic}]/u;

/** The words that Discord shows for links into a server. */
const GUIDES: Readonly<Record<string, string>> = {
  browse: 'Browse Channels',
  customize: 'Channels & Roles',
  guide: 'Server Guide',
  home: 'Server Guide',
  'linked-roles': 'Linked Roles',
};

/** How `<t:…>` is written out; anything else is a date with its time. */
const FORMS: Readonly<Record<string, Intl.DateTimeFormatOptions>> = {
  t: { timeStyle: 'short' },
  T: { timeStyle: 'medium' },
  d: { dateStyle: 'short' },
  D: { dateStyle: 'long' },
  F: { dateStyle: 'full', timeStyle: 'short' },
};
const DATE_AND_TIME: Intl.DateTimeFormatOptions = { dateStyle: 'long', timeStyle: 'short' };

/**
 * A text as a person reads it in Discord, without what only Discord can show: mentions, times and emoji of a server
 * become words, marks go, masked links tell where they lead. What is no markup stays as typed.
 *
 * In a window that shows a text to be changed, `isRead` says that it was read before: only ids become words there.
 */
export function readableText(text: string, names: Names, { isRead = false } = {}): string {
  const plain = isRead ? replaceIds(text, names) : read(text, names, 0);
  return plain.trim();
}

/** The ids of the people whom a text names. */
const mentionedUsers = (text: string): string[] => [
  ...new Set([...text.matchAll(/<@!?(\d{17,20})>/g)].map(([, id = '']) => id)),
];

const replaceIds = (text: string, names: Names): string =>
  text.replace(IDS_ONLY, (...match) => wordOf(match.at(-1), names) ?? match[0]);

function read(text: string, names: Names, depth: number): string {
  const pattern = new RegExp(ALL);
  let plain = '';
  let at = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    plain += text.slice(at, match.index);
    const [whole] = match;
    const said = sayOf(match.groups ?? {}, names, depth);
    // A mark that marks nothing is passed over alone: there may be more behind it.
    const length = said === undefined ? markLength(match.groups ?? {}, whole) : whole.length;
    plain += said ?? whole.slice(0, length);
    at = match.index + length;
    pattern.lastIndex = at;
  }
  return plain + text.slice(at);
}

type Groups = Readonly<Record<string, string | undefined>>;

const markLength = ({ mark, lone, spoiler }: Groups, whole: string): number =>
  mark?.length ?? lone?.length ?? (spoiler === undefined ? whole.length : 2);

/** What a person reads there; undefined where it stays as typed. */
function sayOf(groups: Groups, names: Names, depth: number): string | undefined {
  const { block, code, escaped, label, href, quiet, beginning } = groups;
  if (block !== undefined) return block.trim();
  if (code !== undefined) return code.trim();
  if (escaped !== undefined) return escaped;
  if (label !== undefined && href !== undefined) return linkText(read(label, names, depth + 1), href);
  if (quiet !== undefined) return quiet;
  if (beginning !== undefined) return depth === 0 ? '' : undefined;
  const marked = groups.marked ?? groups.stressed ?? groups.spoiler;
  if (marked === undefined) return wordOf(groups, names);
  if (depth >= MAX_DEPTH || !SAYS_SOMETHING.test(marked)) return undefined;
  const inner = read(marked, names, depth + 1);
  return groups.spoiler === undefined ? inner : inner.trim();
}

const linkText = (label: string, href: string): string =>
  label.trim() === href || label.trim() === '' ? href : `${label} (${href})`;

/** The word for an id; one that nothing is known of gets a word that names nobody on TikTok either. */
function wordOf(groups: Groups, names: Names): string | undefined {
  const { user, role, channel, emoji, seconds, form, command, guide } = groups;
  if (user !== undefined) return named('@', names.user(user)) ?? 'someone';
  if (role !== undefined) return named('@', names.role(role)) ?? 'a role';
  if (channel !== undefined) return named('#', names.channel(channel)) ?? 'a channel';
  if (emoji !== undefined) return emoji;
  if (seconds !== undefined) return timeText(Number(seconds), form, names);
  if (command !== undefined) return command;
  return guide === undefined ? undefined : GUIDES[guide];
}

const named = (sign: string, name: string | undefined): string | undefined =>
  name === undefined || name === '' ? undefined : `${sign}${name.replace(/^@(?=everyone$)/, '')}`;

function timeText(seconds: number, form = 'f', { timeZone, locale }: Names): string | undefined {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return undefined;
  const options = FORMS[form] ?? DATE_AND_TIME;
  const text = new Intl.DateTimeFormat([locale, 'en-GB'], { timeZone, ...options }).format(at);
  return options.timeStyle === undefined ? text : `${text} (${zoneName(at, { timeZone, locale })})`;
}

function zoneName(at: Date, { timeZone, locale }: Pick<Names, 'timeZone' | 'locale'>): string {
  const parts = new Intl.DateTimeFormat([locale, 'en-GB'], { timeZone, timeZoneName: 'short' }).formatToParts(
    at,
  );
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone;
}
