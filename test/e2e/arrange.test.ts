import { expect, it } from 'vitest';
import { buttonsOf } from '../world.ts';
import { labelsOf, textOf } from './discord-stage.ts';
import {
  askInGroup,
  expectPublishedOnce,
  newCards,
  startTeam,
  type Team,
  textOnTelegram,
} from './review-acts.ts';
import { fixture } from './stage.ts';

const FILES = ['phone.jpg', 'photo.webp', 'display-p3.jpg'];
const WIDTHS: Readonly<Record<number, string>> = { 1080: 'phone', 600: 'photo', 400: 'display-p3' };

/** Which photos TikTok got, in their order, told by their widths. */
const pulledBy = ({ tiktok }: Team): (string | undefined)[] =>
  (tiktok.state.publishes[0]?.media ?? []).map(({ width }) => WIDTHS[width]);

it('posts from Discord what was put in order, titled and approved once', async () => {
  await using team = await startTeam();
  const { discord, tiktok } = team;
  const handle = await team.offer(FILES, { options: { caption: 'First light' } });
  await team.composer(handle, /phone\.jpg.*★ cover/);
  const opens = async (button: string, label: string) => {
    await team.press(handle, button);
    await handle.waitForResponse((message) => labelsOf(message).includes(label));
  };
  await opens('Photos…', '1 ★');
  await team.choose(handle, '3', 'Photo 3 of 3');
  await team.choose(handle, 'First', 'Photo 1 of 3');
  await opens('Back', '1 ★');
  await team.choose(handle, '2', /Photo 2 of 3.*phone\.jpg/);
  await team.choose(handle, 'Make it the cover', /phone\.jpg.*★ cover/);
  await team.choose(handle, 'Later', 'Photo 3 of 3');
  await opens('Back', '3 ★');
  await opens('Back', 'Add title');
  const asked = await team.press(handle, 'Add title');
  expect(asked.answerType).toBe(9);
  await discord.submitModal(asked, { Title: 'Out *there*\nat sea' });
  await team.composer(handle, 'Out \\*there\\* at sea');
  await team.choose(handle, 'Music by TikTok: off', 'Music by TikTok  **on**');
  await team.see(handle, 'Everyone');
  await team.press(handle, 'Ask for approval');
  const cards = await newCards(team, 'First light');
  for (const text of [textOf(cards.onDiscord).replaceAll('\\', ''), textOnTelegram(cards.onTelegram)]) {
    expect(text).toContain('3 photos to the profile · cover: photo 3 · visible to: Everyone');
    expect(text).toMatch(/music by TikTok[\s\S]*Title {2}(\*\*)?Out \*there\* at sea/);
  }
  expect(tiktok.state.publishes).toEqual([]);
  await team.press(cards.onDiscord, 'Approve', team.ben);
  await expectPublishedOnce(team, cards);
  expect(tiktok.state.publishes).toMatchObject([
    {
      photoCoverIndex: 2,
      postInfo: { title: 'Out *there* at sea', description: 'First light', auto_add_music: true },
    },
  ]);
  expect(pulledBy(team)).toEqual(['display-p3', 'photo', 'phone']);
});

it('posts from Telegram what was put in order and titled, and has a change of it approved anew', async () => {
  await using team = await startTeam();
  const { telegram, tiktok, group, gus, dora, inGroup } = team;
  const caption = `@${telegram.state.bot.username} Second light`;
  const items = FILES.map((name) => ({ type: 'document' as const, path: fixture(name) }));
  await telegram.sendAlbum(group, gus, items, { caption });
  let draft = await inGroup(
    (one) =>
      /3 photos for TikTok[\s\S]*Second light/.test(textOnTelegram(one)) &&
      buttonsOf(one).includes('Everyone'),
  );
  /** Taps, and waits for what the card then says or offers. */
  const tap = async (button: string, then: string) => {
    await telegram.press(draft, button, gus);
    await inGroup(
      (one) =>
        one.message_id === draft.message_id &&
        (textOnTelegram(one).includes(then) || buttonsOf(one).includes(then)),
    );
  };
  await tap('Photos…', '1 ★');
  await tap('2', 'Photo 2 of 3  photo.webp');
  await tap('Last', 'Photo 3 of 3  photo.webp');
  await tap('Make it the cover', '3  photo.webp  ★ cover');
  await tap('Back', '3 ★');
  await tap('Back', 'Add title');
  await telegram.press(draft, 'Add title', gus);
  const question = await inGroup(/Gus, reply to this with the title\./);
  await telegram.sendText(group, gus, 'At sea', { replyTo: question });
  await inGroup(/Title\nAt sea\n\nCaption\nSecond light/);
  await tap('Music by TikTok: off', 'Music by TikTok  on');
  await askInGroup(team, draft, gus);
  const old = await newCards(team, 'Second light');
  expect(textOnTelegram(old.onTelegram)).toMatch(
    /cover: photo 3[\s\S]*music by TikTok[\s\S]*Title {2}At sea/,
  );

  // The same but for the order and the title.
  await telegram.press(old.onTelegram, 'Edit', gus);
  draft = await inGroup(
    (one) => one.message_id > old.onTelegram.message_id && buttonsOf(one).includes('Everyone'),
  );
  expect(textOnTelegram(draft)).toMatch(
    /phone\.jpg[^\n]*\n2 {2}display-p3\.jpg[^\n]*\n3 {2}photo\.webp[^\n]*★ cover[\s\S]*At sea[\s\S]*TikTok {2}on/,
  );
  await tap('Photos…', '3 ★');
  await tap('1', 'Photo 1 of 3');
  await tap('Later', 'Photo 2 of 3');
  await tap('Back', '3 ★');
  await tap('Back', 'Edit title');
  await telegram.press(draft, 'Edit title', gus);
  const again = await inGroup(/or with “-” for none\. It is now: At sea/);
  await telegram.sendText(group, gus, '-', { replyTo: again });
  await tap('Comments: off', 'Add title');
  await askInGroup(team, draft, gus);
  const next = await newCards(team, 'Second light', old);
  expect(textOnTelegram(next.onTelegram)).toMatch(/0 of 1/);
  await telegram.react(old.onTelegram, dora, '👍');
  await inGroup(
    (one) => one.message_id === old.onTelegram.message_id && /Taken back/.test(textOnTelegram(one)),
  );
  expect(tiktok.state.publishes).toEqual([]);
  await telegram.react(next.onTelegram, dora, '👍');
  await expectPublishedOnce(team, next);
  const [publish] = tiktok.state.publishes;
  expect(publish).toMatchObject({ photoCoverIndex: 2, postInfo: { auto_add_music: true } });
  expect(publish?.postInfo).not.toHaveProperty('title');
  expect(pulledBy(team)).toEqual(['display-p3', 'phone', 'photo']);
});
