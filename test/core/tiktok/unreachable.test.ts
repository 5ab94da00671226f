import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  ACCESS_TOKEN,
  apiError,
  INIT,
  REFRESH_TOKEN,
  type SecretCalls,
  startSecretCalls,
  video,
} from './calls-with-secrets.ts';

let server: SecretCalls['server'];
let client: SecretCalls['client'];
let connect: SecretCalls['connect'];
let init: SecretCalls['init'];
let exchange: SecretCalls['exchange'];
let unreachable: SecretCalls['unreachable'];
let close: SecretCalls['close'];

beforeEach(async () => {
  ({ server, client, connect, init, exchange, unreachable, close } = await startSecretCalls());
});

afterEach(async () => {
  await close();
});

test('proves nothing: a connection that nobody takes', async () => {
  const closed = createServer();
  const port = await new Promise<number>((resolve) => {
    closed.listen(0, '127.0.0.1', () => {
      const address = closed.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  await new Promise((resolve) => closed.close(resolve));
  const other = connect(`http://127.0.0.1:${port}`);
  const error = await unreachable(() => other.initPublish(ACCESS_TOKEN, video));
  expect(error).toMatchObject({ endpoint: INIT, httpStatus: undefined, cause: { code: 'ECONNREFUSED' } });
  await other.close();
});

test('proves nothing: a socket that was dropped after the request, which is not sent again', async () => {
  server.answers((response) => response.socket?.destroy());
  expect(await unreachable()).toMatchObject({ cause: { code: 'UND_ERR_SOCKET' } });
  expect(server.received).toHaveLength(1);
});

test('proves nothing: a warm connection that is cut under the request, which is not sent again', async () => {
  server.answersJson(200, { data: { publish_id: 'p1' }, error: { code: 'ok' } });
  expect(await init()).toEqual({ publishId: 'p1' });
  server.answers((response) => response.socket?.destroy());
  await unreachable();
  expect(server.received).toHaveLength(2);
});

test('proves nothing: silence', async () => {
  server.answers(() => {});
  await unreachable();
  expect(server.received).toHaveLength(1);
});

test('proves nothing: a reply that stops midway', async () => {
  server.answers((response) => response.writeHead(200).write('{"data":{"publish_id":"p1"},'));
  await unreachable();
});

test('proves nothing: a reply that trickles without end', async () => {
  server.answers((response) => {
    response.writeHead(200);
    const trickle = setInterval(() => response.write(' '), 50);
    response.once('close', () => clearInterval(trickle));
  });
  expect(await unreachable()).toMatchObject({ cause: { name: 'TimeoutError' } });
});

test('proves nothing: a reply of more than a mebibyte', async () => {
  server.answers((response) => response.writeHead(200).end(Buffer.alloc(1024 * 1024 + 1, ' ')));
  expect(await unreachable()).toMatchObject({ cause: { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' } });
});

test.each([
  ['HTML from a gateway', 502, '<html>Bad gateway</html>'],
  ['HTML with a good status', 200, '<html>Hello</html>'],
  ['HTML with a bad status', 403, '<html>Forbidden</html>'],
  ['nothing', 200, ''],
  ['half an envelope', 200, '{"data":{"publish_id":"p1"},"error":{"code":'],
  ['an envelope without error', 200, '{"data":{"publish_id":"p1"}}'],
  ['an error without code', 400, '{"error":{"message":"no"}}'],
  ['an ok with a bad status', 400, '{"data":{"publish_id":"p1"},"error":{"code":"ok"}}'],
  ['an ok without data', 200, '{"error":{"code":"ok"}}'],
  ['an ok without publish_id', 200, '{"data":{},"error":{"code":"ok"}}'],
  ['an ok with an empty publish_id', 200, '{"data":{"publish_id":""},"error":{"code":"ok"}}'],
  ['a list', 200, '[]'],
  ['a redirect', 302, ''],
])('proves nothing: %s', async (_name, status, body) => {
  server.answersJson(status, body, { 'x-tt-logid': 'log-9', location: '/elsewhere' });
  expect(await unreachable()).toMatchObject({ endpoint: INIT, httpStatus: status, logId: 'log-9' });
  expect(server.received).toHaveLength(1);
});

test.each([
  [500, 'internal_error'],
  [503, 'rate_limit_exceeded'],
  [500, 'something_new'],
  [200, 'internal_error'],
])('proves nothing: an envelope with HTTP %i and %s', async (status, code) => {
  server.answersJson(status, apiError(code, 'Sorry'));
  expect(await unreachable()).toMatchObject({ httpStatus: status, code, logId: 'log-1' });
});

test('proves nothing: an OAuth server in trouble: the refresh token is not dead', async () => {
  server.answersJson(400, { error: 'temporarily_unavailable', error_description: 'Later', log_id: 'l' });
  await unreachable(() => client.refreshToken(REFRESH_TOKEN));
});

test('proves nothing: a token reply that cannot be read, and its tokens stay untold', async () => {
  server.answersJson(200, `{"access_token":"${ACCESS_TOKEN}","refresh_token":"${REFRESH_TOKEN}"`);
  await unreachable(exchange);
  server.answersJson(200, { access_token: ACCESS_TOKEN, refresh_token: REFRESH_TOKEN, scope: 'a' });
  expect((await unreachable(exchange)).message).toContain('expires_in, open_id, refresh_expires_in');
});
