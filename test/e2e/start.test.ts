import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStores } from '../../src/core/storage/database.ts';
import { createWorld, discordOf, type World } from '../world.ts';
import { runNod } from './process.ts';

it('lists every missing setting at once and ends with code 1', async () => {
  await using nod = runNod();
  expect(await nod.ended).toEqual({ code: 1, signal: null });
  for (const name of ['TIKTOK_CLIENT_KEY', 'TIKTOK_CLIENT_SECRET', 'PUBLIC_URL']) {
    expect(nod.output.err).toMatch(new RegExp(`^ {2}${name} is missing: `, 'm'));
  }
  expect(nod.output.err).toContain(
    '  TELEGRAM_TOKEN and DISCORD_TOKEN are missing, at least one is needed: ',
  );
  expect(nod.output.out).toBe('');
});

it('ends with code 1 and one clear line when Telegram refuses the token', async () => {
  await using world = await createWorld();
  await using nod = runNod({ environment: { ...world.environment, TELEGRAM_TOKEN: '1:wrong' } });
  expect(await nod.ended).toEqual({ code: 1, signal: null });
  expect(nod.output.out).toContain('Telegram refuses TELEGRAM_TOKEN. Put in the token that @BotFather shows');
  expect(nod.output.err).toBe('');
});

it('keeps what it writes from other users of the machine, whatever the folder was like', async () => {
  await using world = await createWorld();
  const kept = ['nod.db', 'secret.key', 'media'].map((name) => join(world.dataDir, name));
  const [database = '', key = '', media = ''] = kept;
  await openStores({ file: database }).close();
  chmodSync(world.dataDir, 0o755);
  mkdirSync(media, { mode: 0o755 });
  chmodSync(database, 0o644);
  writeFileSync(key, 'a key of enough letters', { mode: 0o644 });
  await using nod = runNod({ environment: world.environment });
  await nod.logged('Nod is ready');
  for (const path of [...kept, `${database}-wal`, `${database}-shm`])
    expect([path, statSync(path).mode & 0o077]).toEqual([path, 0]);
});

it('ends with code 1 when Telegram takes the token back', async () => {
  await using world = await createWorld();
  await using nod = runNod({ environment: world.environment });
  await nod.logged('Nod is ready');
  await world.telegram.waitForPoll();
  world.telegram.fault('401');
  expect(await nod.ended).toEqual({ code: 1, signal: null });
});

it('can be stopped while it waits for Telegram', async () => {
  await using world = await createWorld();
  world.telegram.fault('unreachable');
  await using nod = runNod({ environment: world.environment });
  await nod.logged('Telegram does not answer');
  expect(await nod.end('SIGTERM')).toEqual({ code: 0, signal: null });
});

const healthOf = async ({ publicUrl }: World) => {
  const response = await fetch(`${publicUrl}/healthz`);
  return { code: response.status, ...((await response.json()) as object) };
};

it('works in one chat while the other is away, says so, and takes the other up when it answers', async () => {
  await using world = await createWorld({ withDiscord: true });
  const { telegram } = world;
  const discord = discordOf(world);
  const outage = telegram.fault('unreachable');
  await using nod = runNod({ environment: world.environment });
  await nod.logged('Nod is ready');
  expect(await healthOf(world)).toMatchObject({
    code: 200,
    status: 'degraded',
    chats: { telegram: 'away', discord: 'connected' },
  });
  expect(nod.output.out).toContain('Telegram  does not answer yet; its link stands here once it does.');
  const command = { user: discord.ana, channel: discord.posts, name: 'tiktok', subcommand: 'accounts' };
  await (await discord.runCommand(command)).waitForResponse(/No TikTok account is connected/);
  outage.lift();
  await nod.logged(`https://t.me/${telegram.state.bot.username}`);
  await telegram.sendText(telegram.anaChat, telegram.ana, '/accounts');
  await telegram.waitForMessage(telegram.anaChat, 'No TikTok account is connected');
  expect(await healthOf(world)).toMatchObject({
    code: 200,
    chats: { telegram: 'connected', discord: 'connected' },
  });
});

