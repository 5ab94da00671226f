import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { buttonsOf, textOf } from '../world.ts';
import { startDiscordStage, textOf as textOnDiscord } from './discord-stage.ts';
import { startStage } from './stage.ts';

it('shows what is used in Telegram, and holds back what TikTok would refuse', async () => {
  await using stage = await startStage();
  await stage.say('/quota');
  expect(textOf(await stage.card('at least 0 of about 15 posts in 24 h'))).toContain('0 of 5 drafts');
  const drafts = [];
  for (const caption of ['First', 'Second', 'Third']) {
    await stage.sendFile('phone.jpg', { caption });
    const draft = await stage.draft(caption);
    drafts.push(await stage.choose(draft, 'Everyone', 'Who can see it?  Everyone'));
  }
  const [first, second, third] = drafts as [Message, Message, Message];
  stage.tiktok.creator.postCap = 1;
  await stage.tap(first, 'Post now');
  await stage.shows(first, /^✓/);
  await stage.tap(second, 'Post now');
  await stage.shows(
    second,
    /1 post in 24 h through this Nod\. Those of other apps count too\.\nIt goes on when the oldest/,
  );
  const asked = () =>
    stage.tiktok.state.requests.filter(({ endpoint }) => endpoint === 'content/init').length;
  expect(asked()).toBe(2);
  await stage.tap(third, 'Post now');
  expect(buttonsOf(await stage.shows(third, /1 post goes first\.\nIts turn comes/))).toEqual(['Cancel']);
  expect(asked()).toBe(2);
  await stage.say('/quota');
  await stage.card(/1 post in 24 h\nTikTok takes no more posts now[\s\S]*2 posts wait for room/);
  await stage.tap(second, 'Cancel');
  await stage.shows(second, /^Cancelled by Ana/);
  await stage.shows(third, /It goes on when the oldest/);
  await stage.say('/queue');
  await stage.card(/Third[\s\S]*TikTok’s limit of posts in 24 h/);
});

it('shows what is used in Discord, also where there is no account', async () => {
  await using stage = await startDiscordStage();
  const handle = await stage.offer(['phone.jpg']);
  await stage.composer(handle);
  await stage.post(handle);
  await stage.card(/Live on TikTok/);
  const shown = await stage.run('quota');
  expect(textOnDiscord(await shown.waitForResponse(/at least 1 of about 15 posts in 24 h/))).toContain(
    'Calls in a minute: 1 of 6 to post',
  );
  await using empty = await startDiscordStage({ connect: false });
  await (await empty.run('quota')).waitForResponse(/No TikTok account is connected here/);
});
