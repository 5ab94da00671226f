import { GatewayBotResponseSchema } from 'discord-api-spec/zod';
import { expect, it } from 'vitest';
import { ALL_INTENTS, connect, identity, open } from './gateway-client.ts';
import { startDiscordEmulator } from './index.ts';
import { INTENTS } from './intents.ts';
import { createCall, misfits } from './wire-client.ts';

it('says hello, answers heartbeats and gets the bot ready with its guild', async () => {
  await using discord = await startDiscordEmulator();
  const connection = await open(discord);
  expect(await connection.take(({ op }) => op === 10)).toMatchObject({ d: { heartbeat_interval: 41_250 } });
  connection.send(1, null);
  await connection.take(({ op }) => op === 11);
  connection.send(2, identity(discord.token));
  expect(await connection.take(({ t }) => t === 'READY')).toMatchObject({
    s: 1,
    d: {
      user: { id: discord.applicationId, bot: true },
      guilds: [{ id: discord.studio.id, unavailable: true }],
      application: { id: discord.applicationId },
      resume_gateway_url: expect.stringMatching(/^ws:/),
    },
  });
  expect(await connection.take(({ t }) => t === 'GUILD_CREATE')).toMatchObject({
    s: 2,
    d: { id: discord.studio.id, channels: [{ id: discord.posts.id, name: 'posts' }], member_count: 2 },
  });
});

it.each([
  [4004, 'a wrong token', identity('wrong')],
  [4013, 'unknown intents', identity('', 1 << 30)],
  [4014, 'a privileged intent that is off', identity('', INTENTS.MESSAGE_CONTENT)],
  [4010, 'another shard', { ...identity(''), shard: [2, 2] }],
])('closes with %i on %s', async (code, _, identify) => {
  await using discord = await startDiscordEmulator();
  const connection = await open(discord);
  connection.send(2, { ...identify, token: identify.token || discord.token });
  expect(await connection.closed).toBe(code);
});

it('wants more shards for more servers, and tells each shard of its own', async () => {
  await using discord = await startDiscordEmulator({ serversPerShard: 1, maxConcurrency: 16 });
  const call = createCall(discord);
  discord.advance(1);
  const second = discord.guild({ name: 'Second', channels: ['general'] });
  const { body } = await call('GET', '/gateway/bot');
  expect(misfits(GatewayBotResponseSchema, body)).toBeUndefined();
  expect(body).toMatchObject({ session_start_limit: { max_concurrency: 16 } });
  const { shards: count } = body as { shards: number };
  expect(count).toBeGreaterThan(1);
  const alone = await open(discord);
  alone.send(2, identity(discord.token));
  expect(await alone.closed).toBe(4011);
  const connections = await Promise.all(
    Array.from({ length: count }, async (_, id) => {
      const connection = await open(discord);
      connection.send(2, { ...identity(discord.token), shard: [id, count] });
      expect((await connection.next('READY')).shard).toEqual([id, count]);
      return connection;
    }),
  );
  const dm = discord.dm(discord.ana);
  await discord.sendMessage(dm, discord.ana, 'secret');
  const shardOf = (id: string) => Number((BigInt(id) >> 22n) % BigInt(count));
  for (const { id } of [discord.studio, second])
    expect(await connections[shardOf(id)]?.next('GUILD_CREATE')).toMatchObject({ id });
  expect(await connections[0]?.next('MESSAGE_CREATE')).toMatchObject({ content: 'secret' });
  expect(connections.flatMap(({ received }) => received.map(({ t }) => t).filter(Boolean))).toEqual([]);
});

it('closes on what is no protocol', async () => {
  await using discord = await startDiscordEmulator();
  expect(await (await open(discord, '?v=9&encoding=json')).closed).toBe(4012);
  expect(await (await open(discord, '?v=10&encoding=etf')).closed).toBe(4002);
  const early = await open(discord);
  early.send(3, {});
  expect(await early.closed).toBe(4003);
  const long = await open(discord);
  long.send(1, 'x'.repeat(4096));
  expect(await long.closed).toBe(4002);
  const twice = await connect(discord);
  twice.send(2, identity(discord.token));
  expect(await twice.closed).toBe(4005);
});

