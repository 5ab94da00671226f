import { expect, test } from 'vitest';
import { makeJpeg, readFixture, startScene } from './scene.ts';

test('a public post gets its id after moderation, as a bare 64-bit integer', async () => {
  await using scene = await startScene({ moderationMs: 60_000 });
  scene.media.files.set('a.jpg', await makeJpeg());
  const { json } = await scene.postPhotos(['a.jpg']);
  const publish = await scene.settled();
  const early = await scene.fetchStatus(json.data.publish_id);
  expect(early.json.data).toEqual({ status: 'PUBLISH_COMPLETE', downloaded_bytes: publish.downloadedBytes });

  scene.tiktok.clock.advance(60_000);
  const [postId = ''] = publish.postIds;
  const late = await scene.fetchStatus(json.data.publish_id);
  expect(postId).toMatch(/^\d{19}$/);
  expect(late.text).toContain(`"publicaly_available_post_id":[${postId}]`);
  expect(String(late.json.data.publicaly_available_post_id[0])).not.toBe(postId);
});

test('a post for oneself never gets an id', async () => {
  await using scene = await startScene({ moderationMs: 1 });
  scene.media.files.set('a.mp4', readFixture('tiktok-h264.mp4'));
  await scene.postVideo('a.mp4');
  const publish = await scene.settled();
  scene.tiktok.clock.advance(86_000_000);
  expect(publish).toMatchObject({ status: 'PUBLISH_COMPLETE', postIds: [] });
});

test('a failure is told with HTTP 200 and without empty fields', async () => {
  await using scene = await startScene();
  const { json } = await scene.postPhotos(['missing.jpg']);
  await scene.settled();
  const reply = await scene.fetchStatus(json.data.publish_id);
  expect(reply.status).toBe(200);
  expect(reply.json.data).toEqual({ status: 'FAILED', fail_reason: 'photo_pull_failed' });
  scene.tiktok.options.strict.omitEmptyFields = false;
  expect((await scene.fetchStatus(json.data.publish_id)).json.data).toEqual({
    status: 'FAILED',
    fail_reason: 'photo_pull_failed',
    publicaly_available_post_id: [],
    downloaded_bytes: 0,
    uploaded_bytes: 0,
  });
});

test('a publish id is only for the creator who has it', async () => {
  await using scene = await startScene({ pull: { never: true } });
  const { json } = await scene.postPhotos(['a.jpg']);
  scene.tiktok.seedCreator({ username: 'other' });
  const { access_token: token } = scene.tiktok.grant({ creator: 'other' });
  const body = { publish_id: json.data.publish_id };
  expect(await scene.call('post/publish/status/fetch/', body, { token })).toMatchObject({
    status: 400,
    code: 'token_not_authorized_for_specified_publish_id',
  });
  expect(await scene.fetchStatus('p_pub_url~v2.1')).toMatchObject({
    status: 400,
    code: 'invalid_publish_id',
  });
});

test('a draft waits in the inbox until the person posts it, also twice', async () => {
  await using scene = await startScene({ moderationMs: 1 });
  scene.media.files.set('a.mp4', readFixture('tiktok-h264.mp4'));
  const { json } = await scene.draftVideo('a.mp4');
  const publish = await scene.settled();
  expect((await scene.fetchStatus(json.data.publish_id)).json.data.status).toBe('SEND_TO_USER_INBOX');
  scene.tiktok.completeDraft(publish.publishId);
  scene.tiktok.clock.advance(1);
  scene.tiktok.completeDraft(publish.publishId);
  scene.tiktok.clock.advance(1);
  expect(publish.postIds).toHaveLength(2);
  expect(publish.status).toBe('PUBLISH_COMPLETE');
});

test('a publish can be cancelled while it is pulled, and not later', async () => {
  await using scene = await startScene({ pull: { never: true } });
  const { json } = await scene.postPhotos(['a.jpg']);
  const cancel = () => scene.call('post/publish/cancel/', { publish_id: json.data.publish_id });
  expect((await cancel()).code).toBe('ok');
  expect((await scene.fetchStatus(json.data.publish_id)).json.data.fail_reason).toBe('publish_cancelled');
  expect(await cancel()).toMatchObject({ status: 400, code: 'publish_not_cancellable' });
});

test('taking access back ends tokens and running posts', async () => {
  await using scene = await startScene({ pull: { never: true } });
  await scene.postPhotos(['a.jpg']);
  scene.tiktok.removeAuthorization();
  expect(scene.tiktok.state.publishes[0]).toMatchObject({ status: 'FAILED', failReason: 'auth_removed' });
  expect((await scene.fetchStatus('x')).code).toBe('access_token_invalid');
});

test('moderation can hold a post, let it pass and take it down', async () => {
  await using scene = await startScene({ moderationMs: Number.POSITIVE_INFINITY });
  scene.media.files.set('a.jpg', await makeJpeg());
  await scene.postPhotos(['a.jpg']);
  const publish = await scene.settled();
  scene.tiktok.clock.advance(80_000_000);
  expect(publish.postIds).toEqual([]);
  scene.tiktok.setModeration(publish.publishId, 'approve');
  expect(publish.postIds).toHaveLength(1);
  const [postId] = publish.postIds;
  scene.tiktok.setModeration(publish.publishId, 'remove');
  expect(publish.postIds).toEqual([]);
  expect(scene.tiktok.state.posts).toMatchObject([{ id: postId, isPublic: false }]);
  scene.tiktok.setModeration(publish.publishId, 'approve');
  expect(publish.postIds).toEqual([postId]);
});

test('the status of some creators never tells the id of a public post', async () => {
  await using scene = await startScene({ moderationMs: 1, creator: { statusTellsIds: false } });
  scene.media.files.set('a.jpg', await makeJpeg());
  const { json } = await scene.postPhotos(['a.jpg']);
  const { postIds } = await scene.tiktok.whenPublish((publish) => publish.postIds.length === 1);
  const { data } = (await scene.fetchStatus(json.data.publish_id)).json;
  expect(data).toEqual({ status: 'PUBLISH_COMPLETE', downloaded_bytes: expect.any(Number) });
  const listed = await scene.call('video/list/?fields=id');
  expect(listed.json.data.videos).toEqual([{ id: postIds[0] }]);
});

test('user info needs the scope of each field, and public posts are listed with their link', async () => {
  await using scene = await startScene({ moderationMs: 1 });
  const user = (fields: string, token = scene.tokens.access_token) =>
    scene.call(`user/info/?fields=${fields}`, undefined, { method: 'GET', token });
  expect((await user('open_id,display_name')).json.data.user).toEqual({
    open_id: scene.tokens.open_id,
    display_name: 'Studio Ana',
  });
  const { access_token: basic } = scene.tiktok.grant({ scopes: ['user.info.basic'] });
  expect(await user('username', basic)).toMatchObject({ status: 400, code: 'scope_permission_missed' });
  expect((await user('')).code).toBe('invalid_params');

  scene.media.files.set('a.jpg', await makeJpeg());
  await scene.postPhotos(['a.jpg']);
  const { postIds } = await scene.tiktok.whenPublish((publish) => publish.postIds.length === 1);
  const share_url = `https://www.tiktok.com/@studio.ana/photo/${postIds[0]}`;
  const listed = await scene.call('video/list/?fields=id,share_url', { max_count: 5 });
  expect(listed.json.data).toMatchObject({ videos: [{ id: postIds[0], share_url }], has_more: false });
  const asked = await scene.call('video/query/?fields=share_url', { filters: { video_ids: postIds } });
  expect(asked.json.data.videos).toEqual([{ share_url }]);
});
