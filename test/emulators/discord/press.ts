// Faithful: buttons and selects of the current version of a message, disabled ones excepted; links open without telling
// the bot, selects offer members, roles of the guild or channels (https://discord.com/developers/docs/components/reference).
// A client of one's own may send any custom_id and values from a message that it sees. Simplified: what is picked stays
// picked only if the bot says so.
import { walkComponents } from './component-rules.ts';
import type { Emulation } from './emulation.ts';
import { type HandleMaker, type InteractionHandle, messageIdOf } from './handle.ts';
import { deliverInteraction } from './interactions.ts';
import { type Resolved, resolveId } from './option-values.ts';
import type { Access } from './people.ts';
import { renderComponents } from './render.ts';
import type { ChannelEntry, StoredMessage } from './state.ts';
import type { WireComponent } from './wire.ts';
import { idOf, type Ref, type World } from './world.ts';

export type Target = { id: string } | InteractionHandle;
/** By exact label, by a pattern for the label, or by custom_id. */
export type ButtonChoice = string | RegExp | ((customId: string) => boolean);

const BUTTON = 2;
const STRING_SELECT = 3;
const SELECTS = [3, 5, 6, 7, 8];
const LINK = 5;

type Parts = { emulation: Emulation; world: World; access: Access; handles: HandleMaker };

/** Creates the functions by which people use components. */
export function createPress({ emulation, world, access, handles }: Parts) {
  const use = async (
    stored: StoredMessage,
    component: WireComponent,
    { user, locale, extra = {} }: { user: Ref; locale?: string | undefined; extra?: Record<string, unknown> },
  ): Promise<InteractionHandle> => {
    if (component.disabled) throw new Error(`"${component.label ?? component.custom_id}" is disabled.`);
    const data = {
      custom_id: component.custom_id,
      component_type: component.type,
      id: component.id,
      ...extra,
    };
    const entry = world.channelOf(stored.channelId);
    const interaction = deliverInteraction(emulation, {
      kind: 3,
      userId: idOf(user),
      entry,
      data,
      locale,
      source: stored,
    });
    return await handles.acknowledged(interaction);
  };

  return {
    /** Presses a button; resolves once the bot acknowledged it. */
    async press(
      target: Target,
      choice: ButtonChoice,
      user: Ref,
      { locale }: { locale?: string } = {},
    ): Promise<InteractionHandle> {
      const stored = access.find(messageIdOf(target), idOf(user));
      const button = find(stored, BUTTON, (component) => matches(component, choice), String(choice));
      if (button.style === LINK)
        throw new Error(`"${button.label}" is a link to ${button.url}; the bot does not hear of it.`);
      return await use(stored, button, { user, locale });
    },

    /** Sends a custom_id, or values of a string select, that the message need not have, as a client of one's own can. */
    async forge(
      target: Target,
      customId: string,
      user: Ref,
      { values }: { values?: readonly string[] } = {},
    ): Promise<InteractionHandle> {
      const stored = access.find(messageIdOf(target), idOf(user));
      const type = values === undefined ? BUTTON : STRING_SELECT;
      const component = { type, custom_id: customId, id: 1 } as WireComponent;
      return await use(stored, component, { user, extra: values === undefined ? {} : { values } });
    },

    /** Where a link button leads. */
    linkOf(target: Target, label: string | RegExp, user: Ref): string {
      const stored = access.find(messageIdOf(target), idOf(user));
      const button = find(
        stored,
        BUTTON,
        (component) => component.style === LINK && matches(component, label),
        String(label),
      );
      return button.url ?? '';
    },

    /**
     * Chooses in a select, named by custom_id or placeholder; options by value or label, people, roles and channels by
     * id. These are all that is chosen then.
     */
    async select(
      target: Target,
      choice: string | RegExp,
      values: readonly (string | { id: string })[],
      user: Ref,
      { locale }: { locale?: string } = {},
    ): Promise<InteractionHandle> {
      const stored = access.find(messageIdOf(target), idOf(user));
      const select = find(stored, 'select', (component) => isSelectChosen(component, choice), String(choice));
      const resolved: Resolved = {};
      const entry = world.channelOf(stored.channelId);
      const chosen = values.map((value) =>
        select.type === 3
          ? optionValue(select, idOf(value))
          : pickId({ emulation, entry, userId: idOf(user), select }, value, resolved),
      );
      checkCount(select, chosen.length);
      if (new Set(chosen).size < chosen.length) throw new Error('Nothing can be chosen twice.');
      const extra = { values: chosen, ...(Object.keys(resolved).length > 0 ? { resolved } : {}) };
      return await use(stored, select, { user, locale, extra });
    },
  };
}

