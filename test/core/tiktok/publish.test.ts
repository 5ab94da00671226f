import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failureOf, refusalOf } from '../../../src/core/tiktok/codes.ts';
import {
  TikTokApiError,
  TikTokRateLimitError,
  TikTokUnreachableError,
} from '../../../src/core/tiktok/errors.ts';
import type { PostSettings, PublishRequest } from '../../../src/core/tiktok/types.ts';
import { type BothSides, refusal, startBothSides } from './both-sides.ts';

const settings: PostSettings = {
  privacyLevel: 'PUBLIC_TO_EVERYONE',
  allowComment: true,
  allowDuet: false,
  allowStitch: false,
  yourBrand: false,
  brandedContent: false,
  aiGenerated: true,
};

let sides: BothSides;
let tiktok: BothSides['tiktok'];
let client: BothSides['client'];

beforeEach(async () => {
  sides = await startBothSides();
  ({ tiktok, client } = sides);
});

afterEach(async () => {
  await sides.close();
});

const photos = (overrides: Partial<PublishRequest> = {}): PublishRequest => ({
  kind: 'photo',
  postMode: 'DIRECT_POST',
  caption: 'Hello #nod',
  settings,
  mediaUrls: [`${sides.ourUrl}/media/1.jpg`, `${sides.ourUrl}/media/2.jpg`],
  ...overrides,
});

const accessToken = (scopes?: string[]) => tiktok.grant(scopes === undefined ? {} : { scopes }).access_token;

describe('publishing', () => {
  test('follows photos until they are public, with every digit of their id', async () => {
    const token = accessToken();
    const { publishId } = await client.initPublish(token, photos());
    await tiktok.whenWebhook(({ event, delivered }) => event.endsWith('publicly_available') && delivered);

    const [publish] = tiktok.state.publishes;
    expect(publish).toMatchObject({ publishId, isAigc: true, postIds: [expect.stringMatching(/^\d{19}$/)] });
    expect(await client.fetchStatus(token, publishId)).toMatchObject({
      status: 'PUBLISH_COMPLETE',
      postIds: publish?.postIds,
    });
    expect(sides.events).toMatchObject([
      { type: 'post.publish.complete', publishId, openId: tiktok.openIdOf() },
      { type: 'post.publish.publicly_available', publishId, postId: publish?.postIds[0] },
    ]);
  });

  test.each([
    ['photo', 'DIRECT_POST', 'content/init'],
    ['photo', 'MEDIA_UPLOAD', 'content/init'],
    ['video', 'DIRECT_POST', 'video/init'],
    ['video', 'MEDIA_UPLOAD', 'inbox/video/init'],
  ] as const)('sends nothing that TikTok ignores: %s, %s', async (kind, postMode, endpoint) => {
    const { publishId } = await client.initPublish(accessToken(), photos({ kind, postMode }));
    expect(tiktok.state.publishes).toMatchObject([{ publishId, endpoint, mode: postMode }]);
    expect(tiktok.state.lint).toEqual([]);
  });

  test('tells a failure by its reason', async () => {
    const token = accessToken();
    tiktok.fault('fail:spam_risk_text');
    const { publishId } = await client.initPublish(token, photos());
    await tiktok.whenWebhook(({ event, delivered }) => event === 'post.publish.failed' && delivered);
    const status = await client.fetchStatus(token, publishId);
    expect(status).toMatchObject({ status: 'FAILED', failReason: 'spam_risk_text', postIds: [] });
    expect(failureOf(status.failReason)).toEqual({ retry: 'never', ask: 'caption', reason: 'spam_text' });
    expect(sides.events).toMatchObject([
      { type: 'post.publish.failed', publishId, reason: 'spam_risk_text' },
    ]);
  });

  test('cancels a pull that hangs', async () => {
    const token = accessToken();
    tiktok.options.pull.never = true;
    const { publishId } = await client.initPublish(token, photos());
    await client.cancelPublish(token, publishId);
    expect(await client.fetchStatus(token, publishId)).toMatchObject({
      status: 'FAILED',
      failReason: 'publish_cancelled',
    });
    expect(await refusal(client.cancelPublish(token, publishId))).toMatchObject({
      code: 'publish_not_cancellable',
    });
  });
});

