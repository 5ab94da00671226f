import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import type { MoveRecord } from '../../src/bots/telegram/index.ts';
import { openStores } from '../../src/core/storage/database.ts';
import { settle } from '../settle.ts';
import { connectInGroup, issueCode, setApprovalsInGroup } from '../team.ts';
import { buttonsOf, connectAccount, createWorld, discordOf, textOf, type WorldOptions } from '../world.ts';
import { textOf as discordTextOf } from './discord-stage.ts';
import { runNod } from './process.ts';
import { bytesOf, fixture } from './stage.ts';
import { startTeamStage, type TeamStage } from './team-stage.ts';

const CODE = 'K7QM-2F4D';
const PRIVATE = 'This Nod is private. Its operator has been asked.';

/** A private Nod that nobody has claimed, Ana before it, and Kim, whom nobody knows. */
async function startPrivate(options: WorldOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const environment = { ACCESS: 'invite', CLAIM_CODE: CODE, ...options.environment };
  const world = stack.use(await createWorld({ ...options, environment }));
  const { telegram } = world;
  telegram.setFlood({ chatPerSecond: false, groupPerMinute: false });
  let app = await world.start();
  stack.defer(() => app[Symbol.asyncDispose]());
  const { ana, anaChat } = telegram;
  const kim = telegram.user({ firstName: 'Kim' });
  const kimChat = telegram.privateChat(kim);
  const says = (chat: { id: number }, choice: string | RegExp | ((message: Message) => boolean)) =>
    telegram.waitForMessage(chat, choice);

  async function claim(): Promise<Message> {
    await telegram.sendText(anaChat, ana, `/start ${CODE}`);
    return says(anaChat, 'This is your Nod now.');
  }

  async function restart(): Promise<void> {
    await app[Symbol.asyncDispose]();
    app = await world.start();
  }

  /** Stops Nod once nothing is under way: what is missing then would not have come later. */
  const settled = () =>
    settle(world, {
      stop: () => app[Symbol.asyncDispose](),
      start: async () => {
        app = await world.start();
      },
    });

  const kept = stack.move();
  return {
    world,
    telegram,
    ana,
    anaChat,
    kim,
    kimChat,
    says,
    claim,
    restart,
    settled,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

it('belongs to whoever sends the code first, and to nobody who sends it later', async () => {
  await using nod = await startPrivate();
  const { telegram, kim, kimChat, says, claim } = nod;
  await telegram.sendText(kimChat, kim, '/start AAAA-AAAA');
  await says(kimChat, 'This code is wrong, used or expired.');
  expect(textOf(await claim())).toContain('Nobody else can use it until you let them in.');
  await telegram.sendText(kimChat, kim, `/start ${CODE}`);
  await says(
    kimChat,
    (message) => message.message_id > 2 && textOf(message).startsWith('This code is wrong'),
  );
  await telegram.sendText(kimChat, kim, '/help');
  await says(kimChat, PRIVATE);
});

it('says after some wrong codes that it takes no more of them', async () => {
  await using nod = await startPrivate();
  const { telegram, kim, kimChat, says } = nod;
  for (let tries = 0; tries < 5; tries += 1)
    await telegram.sendText(kimChat, kim, `/start AAAA-AAA${tries + 2}`);
  await telegram.sendText(kimChat, kim, `/start ${CODE}`);
  await says(kimChat, 'Too many codes were tried. Try again in an hour.');
  await nod.claim();
});

it('asks the operator once about a stranger, and keeps, downloads and links nothing of theirs', async () => {
  await using nod = await startPrivate();
  const { telegram, world, kim, kimChat, anaChat, says, claim } = nod;
  await claim();
  const bytes = await bytesOf('phone.jpg');
  for (const caption of ['A private joke', 'Another joke'])
    await telegram.sendDocument(kimChat, kim, { bytes, fileName: 'a.jpg', mimeType: 'image/jpeg', caption });
  await telegram.sendText(kimChat, kim, '/connect');
  await says(kimChat, PRIVATE);
  const request = await says(anaChat, /^Kim id \d+ \(Telegram\) would like to use Nod\.$/);
  expect(buttonsOf(request)).toEqual(['Allow', 'Not now', 'Block']);
  await nod.settled();
  expect(telegram.botMessages(kimChat).map(textOf)).toEqual([PRIVATE]);
  expect(telegram.botMessages(anaChat).filter((message) => textOf(message).includes('Kim'))).toHaveLength(1);
  expect(telegram.state.requests.filter(({ method }) => method === 'getFile')).toEqual([]);
  expect(await onDisk(world.dataDir)).not.toMatch(/private joke|Another joke|a\.jpg/);
});

it('lets a stranger in who is allowed, and out again who is not any more', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, anaChat, kim, kimChat, says, claim } = nod;
  await claim();
  await telegram.sendText(kimChat, kim, '/help');
  const request = await says(anaChat, /^Kim id \d+ \(Telegram\) would like to use Nod\.$/);
  await telegram.press(request, 'Allow', ana);
  await says(kimChat, 'This Nod may be used here now.');
  await telegram.sendText(kimChat, kim, '/help');
  await says(kimChat, 'A post is 1 to 35 photos (');
  await telegram.sendText(anaChat, ana, '/settings');
  const settings = await says(anaChat, /^Settings/);
  await telegram.press(settings, 'Who may use this Nod…', ana);
  const list = await says(anaChat, 'Who may use this Nod');
  expect(textOf(list)).toContain(`Kim id ${kim.id} (Telegram)  may use it`);
  await telegram.press(list, 'Withdraw Kim', ana);
  await says(anaChat, 'Kim (Telegram) may not use this Nod any more.');
  await telegram.sendText(kimChat, kim, '/posts');
  await says(kimChat, /^This Nod is private\.$/);
});

