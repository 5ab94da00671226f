import { expect, it } from 'vitest';
import { walkThroughConsent } from '../world.ts';
import { file, galleryOf, labelsOf, startDiscordStage, textOf } from './discord-stage.ts';
import { LINK } from './stage.ts';

it('publishes photos: composed for one, shown to all on one card, told to whom it concerns', async () => {
  await using stage = await startDiscordStage();
  const { discord, tiktok, ana } = stage;
  const handle = await stage.offer(['demo/beach.png', 'phone.jpg'], {
    options: { caption: 'First light #surf @maria' },
  });
  expect(handle.ephemeral).toBe(true);
  const composer = await stage.composer(handle, (message) => galleryOf(message).length === 1);
  expect(textOf(composer)).toMatch(/^\*\*2 photos for TikTok\*\* · Studio Ana/);
  expect(textOf(composer)).toMatch(/`1 {2}beach\.png` {2}PNG → JPEG/);
  expect(textOf(composer)).toContain('Who can see it?  **choose one**');
  expect(textOf(composer)).toContain('First light #surf @maria');
  expect(textOf(composer)).toContain('By posting, you agree to TikTok’s [Music Usage Confirmation](https://');
  expect(labelsOf(composer)).toEqual([
    ...['Everyone', 'Friends', 'Only me'],
    ...['Comments: off', 'Music by TikTok: off', 'Disclosure: off', 'AI label: off'],
    ...[
      'Add title',
      'Edit caption',
      'Photos…',
      'When…',
      'Post now',
      'To my TikTok inbox',
      'Add a big file',
      'Open as a page',
      'Discard',
    ],
  ]);
  expect(stage.cards()).toEqual([]);

  await stage.post(handle);
  const card = await stage.card(LINK);
  expect(textOf(card)).toMatch(/^\*\*✓ Live on TikTok · .+\*\* · Studio Ana/);
  expect(textOf(card)).toContain('“First light #surf @maria”');
  expect(galleryOf(card)).toHaveLength(1);
  const ending = await stage.ending();
  expect(stage.cards()).toHaveLength(1);
  expect(ending.message_reference).toMatchObject({ message_id: card.id });
  expect(textOf(ending)).toContain(`<@${ana.id}>`);
  expect(discord.state.messages.get(ending.id)?.pings).toEqual({
    users: [ana.id],
    roles: [],
    everyone: false,
  });
  expect(discord.state.messages.get(card.id)?.pings).toEqual({ users: [], roles: [], everyone: false });
  await handle.waitForResponse('On its way. The card below shows how it goes.');
  expect(
    discord.state.requests.filter(({ route }) => route === 'editMessage').map(({ path }) => path),
  ).toEqual(
    expect.arrayContaining([expect.stringContaining(`/channels/${card.channel_id}/messages/${card.id}`)]),
  );
  expect(tiktok.state.publishes).toMatchObject([
    { mode: 'DIRECT_POST', status: 'PUBLISH_COMPLETE', media: [{ kind: 'jpeg' }, { kind: 'jpeg' }] },
  ]);
  expect(tiktok.state.publishes[0]?.postInfo).toMatchObject({ description: 'First light #surf @maria' });
});

it('takes a video with account and audience chosen in the command', async () => {
  await using stage = await startDiscordStage();
  const { discord, ana, posts } = stage;
  const use = { user: ana, channel: posts, name: 'tiktok', subcommand: 'post' };
  const options = { media1: file('tiktok-h264.mp4') };
  const accounts = await discord.autocomplete({ ...use, options, focused: 'account', value: 'ana' });
  expect(accounts.map(({ name }) => name)).toEqual(['Studio Ana']);
  const chosen = { ...options, account: String(accounts[0]?.value) };
  const levels = await discord.autocomplete({ ...use, options: chosen, focused: 'privacy', value: '' });
  expect(levels.map(({ name }) => name)).toEqual(['Everyone', 'Friends', 'Only me']);
  const only = await discord.autocomplete({ ...use, options: chosen, focused: 'privacy', value: 'only' });
  expect(only).toEqual([{ name: 'Only me', value: 'SELF_ONLY' }]);
  const wishes = { caption: 'Cut #1', account: chosen.account, privacy: 'SELF_ONLY' };
  const handle = await stage.offer(['tiktok-h264.mp4'], { options: wishes });
  await stage.composer(handle, 'Who can see it?  **Only me**');
  await stage.press(handle, 'Post now');
  expect(textOf(await stage.card('Posted'))).toContain('Visible to: Only me');
  expect(stage.tiktok.state.publishes).toMatchObject([
    { mediaType: 'VIDEO', postInfo: { title: 'Cut #1', privacy_level: 'SELF_ONLY' } },
  ]);
});

