import { buffer } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type LinkPatience, openLink } from '../../../src/core/links/open-link.ts';
import { startWebsites, type Websites } from '../../emulators/websites/index.ts';

const CLIP = Buffer.alloc(200_000, 'clip');
const LINK = 'https://files.example.com/d/clip.mp4?secret=42';
/** Longer than a test waits for anything. */
const PATIENCE: LinkPatience = {
  connectMs: 120_000,
  silenceMs: 120_000,
  totalMs: 60_000,
  pace: { bytes: 1, everyMs: 60_000 },
};

function open(
  { network }: Websites,
  link = LINK,
  { maxBytes = 1_000_000, signal = new AbortController().signal, ...patience }: Options = {},
) {
  return openLink(link, { maxBytes, signal, network, patience: { ...PATIENCE, ...patience } });
}

interface Options extends Partial<LinkPatience> {
  maxBytes?: number;
  signal?: AbortSignal;
}

/** What an attempt ends with, however far it comes, and that it tells nothing of the link. */
async function failureOf(opening: ReturnType<typeof open>): Promise<unknown> {
  const error = await opening
    .then(({ stream }) => buffer(stream))
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/secret|example\.com|93\.184/);
  return error;
}

const refused = (reason: string) => ({ problem: { code: 'link_refused', reason } });
const NOT_RECEIVED = { name: 'FileNotReceivedError' };

describe('a file behind a link', () => {
  it('comes as it is, with its name and size, and nothing of ours goes out but the question', async () => {
    await using web = await startWebsites();
    web.hostFile('files.example.com', CLIP, { 'content-type': 'video/mp4' });
    const { stream, name, bytes } = await open(web);
    expect((await buffer(stream)).equals(CLIP)).toBe(true);
    expect({ name, bytes }).toEqual({ name: 'clip.mp4', bytes: CLIP.length });
    const [request] = web.state.requests;
    expect(request?.path).toBe('/d/clip.mp4?secret=42');
    expect(request?.headers).toEqual({
      host: 'files.example.com',
      accept: '*/*',
      'accept-encoding': 'identity',
      'user-agent': 'Nod',
      connection: 'close',
    });
  });

  it.each([
    ['attachment; filename="First light.mov"', 'First light.mov'],
    ["attachment; filename=a.mov; filename*=UTF-8''Zu%C3%BCck.mov", 'Zuück.mov'],
    ['attachment; filename="../../etc/passwd.mp4"', 'passwd.mp4'],
    ["attachment; filename*=UTF-8''a%E2%80%AE4pm.exe", 'a4pm.exe'],
    ['attachment; filename="Zurück 海.mov"', 'Zurück 海.mov'],
    ['inline', 'clip.mp4'],
    [';;;=', 'clip.mp4'],
  ])('is called by %j', async (disposition, name) => {
    await using web = await startWebsites();
    const header = Buffer.from(disposition).toString('latin1');
    web.host('files.example.com', (_request, response) => {
      response.writeHead(200, { 'content-disposition': header }).write(CLIP);
    });
    const file = await open(web);
    file.stream.destroy();
    expect(file.name).toBe(name);
  });

  it('is what it is, whatever it is said to be', async () => {
    await using web = await startWebsites();
    web.hostFile('files.example.com', CLIP, { 'content-type': 'text/html' });
    const { stream } = await open(web);
    expect((await buffer(stream)).length).toBe(CLIP.length);
  });

  it('comes without a size where its server tells none', async () => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => {
      response.write(CLIP.subarray(0, 10));
      response.end(CLIP.subarray(10));
    });
    const { stream, bytes } = await open(web);
    expect(bytes).toBeUndefined();
    expect((await buffer(stream)).equals(CLIP)).toBe(true);
  });

  it('is left when nobody wants it any more', async () => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => void response.write(CLIP));
    const { stream } = await open(web);
    stream.destroy();
    await web.until(() => (web.state.abandoned === 1 ? true : undefined));
    const ending = new AbortController();
    web.host('files.example.com', () => ending.abort());
    await expect(open(web, LINK, { signal: ending.signal })).rejects.toMatchObject({ name: 'AbortError' });
    await web.until(() => (web.state.abandoned === 2 ? true : undefined));
  });

  it('is left at once by whoever waits for more of it', async () => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => void response.write(CLIP));
    const { stream } = await open(web);
    let received = 0;
    stream.on('data', (chunk: Buffer) => {
      received += chunk.length;
      // The next part will never come.
      if (received === CLIP.length) setImmediate(() => stream.destroy());
    });
    await web.until(() => (web.state.abandoned === 1 ? true : undefined));
  });

  it('follows redirects, each with a connection of its own and no cookie', async () => {
    await using web = await startWebsites();
    web.host('a.example.com', (_request, response) => {
      response.writeHead(302, { location: 'https://b.example.com/x', 'set-cookie': 'a=1' }).end();
    });
    const seen: string[] = [];
    web.host('b.example.com', (request, response) => {
      seen.push(request.url ?? '');
      if (request.url === '/x')
        response.writeHead(307, { location: '/y/first.mp4', 'set-cookie': 'b=1' }).end();
      else response.end(CLIP);
    });
    const { stream, name } = await open(web, 'https://a.example.com/start');
    expect((await buffer(stream)).equals(CLIP)).toBe(true);
    expect(name).toBe('first.mp4');
    expect(seen).toEqual(['/x', '/y/first.mp4']);
    expect(web.state.lookups).toEqual(['a.example.com', 'b.example.com', 'b.example.com']);
    expect(web.state.requests.filter(({ headers }) => headers.cookie !== undefined)).toEqual([]);
  });

  it('of a share comes in the plain form of its service', async () => {
    await using web = await startWebsites();
    web.hostFile('drive.usercontent.google.com', CLIP, {
      'content-disposition': 'attachment; filename="First light.mp4"',
    });
    const { stream, name } = await open(web, 'https://drive.google.com/file/d/1AbC-dEf_GhIjK/view');
    expect((await buffer(stream)).equals(CLIP)).toBe(true);
    expect(name).toBe('First light.mp4');
    expect(web.state.requests[0]?.path).toBe('/download?id=1AbC-dEf_GhIjK&export=download&confirm=t');
  });

  it('is looked for at all addresses of its host', async () => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => void response.end(CLIP), [
      ['8.8.8.8', '93.184.216.35'],
    ]);
    const { stream } = await open(web);
    expect((await buffer(stream)).equals(CLIP)).toBe(true);
    expect(web.state.dials).toEqual(['8.8.8.8', '93.184.216.35']);
  });
});

