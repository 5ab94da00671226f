import { expect, it } from 'vitest';
import { textOf } from './discord-stage.ts';
import { bothShow, expectPublishedOnce, startTeam, submitToBoth } from './review-acts.ts';

it('costs TikTok four calls from the draft to the link, with webhooks and with numbers allowed', async () => {
  await using team = await startTeam({ environment: { TIKTOK_STATS: 'true' } });
  const { tiktok } = team;
  const before = tiktok.state.requests.length;
  const cards = await submitToBoth(team);
  await team.press(cards.onDiscord, 'Approve', team.ben);
  await expectPublishedOnce(team, cards);
  await bothShow(team, cards, /tiktok\.com\/@/);
  await team.settled();
  const calls = tiktok.state.requests.slice(before).map(({ endpoint }) => endpoint);
  expect(calls.toSorted()).toEqual([
    'content/init',
    'creator_info/query',
    'creator_info/query',
    'status/fetch',
  ]);
});

it('tells both chats that a post is no longer public, and calls its author once', async () => {
  await using team = await startTeam();
  const { tiktok, discord, ana } = team;
  const cards = await submitToBoth(team);
  await team.press(cards.onDiscord, 'Approve', team.ben);
  await bothShow(team, cards, /tiktok\.com\/@/);
  const [publish] = tiktok.state.publishes;
  tiktok.setModeration(publish?.publishId ?? '', 'remove');
  const gone = await bothShow(team, cards, /✕ No longer public on TikTok/);
  expect(textOf(gone.onDiscord)).not.toMatch(/tiktok\.com\/@/);
  await team.settled();
  const calls = [...discord.state.messages.values()]
    .filter(({ id }) => id !== gone.onDiscord.id)
    .map(({ current }) => textOf(current))
    .filter((text) => text.includes('No longer public'));
  expect(calls).toEqual([expect.stringContaining(`<@${ana.id}>`)]);
});
