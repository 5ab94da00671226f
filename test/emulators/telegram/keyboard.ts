// Faithful: kinds of reply_markup, callback_data of 1-64 bytes, addresses of url buttons, styles
// (https://core.telegram.org/bots/api#inlinekeyboardmarkup). Simplified: at most 100 buttons in all. Missing: login,
// game, payment, web app and inline-mode buttons, which are refused.
import type { InlineKeyboardButton, InlineKeyboardMarkup } from 'grammy/types';
import { z } from 'zod';
import { badRequest } from './failure.ts';
import type { OtherMarkup } from './state.ts';

const MAX_BUTTONS = 100;
const MAX_CALLBACK_BYTES = 64;
const BUTTON_KEYS = new Set(['text', 'url', 'callback_data', 'copy_text', 'disabled', 'style']);

const buttonSchema = z.looseObject({
  text: z.string(),
  url: z.exactOptional(z.string()),
  callback_data: z.exactOptional(z.string()),
  copy_text: z.exactOptional(z.object({ text: z.string() })),
  style: z.exactOptional(z.enum(['danger', 'success', 'primary'])),
  disabled: z.exactOptional(z.looseObject({})),
});
type RawButton = z.infer<typeof buttonSchema>;
const inlineSchema = z.object({
  inline_keyboard: z.array(z.array(z.unknown())),
  force_reply: z.exactOptional(z.boolean()),
});

export type ReplyMarkup = { inline?: InlineKeyboardMarkup; other?: OtherMarkup };

/** Reads and checks a reply_markup; an inline keyboard without buttons counts as none. */
export function readReplyMarkup(value: unknown, lint: (note: string) => void): ReplyMarkup {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null)
    throw badRequest("can't parse reply keyboard markup JSON object");
  if ('force_reply' in value && !('inline_keyboard' in value)) return readForceReply(value);
  if ('remove_keyboard' in value) return { other: 'remove_keyboard' };
  if ('keyboard' in value) return readReplyKeyboard(value.keyboard);
  const parsed = inlineSchema.safeParse(value);
  if (!parsed.success) throw badRequest("can't parse inline keyboard markup JSON object");
  const rows = parsed.data.inline_keyboard
    .map((row) => row.map((button) => readButton(button, lint)))
    .filter((row) => row.length > 0);
  if (rows.flat().length > MAX_BUTTONS) throw badRequest('reply markup is too long');
  if (rows.length === 0) return {};
  const forceReply = parsed.data.force_reply ? { force_reply: true } : {};
  return { inline: { inline_keyboard: rows, ...forceReply } };
}

function readForceReply(value: object): ReplyMarkup {
  const placeholder = 'input_field_placeholder' in value ? value.input_field_placeholder : undefined;
  if (placeholder !== undefined && (typeof placeholder !== 'string' || !/^.{1,64}$/su.test(placeholder)))
    throw badRequest('input field placeholder must be 1-64 characters long');
  return { other: 'force_reply' };
}

function readReplyKeyboard(value: unknown): ReplyMarkup {
  if (!Array.isArray(value) || !value.every(Array.isArray))
    throw badRequest("can't parse reply keyboard markup JSON object");
  return { other: 'keyboard' };
}

function readButton(value: unknown, lint: (note: string) => void): InlineKeyboardButton {
  const parsed = buttonSchema.safeParse(value);
  if (!parsed.success) throw badRequest("can't parse inline keyboard button");
  const button = parsed.data;
  if (button.text.trim() === '') throw badRequest('inline keyboard button text must be non-empty');
  for (const key of Object.keys(button))
    if (!BUTTON_KEYS.has(key)) lint(`button "${button.text}" has the unknown or unsupported field ${key}`);
  const face = { text: button.text, ...(button.style ? { style: button.style } : {}) };
  return { ...face, ...readAction(button) };
}

/** Exactly one action field must be there. */
function readAction(button: RawButton) {
  const { url, callback_data: callbackData, copy_text: copyText, disabled } = button;
  const given = [url, callbackData, copyText, disabled].filter((field) => field !== undefined);
  if (given.length > 1) throw badRequest("can't parse inline keyboard button: several actions are given");
  if (callbackData !== undefined) {
    const bytes = Buffer.byteLength(callbackData);
    if (bytes < 1 || bytes > MAX_CALLBACK_BYTES) throw badRequest('BUTTON_DATA_INVALID');
    return { callback_data: callbackData };
  }
  if (url !== undefined) {
    if (!isButtonUrl(url)) throw badRequest('BUTTON_URL_INVALID');
    return { url };
  }
  if (copyText !== undefined) {
    if (!/^.{1,256}$/su.test(copyText.text)) throw badRequest('BUTTON_COPY_TEXT_INVALID');
    return { copy_text: copyText };
  }
  if (disabled !== undefined) return { disabled: {} };
  throw badRequest("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard");
}

/** http, https or tg; a web host needs a dot, so localhost and single labels are refused. */
function isButtonUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url) return false;
  if (url.protocol === 'tg:') return true;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  return url.hostname.replace(/\.$/, '').includes('.') || url.hostname.startsWith('[');
}
