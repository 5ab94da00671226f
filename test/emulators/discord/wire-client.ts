// Part of the emulator's own tests: calls on the wire without any library.
import sharp from 'sharp';
import type { ZodMiniType } from 'zod/mini';
import type { DiscordEmulator } from './index.ts';

export type WireReply = { status: number; body: unknown; headers: Headers };

/** Creates a function that calls a route with the bot's token, by JSON, or by multipart when given files. */
export const createCall =
  ({ apiUrl, token }: Pick<DiscordEmulator, 'apiUrl' | 'token'>) =>
  async (
    method: string,
    path: string,
    body?: unknown,
    files: Record<string, Uint8Array<ArrayBuffer>> = {},
  ): Promise<WireReply> => {
    const form = new FormData();
    form.set('payload_json', JSON.stringify(body ?? {}));
    for (const [index, [name, bytes]] of Object.entries(files).entries())
      form.set(`files[${index}]`, new Blob([bytes]), name);
    const isForm = Object.keys(files).length > 0;
    const response = await fetch(`${apiUrl}/v10${path}`, {
      method,
      headers: {
        authorization: `Bot ${token}`,
        'user-agent': 'DiscordBot (https://example.com, 1)',
        ...(isForm || body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(isForm ? { body: form } : body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? undefined : JSON.parse(text),
      headers: response.headers,
    };
  };

/** Makes a picture of one colour. */
export async function makePicture(width = 64, height = 48) {
  const picture = sharp({ create: { width, height, channels: 3, background: { r: 200, g: 60, b: 20 } } });
  return new Uint8Array(await picture.png().toBuffer());
}

/** What of an answer does not fit Discord's published schema; their timestamps are spelled with Z. */
export const misfits = (schema: ZodMiniType, body: unknown) =>
  schema.safeParse(JSON.parse(JSON.stringify(body).replaceAll('+00:00"', 'Z"'))).error?.issues;