/** Makes the Nod of a team private, and Ana on Telegram its operator. */
async function makePrivate({ world, telegram, restart }: TeamStage) {
  const { ana, anaChat } = telegram;
  Object.assign(world.environment, { ACCESS: 'invite', CLAIM_CODE: CODE });
  await restart();
  await telegram.sendText(anaChat, ana, `/start ${CODE}`);
  const greeting = await telegram.waitForMessage(anaChat, 'This is your Nod now.');
  await telegram.press(greeting, 'Who may use this Nod…', ana);
  const list = await telegram.waitForMessage(anaChat, /^Who may use this Nod\n/);

  async function withdraw(title: string): Promise<void> {
    await telegram.press(list, `Withdraw ${title}`, ana);
    await telegram.waitForMessage(anaChat, new RegExp(`^${title} .* may not use this Nod any more\\.`));
  }

  return { withdraw };
}

it('ends with the access of a place all that it shares: reviews, votes, files and accounts', async () => {
  await using team = await startTeamStage({ approvals: 2 });
  const { withdraw } = await makePrivate(team);
  const { telegram, discord, group, dora, ben } = team;
  const { onTelegram, onDiscord } = await team.submit(['phone.jpg'], 'Our secret');
  await telegram.press(onTelegram as Message, 'Approve', dora);
  await team.inPosts((message) => discordTextOf(message).includes('1 of 2'));
  await withdraw('Editors');
  await team.inPosts((message) => discordTextOf(message).includes('are separate.'));
  // Telegram lets no message lose its picture, so the card goes with it.
  const isGone = () =>
    !telegram.render(group).includes('secret') && !telegram.botMessages(group).some(({ photo }) => photo);
  await telegram.until(() => isGone() || undefined, { what: 'The end of the card' });
  await discord.press(onDiscord, 'Approve', ben);
  await team.inPosts((message) => /Ben.* · 1 of 2/.test(discordTextOf(message)));
  const before = telegram.botMessages(group).length;
  const handle = await team.offer(['phone.jpg'], { options: { caption: 'Another secret' } });
  await team.composer(handle);
  await team.see(handle, 'Everyone');
  await team.press(handle, 'Ask for approval');
  await team.inPosts((message) => discordTextOf(message).includes('Another secret'));
  await team.settled();
  expect(telegram.botMessages(group)).toHaveLength(before);
  expect(isGone()).toBe(true);
});

