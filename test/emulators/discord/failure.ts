// Faithful: status, code, message and errors object of refusals
// (https://discord.com/developers/docs/topics/opcodes-and-status-codes#json). Simplified: a selection of the codes.

export type ErrorLeaf = { code: string; message: string };
export type ErrorPath = (string | number)[];
export type Violation = ErrorLeaf & { path: ErrorPath };
export type ErrorTree = { _errors?: ErrorLeaf[]; [key: string]: ErrorTree | ErrorLeaf[] | undefined };

/** A refusal that the API answers as {code, message, errors?}. */
export class ApiFailure extends Error {
  override name = 'ApiFailure';
  readonly status: number;
  readonly code: number;
  readonly extra: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: number,
    message: string,
    extra: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.extra = extra;
    this.headers = headers;
  }
}

export const unauthorized = () => new ApiFailure(401, 0, '401: Unauthorized');
export const notFound = () => new ApiFailure(404, 0, '404: Not Found');
export const unknownChannel = () => new ApiFailure(404, 10003, 'Unknown Channel');
export const unknownGuild = () => new ApiFailure(404, 10004, 'Unknown Guild');
export const unknownMember = () => new ApiFailure(404, 10007, 'Unknown Member');
export const unknownMessage = () => new ApiFailure(404, 10008, 'Unknown Message');
export const unknownUser = () => new ApiFailure(404, 10013, 'Unknown User');
export const unknownEmoji = () => new ApiFailure(400, 10014, 'Unknown Emoji');
export const unknownWebhook = () => new ApiFailure(404, 10015, 'Unknown Webhook');
export const unknownInteraction = () => new ApiFailure(404, 10062, 'Unknown interaction');
export const missingAccess = () => new ApiFailure(403, 50001, 'Missing Access');
export const notTextChannel = () => new ApiFailure(400, 50008, 'Cannot send messages in a non-text channel');
export const missingPermissions = () => new ApiFailure(403, 50013, 'Missing Permissions');
export const archivedThread = () => new ApiFailure(400, 50083, 'Thread is archived');
export const lockedThread = () => new ApiFailure(400, 160005, 'Thread is locked');
export const blockedByAutoMod = () =>
  new ApiFailure(400, 200000, 'Message was blocked by automatic moderation');
export const noMutualGuild = () =>
  new ApiFailure(403, 50278, 'Cannot send messages to this user due to having no mutual guilds');
export const invalidWebhookToken = () => new ApiFailure(401, 50027, 'Invalid Webhook Token');
export const entityTooLarge = () => new ApiFailure(413, 40005, 'Request entity too large');
export const emptyMessage = () => new ApiFailure(400, 50006, 'Cannot send an empty message');

/** 429; a limit of one route unless told that it is global. */
export function rateLimited(
  retryAfterSeconds: number,
  { isGlobal = false, code }: { isGlobal?: boolean; code?: number } = {},
) {
  const message =
    code === 30046
      ? 'Maximum number of edits to messages older than 1 hour reached. Try again later'
      : 'You are being rate limited.';
  return new ApiFailure(
    429,
    code ?? 0,
    message,
    { retry_after: retryAfterSeconds, global: isGlobal },
    {
      'Retry-After': String(Math.ceil(retryAfterSeconds)),
      'X-RateLimit-Scope': isGlobal ? 'global' : 'user',
      'X-RateLimit-Reset-After': String(retryAfterSeconds),
      ...(isGlobal ? { 'X-RateLimit-Global': 'true' } : {}),
    },
  );
}

/** 50035 with the violations as a tree of errors. */
export function invalidForm(violations: Violation[]) {
  const errors: ErrorTree = {};
  for (const { path, code, message } of violations) {
    let node = errors;
    for (const key of path) {
      const next = node[key];
      const child: ErrorTree = next && !Array.isArray(next) ? next : {};
      node[key] = child;
      node = child;
    }
    node._errors = [...(node._errors ?? []), { code, message }];
  }
  return new ApiFailure(400, 50035, 'Invalid Form Body', { errors });
}
