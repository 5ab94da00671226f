import { createHash } from 'node:crypto';
import type { Message, User } from 'grammy/types';
import { expect, it } from 'vitest';
import { buttonsOf, textOf } from '../world.ts';
import { textOf as discordTextOf, startDiscordStage } from './discord-stage.ts';
import { fixture, type Stage, startStage } from './stage.ts';
import { startTeamStage } from './team-stage.ts';

/** An id as anybody could compute it who knows what it was made from. */
const computed = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 14);

/** What changes nothing about a draft, and what no button of ours says. */
const HARMLESS = ['back', 'open', 'nonsense'];

/** Somebody with a chat of his own and a message of the bot in it to press on. */
async function startStranger({ telegram }: Pick<Stage, 'telegram'>, firstName = 'Mallory') {
  const mallory = telegram.user({ firstName });
  const chat = telegram.privateChat(mallory);
  await telegram.sendText(chat, mallory, '/help');
  const message = await telegram.waitForMessage(chat, () => true);
  return { mallory, chat, message };
}

/** The draft or post that a card's buttons name. */
function idOn(card: Message): string {
  const data = card.reply_markup?.inline_keyboard
    .flat()
    .flatMap((button) => ('callback_data' in button ? [button.callback_data] : []));
  return data?.[0]?.split(':')[1] ?? '';
}

const allTexts = (messages: readonly Message[]): string => messages.map(textOf).join('\n');

it('shows a draft to its author alone, whatever somebody else pressed before it existed', async () => {
  await using stage = await startStage();
  const { telegram, ana, anaChat } = stage;
  const { mallory, chat, message } = await startStranger(stage);
  const next =
    (telegram.state.messages.filter(({ chatId }) => chatId === anaChat.id).at(-1)?.messageId ?? 0) + 1;
  for (const guess of [next, next + 1, next + 2]) {
    const id = computed(`telegram:${anaChat.id} ${guess}`);
    for (const verb of HARMLESS) await telegram.forge(message, `d:${id}:${verb}`, mallory);
  }
  await telegram.sendPhoto(anaChat, ana, { path: fixture('phone.jpg'), caption: 'Our secret' });
  expect(textOf(await stage.draft('Our secret'))).toContain('Studio Ana');
  await stage.settled();
  expect(allTexts(telegram.botMessages(chat))).not.toMatch(/secret|Studio Ana/);
});

it('shows the draft of a group to nobody who presses elsewhere, on the same platform or another', async () => {
  await using stage = await startTeamStage({ approvals: 0 });
  const { discord, telegram, group, gus, dora, finn } = stage;
  const at = telegram.state.bot.username;
  const own = telegram.privateChat(gus);
  await telegram.sendText(own, gus, '/help');
  const message = await telegram.waitForMessage(own, () => true);
  const finns = await stage.run('help', { user: finn });
  await finns.waitForResponse();
  const last = telegram.state.messages.filter(({ chatId }) => chatId === group.id).at(-1)?.messageId ?? 0;
  for (const [index, verb] of HARMLESS.entries()) {
    const id = computed(`telegram:${group.id} ${last + 1 + index * 2}`);
    await telegram.forge(message, `d:${id}:${verb}`, gus);
    const other = computed(`telegram:${group.id} ${last + 2 + index * 2}`);
    await discord.forge(finns, `d:${other}:${verb}`, finn);
  }
  for (const caption of ['Our secret', 'Another secret']) {
    await telegram.sendPhoto(group, dora, { path: fixture('phone.jpg'), caption: `@${at} ${caption}` });
    await stage.inGroup((one) => textOf(one).includes(`Caption\n${caption}`));
  }
  await stage.settled();
  expect(allTexts(telegram.botMessages(own))).not.toContain('secret');
  expect(discord.render(finns)).not.toContain('secret');
});

it('opens an edited post for its author alone, whatever somebody else pressed before', async () => {
  await using stage = await startTeamStage();
  const { discord, telegram, ana } = stage;
  const { onDiscord } = await stage.submit(['phone.jpg'], 'Our secret');
  const { mallory, chat, message } = await startStranger(stage);
  const postId = JSON.stringify(onDiscord.components).match(/"p:([\w-]+):approve"/)?.[1] ?? '';
  for (const count of [0, 1])
    for (const verb of HARMLESS)
      await telegram.forge(message, `d:${computed(`edit ${postId} ${count}`)}:${verb}`, mallory);
  const pressed = await discord.press(onDiscord, 'Edit', ana);
  const draft = await pressed.waitForResponse('Our secret');
  expect(discordTextOf(draft)).toContain('Studio Ana');
  await stage.settled();
  expect(allTexts(telegram.botMessages(chat))).not.toContain('secret');
});

