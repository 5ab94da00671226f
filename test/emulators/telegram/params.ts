// Faithful: the four ways to pass parameters, nested objects as JSON strings in all but JSON bodies, uploads in
// multipart parts (https://core.telegram.org/bots/api#making-requests). Simplified: bodies are read whole.
import type { IncomingMessage } from 'node:http';
import { ApiFailure, badRequest } from './failure.ts';

export type Upload = { fileName: string; mimeType: string; bytes: Uint8Array };
type Value = { upload: Upload } | { value: unknown };

// The server refuses larger bodies before it looks at the method; the slack is for the other parts.
const MAX_BODY_BYTES = 50 * 1024 * 1024 + 64 * 1024;

/** Reads query string and body of a request into parameters. */
export async function readParams(request: IncomingMessage, query: URLSearchParams): Promise<Params> {
  const values = new Map<string, Value>();
  for (const [name, value] of query) values.set(name, { value });
  const body = await readBody(request);
  const type = request.headers['content-type'] ?? '';
  if (body.byteLength === 0) return createParams(values);
  if (type.startsWith('application/json')) readJson(body, values);
  else if (type.startsWith('multipart/form-data') || type.startsWith('application/x-www-form-urlencoded'))
    await readForm(body, type, values);
  else throw badRequest('unsupported content type');
  return createParams(values);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) throw new ApiFailure(413, 'Request Entity Too Large');
  return Buffer.concat(chunks);
}

function readJson(body: Buffer, values: Map<string, Value>) {
  const json = parseJson(body.toString(), () => badRequest("can't parse JSON object"));
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badRequest("can't parse JSON object");
  for (const [name, value] of Object.entries(json)) if (value !== null) values.set(name, { value });
}

async function readForm(body: Buffer, type: string, values: Map<string, Value>) {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } })
    .formData()
    .catch(() => {
      throw badRequest("can't parse the form");
    });
  for (const [name, part] of form) {
    if (typeof part === 'string') values.set(name, { value: part });
    else {
      const bytes = new Uint8Array(await part.arrayBuffer());
      values.set(name, { upload: { fileName: part.name, mimeType: part.type, bytes } });
    }
  }
}

function createParams(values: Map<string, Value>) {
  const raw = (name: string): unknown => {
    const entry = values.get(name);
    return entry && 'value' in entry ? entry.value : undefined;
  };

  const params = {
    names: () => [...values.keys()],

    text(name: string): string | undefined {
      const value = raw(name);
      if (value === undefined || typeof value === 'string') return value;
      if (typeof value === 'number' || typeof value === 'boolean') return String(value);
      throw badRequest(`field "${name}" must be of type String`);
    },

    integer(name: string): number | undefined {
      const value = raw(name);
      if (value === undefined || value === '') return undefined;
      const number = typeof value === 'string' ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isSafeInteger(number))
        throw badRequest(`field "${name}" must be an integer Number`);
      return number;
    },

    boolean(name: string): boolean {
      const value = raw(name);
      return value === true || (typeof value === 'string' && /^(true|yes|1)$/i.test(value));
    },

    /** A nested object or list, given as JSON or as a JSON string. */
    object(name: string): unknown {
      const value = raw(name);
      if (value === undefined || value === '') return undefined;
      if (typeof value !== 'string') return value;
      return parseJson(value, () => badRequest(`can't parse ${name} JSON object`));
    },

    upload(name: string): Upload | undefined {
      const entry = values.get(name);
      return entry && 'upload' in entry ? entry.upload : undefined;
    },

    /** For the log: uploads with their size in place of their bytes. */
    plain(): Record<string, unknown> {
      const entries = [...values].map(([name, entry]) => {
        if ('value' in entry) return [name, entry.value];
        const { fileName, mimeType, bytes } = entry.upload;
        return [name, { fileName, mimeType, bytes: bytes.byteLength }];
      });
      return Object.fromEntries(entries);
    },
  };
  return params;
}

export type Params = ReturnType<typeof createParams>;

function parseJson(text: string, failure: () => Error): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failure();
  }
}
