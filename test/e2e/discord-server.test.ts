import { expect, it } from 'vitest';
import { connectOnDiscord } from '../world.ts';
import { type DiscordStage, labelsOf, startDiscordStage, textOf } from './discord-stage.ts';
import { LINK } from './stage.ts';

/** Ben, a member of the server without any say in it. */
function invite({ discord }: DiscordStage) {
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben);
  return ben;
}

it('connects and disconnects for those who manage the server alone', async () => {
  await using stage = await startDiscordStage({ connect: false });
  const { discord, tiktok } = stage;
  const ben = invite(stage);
  const refused = await stage.run('connect', { user: ben });
  expect(refused.ephemeral).toBe(true);
  await refused.waitForResponse('That takes the permission Manage Server.');
  await connectOnDiscord({ discord, tiktok });
  const kept = await stage.run('disconnect', { user: ben });
  await kept.waitForResponse('That takes the permission Manage Server.');
  const asked = await stage.run('disconnect');
  await asked.waitForResponse('Which account should Nod forget?');
  await stage.press(asked, /^Disconnect Studio Ana/);
  await asked.waitForResponse('Studio Ana is disconnected.');
  const none = await stage.run('accounts');
  await none.waitForResponse('No TikTok account is connected here. /tiktok connect one first.');
});

it('shares the accounts of a server with its members, and with no other server', async () => {
  await using stage = await startDiscordStage();
  const { discord, ana } = stage;
  const ben = invite(stage);
  const listed = await stage.run('accounts', { user: ben });
  expect(listed.ephemeral).toBe(true);
  await listed.waitForResponse('**Studio Ana**  connected by Ana');
  const handle = await stage.offer(['phone.jpg'], { user: ben });
  await stage.composer(handle, 'Studio Ana');
  await stage.see(handle, 'Everyone', ben);
  await stage.press(handle, 'Post now', ben);
  await stage.card(LINK);
  const ending = await stage.ending();
  expect(discord.state.messages.get(ending.id)?.pings.users).toEqual([ben.id]);

  const other = discord.guild({ name: 'Elsewhere' });
  const hall = discord.channel(other, { name: 'hall' });
  discord.addMember(other, ana);
  const elsewhere = await stage.run('accounts', { channel: hall });
  await elsewhere.waitForResponse('No TikTok account is connected here.');
});

it('says in the composer what is missing, and goes on once an account is connected', async () => {
  await using stage = await startDiscordStage({ connect: false });
  const { discord, tiktok } = stage;
  const handle = await stage.offer(['phone.jpg']);
  const open = await stage.composer(
    handle,
    'No TikTok account is connected here. /tiktok connect one first.',
  );
  expect(labelsOf(open)).toContain('I have connected one');
  await connectOnDiscord({ discord, tiktok });
  await stage.composer(handle, 'Who can see it?  **choose one**');
  await stage.post(handle);
  await stage.card(LINK);
});

it('shows a composer to its author alone', async () => {
  await using stage = await startDiscordStage();
  const ben = invite(stage);
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await expect(stage.press(handle, 'Discard', ben)).rejects.toThrow('Only Ana sees this message');
  const listed = await stage.run('posts', { user: ben });
  const list = await listed.waitForResponse('Nothing was posted from here yet.');
  expect(labelsOf(list)).toEqual([]);
});

it('lets the author cancel a post on its card, nobody else, and whoever manages the server', async () => {
  await using stage = await startDiscordStage({ tiktok: { processingMs: 60_000 } });
  const { discord, tiktok } = stage;
  const ben = invite(stage);
  const chiara = discord.user({ name: 'Chiara' });
  discord.addMember(discord.studio, chiara);
  const handle = await stage.offer(['tiktok-h264.mp4'], { user: chiara });
  await stage.composer(handle);
  await stage.see(handle, 'Everyone', chiara);
  await stage.press(handle, 'Post now', chiara);
  const card = await stage.card('TikTok has it');
  const refused = await stage.press(card, 'Cancel', ben);
  const note = await refused.waitForFollowUp('Only Chiara and people with Manage Server can do that here.');
  expect(discord.state.messages.get(note.id)?.ephemeralFor).toBe(ben.id);
  const allowed = await stage.press(card, 'Cancel');
  await allowed.waitForFollowUp('Cancelling; the card tells how it ends.');
  const ended = await stage.card(/Cancelled|too late to cancel/);
  expect(ended.id).toBe(card.id);
  expect(tiktok.state.publishes).toHaveLength(1);
});

it('lists posts with state and link to whoever asks, privately', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'Harbour' } });
  await stage.composer(handle);
  await stage.post(handle);
  // The list has what the card has, and the link may come after the word that it is live.
  await stage.card(LINK);
  const listed = await stage.run('posts', { user: invite(stage) });
  expect(listed.ephemeral).toBe(true);
  const list = await listed.waitForResponse('✓ live');
  expect(textOf(list)).toMatch(LINK);
});

it('cancels drafts and posts from /tiktok cancel', async () => {
  await using stage = await startDiscordStage();
  const nothing = await stage.run('cancel');
  await nothing.waitForResponse('Nothing is under way.');
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'Never mind' } });
  await stage.composer(handle);
  const asked = await stage.run('cancel');
  await asked.waitForResponse('What do you want to cancel?');
  await stage.press(asked, 'Discard draft 1: Never mind');
  await handle.waitForResponse('Discarded. Nothing was posted.');
});

it('explains itself in Discord’s terms', async () => {
  await using stage = await startDiscordStage();
  const asked = await stage.run('help');
  const text = textOf(await asked.waitForResponse('A post is 1 to 35 photos ('));
  expect(text).toContain('/tiktok connect  Connect a TikTok account');
  expect(text).toContain('You can attach files up to 20 MB here.');
  expect(text).not.toMatch(/Telegram|(^|\s)\/(?!tiktok)\w/);
});
