import { expect, it } from 'vitest';
import { connectOnDiscord } from '../world.ts';
import { file, labelsOf, startDiscordStage, textOf } from './discord-stage.ts';
import { LINK } from './stage.ts';

it('posts nothing before somebody has chosen who can see it, and says so to them alone', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  const pressed = await stage.press(handle, 'Post now');
  const note = await pressed.waitForFollowUp('Choose who can see it first.');
  expect(stage.discord.state.messages.get(note.id)?.ephemeralFor).toBe(stage.ana.id);
  await stage.settled();
  expect(stage.cards()).toEqual([]);
  expect(stage.tiktok.state.publishes).toEqual([]);
});

it('brings the choices for a video to TikTok in the fields that it reads', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['tiktok-h264.mp4'], { options: { caption: 'Cut #1' } });
  await stage.composer(handle, 'Video for TikTok');
  await stage.choose(handle, 'Comments: off', 'Comments  **on**');
  await stage.choose(handle, 'Duet: off', 'Duet  **on**');
  await stage.choose(handle, 'Stitch: off', 'Stitch  **on**');
  await stage.choose(handle, 'AI label: off', 'AI-generated  **yes**');
  await stage.choose(handle, 'Disclosure: off', 'choose what it promotes');
  const refused = await stage.press(handle, 'Post now');
  await refused.waitForFollowUp(/Choose who can see it|promotes/);
  await stage.choose(handle, '☐ Your brand', 'labelled “Promotional content”');
  await stage.post(handle);
  await stage.card(LINK);
  expect(stage.tiktok.state.publishes[0]?.postInfo).toEqual({
    title: 'Cut #1',
    privacy_level: 'PUBLIC_TO_EVERYONE',
    is_aigc: true,
    disable_comment: false,
    disable_duet: false,
    disable_stitch: false,
    brand_organic_toggle: true,
    brand_content_toggle: false,
  });
});

it('does not offer what the creator has switched off, and says so in one line', async () => {
  const creator = { commentDisabled: true, duetDisabled: true, stitchDisabled: true, private: true };
  await using stage = await startDiscordStage({ tiktok: { creator } });
  const { discord, ana, posts } = stage;
  const media1 = file('tiktok-h264.mp4');
  const use = { user: ana, channel: posts, name: 'tiktok', subcommand: 'post', options: { media1 } };
  const offered = await discord.autocomplete({ ...use, focused: 'privacy', value: '' });
  expect(offered.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['Followers', 'Friends', 'Only me']),
  );
  expect(offered.map(({ name }) => name)).not.toContain('Everyone');
  const handle = await stage.offer([media1]);
  const composer = await stage.composer(
    handle,
    'Comments, Duet and Stitch are off in this account’s settings.',
  );
  expect(labelsOf(composer)).not.toContain('Everyone');
  expect(labelsOf(composer).filter((label) => /^(Comments|Duet|Stitch)/.test(label))).toEqual([]);
});

it('edits the caption in a window that holds it as it is', async () => {
  await using stage = await startDiscordStage();
  const { discord } = stage;
  const handle = await stage.offer(['phone.jpg']);
  expect(textOf(await stage.composer(handle))).toMatch(/Caption\*\*\n\*none yet\*/);
  const empty = await stage.press(handle, 'Add caption');
  expect(empty.answerType).toBe(9);
  await discord.submitModal(empty, { Caption: 'First **try** <@1> @everyone' });
  // What people write is never markup, nor a ping.
  await stage.composer(handle, 'First \\*\\*try\\*\\* \\<@1\\> @everyone');
  const again = await stage.press(handle, 'Edit caption');
  expect(discord.render(again)).toContain('First **try** <@1> @everyone');
  await discord.submitModal(again, { Caption: 'Second try' });
  await stage.composer(handle, 'Second try');
  await stage.post(handle);
  await stage.card(LINK);
  expect(stage.tiktok.state.publishes[0]?.postInfo).toMatchObject({ description: 'Second try' });
});

it('leaves photos out, and leads back to the choices', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg', 'photo.webp', 'transparent.png']);
  await stage.composer(handle, '3 photos');
  await stage.press(handle, 'Photos…');
  await handle.waitForResponse((message) => labelsOf(message).includes('2'));
  await stage.press(handle, '2');
  await handle.waitForResponse('Photo 2 of 3');
  await stage.press(handle, 'Leave out');
  await handle.waitForResponse('2 photos');
  await stage.press(handle, 'Back');
  const fewer = await stage.composer(handle, '2 photos');
  expect(textOf(fewer)).not.toContain('photo.webp');
});

it('discards a draft', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.press(handle, 'Discard');
  await handle.waitForResponse('Discarded. Nothing was posted.');
  const listed = await stage.run('posts');
  const list = await listed.waitForResponse('Nothing was posted from here yet.');
  expect(textOf(list)).toContain('Post photos or a video with /tiktok post.');
  expect(labelsOf(list)).toEqual([]);
});

it('asks which of two accounts is meant, and takes the one that the command names', async () => {
  await using stage = await startDiscordStage();
  const { discord, tiktok, ana, posts } = stage;
  tiktok.seedCreator({ username: 'second.ana', nickname: 'Second Ana' });
  await connectOnDiscord({ discord, tiktok }, { creator: 'second.ana' });
  const handle = await stage.offer(['phone.jpg']);
  const open = await stage.composer(handle, 'Choose the TikTok account.');
  expect(labelsOf(open)).toEqual(expect.arrayContaining(['Studio Ana', 'Second Ana']));
  await stage.choose(handle, 'Second Ana', '1 photo for TikTok** · Second Ana');
  const media1 = file('phone.jpg');
  const use = { user: ana, channel: posts, name: 'tiktok', subcommand: 'post', options: { media1 } };
  const all = await discord.autocomplete({ ...use, focused: 'account', value: '' });
  expect(all.map(({ name }) => name)).toEqual([
    expect.stringMatching(/^Studio Ana/),
    expect.stringMatching(/^Second Ana/),
  ]);
  const [second, ...others] = await discord.autocomplete({ ...use, focused: 'account', value: 'sec' });
  expect(others).toEqual([]);
  const named = await stage.offer([media1], { options: { account: String(second?.value) } });
  await stage.composer(named, '1 photo for TikTok** · Second Ana');
  await stage.post(named);
  await stage.card(/tiktok\.com\/@second/);
  expect(tiktok.state.publishes).toMatchObject([{ creator: 'second.ana' }]);
});

it('is not lost when the 15 minutes of its composer are over', async () => {
  await using stage = await startDiscordStage();
  const { discord } = stage;
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'Slow #cooking' } });
  const composer = await stage.composer(handle);
  discord.advance(15 * 60_000 + 1_000);
  const late = await stage.press(composer, 'Comments: off');
  expect(late.answerType).toBe(6);
  const listed = await stage.run('posts');
  const list = await listed.waitForResponse('Nothing was posted from here yet.');
  expect(labelsOf(list)).toEqual(['Continue draft: Slow #cooking']);
  await stage.press(listed, /^Continue draft/);
  await stage.composer(listed, 'Comments  **on**');
  await stage.post(listed);
  await stage.card(LINK);
  await stage.ending();
  expect(stage.cards()).toHaveLength(1);
  expect(stage.tiktok.state.publishes).toMatchObject([{ postInfo: { disable_comment: false } }]);
});