it('leaves the audience open where what was typed is none', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg'], { options: { account: 'whoever', privacy: 'aliens' } });
  await stage.composer(handle, 'Who can see it?  **choose one**');
});

it('publishes ten files in their order', async () => {
  await using stage = await startDiscordStage({ tiktok: { keepMedia: true } });
  const names = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? 'phone.jpg' : 'photo.webp'));
  const handle = await stage.offer(names);
  await stage.composer(handle, '10 photos');
  await stage.post(handle);
  // The composer may have been quicker than the preview; the card shows the post all the same.
  expect(galleryOf(await stage.card(LINK))).toHaveLength(1);
  const media = stage.tiktok.state.publishes[0]?.media ?? [];
  expect(media.map(({ sha256 }) => sha256)).toEqual(names.map((_, index) => media[index % 2]?.sha256));
  expect(media[0]?.sha256).not.toBe(media[1]?.sha256);
});

it('publishes what was put together in the window of /tiktok compose', async () => {
  await using stage = await startDiscordStage();
  const { discord } = stage;
  const opened = await stage.run('compose');
  const fields = { files: [file('phone.jpg'), file('photo.webp')], text: 'From the window' };
  const handle = await discord.submitModal(opened, fields);
  expect(handle.ephemeral).toBe(true);
  await stage.composer(handle, '2 photos');
  await stage.post(handle);
  expect(textOf(await stage.card(LINK))).toContain('“From the window”');
});

it('publishes media and text of a message', async () => {
  await using stage = await startDiscordStage();
  const { discord, ana, posts } = stage;
  const files = [file('phone.jpg')];
  const message = await discord.sendMessage(posts, ana, { content: 'Harbour at six', files });
  const handle = await discord.runMessageCommand({ user: ana, message, name: 'Post to TikTok' });
  await stage.composer(handle, 'Harbour at six');
  await stage.post(handle);
  expect(textOf(await stage.card(LINK))).toContain('“Harbour at six”');
});

it('says so when a message has nothing to post', async () => {
  await using stage = await startDiscordStage();
  const { discord, ana, posts } = stage;
  const message = await discord.sendMessage(posts, ana, 'Only words');
  const handle = await discord.runMessageCommand({ user: ana, message, name: 'Post to TikTok' });
  expect(handle.ephemeral).toBe(true);
  await handle.waitForResponse('There is no photo or video to post in this message.');
});

it('sends to the TikTok inbox', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.press(handle, 'To my TikTok inbox');
  await stage.card('In the TikTok inbox');
  await stage.ending('In the TikTok inbox');
  expect(stage.tiktok.state.publishes).toMatchObject([{ mode: 'MEDIA_UPLOAD' }]);
});

it('publishes from a direct message, whose workspace is the person', async () => {
  await using stage = await startDiscordStage();
  const { discord, ana, tiktok } = stage;
  const dm = discord.dm(ana);
  const empty = await stage.run('accounts', { channel: dm });
  await empty.waitForResponse('No TikTok account is connected here. /tiktok connect one first.');
  await connectIn(dm);
  const handle = await stage.offer(['phone.jpg'], { channel: dm });
  await stage.composer(handle, 'Studio Ana');
  await stage.post(handle);
  await discord.waitForMessage(dm, LINK);

  async function connectIn(channel: { id: string }): Promise<void> {
    const asked = await stage.run('connect', { channel });
    await asked.waitForResponse('Connect a TikTok account');
    await walkThroughConsent(discord.linkOf(asked, 'Connect TikTok', ana), tiktok);
    await discord.waitForMessage(channel, 'is connected');
  }
});
