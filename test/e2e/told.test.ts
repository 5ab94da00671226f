import { expect, it } from 'vitest';
import { startDiscordStage, textOf } from './discord-stage.ts';
import { startTeamStage } from './team-stage.ts';

it('tells how a post ends to its author alone, in a channel where Nod may not write', async () => {
  await using stage = await startDiscordStage();
  const { discord, posts, ana } = stage;
  discord.setOverwrite(posts, 'bot', { deny: ['SEND_MESSAGES'] });
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'First light' } });
  await stage.composer(handle, 'Nod lacks the permission “Send Messages” here');
  await stage.post(handle);
  const shown = await handle.waitForResponse(/Live on TikTok[\s\S]*Only you see this card/);
  expect(textOf(shown)).toContain('Nod lacks the permission “Send Messages” here.');
  const direct = await discord.waitForMessage(discord.dm(ana), 'Live on TikTok');
  expect(textOf(direct)).toContain('“Send Messages” in Studio (Discord)');
  expect(stage.cards()).toEqual([]);
});

it('asks for no approval where nobody could see the review, and picks no channel where it may not write', async () => {
  await using team = await startTeamStage({ joined: false });
  const { discord, posts } = team;
  const reviews = discord.channel(discord.studio, { name: 'reviews' });
  discord.setOverwrite(reviews, 'bot', { deny: ['SEND_MESSAGES'] });
  const settings = await team.run('settings', { channel: reviews });
  await settings.waitForResponse('where each was posted');
  await team.press(settings, 'Show reviews here');
  await discord.until(() => /cannot be shown here yet\. .*Send Messages/.exec(discord.render(reviews))?.[0]);
  discord.setOverwrite(posts, 'bot', { deny: ['SEND_MESSAGES'] });
  const handle = await team.offer(['phone.jpg'], { options: { caption: 'First light' } });
  await team.composer(handle);
  await team.see(handle, 'Everyone');
  await team.press(handle, 'Ask for approval');
  await discord.until(() => /Nobody could see the review/.exec(discord.render(posts))?.[0]);
  discord.setOverwrite(posts, 'bot', {});
  await team.press(handle, 'Ask for approval');
  await team.inPosts((message) => textOf(message).includes('wants to post'));
});

it('sends a review again of which no answer came twice, and has the older cards point to the newest', async () => {
  await using team = await startTeamStage({ approvals: 3 });
  const { telegram, group, dora, emil } = team;
  telegram.fault('drop-reply', { method: 'sendPhoto', times: 2 });
  await team.submit(['phone.jpg']);
  const sent = () => telegram.botMessages(group).filter(({ caption = '' }) => /wants to post/.test(caption));
  const [first, second, third] = await telegram.until(() => (sent().length === 3 ? sent() : undefined));
  if (first === undefined || second === undefined || third === undefined) throw new Error('There are three.');
  await telegram.press(third, 'Approve', dora);
  await team.inGroup(
    (message) => message.message_id === third.message_id && /1 of 3/.test(message.caption ?? ''),
  );
  await telegram.react(first, emil, '👍');
  await telegram.press(second, 'Approve', emil);
  for (const old of [first, second])
    await team.inGroup(
      (message) => message.message_id === old.message_id && /was sent twice/.test(message.caption ?? ''),
    );
  await team.inGroup(
    (message) => message.message_id === third.message_id && /2 of 3/.test(message.caption ?? ''),
  );
});
