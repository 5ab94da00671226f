import { expect, it } from 'vitest';
import { type DiscordStage, galleryOf, startDiscordStage } from './discord-stage.ts';
import { LINK } from './stage.ts';

async function openComposer(stage: DiscordStage) {
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'Steady' } });
  await stage.composer(handle);
  await stage.see(handle, 'Everyone');
  return handle;
}

it.each([{ isReset: false }, { isReset: true }])(
  'shows a card and an ending once although no answer came (%o)',
  async ({ isReset }) => {
    await using stage = await startDiscordStage();
    const handle = await openComposer(stage);
    const lost = stage.discord.fault('drop-reply', { route: 'createMessage', times: 1, isReset });
    await stage.press(handle, 'Post now');
    await stage.discord.until(() => (lost.hits === 1 ? true : undefined));
    const again = stage.discord.fault('drop-reply', { route: 'createMessage', times: 1, isReset });
    await stage.card(LINK);
    await stage.ending();
    await stage.discord.until(() => (again.hits === 1 ? true : undefined));
    await stage.restart();
    await (await stage.run('posts')).waitForResponse('✓ live');
    expect(stage.cards()).toHaveLength(1);
    expect(stage.endings()).toHaveLength(1);
  },
);

it('shows a card once although the press that made it is acknowledged between two tries', async () => {
  await using stage = await startDiscordStage();
  const { discord } = stage;
  const handle = await openComposer(stage);
  const acknowledged = discord.fault('hold', { route: 'createInteractionResponse', times: 1 });
  // The library gives up after four tries of its own.
  const lost = discord.fault('drop-reply', { route: 'createMessage', times: 4, isReset: true });
  const pressed = stage.press(handle, 'Post now');
  await discord.until(() => (lost.hits === 4 ? true : undefined));
  acknowledged.lift();
  await pressed;
  await stage.card(LINK);
  await stage.ending();
  expect(stage.cards()).toHaveLength(1);
});

it('shows what a press has changed although Discord takes its time with the answer to it', async () => {
  await using stage = await startDiscordStage();
  const { discord } = stage;
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'Steady' } });
  await stage.composer(handle);
  // Its message can be edited with what the press brought along once Discord has that answer.
  discord.fault('latency', { route: 'createInteractionResponse', delayMs: 300 });
  await stage.see(handle, 'Everyone');
  await stage.settled();
  expect(discord.state.requests.filter(({ status }) => status === 404)).toEqual([]);
});

it('loses nothing when the gateway is cut in the middle of a post', async () => {
  await using stage = await startDiscordStage();
  const handle = await openComposer(stage);
  stage.discord.cutGateway();
  await stage.press(handle, 'Post now');
  stage.discord.cutGateway();
  await stage.card(LINK);
  await stage.ending();
  expect(stage.discord.state.resumes).toBeGreaterThan(0);
  expect(stage.tiktok.state.publishes).toHaveLength(1);
});

it('publishes while Discord cannot be reached, and shows the end afterwards', async () => {
  await using stage = await startDiscordStage();
  const handle = await openComposer(stage);
  await stage.press(handle, 'Post now');
  const outage = stage.discord.fault('unreachable');
  await stage.tiktok.whenPublish(({ postIds }) => postIds.length > 0);
  await stage.discord.until(() => outage.hits > 0 || undefined, { what: 'The outage' });
  outage.lift();
  await stage.card(LINK);
  await stage.ending();
  expect(stage.cards()).toHaveLength(1);
});

it('sends a new card when the old one is deleted', async () => {
  await using stage = await startDiscordStage({ tiktok: { processingMs: 1_000 } });
  const { discord, ana } = stage;
  discord.grant(discord.studio, ana, ['MANAGE_MESSAGES']);
  const handle = await openComposer(stage);
  await stage.press(handle, 'Post now');
  const first = await stage.card('TikTok has it');
  discord.deleteMessage(first, ana);
  const next = await stage.card(LINK);
  expect(next.id).not.toBe(first.id);
  expect(galleryOf(next)).toHaveLength(1);
});

it('goes on with the same card after a restart', async () => {
  await using stage = await startDiscordStage({ tiktok: { processingMs: 1_000 } });
  const handle = await openComposer(stage);
  await stage.press(handle, 'Post now');
  const card = await stage.card('TikTok has it');
  await stage.restart();
  expect((await stage.card(LINK)).id).toBe(card.id);
  await stage.ending();
  expect(stage.cards()).toHaveLength(1);
});

it('goes on with a composer after a restart', async () => {
  await using stage = await startDiscordStage();
  const handle = await openComposer(stage);
  await stage.restart();
  await stage.choose(handle, 'Comments: off', 'Comments  **on**');
  await stage.press(handle, 'Post now');
  await stage.card(LINK);
});

it('waits out a limit of Discord’s and shows the newest state', async () => {
  // Long enough for the card to be there before the end, which then is an edit.
  await using stage = await startDiscordStage({ tiktok: { processingMs: 1_500 } });
  const handle = await openComposer(stage);
  const limit = stage.discord.fault('429', { route: 'editMessage', retryAfterSeconds: 0.5 });
  await stage.press(handle, 'Post now');
  await stage.card(LINK);
  expect(limit.hits).toBe(1);
});

it('does nothing twice when the answer to an acknowledgement is lost', async () => {
  await using stage = await startDiscordStage();
  const handle = await openComposer(stage);
  stage.discord.fault('drop-reply', { route: 'createInteractionResponse' });
  await stage.press(handle, 'Post now');
  await stage.card(LINK);
  await stage.ending();
  expect(stage.tiktok.state.publishes).toHaveLength(1);
});
