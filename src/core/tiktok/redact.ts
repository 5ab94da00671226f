/** Tokens as TikTok prefixes them, wherever they turn up in its texts. */
const TOKEN = /\b(?:act|rft|clt)\.[^\s"'<>,;&]+/g;

const MAX_LENGTH = 500;

/** Makes a text of TikTok's fit for errors and logs: bounded, and without tokens or any of the secrets. */
export function redact(text: string, secrets: readonly string[]): string {
  let safe = text;
  for (const secret of secrets) {
    if (secret !== '') safe = safe.replaceAll(secret, '[hidden]');
  }
  return safe.replace(TOKEN, '[hidden]').slice(0, MAX_LENGTH);
}
