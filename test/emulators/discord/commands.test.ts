import { ApplicationCommandResponseSchema } from 'discord-api-spec/zod';
import { expect, it } from 'vitest';
import { connect } from './gateway-client.ts';
import { startDiscordEmulator } from './index.ts';
import { createCall, misfits } from './wire-client.ts';

const start = async () => {
  const discord = await startDiscordEmulator();
  const call = createCall(discord);
  const global = `/applications/${discord.applicationId}/commands`;
  const set = (body: unknown, path = global) => call('PUT', path, body);
  const guild = `/applications/${discord.applicationId}/guilds/${discord.studio.id}/commands`;
  return { discord, call, set, global, guild };
};
const command = (more: object = {}) => ({ name: 'post', description: 'Post', ...more });
const option = (more: object = {}) => ({ type: 3, name: 'a', description: 'A', ...more });

it('keeps ids when the same commands are set again', async () => {
  const { discord, set, guild } = await start();
  await using _ = discord;
  const body = [
    command({
      default_member_permissions: '32',
      contexts: [0],
      options: [option({ name_localizations: { de: 'ä' } })],
    }),
    { name: 'Post this', type: 3 },
  ];
  const first = (await set(body)).body;
  expect((await set(body)).body).toEqual(first);
  expect(first).toMatchObject([{ default_member_permissions: '32' }, { type: 3, description: '' }]);
  for (const one of Array.isArray(first) ? first : [])
    expect(misfits(ApplicationCommandResponseSchema, one)).toBeUndefined();
  expect((await set([], guild)).body).toEqual([]);
  expect(discord.state.commands).toHaveLength(2);
  await set([]);
  expect(discord.state.commands).toEqual([]);
});

it.each([
  ['a name in capitals', [command({ name: 'Post' })]],
  ['a name with a blank', [command({ name: 'post it' })]],
  ['no description', [{ name: 'post' }]],
  ['a description of a menu command', [command({ type: 3 })]],
  ['the same name twice', [command(), command()]],
  [
    'a required option after an optional one',
    [command({ options: [option(), option({ name: 'b', required: true })] })],
  ],
  ['26 options', [command({ options: [...Array(26)].map((_, index) => option({ name: `o${index}` })) })]],
  ['two options of one name', [command({ options: [option(), option()] })]],
  [
    'choices beside autocomplete',
    [command({ options: [option({ autocomplete: true, choices: [{ name: 'x', value: 'x' }] })] })],
  ],
  ['an unknown locale', [command({ description_localizations: { xx: 'x' } })]],
  ['a file type without its dot', [command({ options: [option({ type: 11, file_types: ['mp4'] })] })]],
  ['a localised name in capitals', [command({ name_localizations: { de: 'Ä' } })]],
  ['16 menu commands', [...Array(16)].map((_, index) => ({ name: `M${index}`, type: 3 }))],
])('refuses to register %s', async (_, body) => {
  const { discord, set } = await start();
  await using __ = discord;
  expect(await set(body)).toMatchObject({ status: 400, body: { code: 50035 } });
  expect(discord.state.commands).toEqual([]);
  expect(discord.state.lint).toHaveLength(1);
});

it('refuses contexts of guild commands', async () => {
  const { discord, set, guild } = await start();
  await using _ = discord;
  expect((await set([command({ contexts: [0] })], guild)).status).toBe(400);
});

it('refuses the 201st create of a day', async () => {
  const { discord, set } = await start();
  await using _ = discord;
  const hundred = (prefix: string) =>
    [...Array(100)].map((__, index) => command({ name: `${prefix}${index}` }));
  await set(hundred('a'));
  await set(hundred('b'));
  expect(await set([command()])).toMatchObject({ status: 429, body: { code: 30034 } });
  discord.advance(24 * 60 * 60_000);
  expect((await set([command()])).status).toBe(200);
});

it('lets people run only what is registered, as it is registered', async () => {
  const { discord, set } = await start();
  await using _ = discord;
  await connect(discord);
  const { ana, posts } = discord;
  const options = [
    option({ type: 11, name: 'media', required: true, file_types: ['video', '.png'] }),
    option({ name: 'who', choices: [{ name: 'Me', value: 'me' }] }),
    option({ type: 4, name: 'count', min_value: 1, max_value: 3 }),
  ];
  await set([
    command({ options }),
    command({ name: 'admin', default_member_permissions: '32', contexts: [0] }),
  ]);
  const run = (name: string, values = {}, channel = posts) =>
    discord.runCommand({ user: ana, channel, name, options: values });
  const media = { bytes: new Uint8Array(1), fileName: 'a.MP4' };
  await expect(run('other')).rejects.toThrow(
    'No command other is registered here; registered are post, admin.',
  );
  await expect(run('admin')).rejects.toThrow('lacks the permissions');
  await expect(run('admin', {}, discord.dm(ana))).rejects.toThrow('No command admin');
  await expect(run('post')).rejects.toThrow('The option media is required.');
  await expect(run('post', { media, else: 1 })).rejects.toThrow('no option else');
  await expect(run('post', { media: { ...media, fileName: 'a.txt' } })).rejects.toThrow('takes video, .png');
  await expect(run('post', { media, who: 'you' })).rejects.toThrow('has the choices me');
  await expect(run('post', { media, count: 4 })).rejects.toThrow('goes from 1 to 3');
  await expect(run('post', { media, count: 'x' })).rejects.toThrow('takes a number');
  const ask = { user: ana, channel: posts, name: 'post', focused: 'who', value: 'm' };
  await expect(discord.autocomplete(ask)).rejects.toThrow('without autocomplete');
  expect(discord.state.interactions).toEqual([]);
});

it('sends subcommands with their options inside', async () => {
  const { discord, set } = await start();
  await using _ = discord;
  const gateway = await connect(discord);
  await set([command({ options: [{ type: 1, name: 'add', description: 'Add', options: [option()] }] })]);
  const use = { user: discord.ana, channel: discord.posts, name: 'post' };
  await expect(discord.runCommand(use)).rejects.toThrow('needs one of its subcommands');
  discord.runCommand({ ...use, subcommand: 'add', options: { a: 'x' } }).catch(() => {});
  expect((await gateway.next('INTERACTION_CREATE')).data).toMatchObject({
    options: [{ type: 1, name: 'add', options: [{ name: 'a', type: 3, value: 'x' }] }],
  });
});

it('fails at once when no bot listens', async () => {
  const { discord, set } = await start();
  await using _ = discord;
  await set([command()]);
  await expect(
    discord.runCommand({ user: discord.ana, channel: discord.posts, name: 'post' }),
  ).rejects.toThrow('no gateway session');
});
