// Faithful: what a person would see: text, galleries, files, selects with what is chosen, rows of buttons, who sees an
// ephemeral message. Simplified: Markdown is left as written; attachments of components v2 show only where named.

import type { ModalRequest } from './command-wire.ts';
import { referencedName } from './components-wire.ts';
import { userOf } from './guild-wire.ts';
import type { ChannelEntry, State, StoredMessage } from './state.ts';
import { FLAGS, type WireComponent, type WireMedia } from './wire.ts';

/** Renders the current messages of a channel as readable text. */
export function renderChannel(
  state: State,
  { channel, guildId, recipientId }: ChannelEntry,
  messages: StoredMessage[],
): string {
  const guild = guildId === undefined ? undefined : state.guilds.get(guildId);
  const title = guild
    ? `#${channel.name} (${guild.name})`
    : `${nameOf(state, recipientId ?? '')} and the bot`;
  const lines = messages.map((stored) => renderMessage(state, stored));
  return [`--- ${title} ---`, ...(lines.length > 0 ? lines : ['(no messages)'])].join('\n');
}

/** Renders one message with its components. */
export function renderMessage(state: State, stored: StoredMessage): string {
  const { current, ephemeralFor } = stored;
  const edits = stored.versions.length - 1;
  const replied = stored.reference ? state.messages.get(stored.reference.message_id) : undefined;
  const notes = [
    ...(ephemeralFor === undefined ? [] : [`only ${nameOf(state, ephemeralFor)} sees this`]),
    ...(replied ? [`reply to ${nameOf(state, replied.authorId)}`] : []),
    ...(edits > 0 ? [`edited ${edits}×`] : []),
  ];
  const isV2 = (current.flags & FLAGS.IS_COMPONENTS_V2) !== 0;
  const reactions = stored.reactions.map(
    ({ emoji, users }) => `${emoji.name} ${[...users.values()].flat().length}`,
  );
  const lines = [
    ...(current.flags & FLAGS.LOADING ? ['(is thinking…)'] : []),
    ...current.content.split('\n').filter((line) => line !== ''),
    ...(isV2 ? [] : current.attachments.map(({ file }) => `[${file.fileName}]`)),
    ...(current.embeds.length > 0 ? [`(${current.embeds.length} embeds)`] : []),
    ...renderComponents(current.components, (id) => `@${roleName(state, id) ?? nameOf(state, id)}`),
    ...(reactions.length > 0 ? [reactions.join('  ')] : []),
  ];
  const head = `${nameOf(state, stored.authorId)}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
  return [head, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** What somebody or something with an id is called. */
type Names = (id: string) => string;

/** The lines of a tree of components. */
export const renderComponents = (components: readonly WireComponent[], names: Names = (id) => id): string[] =>
  components.flatMap((component) => renderComponent(component, names));

function renderComponent(component: WireComponent, names: Names): string[] {
  switch (component.type) {
    case 1:
      return [(component.components ?? []).map((part) => renderInline(part, names)).join(' ')];
    case 9:
      return [
        ...renderComponents(component.components ?? [], names),
        ...(component.accessory ? [`  ${renderInline(component.accessory, names)}`] : []),
      ];
    case 10:
      return (component.content ?? '').split('\n');
    case 12:
      return [
        (component.items ?? [])
          .map(({ media, description }) => `[${mediaName(media)}${description ? `: ${description}` : ''}]`)
          .join(' '),
      ];
    case 13:
      return [`[${component.file ? mediaName(component.file) : 'file'}]`];
    case 14:
      return component.divider === false ? [''] : ['---'];
    case 17:
      return renderComponents(component.components ?? [], names).map((line) => `│ ${line}`);
    default:
      return [renderInline(component, names)];
  }
}

/** Buttons, selects and thumbnails stand side by side. */
function renderInline(component: WireComponent, names: Names): string {
  const { type, label, emoji, style, disabled, media } = component;
  if (type === 2) {
    const text = [emoji?.name, label].filter(Boolean).join(' ');
    return disabled ? `( ${text} )` : `[ ${text}${style === 5 ? ' ↗' : ''} ]`;
  }
  if (type === 11) return `[${media ? mediaName(media) : 'thumbnail'}]`;
  return renderSelect(component, names);
}

function renderSelect(
  { options = [], default_values, placeholder, disabled }: WireComponent,
  names: Names = (id) => id,
): string {
  const picked = (default_values ?? []).map(({ id }) => names(id));
  const chosen = [...options.filter((option) => option.default).map((option) => option.label), ...picked];
  const text = chosen.length > 0 ? chosen.join(', ') : (placeholder ?? 'Make a selection');
  const name = placeholder && chosen.length > 0 ? `${placeholder}: ${text}` : text;
  return disabled ? `( ▾ ${name} )` : `[ ▾ ${name} ]`;
}

/** A modal as readable text. */
export function renderModal({ title, components }: ModalRequest): string {
  const fields = components.flatMap(({ type, label, content, component }) =>
    type === 10 ? [content ?? ''] : [`${label ?? ''}: ${component ? renderInput(component) : ''}`],
  );
  return [`=== ${title} ===`, ...fields].join('\n');
}

function renderInput(component: WireComponent): string {
  if (component.type === 4) return `_${component.value ?? component.placeholder ?? ''}_`;
  if (component.type === 19) return `(up to ${component.max_values ?? 1} files)`;
  if (component.type === 23) return component.default ? '[x]' : '[ ]';
  return renderSelect(component);
}

function mediaName(media: WireMedia): string {
  const name = referencedName(media);
  return name ?? media.url.split('?')[0]?.split('/').at(-1) ?? media.url;
}

const roleName = ({ guilds }: State, id: string): string | undefined =>
  [...guilds.values()].map(({ roles }) => roles.get(id)?.name).find((name) => name !== undefined);

function nameOf(state: State, userId: string): string {
  const user = userId === state.bot.id || state.users.has(userId) ? userOf(state, userId) : undefined;
  return user?.global_name ?? user?.username ?? 'Somebody';
}
