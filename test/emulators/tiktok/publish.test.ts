import { expect, test } from 'vitest';
import { makeJpeg, readFixture, startScene } from './scene.ts';

const never = { pull: { never: true }, strict: { rateLimits: false } };

test('a path needs its slash and its method, and a miss is no envelope', async () => {
  await using scene = await startScene(never);
  for (const [path, method] of [
    ['post/publish/creator_info/query', 'POST'],
    ['post/publish/creator_info/query/', 'GET'],
    ['post/publish/nothing/', 'POST'],
  ] as const) {
    const { status, text } = await scene.call(path, undefined, { method });
    expect({ status, text }).toEqual({ status: 404, text: '404 page not found' });
  }
});

test('a call needs a living token with the right scope', async () => {
  await using scene = await startScene(never);
  expect(await scene.call('post/publish/video/init/', {}, { token: 'act.none' })).toMatchObject({
    status: 401,
    code: 'access_token_invalid',
  });
  const { access_token: token } = scene.tiktok.grant({ scopes: ['video.upload'] });
  const refused = { status: 401, code: 'scope_not_authorized' };
  expect(await scene.call('post/publish/video/init/', {}, { token })).toMatchObject(refused);
  expect(await scene.call('post/publish/creator_info/query/', {}, { token })).toMatchObject(refused);
  const photos = { media_type: 'PHOTO', post_mode: 'DIRECT_POST' };
  expect(await scene.call('post/publish/content/init/', photos, { token })).toMatchObject(refused);
});

test('creator_info tells what the creator may do', async () => {
  await using scene = await startScene({ creator: { private: true, maxVideoPostDurationSec: 300 } });
  const { json, headers } = await scene.call('post/publish/creator_info/query/');
  expect(json.data).toMatchObject({
    creator_username: 'studio.ana',
    creator_nickname: 'Studio Ana',
    privacy_level_options: ['FOLLOWER_OF_CREATOR', 'MUTUAL_FOLLOW_FRIENDS', 'SELF_ONLY'],
    comment_disabled: false,
    duet_disabled: true,
    stitch_disabled: true,
    max_video_post_duration_sec: 300,
  });
  expect(headers.get('x-tt-logid')).toBe(json.error.log_id);
});

test('creator_info refuses with HTTP 200, or leaves fields out', async () => {
  await using scene = await startScene();
  const ask = () => scene.call('post/publish/creator_info/query/', {});
  scene.tiktok.creator.creatorInfoOmits.push('privacy_level_options');
  expect((await ask()).json.data).not.toHaveProperty('privacy_level_options');
  scene.tiktok.creator.banned = true;
  expect(await ask()).toMatchObject({ status: 200, code: 'spam_risk_user_banned_from_posting' });
});

test('a right request gives a publish id of its kind and is recorded', async () => {
  await using scene = await startScene(never);
  const photos = await scene.postPhotos(['a.jpg', 'b.jpg']);
  const video = await scene.postVideo('a.mp4');
  const draft = await scene.draftVideo('a.mp4');
  expect(photos.json.data.publish_id).toMatch(/^p_pub_url~v2\.\d{19}$/);
  expect(video.json.data.publish_id).toMatch(/^v_pub_url~v2-1\.\d{19}$/);
  expect(draft.json.data.publish_id).toMatch(/^v_inbox_url~v2\.\d{19}$/);
  expect(scene.tiktok.state.inits).toEqual({ 'video/init': 1, 'inbox/video/init': 1, 'content/init': 1 });
  expect(scene.tiktok.state.publishes[0]).toMatchObject({
    endpoint: 'content/init',
    mode: 'DIRECT_POST',
    creator: 'studio.ana',
    postInfo: { title: 'A title' },
    sourceUrls: [`${scene.media.prefix}a.jpg`, `${scene.media.prefix}b.jpg`],
    status: 'PROCESSING_DOWNLOAD',
  });
  expect(scene.tiktok.state.lint).toEqual([]);
});

test('cover, title and music of photos are recorded as they were sent', async () => {
  await using scene = await startScene(never);
  await scene.postPhotos(['a.jpg', 'b.jpg'], (body) => {
    Object.assign(body.post_info, { title: 'x'.repeat(90), auto_add_music: true });
    body.source_info.photo_cover_index = 1;
  });
  const [publish] = scene.tiktok.state.publishes;
  expect(publish).toMatchObject({ photoCoverIndex: 1, postInfo: { auto_add_music: true } });
  expect(publish?.postInfo.title).toHaveLength(90);
  expect(scene.tiktok.state.lint).toEqual([]);
});

test.each([0.5, 2 ** 31, '1000', null])('a cover at %j ms is no int32', async (moment) => {
  await using scene = await startScene(never);
  const reply = await scene.postVideo('a.mp4', (body) => {
    body.post_info.video_cover_timestamp_ms = moment;
  });
  expect(reply).toMatchObject({ status: 400, code: 'invalid_params' });
});