export type Press = ReturnType<typeof createPress>;

function find(
  { id, current }: StoredMessage,
  type: number | 'select',
  isMeant: (component: WireComponent) => boolean,
  wanted: string,
) {
  const types = type === 'select' ? SELECTS : [type];
  const found = walkComponents(current.components)
    .map(({ component }) => component)
    .find((component) => types.includes(component.type) && isMeant(component));
  if (found) return found;
  const shown = renderComponents(current.components).join('\n') || '(none)';
  throw new Error(
    `Message ${id} has no ${type === 'select' ? 'select' : 'button'} ${wanted}. Its components:\n${shown}`,
  );
}

type Picking = { emulation: Emulation; entry: ChannelEntry; userId: string; select: WireComponent };

/** What the app lists in a select of this kind: in a guild its members alone, in a DM the person there. */
function pickId({ emulation, entry, userId, select }: Picking, ref: Ref, resolved: Resolved): string {
  const found: Resolved = {};
  const id = resolveId({ emulation, entry, userId }, ref, found);
  const isPerson = entry.guildId ? found.members?.[id] !== undefined : id === entry.recipientId;
  const channel = emulation.state.channels.get(id);
  const isChannel = channel !== undefined && channel.guildId === entry.guildId;
  const [isRole, isOffered] = [found.roles?.[id] !== undefined, OFFERS[select.type]];
  if (!isOffered?.({ isPerson, isRole, isChannel })) throw new Error(`This select does not offer ${id}.`);
  for (const [kind, entities] of Object.entries(found)) resolved[kind] = { ...resolved[kind], ...entities };
  return id;
}

type Kind = { isPerson: boolean; isRole: boolean; isChannel: boolean };
const OFFERS: Record<number, (kind: Kind) => boolean> = {
  5: ({ isPerson }) => isPerson,
  6: ({ isRole }) => isRole,
  7: ({ isPerson, isRole }) => isPerson || isRole,
  8: ({ isChannel }) => isChannel,
};

function matches({ label, emoji, custom_id }: WireComponent, choice: ButtonChoice): boolean {
  if (typeof choice === 'function') return typeof custom_id === 'string' && choice(custom_id);
  const shown = label ?? emoji?.name ?? '';
  return typeof choice === 'string' ? shown === choice : choice.test(shown);
}

function isSelectChosen({ custom_id, placeholder }: WireComponent, choice: string | RegExp): boolean {
  const names = [custom_id, placeholder].filter((name) => typeof name === 'string');
  return names.some((name) => (typeof choice === 'string' ? name === choice : choice.test(name)));
}

/** The value of a select's option, given by value or label. */
export function optionValue({ options = [] }: WireComponent, wanted: string): string {
  const option =
    options.find(({ value }) => value === wanted) ?? options.find(({ label }) => label === wanted);
  if (!option)
    throw new Error(
      `There is no option ${wanted}; there are ${options.map(({ label }) => label).join(', ')}.`,
    );
  return option.value;
}

/** Refuses fewer or more values than a select or upload takes. */
export function checkCount({ min_values, max_values, custom_id }: WireComponent, count: number) {
  const [least, most] = [min_values ?? 1, max_values ?? 1];
  if (count < least || count > most)
    throw new Error(`${custom_id} takes ${least} to ${most} values, not ${count}.`);
}
