import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { Api } from 'grammy';
import { expect, it, onTestFinished } from 'vitest';
import { createFiles as createDiscordFiles } from '../../../src/bots/discord/files.ts';
import { createFiles as createTelegramFiles } from '../../../src/bots/telegram/files.ts';

/** A host of files that begins its answer and never ends it; `closed` resolves when the connection is given up. */
async function startHost(status: number) {
  const closed = Promise.withResolvers<void>();
  const server = createServer((request, response: ServerResponse) => {
    if (request.url?.includes('getFile')) {
      response.setHeader('content-type', 'application/json');
      return void response.end(JSON.stringify({ ok: true, result: { file_path: 'photos/a.jpg' } }));
    }
    response.writeHead(status).write('the beginning');
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