describe('an address that is not public', () => {
  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://0/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[fd00:ec2::254]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://①②⑦.⓪.⓪.①/',
    'https://127.0.0.1./',
    'https:\\\\127.0.0.1\\a',
  ])('is not connected to: %s', async (link) => {
    await using web = await startWebsites();
    expect(await failureOf(open(web, link))).toMatchObject(refused('address'));
    expect(web.state).toMatchObject({ lookups: [], dials: [] });
  });

  it.each([
    [['127.0.0.1']],
    [['10.0.0.8']],
    [['93.184.216.34', '192.168.0.1']],
    [['::ffff:169.254.169.254']],
    [['fe80::1%lo']],
  ])('is not connected to by a name for %j', async (addresses) => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => void response.end(CLIP), [addresses]);
    expect(await failureOf(open(web))).toMatchObject(refused('address'));
    expect(web.state.dials).toEqual([]);
  });

  it('is not reached by a name that means something else a moment later', async () => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => void response.end(CLIP), [
      ['93.184.216.36'],
      ['127.0.0.1'],
    ]);
    const { stream } = await open(web);
    expect((await buffer(stream)).equals(CLIP)).toBe(true);
    expect(web.state).toMatchObject({ lookups: ['files.example.com'], dials: ['93.184.216.36'] });
    expect(await failureOf(open(web))).toMatchObject(refused('address'));
    expect(web.state.dials).toHaveLength(1);
  });

  it.each([
    ['https://127.0.0.1/a', 'address'],
    ['https://169.254.169.254/latest/meta-data/iam', 'address'],
    ['https://[::1]/', 'address'],
    ['//10.0.0.1/a', 'address'],
    ['https://inside.example.com/a', 'address'],
    ['https://inside.example.com:6379/', 'port'],
    ['https://a@127.0.0.1/', 'login'],
    ['http://files.example.com/a', 'not_https'],
    ['file:///etc/passwd', 'not_https'],
    ['ftp://files.example.com/', 'not_https'],
  ])('is not reached by a redirect to %s', async (location, reason) => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => void response.writeHead(302, { location }).end());
    web.host('inside.example.com', (_request, response) => void response.end(CLIP), [['10.1.2.3']]);
    expect(await failureOf(open(web))).toMatchObject(refused(reason));
    expect(web.state.dials).toEqual(['93.184.216.34']);
    expect(web.state.requests).toHaveLength(1);
  });
});

