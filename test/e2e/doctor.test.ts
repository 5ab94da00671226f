import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import pino from 'pino';
import { expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { Account } from '../../src/core/accounts/accounts.ts';
import type { UnverifiedAddress } from '../../src/core/publish/transfer/choose.ts';
import { openStores } from '../../src/core/storage/database.ts';
import { doctorText, runDoctor } from '../../src/doctor.ts';
import { signWebhook } from '../emulators/tiktok/index.ts';
import { type Site, startWebsites } from '../emulators/websites/index.ts';
import { seed } from '../seed.ts';
import { createWorld, discordOf, textOf, type World, type WorldOptions } from '../world.ts';
import { runNod } from './process.ts';

/** The name in the certificate of the emulated websites. */
const HOST = 'files.example.com';
const PUBLIC_URL = `https://${HOST}`;
const TOKEN = 'AbCdEfGhIjKlMnOpQrStUvWxYz012345';

/** Nod behind a reverse proxy at a public address, a Telegram group and a Discord server with reviews, all in order. */
async function startClinic({ environment, log }: Pick<WorldOptions, 'environment' | 'log'> = {}) {
  await using stack = new AsyncDisposableStack();
  const web = stack.use(await startWebsites());
  const world = stack.use(
    await createWorld({
      withDiscord: true,
      links: { network: web.network },
      tiktok: { creator: { private: true } },
      ...(log && { log }),
      environment: { PUBLIC_URL, TIKTOK_SITE_VERIFICATION: TOKEN, ...environment },
    }),
  );
  const { telegram, tiktok } = world;
  const discord = discordOf(world);
  const nod = `http://127.0.0.1:${world.environment.PORT}`;
  tiktok.app.urlProperties.push({ type: 'prefix', value: `${PUBLIC_URL}/media/` });
  tiktok.options.pull.origins[PUBLIC_URL] = nod;
  web.host(HOST, proxyTo(nod));
  const dora = telegram.user({ firstName: 'Dora' });
  const group = telegram.group({
    title: 'Editors',
    admins: [dora],
    members: [telegram.ana],
    supergroup: true,
    botIsAdmin: true,
  });
  const connectedBy = { id: `telegram:${telegram.ana.id}`, name: 'Ana' };
  await seed(world, [
    {
      ...placeOf('Editors', `telegram:${group.id}`, `telegram:${group.id}`),
      approvals: 1,
      connectedBy,
    },
    {
      ...placeOf('Studio', `discord:${discord.studio.id}`, `discord:${discord.posts.id}`),
      approvals: 1,
    },
  ]);

  // Settings that a test changes between two runs.
  const settings: Record<string, string> = world.environment;

  /** The doctor as its command runs it, but for the way to the public address. */
  const examine = (options: { isPull?: boolean; patienceMs?: number } = {}) =>
    runDoctor({ config: readConfig(settings), network: web.network, patienceMs: 60_000, ...options });

  /** Sends Nod an event of TikTok's. */
  async function tellOf(event: string): Promise<void> {
    const { clientKey, clientSecret: secret } = tiktok.app;
    const timestamp = Math.floor(Date.now() / 1000);
    const body = JSON.stringify({ client_key: clientKey, event, create_time: timestamp, content: '{}' });
    const signature = signWebhook({ secret, timestamp, body });
    const headers = { 'tiktok-signature': signature, 'content-type': 'application/json' };
    const answer = await fetch(`${nod}/webhooks/tiktok`, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
  }

  const kept = stack.move();
  return { world, settings, web, group, examine, tellOf, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const placeOf = (title: string, workspace: string, chat: string) =>
  ({ title, workspace, chat, isPrivate: false }) as const;

/** Passes requests on, as a reverse proxy does. */
function proxyTo(target: string): Site {
  return (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const passed = request(`${target}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(passed);
  };
}

type Results = Awaited<ReturnType<typeof runDoctor>>;

/** What is to be done, by the check that says so. */
function toDo(results: Results): Record<string, string> {
  const found = results.filter(({ state }) => state === 'to_do');
  return Object.fromEntries(found.map(({ check, text }) => [check, text]));
}

/** Changes the record of the one account. */
async function changeAccount(world: World, change: (account: Account) => Account): Promise<void> {
  await using stores = openStores({ file: join(world.dataDir, 'nod.db') });
  const accounts = stores.store<Account>('accounts');
  await accounts.update(world.tiktok.openIdOf(), change);
}

/** All that is in a folder, with its size and mode. */
function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  return Object.fromEntries(
    names.map((name) => {
      const { mode, size, mtimeMs } = statSync(join(folder, name));
      return [name, `${mode} ${size} ${mtimeMs}`];
    }),
  );
}

it('finds nothing to do where all is well, beside the Nod that runs', async () => {
  await using clinic = await startClinic();
  await using _app = await clinic.world.start();
  await clinic.tellOf('portability.download.ready');
  const results = await clinic.examine();
  expect(results.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(results.map(({ check }) => check)).toEqual([
    ...['settings', 'data', 'Nod', 'address', 'verification', 'photos', 'clock', 'webhooks'],
    ...['scopes', 'access', 'privacy', 'ffmpeg', 'HEIC', 'disk'],
    ...['Telegram', 'Telegram groups', 'Discord', 'Discord servers'],
  ]);
});

it('stands in for a Nod that does not run, and leaves its folder as it is', async () => {
  await using clinic = await startClinic();
  const before = contentOf(clinic.world.dataDir);
  const results = await clinic.examine();
  expect(toDo(results)).toEqual({});
  expect(results.filter(({ state }) => state === 'unknown').map(({ check }) => check)).toEqual([
    'Nod',
    'webhooks',
  ]);
  expect(contentOf(clinic.world.dataDir)).toEqual(before);
});

it('names what is broken at TikTok, at the address and in the places, each with what to do', async () => {
  await using clinic = await startClinic();
  const { world, settings, web, group } = clinic;
  const { telegram, tiktok } = world;
  const discord = discordOf(world);
  await using _app = await world.start();
  web.host(HOST, (_, response) => response.writeHead(301, { location: 'https://www.example.com/' }).end());
  tiktok.options.dateSkewMs = -12 * 60_000;
  tiktok.creator.private = false;
  await changeAccount(world, (account) => ({ ...account, scopes: ['user.info.basic', 'video.publish'] }));
  telegram.removeBot(group);
  discord.setOverwrite(discord.posts, 'bot', { deny: ['SEND_MESSAGES'] });
  settings.MEDIA_LIMIT_GB = '0.000001';
  mkdirSync(join(world.dataDir, 'media'), { recursive: true });
  writeFileSync(join(world.dataDir, 'media', `${'0'.repeat(64)}.jpg`), Buffer.alloc(2_000));
  expect(toDo(await clinic.examine())).toEqual({
    address: `${PUBLIC_URL} redirects to https://www.example.com, and TikTok follows no redirect: set PUBLIC_URL to the address that answers itself, or take the redirect away.`,
    verification: expect.stringContaining('TikTok follows no redirect'),
    clock: expect.stringContaining('is 12 minutes ahead of TikTok’s: set it'),
    scopes: 'Studio Ana has not granted video.upload: /connect it again and allow everything.',
    privacy: expect.stringContaining(
      'Studio Ana is public, and an app that TikTok has not audited may only post',
    ),
    disk: expect.stringContaining('of MEDIA_LIMIT_GB: set it higher, or discard drafts.'),
    'Telegram groups': 'Nod is not in “Editors” any more. Somebody who manages it can add Nod again.',
    'Discord servers': expect.stringContaining(
      'Nod lacks the permission “Send Messages” in #posts of “Studio”.',
    ),
  });
});

it('names what is broken about the tokens and the settings, and shows none of them', async () => {
  await using clinic = await startClinic({ environment: { SECRET_KEY: 'a key of many letters' } });
  const { world, settings } = clinic;
  const { telegram, tiktok } = world;
  const discord = discordOf(world);
  await changeAccount(world, (account) => ({ ...account, refreshExpiresAt: Date.now() - 1_000 }));
  telegram.fault('401');
  discord.fault('unreachable');
  settings.SECRET_KEY = 'another key of many letters';
  const results = await clinic.examine();
  expect(toDo(results)).toMatchObject({
    data: expect.stringContaining('The key in SECRET_KEY does not open the TikTok tokens of one account'),
    access: expect.stringMatching(/^Nod’s access to Studio Ana ended on .*: \/connect it again\.$/),
    Telegram: 'Telegram refuses TELEGRAM_TOKEN. Put in the token that @BotFather shows for the bot.',
    Discord: expect.stringContaining('Discord does not answer: let this machine reach it'),
  });
  const told = doctorText(results) + JSON.stringify(results);
  const tokens = tiktok.state.tokens.map(({ value }) => value);
  expect(tokens).not.toEqual([]);
  const secrets = [telegram.token, discord.token, tiktok.app.clientSecret, settings.SECRET_KEY];
  for (const secret of [...secrets, ...tokens]) expect(told).not.toContain(secret);
});

it('says where Telegram keeps reactions from Nod, and where another program takes its updates', async () => {
  await using clinic = await startClinic();
  const { telegram } = clinic.world;
  const dora = telegram.user({ firstName: 'Dora' });
  const group = telegram.group({ title: 'Readers', admins: [dora], supergroup: true });
  const place = placeOf('Readers', `telegram:${group.id}`, `telegram:${group.id}`);
  await seed(clinic.world, [{ ...place, approvals: 1 }]);
  telegram.state.webhook.url = 'https://elsewhere.example/hook';
  expect(toDo(await clinic.examine())).toEqual({
    Telegram: expect.stringMatching(/^Another program takes what Telegram has for this bot, by a webhook/),
    'Telegram groups': expect.stringMatching(
      /^Reactions do not reach Nod in “Readers”: an administrator makes/,
    ),
  });
  await seed(clinic.world, [{ ...place, approvals: 0 }]);
  telegram.state.webhook.url = '';
  expect(toDo(await clinic.examine())).toEqual({});
});

it('says where Discord has closed its gateway to the bot, as for an intent', async () => {
  const { promise: isClosed, resolve } = Promise.withResolvers<void>();
  const write = (line: string) => line.includes('closed its gateway') && resolve();
  await using clinic = await startClinic({ log: pino({ level: 'error' }, { write }) });
  const discord = discordOf(clinic.world);
  await using _app = await clinic.world.start();
  await discord.waitForGateway();
  discord.closeGateway(4014, 'Disallowed intent(s).');
  await isClosed;
  expect(toDo(await clinic.examine())).toEqual({
    Discord: expect.stringMatching(/^Discord takes the token of Nod, but has closed the connection for good/),
  });
});

it('says in the words of the card that photos wait for a verified domain', async () => {
  await using clinic = await startClinic();
  await using stores = openStores({ file: join(clinic.world.dataDir, 'nod.db') });
  await stores.store<UnverifiedAddress>('unverified-addresses').create(PUBLIC_URL, { at: Date.now() });
  expect(toDo(await clinic.examine())).toEqual({
    photos:
      'TikTok has not verified the address that Nod serves media from. ' +
      'The operator verifies it in TikTok’s developer portal under “URL properties”. ' +
      'TikTok takes photos in no other way than by fetching them from there.',
  });
});

it('ends when nobody answers, and says so of each', async () => {
  await using clinic = await startClinic();
  const { world, web } = clinic;
  const { telegram, tiktok } = world;
  web.host(HOST, () => {});
  telegram.fault('hold', { method: 'getMe' });
  discordOf(world).fault('hold', { route: '*' });
  tiktok.fault('latency:creator_info', { ms: 60_000 });
  const found = toDo(await clinic.examine({ patienceMs: 500 }));
  expect(Object.keys(found)).toEqual(
    expect.arrayContaining(['address', 'verification', 'privacy', 'Telegram', 'Discord']),
  );
  expect(found.Discord).toMatch(/^Discord does not answer/);
});

it('has TikTok fetch a picture into the inbox only where it is told to', async () => {
  await using clinic = await startClinic();
  const { tiktok } = clinic.world;
  await clinic.examine();
  expect(tiktok.state.publishes).toEqual([]);
  const results = await clinic.examine({ isPull: true });
  expect(toDo(results)).toEqual({});
  expect(results.at(-5)).toMatchObject({
    check: 'pull',
    text: 'TikTok has fetched a picture; it lies as a draft in the inbox of Studio Ana: delete it there',
  });
  expect(tiktok.state.publishes).toMatchObject([{ mode: 'MEDIA_UPLOAD', status: 'SEND_TO_USER_INBOX' }]);
  tiktok.app.urlProperties.length = 0;
  expect(toDo(await clinic.examine({ isPull: true }))).toEqual({
    pull: `TikTok does not fetch from ${PUBLIC_URL}: verify it in TikTok’s developer portal, under “URL properties”.`,
  });
});

it('answers its operator alone in Telegram, and says in a group where', async () => {
  await using clinic = await startClinic({ environment: { ACCESS: 'open', CLAIM_CODE: 'K7QM-2F4D' } });
  const { world, group } = clinic;
  const { telegram, tiktok } = world;
  const { ana, anaChat } = telegram;
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  await using _app = await world.start();
  const says = (chat: { id: number }, text: string) =>
    telegram.waitForMessage(chat, (message) => textOf(message).includes(text));
  await telegram.sendText(anaChat, ana, '/doctor');
  await says(anaChat, 'Only the operator of this Nod can do that.');
  await telegram.sendText(anaChat, ana, '/claim K7QM-2F4D');
  await says(anaChat, 'This is your Nod now.');
  tiktok.options.dateSkewMs = 3 * 3_600_000;
  await telegram.sendText(anaChat, ana, '/doctor');
  const card = await says(anaChat, 'This keeps your Nod from working');
  expect(textOf(card)).toContain(
    '✗ To do, clock: The clock of this machine is 3 hours behind TikTok’s: set it',
  );
  expect(textOf(card)).toContain('✓ OK: address, verification, photos, scopes');
  await telegram.sendText(group, ana, `/doctor@${telegram.state.bot.username}`);
  await says(group, 'That is for you alone. Send /doctor in our private chat: https://t.me/');
});

it('answers its operator alone in Discord', async () => {
  await using clinic = await startClinic({ environment: { ACCESS: 'open', CLAIM_CODE: 'K7QM-2F4D' } });
  const { world } = clinic;
  const discord = discordOf(world);
  const { ana, posts } = discord;
  await using _app = await world.start();
  await discord.waitForGateway();
  const run = (subcommand: string, options = {}) =>
    discord.runCommand({ user: ana, channel: posts, name: 'tiktok', subcommand, options });
  await (await run('doctor')).waitForResponse('Only the operator of this Nod can do that.');
  await (await run('claim', { code: 'K7QM-2F4D' })).waitForResponse('This is your Nod now.');
  discord.setOverwrite(posts, 'bot', { deny: ['ATTACH_FILES'] });
  const handle = await run('doctor');
  await handle.waitForResponse('Nod lacks the permission “Attach Files” in #posts of “Studio”.');
  expect(JSON.stringify(discord.messages(posts))).not.toContain('Attach Files');
});

it('is a command with a status and a form for programs', async () => {
  await using world = await createWorld({ environment: { KEEP_POST_DAYS: '9' } });
  const run = async (args: readonly string[], environment: Record<string, string> = world.environment) => {
    await using command = runNod({ environment, args: ['doctor', ...args] });
    const { code } = await command.ended;
    return { code, ...command.output };
  };
  const told = await run([], { ...world.environment, PATH: '/nowhere' });
  expect(told).toMatchObject({ code: 1, err: '' });
  expect(told.out).toMatch(
    /^✗ to do +settings +KEEP_POST_DAYS is set, which Nod does not know: is KEEP_POSTS_DAYS meant\?$/m,
  );
  expect(told.out).toMatch(/^✗ to do +ffmpeg +Without ffmpeg only MP4 videos /m);
  expect(told.out).toMatch(/\n\n\d+ to do, \d+ ok, \d+ not known\.\n$/);
  const { out } = await run(['--json']);
  const { ok, checks } = JSON.parse(out);
  expect(ok).toBe(false);
  expect(checks).toContainEqual({
    check: 'address',
    state: 'to_do',
    text: expect.stringContaining('which is no public https address'),
  });
  expect(readdirSync(world.dataDir)).toEqual([]);
  expect(await run(['--all'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^Call it like this: npm run doctor/),
  });
  expect(await run([], {})).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^Nod cannot start\. Set these/),
  });
});
