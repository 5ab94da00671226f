import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { type Publish, signWebhook, type TikTokEmulatorOptions } from './index.ts';
import { makeJpeg, startScene } from './scene.ts';

type Delivery = { signature: string; body: string; event: string; at: number };

/** A scene whose app has a webhook; `answers` are the status codes of the first deliveries, then 200. */
async function startListening(options: TikTokEmulatorOptions = {}, answers: number[] = []) {
  const scene = await startScene({ moderationMs: 1, ...options });
  const deliveries: Delivery[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const signature = String(request.headers['tiktok-signature']);
    deliveries.push({ signature, body, event: JSON.parse(body).event, at: scene.tiktok.clock.now() });
    response.writeHead(answers.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scene.tiktok.app.webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  scene.media.files.set('a.jpg', await makeJpeg());
  return {
    ...scene,
    deliveries,
    delivered: (event: string) =>
      scene.tiktok.whenWebhook((webhook) => webhook.event === event && webhook.delivered),
    async [Symbol.asyncDispose]() {
      await scene[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

const available = 'post.publish.publicly_available';

test('signs the documented bytes', () => {
  const body =
    '{"client_key":"awexample0000001","event":"post.publish.publicly_available","create_time":1770210873,"user_openid":"-000EXAMPLEopenid","content":"{\\"publish_id\\":\\"v_pub_url~v2-1.7602997070760331285\\",\\"publish_type\\":\\"DIRECT_PUBLISH\\",\\"post_id\\":\\"7602997517160123666\\"}"}';
  expect(body).toHaveLength(274);
  expect(signWebhook({ secret: 'test_client_secret_0123456789abcd', timestamp: 1_770_210_900, body })).toBe(
    't=1770210900,s=e2dcc75ee1c20e8ac04f746303277379a485eac3d6a83929f60393b330a9d00b',
  );
});

test('tells of a post and of its id as a string', async () => {
  await using scene = await startListening();
  await scene.postPhotos(['a.jpg']);
  const { body, content } = await scene.delivered(available);
  const [publish] = scene.tiktok.state.publishes;
  expect(scene.deliveries.map(({ event }) => event)).toEqual(['post.publish.complete', available]);
  expect(content).toEqual({
    publish_id: publish?.publishId,
    publish_type: 'DIRECT_PUBLISH',
    post_id: publish?.postIds[0],
  });
  expect(JSON.parse(body)).toEqual({
    client_key: 'awtestclientkey',
    event: available,
    create_time: expect.any(Number),
    user_openid: scene.tokens.open_id,
    content: JSON.stringify(content),
  });
  const [, t, s] = /^t=(\d+),s=([0-9a-f]{64})$/.exec(scene.deliveries[1]?.signature ?? '') ?? [];
  const { clientSecret } = scene.tiktok.app;
  expect(s).toBe(createHmac('sha256', clientSecret).update(`${t}.${body}`).digest('hex'));
});

test('tells why a post failed and that access was revoked', async () => {
  await using scene = await startListening();
  await scene.postPhotos(['missing.jpg']);
  const failed = await scene.delivered('post.publish.failed');
  expect(failed.content).toMatchObject({ reason: 'photo_pull_failed', publish_type: 'DIRECT_PUBLISH' });
  await scene.form('revoke', { token: scene.tokens.access_token });
  expect((await scene.delivered('authorization.removed')).content).toEqual({ reason: 5 });
});

test('repeats an event at growing intervals until it is answered with 200', async () => {
  await using scene = await startListening({ webhooks: { retryMs: 1 } }, [500, 204]);
  await scene.postPhotos(['missing.jpg']);
  const { attempts } = await scene.delivered('post.publish.failed');
  expect(attempts.map(({ status }) => status)).toEqual([500, 204, 200]);
});

test('can repeat, swap and lose events', async () => {
  await using scene = await startListening();
  scene.tiktok.fault('webhook-duplicate');
  await scene.postPhotos(['missing.jpg']);
  await scene.tiktok.whenWebhook(({ attempts }) => attempts.length === 2 && attempts[1]?.status === 200);
  expect(scene.deliveries).toHaveLength(2);

  scene.tiktok.fault('webhook-reorder');
  await scene.postPhotos(['a.jpg']);
  await scene.delivered('post.publish.complete');
  expect(scene.deliveries.slice(2).map(({ event }) => event)).toEqual([available, 'post.publish.complete']);

  scene.tiktok.fault('webhook-lost');
  await scene.postPhotos(['a.jpg']);
  const { webhooks } = scene.tiktok.state;
  await scene.tiktok.whenWebhook((webhook) => webhook === webhooks[4] && webhook.delivered);
  expect(webhooks[3]).toMatchObject({ event: 'post.publish.complete', attempts: [] });
});

test('an event can be late, or lost by its name', async () => {
  await using scene = await startListening({ webhooks: { delayMsOf: { [available]: 3_600_000 } } });
  scene.tiktok.fault('webhook-lost', { event: 'post.publish.complete' });
  await scene.postPhotos(['a.jpg']);
  await scene.tiktok.whenWebhook(({ event }) => event === available);
  expect(scene.deliveries).toEqual([]);
  scene.tiktok.clock.advance(3_600_000);
  await scene.delivered(available);
  expect(scene.deliveries.map(({ event }) => event)).toEqual([available]);
});

test('publicly_available can come before complete, and before the reply to init', async () => {
  await using scene = await startListening({ webhooks: { availableBefore: 'complete' } });
  await scene.postPhotos(['a.jpg']);
  await scene.delivered('post.publish.complete');
  expect(scene.deliveries.map(({ event }) => event)).toEqual([available, 'post.publish.complete']);

  scene.tiktok.options.webhooks.availableBefore = 'reply';
  const posting = await scene.postPhotos(['a.jpg']);
  expect(scene.deliveries.map(({ event }) => event)).toEqual([available, 'post.publish.complete', available]);
  const isOver = ({ publishId, postIds }: Publish) =>
    publishId === posting.json.data.publish_id && postIds.length === 1;
  const { postIds } = await scene.tiktok.whenPublish(isOver);
  expect(scene.tiktok.state.webhooks[2]?.content).toMatchObject({ post_id: postIds[0] });
});

test('can sign wrongly and with an old time', async () => {
  await using scene = await startListening();
  scene.tiktok.fault('webhook-bad-signature');
  scene.tiktok.fault('webhook-old-timestamp');
  await scene.postPhotos(['missing.jpg']);
  await scene.delivered('post.publish.failed');
  const { signature = '', body = '' } = scene.deliveries[0] ?? {};
  const timestamp = Number(/t=(\d+)/.exec(signature)?.[1]);
  expect(timestamp).toBeLessThan(scene.tiktok.clock.now() / 1000 - 3000);
  expect(signature).not.toBe(signWebhook({ secret: scene.tiktok.app.clientSecret, timestamp, body }));
});

test('closing ends what is under way and whoever waits', async () => {
  const scene = await startListening({ pull: { never: true } }, [500, 500, 500]);
  await scene.postPhotos(['a.jpg']);
  const waiting = scene.tiktok.whenPublish((publish) => publish.status === 'FAILED');
  await scene[Symbol.asyncDispose]();
  await expect(waiting).rejects.toThrow('closed');
});