it('delivers events only for the intents asked for', async () => {
  await using discord = await startDiscordEmulator();
  const deaf = await connect(discord, INTENTS.GUILDS);
  const keen = await connect(discord);
  await discord.sendMessage(discord.posts, discord.ana, 'hi');
  await discord.sendMessage(discord.dm(discord.ana), discord.ana, 'secret');
  expect(await keen.next('MESSAGE_CREATE')).toMatchObject({ content: '', member: { roles: [] } });
  expect(await keen.next('MESSAGE_CREATE')).toMatchObject({ content: 'secret' });
  discord.channel(discord.studio, { name: 'last' });
  await deaf.next('CHANNEL_CREATE');
  expect(deaf.received.map(({ t }) => t).filter(Boolean)).toEqual([]);
});

it('tells of the bot’s own roles without the intent for members', async () => {
  await using discord = await startDiscordEmulator();
  const gateway = await connect(discord, INTENTS.GUILDS);
  discord.grant(discord.studio, discord.ana, ['MANAGE_GUILD']);
  discord.grant(discord.studio, 'bot', ['MANAGE_MESSAGES']);
  expect(await gateway.next('GUILD_MEMBER_UPDATE')).toMatchObject({ user: { id: discord.applicationId } });
});

it('replays what was missed to a session that resumes', async () => {
  await using discord = await startDiscordEmulator();
  const first = await connect(discord);
  discord.cutGateway();
  await first.closed;
  await discord.sendMessage(discord.posts, discord.ana, 'missed');
  const second = await open(discord);
  second.send(6, { token: discord.token, session_id: first.session, seq: 2 });
  expect(await second.take(({ t }) => t === 'MESSAGE_CREATE')).toMatchObject({ s: 3 });
  expect(await second.take(({ t }) => t === 'RESUMED')).toMatchObject({ s: 4 });
});

it('resumes no session that ended, is unknown or was away too long', async () => {
  await using discord = await startDiscordEmulator();
  const resume = async (session: string, seq = 2) => {
    const connection = await open(discord);
    connection.send(6, { token: discord.token, session_id: session, seq });
    return connection;
  };
  const invalid = async (session: string) => (await (await resume(session)).take(({ op }) => op === 9)).d;
  expect(await invalid('unknown')).toBe(false);
  const ended = await connect(discord);
  ended.socket.close(1000);
  await ended.closed;
  expect(await invalid(ended.session)).toBe(false);
  const lost = await connect(discord);
  discord.cutGateway();
  await lost.closed;
  expect(await (await resume(lost.session, 99)).closed).toBe(4007);
  discord.advance(6 * 60_000);
  expect(await invalid(lost.session)).toBe(false);
});

it('asks to reconnect, invalidates and closes on demand', async () => {
  await using discord = await startDiscordEmulator();
  const connection = await connect(discord);
  discord.requestReconnect();
  await connection.take(({ op }) => op === 7);
  discord.invalidateSession();
  expect((await connection.take(({ op }) => op === 9)).d).toBe(false);
  discord.closeGateway(4009);
  expect(await connection.closed).toBe(4009);
});

it('counts identifies and revokes the token beyond 1,000 a day', async () => {
  await using discord = await startDiscordEmulator();
  const call = createCall(discord);
  await connect(discord);
  const { body } = await call('GET', '/gateway/bot');
  expect(misfits(GatewayBotResponseSchema, body)).toBeUndefined();
  expect(body).toMatchObject({ session_start_limit: { total: 1000, remaining: 999, max_concurrency: 1 } });
  discord.state.identifies.push(...Array(999).fill(discord.now()));
  const beyond = await open(discord);
  beyond.send(2, identity(discord.token));
  expect(await beyond.closed).toBe(4004);
  expect((await call('GET', '/users/@me')).status).toBe(401);
});

it('keeps the gateway away while it is cut, and takes it for dead without heartbeats', async () => {
  await using discord = await startDiscordEmulator({ heartbeatIntervalMs: 10 });
  expect(await (await open(discord)).closed).toBe(4009);
  const connection = await connect(discord, ALL_INTENTS);
  const outage = discord.fault('gateway-cut');
  await connection.closed;
  await expect(open(discord)).rejects.toThrow();
  outage.lift();
  await connect(discord);
});
