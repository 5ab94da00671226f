import { expect, it } from 'vitest';
import { labelsOf } from './discord-stage.ts';
import { startVotesStage, textOf, type VotesStage } from './votes-stage.ts';

const REJECTED = 'Rejected. Nothing is posted.';

/** The question that Nod has asked somebody in the group. */
const question = (stage: VotesStage, name: string) =>
  stage.inGroup(`${name}, reply to this to say why, if you like.`);

it.concurrent('takes a rejection with its reason from the window on Discord', async () => {
  await using stage = await startVotesStage();
  const { discord, tiktok, ben, chiara } = stage;
  const review = await stage.review();
  await stage.pressed(review.onDiscord, 'Approve', ben);
  // A window that is opened and closed again is no vote.
  const opened = await discord.press(review.onDiscord, 'Reject…', chiara);
  expect(opened.modal?.title).toBe('Why not? (you may leave it empty)');
  await stage.shows(review, /Ben · 1 of 2\n(?![❌👎])/u);
  expect(
    await stage.windowed(review.onDiscord, 'Reject…', {
      user: chiara,
      reason: '  Too \u202Edark\nat the\u0007 end ',
    }),
  ).toBe(REJECTED);
  await stage.settled();
  const [onDiscord, onTelegram] = await stage.shows(review, /[❌👎] Rejected by Chiara/u);
  expect(onDiscord).toContain('❌ Rejected by Chiara: “Too dark\nat the end”');
  expect(onTelegram).toContain('👎 Rejected by Chiara: “Too dark\nat the end”');
  expect(tiktok.state.publishes).toEqual([]);
});

it.concurrent('takes a rejection without a reason, which its voters alone can give afterwards', async () => {
  await using stage = await startVotesStage();
  const { discord, telegram, ana, ben, chiara, dora } = stage;
  const review = await stage.review();
  expect(await stage.windowed(review.onDiscord, 'Reject…', { user: chiara })).toBe(REJECTED);
  const [onDiscord] = await stage.shows(review, /Rejected by Chiara\n(?!❌|👎)/);
  expect(onDiscord).not.toContain('“”');
  expect(labelsOf(await stage.inPosts(/Rejected by Chiara/))).toEqual(['Say why', 'Edit']);
  for (const user of [ana, ben])
    expect(await stage.pressed(review.onDiscord, 'Say why', user)).toBe(
      'This was rejected already, by Chiara.',
    );
  expect((await telegram.press(review.onTelegram, 'Say why', dora)).text).toBe(
    'This was rejected already, by Chiara.',
  );
  expect(await stage.windowed(review.onDiscord, 'Say why', { user: chiara, reason: 'Wrong song' })).toBe(
    'Your reason stands on the card.',
  );
  await stage.shows(review, /Rejected by Chiara: “Wrong song”/u);
  // Once it is said the card does not ask for it any more, and the author is called with it.
  const told = () => discord.messages(stage.posts).filter((each) => textOf(each).includes('Wrong song'));
  await discord.until(() => (told().length === 2 ? true : undefined));
  expect(told().map(labelsOf)).toEqual([['Edit'], []]);
});

it.concurrent('asks in the group for a reason, and takes the answer of nobody else', async () => {
  await using stage = await startVotesStage();
  const { telegram, group, dora, emil, gus } = stage;
  const review = await stage.review();
  expect((await telegram.press(review.onTelegram, 'Reject…', dora)).text).toBe(REJECTED);
  await stage.shows(review, /Rejected by Dora/);
  const asked = await question(stage, 'Dora');
  await stage.ending();
  const before = stage.said();
  for (const person of [gus, emil]) {
    await telegram.sendText(group, person, 'Because I say so', { replyTo: asked });
    await telegram.sendText(group, person, 'Because I say so', { replyTo: review.onTelegram });
  }
  await telegram.sendText(group, dora, 'Not our colours', { replyTo: asked });
  const [onDiscord, onTelegram] = await stage.shows(review, /Rejected by Dora: “Not our colours”/u);
  expect(`${onDiscord}${onTelegram}`).not.toContain('Because I say so');
  const answer = await stage.inGroup('Your reason stands on the card.');
  await stage.settled();
  // The question goes once it is answered.
  const others = before.inGroup.filter((id) => id !== asked.message_id);
  expect(stage.said().inGroup).toEqual([...others, answer.message_id]);
  expect(stage.said().inPosts).toEqual(before.inPosts);
});

