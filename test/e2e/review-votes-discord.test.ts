import { expect, it } from 'vitest';
import { startVotesStage, textOf } from './votes-stage.ts';

it.concurrent('puts its own marks under a fresh card, and under no other message', async () => {
  await using stage = await startVotesStage({ approvals: 1 });
  const { discord, telegram, posts, group, ben } = stage;
  const review = await stage.review();
  const marks = { '✅': 1, '❌': 1 };
  await discord.until(() => (Object.keys(marksOf(review.onDiscord.id)).length === 2 ? true : undefined));
  await telegram.until(() => (telegram.find(review.onTelegram).reactions.size > 0 ? true : undefined));
  expect(marksOf(review.onDiscord.id)).toEqual(marks);
  expect([...telegram.find(review.onTelegram).reactions]).toEqual([
    [telegram.state.bot.id, [{ type: 'emoji', emoji: '👍' }]],
  ]);
  await stage.pressed(review.onDiscord, 'Approve', ben);
  await stage.ending();
  await stage.setTo(0);
  const unreviewed = await stage.offer(['photo.webp'], { options: { caption: 'Nobody is asked' } });
  await stage.composer(unreviewed);
  await stage.post(unreviewed);
  await stage.card(/Live on TikTok[\s\S]+Nobody is asked/);
  const marked = discord.messages(posts).filter(({ reactions = [] }) => reactions.length > 0);
  expect(marked.map(({ id }) => id)).toEqual([review.onDiscord.id]);
  const others = telegram.botMessages(group).filter((each) => telegram.find(each).reactions.size > 0);
  expect(others.map(({ message_id: id }) => id)).toEqual([review.onTelegram.message_id]);

  function marksOf(id: string): Record<string, number> {
    const { reactions = [] } = discord.messages(posts).find((message) => message.id === id) ?? {};
    return Object.fromEntries(reactions.map(({ emoji, count }) => [emoji.name, count]));
  }
});

it.concurrent('counts a reaction for as long as it stands', async () => {
  await using stage = await startVotesStage();
  const { discord, tiktok, ben, chiara } = stage;
  const review = await stage.review();
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /[✅👍] Ben · 1 of 2/u);
  discord.unreact(review.onDiscord, '✅', ben);
  await stage.shows(review, /approvals\W+0 of 2/);
  discord.react(review.onDiscord, '✅', chiara);
  await stage.shows(review, /Chiara · 1 of 2/);
  expect(tiktok.state.publishes).toEqual([]);
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /Approved by Chiara and Ben/);
  await stage.shows(review, /Live on TikTok/);
  expect(stage.publishesOf(review)).toHaveLength(1);
});

it.concurrent('counts a button until it is pressed again, later than a double tap', async () => {
  await using stage = await startVotesStage();
  const { discord, ben, chiara } = stage;
  const review = await stage.review();
  expect(await stage.pressed(review.onDiscord, 'Approve', ben)).toBe(
    'Your approval counts: 1 of 2. Press again later to take it back.',
  );
  await stage.shows(review, /Ben · 1 of 2/);
  discord.advance(1_000);
  expect(await stage.pressed(review.onDiscord, 'Approve', ben)).toContain('Your approval counts: 1 of 2.');
  discord.advance(10_000);
  expect(await stage.pressed(review.onDiscord, 'Approve', ben)).toBe('Your approval is taken back.');
  await stage.shows(review, /0 of 2/);
  discord.advance(10_000);
  await stage.pressed(review.onDiscord, 'Approve', ben);
  expect(await stage.pressed(review.onDiscord, 'Approve', chiara)).toBe('Approved. It is on its way.');
  await stage.shows(review, /Live on TikTok/);
  expect(stage.publishesOf(review)).toHaveLength(1);
});

it.concurrent('takes the button and the reaction of one person for one vote', async () => {
  await using stage = await startVotesStage();
  const { discord, ben } = stage;
  const review = await stage.review();
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /Ben · 1 of 2/);
  expect(await stage.pressed(review.onDiscord, 'Approve', ben)).toContain('1 of 2');
  discord.unreact(review.onDiscord, '✅', ben);
  discord.advance(10_000);
  expect(await stage.pressed(review.onDiscord, 'Approve', ben)).toBe('Your approval is taken back.');
  await stage.settled();
  const [onDiscord] = await stage.shows(review, /0 of 2/);
  expect(onDiscord).not.toContain('Ben');
  expect(stage.publishesOf(review)).toEqual([]);
});

