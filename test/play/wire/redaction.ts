import type { WireEntry, WirePart } from './timeline.ts';

/** What stands in place of a secret. */
const BLACK = '█████';

/** Headers whose whole value opens something, or proves something. */
const SECRET_HEADERS = new Set(['authorization', 'cookie', 'set-cookie', 'tiktok-signature']);

/** Fields of JSON that carry a secret; in an answer `code` is what went wrong. */
const SECRET_FIELDS = /^(access_?token|refresh_?token|client_?secret|token|session_id|upload_url)$/i;
/** Fields of forms that carry one. */
const SECRET_INPUTS = /^(access_token|refresh_token|client_secret|token|code|code_verifier|state)$/i;

/** Parts of addresses that open something for whoever has them. */
const SECRET_PATHS: readonly (readonly [RegExp, string])[] = [
  [/(\/bot)[^/\s"]+(?=\/)/g, `$1${BLACK}`],
  [/(\/(?:connect|upload|compose|look|media)\/)[\w.~%=-]{12,}(?:\/[^\s"?<]*)?/g, `$1${BLACK}`],
  [/(\/interactions\/\d+\/)[\w.-]+/g, `$1${BLACK}`],
  [/(\/webhooks\/\d+\/)[\w.-]+/g, `$1${BLACK}`],
  [
    /([?&](?:access_token|refresh_token|client_secret|code|code_verifier|state|hm|ex|is|upload_token|upload_id)=)[^&\s"]+/g,
    `$1${BLACK}`,
  ],
  // Codes that are typed: to claim, to join, to link.
  [/\b[A-Z0-9]{4}-[A-Z0-9]{4}\b/g, BLACK],
  [/(\b(?:t=\d+,s=))[0-9a-f]{16,}/g, `$1${BLACK}`],
];

/** Blacks out secrets in what is shown of the wire: those that are known by their value, and what looks like one by its place. */
export function createRedaction({ secrets }: { secrets: () => Iterable<string> }) {
  function text(value: string): string {
    let shown = value;
    for (const secret of secrets()) {
      if (secret.length < 8) continue;
      shown = shown.replaceAll(secret, BLACK).replaceAll(encodeURIComponent(secret), BLACK);
    }
    for (const [pattern, put] of SECRET_PATHS) shown = shown.replaceAll(pattern, put);
    return shown;
  }

  function headers(all: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(all).map(([name, value]) => [
        name,
        SECRET_HEADERS.has(name.toLowerCase()) ? BLACK : text(value),
      ]),
    );
  }

  function part({ headers: all, body }: WirePart): WirePart {
    return { headers: headers(all), body: text(bodyOf(body)) };
  }

  return {
    text,
    /** An entry as it may be shown. */
    entry(entry: WireEntry): WireEntry {
      return {
        ...entry,
        path: text(entry.path),
        request: part(entry.request),
        ...(entry.response && { response: part(entry.response) }),
        ...(entry.problem !== undefined && { problem: text(entry.problem) }),
      };
    },
  };
}

export type Redaction = ReturnType<typeof createRedaction>;

/** A body laid out for reading, without the fields that carry a secret. */
function bodyOf(body: string): string {
  const trimmed = body.trim();
  if (/^[[{]/.test(trimmed)) {
    try {
      return JSON.stringify(JSON.parse(trimmed, blackOut), undefined, 2);
    } catch {
      return body;
    }
  }
  if (/^[\w.]+=[^\s]*$/.test(trimmed) && !trimmed.includes('\n')) return formOf(trimmed);
  return body;
}

function blackOut(key: string, value: unknown): unknown {
  if (typeof value !== 'string' || value === '') return value;
  if (SECRET_FIELDS.test(key)) return BLACK;
  // TikTok packs JSON into a text of a webhook.
  if (/^[[{]/.test(value)) {
    try {
      return JSON.stringify(JSON.parse(value, blackOut));
    } catch {
      return value;
    }
  }
  return value;
}

function formOf(body: string): string {
  return [...new URLSearchParams(body)]
    .map(([name, value]) => `${name}=${SECRET_INPUTS.test(name) ? BLACK : value}`)
    .join('\n');
}
