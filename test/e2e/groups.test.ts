import type { Message } from 'grammy/types';
import { expect, it } from 'vitest';
import { linkShownTo } from '../team.ts';
import { buttonsOf, textOf, walkThroughConsent } from '../world.ts';
import { fixture, LINK, startStage } from './stage.ts';

/** A group of which Ana is the administrator, with Ben in it. */
async function startGroup(options: { forum?: boolean } = {}) {
  const stage = await startStage({ connect: false });
  const { telegram, ana } = stage;
  const ben = telegram.user({ firstName: 'Ben' });
  const group = telegram.group({ title: 'Studio', admins: [ana], members: [ben], ...options });
  const at = telegram.state.bot.username;
  const inGroup = (choice: (message: Message) => boolean) => telegram.waitForMessage(group, choice);
  return {
    ...stage,
    stage,
    ben,
    group,
    at,
    inGroup,
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

type Group = Awaited<ReturnType<typeof startGroup>>;

async function connectGroup({ telegram, tiktok, ana, group, at, inGroup }: Group): Promise<void> {
  await telegram.sendText(group, ana, `/connect@${at}`);
  expect(await walkThroughConsent(await linkShownTo(telegram, group, ana), tiktok)).toContain('Studio');
  await inGroup((message) => textOf(message).includes('is connected'));
  await telegram.sendText(group, ana, `/settings@${at}`);
  const settings = await inGroup((message) => textOf(message).startsWith('Settings'));
  await telegram.press(settings, 'Off', ana);
  await inGroup((message) => textOf(message).includes('without a review'));
}

const isDraft = (message: Message) => buttonsOf(message).includes('Everyone');

it('lets only administrators connect and disconnect accounts', async () => {
  await using group = await startGroup();
  const { telegram, ben, at, inGroup } = group;
  for (const command of ['connect', 'disconnect']) {
    await telegram.sendText(group.group, ben, `/${command}@${at}`);
    await inGroup(
      (message) =>
        message.message_id > lastBy(group, ben.id) &&
        textOf(message) === 'Only an administrator of this group can do that.',
    );
  }
  expect(textOf(telegram.botMessages(group.group).at(-1) ?? raise())).not.toContain('http');
  await connectGroup(group);
  await telegram.sendText(group.group, group.ana, `/disconnect@${at}`);
  const list = await inGroup((message) => textOf(message).includes('Which account'));
  expect(await telegram.press(list, /^Disconnect/, ben)).toMatchObject({
    text: 'Only an administrator of this group can do that.',
  });
});

it('publishes what is addressed to it in a group, with the address left out of the caption', async () => {
  await using group = await startGroup();
  await connectGroup(group);
  const { telegram, ben, at, inGroup } = group;
  await telegram.sendPhoto(group.group, ben, { path: fixture('phone.jpg'), caption: 'Not for the bot' });
  await telegram.sendPhoto(group.group, ben, { path: fixture('phone.jpg'), caption: `@${at} Sunday` });
  const draft = await inGroup(isDraft);
  expect(textOf(draft)).toContain('Caption\nSunday');
  await telegram.press(draft, 'Everyone', ben);
  await telegram.press(draft, 'Post now', ben);
  await inGroup((message) => message.message_id === draft.message_id && LINK.test(textOf(message)));
  expect(group.tiktok.state.publishes).toMatchObject([{ postInfo: { description: 'Sunday' } }]);
});

it('lets nobody but its author change, post or discard a draft', async () => {
  await using group = await startGroup();
  await connectGroup(group);
  const { telegram, ana, ben, at, inGroup } = group;
  await telegram.sendPhoto(group.group, ben, { path: fixture('phone.jpg'), caption: `@${at} Sunday` });
  const draft = await inGroup(isDraft);
  for (const button of ['Everyone', 'Comments: off', 'Post now', 'Edit caption', 'Discard']) {
    expect(await telegram.press(draft, button, ana)).toMatchObject({ text: 'Only Ben can do that here.' });
  }
  await telegram.sendText(group.group, ana, 'My words', { replyTo: draft });
  await inGroup((message) => textOf(message) === 'Only Ben can do that here.');
  await telegram.sendText(group.group, ana, `/cancel@${at}`);
  await inGroup((message) => textOf(message) === 'Nothing is under way.');
  await telegram.press(draft, 'Everyone', ben);
  await telegram.press(draft, 'Post now', ben);
  await inGroup((message) => LINK.test(textOf(message)));
});

it('keeps the drafts of two people apart', async () => {
  await using group = await startGroup();
  await connectGroup(group);
  const { telegram, ana, ben, at, inGroup } = group;
  for (const person of [ana, ben])
    await telegram.sendPhoto(group.group, person, {
      path: fixture('phone.jpg'),
      caption: `@${at} by ${person.first_name}`,
    });
  const draftBy = (name: string) =>
    inGroup((message) => isDraft(message) && textOf(message).includes(`by ${name}`));
  const [first, second] = [await draftBy('Ana'), await draftBy('Ben')];
  expect(first.message_id).not.toBe(second.message_id);
  await telegram.press(second, 'Edit caption', ben);
  const question = await inGroup((message) => textOf(message).includes('Ben, reply to this'));
  await telegram.sendText(group.group, ben, 'Ben’s own', { replyTo: question });
  await inGroup(
    (message) => message.message_id === second.message_id && textOf(message).includes('Ben’s own'),
  );
  expect(textOf(await draftBy('Ana'))).toContain('by Ana');
});

it('stays in the topic where it was asked', async () => {
  await using group = await startGroup({ forum: true });
  const { telegram, ana, at, inGroup } = group;
  const threadId = telegram.topic(group.group, 'TikTok');
  await telegram.sendPhoto(group.group, ana, {
    path: fixture('phone.jpg'),
    caption: `@${at} Topic`,
    threadId,
  });
  const draft = await inGroup((message) => textOf(message).includes('Topic'));
  expect(draft.message_thread_id).toBe(threadId);
});

it('lets an administrator cancel the post of somebody else', async () => {
  await using group = await startGroup();
  await connectGroup(group);
  const { telegram, tiktok, ana, ben, at, inGroup } = group;
  tiktok.options.pull.slowBytesPerSecond = 5_000;
  await telegram.sendPhoto(group.group, ben, { path: fixture('phone.jpg'), caption: `@${at} Sunday` });
  const draft = await inGroup(isDraft);
  await telegram.press(draft, 'Everyone', ben);
  await telegram.press(draft, 'Post now', ben);
  await inGroup((message) => textOf(message).includes('TikTok has it'));
  await telegram.press(draft, 'Cancel', ana);
  await inGroup((message) => textOf(message).startsWith('Cancelled'));
});

function lastBy({ telegram, group }: Group, userId: number): number {
  const mine = telegram.state.messages.filter(
    ({ chatId, current }) => chatId === group.id && current.from?.id === userId,
  );
  return mine.at(-1)?.messageId ?? 0;
}

function raise(): never {
  throw new Error('The bot has said nothing.');
}
