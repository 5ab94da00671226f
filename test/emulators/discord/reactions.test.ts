import { expect, it } from 'vitest';
import { ALL_INTENTS, connect } from './gateway-client.ts';
import { startDiscordEmulator } from './index.ts';
import { INTENTS } from './intents.ts';
import { createCall } from './wire-client.ts';

const start = async () => {
  const discord = await startDiscordEmulator({
    rateLimits: { reactions: false, sends: false, others: false, global: false },
  });
  const call = createCall(discord);
  const message = await discord.sendMessage(discord.posts, discord.ana, 'vote');
  const path = `/channels/${discord.posts.id}/messages/${message.id}/reactions`;
  const of = (emoji: string, rest = '') => `${path}/${encodeURIComponent(emoji)}${rest}`;
  return { discord, call, message, path, of };
};

it('pages through everybody who reacted, in order of their ids', async () => {
  const { discord, call, message, of } = await start();
  await using _ = discord;
  const people = [...Array(121)].map((__, index) => discord.user({ name: `P${index}` }));
  for (const person of people) {
    discord.addMember(discord.studio, person);
    discord.react(message, '✅', person, { burst: person === people[0] });
  }
  const page = async (query: string) => JSON.parse(JSON.stringify((await call('GET', of('✅', query))).body));
  const first = await page('?limit=100');
  const second = await page(`?limit=100&after=${first.at(-1).id}`);
  expect([...first, ...second].map(({ id }) => id)).toEqual(people.slice(1).map(({ id }) => id));
  expect(await page('?type=1')).toMatchObject([{ id: people[0]?.id }]);
  expect(discord.messages(discord.posts)[0]?.reactions).toMatchObject([
    { count: 121, count_details: { burst: 1, normal: 120 }, me: false },
  ]);
});

it('tells of reactions with the member, of their end without', async () => {
  const { discord, call, message, of } = await start();
  await using _ = discord;
  const gateway = await connect(discord);
  discord.react(message, '👍🏽', discord.ana, { burst: true });
  expect(await gateway.next('MESSAGE_REACTION_ADD')).toMatchObject({
    user_id: discord.ana.id,
    message_id: message.id,
    emoji: { id: null, name: '👍🏽' },
    burst: true,
    type: 1,
    member: { user: { id: discord.ana.id } },
  });
  discord.unreact(message, '👍🏽', discord.ana);
  const removed = await gateway.next('MESSAGE_REACTION_REMOVE');
  expect(removed).toMatchObject({ user_id: discord.ana.id, burst: true });
  expect(removed).not.toHaveProperty('member');
  expect((await call('PUT', of('✅', '/@me'))).status).toBe(204);
  expect(await gateway.next('MESSAGE_REACTION_ADD')).toMatchObject({ user_id: discord.applicationId });
});

it('checks emoji, permissions and the number of different reactions', async () => {
  const { discord, call, message, path, of } = await start();
  await using _ = discord;
  const put = (emoji: string) => call('PUT', of(emoji, '/@me'));
  expect(await put('nope')).toMatchObject({ status: 400, body: { code: 10014 } });
  discord.react(message, '✅', discord.ana);
  discord.setOverwrite(discord.posts, 'bot', { deny: ['ADD_REACTIONS'] });
  expect((await put('✅')).status).toBe(204);
  expect(await put('❌')).toMatchObject({ status: 403, body: { code: 50013 } });
  expect(await call('DELETE', of('✅', `/${discord.ana.id}`))).toMatchObject({ body: { code: 50013 } });
  discord.setOverwrite(discord.posts, 'bot', { allow: ['MANAGE_MESSAGES'] });
  expect((await call('DELETE', of('✅', `/${discord.ana.id}`))).status).toBe(204);
  expect((await call('DELETE', path)).status).toBe(204);
  for (let index = 0; index < 20; index++)
    expect((await put(String.fromCodePoint(0x1f600 + index))).status).toBe(204);
  expect(await put('✅')).toMatchObject({ status: 403, body: { code: 30010 } });
});

it('takes back one kind of reaction and leaves the other', async () => {
  const { discord, call, message, of } = await start();
  await using _ = discord;
  const gateway = await connect(discord);
  discord.react(message, '✅', discord.ana);
  discord.react(message, '✅', discord.ana, { burst: true });
  discord.unreact(message, '✅', discord.ana, { burst: false });
  expect(await gateway.next('MESSAGE_REACTION_REMOVE')).toMatchObject({ burst: false, type: 0 });
  expect((await call('GET', of('✅'))).body).toEqual([]);
  expect((await call('GET', of('✅', '?type=1'))).body).toMatchObject([{ id: discord.ana.id }]);
  expect(() => discord.unreact(message, '✅', discord.ana, { burst: false })).toThrow('Unknown Emoji');
  discord.unreact(message, '✅', discord.ana);
  expect(await gateway.next('MESSAGE_REACTION_REMOVE')).toMatchObject({ burst: true, type: 1 });
  expect(discord.messages(discord.posts)[0]).not.toHaveProperty('reactions');
});

