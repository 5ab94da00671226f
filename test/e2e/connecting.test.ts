import type { Message } from 'grammy/types';
import pino from 'pino';
import { expect, it } from 'vitest';
import { linkShownTo } from '../team.ts';
import { buttonsOf, connectAccount, textOf, walkThroughConsent } from '../world.ts';
import { LINK, type Stage, type StageOptions, startStage } from './stage.ts';

async function invite(stage: Stage): Promise<string> {
  const before = stage.cards().at(-1)?.message_id ?? 0;
  await stage.say('/connect');
  return linkOf(
    await stage.card((message) => message.message_id > before && /connect\//.test(textOf(message))),
  );
}

function linkOf(invitation: Message): string {
  const link = /https?:\/\/\S+\/connect\/\S+/.exec(textOf(invitation))?.[0];
  if (link === undefined) throw new Error('The invitation has no link.');
  return link;
}

it('goes on with a draft that waited for an account', async () => {
  await using stage = await startStage({ connect: false });
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft('No TikTok account is connected here. /connect one first.');
  expect(buttonsOf(draft)).toContain('I have connected one');
  expect(await stage.tap(draft, 'I have connected one')).toMatchObject({
    text: 'No TikTok account is connected here. /connect one first.',
  });
  await connectAccount(stage.world);
  await stage.post(await stage.shows(draft, 'Who can see it?'));
  await stage.shows(draft, LINK);
});

it('says how to add the results that a person left out, until they are allowed', async () => {
  await using stage = await startStage({ connect: false, environment: { TIKTOK_STATS: 'true' } });
  const hint = 'Its results are not shown: /connect it again and allow “Read your public videos on TikTok”.';
  const page = await walkThroughConsent(await invite(stage), stage.tiktok, { refuse: ['video.list'] });
  expect(page).toContain('can now be posted to');
  const connected = await stage.card('is connected');
  expect(textOf(connected)).toContain(`tap Post now.\n${hint}`);
  await stage.say('/accounts');
  expect(textOf(await stage.card('TikTok accounts here'))).toContain(hint);

  await walkThroughConsent(await invite(stage), stage.tiktok);
  const isNew = ({ message_id }: Message) => message_id > connected.message_id;
  const again = await stage.card((message) => isNew(message) && textOf(message).includes('is connected'));
  expect(textOf(again)).not.toContain('results');
  await stage.say('/accounts');
  await stage.card(({ message_id, text = '' }) => message_id > again.message_id && !text.includes(hint));
});

it('asks for no results where they are off, and speaks of none', async () => {
  await using stage = await startStage({ connect: false });
  await walkThroughConsent(await invite(stage), stage.tiktok);
  expect(textOf(await stage.card('is connected'))).not.toContain('results');
  expect(stage.tiktok.state.grants[0]?.scopes).not.toContain('video.list');
  await stage.say('/accounts');
  expect(textOf(await stage.card('TikTok accounts here'))).not.toContain('results');
});

it('tells page and chat that access was denied', async () => {
  await using stage = await startStage({ connect: false });
  const page = await walkThroughConsent(await invite(stage), stage.tiktok, { deny: true });
  expect(page).toContain('Nothing was connected');
  await stage.card('no account is connected');
  await stage.say('/accounts');
  await stage.card('No TikTok account is connected here.');
});

it('refuses a connection that ends in another browser, and tells page and chat', async () => {
  await using stage = await startStage({ connect: false });
  const callback = await callbackFrom(stage, await invite(stage));
  expect(await pageOf(callback.url)).toContain('This is another browser');
  await stage.card('in another browser than it was begun in');
  await stage.settled();
  expect(stage.tiktok.state.tokens).toEqual([]);
});

it('connects the account of one browser of two that have the link', async () => {
  await using stage = await startStage({ connect: false });
  stage.tiktok.seedCreator({ username: 'mallory', nickname: 'Mallory' });
  const link = await invite(stage);
  const first = await callbackFrom(stage, link);
  const second = await callbackFrom(stage, link, { creator: 'mallory' });
  expect(await pageOf(first.url, first.cookie)).toContain('can now be posted to');
  await stage.card('is connected');
  expect(await pageOf(second.url, second.cookie)).toContain('This link was used already');
  await stage.card('was used a second time; nothing was connected');
  await stage.say('/accounts');
  const list = await stage.card('TikTok accounts here');
  expect(textOf(list)).toContain('Studio Ana');
  expect(textOf(list)).not.toContain('Mallory');
});

it('shows a plain member no link in the group, and connects nothing for them', async () => {
  const lines: string[] = [];
  await using group = await startGroup({ log: collectLines(lines) });
  const { telegram, tiktok, ana, ben, team } = group;
  await telegram.sendText(team, ana, `/connect@${telegram.state.bot.username}`);
  await telegram.waitForMessage(
    team,
    'Ana, the link to connect is for you alone: only you see it, here or in our private chat.',
  );
  const link = await linkShownTo(telegram, team, ana);
  await walkThroughConsent(link, tiktok);
  const news = await telegram.waitForMessage(team, '✓ Studio Ana is connected, by Ana.');
  expect(buttonsOf(news)).toEqual(['Disconnect']);
  expect(lines.join('')).not.toContain(link.split('/').at(-1));
  expect(await telegram.press(news, 'Disconnect', ben)).toMatchObject({
    text: 'Only an administrator of this group can do that.',
  });
  await telegram.press(news, 'Disconnect', ana);
  await telegram.waitForMessage(team, 'Studio Ana is disconnected.');
  await group.stage.settled();
  expect(JSON.stringify(telegram.botMessages(team))).not.toContain('/connect/');
  expect(telegram.shownTo(team, ben)).toEqual([]);
});

it('sends the link into the private chat where the bot does not administer the group', async () => {
  await using group = await startGroup({ botIsAdmin: false });
  const { telegram, ana, team } = group;
  await telegram.sendText(team, ana, `/connect@${telegram.state.bot.username}`);
  await telegram.waitForMessage(team, 'only you see it, here or in our private chat.');
  expect(textOf(await group.stage.card('/connect/'))).toContain('for “Studio”');
  await group.stage.settled();
  expect(telegram.shownTo(team, ana)).toEqual([]);
  expect(JSON.stringify(telegram.botMessages(team))).not.toContain('/connect/');
});

it('shows the way into the private chat to whom it can tell nothing alone', async () => {
  await using group = await startGroup({ botIsAdmin: false });
  const { telegram, tiktok, dora, team } = group;
  const at = telegram.state.bot.username;
  await telegram.sendText(team, dora, `/connect@${at}`);
  const shown = await telegram.waitForMessage(team, 'Dora, the link is for you alone.');
  expect(textOf(shown)).toBe(
    'Dora, the link is for you alone. Open a private chat with me, then write /connect here again.',
  );
  expect(await telegram.press(shown, 'Open a private chat', dora)).toEqual({
    url: `https://t.me/${at}?start=connect`,
  });
  const dorasChat = telegram.privateChat(dora, { started: false });
  await telegram.sendText(dorasChat, dora, '/start connect');
  await telegram.waitForMessage(dorasChat, 'Now write /connect in your group again');
  await telegram.sendText(team, dora, `/connect@${at}`);
  await telegram.waitForMessage(
    team,
    'Dora, the link to connect is for you alone: only you see it, here or in our private chat.',
  );
  await walkThroughConsent(await linkShownTo(telegram, team, dora), tiktok);
  await telegram.waitForMessage(team, '✓ Studio Ana is connected, by Dora.');
});

it('gives no link to an administrator who writes in the name of the group', async () => {
  await using group = await startGroup();
  const { telegram, dora, team } = group;
  await telegram.sendText(team, dora, `/connect@${telegram.state.bot.username}`, { isAnonymous: true });
  await telegram.waitForMessage(team, 'Write /connect under your own name.');
  await group.stage.settled();
  expect(JSON.stringify(telegram.state.messages)).not.toContain('/connect/');
  expect(telegram.state.ephemeral).toEqual([]);
});

it('connects nothing for somebody who was an administrator when asking, and is not any more', async () => {
  await using group = await startGroup();
  const { telegram, tiktok, ana, dora, team, stage } = group;
  await telegram.sendText(team, dora, `/connect@${telegram.state.bot.username}`);
  const { url, cookie } = await callbackFrom(stage, await linkShownTo(telegram, team, dora));
  telegram.setAdmin(team, dora, false);
  for (let times = 0; times < 2; times += 1)
    expect(await pageOf(url, cookie)).toContain('This is no longer allowed');
  await telegram.waitForMessage(team, 'Dora asked to connect an account but may no longer do that here');
  expect(tiktok.state.tokens).toEqual([]);
  await telegram.sendText(team, ana, `/accounts@${telegram.state.bot.username}`);
  await telegram.waitForMessage(team, 'No TikTok account is connected here.');
  expect(telegram.botMessages(team).filter((one) => textOf(one).includes('no longer'))).toHaveLength(1);
});

it('connects nothing for a group that it was thrown out of', async () => {
  await using group = await startGroup();
  const { telegram, tiktok, dora, team, stage } = group;
  await telegram.sendText(team, dora, `/connect@${telegram.state.bot.username}`);
  const { url, cookie } = await callbackFrom(stage, await linkShownTo(telegram, team, dora));
  telegram.removeBot(team);
  expect(await pageOf(url, cookie)).toContain('This is no longer allowed');
  await stage.settled();
  expect(tiktok.state.tokens).toEqual([]);
});

it('goes on after a reload once Telegram tells again who is an administrator', async () => {
  await using group = await startGroup();
  const { telegram, dora, team, stage } = group;
  await telegram.sendText(team, dora, `/connect@${telegram.state.bot.username}`);
  const { url, cookie } = await callbackFrom(stage, await linkShownTo(telegram, team, dora));
  const outage = telegram.fault('5xx', { method: 'getChatMember' });
  const page = await pageOf(url, cookie);
  expect(page).toContain('Nod could not check this');
  outage.lift();
  expect(await pageOf(url, cookie)).toContain('can now be posted to');
  await telegram.waitForMessage(team, 'is connected, by Dora.');
});

it('tells five reloads and another browser on the page each time, and in the chat once', async () => {
  await using stage = await startStage({ connect: false });
  const { url, cookie } = await callbackFrom(stage, await invite(stage));
  for (let times = 0; times < 3; times += 1) expect(await pageOf(url)).toContain('This is another browser');
  expect(await pageOf(url, cookie)).toContain('can now be posted to');
  for (let times = 0; times < 5; times += 1)
    expect(await pageOf(url, cookie)).toContain('This was already used');
  await stage.card('opened twice');
  await stage.say('/accounts');
  await stage.card('TikTok accounts here');
  const count = (text: string) => stage.cards().filter((card) => textOf(card).includes(text)).length;
  expect([count('opened twice'), count('in another browser')]).toEqual([1, 1]);
});

it('uses each way back from TikTok once', async () => {
  await using stage = await startStage({ connect: false });
  const { url, cookie } = await callbackFrom(stage, await invite(stage));
  expect(await pageOf(url, cookie)).toContain('can now be posted to');
  await stage.card('is connected');
  expect(await pageOf(url, cookie)).toContain('This was already used');
  await stage.card('opened twice');
});

it('leads nowhere from a link that was used or made up', async () => {
  await using stage = await startStage({ connect: false });
  const link = await invite(stage);
  await walkThroughConsent(link, stage.tiktok);
  for (const gone of [link, `${link.slice(0, -5)}AAAAA`]) {
    const response = await fetch(gone);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('This link has run out');
  }
});

it('says what a partial consent cannot do, and goes on once the rest is granted', async () => {
  await using stage = await startStage({ connect: false });
  const scopes = ['user.info.basic', 'video.upload'];
  const page = await walkThroughConsent(await invite(stage), stage.tiktok, { scopes });
  expect(page).toContain('Connected, with gaps');
  await stage.card('This account did not allow Nod to post directly.');
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft('This account did not allow Nod to post directly.');
  expect(await stage.tap(draft, 'Post now')).toMatchObject({
    text: expect.stringContaining('did not allow'),
  });
  await walkThroughConsent(await invite(stage), stage.tiktok);
  await stage.post(await stage.shows(draft, 'Who can see it?'));
  await stage.shows(draft, LINK);
});

it('sends to the inbox with a partial consent', async () => {
  await using stage = await startStage({ connect: false });
  const scopes = ['user.info.basic', 'video.upload'];
  await walkThroughConsent(await invite(stage), stage.tiktok, { scopes });
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft();
  await stage.tap(draft, 'To my TikTok inbox');
  await stage.shows(draft, 'In the TikTok inbox');
});

it('tells the chat by name when TikTok ends the access, and asks for an account again', async () => {
  await using stage = await startStage();
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft('Who can see it?');
  stage.tiktok.removeAuthorization();
  await stage.card('TikTok ended Nod’s access to Studio Ana');
  await stage.shows(draft, 'No TikTok account is connected here.');
  await stage.say('/accounts');
  await stage.card(/^No TikTok account is connected here/);
});

it('says that it cannot see how a post ends without access, and goes on with access', async () => {
  await using stage = await startStage({ tiktok: { pull: { slowBytesPerSecond: 5_000 } } });
  await stage.sendFile('demo/beach.png');
  const draft = await stage.draft();
  await stage.post(draft);
  await stage.shows(draft, 'TikTok has it');
  stage.tiktok.removeAuthorization();
  await stage.shows(draft, 'cannot see how this ends.\n/connect it again');
  await connectAccount(stage.world);
  const failed = await stage.shows(draft, '✕ Not posted: access to the account was taken away');
  expect(textOf(failed)).toContain('Nothing is public.');
  expect(buttonsOf(failed)).toContain('Try again');
});

/** The group Studio with its administrators Ana and Dora, who has never written to the bot alone, and Ben in it. */
async function startGroup({ botIsAdmin = true, ...options }: StageOptions & { botIsAdmin?: boolean } = {}) {
  const stage = await startStage({ connect: false, ...options });
  const { telegram, tiktok, ana } = stage;
  const [dora, ben] = [telegram.user({ firstName: 'Dora' }), telegram.user({ firstName: 'Ben' })];
  telegram.privateChat(ben);
  const team = telegram.group({ title: 'Studio', admins: [ana, dora], members: [ben], botIsAdmin });
  const dispose = () => stage[Symbol.asyncDispose]();
  return { stage, telegram, tiktok, ana, dora, ben, team, [Symbol.asyncDispose]: dispose };
}

const collectLines = (lines: string[]) =>
  pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });

/** What a browser holds that was sent back by TikTok. */
async function callbackFrom(stage: Stage, link: string, consent: { creator?: string } = {}) {
  const cookie = cookieOf(await fetch(link));
  const headers = { origin: new URL(link).origin, cookie };
  const begun = await fetch(link, { method: 'POST', headers, redirect: 'manual' });
  const url = await stage.tiktok.authorize({ url: begun.headers.get('location') ?? '', ...consent });
  return { url, cookie };
}

const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';

async function pageOf(url: string, cookie = ''): Promise<string> {
  const response = await fetch(url, { headers: { cookie } });
  return response.text();
}
