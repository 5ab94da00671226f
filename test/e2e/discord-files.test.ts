import { expect, it } from 'vitest';
import { file, labelsOf, startDiscordStage, textOf } from './discord-stage.ts';
import { bytesOf, LINK } from './stage.ts';

it.each([
  ['photoshop.jpg', 'Nod does not take Photoshop.'],
  ['truncated.jpg', 'The file arrived incomplete: its end is missing.'],
  ['sound-only.mp4', 'There is no picture in this video.'],
])('refuses %s with the reason', async (name, reason) => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer([name]);
  const composer = await stage.composer(handle, reason);
  expect(textOf(composer)).toContain(`\`${name}\`  ✕ `);
  expect(textOf(composer)).toContain('None of this can be posted. Begin anew with /tiktok post.');
  expect(labelsOf(composer)).toEqual(['Discard']);
});

it('names the files that cannot be used and leaves them out when told to', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg', 'photoshop.jpg']);
  await stage.composer(handle, 'Nod does not take Photoshop.');
  await stage.see(handle, 'Everyone');
  const refused = await stage.press(handle, 'Post now');
  await refused.waitForFollowUp('1 file cannot be used. Leave it out first.');
  await stage.press(handle, 'Leave out what cannot be used');
  await stage.composer(handle, (message) => !textOf(message).includes('photoshop.jpg'));
  await stage.press(handle, 'Post now');
  await stage.card(LINK);
});

it('refuses a file that is larger than Discord declared it', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer([file('phone.jpg', { size: 1_000 })]);
  await stage.composer(handle, 'The chat did not hand the file over. Send it again.');
});

it('takes a file whose download broke off once', async () => {
  await using stage = await startDiscordStage();
  const cut = stage.discord.fault('cut-download');
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle, 'Who can see it?');
  expect(cut.hits).toBe(1);
});

it('says so in the draft when its files were gone before they could be fetched', async () => {
  await using stage = await startDiscordStage();
  const { discord } = stage;
  const hold = discord.fault('hold', { route: 'cdn' });
  await stage.offer(['phone.jpg'], { options: { caption: 'Too late' } });
  await discord.until(() => (hold.hits > 0 ? true : undefined));
  discord.advance(20 * 60_000);
  hold.lift();
  await discord.waitForRequest('cdn', { when: ({ status }) => status === 404 });
  const listed = await stage.run('posts');
  await listed.waitForResponse((message) => labelsOf(message).includes('Continue draft: Too late'));
  await stage.press(listed, /^Continue draft/);
  await stage.composer(listed, 'The chat did not hand the file over.');
});

it('takes a file as large as this person may upload, whatever others may', async () => {
  await using stage = await startDiscordStage({ tiktok: { keepMedia: true } });
  const { discord } = stage;
  const nitro = discord.user({ name: 'Nina', uploadLimitBytes: 500 * 1024 * 1024 });
  discord.addMember(discord.studio, nitro);
  const padding = Buffer.alloc(21_000_000);
  padding.writeUInt32BE(padding.length);
  padding.write('free', 4);
  const bytes = Buffer.concat([await bytesOf('tiktok-h264.mp4'), padding]);
  const big = { bytes, fileName: 'big.mp4', contentType: 'video/mp4' };
  await expect(stage.offer([big])).rejects.toThrow('Your files are too powerful');
  const handle = await stage.offer([big], { user: nitro });
  await stage.composer(handle, 'Who can see it?');
  await stage.see(handle, 'Everyone', nitro);
  await stage.press(handle, 'Post now', nitro);
  await stage.card(LINK);
  expect(stage.tiktok.state.publishes).toMatchObject([{ media: [{ kind: 'mp4' }] }]);
});

it('makes a draft of each of several videos, each seen by its author alone and with what the command said', async () => {
  await using stage = await startDiscordStage();
  const { discord, posts } = stage;
  const handle = await stage.offer(['tiktok-h264.mp4', 'demo/sunset.mp4'], {
    options: { caption: 'Sea', privacy: 'PUBLIC_TO_EVERYONE' },
  });
  const words = 'what was sent with this has its own draft, begun with the same caption.';
  const first = await stage.composer(handle, 'tiktok-h264.mp4');
  await handle.waitForResponse(words);
  const second = await handle.waitForFollowUp('Who can see it?  **Everyone**');
  expect(textOf(first)).not.toContain('sunset.mp4');
  expect(textOf(second)).toMatch(/sunset\.mp4[\s\S]*Sea/);
  await discord.press(second, 'Post now', discord.ana);
  await stage.card(LINK);
  expect(discord.messages(posts).filter((message) => textOf(message).includes('sunset.mp4'))).toEqual([]);
});
