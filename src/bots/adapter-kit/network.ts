/** The connection was never made, so the request never left. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** What a failed connection tells: the system's code in brackets, and whether the request may have arrived. */
export function connectionFailure(error: unknown): { readonly code: string; readonly maybeDone: boolean } {
  const code = codeOf(error);
  if (code === undefined) return { code: '', maybeDone: true };
  return { code: ` (${code})`, maybeDone: !NEVER_CONNECTED.has(code) };
}

/** The system's code, such as ECONNREFUSED; the rest of the error may name the URL. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[A-Z0-9_]+$/.test(error.code) ? error.code : undefined;
}
