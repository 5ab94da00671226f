import { expect, it } from 'vitest';
import { startTeamStage } from './team-stage.ts';

it('publishes once what one approves on Discord and one on Telegram', async () => {
  await using team = await startTeamStage({ approvals: 2 });
  const { discord, telegram, tiktok, ben, dora, inPosts, inGroup } = team;
  const { onDiscord, onTelegram } = await team.submit(['photo.webp']);
  discord.react(onDiscord, '✅', ben);
  await inPosts(/✅ Ben · 1 of 2/);
  await inGroup(/👍 Ben · 1 of 2/);
  expect(tiktok.state.publishes).toEqual([]);
  if (onTelegram === undefined) throw new Error('There is no card in the group.');
  await telegram.react(onTelegram, dora, '👍');
  await inPosts('Approved by Ben and Dora');
  await inGroup(/Live on TikTok/);
  await inPosts(/Live on TikTok/);
  expect(tiktok.state.publishes).toHaveLength(1);
});
