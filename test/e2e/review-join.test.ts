import { expect, it } from 'vitest';
import type { JoinCode } from '../../src/core/accounts/join-codes.ts';
import { linkShownTo } from '../team.ts';
import { buttonsOf, walkThroughConsent } from '../world.ts';
import { labelsOf, textOf } from './discord-stage.ts';
import {
  askInGroup,
  type Cards,
  changeRecords,
  expectPublishedOnce,
  newCards,
  newCode,
  offerInGroup,
  startTeam,
  submitInGroup,
  type Team,
  textOnTelegram,
  toldInGroup,
} from './review-acts.ts';

const BAD_CODE = /This code is wrong, used or expired\. .*settings in the other chat gives a new one\./;

const say = ({ telegram, group }: Team, from: Team['dora'], command: string) =>
  telegram.sendText(group, from, command.replace(/^\/\w+/, `$&@${telegram.state.bot.username}`));

it('lets the server join the group by a code that only who asked for it sees', async () => {
  await using team = await startTeam({ joined: false });
  const { telegram, group, dora } = team;
  await say(team, dora, '/settings');
  await telegram.press(await team.inGroup(/Settings/), 'Join another chat…', dora);
  const told = await toldInGroup(team, dora, /Code for another chat/);
  const code = /\w{4}-\w{4}/.exec(told)?.[0] ?? '';
  const handle = await team.run('join', { options: { code: code.toLowerCase().replace('-', ' ') } });
  await handle.waitForResponse(/Editors \(Telegram\) and Studio.* are joined\./);
  await team.inGroup(
    /share 1 TikTok account[\s\S]*The rules are those of Editors \(Telegram\)\.[\s\S]*Ana entered/,
  );
  await expectPublishedOnce(team, await approve(team, await submitInGroup(team, team.gus, 'Together')));
  await team.settled();
  expect(telegram.render(group)).not.toContain(code);
});

/** Dora approves with her button. */
async function approve(team: Team, cards: Cards): Promise<Cards> {
  await team.telegram.press(cards.onTelegram, 'Approve', team.dora);
  return cards;
}

it('refuses codes that are wrong, used or too old', async () => {
  await using team = await startTeam({ joined: false });
  const { telegram, dora, emil } = team;
  await say(team, dora, '/join ABCD-EFGH');
  await team.inGroup(BAD_CODE);
  const old = await newCode(team);
  await team.whileDown((world) =>
    changeRecords<JoinCode>(world, 'join-codes', (code) => ({ ...code, expiresAt: Date.now() })),
  );
  const first = telegram.botMessages(team.group).length;
  await say(team, dora, `/join ${old}`);
  await telegram.until(() => telegram.botMessages(team.group)[first]);
  expect(telegram.botMessages(team.group).map(textOnTelegram)).toEqual(
    Array(2).fill(expect.stringMatching(BAD_CODE)),
  );
  const code = await newCode(team);
  await say(team, dora, `/join ${code}`);
  await team.inGroup(/are joined/);
  const other = telegram.group({ title: 'Others', admins: [emil] });
  await telegram.sendText(other, emil, `/join ${code}`);
  await telegram.waitForMessage(other, BAD_CODE);
});

it('takes no code of somebody who was thrown out meanwhile', async () => {
  await using team = await startTeam({ joined: false });
  const { discord, ben } = team;
  const code = await newCode(team, ben);
  // A restart forgets what Discord told of Ben a moment ago.
  await team.whileDown(() => discord.removeMember(discord.studio, ben));
  await say(team, team.dora, `/join ${code}`);
  await team.inGroup(BAD_CODE);
});

it('takes a code from nobody but who manages, in no private chat, and keeps it good', async () => {
  await using team = await startTeam({ joined: false });
  const { telegram, finn, gus, ana, discord, tiktok } = team;
  const code = await newCode(team);
  await say(team, gus, `/join ${code}`);
  await team.inGroup('Only an administrator of this group can do that.');
  await telegram.sendText(telegram.anaChat, telegram.ana, `/join ${code}`);
  await telegram.waitForMessage(telegram.anaChat, 'Only groups and servers can share accounts and reviews.');
  const options = { code };
  const byFinn = await team.run('join', { user: finn, options });
  await byFinn.waitForResponse('That takes the permission Manage Server.');
  const inDm = await team.run('join', { channel: discord.dm(ana), options });
  await inDm.waitForResponse('Only groups and servers can share accounts and reviews.');
  await say(team, team.dora, `/join ${code}`);
  await team.inGroup(/are joined/);
  await say(team, team.dora, `/join ${await newCode(team)}`);
  await team.inGroup(/This chat shares with another one already\. Separate it first/);
  const itself = await team.run('join', { options: { code: await newCode(team) } });
  await itself.waitForResponse(/These two share everything already|shares with another one already/);
  expect(tiktok.state.lint).toEqual([]);
});

it('does not join a chat with itself', async () => {
  await using team = await startTeam({ joined: false });
  const handle = await team.run('join', { options: { code: await newCode(team) } });
  await handle.waitForResponse('These two share everything already.');
});

it('shares accounts both ways, and parts them again', async () => {
  await using team = await startTeam({ joined: false });
  const { telegram, tiktok, dora, gus } = team;
  tiktok.seedCreator({ username: 'editors.tok', nickname: 'Editors Tok' });
  await say(team, dora, '/connect');
  const link = await linkShownTo(telegram, team.group, dora);
  await walkThroughConsent(link, tiktok, { creator: 'editors.tok' });
  await team.inGroup(/is connected/);
  await say(team, dora, `/join ${await newCode(team)}`);
  await team.inGroup(/They share 2 TikTok accounts/);

  await offerInGroup(team, gus, 'For the studio');
  const draft = await team.inGroup((one) => buttonsOf(one).includes('Studio Ana'));
  await telegram.press(draft, 'Studio Ana', gus);
  await askInGroup(team, await team.inGroup((one) => buttonsOf(one).includes('Everyone')), gus);
  const cards = await newCards(team, 'For the studio');
  await expectPublishedOnce(team, await approve(team, cards));
  expect(tiktok.state.publishes[0]?.creator).toBe('studio.ana');
  const handle = await team.offer(['phone.jpg'], { options: { caption: 'For the editors' } });
  await handle.waitForResponse((one) => labelsOf(one).includes('Editors Tok'));

  await say(team, dora, '/settings');
  await telegram.press(await team.inGroup(/Joined with/), 'Separate this chat', dora);
  await team.inGroup(/are separate\. Each has its own accounts and rules again\./);
  await team.inPosts(/Dora has separated two chats\./);
  await say(team, dora, '/accounts');
  const left = await team.inGroup(/TikTok accounts here/);
  expect(textOnTelegram(left)).toMatch(/Editors Tok/);
  expect(textOnTelegram(left)).not.toMatch(/Studio Ana/);
  await (await team.run('accounts')).waitForResponse(
    (one) => /Studio Ana/.test(textOf(one)) && !/Editors Tok/.test(textOf(one)),
  );
});
