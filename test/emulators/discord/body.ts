// Faithful: JSON bodies, or multipart with payload_json and files[n]
// (https://discord.com/developers/docs/reference#uploading-files). Simplified: bodies are read whole. Missing: form
// fields in place of payload_json.
import type { IncomingMessage } from 'node:http';
import { ApiFailure, entityTooLarge } from './failure.ts';
import type { Upload } from './message-content.ts';

// The edge refuses larger bodies before any route sees them.
const MAX_BODY_BYTES = 500 * 1024 * 1024;

export type Body = { json: unknown; uploads: Upload[] };

/** Reads the body of a request. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const bytes = await readAll(request);
  const type = request.headers['content-type'] ?? '';
  if (bytes.byteLength === 0) return { json: undefined, uploads: [] };
  if (type.startsWith('multipart/form-data')) return await readForm(bytes, type);
  if (type.startsWith('application/json')) return { json: parseJson(String(bytes)), uploads: [] };
  throw new ApiFailure(400, 50035, 'Invalid Form Body', {
    errors: {
      _errors: [
        {
          code: 'CONTENT_TYPE_INVALID',
          message: 'Expected "Content-Type" header to be one of {application/json, multipart/form-data}.',
        },
      ],
    },
  });
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES) throw entityTooLarge();
  return Buffer.concat(chunks);
}

async function readForm(body: Buffer, type: string): Promise<Body> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } })
    .formData()
    .catch(() => {
      throw new ApiFailure(400, 50109, 'The request body contains an invalid form.');
    });
  const uploads: Upload[] = [];
  let json: unknown;
  for (const [name, part] of form) {
    const index = /^files\[(\d+)\]$/.exec(name)?.[1];
    if (typeof part === 'string') {
      if (name === 'payload_json') json = parseJson(part);
    } else if (name === 'payload_json') json = parseJson(await part.text());
    else if (index !== undefined)
      uploads.push({
        index,
        fileName: part.name,
        contentType: part.type === 'application/octet-stream' ? '' : part.type,
        bytes: new Uint8Array(await part.arrayBuffer()),
      });
  }
  return { json, uploads };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiFailure(400, 50109, 'The request body contains invalid JSON.');
  }
}
