import { expect, it } from 'vitest';
import { type Anchor, keyOf } from '../../../src/bots/cards/card-index.ts';
import type { PostState } from '../../../src/core/publish/post.ts';
import type { ReviewPolicy } from '../../../src/core/review/review.ts';
import { textOf } from '../paper-bot.ts';
import {
  type AccessWorld,
  alone,
  createAccessWorld,
  type Frame,
  GROUP,
  inPlace,
  OTHER,
  PEOPLE,
  POLICY,
  pressOnPost,
  readVotesOnPost,
  SERVER,
} from './world.ts';

const REVIEW: PostState = { status: 'in_review', since: 0, expiresAt: 8e15 };
const CODE = /[A-Z0-9]{4}-[A-Z0-9]{4}/;
const MIA = () => inPlace(GROUP, PEOPLE.mia);
const CHIARA = () => inPlace(SERVER, PEOPLE.chiara);

async function command(world: AccessWorld, frame: Frame, name: string, argument = '') {
  await world.handle({ ...frame, type: 'command', name, argument, message: await world.message(frame.chat) });
}

/** What this person alone was told last. */
const toldTo = ({ telegram, discord }: AccessWorld, who: { id: string }) =>
  textOf([...telegram.whispered, ...discord.whispered].findLast(({ person }) => person.id === who.id)?.card);

/** Mia and Chiara become one person. */
async function link(world: AccessWorld): Promise<void> {
  await command(world, MIA(), 'link');
  const [code = ''] = CODE.exec(toldTo(world, PEOPLE.mia)) ?? [];
  await command(world, CHIARA(), 'link', code);
}

const press = (world: AccessWorld, frame: Frame, verb: 'approve' | 'reject', at = 0) =>
  pressOnPost(world, frame, verb, { at: world.world.now() + at });

/** A review in the group and in the server. */
const reviewBy = (policy: Partial<ReviewPolicy>) => ({
  policy: { ...POLICY, ...policy },
  chats: [GROUP.chat, SERVER.chat],
  places: [GROUP.workspace, SERVER.workspace],
});

const historyOf = async ({ nod }: AccessWorld) =>
  (await nod.history.recent([GROUP.workspace], 20)).map(({ what, detail }) => `${what} ${detail}`);

it('links two accounts by a code, which nobody else sees, and parts them', async () => {
  await using world = await createAccessWorld();
  await link(world);
  expect(toldTo(world, PEOPLE.chiara)).toBe(
    [
      '✓ Your account is linked with Mia (Telegram).',
      'Both have one vote together, and no vote on each other’s posts.',
      '/tiktok unlink separates them.',
    ].join('\n'),
  );
  const inMiasChat = world.telegram.messages.filter(({ ref }) => ref.chat === PEOPLE.mia.id);
  expect(textOf(inMiasChat.at(-1)?.versions.at(-1)?.card)).toContain(
    'Chiara (Discord) has entered your code',
  );
  await command(world, MIA(), 'link');
  expect(toldTo(world, PEOPLE.mia)).toContain('✓ Your account is linked with Chiara (Discord).');
  for (const text of [...world.telegram.show(), ...world.discord.show()].filter((each) => CODE.test(each)))
    throw new Error(`A code stands in a chat: ${text}`);
  await command(world, MIA(), 'unlink');
  expect(toldTo(world, PEOPLE.mia)).toContain('no longer linked with Chiara (Discord)');
  expect(await world.nod.personLinks.accountsOf(PEOPLE.chiara)).toEqual([PEOPLE.chiara]);
});

it('parts accounts of which one is on a platform that this Nod has no token for', async () => {
  await using world = await createAccessWorld();
  const { personLinks } = world.nod;
  await personLinks.redeem({ id: 'elsewhere:5', name: 'Mia' }, await personLinks.issue(PEOPLE.mia));
  await command(world, MIA(), 'unlink');
  expect(toldTo(world, PEOPLE.mia)).toContain('no longer linked with Mia (elsewhere)');
});

it('says in the chat that it is for one alone where nobody can be told alone', async () => {
  await using world = await createAccessWorld();
  Object.assign(world.telegram.bot, { tellPrivately: async () => false });
  await command(world, MIA(), 'link');
  expect(world.telegram.show().at(-1)).toBe(
    'Mia, that is for you alone. Open a private chat with me and write /link or /unlink there.',
  );
  await command(world, alone(PEOPLE.olga), 'link');
  expect(world.telegram.show().at(-1)).toMatch(CODE);
});

