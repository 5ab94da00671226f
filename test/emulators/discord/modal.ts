// Faithful: fields named by label or custom_id, defaults kept, lengths, counts and file types checked by the app, the
// submission's shape (https://discord.com/developers/docs/interactions/receiving-and-responding#modal-submit-data).
// Simplified: selects of users, roles and channels by id.
import type { ModalRequest, SubmittedComponent } from './command-wire.ts';
import { numberComponents } from './components-wire.ts';
import type { Emulation } from './emulation.ts';
import type { UploadFile } from './files.ts';
import type { HandleMaker, InteractionHandle } from './handle.ts';
import { deliverInteraction } from './interactions.ts';
import { attach, type Resolved, resolveId } from './option-values.ts';
import type { Access } from './people.ts';
import { checkCount, optionValue } from './press.ts';
import type { ChannelEntry, InteractionEntry } from './state.ts';
import type { WireComponent } from './wire.ts';
import type { World } from './world.ts';

export type FieldInput = string | boolean | readonly string[] | readonly UploadFile[];
export type FieldInputs = Record<string, FieldInput>;

type Parts = { emulation: Emulation; world: World; access: Access; handles: HandleMaker };
type Submission = {
  emulation: Emulation;
  access: Access;
  entry: ChannelEntry;
  userId: string;
  fields: FieldInputs;
  resolved: Resolved;
};

/** Creates the function by which people submit modals. */
export function createModals({ emulation, world, access, handles }: Parts) {
  return {
    /** Fills in and submits the modal that an interaction opened; resolves once the bot acknowledged it. */
    async submitModal(handle: InteractionHandle, fields: FieldInputs = {}): Promise<InteractionHandle> {
      const { interaction } = handle;
      const { modal } = interaction;
      if (!modal) throw new Error('This interaction opened no modal.');
      if (interaction.isModalDone) throw new Error('This modal was submitted already.');
      checkNames(modal, fields);
      const entry = world.channelOf(interaction.channelId);
      const { userId } = interaction;
      const submission: Submission = { emulation, access, entry, userId, fields, resolved: {} };
      const components: SubmittedComponent[] = [];
      for (const component of numberComponents(modal.components))
        components.push(await submit(submission, component));
      const { resolved } = submission;
      const data = {
        custom_id: modal.custom_id,
        components,
        ...(Object.keys(resolved).length > 0 ? { resolved } : {}),
      };
      interaction.isModalDone = true;
      const submitted = deliverInteraction(emulation, {
        kind: 5,
        userId,
        entry,
        data,
        locale: String(interaction.payload.locale),
        source: sourceOf(emulation, interaction),
        trigger: interaction,
      });
      return await handles.acknowledged(submitted);
    },
  };
}

export type Modals = ReturnType<typeof createModals>;

const sourceOf = ({ state }: Emulation, { sourceMessageId }: InteractionEntry) =>
  sourceMessageId === undefined ? undefined : state.messages.get(sourceMessageId);

/** A modal's inputs with the labels around them. */
export const inputsOf = ({ components }: ModalRequest) =>
  components.flatMap(({ type, label, component, components: row = [] }) =>
    type === 18 && component
      ? [{ label: label ?? '', input: component }]
      : row.map((input) => ({ label: input.label ?? '', input })),
  );

function checkNames(modal: ModalRequest, fields: FieldInputs) {
  const names = inputsOf(modal).flatMap(({ label, input }) => [label, input.custom_id ?? '']);
  const unknown = Object.keys(fields).filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Error(`The modal has no field ${unknown.join(', ')}; it has ${names.join(', ')}.`);
}

async function submit(submission: Submission, component: WireComponent): Promise<SubmittedComponent> {
  const { type, label } = component;
  const id = component.id ?? 0;
  if (type === 18 && component.component)
    return { type, id, component: await submitInput(submission, component.component, label ?? '') };
  if (type === 1) {
    const components: SubmittedComponent[] = [];
    for (const input of component.components ?? [])
      components.push(await submitInput(submission, input, input.label ?? ''));
    return { type, id, components };
  }
  return { type, id };
}

async function submitInput(
  submission: Submission,
  input: WireComponent,
  label: string,
): Promise<SubmittedComponent> {
  const customId = input.custom_id ?? '';
  const given = submission.fields[customId] ?? submission.fields[label];
  const common = { type: input.type, id: input.id ?? 0, custom_id: customId };
  switch (input.type) {
    case 4:
      return { ...common, value: textValue(input, given) };
    case 19:
      return { ...common, values: await files(submission, input, given) };
    case 21:
      return { ...common, value: radioValue(input, given) };
    case 23:
      return { ...common, value: typeof given === 'boolean' ? given : input.default === true };
    default:
      return { ...common, values: listValues(submission, input, given) };
  }
}

function textValue(
  { custom_id, value, required, min_length, max_length }: WireComponent,
  given: FieldInput | undefined,
): string {
  const text = given ?? value ?? '';
  if (typeof text !== 'string') throw new Error(`${custom_id} takes text.`);
  if (text === '' && required === false) return text;
  const [least, most] = [Math.max(1, min_length ?? 0), max_length ?? 4000];
  if (text.length < least || text.length > most)
    throw new Error(`${custom_id} takes ${least} to ${most} characters, not ${text.length}.`);
  return text;
}

function radioValue(input: WireComponent, given: FieldInput | undefined): string | null {
  const preset = input.options?.find((option) => option.default)?.value;
  const wanted = given === undefined ? preset : String(given);
  if (wanted === undefined && input.required !== false) throw new Error(`${input.custom_id} needs a choice.`);
  return wanted === undefined ? null : optionValue(input, wanted);
}

function listValues(submission: Submission, input: WireComponent, given: FieldInput | undefined): string[] {
  const preset = (input.options ?? []).filter((option) => option.default).map(({ value }) => value);
  const wanted = given === undefined ? preset : [given].flat().map(String);
  const values = wanted.map((value) =>
    input.options ? optionValue(input, value) : resolveId(submission, value, submission.resolved),
  );
  const isFree = values.length === 0 && input.required === false;
  // A group of checkboxes takes any number of its options unless told otherwise.
  const limits =
    input.type === 22 ? { ...input, max_values: input.max_values ?? input.options?.length ?? 1 } : input;
  if (!isFree) checkCount(limits, values.length);
  return values;
}

async function files(
  submission: Submission,
  input: WireComponent,
  given: FieldInput | undefined,
): Promise<string[]> {
  const uploads = Array.isArray(given) ? given.filter((file) => typeof file === 'object') : [];
  const isFree = uploads.length === 0 && input.required === false;
  if (!isFree) checkCount(input, uploads.length);
  const ids: string[] = [];
  for (const file of uploads) {
    const attaching = {
      name: input.custom_id ?? '',
      fileTypes: input.file_types,
      file,
      resolved: submission.resolved,
    };
    ids.push(await attach(submission, attaching));
  }
  return ids;
}