it('works in Telegram while Discord is away, and takes Discord up when it answers', async () => {
  await using world = await createWorld({ withDiscord: true });
  const { telegram } = world;
  const discord = discordOf(world);
  const outage = discord.fault('unreachable');
  await using nod = runNod({ environment: world.environment });
  await nod.logged('Nod is ready');
  expect(await healthOf(world)).toMatchObject({ chats: { telegram: 'connected', discord: 'away' } });
  await telegram.sendText(telegram.anaChat, telegram.ana, '/accounts');
  await telegram.waitForMessage(telegram.anaChat, 'No TikTok account is connected');
  outage.lift();
  await nod.logged('https://discord.com/oauth2/authorize');
  const command = { user: discord.ana, channel: discord.posts, name: 'tiktok', subcommand: 'accounts' };
  await (await discord.runCommand(command)).waitForResponse(/No TikTok account is connected/);
});

it.each([
  [
    'TELEGRAM_TOKEN',
    '1:wrong',
    'Telegram refuses TELEGRAM_TOKEN',
    { telegram: 'refused', discord: 'connected' },
  ],
  ['DISCORD_TOKEN', 'a.b.c', 'Discord refuses DISCORD_TOKEN', { telegram: 'connected', discord: 'refused' }],
])('works in the other chat where %s is refused, and says what to mend', async (name, token, says, chats) => {
  await using world = await createWorld({ withDiscord: true });
  await using nod = runNod({ environment: { ...world.environment, [name]: token } });
  await nod.logged('Privacy Policy URL');
  expect(nod.output.out).toMatch(new RegExp(`✕ ${says}.*Then start Nod again\\.`));
  expect(await healthOf(world)).toMatchObject({ code: 200, status: 'degraded', chats });
  expect(await nod.end('SIGTERM')).toEqual({ code: 0, signal: null });
});

it('ends with code 1 when both refuse their tokens, and names both', async () => {
  await using world = await createWorld({ withDiscord: true });
  const tokens = { TELEGRAM_TOKEN: '1:wrong', DISCORD_TOKEN: 'a.b.c' };
  await using nod = runNod({ environment: { ...world.environment, ...tokens } });
  expect(await nod.ended).toEqual({ code: 1, signal: null });
  for (const name of Object.keys(tokens)) expect(nod.output.out).toContain(`refuses ${name}.`);
});

it('goes on in the other chat when Telegram takes the token back', async () => {
  await using world = await createWorld({ withDiscord: true });
  const discord = discordOf(world);
  await using nod = runNod({ environment: world.environment });
  await nod.logged('Nod is ready');
  await world.telegram.waitForPoll();
  world.telegram.fault('401');
  await nod.logged('the other chat works meanwhile');
  expect(await healthOf(world)).toMatchObject({ status: 'degraded', chats: { telegram: 'refused' } });
  const command = { user: discord.ana, channel: discord.posts, name: 'tiktok', subcommand: 'accounts' };
  await (await discord.runCommand(command)).waitForResponse(/No TikTok account is connected/);
});

it('can be stopped while one chat is away', async () => {
  await using world = await createWorld({ withDiscord: true });
  world.telegram.fault('unreachable');
  await using nod = runNod({ environment: world.environment });
  await nod.logged('Nod is ready');
  expect(await nod.end('SIGTERM')).toEqual({ code: 0, signal: null });
});

const oldNode = ['/usr/local/bin/node', '/usr/bin/node'].find(isOld);

it.skipIf(oldNode === undefined)('says in one sentence that Node is too old', async () => {
  await using nod = runNod({ node: oldNode ?? '' });
  expect(await nod.ended).toEqual({ code: 1, signal: null });
  expect(nod.output.err.trim()).toMatch(/^Nod needs Node 24 or newer, and this is Node [^\n]*$/);
});

function isOld(path: string): boolean {
  if (!existsSync(path)) return false;
  return Number(execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).split('.')[0]) < 24;
}