it('posts to no account of a withdrawn place from one that shared it', async () => {
  await using team = await startTeamStage({ approvals: 0 });
  const { withdraw } = await makePrivate(team);
  const { telegram, group, gus, tiktok } = team;
  const at = telegram.state.bot.username;
  await telegram.sendPhoto(group, gus, { path: fixture('phone.jpg'), caption: `@${at} Mine` });
  const card = await team.inGroup((message) => buttonsOf(message).includes('Everyone'));
  await telegram.press(card, 'Everyone', gus);
  await withdraw('Studio');
  const alone = await team.inGroup((message) => buttonsOf(message).includes('I have connected one'));
  expect(textOf(alone)).not.toContain('Studio Ana');
  expect(await telegram.press(alone, 'To my TikTok inbox', gus)).toMatchObject({
    text: 'No TikTok account is connected here. /connect one first.',
  });
  await team.settled();
  expect(tiktok.state.publishes).toEqual([]);
});

it('makes nothing of a press that was being checked while the access was withdrawn', async () => {
  await using team = await startTeamStage({ joined: false, approvals: 0 });
  const { telegram, group, gus, dora, tiktok } = team;
  await connectInGroup({ telegram, group, admin: dora }, tiktok);
  await setApprovalsInGroup({ telegram, group, admin: dora }, 0);
  const { withdraw } = await makePrivate(team);
  const caption = `@${telegram.state.bot.username} Mine`;
  await telegram.sendPhoto(group, gus, { path: fixture('phone.jpg'), caption });
  const card = await team.inGroup((message) => buttonsOf(message).includes('Everyone'));
  await telegram.press(card, 'Everyone', gus);
  const held = telegram.fault('hold', { method: 'getChatMember' });
  const pressing = telegram.press(card, 'Post now', gus);
  await telegram.until(() => held.hits > 0 || undefined, { what: 'the check' });
  await withdraw('Editors');
  held.lift();
  await pressing;
  await team.inGroup(/^Cancelled[\s\S]*This Nod may not be used here any more\. Nothing was posted\./);
  await team.settled();
  expect(tiktok.state.publishes).toEqual([]);
});

it('takes back what is being handed to TikTok while the access is withdrawn', async () => {
  await using team = await startTeamStage({ joined: false, approvals: 0 });
  const { withdraw } = await makePrivate(team);
  const { tiktok } = team;
  tiktok.fault('latency', { endpoint: 'content/init', ms: 3_000 });
  const handle = await team.offer(['phone.jpg'], { options: { caption: 'Mine' } });
  await team.composer(handle);
  await team.see(handle, 'Everyone');
  await team.press(handle, 'Post now');
  await team.inPosts((message) => discordTextOf(message).includes('handing it to TikTok'));
  await withdraw('Studio');
  const end = await team.inPosts((message) => /Live on|Cancelled/.test(discordTextOf(message)));
  expect(discordTextOf(end)).toContain('This Nod may not be used here any more.');
  await team.settled();
  expect(tiktok.state.publishes.filter(({ downloadedBytes }) => downloadedBytes > 0)).toEqual([]);
});

it('gives no answer any more to who is blocked', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, anaChat, kim, kimChat, says, claim } = nod;
  await claim();
  await telegram.sendText(kimChat, kim, 'Hello');
  await telegram.press(await says(anaChat, /^Kim id .* would like/), 'Block', ana);
  await says(anaChat, 'is blocked and gets no answer');
  await telegram.sendText(kimChat, kim, '/help');
  await telegram.sendText(anaChat, ana, '/accounts');
  await says(anaChat, 'No TikTok account is connected here.');
  await nod.settled();
  expect(telegram.botMessages(kimChat).map(textOf)).toEqual([PRIVATE]);
});

