import { describe, expect, test } from 'vitest';
import { createRedaction } from './redaction.ts';
import type { WireEntry } from './timeline.ts';

const SECRET = 'act.known-secret-0123456789';
const redaction = createRedaction({ secrets: () => [SECRET, 'short'] });
const BLACK = '█████';

const entry = (part: Partial<WireEntry['request']>, path = '/'): WireEntry => ({
  id: 1,
  at: 0,
  from: 'Nod',
  to: 'TikTok',
  method: 'POST',
  path,
  request: { headers: part.headers ?? {}, body: part.body ?? '' },
});
const bodyOf = (body: string): string => redaction.entry(entry({ body })).request.body;

describe('what is shown of the wire', () => {
  test.each([
    ['/bot123456:TEST-token_of/sendPhoto', `/bot${BLACK}/sendPhoto`],
    ['/file/bot123456:TEST/photos/file_0.jpg', `/file/bot${BLACK}/photos/file_0.jpg`],
    ['/api/v10/interactions/157/aW50ZXJhY3Rpb24/callback', `/api/v10/interactions/157/${BLACK}/callback`],
    ['/api/v10/webhooks/157/dG9rZW4/messages/1', `/api/v10/webhooks/157/${BLACK}/messages/1`],
    ['/media/Qm1lZGlhLXRva2Vu/1.jpg', `/media/${BLACK}`],
    ['/compose/Qm1lZGlhLXRva2Vu/files/1/x', `/compose/${BLACK}`],
    [
      '/attachments/1/2/a.png?ex=6b09bf78&is=6b086df8&hm=7707b0',
      `/attachments/1/2/a.png?ex=${BLACK}&is=${BLACK}&hm=${BLACK}`,
    ],
    [
      '/oauth/callback?code=abc123&scopes=x&state=def',
      `/oauth/callback?code=${BLACK}&scopes=x&state=${BLACK}`,
    ],
    ['/v2/post/publish/content/init/', '/v2/post/publish/content/init/'],
  ])('has no secret of the path %s', (path, shown) => {
    expect(redaction.entry(entry({}, path)).path).toBe(shown);
  });

  test('has no header that lets somebody in', () => {
    const headers = {
      Authorization: 'Bearer x',
      cookie: 'a=b',
      'set-cookie': 'c=d',
      'TikTok-Signature': 't=1,s=2',
      host: 'localhost',
    };
    expect(redaction.entry(entry({ headers })).request.headers).toEqual({
      Authorization: BLACK,
      cookie: BLACK,
      'set-cookie': BLACK,
      'TikTok-Signature': BLACK,
      host: 'localhost',
    });
  });

  test('has no token of a body, also where JSON is packed into JSON', () => {
    const inner = JSON.stringify({ refresh_token: 'rft.1', reason: 1 });
    const shown = bodyOf(JSON.stringify({ access_token: 'act.1', expires_in: 3, content: inner }));
    expect(shown).not.toMatch(/act\.1|rft\.1/);
    expect(JSON.parse(shown)).toMatchObject({ access_token: BLACK, expires_in: 3 });
  });

  test('has what went wrong', () => {
    const error = { code: 'access_token_invalid', message: 'The access token is invalid' };
    expect(JSON.parse(bodyOf(JSON.stringify({ error })))).toEqual({ error });
  });

  test('has nothing by which somebody else could go on with a gateway or an interaction', () => {
    const identify = bodyOf(JSON.stringify({ op: 2, d: { token: 'aaa.bbb', intents: 1 } }));
    expect(JSON.parse(identify)).toEqual({ op: 2, d: { token: BLACK, intents: 1 } });
    const event = bodyOf(JSON.stringify({ op: 0, t: 'READY', d: { session_id: 'abc', v: 10 } }));
    expect(JSON.parse(event)).toEqual({ op: 0, t: 'READY', d: { session_id: BLACK, v: 10 } });
  });

  test('has no secret of a form', () => {
    const shown = bodyOf('client_key=aw1&client_secret=s3&code=c&grant_type=authorization_code');
    expect(shown.split('\n')).toEqual([
      'client_key=aw1',
      `client_secret=${BLACK}`,
      `code=${BLACK}`,
      'grant_type=authorization_code',
    ]);
  });

  test('has no link that opens something, and no code that is typed', () => {
    const text =
      'Open http://127.0.0.1:1/connect/abcdefghijklmnop or type ABCD-EF23, look at https://www.tiktok.com/@a/photo/1';
    expect(bodyOf(JSON.stringify({ text }))).toContain(
      `Open http://127.0.0.1:1/connect/${BLACK} or type ${BLACK}, look at https://www.tiktok.com/@a/photo/1`,
    );
  });

  test('has no secret that is known by its value, however it is written', () => {
    expect(bodyOf(`a ${SECRET} b ${encodeURIComponent(SECRET)}`)).toBe(`a ${BLACK} b ${BLACK}`);
    expect(bodyOf('a short word')).toBe('a short word');
  });
});
