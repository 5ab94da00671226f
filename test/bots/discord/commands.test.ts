import { expect, it } from 'vitest';
import { startHarness } from './harness.ts';

const optionNames = ['media1', 'media2', 'media3', 'media4', 'media5', 'media6', 'media7', 'media8'];

it('registers the same commands at every start', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { bot } = await harness.startBot();
  const first = discord.state.commands.map(({ id }) => id);
  await bot.stop();
  await harness.startBot();
  expect(discord.state.commands.map(({ id }) => id)).toEqual(first);
  expect(discord.state.commands.map(({ request, guildId }) => [request.name, guildId])).toEqual([
    ['tiktok', undefined],
    ['Post to TikTok', undefined],
  ]);
});

it('offers all subcommands, for servers and direct messages', async () => {
  await using harness = await startHarness();
  await harness.startBot();
  const [tiktok] = harness.discord.state.commands;
  const { options, contexts, integration_types } = tiktok?.request ?? {};
  expect(options?.map(({ name }) => name)).toEqual([
    ...[
      'post',
      'compose',
      'upload',
      'connect',
      'accounts',
      'disconnect',
      'queue',
      'posts',
      'results',
      'quota',
    ],
    ...['cancel', 'settings', 'history', 'join', 'link', 'unlink', 'doctor', 'claim', 'help'],
  ]);
  expect({ contexts, integration_types }).toEqual({ contexts: [0, 1], integration_types: [0] });
  const post = options?.[0]?.options ?? [];
  expect(post.map(({ name }) => name)).toEqual([
    ...[...optionNames, 'media9', 'media10'],
    ...['url', 'caption', 'account', 'privacy', 'when'],
  ]);
  expect(post.filter(({ required }) => required)).toEqual([]);
  const fileTypes = ['image', 'video', '.tif', '.tiff', '.bmp', '.mkv', '.avi', '.3gp', '.ts', '.flv'];
  expect(post[9]).toMatchObject({ type: 11, file_types: fileTypes });
  expect(post[10]).toMatchObject({ name: 'url', max_length: 2_000 });
  expect(post[11]).toMatchObject({ name: 'caption', max_length: 2_200 });
  expect(post.slice(12).map(({ autocomplete }) => autocomplete)).toEqual([true, true, undefined]);
  for (const command of ['join', 'claim'])
    expect(options?.find(({ name }) => name === command)?.options).toMatchObject([
      { type: 3, name: 'code', required: true },
    ]);
  const linkOptions = options?.find(({ name }) => name === 'link')?.options;
  expect(linkOptions).toMatchObject([{ type: 3, name: 'code' }]);
  expect(linkOptions?.[0]?.required ?? false).toBe(false);
});

it('speaks German, Spanish and Portuguese, and English otherwise', async () => {
  await using harness = await startHarness();
  await harness.startBot();
  const locales = ['de', 'es-ES', 'es-419', 'pt-BR'].sort();
  const [tiktok, menu] = harness.discord.state.commands.map(({ request }) => request);
  const subcommands = tiktok?.options ?? [];
  for (const named of [...subcommands, ...subcommands.flatMap(({ options }) => options ?? [])]) {
    expect(Object.keys(named.name_localizations ?? {}).sort()).toEqual(locales);
    expect(Object.keys(named.description_localizations ?? {}).sort()).toEqual(locales);
  }
  expect(subcommands[0]?.name_localizations?.de).toBe('posten');
  expect(menu?.name_localizations?.['pt-BR']).toBe('Publicar no TikTok');
});

it('listens although the commands could not be registered', async () => {
  await using harness = await startHarness();
  harness.discord.fault('5xx', { times: 4 });
  await harness.startBot();
  await harness.logged('The commands were not registered');
});

it('gives no two subcommands one name in any language', async () => {
  await using harness = await startHarness();
  await harness.startBot();
  const subcommands = harness.discord.state.commands[0]?.request.options ?? [];
  for (const locale of ['de', 'es-ES', 'es-419', 'pt-BR']) {
    const names = subcommands.map(({ name_localizations: names }) => names?.[locale]);
    expect(new Set(names).size).toBe(subcommands.length);
  }
});

it('takes the code of /tiktok join as its argument', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events } = await harness.startBot();
  const join = { user: discord.ana, channel: discord.posts, name: 'tiktok', subcommand: 'join' };
  await expect(discord.runCommand(join)).rejects.toThrow('code is required');
  await discord.runCommand({ ...join, options: { code: 'ab12-cd34' } });
  expect(await events.one('command')).toMatchObject({ name: 'join', argument: 'ab12-cd34' });
});

it.each(['connect', 'accounts', 'disconnect', 'posts', 'cancel', 'settings', 'history', 'help'])(
  'takes /tiktok %s',
  async (name) => {
    await using harness = await startHarness();
    const { discord, chat } = harness;
    const { events } = await harness.startBot();
    const handle = await discord.runCommand({
      user: discord.ana,
      channel: discord.posts,
      name: 'tiktok',
      subcommand: name,
      locale: 'de',
    });
    expect(handle).toMatchObject({ answerType: 5, ephemeral: true });
    expect(await events.one('command')).toMatchObject({
      id: handle.id,
      chat,
      workspace: `discord:${discord.studio.id}`,
      chatTitle: 'Studio #posts',
      workspaceTitle: 'Studio',
      isPrivate: false,
      person: { id: `discord:${discord.ana.id}`, name: 'Ana' },
      name,
      argument: '',
      reply: { chat, isPrivate: true },
    });
  },
);

it('takes a direct message as a place of the person’s own', async () => {
  await using harness = await startHarness();
  const { discord } = harness;
  const { events } = await harness.startBot();
  const dm = discord.dm(discord.ana);
  await discord.runCommand({ user: discord.ana, channel: dm, name: 'tiktok', subcommand: 'posts' });
  expect(await events.one('command')).toMatchObject({
    chat: `discord:${dm.id}`,
    workspace: `discord:user:${discord.ana.id}`,
    chatTitle: 'Ana',
    isPrivate: true,
  });
});