it.concurrent('takes ✅ and ❌ of one person at once for a rejection', async () => {
  await using stage = await startVotesStage();
  const { discord, ben } = stage;
  await stage.settle({ press: /One rejection is final/, shown: /2 rejections {2}\*\*end a review/ });
  const review = await stage.review();
  discord.react(review.onDiscord, '❌', ben);
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /0 of 2\n[❌👎] Ben/u);
  discord.unreact(review.onDiscord, '❌', ben);
  await stage.shows(review, /Ben · 1 of 2\n(?![❌👎])/u);
});

it.concurrent('counts a super reaction and a normal one as one vote, which stands as long as one of them does', async () => {
  await using stage = await startVotesStage({ approvals: 3 });
  const { discord, ben, chiara } = stage;
  const review = await stage.review();
  discord.react(review.onDiscord, '✅', ben, { burst: true });
  await stage.shows(review, /Ben · 1 of 3/);
  discord.react(review.onDiscord, '✅', ben);
  discord.unreact(review.onDiscord, '✅', ben, { burst: true });
  discord.react(review.onDiscord, '✅', chiara);
  await stage.shows(review, /Ben and Chiara · 2 of 3/);
  discord.unreact(review.onDiscord, '✅', ben);
  await stage.shows(review, /approvals\W+Chiara · 1 of 3/);
});

it.concurrent('takes back what a moderator has cleared', async () => {
  await using stage = await startVotesStage({ approvals: 3 });
  const { discord, studio, ben, chiara, ana } = stage;
  discord.grant(studio, ana, ['MANAGE_MESSAGES']);
  const review = await stage.review();
  discord.react(review.onDiscord, '✅', ben);
  await stage.pressed(review.onDiscord, 'Approve', chiara);
  await stage.shows(review, /Ben and Chiara · 2 of 3/);
  discord.clearReactions(review.onDiscord, ana);
  await stage.shows(review, /approvals\W+Chiara · 1 of 3/);
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /Chiara and Ben · 2 of 3/);
});

it.concurrent('lets a rejection outweigh the approvals that are read back along with it', async () => {
  let meanwhile = () => {};
  await using stage = await startVotesStage({
    approvals: 1,
    launch(world) {
      meanwhile();
      return world.start();
    },
  });
  const { discord, ben, chiara } = stage;
  const review = await stage.review();
  meanwhile = () => {
    for (const user of [ben, chiara]) discord.react(review.onDiscord, '✅', user);
    discord.react(review.onDiscord, '❌', chiara);
  };
  await stage.restart();
  await stage.shows(review, /Rejected by Chiara/);
  await stage.settled();
  expect(stage.publishesOf(review)).toEqual([]);
});

it.concurrent('counts no other emoji, however much alike', async () => {
  await using stage = await startVotesStage();
  const { discord, ben, chiara } = stage;
  const review = await stage.review();
  const others = [
    '👍',
    '👍🏽',
    '☑️',
    '✔️',
    '❎',
    '🎉',
    'white_check_mark:123456789012345678',
    'yes:123456789012345679',
  ];
  for (const emoji of others) discord.react(review.onDiscord, emoji, ben);
  discord.react(review.onDiscord, '✅\uFE0F', chiara);
  const [onDiscord] = await stage.shows(review, /Chiara · 1 of 2/);
  expect(onDiscord).not.toContain('Ben');
  for (const emoji of others) discord.unreact(review.onDiscord, emoji, ben);
  discord.unreact(review.onDiscord, '✅\uFE0F', chiara);
  await stage.shows(review, /0 of 2/);
  await stage.settled();
  expect(stage.dmsOf(ben)).toEqual([]);
});

it.concurrent('leaves reactions under all other messages alone', async () => {
  await using stage = await startVotesStage({ byHand: true });
  const { discord, posts, ben, finn } = stage;
  const news = await discord.waitForMessage(posts, 'is connected');
  const talk = await discord.sendMessage(posts, finn, 'Lunch?');
  const review = await stage.review();
  const before = stage.said();
  const asked = discord.state.requests.length;
  for (const message of [news, talk]) {
    for (const user of [ben, finn]) discord.react(message, '✅', user);
    discord.react(message, '❌', ben);
    discord.unreact(message, '✅', finn);
  }
  discord.react(review.onDiscord, '✅', ben);
  await stage.shows(review, /Ben · 1 of 2/);
  await stage.settled();
  expect(stage.said()).toEqual(before);
  expect([ben, finn].flatMap(stage.dmsOf)).toEqual([]);
  const requests = discord.state.requests.slice(asked);
  expect(requests.filter(({ route }) => ['createMessage', 'createDm'].includes(route))).toEqual([]);
  expect(requests.filter(({ path }) => path.includes(talk.id))).toEqual([]);
  expect(textOf(await discord.waitForMessage(posts, 'is connected'))).toBe(textOf(news));
});
