// Faithful: error_code, description and parameters as the Bot API server words them
// (https://core.telegram.org/bots/api#making-requests). Simplified: one prefix per code. Missing: test data centre.
import type { ResponseParameters } from 'grammy/types';

/** A refusal that the server answers as {ok: false}. */
export class ApiFailure extends Error {
  override name = 'ApiFailure';
  readonly errorCode: number;
  readonly parameters: ResponseParameters | undefined;

  constructor(errorCode: number, description: string, parameters?: ResponseParameters) {
    super(description);
    this.errorCode = errorCode;
    this.parameters = parameters;
  }
}

export const badRequest = (reason: string, parameters?: ResponseParameters) =>
  new ApiFailure(400, `Bad Request: ${reason}`, parameters);

export const forbidden = (reason: string) => new ApiFailure(403, `Forbidden: ${reason}`);

export const notFound = () => new ApiFailure(404, 'Not Found');

export const unauthorized = () => new ApiFailure(401, 'Unauthorized');

export const tooManyRequests = (retryAfterSeconds: number) =>
  new ApiFailure(429, `Too Many Requests: retry after ${retryAfterSeconds}`, {
    retry_after: retryAfterSeconds,
  });
