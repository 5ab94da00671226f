import { expect, it } from 'vitest';
import type { Card } from '../../../src/bots/platform.ts';
import type { PostState } from '../../../src/core/publish/post.ts';
import { defaultPolicy, type ReviewPolicy } from '../../../src/core/review/review.ts';
import { type AccessWorld, createAccessWorld, GROUP, inPlace, PEOPLE, pressOnPost } from '../access/world.ts';
import { textOf } from '../paper-bot.ts';

const REVIEW: PostState = { status: 'in_review', since: 0, expiresAt: 8e15 };
const POLICY = defaultPolicy({ isPrivate: false });
const FIRST_HOUR = 'Nobody but Ana has a say here, so nobody can approve this.';

/** A group whose only administrator is Ana, on its own. */
async function startGroup(policy: Partial<ReviewPolicy> = {}, managers = [PEOPLE.ana]) {
  const world = await createAccessWorld();
  await world.workspaces.separate('discord:1');
  world.roles.delete(`${GROUP.chat} ${PEOPLE.mia.id}`);
  world.roles.delete(`${GROUP.chat} ${PEOPLE.editors.id}`);
  for (const { id } of managers) world.roles.set(`${GROUP.chat} ${id}`, 'manager');
  await world.workspaces.change(GROUP.workspace, () => ({ policy: { ...POLICY, ...policy } }));
  return world;
}

/** Submits a post of Ana's by the rules of the group. */
async function submit(world: AccessWorld, id = 'one') {
  const { policy } = await world.workspaces.settingsOf(GROUP.workspace);
  const review = { policy, chats: [GROUP.chat], places: [GROUP.workspace] };
  const post = await world.post(id, REVIEW, { review });
  world.chats.touch(post);
  return post;
}

const cardOf = ({ telegram }: AccessWorld, what: RegExp, isThere = true): Promise<Card> =>
  telegram.until(() => {
    const cards = telegram.messages.map(({ versions }) => versions.at(-1)?.card);
    return cards.find(
      (card) => textOf(card).includes('wants to post') && what.test(textOf(card)) === isThere,
    );
  });

const buttonsOf = ({ rows }: Card): string[] =>
  rows.flatMap((row) => (row.type === 'buttons' ? row.buttons.map(({ label }) => label) : []));

/** Draws the card of the post as it is now. */
async function redraw({ nod, chats }: AccessWorld): Promise<void> {
  const post = await nod.posts.get('one');
  if (post !== undefined) chats.touch(post);
}

const ANA = () => inPlace(GROUP, PEOPLE.ana);

it('says at the submission that nobody but the author has a say, and offers the two ways out', async () => {
  await using world = await startGroup();
  await submit(world);
  const card = await cardOf(world, /Nobody but Ana/);
  expect(textOf(card)).toContain(
    `${FIRST_HOUR}\nAdministrators of this group can name an approver, or let Ana’s own vote count: the buttons below.`,
  );
  expect(buttonsOf(card)).toEqual([
    ...['Approve', 'Reject…', 'Name an approver…', 'Count Ana’s vote'],
    ...['Look at it', 'When…', 'Edit', 'Cancel'],
  ]);
  expect(await pressOnPost(world, ANA(), 'approve')).toContain('somebody other than its author');
});

it('lets the author approve once somebody who manages the place has counted their vote', async () => {
  await using world = await startGroup();
  await submit(world);
  await cardOf(world, /Nobody but Ana/);
  expect(await pressOnPost(world, inPlace(GROUP, PEOPLE.gus), 'own_vote')).toContain('Only an administrator');
  expect(await pressOnPost(world, ANA(), 'own_vote')).toBe(
    'From now on the own vote of authors counts here, so Ana can approve this post.',
  );
  await redraw(world);
  await cardOf(world, /Nobody but Ana/, false);
  expect(await pressOnPost(world, ANA(), 'approve')).toBe('Approved. It is on its way.');
  const history = await world.nod.history.recent([GROUP.workspace], 10);
  expect(history.map(({ what, detail }) => [what, detail])).toContainEqual([
    'settings_changed',
    'the author’s own vote counts: no → yes',
  ]);
});

it('lets somebody approve the waiting post who is named now', async () => {
  await using world = await startGroup();
  await submit(world);
  await cardOf(world, /Nobody but Ana/);
  expect(await pressOnPost(world, ANA(), 'approver')).toContain(
    'Reply with /approver to a message of the person',
  );
  await world.handle({ ...ANA(), type: 'command', name: 'approver', argument: '', target: PEOPLE.gus });
  await redraw(world);
  await cardOf(world, /Nobody but Ana/, false);
  expect(await pressOnPost(world, inPlace(GROUP, PEOPLE.gus), 'approve')).toBe('Approved. It is on its way.');
});

