import { Events, GatewayDispatchEvents } from 'discord.js';
import { expect, it } from 'vitest';
import { startClient } from './client.ts';
import { startDiscordEmulator } from './index.ts';

it.concurrent('tells of reactions by raw events and resumes after a cut without losing any', async () => {
  await using discord = await startDiscordEmulator();
  await using client = await startClient(discord);
  const { ana, posts } = discord;
  const seen: string[] = [];
  const thirdSeen = new Promise<void>((resolve) => {
    client.ws.on(GatewayDispatchEvents.MessageReactionAdd, (event) => {
      seen.push(`${event.emoji.name} ${event.burst} ${event.member?.roles.length}`);
      if (seen.length === 3) resolve();
    });
  });
  const channel = await client.channels.fetch(posts.id);
  if (!channel?.isSendable()) throw new Error('The channel should take messages.');
  const sent = await channel.send('Vote');
  await sent.react('✅');
  discord.react(sent, '❌', ana, { burst: true });
  const resumed = new Promise<void>((resolve) => client.once(Events.ShardResume, () => resolve()));
  discord.cutGateway();
  discord.react(sent, '✅', ana);
  await resumed;
  await thirdSeen;
  expect(seen).toEqual(['✅ false 1', '❌ true 0', '✅ false 0']);
  expect(discord.state.resumes).toBe(1);
  const users = await sent.reactions.cache.get('✅')?.users.fetch();
  expect([...(users?.keys() ?? [])]).toEqual([discord.applicationId, ana.id]);
});

it.concurrent('makes the client wait out a refusal and repeat a lost send under its nonce', async () => {
  await using discord = await startDiscordEmulator();
  await using client = await startClient(discord);
  const channel = await client.channels.fetch(discord.posts.id);
  if (!channel?.isSendable()) throw new Error('The channel should take messages.');
  discord.fault('429', { route: 'createMessage', retryAfterSeconds: 0.02 });
  await channel.send('waited');
  discord.fault('drop-reply', { route: 'createMessage', isReset: true });
  await channel.send({ content: 'once', nonce: 'outbox-7', enforceNonce: true });
  expect(discord.messages(discord.posts).map(({ content }) => content)).toEqual(['waited', 'once']);
  expect(discord.state.requests.filter(({ route }) => route === 'createMessage')).toHaveLength(4);
});

it.concurrent('holds the client back by its buckets instead of refusing it', async () => {
  await using discord = await startDiscordEmulator({ rateLimits: { edits: { limit: 2, windowMs: 100 } } });
  await using client = await startClient(discord);
  const channel = await client.channels.fetch(discord.posts.id);
  if (!channel?.isSendable()) throw new Error('The channel should take messages.');
  const sent = await channel.send('0');
  await Promise.all(['1', '2', '3', '4', '5'].map((text) => sent.edit(text)));
  expect(discord.messages(discord.posts)[0]?.content).toBe('5');
  expect(discord.state.requests.filter(({ status }) => status === 429)).toEqual([]);
});
