import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Card, type ChatEvent, shownPicture } from '../../../src/bots/platform.ts';
import type { Person } from '../../../src/core/people.ts';
import type { Post } from '../../../src/core/publish/post.ts';
import type { ReviewPolicy } from '../../../src/core/review/review.ts';
import { grantOf } from '../../core/core-world.ts';
import { account } from '../../core/drafts.ts';
import { namedFile } from '../../core/posts.ts';
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
  SERVER,
} from './world.ts';

const WHO = [
  PEOPLE.ana,
  PEOPLE.gus,
  PEOPLE.vera,
  PEOPLE.mia,
  PEOPLE.rex,
  PEOPLE.elsa,
  PEOPLE.mallory,
  PEOPLE.finn,
  PEOPLE.chiara,
];
const PLACES = { group: GROUP, server: SERVER, other: OTHER };
type PlaceName = keyof typeof PLACES;

/** The group and the server share everything, the other group has its own. */
const TEAMS: Readonly<Record<PlaceName, string>> = { group: 'team', server: 'team', other: 'others' };
/** What stands in captions, names of accounts and keys of pictures, to be found wherever it is shown. */
const secretOf = (place: PlaceName): string => `${TEAMS[place]}-secret`;

const VERBS = [
  ...[
    'd:privacy:SELF_ONLY',
    'd:set:allowComment',
    'd:open',
    'd:back',
    'd:nonsense',
    'd:post',
    'd:inbox',
    'd:files',
  ],
  ...[
    'd:discard',
    'd:caption',
    'd:when',
    'd:accounts',
    'p:approve',
    'p:reject',
    'p:cancel',
    'p:edit',
    'p:caption',
    'p:show:0',
  ],
  ...['p:again', 'p:now', 'p:why', 'p:nonsense'],
];
/** What people mostly do, who do what they may. */
const USUAL = [
  { who: 'author', verb: 'd:post' },
  { who: 'voter', verb: 'p:approve' },
] as const;
const COMMANDS = [
  'help',
  'accounts',
  'posts',
  'results',
  'queue',
  'history',
  'cancel',
  'settings',
  'connect',
  'disconnect',
  'start',
];

const who = fc.nat(WHO.length - 1);
const from = fc.constantFrom<PlaceName | 'alone'>('group', 'server', 'other', 'alone');
const place = fc.constantFrom<PlaceName>('group', 'server', 'other');
const target = fc.nat(11);