it('leaves a review that can be decided under the rules by which it was submitted', async () => {
  await using world = await startGroup({}, [PEOPLE.ana, PEOPLE.mia]);
  await submit(world);
  const card = await cardOf(world, /Nobody but Ana/, false);
  expect(buttonsOf(card)).not.toContain('Name an approver…');
  await world.handle({ ...ANA(), type: 'command', name: 'approver', argument: '', target: PEOPLE.gus });
  expect(await pressOnPost(world, inPlace(GROUP, PEOPLE.gus), 'approve')).toContain('Only administrators');
});

it('calls the author once when the last other approver has left', async () => {
  await using world = await startGroup({}, [PEOPLE.ana, PEOPLE.mia]);
  await submit(world);
  await cardOf(world, /Nobody but Ana/, false);
  world.roles.delete(`${GROUP.chat} ${PEOPLE.mia.id}`);
  world.world.tiktok.clock.advance(10 * 60_000);
  await world.chats.catchUp.reconcile();
  await cardOf(world, /Nobody but Ana/);
  const calls = () => world.telegram.show().filter((text) => text.startsWith(FIRST_HOUR));
  await world.telegram.until(() => calls().length === 1 || undefined);
  world.world.tiktok.clock.advance(10 * 60_000);
  await world.chats.catchUp.reconcile();
  await world.settled();
  expect(calls()).toHaveLength(1);
});

it('says who can approve where these are fewer than are needed', async () => {
  await using world = await startGroup({ approvals: 2 }, [PEOPLE.ana, PEOPLE.mia]);
  await submit(world);
  await cardOf(world, /Only Mia can approve this, and it needs 2\./);
});

it('counts two accounts of one person once, and the author’s own not at all', async () => {
  await using world = await startGroup({}, [PEOPLE.ana]);
  const { personLinks } = world.nod;
  await world.workspaces.join('discord:1', 'discord:10', GROUP.workspace);
  await personLinks.redeem(PEOPLE.chiara, await personLinks.issue(PEOPLE.ana));
  await world.post('two', REVIEW, {
    review: { policy: POLICY, chats: [GROUP.chat, 'discord:10'], places: [GROUP.workspace, 'discord:1'] },
  });
  const post = await world.nod.posts.get('two');
  if (post !== undefined) world.chats.touch(post);
  await cardOf(world, /Nobody but Ana/);
});

it('says on Discord what it cannot know, and still lets a named person approve the waiting post', async () => {
  await using world = await startGroup();
  const chat = 'discord:10';
  Object.assign(world.discord.bot, {
    fetchManagers: async () => ({ people: [PEOPLE.chiara], isComplete: false }),
  });
  await world.workspaces.change('discord:1', () => ({ policy: POLICY }));
  const review = { policy: POLICY, chats: [chat], places: ['discord:1'] };
  const own = { workspace: 'discord:1', chat, author: PEOPLE.chiara, review };
  world.chats.touch(await world.post('one', REVIEW, own));
  const text = await world.discord.until(() =>
    world.discord.show().find((each) => each.includes('Nod cannot see who holds a role on Discord.')),
  );
  expect(text).toContain('/tiktok settings names somebody, or lets Chiara’s own vote count.');
});

it('says no more that it cannot know once others than the author have decided there', async () => {
  await using world = await startGroup();
  const chat = 'discord:10';
  Object.assign(world.discord.bot, {
    fetchManagers: async () => ({ people: [PEOPLE.chiara], isComplete: false }),
  });
  await world.workspaces.change('discord:1', () => ({ policy: POLICY }));
  const review = { policy: POLICY, chats: [chat], places: ['discord:1'] };
  const own = { workspace: 'discord:1', chat, author: PEOPLE.chiara };
  const decision = { outcome: 'rejected', by: [PEOPLE.vera], at: 1 } as const;
  await world.post(
    'before',
    { status: 'rejected', settledAt: 1 },
    { ...own, review: { ...review, decision } },
  );
  world.chats.touch(await world.post('one', REVIEW, { ...own, review }));
  const text = await world.discord.until(() => world.discord.show().find((each) => each.includes('0 of 1')));
  expect(text).not.toContain('Nod cannot see');
});

it('looks for nobody in a joined chat whose platform this Nod has no token for', async () => {
  await using world = await startGroup();
  const other = { chat: 'elsewhere:1', workspace: 'elsewhere:1', chatTitle: 'Elsewhere', isPrivate: false };
  await world.access.admit({ ...other, title: other.chatTitle });
  await world.workspaces.meet(other);
  await world.workspaces.join(other.workspace, other.chat, GROUP.workspace);
  const { policy } = await world.workspaces.settingsOf(GROUP.workspace);
  const review = {
    policy,
    chats: [GROUP.chat, other.chat],
    places: [GROUP.workspace, other.workspace],
  };
  world.chats.touch(await world.post('one', REVIEW, { review }));
  await cardOf(world, /Nobody but Ana/);
});
