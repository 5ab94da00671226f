import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { buttonsOf, connectAccount, textOf, walkThroughConsent } from '../world.ts';
import { LINK, type Stage, startStage } from './stage.ts';

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
  expect(stage.tiktok.state.tokens).toEqual([]);
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

/** What a browser holds that was sent back by TikTok. */
async function callbackFrom(stage: Stage, link: string) {
  const cookie = cookieOf(await fetch(link));
  const headers = { origin: new URL(link).origin, cookie };
  const begun = await fetch(link, { method: 'POST', headers, redirect: 'manual' });
  const url = await stage.tiktok.authorize({ url: begun.headers.get('location') ?? '' });
  return { url, cookie };
}

const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';

async function pageOf(url: string, cookie = ''): Promise<string> {
  const response = await fetch(url, { headers: { cookie } });
  return response.text();
}
