import { expect, it } from 'vitest';
import { galleryOf, labelsOf, startDiscordStage, textOf } from './discord-stage.ts';
import { LINK } from './stage.ts';

it('tries again on the same card after a failure', async () => {
  await using stage = await startDiscordStage();
  const { discord, tiktok, ana } = stage;
  tiktok.fault('fail:spam_risk');
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'Again' } });
  await stage.composer(handle);
  await stage.post(handle);
  const failed = await stage.card('✕ Not posted: TikTok found the post risky');
  expect(textOf(failed)).toContain('Nothing is public.');
  expect(labelsOf(failed)).toEqual(['Try again', 'Edit']);
  const told = await stage.ending('✕ Not posted');
  expect(discord.state.messages.get(told.id)?.pings.users).toEqual([ana.id]);
  await stage.press(failed, 'Try again');
  expect((await stage.card(LINK)).id).toBe(failed.id);
  await stage.ending(/✓ (Posted|Live)/);
  expect(tiktok.state.publishes.map(({ status }) => status)).toEqual(['FAILED', 'PUBLISH_COMPLETE']);
});

it('edits what failed in a private composer, whose post gets a card of its own', async () => {
  await using stage = await startDiscordStage();
  const { discord, tiktok, ana } = stage;
  tiktok.fault('fail:file_format_check_failed');
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'Once more' } });
  await stage.composer(handle);
  await stage.post(handle);
  const failed = await stage.card('✕ Not posted: TikTok does not take the file’s format');
  expect(labelsOf(failed)).toEqual(['Edit and try again', 'Try again']);
  const opened = await stage.press(failed, 'Edit and try again');
  const composer = await stage.composer(opened, 'Who can see it?  **choose one**');
  expect(discord.state.messages.get(composer.id)?.ephemeralFor).toBe(ana.id);
  expect(textOf(composer)).toMatch(/1 photo for TikTok[\s\S]*Once more/);
  await stage.post(opened);
  const card = await stage.card(LINK);
  expect(card.id).not.toBe(failed.id);
  expect(galleryOf(card)).toHaveLength(1);
});

it('lets nobody but the author try again or edit, and says so privately', async () => {
  await using stage = await startDiscordStage();
  const { discord, tiktok } = stage;
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben);
  tiktok.fault('fail:spam_risk');
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.post(handle);
  const failed = await stage.card('✕ Not posted');
  const again = await stage.press(failed, 'Try again', ben);
  await again.waitForFollowUp('Only Ana can do that here.');
  const edited = await stage.press(failed, 'Edit', ben);
  await edited.waitForFollowUp('Only Ana can do that here.');
  await stage.settled();
  expect(tiktok.state.publishes).toHaveLength(1);
});

it('shows that it waits for TikTok, and can be cancelled meanwhile', async () => {
  await using stage = await startDiscordStage();
  stage.tiktok.fault('init-429');
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.post(handle);
  const waiting = await stage.card(/TikTok asks for a pause[\s\S]*Next try (?:now|<t:\d+:R>)/);
  expect(labelsOf(waiting)).toEqual(['Cancel']);
  await stage.press(waiting, 'Cancel');
  const cancelled = await stage.card('**Cancelled by Ana**');
  expect(labelsOf(cancelled)).toEqual(['Try again', 'Edit']);
  await stage.settled();
  expect(stage.endings()).toEqual([]);
});

it('tells on the card in Discord’s words that access was lost', async () => {
  await using stage = await startDiscordStage();
  stage.tiktok.fault('fail:auth_removed');
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.post(handle);
  const failed = await stage.card('✕ Not posted');
  expect(textOf(failed)).toContain('/tiktok connect the account again.');
});