it('is used by a group once its operator speaks there', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, kim, says, claim } = nod;
  await claim();
  const group = telegram.group({ title: 'Editors', admins: [ana], members: [kim] });
  const at = telegram.state.bot.username;
  await telegram.sendText(group, kim, `/help@${at}`);
  await says(group, PRIVATE);
  await telegram.sendText(group, ana, `/help@${at}`);
  await says(group, 'A post is 1 to 35 photos (');
  await telegram.sendText(group, kim, `/accounts@${at}`);
  await says(group, 'No TikTok account is connected here.');
});

/** A group with Ana among its members, in which nobody has said yet that Nod may be used. */
function trap({ telegram, ana, kim }: Awaited<ReturnType<typeof startPrivate>>) {
  const group = telegram.group({ title: 'Trap', admins: [kim], members: [ana], botIsAdmin: true });
  const at = telegram.state.bot.username;
  const ask = () => telegram.sendText(group, kim, `/help@${at}`);
  return { group, at, ask };
}

it('takes no answer of a stranger to an album of the operator’s for the operator’s word', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, anaChat, kim, says, claim } = nod;
  await claim();
  const { group } = trap(nod);
  const photo = { type: 'photo' as const, path: fixture('phone.jpg') };
  const [first] = await telegram.sendAlbum(group, ana, [photo, photo]);
  await telegram.sendText(group, kim, '/post', { replyTo: first as Message });
  await says(group, PRIVATE);
  await says(anaChat, /^Kim id \d+ in Trap \(Telegram group\) would like/);
});

it('takes neither what the operator passes on, nor what the operator says about Nod, for an order', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, anaChat, kim, says, claim } = nod;
  await claim();
  const { group, at, ask } = trap(nod);
  await telegram.sendText(group, ana, `/help@${at}`, { forwardedFrom: kim });
  await telegram.sendText(group, ana, `Who has put @${at} in here? Please throw it out.`);
  await says(group, 'This is not among the places that may use your Nod. /help from you lets it in.');
  await ask();
  await says(group, PRIVATE);
  await telegram.sendText(group, ana, `/help@${at}`);
  await says(group, 'A post is 1 to 35 photos (');
  expect(buttonsOf(await says(anaChat, '✓ Trap (Telegram) may use this Nod.'))).toEqual(['Withdraw']);
});

it('lets no blocked group in again because its operator follows a link with a payload', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, anaChat, says, claim } = nod;
  await claim();
  const { group, at, ask } = trap(nod);
  await ask();
  await telegram.press(await says(anaChat, /in Trap .* would like/), 'Block', ana);
  await says(anaChat, 'is blocked and gets no answer');
  await telegram.sendText(group, ana, `/start@${at} whatever`);
  await says(group, /^This Nod is private\.$/);
});

it('takes no code that others can read, and ends it', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, anaChat, says } = nod;
  const { group, at } = trap(nod);
  await telegram.sendText(group, ana, `/start@${at} ${CODE}`);
  await says(group, 'Others can read this code, so it is not good any more.');
  await telegram.sendText(anaChat, ana, `/start ${CODE}`);
  await says(anaChat, 'This code is wrong, used or expired.');
});

it('gives a blocked person no answer to codes', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, anaChat, kim, kimChat, says, claim } = nod;
  await claim();
  await telegram.sendText(kimChat, kim, 'Hello');
  await telegram.press(await says(anaChat, /^Kim id .* would like/), 'Block', ana);
  await says(anaChat, 'is blocked and gets no answer');
  for (const payload of ['AAAA-AAAA', 'connect', 'BBBB-BBBB'])
    await telegram.sendText(kimChat, kim, `/start ${payload}`);
  await telegram.sendText(anaChat, ana, '/accounts');
  await says(anaChat, 'No TikTok account is connected here.');
  expect(telegram.botMessages(kimChat).map(textOf)).toEqual([PRIVATE]);
});