it('lets people join a reaction without the permission to add the first', async () => {
  const { discord, message } = await start();
  await using _ = discord;
  discord.react(message, '✅', discord.ana);
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben);
  discord.setOverwrite(discord.posts, ben, { deny: ['ADD_REACTIONS'] });
  discord.react(message, '✅', ben);
  expect(() => discord.react(message, '❌', ben)).toThrow('Ben lacks ADD_REACTIONS');
});

it('tells of reactions only with their intents, and apart for direct messages', async () => {
  const { discord, message } = await start();
  await using _ = discord;
  const direct = await connect(discord, ALL_INTENTS & ~INTENTS.GUILD_MESSAGE_REACTIONS);
  const guild = await connect(discord, ALL_INTENTS & ~INTENTS.DIRECT_MESSAGE_REACTIONS);
  const dm = await discord.sendMessage(discord.dm(discord.ana), discord.ana, 'hi');
  for (const one of [message, dm]) discord.react(one, '✅', discord.ana);
  expect(await direct.next('MESSAGE_REACTION_ADD')).toMatchObject({ message_id: dm.id });
  expect(await guild.next('MESSAGE_REACTION_ADD')).toMatchObject({ message_id: message.id });
  discord.channel(discord.studio, { name: 'last' });
  for (const one of [direct, guild]) await one.next('CHANNEL_CREATE');
  const rest = [...direct.received, ...guild.received].map(({ t }) => t);
  expect(rest).not.toContain('MESSAGE_REACTION_ADD');
});

it('tells nothing of a channel that the bot does not see, and lists nothing without its past', async () => {
  const { discord, call, message, of } = await start();
  await using _ = discord;
  const gateway = await connect(discord);
  discord.setOverwrite(discord.posts, 'bot', { deny: ['READ_MESSAGE_HISTORY'] });
  discord.react(message, '✅', discord.ana);
  expect(await gateway.next('MESSAGE_REACTION_ADD')).toMatchObject({ message_id: message.id });
  expect(await call('GET', of('✅'))).toMatchObject({ status: 403, body: { code: 50013 } });
  discord.setOverwrite(discord.posts, 'bot', { deny: ['VIEW_CHANNEL'] });
  discord.react(message, '❌', discord.ana);
  discord.unreact(message, '✅', discord.ana);
  discord.channel(discord.studio, { name: 'last' });
  await gateway.next('CHANNEL_CREATE');
  expect(gateway.received.filter(({ t }) => t?.startsWith('MESSAGE_REACTION'))).toEqual([]);
  expect(await call('GET', of('✅'))).toMatchObject({ status: 403, body: { code: 50001 } });
});

it('clears reactions for who manages messages, and tells of it without whose they were', async () => {
  const { discord, message } = await start();
  await using _ = discord;
  const gateway = await connect(discord);
  for (const emoji of ['✅', '❌']) discord.react(message, emoji, discord.ana);
  expect(() => discord.clearReactions(message, discord.ana)).toThrow('lacks MANAGE_MESSAGES');
  discord.grant(discord.studio, discord.ana, ['MANAGE_MESSAGES']);
  discord.clearReactions(message, discord.ana, '✅');
  const cleared = await gateway.next('MESSAGE_REACTION_REMOVE_EMOJI');
  expect(cleared).toMatchObject({ message_id: message.id, emoji: { name: '✅' } });
  expect(cleared).not.toHaveProperty('user_id');
  discord.clearReactions(message, discord.ana);
  expect(await gateway.next('MESSAGE_REACTION_REMOVE_ALL')).toMatchObject({ message_id: message.id });
  expect(discord.messages(discord.posts)[0]).not.toHaveProperty('reactions');
});

it('knows no reactions of a message that is gone', async () => {
  const { discord, call, message, of } = await start();
  await using _ = discord;
  discord.deleteMessage(message, discord.ana);
  expect(await call('GET', of('✅'))).toMatchObject({ status: 404, body: { code: 10008 } });
  expect(await call('PUT', of('✅', '/@me'))).toMatchObject({ status: 404, body: { code: 10008 } });
});