describe('a server that means no good', () => {
  it('is left after five redirects', async () => {
    await using web = await startWebsites();
    web.host('files.example.com', (request, response) => {
      response.writeHead(302, { location: `${request.url}x` }).end();
    });
    expect(await failureOf(open(web))).toMatchObject(refused('redirects'));
    expect(web.state.requests).toHaveLength(6);
  });

  it.each([
    [401, refused('not_shared')],
    [403, refused('not_shared')],
    [404, refused('not_found')],
    [410, refused('not_found')],
    [429, NOT_RECEIVED],
    [500, NOT_RECEIVED],
    [503, NOT_RECEIVED],
    [206, NOT_RECEIVED],
    [304, NOT_RECEIVED],
  ])('is understood when it answers %s', async (status, failure) => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => void response.writeHead(status).end());
    expect(await failureOf(open(web))).toMatchObject(failure);
  });

  it.each(['<!DOCTYPE html><title>a</title>', '\n  <html lang="en">', '\ufeff<!doctype HTML>', '<script>'])(
    'shows a page, whatever it calls it: %j',
    async (page) => {
      await using web = await startWebsites();
      web.hostFile('files.example.com', Buffer.from(page), { 'content-type': 'video/mp4' });
      web.hostFile('drive.usercontent.google.com', Buffer.from(page));
      expect(await failureOf(open(web))).toMatchObject(refused('page'));
      const drive = open(web, 'https://drive.google.com/open?id=1AbC-dEf_GhIjK');
      expect(await failureOf(drive)).toMatchObject({
        problem: { code: 'link_refused', reason: 'page', service: 'Google Drive' },
      });
    },
  );

  it.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, identity', 'x-new'])(
    'sends a file packed by %s',
    async (encoding) => {
      await using web = await startWebsites();
      const bomb = gzipSync(Buffer.alloc(5_000_000));
      web.hostFile('files.example.com', bomb, { 'content-encoding': encoding });
      expect(await failureOf(open(web))).toMatchObject(refused('encoded'));
    },
  );

  it('says at once that a file is too big', async () => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => {
      response.writeHead(200, { 'content-length': 5_000_000_000 }).write('a');
    });
    expect(await failureOf(open(web))).toMatchObject({
      problem: { code: 'link_too_big', bytes: 5_000_000_000, maxBytes: 1_000_000 },
    });
  });

  it('breaks off, or hangs up at once', async () => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => {
      response
        .writeHead(200, { 'content-length': CLIP.length })
        .write(CLIP.subarray(0, 100_000), () => response.destroy());
    });
    expect(await failureOf(open(web))).toMatchObject(NOT_RECEIVED);
    web.host('files.example.com', (request) => void request.socket.destroy());
    expect(await failureOf(open(web))).toMatchObject(NOT_RECEIVED);
  });

  it('has a certificate for somebody else, or no name, or nobody at home', async () => {
    await using web = await startWebsites();
    web.hostFile('evil.example.org', CLIP);
    expect(await failureOf(open(web, 'https://evil.example.org/'))).toMatchObject(NOT_RECEIVED);
    expect(await failureOf(open(web, 'https://nowhere.example.com/'))).toMatchObject(NOT_RECEIVED);
    expect(await failureOf(open(web, 'https://8.8.8.8/'))).toMatchObject(NOT_RECEIVED);
    expect(web.state.requests).toEqual([]);
  });

  it('is found by an address, and by a name in any script', async () => {
    await using web = await startWebsites();
    web.hostFile('93.184.216.34', CLIP);
    web.hostFile('xn--mnchen-3ya.example.com', CLIP);
    for (const link of ['https://93.184.216.34/a', 'https://MÜNCHEN.example.com/a'])
      expect((await buffer((await open(web, link)).stream)).length).toBe(CLIP.length);
  });

  it.each([
    ['never answers', () => {}],
    [
      'sends hints for ever',
      (_request: unknown, response: { writeProcessing: () => void; destroyed: boolean }) => {
        const timer = setInterval(
          () => (response.destroyed ? clearInterval(timer) : response.writeProcessing()),
          20,
        );
      },
    ],
    [
      'falls silent',
      (_request: unknown, response: { write: (bytes: Buffer) => void }) =>
        response.write(CLIP.subarray(0, 1_000)),
    ],
  ])('%s', async (_, site) => {
    await using web = await startWebsites();
    web.host('files.example.com', site as never);
    const failure = await failureOf(open(web, LINK, { silenceMs: 200, connectMs: 300 }));
    expect(failure).toMatchObject(NOT_RECEIVED);
    await web.until(() => (web.state.abandoned > 0 ? true : undefined));
  });

  it.each([
    ['too slowly', { pace: { bytes: 1_000_000, everyMs: 100 } }],
    ['for too long', { totalMs: 200 }],
  ])('drips %s', async (_, patience) => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => {
      response.write(Buffer.alloc(600));
      const timer = setInterval(() => (response.destroyed ? clearInterval(timer) : response.write('a')), 10);
    });
    expect(await failureOf(open(web, LINK, patience))).toMatchObject(refused('too_slow'));
    await web.until(() => (web.state.abandoned === 1 ? true : undefined));
  });

  it('sends huge headers', async () => {
    await using web = await startWebsites();
    web.host('files.example.com', (_request, response) => {
      response.writeHead(200, { 'x-a': 'a'.repeat(100_000) }).end(CLIP);
    });
    expect(await failureOf(open(web))).toMatchObject(NOT_RECEIVED);
  });
});
