import { GuildMemberResponseSchema, PrivateChannelResponseSchema } from 'discord-api-spec/zod';
import { expect, it } from 'vitest';
import { connect } from './gateway-client.ts';
import { type EmulatorOptions, startDiscordEmulator } from './index.ts';
import { createCall, misfits } from './wire-client.ts';

const start = async (options: EmulatorOptions = {}) => {
  const discord = await startDiscordEmulator(options);
  const call = createCall(discord);
  const send = () => call('POST', `/channels/${discord.posts.id}/messages`, { content: 'x' });
  return { discord, call, send, sent: () => discord.messages(discord.posts).length };
};

it('refuses a number of requests of one route after letting some pass', async () => {
  const { discord, call, send } = await start();
  await using _ = discord;
  const fault = discord.fault('429', { route: 'createMessage', times: 2, skip: 1, retryAfterSeconds: 7 });
  expect((await send()).status).toBe(200);
  const refused = await send();
  expect(refused).toMatchObject({ status: 429, body: { retry_after: 7, global: false } });
  expect(refused.headers.get('retry-after')).toBe('7');
  expect((await call('GET', '/users/@me')).status).toBe(200);
  expect((await send()).status).toBe(429);
  expect((await send()).status).toBe(200);
  expect(fault.hits).toBe(2);
});

it('answers 5xx undone, drops requests undone and replies when the work is done', async () => {
  const { discord, send, sent } = await start();
  await using _ = discord;
  discord.fault('5xx', { status: 503 });
  expect((await send()).status).toBe(503);
  discord.fault('drop-request');
  await expect(send()).rejects.toThrow();
  expect(sent()).toBe(0);
  discord.fault('drop-reply');
  await expect(send()).rejects.toThrow();
  expect(sent()).toBe(1);
});

it('holds requests until lifted, and delays them', async () => {
  const { discord, send, sent } = await start();
  await using _ = discord;
  const hold = discord.fault('hold', { route: 'createMessage' });
  const held = send();
  await discord.waitForRequest('createMessage');
  expect(sent()).toBe(0);
  hold.lift();
  expect((await held).status).toBe(200);
  discord.fault('latency', { delayMs: 5, times: 1 });
  expect((await send()).status).toBe(200);
});

it('tells who waits for it that a request is held', async () => {
  const { discord, send } = await start();
  await using _ = discord;
  const hold = discord.fault('hold', { route: 'createMessage' });
  const isMet = discord.until(() => hold.hits || undefined, { timeoutMs: 10_000 });
  const held = send();
  expect(await isMet).toBe(1);
  hold.lift();
  expect((await held).status).toBe(200);
});

it('is unreachable until that is lifted, the gateway included', async () => {
  const { discord, send } = await start();
  await using _ = discord;
  const gateway = await connect(discord);
  const outage = discord.fault('unreachable');
  await gateway.closed;
  await expect(send()).rejects.toThrow();
  outage.lift();
  expect((await send()).status).toBe(200);
});

it('refuses a wrong token, an old version and an unknown route', async () => {
  const { discord, call } = await start();
  await using _ = discord;
  const wrong = createCall({ apiUrl: discord.apiUrl, token: 'wrong' });
  expect(await wrong('GET', '/users/@me')).toMatchObject({
    status: 401,
    body: { code: 0, message: '401: Unauthorized' },
  });
  expect((await call('GET', '/nowhere')).status).toBe(404);
  expect((await call('DELETE', '/gateway/bot')).status).toBe(405);
  const old = await fetch(`${discord.apiUrl}/v9/users/@me`);
  expect(await old.json()).toMatchObject({ code: 50041 });
  expect(discord.state.lint).toContain('unknown or not emulated route GET /nowhere');
});

it('refuses the token until that is lifted, but not those of interactions', async () => {
  const { discord, call, send } = await start();
  await using _ = discord;
  const fault = discord.fault('401');
  expect((await send()).body).toMatchObject({ message: '401: Unauthorized' });
  const callback = '/interactions/12345678901234567/token/callback';
  expect((await call('POST', callback, { type: 5 })).body).toMatchObject({ code: 10062 });
  fault.lift();
  expect((await send()).status).toBe(200);
});

it('counts requests per channel and tells so in headers', async () => {
  const { discord, call, send } = await start({ rateLimits: { sends: { limit: 2, windowMs: 60_000 } } });
  await using _ = discord;
  const first = await send();
  expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
  await send();
  const third = await send();
  expect(third).toMatchObject({ status: 429, body: { global: false } });
  expect(third.headers.get('x-ratelimit-scope')).toBe('user');
  const other = discord.channel(discord.studio, { name: 'other' });
  expect((await call('POST', `/channels/${other.id}/messages`, { content: 'x' })).status).toBe(200);
  discord.advance(60_000);
  expect((await send()).status).toBe(200);
});

it('limits all requests together, interactions excepted', async () => {
  const { discord, call } = await start({ rateLimits: { global: { limit: 1, windowMs: 60_000 } } });
  await using _ = discord;
  await call('GET', '/users/@me');
  const refused = await call('GET', '/users/@me');
  expect(refused).toMatchObject({ status: 429, body: { global: true } });
  expect(refused.headers.get('x-ratelimit-global')).toBe('true');
  const hook = `/webhooks/${discord.applicationId}/token/messages/@original`;
  expect(await call('GET', hook)).toMatchObject({ status: 401, body: { code: 50027 } });
});

it('opens direct channels and shows members as the published schemas have them', async () => {
  const { discord, call } = await start();
  await using _ = discord;
  const { ana, studio } = discord;
  const dm = (await call('POST', '/users/@me/channels', { recipient_id: ana.id })).body;
  expect(misfits(PrivateChannelResponseSchema, dm)).toBeUndefined();
  const member = (await call('GET', `/guilds/${studio.id}/members/${ana.id}`)).body;
  expect(misfits(GuildMemberResponseSchema, member)).toBeUndefined();
  discord.setDmsClosed(ana, true);
  const refused = await call('POST', `/channels/${discord.dm(ana).id}/messages`, { content: 'x' });
  expect(refused).toMatchObject({ status: 403, body: { code: 50007 } });
});

it('ends waits when closed', async () => {
  const { discord } = await start();
  await connect(discord);
  const wait = discord.waitForMessage(discord.posts, 'never');
  await discord.close();
  await expect(wait).rejects.toThrow('closed');
});