const action = fc.oneof(
  fc.record({ type: fc.constant('draft' as const), who, place }),
  fc.record({ type: fc.constant('review' as const), who, place }),
  fc.record({
    type: fc.constant('press' as const),
    who,
    from,
    target,
    verb: fc.constantFrom(...VERBS),
    isOnMessage: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('press' as const),
    who,
    from,
    target,
    verb: fc.constantFrom('d:post', 'p:approve'),
    isOnMessage: fc.boolean(),
  }),
  fc.record({ type: fc.constant('usual' as const), who, usual: fc.constantFrom(...USUAL) }),
  fc.record({
    type: fc.constant('answer' as const),
    who,
    from,
    target,
    kind: fc.constantFrom('', 'why:', 'when_draft:', 'when_post:'),
  }),
  fc.record({ type: fc.constant('command' as const), who, from, name: fc.constantFrom(...COMMANDS) }),
  fc.record({
    type: fc.constant('part' as const),
    who,
    place,
    part: fc.constantFrom('member', 'manager', undefined),
  }),
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** One world, with what was made in it and what the model knows of people's rights. */
class Story {
  readonly ids: string[] = [];
  readonly drafts = new Set<string>();
  readonly privateMessages = new Map<string, Person>();
  readonly world: AccessWorld;
  readonly accounts: Readonly<Record<PlaceName, string>>;
  constructor(world: AccessWorld, otherAccount: string) {
    this.world = world;
    this.accounts = { group: world.openId, server: world.openId, other: otherAccount };
  }

  isMember(place: PlaceName, { id }: Person): boolean {
    return this.world.roles.has(`${PLACES[place].chat} ${id}`);
  }

  isManager(place: PlaceName, { id }: Person): boolean {
    return this.world.roles.get(`${PLACES[place].chat} ${id}`) === 'manager';
  }
}

async function startStory(world: AccessWorld): Promise<Story> {
  const { nod, workspaces } = world;
  const pair = world.world.tiktok.grant();
  const grant = { ...grantOf(pair), openId: 'open-others' };
  await nod.accounts.connect({
    workspace: OTHER.workspace,
    chat: OTHER.chat,
    person: PEOPLE.elsa,
    grant,
    info: undefined,
  });
  await nod.accounts.noteName('open-others', { nickname: secretOf('other') });
  await nod.accounts.noteName(world.openId, { nickname: secretOf('group') });
  await workspaces.change(OTHER.workspace, ({ policy }) => ({ policy: { ...policy, approvals: 0 } }));
  return new Story(world, 'open-others');
}

const frameOf = (person: Person, from: PlaceName | 'alone'): Frame =>
  from === 'alone' ? alone(person) : inPlace(PLACES[from], person);

const fields = (story: Story, place: PlaceName, author: Person) => ({
  author,
  workspace: PLACES[place].workspace,
  chat: PLACES[place].chat,
  preview: { ...namedFile('c', 'jpg'), key: `${'c'.repeat(64)}.${TEAMS[place]}` },
  account: { ...account, openId: story.accounts[place], nickname: secretOf(place) },
});

async function act(story: Story, given: Action): Promise<void> {
  const { world } = story;
  const person = WHO[given.who] ?? PEOPLE.ana;
  if (given.type === 'part') {
    const key = `${PLACES[given.place].chat} ${person.id}`;
    const isOfPlatform = person.id.split(':')[0] === PLACES[given.place].chat.split(':')[0];
    if (given.part === undefined) world.roles.delete(key);
    else if (isOfPlatform) world.roles.set(key, given.part);
    return;
  }
  if (given.type === 'draft' || given.type === 'review') {
    if (!story.isMember(given.place, person)) return;
    const id = `id${story.ids.length}`;
    story.ids.push(id);
    const { account, ...common } = fields(story, given.place, person);
    const caption = `${secretOf(given.place)} ${id}`;
    if (given.type === 'draft') {
      story.drafts.add(id);
      await world.draft(id, { ...common, account, caption });
    } else {
      const post = await world.post(id, { status: 'in_review', since: 0, expiresAt: 8e15 }, common);
      await world.nod.posts.update(id, (current) => ({
        ...current,
        content: { ...post.content, caption, openId: story.accounts[given.place] },
        account: { nickname: secretOf(given.place) },
        review: { policy: policyOf(id), ...reviewedIn(given.place) },
      }));
    }
    world.chats.cardQueue.touch(id, { soon: true });
    return;
  }
  if (given.type === 'usual') return actAsUsual(story, given);
  await world.handle(await eventOf(story, given, person));
}

/** The newest draft is submitted by its author, or the newest review gets a vote of somebody who may have a say. */
async function actAsUsual(
  story: Story,
  { usual, who: index }: Extract<Action, { type: 'usual' }>,
): Promise<void> {
  const id = story.ids.findLast((one) => story.drafts.has(one) === (usual.who === 'author'));
  const draft = id === undefined ? undefined : await story.world.drafts.get(id);
  const voter = [PEOPLE.vera, PEOPLE.mia, PEOPLE.chiara][index % 3] ?? PEOPLE.mia;
  const person = usual.who === 'author' ? draft?.author : voter;
  if (id === undefined || person === undefined) return;
  const from = (Object.keys(PLACES) as PlaceName[]).find(
    (name) =>
      PLACES[name].workspace === draft?.workspace || (draft === undefined && story.isMember(name, person)),
  );
  if (from === undefined) return;
  const target = story.ids.indexOf(id);
  const press = { type: 'press' as const, who: index, from, target, verb: usual.verb, isOnMessage: true };
  await story.world.handle(await eventOf(story, press, person));
}

function reviewedIn(place: PlaceName) {
  const places = (Object.keys(PLACES) as PlaceName[]).filter((name) => TEAMS[name] === TEAMS[place]);
  return {
    chats: places.map((name) => PLACES[name].chat),
    places: places.map((name) => PLACES[name].workspace),
  };
}

/** Half of the reviews are decided by one vote. */
const policyOf = (id: string): ReviewPolicy => ({
  ...POLICY,
  approvals: id.endsWith('0') || id.endsWith('2') ? 2 : 1,
});

async function eventOf(
  story: Story,
  given: Exclude<Action, { type: 'part' | 'draft' | 'review' | 'usual' }>,
  person: Person,
): Promise<ChatEvent> {
  const { world } = story;
  const frame = frameOf(person, given.from);
  const isDiscord = frame.chat.startsWith('discord:');
  const message = await world.message(frame.chat);
  const own = isDiscord ? { ...message, isPrivate: true as const } : message;
  if (isDiscord) story.privateMessages.set(message.id, person);
  const place = isDiscord ? { reply: own } : {};
  const target =
    'target' in given ? (story.ids[given.target % Math.max(1, story.ids.length)] ?? 'unknown') : '';
  switch (given.type) {
    case 'command':
      return { ...frame, ...place, type: 'command', name: given.name, argument: '', message };
    case 'answer':
      return { ...frame, ...place, type: 'text', text: 'now', subject: `${given.kind}${target}` };
    case 'press': {
      const [on, verb, argument] = given.verb.split(':');
      const press = [on, target, verb, argument].filter((part) => part !== undefined).join(':');
      return {
        ...frame,
        ...place,
        type: 'press' as const,
        press,
        message: own,
        isOnMessage: given.isOnMessage,
        answer: async () => {},
      };
    }
  }
}

/** Nobody reads of a place in which they are not, neither in a chat of their own nor in another group. */
function expectNothingShownElsewhere(story: Story): void {
  const { telegram, discord } = story.world;
  for (const paper of [telegram, discord]) {
    for (const { ref, versions } of paper.messages) {
      const shown = versions.map(({ card }) => shownBy(card)).join('\n');
      for (const place of ['group', 'other'] as const) {
        const isTheirs = Object.entries(PLACES).some(
          ([name, { chat }]) => chat === ref.chat && TEAMS[name as PlaceName] === TEAMS[place],
        );
        if (!isTheirs) expect(shown, `shown in ${ref.chat}`).not.toContain(secretOf(place));
      }
    }
  }
}

/** Where only one person sees a message, what it shows is theirs or of a place that they were in. */
function expectOwnInPrivate(story: Story, everIn: ReadonlySet<string>): void {
  for (const { ref, versions } of story.world.discord.messages) {
    const person = story.privateMessages.get(ref.id);
    if (person === undefined || everIn.has(`server ${person.id}`)) continue;
    expect(versions.map(({ card }) => shownBy(card)).join('\n')).not.toContain('secret');
  }
  for (const { person, card } of [...story.world.telegram.whispered, ...story.world.discord.whispered]) {
    const link = /\/connect\//.test(shownBy(card));
    if (link) expect(everIn.has(`managed ${person.id}`)).toBe(true);
  }
}

const shownBy = (card: Card): string =>
  `${textOf(card)} ${shownPicture(card)?.key ?? ''} ${JSON.stringify(card.rows)}`;

/** A post that has left its draft or its review by this action was let go by somebody with the right to do so now. */
async function expectRightfulPosts(
  story: Story,
  before: ReadonlyMap<string, Post>,
  given: Action,
): Promise<void> {
  const person = WHO[given.who] ?? PEOPLE.ana;
  for await (const [id, post] of story.world.nod.posts.entries()) {
    const earlier = before.get(id);
    const name =
      (Object.keys(PLACES) as PlaceName[]).find((one) => PLACES[one].workspace === post.workspace) ?? 'other';
    if (earlier === undefined && given.type === 'press') {
      expect(story.isMember(name, person), `${person.name} submits in ${name}`).toBe(true);
      expect([post.author.id, 'manager']).toContain(story.isManager(name, person) ? 'manager' : person.id);
      expect(post.content.openId).toBe(story.accounts[name]);
    }
    const isLetGo = post.status === 'queued' && earlier?.status === 'in_review';
    if (!isLetGo) continue;
    for (const { id: voterId } of post.review?.decision?.by ?? []) {
      const voter = WHO.find((one) => one.id === voterId) ?? PEOPLE.ana;
      const hasSay = (Object.keys(PLACES) as PlaceName[]).some(
        (one) =>
          TEAMS[one] === TEAMS[name] &&
          (story.isManager(one, voter) || (voter.id === PEOPLE.vera.id && story.isMember(one, voter))),
      );
      expect(hasSay, `${voter.name} has a say in ${name}`).toBe(true);
      expect(voterId).not.toBe(post.author.id);
    }
  }
}

it('shows and publishes nothing across the borders of places, whatever people do and forge', {
  timeout: 300_000,
}, async () => {
  const seen = { submitted: 0, approved: 0 };
  const story = fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 40 }), async (actions) => {
    await using world = await createAccessWorld();
    const story = await startStory(world);
    const everIn = new Set([...world.roles].flatMap(([key, part]) => partsIn(key, part)));
    for (const given of actions) {
      const before = new Map(await Array.fromAsync(world.nod.posts.entries()));
      await act(story, given);
      for (const [key, part] of world.roles) for (const each of partsIn(key, part)) everIn.add(each);
      for (const id of before.keys()) await world.nod.publisher.tick(id);
      await expectRightfulPosts(story, before, given);
    }
    await world.chats.cardQueue.stop();
    expectNothingShownElsewhere(story);
    expectOwnInPrivate(story, everIn);
    for await (const [, post] of world.nod.posts.entries()) {
      if (post.review?.decision?.outcome === 'approved') seen.approved += 1;
      if (story.drafts.has(post.id)) seen.submitted += 1;
    }
  });
  await fc.assert(story, { numRuns: 400, seed: 20261126 });
  // A test in which nothing ever gets through would prove nothing.
  expect(seen.submitted).toBeGreaterThan(10);
  expect(seen.approved).toBeGreaterThan(10);
});

/** `server <id>` for who is in the server, `managed <id>` for who manages anything. */
function partsIn(key: string, part: 'member' | 'manager'): string[] {
  const [chat = '', id = ''] = key.split(' ');
  return [
    ...(chat === SERVER.chat ? [`server ${id}`] : []),
    ...(part === 'manager' ? [`managed ${id}`] : []),
  ];
}
