// Part of the emulator's own tests: speaks the wire as any client would, without a bot library.
import type { ApiMethods } from 'grammy/types';
import sharp from 'sharp';
import type { TelegramEmulator } from './index.ts';

type Result<M extends string> = M extends keyof ApiMethods ? ReturnType<ApiMethods[M]> : unknown;

/** The envelope with its HTTP status; `result` is absent when `ok` is false. */
export type WireReply<M extends string> = {
  status: number;
  ok: boolean;
  result: Result<M>;
  error_code?: number;
  description?: string;
  parameters?: { retry_after?: number; migrate_to_chat_id?: number };
};

/** Creates a function that calls a method, by JSON, or by multipart when given a form. */
export const createCall =
  ({ apiUrl, token }: Pick<TelegramEmulator, 'apiUrl' | 'token'>) =>
  async <M extends string>(
    method: M,
    parameters: Record<string, unknown> | FormData = {},
  ): Promise<WireReply<M>> => {
    const request =
      parameters instanceof FormData
        ? { body: parameters }
        : { body: JSON.stringify(parameters), headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${apiUrl}/bot${token}/${method}`, { method: 'POST', ...request });
    return { ...JSON.parse(await response.text()), status: response.status };
  };

/** Makes a picture of one colour. */
export async function makePicture(width: number, height: number, format: 'jpeg' | 'png' = 'jpeg') {
  const picture = sharp({ create: { width, height, channels: 3, background: { r: 200, g: 60, b: 20 } } });
  return new Uint8Array(await picture.toFormat(format).toBuffer());
}

/** A form from plain fields, nested ones as JSON, and files. */
export function makeForm(fields: Record<string, unknown>, files: Record<string, Uint8Array<ArrayBuffer>>) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields))
    form.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  for (const [name, bytes] of Object.entries(files)) form.set(name, new Blob([bytes]), `${name}.bin`);
  return form;
}