test('malformed photo posts get 400', async () => {
  await using scene = await startScene(never);
  const postInfo = 'The request post info is empty or incorrect';
  const sourceInfo = 'The request source info is empty or incorrect';
  const set = (part: 'post_info' | 'source_info', key: string, value: unknown) => ({ part, key, value });
  const manyUrls = Array.from({ length: 36 }, (_, index) => `${scene.media.prefix}${index}.jpg`);
  for (const [message, { part, key, value }] of [
    [postInfo, set('post_info', 'privacy_level', 'EVERYONE')],
    [postInfo, set('post_info', 'privacy_level', undefined)],
    [postInfo, set('post_info', 'title', '😀'.repeat(46))],
    [postInfo, set('post_info', 'description', 'x'.repeat(4001))],
    [postInfo, set('post_info', 'disable_comment', 'true')],
    [postInfo, set('post_info', 'auto_add_music', null)],
    [sourceInfo, set('source_info', 'source', 'FILE_UPLOAD')],
    [sourceInfo, set('source_info', 'photo_images', [])],
    [sourceInfo, set('source_info', 'photo_images', manyUrls)],
    [sourceInfo, set('source_info', 'photo_images', ['http://m.example.com/a.jpg'])],
    [sourceInfo, set('source_info', 'photo_cover_index', 1)],
    [sourceInfo, set('source_info', 'photo_cover_index', undefined)],
  ] as const) {
    const reply = await scene.postPhotos(['a.jpg'], (body) => {
      body[part][key] = value;
    });
    expect(reply, key).toMatchObject({ status: 400, code: 'invalid_params', json: { error: { message } } });
  }
  const mode = await scene.postPhotos(['a.jpg'], (body) => {
    body.post_mode = 'DIRECT POST';
  });
  expect(mode.json.error.message).toBe('Invalid media_type or post_mode');
  expect(scene.tiktok.state.publishes).toEqual([]);
});

test('text is measured in UTF-16 units', async () => {
  await using scene = await startScene(never);
  const title = (text: string) =>
    scene.postPhotos(['a.jpg'], (body) => {
      body.post_info.title = text;
    });
  expect((await title('😀'.repeat(45))).status).toBe(200);
  expect((await title('😀'.repeat(46))).status).toBe(400);
  const caption = (length: number) =>
    scene.postVideo('a.mp4', (body) => {
      body.post_info.title = 'x'.repeat(length);
    });
  expect((await caption(2200)).status).toBe(200);
  expect((await caption(2201)).status).toBe(400);
});

test('FILE_UPLOAD without its chunks and bodies that are no JSON are refused', async () => {
  await using scene = await startScene({ ...never, strict: { invalidParamsCode: 'invalid_param' } });
  const upload = await scene.postVideo('a.mp4', (body) => {
    body.source_info.source = 'FILE_UPLOAD';
  });
  expect(upload).toMatchObject({ status: 400, code: 'invalid_param' });
  expect(upload.json.error.message).toContain('source info');
  expect(await scene.call('post/publish/video/init/', '{')).toMatchObject({ status: 400 });
});

test('what the real API ignores is a lint remark', async () => {
  await using scene = await startScene(never);
  await scene.postPhotos(['a.jpg'], (body) => {
    body.post_info.is_aigc = true;
    body.post_info.disable_duet = true;
  });
  await scene.call('post/publish/inbox/video/init/', {
    post_info: {},
    source_info: {
      source: 'PULL_FROM_URL',
      video_url: `${scene.media.prefix}a.mp4`,
      video_cover_timestamp_ms: 1,
    },
  });
  await scene.postVideo('a.mp4', (body) => {
    body.post_info.brand_content_toggle = true;
  });
  await scene.postPhotos(['a.jpg'], (body) => {
    body.post_mode = 'MEDIA_UPLOAD';
    body.post_info = { title: 'A title', description: 'A text', auto_add_music: true };
  });
  expect(scene.tiktok.state.lint).toEqual([
    'content/init: post_info.is_aigc is no field of this endpoint and is ignored.',
    'content/init: post_info.disable_duet is no field of this endpoint and is ignored.',
    'inbox/video/init: source_info.video_cover_timestamp_ms is no field of this endpoint and is ignored.',
    'inbox/video/init: post_info is no field of this endpoint and is ignored.',
    'video/init: post_info: branded content cannot be private.',
    'content/init: post_info.auto_add_music is no field of this endpoint and is ignored.',
  ]);
});