describe('what goes wrong', () => {
  test.each([
    ['drop-init-reply', 1],
    ['drop-init-request', 0],
    ['init-5xx', 0],
    ['init-html-200', 0],
    ['init-internal-error', 0],
    ['missing-data', 1],
  ])('with %s proves nothing, and init is not repeated', async (fault, publishes) => {
    tiktok.fault(fault);
    await expect(client.initPublish(accessToken(), photos())).rejects.toBeInstanceOf(TikTokUnreachableError);
    expect(tiktok.state.publishes).toHaveLength(publishes);
    expect(tiktok.state.requests.filter(({ endpoint }) => endpoint === 'content/init')).toHaveLength(1);
  });

  test.each(['status-5xx', 'drop-status-reply'])('with %s proves nothing', async (fault) => {
    const token = accessToken();
    const { publishId } = await client.initPublish(token, photos());
    tiktok.fault(fault);
    await expect(client.fetchStatus(token, publishId)).rejects.toBeInstanceOf(TikTokUnreachableError);
    expect(await client.fetchStatus(token, publishId)).toHaveProperty('status');
  });

  test.each(['token-5xx', 'drop-token-reply'])(
    'with %s does not say that the token is dead',
    async (fault) => {
      tiktok.fault(fault);
      const refresh = client.refreshToken(tiktok.grant().refresh_token);
      await expect(refresh).rejects.toBeInstanceOf(TikTokUnreachableError);
    },
  );

  test('with a 429 is a rate limit that TikTok named', async () => {
    tiktok.fault('init-429');
    const error = await refusal(client.initPublish(accessToken(), photos()));
    expect(error).toBeInstanceOf(TikTokRateLimitError);
    expect(error).toMatchObject({ heldBack: false, retryAfterMs: 60_000 });
  });

  test('with a URL that is not ours is the operator’s to solve', async () => {
    const foreign = photos({ mediaUrls: ['https://elsewhere.example.com/1.jpg'] });
    const error = await refusal(client.initPublish(accessToken(), foreign));
    expect(error).toMatchObject({ httpStatus: 403, code: 'url_ownership_unverified' });
    expect(error.message).not.toContain('elsewhere');
    expect(refusalOf(error.code)).toMatchObject({ retry: 'never', reason: 'url_not_verified' });
  });

  test('with a privacy level that is not offered is a new choice', async () => {
    const friends = photos({ settings: { ...settings, privacyLevel: 'FOLLOWER_OF_CREATOR' } });
    const error = await refusal(client.initPublish(accessToken(), friends));
    expect(refusalOf(error.code)).toMatchObject({ retry: 'never', reason: 'privacy_not_allowed' });
  });

  test('with a scope that is missing does not mean a dead token', async () => {
    const error = await refusal(client.initPublish(accessToken(['video.upload']), photos()));
    expect(error.constructor).toBe(TikTokApiError);
    expect(refusalOf(error.code)).toMatchObject({ reason: 'scope_missing' });
  });

  test('with a creator at the daily limit is said with HTTP 200', async () => {
    tiktok.creator.creatorInfoRefusal = 'spam_risk_too_many_posts';
    const error = await refusal(client.queryCreatorInfo(accessToken()));
    expect(error).toMatchObject({ httpStatus: 200, code: 'spam_risk_too_many_posts' });
    expect(refusalOf(error.code)).toMatchObject({ retry: 'later', reason: 'daily_post_limit' });
  });
});

test('never lets TikTok refuse a call for being one too many', async () => {
  const token = accessToken();
  tiktok.options.strict.sharedInitLimit = true;
  tiktok.options.strict.creatorCaps = false;
  tiktok.options.pull.never = true;
  for (let n = 0; n < 25; n++) {
    const kind = n % 2 === 0 ? 'photo' : 'video';
    const error = await client.initPublish(token, photos({ kind })).catch((reason: unknown) => reason);
    if (error instanceof TikTokRateLimitError) tiktok.clock.advance(error.retryAfterMs);
  }
  const statuses = tiktok.state.requests.map(({ status }) => status);
  expect(statuses.length).toBeGreaterThan(12);
  expect(new Set(statuses)).toEqual(new Set([200]));
});
