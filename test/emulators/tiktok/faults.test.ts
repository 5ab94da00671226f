import { expect, test } from 'vitest';
import { makeJpeg, startScene } from './scene.ts';

async function startWithPhoto() {
  const scene = await startScene();
  scene.media.files.set('a.jpg', await makeJpeg());
  return scene;
}

test('an unknown fault or fail reason throws', async () => {
  await using scene = await startScene();
  expect(() => scene.tiktok.fault('no-such')).toThrow('no-such');
  expect(() => scene.tiktok.fault('fail:nothing')).toThrow('fail_reason');
  expect(() => scene.tiktok.fault('init-403')).toThrow('code');
});

test('a dropped init reply leaves a publish that is pulled all the same', async () => {
  await using scene = await startWithPhoto();
  scene.tiktok.fault('drop-init-reply');
  await expect(scene.postPhotos(['a.jpg'])).rejects.toThrow();
  expect(await scene.settled()).toMatchObject({ status: 'PUBLISH_COMPLETE' });
  expect(scene.tiktok.state.requests.at(-1)).toMatchObject({ dropped: true, fault: 'drop-init-reply' });
  expect((await scene.postPhotos(['a.jpg'])).status).toBe(200);
  expect(scene.tiktok.state.inits['content/init']).toBe(2);
});

test('a dropped init request creates nothing, and a refused one does not use up a fault', async () => {
  await using scene = await startWithPhoto();
  scene.tiktok.fault('drop-init-request');
  await expect(scene.postPhotos(['a.jpg'])).rejects.toThrow();
  expect(scene.tiktok.state.publishes).toEqual([]);
  const { fault } = scene.tiktok.fault('drop-init-reply');
  expect((await scene.postPhotos([])).status).toBe(400);
  expect(fault.left).toBe(1);
});

test.each([
  ['init-5xx', 502, undefined],
  ['init-html-200', 200, undefined],
  ['init-internal-error', 500, 'internal_error'],
  ['init-429', 429, 'rate_limit_exceeded'],
  ['init-403:spam_risk_text', 403, 'spam_risk_text'],
  ['http-200-error', 200, 'internal_error'],
])('%s answers instead and creates nothing', async (name, status, code) => {
  await using scene = await startWithPhoto();
  scene.tiktok.fault(name);
  const reply = await scene.postPhotos(['a.jpg']);
  expect(reply).toMatchObject({ status, code });
  if (code === undefined) expect(reply.text).toContain('<html>');
  expect(scene.tiktok.state.publishes).toEqual([]);
  expect((await scene.postPhotos(['a.jpg'])).code).toBe('ok');
});

test('a gateway page can hide a publish that was created', async () => {
  await using scene = await startWithPhoto();
  scene.tiktok.fault('init-5xx', { created: true });
  expect((await scene.postPhotos(['a.jpg'])).status).toBe(502);
  expect((await scene.settled()).status).toBe('PUBLISH_COMPLETE');
});

test('a free error has the status, code and endpoint that it is given', async () => {
  await using scene = await startWithPhoto();
  scene.tiktok.fault('error', { status: 418, code: 'teapot', endpoint: 'creator_info/query', times: 2 });
  expect((await scene.postPhotos(['a.jpg'])).status).toBe(200);
  for (const status of [418, 418, 200]) {
    expect((await scene.call('post/publish/creator_info/query/')).status).toBe(status);
  }
});

test('data can be missing from a success', async () => {
  await using scene = await startWithPhoto();
  scene.tiktok.fault('missing-data');
  const { json } = await scene.postPhotos(['a.jpg']);
  expect(json).toEqual({ error: { code: 'ok', message: '', log_id: expect.any(String) } });
  expect((await scene.settled()).status).toBe('PUBLISH_COMPLETE');
});

test('status calls can be dropped and refused', async () => {
  await using scene = await startScene({ pull: { never: true } });
  const { json } = await scene.postPhotos(['a.jpg']);
  const ask = () => scene.fetchStatus(json.data.publish_id);
  scene.tiktok.fault('drop-status-reply');
  await expect(ask()).rejects.toThrow();
  scene.tiktok.fault('status-5xx');
  expect((await ask()).status).toBe(502);
  scene.tiktok.fault('status-429');
  expect((await ask()).code).toBe('rate_limit_exceeded');
  expect((await ask()).code).toBe('ok');
});

test('a lost token reply has rotated the tokens', async () => {
  await using scene = await startScene();
  const { refresh_token } = scene.tokens;
  const refresh = () => scene.form('token', { grant_type: 'refresh_token', refresh_token });
  scene.tiktok.fault('token-5xx');
  expect((await refresh()).status).toBe(502);
  scene.tiktok.fault('token-error:temporarily_unavailable');
  expect((await refresh()).json.error).toBe('temporarily_unavailable');
  scene.tiktok.fault('drop-token-reply');
  await expect(refresh()).rejects.toThrow();
  expect((await refresh()).json.error).toBe('invalid_grant');
});

test('latency holds the reply back by the clock', async () => {
  await using scene = await startScene({ frozenClock: true });
  scene.tiktok.fault('latency', { ms: 5000 });
  let answered = false;
  const reply = scene.call('post/publish/creator_info/query/').then(({ status }) => {
    answered = true;
    return status;
  });
  await scene.tiktok.whenRequest((request) => request.fault === 'latency');
  expect(answered).toBe(false);
  scene.tiktok.clock.advance(5000);
  expect(await reply).toBe(200);
});

test('processing can fail for any reason, or go on for ever', async () => {
  await using scene = await startWithPhoto();
  scene.tiktok.fault('fail:spam_risk_text');
  await scene.postPhotos(['a.jpg']);
  expect(await scene.settled()).toMatchObject({ status: 'FAILED', failReason: 'spam_risk_text' });
  scene.tiktok.fault('hang');
  await scene.postPhotos(['a.jpg']);
  const hanging = await scene.tiktok.whenPublish((publish) => publish.stage === 'processing');
  scene.tiktok.clock.advance(86_400_000);
  expect(hanging.status).toBe('PROCESSING_DOWNLOAD');
});
