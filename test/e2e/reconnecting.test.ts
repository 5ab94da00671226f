import { expect, it } from 'vitest';
import { linkShownTo } from '../team.ts';
import { buttonsOf, walkThroughConsent } from '../world.ts';
import { labelsOf, textOf } from './discord-stage.ts';
import {
  bothShow,
  type Cards,
  fillIn,
  groupShows,
  newCards,
  pressable,
  sayZone,
  startTeam,
  submitInGroup,
  submitWith,
  type Team,
  textOnTelegram,
} from './review-acts.ts';

const LOST = 'Nod has lost access to Studio Ana';

/** A post that waits for its review, one that waits for its time, and one that goes out now. */
async function submitThree(team: Team): Promise<{ asked: Cards; planned: Cards; first: Cards }> {
  await sayZone(team);
  const asked = await submitWith(team, { caption: 'Asked', when: 'tomorrow 18:00' });
  const planned = await submitWith(team, { caption: 'Planned', when: 'tomorrow 18:00' });
  await team.press(planned.onDiscord, 'Approve', team.ben);
  await bothShow(team, planned, /Scheduled/);
  const first = await submitWith(team, { caption: 'Now' });
  return { asked, planned, first };
}

/** What both places were told of the account. */
async function newsOf(team: Team, text: string) {
  return { onDiscord: await team.inPosts(text), onTelegram: await team.inGroup(text) };
}

const countOf = (team: Team, text: string) => ({
  onDiscord: team.discord.messages(team.posts).filter((one) => textOf(one).includes(text)).length,
  onTelegram: team.telegram.botMessages(team.group).filter((one) => textOnTelegram(one).includes(text))
    .length,
});

it('tells both chats once that an account is lost, lets its posts wait, and goes on when it is connected again', async () => {
  await using team = await startTeam();
  const { asked, planned, first } = await submitThree(team);
  for (const token of team.tiktok.state.tokens) token.revoked = true;
  await team.press(first.onDiscord, 'Approve', team.ben);

  const news = await newsOf(team, LOST);
  expect(labelsOf(news.onDiscord)).toEqual(['Connect again']);
  expect(buttonsOf(news.onTelegram)).toEqual(['Connect again']);
  await bothShow(team, first, /Waiting[\s\S]*It goes out as soon as that is done, and waits for it until/);
  const waits = await bothShow(
    team,
    planned,
    /Scheduled[\s\S]*must be connected again[\s\S]*after that it is not/,
  );
  expect(pressable(waits).onDiscord[0]).toBe('Connect again');
  expect(pressable(waits).onTelegram[0]).toBe('Connect again');
  const review = await bothShow(team, asked, /wants to post[\s\S]*must be connected again/);
  expect(pressable(review).onTelegram).toContain('Connect again');
  // The author is called about the one whose time has come, and about no other.
  await team.inPosts('Waiting for its account');

  expect(await team.telegram.press(news.onTelegram, 'Connect again', team.gus)).toMatchObject({
    text: 'Only an administrator of this group can do that.',
  });
  await team.telegram.press(news.onTelegram, 'Connect again', team.dora);
  await walkThroughConsent(await linkShownTo(team.telegram, team.group, team.dora), team.tiktok);
  await bothShow(team, first, /✓ (Live on TikTok|Posted)/);
  const isWhole = /^(?![\s\S]*must be connected again)[\s\S]*Goes out/;
  expect(pressable(await bothShow(team, planned, isWhole)).onTelegram).not.toContain('Connect again');
  await bothShow(team, asked, isWhole);
  await team.settled();
  expect(team.tiktok.state.publishes.map(({ status }) => status)).toEqual(['PUBLISH_COMPLETE']);
  expect(countOf(team, LOST)).toEqual({ onDiscord: 1, onTelegram: 1 });
  expect(countOf(team, 'Waiting for its account')).toEqual({ onDiscord: 1, onTelegram: 0 });
});

it('shows at once, and in both chats, what a person’s own disconnecting means for a post', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const asked = await submitWith(team, { caption: 'Asked', when: 'tomorrow 18:00' });
  const handle = await team.run('disconnect');
  await handle.waitForResponse('Which account should Nod forget?');
  await team.press(handle, /^Disconnect/);
  await bothShow(team, asked, /wants to post[\s\S]*must be connected again/);
});

it('tells both chats, with the way back, that the creator has taken the access away', async () => {
  await using team = await startTeam();
  await sayZone(team);
  const planned = await submitWith(team, { caption: 'Planned', when: 'tomorrow 18:00' });
  team.tiktok.removeAuthorization();
  const news = await newsOf(team, 'TikTok ended Nod’s access to Studio Ana');
  expect(labelsOf(news.onDiscord)).toEqual(['Connect again']);
  expect(buttonsOf(news.onTelegram)).toEqual(['Connect again']);
  await bothShow(team, planned, /wants to post[\s\S]*must be connected again/);
  const invited = await team.press(news.onDiscord, 'Connect again');
  await invited.waitForResponse('Connect a TikTok account');
  const link = team.discord.linkOf(invited, 'Connect TikTok', team.ana);
  await walkThroughConsent(link, team.tiktok);
  await bothShow(team, planned, /^(?![\s\S]*must be connected again)[\s\S]*wants to post/);
});

it('warns of a plan beyond the end of the account’s permission, also when a post is moved', async () => {
  await using team = await startTeam({ tiktok: { refreshTokenSeconds: 3_600 } });
  await sayZone(team);
  const handle = await team.offer(['phone.jpg'], { options: { caption: 'Late', when: 'tomorrow 18:00' } });
  await team.composer(
    handle,
    /Goes out[\s\S]*TikTok’s permission for Studio Ana[\s\S]* ends [\s\S]*Nod renews it/,
  );
  await team.see(handle, 'Everyone');
  await team.press(handle, 'Ask for approval');
  const cards = await newCards(team, 'Late');
  const opened = await team.press(cards.onDiscord, 'When…');
  const answered = await fillIn(team, opened, 'tomorrow 19:00');
  await answered.waitForResponse(/It goes out [\s\S]*TikTok’s permission for Studio Ana/);
});

it('shows where two chats part, and where they join, whether a post still has its account', async () => {
  await using team = await startTeam();
  const cards = await submitInGroup(team, team.dora, 'From the group');
  const settings = await team.run('settings');
  await settings.waitForResponse('Settings');
  await team.press(settings, 'Separate Editors (Telegram)');
  await groupShows(team, cards, /wants to post[\s\S]*must be connected again/);
  await team.join();
  await groupShows(team, cards, /^(?![\s\S]*must be connected again)[\s\S]*wants to post/);
});
