import {
  type APIModalInteractionResponseCallbackData,
  type APIModalSubmitInteraction,
  ComponentType,
  FileUploadBuilder,
  LabelBuilder,
  ModalBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';
import type { Question } from '../platform.ts';
import { FILE_TYPES, MAX_FILES } from './commands.ts';
import { type Texts, textsIn } from './locales/index.ts';
import { clip } from './render.ts';

const COMPOSE = 'compose';
const ASK = 'ask:';
const FILES = 'files';
const TEXT = 'text';
// https://discord.com/developers/docs/components/reference
const MAX_TITLE_LENGTH = 45;
const MAX_HINT_LENGTH = 100;
const MAX_TEXT_LENGTH = 4_000;
const MAX_ID_LENGTH = 100;

type Modal = APIModalInteractionResponseCallbackData;

/** The window in which a post of several files is composed. */
export function composeModal(locale: string): Modal {
  const text = (name: keyof Texts['messages']) => textsIn(locale).messages[name];
  const files = new FileUploadBuilder()
    .setCustomId(FILES)
    .setMinValues(1)
    .setMaxValues(MAX_FILES)
    .setRequired(true)
    .setFileTypes(...FILE_TYPES);
  const upload = new LabelBuilder()
    .setLabel(text('composeFiles'))
    .setDescription(text('composeFilesHint'))
    .setFileUploadComponent(files);
  const caption = new LabelBuilder()
    .setLabel(text('composeCaption'))
    .setTextInputComponent(textInput(MAX_TEXT_LENGTH));
  return new ModalBuilder()
    .setCustomId(COMPOSE)
    .setTitle(text('composeTitle'))
    .addLabelComponents(upload, caption)
    .toJSON();
}

/** The window that asks for one text; it carries what the answer is about, so that it survives a restart. */
export function questionModal({ subject, title, text, hint, maxLength }: Question): Modal {
  const customId = `${ASK}${subject}`;
  if (customId.length > MAX_ID_LENGTH) throw new Error('The subject of a question is too long for Discord.');
  const length = Math.min(maxLength, MAX_TEXT_LENGTH);
  const input = textInput(length);
  if (text !== '') input.setValue(text.slice(0, length));
  const name = clip(title, MAX_TITLE_LENGTH);
  const label = new LabelBuilder().setLabel(name).setTextInputComponent(input);
  if (hint !== undefined) label.setDescription(clip(hint, MAX_HINT_LENGTH));
  return new ModalBuilder().setCustomId(customId).setTitle(name).addLabelComponents(label).toJSON();
}

/** What was filled in, by the window that it was filled in; undefined for a window that is not ours. */
export function readModal({ data }: APIModalSubmitInteraction) {
  const inputs = data.components.flatMap((part) =>
    part.type === ComponentType.Label ? [part.component] : [],
  );
  const input = inputs.find(({ custom_id }) => custom_id === TEXT);
  const text = input?.type === ComponentType.TextInput ? input.value : '';
  if (data.custom_id.startsWith(ASK)) return { subject: data.custom_id.slice(ASK.length), text };
  if (data.custom_id !== COMPOSE) return undefined;
  const upload = inputs.find(({ custom_id }) => custom_id === FILES);
  const ids = upload?.type === ComponentType.FileUpload ? upload.values : [];
  const files = ids.flatMap((id) => data.resolved?.attachments?.[id] ?? []);
  return { files, text };
}

const textInput = (maxLength: number) =>
  new TextInputBuilder()
    .setCustomId(TEXT)
    .setStyle(TextInputStyle.Paragraph)
    .setMaxLength(maxLength)
    .setRequired(false);
