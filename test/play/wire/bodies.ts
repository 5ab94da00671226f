import type { IncomingHttpHeaders } from 'node:http';

const MAX_SHOWN = 100_000;

/** Headers, one text each. */
export const flatHeaders = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join('; ')]],
    ),
  );

/** A body as somebody can read it: files by name and size, bytes by their number. */
export async function readableBody(bytes: Buffer, contentType = ''): Promise<string> {
  if (bytes.length === 0) return '';
  if (contentType.startsWith('multipart/form-data')) return readableForm(bytes, contentType);
  if (isText(contentType)) return clip(bytes.toString('utf8'));
  return `(${sizeOf(bytes.length)} of ${contentType || 'bytes'})`;
}

export const isJson = (contentType = ''): boolean => /^application\/(problem\+)?json\b/i.test(contentType);

const isText = (contentType: string): boolean =>
  isJson(contentType) || /^(text\/|application\/x-www-form-urlencoded)/i.test(contentType);

async function readableForm(bytes: Buffer, contentType: string): Promise<string> {
  const headers = { 'content-type': contentType };
  const form = await new Response(new Uint8Array(bytes), { headers }).formData().catch(() => undefined);
  if (form === undefined) return `(${sizeOf(bytes.length)} of a form)`;
  const fields = [...form].map(([name, value]) => [
    name,
    typeof value === 'string' ? fieldOf(value) : fileOf(value),
  ]);
  return clip(JSON.stringify(Object.fromEntries(fields), undefined, 2));
}

/** A field that is JSON is shown as such. */
function fieldOf(value: string): unknown {
  if (!/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const fileOf = ({ name, size, type }: File): string => `(file ${name}, ${type}, ${sizeOf(size)})`;

/** As much of a text as is shown. */
export const clip = (text: string): string =>
  text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)} …`;

/** A size for people. */
export const sizeOf = (bytes: number): string =>
  bytes < 1_000
    ? `${bytes} bytes`
    : bytes < 1e6
      ? `${Math.round(bytes / 1e3)} KB`
      : `${(bytes / 1e6).toFixed(1)} MB`;