it('does what an old card says no more, but shows how things stand', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, anaChat, kim, kimChat, says, claim } = nod;
  await claim();
  await telegram.sendText(kimChat, kim, 'Hello');
  const request = await says(anaChat, /^Kim id .* would like/);
  await telegram.press(request, 'Allow', ana);
  await says(anaChat, '✓ Kim (Telegram) may use this Nod.');
  const { text } = await telegram.forge(request, `o:telegram.${kim.id}:postpone`, ana);
  expect(text).not.toBe('');
  await telegram.sendText(kimChat, kim, '/help');
  await says(kimChat, 'A post is 1 to 35 photos (');
});

it('keeps the operator’s own chat', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, anaChat, says, claim } = nod;
  await telegram.press(await claim(), 'Who may use this Nod…', ana);
  const list = await says(anaChat, 'Who may use this Nod');
  expect(await telegram.press(list, 'Withdraw Ana', ana)).toMatchObject({
    text: 'That is an operator’s own chat with this Nod, which stays.',
  });
  await telegram.sendText(anaChat, ana, '/accounts');
  await says(anaChat, 'No TikTok account is connected here.');
});

it('tells people and places of one name apart', async () => {
  await using nod = await startPrivate();
  const { telegram, ana, anaChat, kim, kimChat, says, claim } = nod;
  const greeting = await claim();
  const fake = telegram.user({ firstName: 'Kim', username: 'mallory' });
  await telegram.sendText(kimChat, kim, '/help');
  await telegram.sendText(telegram.privateChat(fake), fake, '/help');
  await says(anaChat, 'Kim @mallory (Telegram) would like to use Nod.');
  await says(anaChat, `Kim id ${kim.id} (Telegram) would like to use Nod.`);
  await telegram.press(greeting, 'Who may use this Nod…', ana);
  const list = await says(anaChat, (message) => buttonsOf(message).includes('Withdraw Ana'));
  expect(new Set(buttonsOf(list)).size).toBe(buttonsOf(list).length);
});

it('asks about a server, and lets it in from the other platform', async () => {
  await using nod = await startPrivate({ withDiscord: true });
  const { telegram, world, ana, anaChat, says, claim } = nod;
  const discord = discordOf(world);
  await claim();
  const command = { user: discord.ana, channel: discord.posts, name: 'tiktok' };
  const options = { media1: { path: fixture('phone.jpg') } };
  const asked = await discord.runCommand({ ...command, subcommand: 'post', options });
  expect(discordTextOf(await asked.waitForResponse())).toBe(PRIVATE);
  expect(
    await discord.autocomplete({ ...command, subcommand: 'post', focused: 'account', value: '' }),
  ).toEqual([]);
  await telegram.press(
    await says(anaChat, 'Ana @ana in Studio (Discord server) would like to use Nod.'),
    'Allow',
    ana,
  );
  await discord.waitForMessage(discord.posts, 'This Nod may be used here now.');
  const again = await discord.runCommand({ ...command, subcommand: 'accounts' });
  await again.waitForResponse('No TikTok account is connected here.');
});

it('is claimed on Discord as well with the same code, soon after, and the first operator is told', async () => {
  await using nod = await startPrivate({ withDiscord: true });
  const { world, anaChat, says, claim } = nod;
  const discord = discordOf(world);
  await claim();
  const command = { user: discord.ana, channel: discord.posts, name: 'tiktok', subcommand: 'claim' };
  const claimed = await discord.runCommand({ ...command, options: { code: CODE } });
  await claimed.waitForResponse('This is your Nod now.');
  await says(anaChat, 'Ana (Discord) has claimed this Nod as well');
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben);
  const late = await discord.runCommand({ ...command, user: ben, options: { code: CODE } });
  await late.waitForResponse('This code is wrong');
});

