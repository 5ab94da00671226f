import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTikTokClient, type TikTokClient } from '../../../src/core/tiktok/client.ts';
import { TikTokRateLimitError } from '../../../src/core/tiktok/errors.ts';
import { publish } from './publish-request.ts';
import { startReplyServer } from './reply-server.ts';

const TOKEN = 'act.token';

let server: Awaited<ReturnType<typeof startReplyServer>>;
let client: TikTokClient;
let nowMs: number;

beforeEach(async () => {
  nowMs = 1_800_000_000_000;
  server = await startReplyServer();
  client = createTikTokClient({
    apiUrl: server.url,
    clientKey: 'awkey',
    clientSecret: 'client&secret',
    now: () => nowMs,
  });
});

afterEach(async () => {
  await client.close();
  await server.close();
});

const ok = (content: unknown) =>
  server.answersJson(200, { data: content, error: { code: 'ok', message: '' } });

async function heldBack(act: () => Promise<unknown>): Promise<TikTokRateLimitError> {
  const sent = server.received.length;
  const error = await act().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TikTokRateLimitError)) throw new Error('It was not held back.', { cause: error });
  expect(server.received).toHaveLength(sent);
  expect(error.heldBack).toBe(true);
  return error;
}

test('lets 6 init calls of any kind through, then holds back until a minute has passed', async () => {
  ok({ publish_id: 'p1' });
  const kinds = [
    publish(),
    publish({ kind: 'photo' }),
    publish({ postMode: 'MEDIA_UPLOAD' }),
    publish({ kind: 'photo', postMode: 'MEDIA_UPLOAD' }),
  ];
  for (let n = 0; n < 6; n++) {
    await client.initPublish(TOKEN, kinds[n % 4] ?? publish());
    nowMs += 1000;
  }
  const { retryAfterMs } = await heldBack(() => client.initPublish(TOKEN, publish()));
  expect(retryAfterMs).toBeGreaterThan(54_000);
  nowMs += retryAfterMs - 1;
  await heldBack(() => client.initPublish(TOKEN, publish()));
  nowMs += 1;
  await client.initPublish(TOKEN, publish());
  await heldBack(() => client.initPublish(TOKEN, publish()));
  await client.initPublish('act.another', publish());
});

test('allows 20 calls for creator info and 30 for the status, each on its own', async () => {
  ok({ status: 'PROCESSING_DOWNLOAD' });
  for (let n = 0; n < 20; n++) await client.queryCreatorInfo(TOKEN);
  await heldBack(() => client.queryCreatorInfo(TOKEN));
  for (let n = 0; n < 30; n++) await client.fetchStatus(TOKEN, 'p1');
  await heldBack(() => client.fetchStatus(TOKEN, 'p1'));
});

test('does not count a request that must not have come this far', async () => {
  ok({ publish_id: 'p1' });
  for (let n = 0; n < 10; n++) {
    await expect(client.initPublish(TOKEN, publish({ mediaUrls: [] }))).rejects.toThrow(TypeError);
  }
  await client.initPublish(TOKEN, publish());
});
