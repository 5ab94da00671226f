import { expect, it } from 'vitest';
import { connect } from './gateway-client.ts';
import { startDiscordEmulator } from './index.ts';
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
