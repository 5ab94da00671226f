import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { Api } from 'grammy';
import { expect, it, onTestFinished } from 'vitest';
import { createFiles as createDiscordFiles } from '../../../src/bots/discord/files.ts';
import { ChatBusyError, ChatUnreachableError } from '../../../src/bots/platform.ts';
import { createFiles as createTelegramFiles } from '../../../src/bots/telegram/files.ts';

/** A host of files that begins its answer and never ends it; `closed` resolves when the connection is given up. */
async function startHost(status: number, headers: Record<string, string> = {}) {
  const closed = Promise.withResolvers<void>();
  const server = createServer((request, response: ServerResponse) => {
    if (request.url?.includes('getFile')) {
      response.setHeader('content-type', 'application/json');
      return void response.end(JSON.stringify({ ok: true, result: { file_path: 'photos/a.jpg' } }));
    }
    response.writeHead(status, headers).write('the beginning');
    response.once('close', closed.resolve);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const url = `http://127.0.0.1:${address.port}`;
  const api = new Api('1:token', { apiRoot: url });
  return {
    closed: closed.promise,
    discord: () => createDiscordFiles({ apiUrl: `${url}/api` }).openFile(`99:${url}/a.jpg`),
    telegram: () => createTelegramFiles({ api, apiUrl: url, token: '1:token' }).openFile('file'),
  };
}

it.each(['discord', 'telegram'] as const)('closes a refused download of %s at once', async (platform) => {
  const host = await startHost(404);
  await expect(host[platform]()).rejects.toThrow('answered the download of a file with 404');
  await host.closed;
});

it.each([
  [429, '25', 25_000],
  [503, '2', 2_000],
  [429, new Date(Date.now() + 60_000).toUTCString(), 60_000],
  [429, undefined, 5_000],
  [429, 'soon', 5_000],
])('tells how long a host asks to wait that answers with %i and %s', async (status, header, retryAfterMs) => {
  const host = await startHost(status, header === undefined ? {} : { 'retry-after': header });
  for (const platform of ['discord', 'telegram'] as const) {
    const error = await host[platform]().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ChatBusyError);
    const told = error instanceof ChatBusyError ? error.retryAfterMs : 0;
    expect(Math.abs(told - retryAfterMs)).toBeLessThan(2_000);
  }
});

it('takes an outage for an outage where its host does not say how long', async () => {
  const host = await startHost(503);
  await expect(host.discord()).rejects.toBeInstanceOf(ChatUnreachableError);
});

it.each(['discord', 'telegram'] as const)('closes a download of %s that nobody reads', async (platform) => {
  const host = await startHost(200);
  const file = await host[platform]();
  file.destroy();
  await host.closed;
});

it.each(['discord', 'telegram'] as const)(
  'closes a download of %s that is left halfway',
  async (platform) => {
    const host = await startHost(200);
    for await (const chunk of await host[platform]()) {
      expect(String(chunk)).toBe('the beginning');
      break;
    }
    await host.closed;
  },
);
