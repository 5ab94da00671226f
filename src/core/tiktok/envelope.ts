import { z } from 'zod';
import { parseJsonLosslessly } from './json.ts';

export type Envelope =
  /** `payload` is the `data` of an API reply, or the whole of an OAuth reply; undefined when TikTok sent none. */
  | { outcome: 'ok'; payload: unknown }
  | { outcome: 'refused'; code: string; message: string; logId?: string | undefined }
  /** `problem` names no content: the body of a token reply may hold tokens. */
  | { outcome: 'unreadable'; problem: string; logId?: string | undefined };

const text = z.string().optional().catch(undefined);

const apiError = z.object({ code: z.string().min(1), message: text, log_id: text });

const anyReply = z.looseObject({ error: z.union([z.string(), apiError]).optional() });

/**
 * Decodes a reply: `error` as an object is the API's shape, as a string it is OAuth's.
 * An API reply without `error` is unreadable; an OAuth reply without it is a success, and may be empty.
 * https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
 * https://developers.tiktok.com/doc/oauth-error-handling
 */
export function readEnvelope({
  body,
  httpStatus,
  shape,
}: {
  body: string;
  httpStatus: number;
  shape: 'api' | 'oauth';
}): Envelope {
  const good = httpStatus >= 200 && httpStatus < 300;
  if (body === '' && good && shape === 'oauth') return { outcome: 'ok', payload: undefined };

  const reply = anyReply.safeParse(tryParse(body));
  if (!reply.success) return { outcome: 'unreadable', problem: 'the body is not an answer of its API' };

  const { error } = reply.data;
  if (typeof error === 'string' && error !== '') {
    const { error_description: description, log_id: logId } = reply.data;
    return {
      outcome: 'refused',
      code: error,
      message: typeof description === 'string' ? description : '',
      logId: typeof logId === 'string' ? logId : undefined,
    };
  }
  if (typeof error === 'object') {
    const { code, message = '', log_id: logId } = error;
    if (code !== 'ok') return { outcome: 'refused', code, message, logId };
    if (good) return { outcome: 'ok', payload: reply.data.data };
    return { outcome: 'unreadable', problem: 'it says ok with an HTTP status that is not', logId };
  }
  if (good && shape === 'oauth') return { outcome: 'ok', payload: reply.data };
  return { outcome: 'unreadable', problem: 'the body has no error object' };
}

/** The message of a `SyntaxError` quotes the body, which may hold tokens; so it goes no further. */
function tryParse(body: string): unknown {
  try {
    return parseJsonLosslessly(body);
  } catch {
    return undefined;
  }
}
