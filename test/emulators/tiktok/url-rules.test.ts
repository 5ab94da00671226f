import { expect, test } from 'vitest';
import { startScene } from './scene.ts';
import { buildApp } from './state.ts';
import { isOwned, isRegistrable, isSourceUrl } from './url-rules.ts';

const owns = (type: 'prefix' | 'domain', value: string) => (url: string) =>
  isOwned(buildApp({ urlProperties: [{ type, value }] }), url);

test('a prefix covers what begins with it and nothing else', () => {
  const covers = owns('prefix', 'https://m.example.com/tt/');
  expect(covers('https://m.example.com/tt/x/1.jpg')).toBe(true);
  expect(covers('https://m.example.com/ttx/1.jpg')).toBe(false);
  expect(covers('http://m.example.com/tt/1.jpg')).toBe(false);
  expect(covers('https://m.example.com.evil/tt/1.jpg')).toBe(false);
  expect(covers('https://m.example.com/tt/../secret.jpg')).toBe(false);
});

test('a domain covers its sub-domains but not its parent', () => {
  const covers = owns('domain', 'static.example.com');
  expect(covers('https://static.example.com/a/b.mp4')).toBe(true);
  expect(covers('https://video.static.example.com/b.mp4')).toBe(true);
  expect(covers('https://example.com/b.mp4')).toBe(false);
  expect(covers('https://notstatic.example.com/b.mp4')).toBe(false);
});

test('a source is https with a DNS name and no credentials', () => {
  expect(isSourceUrl('https://m.example.com/a.jpg', false)).toBe(true);
  for (const url of [
    'http://m.example.com/a.jpg',
    'https://203.0.113.7/a.jpg',
    'https://[2001:db8::1]/a.jpg',
    'https://user:pass@m.example.com/a.jpg',
    'https://localhost/a.jpg',
    'ftp://m.example.com/a.jpg',
    'm.example.com/a.jpg',
    'http://127.0.0.1:8080/a.jpg',
  ]) {
    expect(isSourceUrl(url, false), url).toBe(false);
  }
  expect(isSourceUrl('http://127.0.0.1:8080/a.jpg', true)).toBe(true);
  expect(isSourceUrl('http://192.168.0.1/a.jpg', true)).toBe(false);
});

test('redirect URIs are static https for web, and loopback with a port for desktop', () => {
  expect(isRegistrable('web', 'https://nod.example.com/cb', false)).toBe(true);
  expect(isRegistrable('web', 'https://nod.example.com/cb?x=1', false)).toBe(false);
  expect(isRegistrable('web', 'http://nod.example.com/cb', true)).toBe(false);
  expect(isRegistrable('web', 'http://127.0.0.1:1/cb', false)).toBe(false);
  expect(isRegistrable('web', 'http://127.0.0.1:1/cb', true)).toBe(true);
  expect(isRegistrable('web', `https://nod.example.com/${'x'.repeat(500)}`, false)).toBe(false);
  expect(isRegistrable('desktop', 'http://localhost:*/cb', false)).toBe(true);
  expect(isRegistrable('desktop', 'http://localhost/cb', false)).toBe(false);
  expect(isRegistrable('desktop', 'http://[::1]:1/cb', false)).toBe(false);
});

test('a prefix is verified by its signature file', async () => {
  await using scene = await startScene();
  const { tiktok, media } = scene;
  tiktok.app.urlProperties.length = 0;
  const file = tiktok.requestPrefix(media.prefix);
  expect(file.fileName).toMatch(/^tiktok[A-Za-z0-9]{32}\.txt$/);
  expect(file.content).toHaveLength(68);

  expect(await tiktok.verifyPrefix(media.prefix)).toEqual({
    verified: false,
    reason: 'The file answers 404.',
  });
  media.files.set(file.fileName, { type: 'text/plain', body: Buffer.from('something else') });
  expect(await tiktok.verifyPrefix(media.prefix)).toMatchObject({ verified: false });
  expect(tiktok.app.urlProperties).toEqual([]);
  media.files.set(file.fileName, { type: 'text/plain', body: Buffer.from(file.content) });
  expect(await tiktok.verifyPrefix(media.prefix)).toEqual({ verified: true });
  expect(tiktok.app.urlProperties).toEqual([{ type: 'prefix', value: media.prefix }]);
});
