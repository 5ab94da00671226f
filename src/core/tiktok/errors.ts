interface RefusalFields {
  /** Path of the call, without query. */
  endpoint: string;
  httpStatus: number;
  /** TikTok's code as it spelled it. */
  code: string;
  logId?: string | undefined;
  tiktokMessage: string;
}

/** No answer that proves anything: TikTok may or may not have acted on the call. */
export class TikTokUnreachableError extends Error {
  override readonly name = 'TikTokUnreachableError' as const;
  readonly endpoint: string;
  /** Absent when no answer came at all. */
  readonly httpStatus: number | undefined;
  /** Present when TikTok said itself that it failed inside. */
  readonly code: string | undefined;
  readonly logId: string | undefined;

  constructor(
    fields: {
      endpoint: string;
      problem: string;
      httpStatus?: number | undefined;
      code?: string | undefined;
      logId?: string | undefined;
    },
    options?: ErrorOptions,
  ) {
    super(
      `TikTok gave no usable answer to ${fields.endpoint}: ${fields.problem}${evidence(fields)}. ` +
        'It may still have acted on the call; check the connection and try again later.',
      options,
    );
    this.endpoint = fields.endpoint;
    this.httpStatus = fields.httpStatus;
    this.code = fields.code;
    this.logId = fields.logId;
  }
}

/** A clear no that was decoded: TikTok did not do what the call asked for. */
export class TikTokApiError extends Error {
  override readonly name: string = 'TikTokApiError';
  readonly endpoint: string;
  readonly httpStatus: number;
  readonly code: string;
  readonly logId: string | undefined;
  readonly tiktokMessage: string;

  constructor(fields: RefusalFields, advice = 'Look the code up in the documentation of the endpoint.') {
    const said = fields.tiktokMessage === '' ? '' : ` TikTok says: “${fields.tiktokMessage}”`;
    super(`TikTok refused ${fields.endpoint} with ${fields.code}${evidence(fields)}.${said} ${advice}`);
    this.endpoint = fields.endpoint;
    this.httpStatus = fields.httpStatus;
    this.code = fields.code;
    this.logId = fields.logId;
    this.tiktokMessage = fields.tiktokMessage;
  }
}

/** The token or code that was sent is dead: refresh it, or connect the account again. */
export class TikTokAuthError extends TikTokApiError {
  override readonly name = 'TikTokAuthError';

  constructor(fields: RefusalFields) {
    super(fields, 'Refresh the token, or connect the account again.');
  }
}

/** Too many calls: nothing was accepted, and the call may be repeated after `retryAfterMs`. */
export class TikTokRateLimitError extends TikTokApiError {
  override readonly name = 'TikTokRateLimitError';
  readonly retryAfterMs: number;
  /** True when our own limiter kept the call back, so that TikTok never saw it. */
  readonly heldBack: boolean;

  constructor(fields: RefusalFields & { retryAfterMs: number; heldBack: boolean }) {
    const who = fields.heldBack ? 'The call was kept back before TikTok saw it. ' : '';
    super(fields, `${who}Call again in ${Math.ceil(fields.retryAfterMs / 1000)} seconds.`);
    this.retryAfterMs = fields.retryAfterMs;
    this.heldBack = fields.heldBack;
  }
}

function evidence({ httpStatus, logId }: { httpStatus?: number | undefined; logId?: string | undefined }) {
  const facts = [
    httpStatus === undefined ? undefined : `HTTP ${httpStatus}`,
    logId === undefined ? undefined : `log id ${logId}`,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? '' : ` (${facts.join(', ')})`;
}