it('counts two votes of one person once, says so in the history, and where it came from', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW);
  await link(world);
  expect(await press(world, MIA(), 'approve')).toContain('Your approval counts: 1 of 2.');
  expect(await press(world, CHIARA(), 'approve')).toContain('Your approval counts: 1 of 2.');
  expect(await readVotesOnPost(world)).toEqual(['Mia approve']);
  expect(await press(world, MIA(), 'approve', 20_000)).toBe(
    'Your approval from the other chat still counts: take it back there, too.',
  );
  expect(await readVotesOnPost(world)).toEqual(['Chiara approve']);
  const told = (await historyOf(world)).filter((line) => line.startsWith('accounts_linked'));
  expect(told).toEqual(['accounts_linked Mia (telegram) and Chiara (discord)']);
  expect(await press(world, inPlace(GROUP, PEOPLE.vera), 'approve')).toBe('Approved. It is on its way.');
  await world.discord.until(() =>
    world.discord
      .show()
      .find((text) => /Approved by Chiara and Vera\nFrom Telegram: Vera · from Discord: Chiara/.test(text)),
  );
});

it('counts one person once who has voted from both accounts before linking them, whoever comes next', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW, { review: reviewBy({ approvals: 3 }) });
  await press(world, MIA(), 'approve');
  await press(world, CHIARA(), 'approve');
  await link(world);
  expect(await press(world, inPlace(GROUP, PEOPLE.vera), 'approve')).toContain('2 of 3');
  expect((await world.nod.posts.get('one'))?.status).toBe('in_review');
});

it('keeps one person one on a ballot after their accounts were parted', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW);
  await link(world);
  await press(world, MIA(), 'approve');
  await command(world, MIA(), 'unlink');
  expect(await press(world, CHIARA(), 'approve')).toContain('1 of 2');
});

it('lets nobody approve their own post from the other chat, nor by a vote from before linking', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW, { author: PEOPLE.mia });
  expect(await press(world, CHIARA(), 'approve')).toContain('1 of 2');
  await link(world);
  expect(await press(world, CHIARA(), 'reject')).toContain('somebody other than its author');
  expect(await press(world, inPlace(GROUP, PEOPLE.vera), 'approve')).toContain('1 of 2');
});

it('looks again who has a say before a rejection that is taken back lets the approvals decide', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW, { review: reviewBy({ rejectionIsFinal: false }) });
  await link(world);
  await press(world, CHIARA(), 'approve');
  await press(world, MIA(), 'reject');
  expect(await press(world, inPlace(GROUP, PEOPLE.vera), 'approve')).toContain('1 of 2');
  world.roles.delete(`${GROUP.chat} ${PEOPLE.vera.id}`);
  expect(await press(world, MIA(), 'reject', 20_000)).toBe('Your rejection is taken back.');
  expect(await readVotesOnPost(world)).toEqual(['Chiara approve']);
  expect((await world.nod.posts.get('one'))?.status).toBe('in_review');
});

it('counts no approval of somebody without a say whose own rejection is taken back', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW, { review: reviewBy({ rejectionIsFinal: false }) });
  const message = await world.message(GROUP.chat);
  await world.nod.stores.store<Anchor>('anchors').create(keyOf(message), { subject: `one ${GROUP.chat}` });
  const react = (frame: Frame, marks: { approve: boolean; reject: boolean }) =>
    world.handle({ ...frame, type: 'reaction', message, marks });
  await react(MIA(), { approve: true, reject: true });
  await press(world, inPlace(GROUP, PEOPLE.vera), 'approve');
  world.roles.delete(`${GROUP.chat} ${PEOPLE.mia.id}`);
  await react(MIA(), { approve: true, reject: false });
  expect(await readVotesOnPost(world)).toEqual(['Vera approve']);
  expect((await world.nod.posts.get('one'))?.status).toBe('in_review');
});

it('lets only linked people vote where the settings of joined chats ask for it', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW, { review: reviewBy({ linkedVoters: true }) });
  expect(await press(world, MIA(), 'approve')).toBe(
    'Here only people vote who have linked their accounts of both chats. /link says how; then vote again.',
  );
  await link(world);
  expect(await press(world, MIA(), 'approve')).toContain('1 of 2');
  await command(world, MIA(), 'unlink');
  await world.nod.personLinks.redeem(PEOPLE.finn, await world.nod.personLinks.issue(PEOPLE.vera));
  expect(await press(world, inPlace(GROUP, PEOPLE.vera), 'approve')).toContain('1 of 2');
});

it('lets nobody vote there who has linked an account that is in none of the chats', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW, { review: reviewBy({ linkedVoters: true }) });
  const throwaway = { id: 'discord:99', name: 'Nobody' };
  const { personLinks } = world.nod;
  await personLinks.redeem(throwaway, await personLinks.issue(PEOPLE.mia));
  expect(await press(world, MIA(), 'approve')).toContain('Here only people vote');
  world.roles.set(`${SERVER.chat} ${throwaway.id}`, 'member');
  expect(await press(world, MIA(), 'approve')).toContain('1 of 2');
});

it('asks nobody for a linked account where all chats of the review are on one platform', async () => {
  await using world = await createAccessWorld();
  await world.post('one', REVIEW, {
    review: {
      policy: { ...POLICY, linkedVoters: true },
      chats: [GROUP.chat, OTHER.chat],
      places: [GROUP.workspace, OTHER.workspace],
    },
  });
  expect(await press(world, MIA(), 'approve')).toContain('1 of 2');
});
