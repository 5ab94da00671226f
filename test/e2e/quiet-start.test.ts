import { expect, it } from 'vitest';
import { bothShow, startTeam, submitToBoth } from './review-acts.ts';

it('asks the chats for little after a start, and shows nothing that is shown already', async () => {
  await using team = await startTeam({ approvals: 3 });
  const { discord, telegram, ben } = team;
  const cards = [];
  for (const caption of ['First light', 'Second light', 'Third light'])
    cards.push(await submitToBoth(team, caption));
  const [first] = cards;
  if (first === undefined) throw new Error('There are three.');
  discord.react(first.onDiscord, '✅', ben);
  await bothShow(team, first, /Ben · 1 of 3/);
  const { state: onTelegram } = telegram;
  const { state: onDiscord } = discord;
  await team.whileDown(() => {
    onTelegram.requests.length = 0;
    onDiscord.requests.length = 0;
  });
  // Votes are read back, and then each card is looked at.
  await discord.until(() => onDiscord.requests.find(({ route }) => /^get(Messages|Reactions)$/.test(route)), {
    what: 'A look at the reactions',
  });
  await team.settled();
  const calls = [
    ...onTelegram.requests.map(({ method }) => method).filter((method) => method !== 'getUpdates'),
    ...onDiscord.requests.map(({ route }) => route),
  ];
  expect(
    calls.filter((call) => /^(send|edit|create|putReaction|set(Message|My)?Reaction)/.test(call)),
  ).toEqual([]);
  expect(calls.filter((call) => call === 'getMe')).toHaveLength(1);
  // Only under the first card are there reactions to be read.
  expect(calls.filter((call) => call === 'getMessages')).toHaveLength(1);
  expect(calls.filter((call) => call === 'getReactions')).toHaveLength(4);
});
