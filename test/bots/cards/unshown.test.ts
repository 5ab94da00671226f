import { expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import { reviewSubject } from '../../../src/bots/cards/subjects.ts';
import { type ChatEventOf, ChatUnreachableError } from '../../../src/bots/platform.ts';
import type { Person } from '../../../src/core/people.ts';
import type { Post } from '../../../src/core/publish/post.ts';
import {
  type AccessWorld,
  createAccessWorld,
  GROUP,
  inPlace,
  PEOPLE,
  POLICY,
  SERVER,
} from '../access/world.ts';
import type { PaperBot } from '../paper-bot.ts';
import { textOf } from '../paper-bot.ts';

const MUTE = { type: 'rights', missing: ['send'] } as const;
const TOPIC = `${GROUP.chat}:7`;
const NOW = Date.now();

const inReview = { status: 'in_review', since: NOW, expiresAt: NOW + 3_600_000, media: [] } as const;
const failed = {
  status: 'failed',
  settledAt: NOW,
  failure: { reason: 'tiktok_unreachable', reasonRaw: '' },
} as unknown as Parameters<AccessWorld['post']>[1];

/** What a chat shows, message by message. */
const shownIn = ({ messages }: PaperBot, chat: string): string[] =>
  messages.filter(({ ref }) => ref.chat === chat).map(({ versions }) => textOf(versions.at(-1)?.card));

const oneIn = (bot: PaperBot, chat: string, words: string): Promise<string> =>
  bot.until(() => shownIn(bot, chat).find((text) => text.includes(words)));

const review = (chats: readonly string[]) => ({
  policy: POLICY,
  chats,
  places: [GROUP.workspace, SERVER.workspace].slice(0, chats.length),
});

/** A post of Ana's without a review, which ended, in a group. */
const ended = (world: AccessWorld, id: string): Promise<Post> =>
  world.post(id, failed, { review: undefined });

const speaks = (person: Person, name = 'accounts'): ChatEventOf<'command'> => ({
  ...inPlace(GROUP, person),
  type: 'command',
  name,
  argument: '',
});

it('shows a review where its post was composed when its topic is deleted, says why, and brings it home again', async () => {
  await using world = await createAccessWorld();
  const { telegram, chats } = world;
  telegram.close(TOPIC, { type: 'topic_gone' });
  const post = await world.post('p', inReview as never, { review: review([TOPIC]) });
  chats.touch(post);
  const shown = await oneIn(telegram, GROUP.chat, 'wants to post');
  expect(shown).toMatch(/^This card is here for now\. The topic where it belongs is deleted\./);
  telegram.close(TOPIC, undefined);
  chats.touch(post);
  expect(await oneIn(telegram, TOPIC, 'wants to post')).not.toContain('is here for now');
  await oneIn(telegram, GROUP.chat, 'This goes on where it belongs');
});

it('shows a post without a review in the channel for reviews, when its own chat takes nothing', async () => {
  await using world = await createAccessWorld();
  const { telegram, chats, workspaces } = world;
  await workspaces.setReviewChat(GROUP.workspace, TOPIC);
  telegram.close(GROUP.chat, MUTE);
  chats.touch(await ended(world, 'p'));
  const shown = await oneIn(telegram, TOPIC, 'Our secret');
  expect(shown).toMatch(/^This card is here for now\. Nod may not send messages where it belongs\./);
  await telegram.until(() => shownIn(telegram, TOPIC).find((text) => text.startsWith('✕ Not posted')));
  await world.settled();
  expect(shownIn(telegram, PEOPLE.ana.id)).toEqual([]);
});

it('tells its author in private how a post ended that no chat shows, and what right is missing', async () => {
  await using world = await createAccessWorld();
  const { telegram, chats } = world;
  telegram.close(GROUP.chat, MUTE);
  chats.touch(await ended(world, 'p'));
  const told = await oneIn(telegram, PEOPLE.ana.id, 'Not posted');
  expect(told).toContain('Our secret');
  expect(told).toContain('Nod may not send messages in Editors (Telegram). An administrator can allow it');
  await world.settled();
  expect(shownIn(telegram, PEOPLE.ana.id)).toHaveLength(1);
});

it('shows it once it may, and then has nothing left to tell', async () => {
  await using world = await createAccessWorld();
  const { telegram, chats } = world;
  telegram.close(GROUP.chat, MUTE);
  chats.touch(await ended(world, 'p'));
  await oneIn(telegram, PEOPLE.ana.id, 'Not posted');
  telegram.close(GROUP.chat, undefined);
  await world.handle({ ...inPlace(GROUP, PEOPLE.mia), type: 'rights', isPresent: true });
  await oneIn(telegram, GROUP.chat, 'Not posted');
});

it('says it at the author’s next word, and in the history, when they cannot be reached alone either', async () => {
  await using world = await createAccessWorld();
  const { telegram, chats, nod } = world;
  telegram.close(GROUP.chat, MUTE);
  telegram.close(PEOPLE.ana.id, { type: 'blocked' });
  chats.touch(await ended(world, 'p'));
  await telegram.until(() => (telegram.sendsRefused() >= 2 ? true : undefined));
  await chats.unshownCards.idle();
  const history = await nod.history.recent([GROUP.workspace], 5);
  expect(history).toMatchObject([{ what: 'not_shown', postId: 'p' }]);
  expect(history[0]?.detail).toContain('Nod may not send messages');
  const said: string[] = [];
  const event = speaks(PEOPLE.ana);
  const tellAlso = async (text: string) => {
    said.push(text);
    return true;
  };
  await world.handle({ ...event, tellAlso });
  await world.handle({ ...speaks(PEOPLE.gus), tellAlso });
  await world.handle({ ...speaks(PEOPLE.ana), tellAlso });
  expect(said).toEqual([expect.stringContaining('Not posted')]);
});

it('says to its author that nobody can see a review', async () => {
  await using world = await createAccessWorld();
  const { telegram, chats } = world;
  telegram.close(GROUP.chat, MUTE);
  chats.touch(await world.post('p', inReview as never, { review: review([GROUP.chat]) }));
  const told = await oneIn(telegram, PEOPLE.ana.id, 'Nobody can see');
  expect(told).toContain('to approve it.\nNod may not send messages in Editors (Telegram).');
});

it('says where the only card of a review stands', async () => {
  await using world = await createAccessWorld();
  const { telegram, discord, chats } = world;
  telegram.close(GROUP.chat, MUTE);
  const post = await world.post('p', inReview as never, { review: review([GROUP.chat, SERVER.chat]) });
  chats.cardQueue.touch(reviewSubject(post.id, SERVER.chat));
  await oneIn(discord, SERVER.chat, 'wants to post');
  await chats.unshownCards.idle();
  chats.touch(post);
  const told = await oneIn(telegram, PEOPLE.ana.id, 'Our secret');
  expect(told).toContain('Its card is only in the joined chat. Nod may not send messages');
});

it('tells in private that a draft has no card, and how a post was cancelled', async () => {
  await using world = await createAccessWorld();
  const { telegram, chats } = world;
  telegram.close(GROUP.chat, MUTE);
  chats.cardQueue.touch((await world.draft('d')).id);
  const draft = await oneIn(telegram, PEOPLE.ana.id, 'your draft');
  expect(draft).toBe(
    'The card of your draft cannot be shown.\nNod may not send messages in Editors (Telegram). An administrator can allow it in the permissions of the group, or make Nod an administrator.\nIt comes as soon as it can.',
  );
  const cancelled = { status: 'cancelled', settledAt: NOW, by: PEOPLE.ana } as never;
  chats.touch(await world.post('p', cancelled, { review: undefined }));
  const told = await oneIn(telegram, PEOPLE.ana.id, 'Cancelled by Ana');
  expect(told).toContain('Nothing was posted.');
});

it('tells nobody of an outage, after which the card comes by itself', async () => {
  await using world = await createAccessWorld();
  const { telegram, chats } = world;
  telegram.fail(new ChatUnreachableError('No answer.', { maybeDone: false }));
  chats.touch(await ended(world, 'p'));
  await oneIn(telegram, GROUP.chat, 'Not posted');
  await world.settled();
  expect(shownIn(telegram, PEOPLE.ana.id)).toEqual([]);
});

it('answers in private, without buttons, whoever asks where Nod may not write', async () => {
  await using world = await createAccessWorld();
  const { telegram } = world;
  telegram.close(GROUP.chat, MUTE);
  await world.handle(speaks(PEOPLE.mia, 'settings'));
  const answer = await oneIn(telegram, PEOPLE.mia.id, 'Settings');
  expect(answer).toMatch(/^Nod may not send messages where you have just written\./);
  const card = telegram.messages.find(({ ref }) => ref.chat === PEOPLE.mia.id)?.versions.at(-1)?.card;
  expect(card?.rows).toEqual([]);
});

it('tells who connects an account how that ended, where their group does not take it', async () => {
  await using world = await createAccessWorld();
  const { telegram, chats } = world;
  telegram.close(GROUP.chat, MUTE);
  const invitation = { ...GROUP, person: PEOPLE.mia };
  await chats.accountNews.consentEnded({ type: 'denied', invitation } as never);
  expect(await oneIn(telegram, PEOPLE.mia.id, 'no account is connected')).toContain(
    'Nod may not send messages',
  );
});

const press = (world: AccessWorld, id: string, notes: (string | undefined)[]) =>
  world.message(GROUP.chat).then((message) => ({
    ...inPlace(GROUP, PEOPLE.ana),
    type: 'press' as const,
    press: encodePress({ on: 'draft', id, verb: 'post' }),
    message,
    isOnMessage: true,
    answer: async (note?: string) => void notes.push(note),
  }));

it('submits no review that nobody could see', async () => {
  await using world = await createAccessWorld();
  const { telegram, workspaces, drafts, nod } = world;
  await workspaces.separate(SERVER.workspace);
  const { id } = await world.draft('d');
  const notes: (string | undefined)[] = [];
  const event = await press(world, id, notes);
  telegram.close(GROUP.chat, MUTE);
  await world.handle(event);
  expect(notes).toEqual([
    'Nobody could see the review. Nod may not send messages here. An administrator can allow it in the permissions of the group, or make Nod an administrator. Nothing was sent; then press again.',
  ]);
  expect(await nod.posts.get(id)).toBeUndefined();
  expect((await drafts.get(id))?.submitted).toBeUndefined();
  telegram.close(GROUP.chat, undefined);
  await world.handle({ ...event, id: 'again' });
  expect(await nod.posts.get(id)).toMatchObject({ status: 'in_review' });
});