test('403s come in their order: ban, caps, audit, privacy, ownership', async () => {
  await using scene = await startScene(never);
  const { app, creator, clock } = scene.tiktok;
  creator.banned = true;
  creator.postCap = 0;
  app.activeCreatorCap = 0;
  app.audited = false;
  app.urlProperties.length = 0;
  const post = async () => {
    const { status, code } = await scene.postPhotos(['a.jpg'], (body) => {
      body.post_info.privacy_level = 'FOLLOWER_OF_CREATOR';
    });
    return { status, code };
  };
  const refused = (code: string) => ({ status: 403, code });
  expect(await post()).toEqual(refused('spam_risk_user_banned_from_posting'));
  creator.banned = false;
  app.audited = true;
  expect(await post()).toEqual(refused('reached_active_user_cap'));
  app.activeCreatorCap = 1;
  expect(await post()).toEqual(refused('spam_risk_too_many_posts'));
  creator.postCap = 1;
  creator.postsElsewhere = [clock.now()];
  expect(await post()).toEqual(refused('spam_risk_too_many_posts'));
  clock.advance(86_400_000);
  scene.tiktok.options.accessTokenSeconds = 1e6;
  const { access_token: token } = scene.tiktok.grant();
  const again = async (level: string) => {
    const photos = {
      source: 'PULL_FROM_URL',
      photo_images: [`${scene.media.prefix}a.jpg`],
      photo_cover_index: 0,
    };
    const body = { media_type: 'PHOTO', post_mode: 'DIRECT_POST', post_info: { privacy_level: level } };
    return (await scene.call('post/publish/content/init/', { ...body, source_info: photos }, { token })).code;
  };
  app.audited = false;
  expect(await again('SELF_ONLY')).toBe('unaudited_client_can_only_post_to_private_accounts');
  creator.private = true;
  expect(await again('FOLLOWER_OF_CREATOR')).toBe('unaudited_client_can_only_post_to_private_accounts');
  app.audited = true;
  expect(await again('PUBLIC_TO_EVERYONE')).toBe('privacy_level_option_mismatch');
  expect(await again('SELF_ONLY')).toBe('url_ownership_unverified');
  app.urlProperties.push({ type: 'prefix', value: scene.media.prefix });
  expect(await again('SELF_ONLY')).toBe('ok');
});

test('a creator has five pending drafts, and one that is posted makes room', async () => {
  await using scene = await startScene({ strict: { rateLimits: false } });
  scene.media.files.set('a.mp4', readFixture('tiktok-h264.mp4'));
  for (let count = 0; count < 5; count += 1) await scene.draftVideo('a.mp4');
  expect(await scene.draftVideo('a.mp4')).toMatchObject({
    status: 403,
    code: 'spam_risk_too_many_pending_share',
  });
  const inInbox = await scene.tiktok.whenPublish((publish) => publish.status === 'SEND_TO_USER_INBOX');
  scene.tiktok.completeDraft(inInbox.publishId);
  expect((await scene.draftVideo('a.mp4')).status).toBe(200);
});

test('caps are settings of the creator and of the app, and forget after 24 hours', async () => {
  await using scene = await startScene({
    ...never,
    accessTokenSeconds: 1e6,
    creator: { postCap: 4, pendingCap: 1, private: true },
  });
  const { app, clock } = scene.tiktok;
  app.audited = false;
  app.unauditedCreatorCap = 1;
  const post = async () => (await scene.postVideo('a.mp4')).code;
  const draft = async () => (await scene.draftVideo('a.mp4')).code;
  scene.tiktok.postElsewhere(3);
  expect([await post(), await post()]).toEqual(['ok', 'spam_risk_too_many_posts']);
  expect([await draft(), await draft()]).toEqual(['ok', 'spam_risk_too_many_pending_share']);
  clock.advance(86_400_000);
  app.unauditedCreatorCap = 0;
  expect(await post()).toBe('reached_active_user_cap');
  app.unauditedCreatorCap = 1;
  expect([await post(), await draft()]).toEqual(['ok', 'ok']);
});

test('photos take the AI label, or are refused for it where that is switched on', async () => {
  await using scene = await startScene(never);
  const label = (isAigc: boolean | undefined) =>
    scene.postPhotos(['a.jpg'], (body) => {
      if (isAigc !== undefined) body.is_aigc = isAigc;
    });
  expect((await label(true)).code).toBe('ok');
  scene.tiktok.options.strict.photosTakeAigc = false;
  for (const isAigc of [true, false]) {
    expect(await label(isAigc)).toMatchObject({
      status: 400,
      code: 'invalid_params',
      json: { error: { message: expect.stringContaining('is_aigc') } },
    });
  }
  expect((await label(undefined)).code).toBe('ok');
});

test('a draft of photos needs a current TikTok app', async () => {
  await using scene = await startScene({ creator: { appIsCurrent: false } });
  scene.media.files.set('a.jpg', await makeJpeg());
  const reply = await scene.postPhotos(['a.jpg'], (body) => {
    body.post_mode = 'MEDIA_UPLOAD';
    body.post_info = { title: 'A title' };
  });
  expect(reply).toMatchObject({ status: 400, code: 'app_version_check_failed' });
});
