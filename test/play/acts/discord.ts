import { z } from 'zod';
import type {
  FieldInputs,
  InteractionHandle,
  OptionInputs,
  UploadFile,
} from '../../emulators/discord/index.ts';
import type { PlayedPerson } from '../people.ts';
import type { Playground } from '../playground.ts';
import { type Form, jsonText, type SentBytes } from './act.ts';

/** Windows that somebody has left open. */
const MAX_OPEN_WINDOWS = 100;
/** Fields of a form that are files are named like this. */
const FILE_FIELD = 'file:';

const schemas = {
  press: z.object({ message: z.string(), customId: z.string() }),
  select: z.object({ message: z.string(), customId: z.string(), values: z.array(z.string()) }),
  react: z.object({ message: z.string(), emoji: z.string(), isOn: z.boolean() }),
  edit: z.object({ message: z.string(), text: z.string() }),
  delete: z.object({ message: z.string() }),
  messageCommand: z.object({ message: z.string(), name: z.string() }),
  autocomplete: z.object({
    channel: z.string(),
    name: z.string(),
    subcommand: z.string().optional(),
    focused: z.string(),
    value: z.string(),
  }),
};
const messageSchema = z.object({
  channel: z.string(),
  content: z.string().default(''),
  replyTo: z.string().optional(),
});
const commandSchema = z.object({
  channel: z.string(),
  name: z.string(),
  subcommand: z.string().optional(),
  options: jsonText.pipe(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
});
const modalSchema = z.object({
  interaction: z.string(),
  fields: jsonText.pipe(z.record(z.string(), z.union([z.string(), z.boolean(), z.array(z.string())]))),
});

/** What a person does in Discord, by the app's side of the emulator. */
export function createDiscordActs({ discord }: Playground) {
  const windows = new Map<string, InteractionHandle>();

  /** What comes of an interaction at once: a window to fill in, or nothing but what the channel shows. */
  function outcomeOf(handle: InteractionHandle) {
    if (handle.modal === undefined) return {};
    windows.set(handle.id, handle);
    const [oldest] = windows.keys();
    if (windows.size > MAX_OPEN_WINDOWS && oldest !== undefined) windows.delete(oldest);
    return { interaction: handle.id, modal: handle.modal };
  }

  async function press(body: unknown, me: PlayedPerson) {
    const { message, customId } = schemas.press.parse(body);
    return outcomeOf(await discord.press({ id: message }, (id) => id === customId, me.discord));
  }

  async function select(body: unknown, me: PlayedPerson) {
    const { message, customId, values } = schemas.select.parse(body);
    return outcomeOf(await discord.select({ id: message }, customId, values, me.discord));
  }

  async function react(body: unknown, me: PlayedPerson): Promise<void> {
    const { message, emoji, isOn } = schemas.react.parse(body);
    if (isOn) discord.react(message, emoji, me.discord);
    else discord.unreact(message, emoji, me.discord);
  }

  async function edit(body: unknown, me: PlayedPerson): Promise<void> {
    const { message, text } = schemas.edit.parse(body);
    discord.editMessage(message, me.discord, withMentions(text));
  }

  async function remove(body: unknown, me: PlayedPerson): Promise<void> {
    const { message } = schemas.delete.parse(body);
    discord.deleteMessage(message, me.discord);
  }

  async function messageCommand(body: unknown, me: PlayedPerson) {
    const { message, name } = schemas.messageCommand.parse(body);
    return outcomeOf(await discord.runMessageCommand({ user: me.discord, message, name }));
  }

  async function autocomplete(body: unknown, me: PlayedPerson) {
    const { subcommand, ...use } = schemas.autocomplete.parse(body);
    const below = subcommand === undefined ? {} : { subcommand };
    return { choices: await discord.autocomplete({ user: me.discord, ...use, ...below }) };
  }

  async function message(form: Form, me: PlayedPerson): Promise<void> {
    const given = Object.fromEntries(
      ['channel', 'content', 'replyTo'].map((name) => [name, form.text(name)]),
    );
    const { channel, content, replyTo } = messageSchema.parse(given);
    const files = (await form.files('file')).map(asUpload);
    const reply = replyTo === undefined ? {} : { replyTo };
    await discord.sendMessage(channel, me.discord, { content: withMentions(content), files, ...reply });
  }

  async function command(form: Form, me: PlayedPerson) {
    const given = Object.fromEntries(
      ['channel', 'name', 'subcommand', 'options'].map((name) => [name, form.text(name)]),
    );
    const { channel, name, subcommand, options } = commandSchema.parse(given);
    const inputs: OptionInputs = { ...options };
    for (const [option, [file]] of await filesIn(form)) if (file) inputs[option] = file;
    const below = subcommand === undefined ? {} : { subcommand };
    return outcomeOf(
      await discord.runCommand({ user: me.discord, channel, name, options: inputs, ...below }),
    );
  }

  async function modal(form: Form, me: PlayedPerson) {
    const given = Object.fromEntries(['interaction', 'fields'].map((name) => [name, form.text(name)]));
    const { interaction, fields } = modalSchema.parse(given);
    const handle = windows.get(interaction);
    if (handle === undefined || handle.interaction.userId !== me.discord.id)
      throw new Error('This window is not open any more.');
    const inputs: FieldInputs = { ...fields };
    for (const [field, files] of await filesIn(form)) inputs[field] = files;
    const submitted = await discord.submitModal(handle, inputs);
    windows.delete(interaction);
    return outcomeOf(submitted);
  }

  /** The app puts a mention in place of a name with @. */
  function withMentions(text: string): string {
    const { bot, users } = discord.state;
    const names = [bot, ...[...users.values()].map(({ user }) => user)].map(
      ({ id, username, global_name }) => [global_name ?? username, id] as const,
    );
    return names.reduce((said, [name, id]) => said.replaceAll(`@${name}`, `<@${id}>`), text);
  }

  return {
    json: { press, select, react, edit, delete: remove, 'message-command': messageCommand, autocomplete },
    forms: { message, command, modal },
  };
}

async function filesIn(form: Form): Promise<[string, UploadFile[]][]> {
  const names = form.names().filter((name) => name.startsWith(FILE_FIELD));
  return Promise.all(
    names.map(
      async (name): Promise<[string, UploadFile[]]> => [
        name.slice(FILE_FIELD.length),
        (await form.files(name)).map(asUpload),
      ],
    ),
  );
}

const asUpload = ({ bytes, fileName, contentType }: SentBytes): UploadFile => ({
  bytes,
  fileName,
  contentType,
});
