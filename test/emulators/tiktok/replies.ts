import { randomBytes } from 'node:crypto';
import type { Strictness } from './options.ts';

export type Reply = {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** True when the request did what it asked for. */
  succeeded: boolean;
  errorCode?: string;
  /** Runs once the reply has left or was dropped. */
  after?: () => void;
};

/** A refusal in the envelope of the API. */
export class ApiRefusal extends Error {
  override name = 'ApiRefusal';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A refusal in the flat shape of the OAuth endpoints. */
export class OAuthRefusal extends Error {
  override name = 'OAuthRefusal';
  readonly code: string;
  constructor(code: string, description: string) {
    super(description);
    this.code = code;
  }
}

export const postInfoRefusal = () =>
  new ApiRefusal(400, 'invalid_params', 'The request post info is empty or incorrect');
export const sourceInfoRefusal = () =>
  new ApiRefusal(400, 'invalid_params', 'The request source info is empty or incorrect');
/** TikTok answers most 403s with this text whatever the code. */
export const guidelinesRefusal = (code: string) =>
  new ApiRefusal(
    403,
    code,
    'Please review our integration guidelines at https://developers.tiktok.com/doc/content-sharing-guidelines/',
  );

/** Marks a decimal string that the JSON text shows as a bare 64-bit integer. */
export const int64 = (decimal: string) => `@int64:${decimal}`;

export function apiSuccess(data?: Record<string, unknown>, after?: () => void): Reply {
  const logId = makeLogId();
  const envelope = { ...(data && { data }), error: { code: 'ok', message: '', log_id: logId } };
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-tt-logid': logId },
    body: JSON.stringify(envelope).replace(/"@int64:(\d+)"/g, '$1'),
    succeeded: true,
    ...(after && { after }),
  };
}

export function apiFailure(refusal: ApiRefusal, strict: Strictness): Reply {
  const logId = makeLogId();
  const code = refusal.code === 'invalid_params' ? strict.invalidParamsCode : refusal.code;
  const error = { code, message: refusal.message, log_id: logId };
  return {
    status: refusal.status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-tt-logid': logId },
    body: JSON.stringify(strict.errorsCarryData ? { data: {}, error } : { error }),
    succeeded: false,
    errorCode: code,
  };
}

export function oauthSuccess(value: Record<string, unknown>): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-tt-logid': makeLogId() },
    body: JSON.stringify(value),
    succeeded: true,
  };
}

export function oauthFailure(refusal: OAuthRefusal, strict: Strictness): Reply {
  const logId = makeLogId();
  return {
    status: strict.oauthErrorStatus,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-tt-logid': logId },
    body: JSON.stringify({ error: refusal.code, error_description: refusal.message, log_id: logId }),
    succeeded: false,
    errorCode: refusal.code,
  };
}

export function html(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', ...headers },
    body,
    succeeded: status < 400,
  };
}

export function redirect(location: string, headers: Record<string, string> = {}): Reply {
  return { status: 302, headers: { location, ...headers }, body: '', succeeded: true };
}

export function plain(status: number, body: string): Reply {
  return { status, headers: { 'content-type': 'text/plain' }, body, succeeded: status < 400 };
}

/** What a gateway in front of the API says when it has trouble. */
export function gatewayPage(status: number): Reply {
  return html(
    status,
    `<html><head><title>${status}</title></head><body><center>tengine</center></body></html>`,
  );
}

function makeLogId() {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  return `${stamp}${randomBytes(9).toString('hex').toUpperCase()}`;
}
