import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { verifyWebhook, WebhookRejectedError } from '../../../src/core/tiktok/webhook.ts';

const SECRET = 'test_client_secret_0123456789abcd';
const SIGNED_AT = 1_770_210_900;
const BODY =
  '{"client_key":"awexample0000001","event":"post.publish.publicly_available","create_time":1770210873,"user_openid":"-000EXAMPLEopenid","content":"{\\"publish_id\\":\\"v_pub_url~v2-1.7602997070760331285\\",\\"publish_type\\":\\"DIRECT_PUBLISH\\",\\"post_id\\":\\"7602997517160123666\\"}"}';
const HEADER = `t=${SIGNED_AT},s=e2dcc75ee1c20e8ac04f746303277379a485eac3d6a83929f60393b330a9d00b`;

function verify(overrides: Partial<Parameters<typeof verifyWebhook>[0]> = {}) {
  return verifyWebhook({
    rawBody: Buffer.from(BODY),
    signatureHeader: HEADER,
    clientSecret: SECRET,
    now: SIGNED_AT * 1000,
    ...overrides,
  });
}

function signed(body: string) {
  const s = createHmac('sha256', SECRET).update(`${SIGNED_AT}.${body}`).digest('hex');
  return verify({ rawBody: body, signatureHeader: `t=${SIGNED_AT},s=${s}` });
}

function event(name: string, content: unknown, outer: object = { user_openid: 'open-1' }) {
  const inner = typeof content === 'string' ? content : JSON.stringify(content);
  return signed(JSON.stringify({ client_key: 'k', event: name, create_time: 17, ...outer, content: inner }));
}

function problemOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    if (error instanceof WebhookRejectedError) return error.problem;
    throw error;
  }
  return 'accepted';
}

test('accepts what TikTok signed', () => {
  expect(verify()).toEqual({
    type: 'post.publish.publicly_available',
    publishId: 'v_pub_url~v2-1.7602997070760331285',
    postId: '7602997517160123666',
    openId: '-000EXAMPLEopenid',
    createTime: 1_770_210_873,
  });
});

describe('the signature', () => {
  test.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one without time', HEADER.slice(HEADER.indexOf('s='))],
    ['one without hash', `t=${SIGNED_AT}`],
    ['a short hash', HEADER.slice(0, -2)],
    ['another hash', HEADER.replace('e2dc', 'e2dd')],
    ['another time', HEADER.replace('t=1770210900', 't=1770210901')],
  ])('refuses %s', (_name, signatureHeader) => {
    expect(problemOf(() => verify({ signatureHeader }))).toBe('signature');
  });

  test('refuses a changed byte', () => {
    expect(problemOf(() => verify({ rawBody: BODY.replace('123666', '123667') }))).toBe('signature');
  });

  test('refuses the secret of another app, and does not tell ours', () => {
    const act = () => verify({ clientSecret: 'another_secret_of_another_app' });
    expect(problemOf(act)).toBe('signature');
    try {
      act();
    } catch (error) {
      expect(inspect(error, { depth: null })).not.toContain('another_secret');
    }
  });

  test('is good for five minutes, both ways', () => {
    expect(problemOf(() => verify({ now: (SIGNED_AT + 300) * 1000 }))).toBe('accepted');
    expect(problemOf(() => verify({ now: (SIGNED_AT + 301) * 1000 }))).toBe('age');
    expect(problemOf(() => verify({ now: (SIGNED_AT - 301) * 1000 }))).toBe('age');
    expect(problemOf(() => verify({ now: (SIGNED_AT + 301) * 1000, toleranceSeconds: 400 }))).toBe(
      'accepted',
    );
  });
});

describe('the event', () => {
  test('names a complete or delivered publish', () => {
    for (const type of ['post.publish.complete', 'post.publish.inbox_delivered']) {
      expect(event(type, { publish_id: 'p1', publish_type: 'INBOX_SHARE' })).toEqual({
        type,
        publishId: 'p1',
        openId: 'open-1',
        createTime: 17,
      });
    }
  });

  test('names the reason of a failed publish', () => {
    expect(event('post.publish.failed', { publish_id: 'p1', reason: 'spam_risk_text' }, {})).toEqual({
      type: 'post.publish.failed',
      publishId: 'p1',
      reason: 'spam_risk_text',
      createTime: 17,
    });
  });

  test('keeps every digit of a post id that comes as a number', () => {
    expect(
      event('post.publish.publicly_available', '{"publish_id":"p1","post_id":7602997517160123666}'),
    ).toMatchObject({ postId: '7602997517160123666' });
  });

  test.each(['publicaly', 'publicly'])('reads the spelling no_longer_%s_available', (spelling) => {
    expect(
      event(`post.publish.no_longer_${spelling}_available`, { publish_id: 'p1', post_id: '7' }),
    ).toMatchObject({ type: 'post.publish.no_longer_publicly_available', publishId: 'p1', postId: '7' });
  });

  test.each([
    [1, 'user_disconnected'],
    ['4', 'account_banned'],
    [5, 'developer_revoked'],
    [99, 'unknown'],
    [undefined, 'unknown'],
  ])('translates the removal reason %s', (reason, expected) => {
    expect(event('authorization.removed', { reason })).toEqual({
      type: 'authorization.removed',
      openId: 'open-1',
      reason: expected,
      createTime: 17,
    });
  });

  test.each([
    ['portability.download.ready', { request_id: 5 }],
    ['post.publish.complete', {}],
    ['post.publish.complete', 'not JSON'],
    ['post.publish.failed', '[]'],
    ['post.publish.publicly_available', 'null'],
  ])('passes %s with %j on as another event', (name, content) => {
    expect(event(name, content)).toEqual({ type: 'other', event: name, openId: 'open-1', createTime: 17 });
  });

  test('passes a removal that names nobody on as another event', () => {
    expect(event('authorization.removed', { reason: 1 }, {})).toMatchObject({ type: 'other' });
  });

  test.each(['', 'null', '[]', '{"event":5}', '{"event":"x"}'])('refuses the signed body %j', (body) => {
    expect(problemOf(() => signed(body))).toBe('body');
  });
});
