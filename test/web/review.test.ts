import { get } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { Agent, type Dispatcher, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PreparedMedia } from '../../src/core/media/types.ts';
import type { Post, PostBase, PostContent, PostState } from '../../src/core/publish/post.ts';
import { defaultPolicy } from '../../src/core/review/review.ts';
import type { Server } from '../../src/web/index.ts';
import { baseWith, contentWith, EVERYONE } from '../core/posts.ts';
import { createWorld, type World } from './world.ts';

const BIG = 3_500_000;
const REVIEW = {
  policy: defaultPolicy({ isPrivate: false }),
  chats: ['telegram:1:0'],
  places: ['telegram:1'],
};
const IN_REVIEW: PostState = { status: 'in_review', since: 1, expiresAt: 2 };

let world: World;
let server: Server;
let count = 0;
const agent = new Agent();

beforeAll(async () => {
  world = await createWorld();
  server = await world.start();
});
afterAll(async () => {
  await agent.close();
  await server.close();
  await world.dispose();
});

/** A post under review, unless the test wants it otherwise, and where it can be looked at. */
async function add({
  content = {},
  media,
  state = IN_REVIEW,
  ...fields
}: Partial<Omit<PostBase, 'content' | 'media'>> & {
  content?: Partial<PostContent>;
  media?: readonly PreparedMedia[];
  state?: PostState;
} = {}) {
  count += 1;
  const id = `post-${count}`;
  const { media: _, ...base } = baseWith({ review: REVIEW, ...fields, id, content: contentWith(content) });
  await world.posts.create(id, { ...base, media, ...state } as Post);
  return { id, path: world.previewLinks.urlPath({ id }) };
}

async function addVideo(bytes = BIG, more: Parameters<typeof add>[0] = {}) {
  const { content, media } = await world.prepare(bytes);
  const added = await add({ ...more, content: { kind: 'video', ...more.content }, media: [media] });
  return { ...added, bytes: content, media };
}

async function addPhotos(number: number) {
  const prepared = await Promise.all(Array.from({ length: number }, () => world.prepare(1_000, 'photo')));
  const sources = prepared.map(({ media }) => ({ name: 'x.jpg', file: media.file }));
  const added = await add({ content: { sources }, media: prepared.map(({ media }) => media) });
  return { ...added, contents: prepared.map(({ content }) => content) };
}

async function ask(
  path: string,
  headers: Record<string, string> = {},
  method: Dispatcher.HttpMethod = 'GET',
) {
  const response = await request(`${server.url}${path}`, { method, headers, dispatcher: agent });
  const body = Buffer.from(await response.body.arrayBuffer());
  return { status: response.statusCode, headers: response.headers, body, text: body.toString() };
}

const textOf = async (path: string) => (await ask(path)).text;
/** What stands next to a name in the list of settings. */
const factOf = (text: string, name: string) => new RegExp(`<dt>${name}</dt><dd>(.*?)</dd>`).exec(text)?.[1];

