import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TikTokApiError, TikTokAuthError, TikTokRateLimitError } from '../../../src/core/tiktok/errors.ts';
import {
  ACCESS_TOKEN,
  apiError,
  CLIENT_SECRET,
  CODE,
  INIT,
  MEDIA_URL,
  NOW,
  REFRESH_TOKEN,
  type SecretCalls,
  startSecretCalls,
  VERIFIER,
} from './calls-with-secrets.ts';

let server: SecretCalls['server'];
let client: SecretCalls['client'];
let logged: SecretCalls['logged'];
let exchange: SecretCalls['exchange'];
let refusal: SecretCalls['refusal'];
let unreachable: SecretCalls['unreachable'];
let close: SecretCalls['close'];

beforeEach(async () => {
  ({ server, client, logged, exchange, refusal, unreachable, close } = await startSecretCalls());
});

afterEach(async () => {
  await close();
});

describe('a clear no', () => {
  test.each([
    [400, 'invalid_params'],
    [401, 'scope_not_authorized'],
    [403, 'url_ownership_unverified'],
    [403, 'something_new'],
    [200, 'spam_risk_too_many_posts'],
  ])('is HTTP %i with %s', async (status, code) => {
    server.answersJson(status, apiError(code, 'Please review our guidelines'));
    const error = await refusal();
    expect(error.constructor).toBe(TikTokApiError);
    expect(error).toMatchObject({
      endpoint: INIT,
      httpStatus: status,
      code,
      logId: 'log-1',
      tiktokMessage: 'Please review our guidelines',
    });
    expect(error.message).toContain(code);
    expect(error.message).toContain('log-1');
  });

  test('takes the log id of the header where the body has none', async () => {
    server.answersJson(403, { data: {}, error: { code: 'spam_risk' } }, { 'x-tt-logid': 'log-header' });
    expect(await refusal()).toMatchObject({ code: 'spam_risk', logId: 'log-header', tiktokMessage: '' });
  });

  test('of a dead access token is an auth error', async () => {
    server.answersJson(401, apiError('access_token_invalid'));
    expect(await refusal()).toBeInstanceOf(TikTokAuthError);
  });

  test.each([400, 200])('of a dead grant is an auth error, with HTTP %i too', async (status) => {
    server.answersJson(status, { error: 'invalid_grant', error_description: 'Expired.', log_id: 'log-2' });
    const error = await refusal(() => client.refreshToken(REFRESH_TOKEN));
    expect(error).toBeInstanceOf(TikTokAuthError);
    expect(error).toMatchObject({ code: 'invalid_grant', logId: 'log-2', tiktokMessage: 'Expired.' });
  });

  test('of wrong app keys is no auth error: the account is fine', async () => {
    server.answersJson(401, { error: 'invalid_client', error_description: 'Client key.' });
    const error = await refusal(() => client.refreshToken(REFRESH_TOKEN));
    expect(error.constructor).toBe(TikTokApiError);
  });

  test('is logged as a warning where its code is unknown', async () => {
    server.answersJson(403, apiError('something_new'));
    await refusal();
    expect(logged).toContainEqual({
      level: 'warn',
      fields: { endpoint: INIT, httpStatus: 403, code: 'something_new', logId: 'log-1' },
      message: expect.any(String),
    });
  });
});

describe('too many calls', () => {
  test.each([
    ['an envelope', 429, JSON.stringify(apiError('rate_limit_exceeded'))],
    ['an envelope with a good status', 200, JSON.stringify(apiError('rate_limit_exceeded'))],
    ['a gateway', 429, '<html>Too many requests</html>'],
  ])('is said by %s', async (_name, status, body) => {
    server.answersJson(status, body);
    const error = await refusal();
    expect(error).toBeInstanceOf(TikTokRateLimitError);
    expect(error).toMatchObject({ code: 'rate_limit_exceeded', retryAfterMs: 60_000, heldBack: false });
  });

  test('is not what a known code with 429 means', async () => {
    server.answersJson(429, apiError('spam_risk_too_many_posts'));
    expect((await refusal()).constructor).toBe(TikTokApiError);
  });

  test.each([
    ['7', 7000],
    ['0', 1000],
    ['999999', 3_600_000],
    [new Date(NOW + 90_000).toUTCString(), 90_000],
    ['soon', 60_000],
  ])('waits as long as Retry-After %s says, within reason', async (header, retryAfterMs) => {
    server.answersJson(429, apiError('rate_limit_exceeded'), { 'retry-after': header });
    expect(await refusal()).toMatchObject({ retryAfterMs });
  });
});

describe('secrets', () => {
  const echo = (text: string) => `You sent ${text}, "${text}" and act.secret-of-another`;

  test('that TikTok repeats stay out of errors and logs', async () => {
    server.answersJson(400, apiError('invalid_params', echo(`${ACCESS_TOKEN} for ${MEDIA_URL}`)));
    expect((await refusal()).tiktokMessage).toContain('You sent [hidden]');
    server.answersJson(400, { error: 'invalid_request', error_description: echo(`${CODE} ${VERIFIER}`) });
    await refusal(exchange);
    server.answersJson(400, { error: CLIENT_SECRET, error_description: echo(REFRESH_TOKEN) });
    await refusal(() => client.refreshToken(REFRESH_TOKEN));
    server.answersJson(400, { error: 'invalid_request', error_description: echo(ACCESS_TOKEN) });
    await refusal(() => client.revokeToken(ACCESS_TOKEN));
  });

  test('stay out of the error of a token that no header can carry', async () => {
    await unreachable(() => client.fetchStatus(`${ACCESS_TOKEN}\n`, 'p1'));
    expect(server.received).toHaveLength(0);
  });

  test('do not come with a long message either', async () => {
    server.answersJson(400, apiError('invalid_params', 'x'.repeat(100_000)));
    expect((await refusal()).message.length).toBeLessThan(1000);
  });
});