it.concurrent('takes the reason of a 👎 from a reply to the card, and by “Say why”', async () => {
  await using stage = await startVotesStage();
  const { telegram, group, dora, emil } = stage;
  const [first, second] = [await stage.review('One'), await stage.review('Two')];
  for (const { onTelegram } of [first, second]) await telegram.react(onTelegram, dora, '👎');
  await stage.shows(first, /Rejected by Dora/);
  await telegram.sendText(group, dora, 'Too long', { replyTo: first.onTelegram });
  await stage.shows(first, /Rejected by Dora: “Too long”/u);
  await stage.shows(second, /Rejected by Dora/);
  expect((await telegram.press(second.onTelegram, 'Say why', emil)).text).toContain('already, by Dora');
  await telegram.press(second.onTelegram, 'Say why', dora);
  await telegram.sendText(group, dora, 'Too short', { replyTo: await question(stage, 'Dora') });
  await stage.shows(second, /Rejected by Dora: “Too short”/u);
});

it.concurrent('does nothing about replies to the card of a review that nobody has rejected', async () => {
  await using stage = await startVotesStage();
  const { telegram, group, dora, emil, gus } = stage;
  const review = await stage.review();
  await telegram.react(review.onTelegram, emil, '👍');
  await stage.shows(review, /Emil · 1 of 2/);
  const before = stage.said();
  for (const person of [dora, emil, gus])
    await telegram.sendText(group, person, 'I am not sure about this', { replyTo: review.onTelegram });
  await telegram.react(review.onTelegram, dora, '👍');
  await stage.settled();
  const [, onTelegram] = await stage.shows(review, /Approved by Emil and Dora/);
  expect(onTelegram).not.toContain('not sure');
  expect(stage.said().inGroup).toEqual(before.inGroup);
});

it.concurrent('ends a review with as many rejections as it needs approvals where one is not final', async () => {
  await using stage = await startVotesStage();
  const { discord, telegram, tiktok, group, ben, chiara, dora, emil } = stage;
  await stage.settle({ press: /One rejection is final/, shown: /2 rejections {2}\*\*end a review/ });
  const review = await stage.review();
  expect(await stage.windowed(review.onDiscord, 'Reject…', { user: ben, reason: 'Blurry' })).toBe(
    'Your rejection counts: 1 of 2. Press again later to take it back.',
  );
  await stage.shows(review, /0 of 2\n[❌👎] Ben: “Blurry”\n/u);
  discord.advance(10_000);
  expect(await stage.pressed(review.onDiscord, 'Reject…', ben)).toBe('Your rejection is taken back.');
  await stage.shows(review, /0 of 2\nOpen/);
  expect((await telegram.press(review.onTelegram, 'Reject…', emil)).text).toContain('1 of 2');
  await telegram.sendText(group, emil, 'Shaky', { replyTo: await question(stage, 'Emil') });
  await stage.shows(review, /0 of 2\n[❌👎] Emil: “Shaky”\n/u);
  discord.react(review.onDiscord, '✅', chiara);
  await stage.shows(review, /Chiara · 1 of 2\n[❌👎] Emil: “Shaky”\n/u);
  await telegram.react(review.onTelegram, dora, '👎');
  const [, onTelegram] = await stage.shows(review, /Rejected by Emil and Dora\n/);
  expect(onTelegram).toContain('👎 Emil: “Shaky”');
  expect(
    (await stage.histories()).map((text) => text.match(/^.*(rejected|took back|said why|Rejected).*$/gm)),
  ).toEqual(
    Array.from({ length: 2 }, () => [
      expect.stringContaining('Ben rejected “First light”: Blurry'),
      expect.stringContaining('Ben took back the rejection of “First light”'),
      expect.stringContaining('Emil rejected “First light”'),
      expect.stringContaining('Emil said why not “First light”: Shaky'),
      expect.stringContaining('Dora rejected “First light”'),
      expect.stringContaining('Rejected by Emil and Dora: “First light”'),
    ]),
  );
  await stage.settled();
  expect(tiktok.state.publishes).toEqual([]);
});
