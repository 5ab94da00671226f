import { once } from 'node:events';
import { connect } from 'node:net';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startServer } from '../../src/web/index.ts';
import { createWorld, type World } from './world.ts';

const TOKEN = '7St0e8xSKKvIvga6AI2xPM2caLgQbEcA';

let world: World;

beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.dispose());

const textOf = async (path: string, { app } = world) => (await app.request(path)).text();

describe('every page', () => {
  test.each(['/', '/privacy', '/terms', '/connect/x', '/oauth/callback', '/look/x', '/nowhere'])(
    '%s runs no script and frames nothing',
    async (path) => {
      const response = await world.app.request(path);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/script-src|unsafe/);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('strict-transport-security')).toBe('max-age=15552000');
      const text = await response.text();
      expect(text).toContain('<meta name="robots" content="noindex">');
      expect(text).not.toMatch(/<script|style="|https?:\/\/(?!www\.tiktok\.com|telegram\.org|discord\.com)/);
    },
  );

  test('finds its style sheet and icon', async () => {
    const [, style = ''] = /href="(\/style\.css[^"]*)"/.exec(await textOf('/')) ?? [];
    const response = await world.app.request(style);
    expect(response.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect((await world.app.request('/favicon.svg')).headers.get('content-type')).toBe('image/svg+xml');
  });

  test('allows the form to follow TikTok among its hosts', async () => {
    const policy = (await world.app.request('/')).headers.get('content-security-policy');
    expect(policy).toContain("form-action 'self' https://www.tiktok.com https://*.tiktok.com");
  });
});

describe('the start page', () => {
  test('leads into each chat that answers, and says of the others that they do not', async () => {
    const web = {
      chats: () => [
        { platform: 'telegram', url: 'https://t.me/nod_bot' } as const,
        { platform: 'discord' } as const,
      ],
    };
    await using own = await createWorld({ web });
    const text = await textOf('/', own);
    expect(text).toContain(
      '<a class="button" href="https://t.me/nod_bot" rel="noreferrer">Open in Telegram</a>',
    );
    expect(text).toContain('Discord does not answer at the moment');
    expect(text).not.toContain('Add to your server');
  });

  test('says what it takes and whose it is', async () => {
    const operator = { name: 'Ana & Co', contact: 'ana@example.com' };
    await using own = await createWorld({ web: { operator, uploadLimitBytes: 2_000_000_000 } });
    const text = await textOf('/', own);
    expect(text).toContain('1 to 35 photos');
    expect(text).toContain('2 GB');
    expect(text).toContain('Ana &amp; Co: <a href="mailto:ana@example.com">ana@example.com</a>');
    expect(await textOf('/')).toContain('somebody who has not said their name here');
  });
});

describe('privacy and terms', () => {
  test('name the operator and how to reach them', async () => {
    await using named = await createWorld({
      web: { operator: { name: 'Ana & Co', contact: 'ana@example.com' } },
    });
    for (const path of ['/privacy', '/terms']) {
      const text = await textOf(path, named);
      expect(text).toContain('Ana &amp; Co');
      expect(text).toContain('href="mailto:ana@example.com"');
    }
  });

  test('speak of the operator where no name is set', async () => {
    for (const path of ['/privacy', '/terms'])
      expect(await textOf(path)).toContain('the operator of this server');
  });
});

test('/robots.txt keeps every robot out of everything', async () => {
  const response = await world.app.request('/robots.txt');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(await response.text()).toBe('User-agent: *\nDisallow: /\n');
});

test('an unknown address is a 404 page', async () => {
  const response = await world.app.request('/nowhere');
  expect(response.status).toBe(404);
  expect(await response.text()).toContain('There is nothing here');
});

test('an error of ours is a page without details', async () => {
  await using broken = await createWorld({
    web: {
      health: () => {
        throw new Error('secret detail');
      },
    },
  });
  const response = await broken.app.request('/healthz?token=abc');
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('secret detail');
  expect(broken.lines.join()).toContain('/healthz');
  expect(broken.lines.join()).not.toContain('abc');
});

describe('the signature file', () => {
  test.each([`/tiktok${TOKEN}.txt`, `/media/tiktok${TOKEN}.txt`])('is served at %s', async (path) => {
    await using verified = await createWorld({ web: { siteVerification: TOKEN } });
    const response = await verified.app.request(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await response.text()).toBe(`tiktok-developers-site-verification=${TOKEN}`);
    expect((await world.app.request(path)).status).toBe(404);
  });
});

describe('the server', () => {
  test('lets a request under way finish before it stops, and takes no new one', async () => {
    const [started, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using slow = await createWorld({
      web: {
        consents: {
          ...world.consents,
          readInvitation: async () => {
            started.resolve();
            await go.promise;
            return undefined;
          },
        },
      },
    });
    const server = await slow.start();
    const idle = connect(server.port, '127.0.0.1');
    await once(idle, 'connect');
    const response = request(`${server.url}/connect/x`);
    await started.promise;
    const closed = server.close();
    await once(idle.resume(), 'close');
    await expect(request(`${server.url}/healthz`)).rejects.toThrow('ECONNREFUSED');
    go.resolve();
    expect((await response).statusCode).toBe(404);
    await (await response).body.dump();
    await closed;
  });

  test('cuts what does not finish within the bound', async () => {
    const started = Promise.withResolvers<void>();
    await using stuck = await createWorld({
      web: {
        consents: { ...world.consents, readInvitation: () => new Promise(() => started.resolve()) },
      },
    });
    const server = await startServer({ app: stuck.app, host: '127.0.0.1', port: 0, drainMs: 10 });
    const response = request(`${server.url}/connect/x`).catch((error: Error) => error);
    await started.promise;
    await server.close();
    expect(await response).toBeInstanceOf(Error);
  });

  test.each(['POST /webhooks/tiktok', 'GET /healthz', 'POST /nowhere', 'POST /upload/a/b/c'])(
    'ends the connection of %s whose body does not come in time',
    async (line) => {
      const server = await startServer({ app: world.app, host: '127.0.0.1', port: 0, requestMs: 20 });
      const slow = connect(server.port, '127.0.0.1');
      slow.on('error', () => {});
      slow.write(`${line} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{`);
      await once(slow.resume(), 'close');
      await server.close();
    },
  );

  test('refuses a port that is taken', async () => {
    const first = await world.start();
    await expect(startServer({ app: world.app, host: '127.0.0.1', port: first.port })).rejects.toThrow(
      'is taken by another program: end that one, or set PORT to a port that is free.',
    );
    await first.close();
  });
});
