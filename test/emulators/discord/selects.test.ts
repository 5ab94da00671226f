import { expect, it } from 'vitest';
import { connect } from './gateway-client.ts';
import { startDiscordEmulator } from './index.ts';
import { createCall } from './wire-client.ts';

const V2 = 1 << 15;

/** A message with a select of roles, of people, of both and of channels. */
const start = async () => {
  const discord = await startDiscordEmulator();
  const call = createCall(discord);
  const gateway = await connect(discord);
  const select = (type: number, custom_id: string) => ({
    type: 1,
    components: [{ type, custom_id, min_values: 0, max_values: 2 }],
  });
  const components = [select(6, 'roles'), select(5, 'people'), select(7, 'both'), select(8, 'channels')];
  const { body } = await call('POST', `/channels/${discord.posts.id}/messages`, { flags: V2, components });
  const message: { id: string } = JSON.parse(JSON.stringify(body));
  const pick = (choice: string, ...values: { id: string }[]) =>
    discord.select(message, choice, values, discord.ana);
  /** What the bot is told of a choice that it never answers. */
  const told = async (choice: string, ...values: { id: string }[]) => {
    pick(choice, ...values).catch(() => {});
    return (await gateway.next('INTERACTION_CREATE')).data;
  };
  return { discord, pick, told };
};

it('tells which roles and people were picked, with what they are', async () => {
  const { discord, told } = await start();
  await using _ = discord;
  const editors = discord.role(discord.studio, { name: 'Editors' });
  expect(await told('roles', editors)).toEqual({
    custom_id: 'roles',
    component_type: 6,
    id: expect.any(Number),
    values: [editors.id],
    resolved: { roles: { [editors.id]: expect.objectContaining({ name: 'Editors' }) } },
  });
  const people = await told('people', discord.ana);
  expect(people).toMatchObject({
    component_type: 5,
    values: [discord.ana.id],
    resolved: {
      users: { [discord.ana.id]: { username: 'ana' } },
      members: { [discord.ana.id]: { roles: [] } },
    },
  });
  expect(people).not.toHaveProperty(['resolved', 'members', discord.ana.id, 'user']);
  expect(await told('both', editors, discord.ana)).toMatchObject({ values: [editors.id, discord.ana.id] });
});

it('resolves nothing where nothing was picked', async () => {
  const { discord, told } = await start();
  await using _ = discord;
  const data = await told('roles');
  expect(data).toMatchObject({ values: [] });
  expect(data).not.toHaveProperty('resolved');
});

it('offers what its kind offers, as often and as many as it takes', async () => {
  const { discord, pick } = await start();
  await using _ = discord;
  const roles = ['A', 'B', 'C'].map((name) => discord.role(discord.studio, { name }));
  const [first] = roles;
  if (first === undefined) throw new Error('There is no role.');
  const stranger = discord.user({ name: 'Stranger' });
  const elsewhere = discord.guild({ name: 'Elsewhere' });
  const foreign = discord.role(elsewhere, { name: 'Foreign' });
  const room = discord.channel(elsewhere, { name: 'room' });
  await expect(pick('roles', ...roles)).rejects.toThrow('takes 0 to 2 values, not 3');
  await expect(pick('roles', first, first)).rejects.toThrow('twice');
  await expect(pick('roles', discord.ana)).rejects.toThrow('does not offer');
  await expect(pick('roles', foreign)).rejects.toThrow('There is no');
  await expect(pick('roles', { id: '123456789012345678' })).rejects.toThrow('There is no');
  await expect(pick('people', first)).rejects.toThrow('does not offer');
  await expect(pick('people', stranger)).rejects.toThrow('does not offer');
  await expect(pick('both', discord.posts)).rejects.toThrow('does not offer');
  await expect(pick('channels', room)).rejects.toThrow('does not offer');
  expect(discord.state.interactions).toEqual([]);
});
