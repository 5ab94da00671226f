import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import type { Bot } from '../../src/bots/platform.ts';
import { startHarness as startDiscord } from './discord/harness.ts';
import { startHarness as startTelegram } from './telegram/harness.ts';

/** A server that sends everybody on to another one, which counts who comes. */
async function startRedirecting() {
  const reached: string[] = [];
  const other = createServer((request, response) => {
    reached.push(request.url ?? '');
    response.end('{"ok":true,"result":{}}');
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const to = `http://127.0.0.1:${(other.address() as AddressInfo).port}/elsewhere`;
  const server = createServer((_, response) => {
    response.writeHead(307, { location: to }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    reached,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const each of [server, other]) {
        each.closeAllConnections();
        each.close();
        await once(each, 'close');
      }
    },
  };
}

async function send(bot: Bot, chat: string): Promise<unknown> {
  return bot.send(chat, { lines: [['Hello']], rows: [] }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

it('follows no redirect of Telegram’s, whose addresses hold the token', async () => {
  await using harness = await startTelegram();
  await using redirecting = await startRedirecting();
  expect(await send(harness.createBot({ apiUrl: redirecting.url }), harness.chat)).toBeInstanceOf(Error);
  expect(redirecting.reached).toEqual([]);
});

it('follows no redirect of Discord’s, whose calls carry the token', async () => {
  await using harness = await startDiscord();
  await using redirecting = await startRedirecting();
  expect(await send(harness.createBot({ apiUrl: `${redirecting.url}/api` }), harness.chat)).toBeInstanceOf(
    Error,
  );
  expect(redirecting.reached).toEqual([]);
});