it('joins no place that may not use it any more, by a code from before', async () => {
  await using nod = await startPrivate({ withDiscord: true });
  const { telegram, world, ana, anaChat, says, claim } = nod;
  const discord = discordOf(world);
  await claim();
  const command = { user: discord.ana, channel: discord.posts, name: 'tiktok', subcommand: 'accounts' };
  await (await discord.runCommand(command)).waitForResponse(PRIVATE);
  await telegram.press(await says(anaChat, /in Studio .* would like/), 'Allow', ana);
  await discord.waitForMessage(discord.posts, 'This Nod may be used here now.');
  const code = await issueCode(discord);
  await telegram.sendText(anaChat, ana, '/settings');
  await telegram.press(await says(anaChat, /^Settings/), 'Who may use this Nod…', ana);
  await telegram.press(await says(anaChat, 'Who may use this Nod'), 'Withdraw Studio', ana);
  await says(anaChat, 'Studio (Discord) may not use this Nod any more.');
  const group = telegram.group({ title: 'Editors', admins: [ana] });
  await telegram.sendText(group, ana, `/join@${telegram.state.bot.username} ${code}`);
  await says(group, 'This code is wrong, used or expired.');
});

it('keeps nothing of a stranger’s group that becomes a supergroup, and keeps a blocked one blocked', async () => {
  await using nod = await startPrivate();
  const { telegram, world, ana, anaChat, kim, says, claim } = nod;
  await claim();
  const at = telegram.state.bot.username;
  const trap = telegram.group({ title: 'Trap', admins: [kim] });
  await telegram.sendText(trap, kim, `/help@${at}`);
  await telegram.press(await says(anaChat, /in Trap .* would like/), 'Block', ana);
  await says(anaChat, 'is blocked and gets no answer');
  const moved = telegram.migrateToSupergroup(trap);
  telegram.migrateToSupergroup(telegram.group({ title: 'Silent', admins: [kim] }));
  await telegram.sendText(moved, kim, `/help@${at}`);
  await telegram.sendText(anaChat, ana, '/accounts');
  await says(anaChat, 'No TikTok account is connected here.');
  await nod.settled();
  expect(telegram.botMessages(moved)).toEqual([]);
  await using stores = openStores({ file: join(world.dataDir, 'nod.db') });
  const moves = await Array.fromAsync(stores.store<MoveRecord>('telegram-moves').entries());
  expect(moves).toMatchObject([[String(trap.id), { to: moved.id }]]);
});

it('goes on to serve the places that had an account before there were operators', async () => {
  await using world = await createWorld();
  const { telegram } = world;
  const { ana, anaChat } = telegram;
  {
    await using _open = await world.start();
    await connectAccount(world);
  }
  world.environment.ACCESS = 'invite';
  await using _private = await world.start();
  await telegram.sendText(anaChat, ana, '/accounts');
  await telegram.waitForMessage(anaChat, 'TikTok accounts here');
});

it('prints how it is claimed as long as nobody has, and again with --claim', async () => {
  await using world = await createWorld({ withDiscord: true, environment: { ACCESS: 'invite' } });
  const { telegram } = world;
  const link = new RegExp(`https://t\\.me/${telegram.state.bot.username}\\?start=([A-Z0-9]{4}-[A-Z0-9]{4})`);
  const environment = { ...world.environment };
  async function codeOf(options: { args?: string[] } = {}): Promise<string | undefined> {
    await using nod = runNod({ environment, ...options });
    await nod.logged('Privacy Policy URL');
    const code = link.exec(nod.output.out)?.[1];
    if (code !== undefined) {
      expect(nod.output.out).toContain(`then /tiktok claim code:${code}`);
      await telegram.sendText(telegram.anaChat, telegram.ana, `/start ${code}`);
      await telegram.waitForMessage(telegram.anaChat, 'This is your Nod now.');
    }
    await nod.end('SIGTERM');
    return code;
  }
  const first = await codeOf();
  expect(first).toBeDefined();
  expect(await codeOf()).toBeUndefined();
  const second = await codeOf({ args: ['--claim'] });
  expect(second).toBeDefined();
  expect(second).not.toBe(first);
});

/** All that lies in the data folder, as text. */
async function onDisk(directory: string): Promise<string> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  const contents = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), 'latin1'));
  return (await Promise.all(contents)).join('\n');
}