it('keeps a draft in the message that only its author sees, whatever somebody else in the server presses', async () => {
  await using stage = await startDiscordStage();
  const { discord } = stage;
  const ben = discord.user({ name: 'Ben' });
  discord.addMember(discord.studio, ben);
  const handle = await stage.offer(['phone.jpg'], { options: { caption: 'Our secret' } });
  const composer = await stage.composer(handle);
  const id = JSON.stringify(composer.components).match(/"d:([\w-]+):/)?.[1] ?? '';
  const own = await stage.run('help', { user: ben });
  await own.waitForResponse();
  for (const verb of HARMLESS) await discord.forge(own, `d:${id}:${verb}`, ben);
  await stage.settled();
  expect(discord.render(own)).not.toContain('secret');
});

it('publishes nothing of a group for somebody who was removed from it', async () => {
  await using stage = await startTeamStage({ approvals: 0 });
  const { telegram, tiktok, group, gus } = stage;
  const at = telegram.state.bot.username;
  await telegram.sendPhoto(group, gus, { path: fixture('phone.jpg'), caption: `@${at} Mine` });
  const card = await stage.inGroup((message) => textOf(message).includes('Who can see it?'));
  await telegram.press(card, 'Everyone', gus);
  telegram.removeMember(group, gus);
  const own = telegram.privateChat(gus);
  await telegram.sendText(own, gus, '/help');
  const message = await telegram.waitForMessage(own, () => true);
  await telegram.forge(message, `d:${idOn(card)}:post`, gus);
  await telegram.forge(message, `d:${idOn(card)}:inbox`, gus);
  await barrier(stage, gus, own);
  await stage.settled();
  expect(tiktok.state.publishes).toEqual([]);
});

it('counts no reaction of others under a message that a voter has passed off as a review', async () => {
  await using stage = await startTeamStage({ approvals: 2 });
  const { telegram, tiktok, group, dora, emil } = stage;
  const at = telegram.state.bot.username;
  const { onTelegram } = await stage.submit(['phone.jpg']);
  await telegram.sendText(group, dora, `/help@${at}`);
  const help = await stage.inGroup('A post is 1 to 35 photos');
  const postId = idOn(onTelegram ?? help);
  await telegram.forge(help, `p:${postId}:approve`, dora);
  await telegram.react(help, emil, '👍');
  await stage.inGroup('1 of 2');
  await barrier(stage, dora, group);
  await stage.restart();
  await stage.settled();
  expect(textOf(await stage.inGroup(/Needs 2 approvals/))).toContain('1 of 2');
  expect(tiktok.state.publishes).toEqual([]);
});

it('tells a channel that speaks in a group nothing of it, and takes no file from it', async () => {
  await using stage = await startTeamStage();
  const { telegram, group } = stage;
  const passer = telegram.user({ firstName: 'Passer' });
  const asChannel = { id: -1_000_000_000_777, type: 'channel' as const, title: 'News' };
  const at = telegram.state.bot.username;
  const before = telegram.botMessages(group).length;
  for (const name of ['history', 'posts', 'accounts'])
    await telegram.sendText(group, passer, `/${name}@${at}`, { asChannel });
  const photo = { path: fixture('phone.jpg'), caption: `@${at} Ours`, asChannel };
  await telegram.sendPhoto(group, passer, photo);
  await telegram.until(() => telegram.botMessages(group)[before + 3]);
  const said = telegram.botMessages(group).slice(before).map(textOf);
  expect(said).toEqual(Array(4).fill(expect.stringContaining('Write under your own name')));
});

it('writes nothing into the draft of somebody else who posts from the same album', async () => {
  await using stage = await startTeamStage();
  const { telegram, group, gus, dora } = stage;
  const photo = { type: 'photo' as const, path: fixture('phone.jpg') };
  const album = await telegram.sendAlbum(group, dora, [photo, photo]);
  await barrier(stage, dora, group);
  // The album is not remembered any more, as after a minute.
  await stage.restart();
  await telegram.sendText(group, dora, '/post Mine', { replyTo: album[0] as Message });
  const card = await stage.inGroup('Mine');
  await telegram.sendText(group, gus, '/post Evil words', { replyTo: album[1] as Message });
  const other = await stage.inGroup('Evil words');
  expect(other.message_id).not.toBe(card.message_id);
  await stage.settled();
  expect(textOf(await stage.inGroup('Mine'))).not.toContain('Evil');
});

it('takes the draft of a post from no manager who is still there', async () => {
  await using stage = await startTeamStage();
  const { telegram, group, gus, dora, emil } = stage;
  const at = telegram.state.bot.username;
  await telegram.sendPhoto(group, gus, { path: fixture('phone.jpg'), caption: `@${at} Mine` });
  const card = await stage.inGroup((message) => textOf(message).includes('Who can see it?'));
  await telegram.press(card, 'Everyone', gus);
  await telegram.press(card, 'Ask for approval', gus);
  const review = await stage.inGroup('wants to post');
  telegram.removeMember(group, gus);
  const edit = `p:${idOn(review)}:edit`;
  await telegram.forge(review, edit, dora);
  const draft = await stage.inGroup(
    (message) => message.message_id > review.message_id && buttonsOf(message).includes('Discard'),
  );
  expect(await telegram.forge(review, edit, emil)).toMatchObject({ text: 'Only Dora can do that here.' });
  await telegram.press(draft, 'Discard', dora);
  await stage.inGroup('Discarded.');
});

/** Resolves when all that was sent before has been handled. */
async function barrier(
  { telegram }: Pick<Stage, 'telegram'>,
  from: User,
  chat: { id: number },
): Promise<void> {
  const at = telegram.state.bot.username;
  const before = telegram.botMessages(chat).at(-1)?.message_id ?? 0;
  await telegram.sendText(chat, from, `/accounts@${at}`);
  await telegram.waitForMessage(chat, (message) => message.message_id > before);
}