describe('the page of a video', () => {
  test('shows everything that would be published', async () => {
    const settings = { ...EVERYONE, privacyLevel: 'FOLLOWER_OF_CREATOR' as const, allowDuet: true };
    const { path } = await addVideo(100, {
      account: { nickname: 'Studio Ana', username: 'studio.ana' },
      author: { id: 'telegram:1', name: 'Ana' },
      content: { settings: { ...settings, brandedContent: true, aiGenerated: true } },
      publishAt: Date.UTC(2026, 10, 25, 18, 30),
    });
    const { status, text } = await ask(path);
    expect(status).toBe(200);
    expect(text).toContain('<title>A video for Studio Ana (@studio.ana) · Nod</title>');
    expect(text).toMatch(
      new RegExp(`<video [^>]*controls playsinline preload="metadata"[^>]*src="${path}/1#`),
    );
    expect(text).toContain('Vote in the chat; this page only shows what would be published.');
    expect(factOf(text, 'Account')).toBe('<bdi>Studio Ana</bdi><bdi> (@studio.ana)</bdi>');
    expect(factOf(text, 'Visible to')).toBe('Followers');
    expect(factOf(text, 'Comments')).toBe('on');
    expect(factOf(text, 'Duet')).toBe('on');
    expect(factOf(text, 'Stitch')).toBe('off');
    expect(factOf(text, 'Disclosure')).toBe('labelled “Paid partnership”');
    expect(factOf(text, 'AI label')).toBe('on');
    expect(factOf(text, 'Author')).toContain('Ana');
    expect(factOf(text, 'Goes out')).toBe(
      '<time datetime="2026-11-25T18:30:00.000Z" data-moment>2026-11-25 18:30 UTC</time>',
    );
  });

  test('says what is switched off, and nothing of a time that nobody planned', async () => {
    const text = await textOf((await addVideo(100)).path);
    expect(factOf(text, 'Disclosure')).toBe('none');
    expect(factOf(text, 'AI label')).toBe('off');
    expect(text).not.toContain('<time');
  });

  test('bound for the inbox says that the rest is decided there', async () => {
    const text = await textOf((await addVideo(100, { content: { postMode: 'MEDIA_UPLOAD' } })).path);
    expect(factOf(text, 'Goes to')).toContain('the inbox of the TikTok app');
    expect(factOf(text, 'Visible to')).toBeUndefined();
    expect(text).toContain('TikTok takes none with a video for the inbox');
    expect(factOf(text, 'Comments')).toBeUndefined();
  });
});

describe('the page', () => {
  test('names the moment of a video that is its cover', async () => {
    const { path } = await addVideo(100, { content: { coverMs: 65_500 } });
    expect(factOf(await textOf(path), 'Cover')).toBe('the picture at 1:05.5');
  });

  test('shows photos in their order, numbered, without what only videos have', async () => {
    const { path } = await addPhotos(3);
    const text = await textOf(path);
    expect(text).toContain('<title>3 photos for Studio Ana (@studio.ana) · Nod</title>');
    expect([...text.matchAll(/ src="([^"]*)"[^>]* alt="([^"]*)"/g)].map(([, ...found]) => found)).toEqual([
      [`${path}/1/small`, 'Photo 1 of 3'],
      [`${path}/2/small`, 'Photo 2 of 3'],
      [`${path}/3/small`, 'Photo 3 of 3'],
    ]);
    expect(factOf(text, 'Duet')).toBeUndefined();
  });

  test('shows the title, which photo is the cover, and whether TikTok adds music', async () => {
    const { path, id } = await addPhotos(3);
    const plain = await textOf(path);
    expect(plain).toMatch(/alt="Photo 1 of 3"[^<]*<span[^>]*>★ Cover/);
    expect(factOf(plain, 'Cover')).toBe('photo 1');
    expect(plain).not.toContain('<h2>Title</h2>');
    expect(factOf(plain, 'Music by TikTok')).toBe('off');
    await world.posts.update(id, ({ content, ...post }) => {
      const settings = { ...content.settings, autoAddMusic: true };
      return {
        ...post,
        content: { ...content, settings, coverIndex: 1, title: '<i>Out</i> at sea' },
      } as Post;
    });
    const text = await textOf(path);
    expect(text).toMatch(/alt="Photo 2 of 3"[^<]*<span[^>]*>★ Cover/);
    expect(factOf(text, 'Cover')).toBe('photo 2');
    expect(text.match(/★ Cover/g)).toHaveLength(1);
    expect(text).toContain('<h2>Title</h2>\n<p class="caption">&lt;i&gt;Out&lt;/i&gt; at sea</p>');
    expect(factOf(text, 'Music by TikTok')).toBe('on');
  });

  test('keeps the caption as it was typed, and escapes everything', async () => {
    const caption = ' First line\n\n#tag  @name <img src=x> & "quotes" \'single\' </p>\nlast ';
    const { path } = await add({
      content: { caption },
      account: { nickname: '<b>Ana</b>', username: 'a"n&a' },
      author: { id: 'telegram:1', name: '<script>alert(1)</script>' },
    });
    const text = await textOf(path);
    const escaped =
      ' First line\n\n#tag  @name &lt;img src=x&gt; &amp; &quot;quotes&quot; &#39;single&#39; &lt;/p&gt;\nlast ';
    expect(text).toContain(`<p class="caption">${escaped}</p>`);
    expect(text).toContain('<title>A photo for &lt;b&gt;Ana&lt;/b&gt; (@a&quot;n&amp;a) · Nod</title>');
    expect(text).not.toMatch(/<script>|<b>|<img/);
  });

  test('says that there is no caption', async () => {
    expect(await textOf((await add({ content: { caption: '' } })).path)).not.toContain('class="caption"');
  });

  test('of a post that is still being prepared says so, and gives no file', async () => {
    const { path } = await add({ state: { status: 'preparing' } });
    const { status, text } = await ask(path);
    expect(status).toBe(200);
    expect(text).toContain('It is being prepared for TikTok.');
    expect(text).not.toMatch(/<img|<video/);
    expect(await ask(`${path}/1`)).toMatchObject({ status: 404, text: 'Not found.' });
  });

  test('asks for votes only where they are still counted', async () => {
    const decision = { outcome: 'approved', by: [], at: 1 } as const;
    const decided = await add({ review: { ...REVIEW, decision }, state: { status: 'queued', notBefore: 1 } });
    expect(await textOf(decided.path)).not.toContain('Vote in the chat');
    expect(await textOf(decided.path)).toContain('This page only shows what would be published.');
  });

  test('shows and runs nothing from elsewhere, and stays with who has the link', async () => {
    const { path } = await addVideo(100);
    const { headers, text } = await ask(path);
    expect(headers).toMatchObject({
      'cache-control': 'private, no-store',
      'x-robots-tag': 'noindex',
      'referrer-policy': 'no-referrer',
      'content-type': 'text/html; charset=UTF-8',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    });
    expect(headers).not.toHaveProperty('set-cookie');
    expect(text).not.toMatch(/<script>|<script (?!type="module" src="\/assets\/)|style="|https?:|\/media\//);
  });

  test('answers HEAD with the headers alone', async () => {
    const { path } = await add();
    const { status, headers, body } = await ask(path, {}, 'HEAD');
    expect([status, body.length]).toEqual([200, 0]);
    expect(headers['content-type']).toBe('text/html; charset=UTF-8');
  });
});

test('an old link shows a post of which there is a fresh link, without giving that away', async () => {
  const { id, path } = await addVideo(100);
  const begun = world.time.now;
  try {
    world.time.now += 7 * 24 * 3_600_000;
    expect(world.previewLinks.urlPath({ id })).not.toBe(path);
    const text = await textOf(path);
    expect(text).toContain(`src="${path}/1#`);
    expect([...text.matchAll(/\/look\/[^/"]+/g)].map(([each]) => each)).toEqual([path]);
    expect((await ask(`${path}/1`)).status).toBe(200);
    world.time.now += 7 * 24 * 3_600_000;
    const dead = await ask(path);
    expect(dead.status).toBe(404);
    expect(dead.text).toContain('The card in the chat has a fresh\nlink');
    expect((await ask(`${path}/1`)).status).toBe(404);
    expect((await ask(world.previewLinks.urlPath({ id }))).status).toBe(200);
  } finally {
    world.time.now = begun;
  }
});

describe('a file', () => {
  test('of a video comes whole, with its type, and with headers that keep it private', async () => {
    const { path, bytes } = await addVideo();
    const { status, headers, body } = await ask(`${path}/1`);
    expect(status).toBe(200);
    expect(body.equals(bytes)).toBe(true);
    expect(headers).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(BIG),
      'accept-ranges': 'bytes',
      'cache-control': expect.stringContaining('private, no-store'),
      'x-robots-tag': 'noindex',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  test.each([
    ['bytes=0-1', 0, 2],
    ['bytes=3000000-', 3_000_000, undefined],
    ['bytes=-500', -500, undefined],
  ])('can be sought in: %s', async (range, from, to) => {
    const { path, bytes } = await addVideo();
    const { status, headers, body } = await ask(`${path}/1`, { range });
    const expected = bytes.subarray(from, to);
    const start = bytes.length - bytes.subarray(from).length;
    expect(status).toBe(206);
    expect(body.equals(expected)).toBe(true);
    expect(headers['content-range']).toBe(`bytes ${start}-${start + expected.length - 1}/${BIG}`);
  });

  test('has nothing beyond its end', async () => {
    const { path } = await addVideo(100);
    const { status, headers, body } = await ask(`${path}/1`, { range: 'bytes=100-' });
    expect([status, headers['content-range'], body.length]).toEqual([416, 'bytes */100', 0]);
  });

  test('answers HEAD with the headers alone', async () => {
    const { path } = await addVideo();
    const { status, headers, body } = await ask(`${path}/1`, {}, 'HEAD');
    expect([status, headers['content-length'], headers['content-type'], body.length]).toEqual([
      200,
      String(BIG),
      'video/mp4',
      0,
    ]);
  });

  test('is the one of its number', async () => {
    const { path, contents } = await addPhotos(12);
    for (const [index, content] of contents.entries()) {
      const { status, headers, body } = await ask(`${path}/${index + 1}`);
      expect([status, headers['content-type'], body.equals(content)]).toEqual([200, 'image/jpeg', true]);
    }
  });

  test('is shown without the release gate, which counts nothing of it', async () => {
    const { id, path, media } = await addVideo();
    const attempt = await world.gate.open({ postId: id, media: [media] });
    expect((await ask(`${path}/1`)).status).toBe(200);
    expect(world.pulls.progress(attempt).bytes).toBe(0);
    expect((await ask(`/media/${attempt.id}/1.mp4`, {}, 'HEAD')).status).toBe(200);
    expect(await world.gate.read(attempt.id)).toMatchObject({ state: 'sealed' });
  });

  test('of a photo comes small as well, and only of a photo', async () => {
    const photo = await addPhotos(1);
    const bytes = await sharp({ create: { width: 1080, height: 1440, channels: 3, background: '#123456' } })
      .jpeg()
      .toBuffer();
    const file = await world.mediaStore.add(Readable.from([bytes]), {
      maxBytes: bytes.length,
      extension: 'jpg',
    });
    await world.posts.update(photo.id, (post) => {
      const [media] = post.media ?? [];
      return { ...post, media: [{ ...media, file }] } as Post;
    });
    const { status, headers, body } = await ask(`${photo.path}/1/small`);
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'image/webp',
      'private, no-store',
    ]);
    expect(await sharp(body).metadata()).toMatchObject({ width: 720, height: 960 });
    for (const path of [`${(await addVideo(100)).path}/1/small`, `${photo.path}/2/small`])
      expect((await ask(path)).status).toBe(404);
  });

  test('that is missing from the store is our fault, and the log has no link', async () => {
    const { path, media } = await addVideo(2_000);
    await world.mediaStore.remove(media.file.key);
    const logged = world.nextLine('A web request failed');
    expect((await ask(`${path}/1`)).status).toBe(500);
    expect(await logged).toMatchObject({ status: 500 });
    expect((await ask(`${path}/1`, { range: 'bytes=0-1' })).status).toBe(500);
    expect(world.lines.join()).not.toContain(path.slice('/look/'.length));
  });
});

describe('what leads nowhere', () => {
  test('has one page, whatever is wrong', async () => {
    const { id, path } = await addVideo(100);
    const settled = await addVideo(100, { state: { status: 'rejected', settledAt: 1 } });
    const wrong = ['/look/x', `/look/${id}`, `/look/${id}.`, `${path}x`, path.slice(0, -1), settled.path];
    for (const each of wrong) {
      const { status, headers, text } = await ask(each);
      expect([each, status]).toEqual([each, 404]);
      expect(text).toContain('<h1>There is nothing to look at</h1>');
      expect(headers).toMatchObject({ 'cache-control': 'private, no-store', 'x-robots-tag': 'noindex' });
      expect((await ask(`${each}/1`)).text).toBe('Not found.');
      expect((await ask(`${each}/1`, {}, 'HEAD')).status).toBe(404);
    }
  });

  test.each([
    ['rejected', {}],
    ['published', { publishId: 'p1', postIds: [], checks: 0, checkedAt: 1 }],
  ])('a link tells for a week how its post ended: %s', async (status, more) => {
    const { id, path, media } = await addVideo(100);
    const settled = { status, settledAt: world.time.now, ...more };
    await world.posts.update(id, (post) => ({ ...post, ...settled }) as Post);
    expect((await ask(path)).text).toContain('only shows what was to be published');
    expect((await ask(`${path}/1`)).status).toBe(200);
    await world.mediaStore.remove(media.file.key);
    const without = await ask(path);
    expect([without.status, without.text.includes('<video')]).toEqual([200, false]);
    expect((await ask(`${path}/1`)).status).toBe(404);
    const begun = world.time.now;
    try {
      world.time.now += 7 * 24 * 3_600_000;
      const fresh = world.previewLinks.urlPath({ id });
      for (const each of [path, fresh, `${fresh}/1`]) expect((await ask(each)).status).toBe(404);
    } finally {
      world.time.now = begun;
    }
  });

  test('a link ends at once with the right of its place to use Nod', async () => {
    const cancelled = { status: 'cancelled', settledAt: world.time.now, isShutOut: true } as const;
    const { path } = await addVideo(100, { state: cancelled });
    expect((await ask(path)).status).toBe(404);
    expect((await ask(`${path}/1`)).status).toBe(404);
  });

  test('a link gives no file of another post', async () => {
    const [one, two] = [await addVideo(100), await addPhotos(2)];
    expect((await ask(`${one.path}/2`)).status).toBe(404);
    expect((await ask(`${one.path}/1`)).body.equals(one.bytes)).toBe(true);
    const signature = one.path.slice(one.path.indexOf('.'));
    expect((await ask(`/look/${two.id}${signature}/2`)).status).toBe(404);
  });

  test('numbers that are none of the post lead nowhere', async () => {
    const { path } = await addPhotos(2);
    for (const number of [
      '0',
      '3',
      '99',
      '100',
      '-1',
      '01',
      '1.0',
      '1e0',
      '0x1',
      '+1',
      'length',
      '1.mp4',
      '1%00',
    ]) {
      expect([number, (await ask(`${path}/${number}`)).status]).toEqual([number, 404]);
    }
  });

  test('neither do paths that try to leave', async () => {
    const { path, media } = await addVideo(100);
    const tricks = [
      '/..%2f..%2fnod.db',
      '/1/..%2f2',
      '/1/../../nod.db',
      '/%2e%2e%2f1',
      `/${media.file.key}`,
      '/1/',
      '//1',
    ];
    for (const trick of tricks) {
      expect([trick, await statusOf(`${path}${trick}`)]).toEqual([trick, 404]);
    }
    const others = [
      `/look/..%2f${path.slice(6)}/1`,
      '/look/',
      '/look',
      '/look//1',
      `/look/%2e%2e/media/1`,
      '/look/%/1',
    ];
    for (const other of others) expect([other, await statusOf(other)]).toEqual([other, 404]);
  });

  test('looking changes nothing, and other methods are not known', async () => {
    const { path } = await addVideo(100);
    expect((await ask(path, {}, 'POST')).status).toBe(404);
    expect((await ask(`${path}/1`, {}, 'DELETE')).status).toBe(404);
  });
});

/** Asks with the path as it stands: undici and `fetch` would tidy it up first. */
function statusOf(path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    get({ hostname, port, path, agent: false }, (response) => {
      buffer(response).then(() => resolve(response.statusCode), reject);
    }).on('error', reject);
  });
}
