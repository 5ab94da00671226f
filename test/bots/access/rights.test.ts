import { afterAll, describe, expect, it } from 'vitest';
import {
  ACCESS_RIGHTS,
  ACCOUNT_RIGHTS,
  ANSWER_RIGHTS,
  DRAFT_RIGHTS,
  LIST_RIGHTS,
  POST_RIGHTS,
  SETTINGS_RIGHTS,
} from '../../../src/bots/access/rights.ts';
import { encodePress } from '../../../src/bots/buttons.ts';
import { COMMANDS } from '../../../src/bots/commands.ts';
import {
  ChatClosedError,
  type ChatEvent,
  ChatUnreachableError,
  type OfferedFile,
} from '../../../src/bots/platform.ts';
import { ANONYMOUS_NOTE } from '../../../src/bots/review/review-card.ts';
import { problemText } from '../../../src/bots/text/problems.ts';
import { wordingOf } from '../../../src/bots/text/wording.ts';
import type { Problem } from '../../../src/core/problems.ts';
import type { Post, PostState } from '../../../src/core/publish/post.ts';
import { type PaperBot, textOf } from '../paper-bot.ts';
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

/** Everybody who might do something, from where they do it. */
const PERSONS = {
  stranger: () => alone(PEOPLE.mallory),
  'removed, from the group': () => inPlace(GROUP, PEOPLE.rex),
  'removed, from a private chat': () => alone(PEOPLE.rex),
  'manager of another place': () => inPlace(OTHER, PEOPLE.elsa),
  member: () => inPlace(GROUP, PEOPLE.gus),
  author: () => inPlace(GROUP, PEOPLE.ana),
  'voter by name': () => inPlace(GROUP, PEOPLE.vera),
  manager: () => inPlace(GROUP, PEOPLE.mia),
  'anonymous administrator': () => inPlace(GROUP, PEOPLE.editors),
  'member of the joined server': () => inPlace(SERVER, PEOPLE.finn),
  'manager of the joined server': () => inPlace(SERVER, PEOPLE.chiara),
  operator: () => alone(PEOPLE.olga),
} satisfies Record<string, () => Frame>;

type PersonName = keyof typeof PERSONS;

/** `yes`, `own` for what is done to the person's own place alone, else the code of the refusal. */
type Outcome = string;
type Row = Readonly<Record<PersonName, Outcome>>;

const NAMES = Object.keys(PERSONS) as PersonName[];

/** What somebody gets who is nowhere near: the same as for what does not exist. */
const away = (gone: Outcome) => ({
  stranger: 'stranger',
  'removed, from a private chat': gone,
  'manager of another place': gone,
  operator: gone,
});

const OWN_DRAFT: Row = {
  ...away('draft_gone'),
  'removed, from the group': 'not_member',
  member: 'not_author',
  author: 'yes',
  'voter by name': 'not_author',
  manager: 'not_author',
  'anonymous administrator': 'not_author',
  'member of the joined server': 'draft_gone',
  'manager of the joined server': 'draft_gone',
};
const everybody = (outcome: Outcome): Row => ({
  ...(Object.fromEntries(NAMES.map((name) => [name, outcome])) as Record<PersonName, Outcome>),
  stranger: 'stranger',
});
const OWN_POST: Row = {
  ...OWN_DRAFT,
  ...away('post_gone'),
  'member of the joined server': 'not_author',
  'manager of the joined server': 'not_author',
};
const CHANGED_POST: Row = {
  ...OWN_POST,
  member: 'not_author_or_manager',
  'voter by name': 'not_author_or_manager',
  manager: 'yes',
  'anonymous administrator': 'yes',
  'member of the joined server': 'not_author_or_manager',
  'manager of the joined server': 'yes',
};
const MANAGED_POST: Row = {
  ...CHANGED_POST,
  member: 'not_admin',
  author: 'not_admin',
  'voter by name': 'not_admin',
  'member of the joined server': 'not_admin',
};
const VOTE: Row = {
  ...OWN_POST,
  member: 'may_not_vote',
  author: 'own_post',
  'voter by name': 'yes',
  manager: 'yes',
  'anonymous administrator': 'yes',
  'member of the joined server': 'may_not_vote',
  'manager of the joined server': 'yes',
};
/** Nobody can tell whose reason it is that is given in the name of the group. */
const ASKED: Row = { ...VOTE, 'anonymous administrator': 'speaks_as_group' };
/** A reaction is answered to its person, and an anonymous one is nobody's. */
const REACTION: Row = {
  ...everybody('may_not_vote'),
  stranger: 'ignored',
  'removed, from a private chat': 'ignored',
  'manager of another place': 'ignored',
  operator: 'ignored',
  author: 'own_post',
  'voter by name': 'yes',
  manager: 'yes',
  'anonymous administrator': 'anonymous',
  'manager of the joined server': 'yes',
};
const REASON: Row = {
  ...everybody('review_over'),
  ...away('post_gone'),
  'voter by name': 'yes',
  'removed, from the group': 'not_member',
};
const SEEN_POST: Row = {
  ...everybody('yes'),
  ...away('post_gone'),
  'removed, from the group': 'not_member',
};
const HERE: Row = {
  ...everybody('yes'),
  'removed, from the group': 'not_member',
  'removed, from a private chat': 'own',
  'manager of another place': 'own',
  operator: 'own',
};
const MANAGE: Row = {
  ...HERE,
  member: 'not_admin',
  author: 'not_admin',
  'voter by name': 'not_admin',
  'member of the joined server': 'not_admin',
};
/** For a person alone: a group has no accounts. */
const SELF: Row = { ...HERE, 'anonymous administrator': 'not_a_person' };
const OPERATE: Row = {
  ...everybody('not_operator'),
  'removed, from the group': 'not_member',
  operator: 'yes',
};
/** Only a wrong code is refused, and it tells nothing. */
const CLAIM: Row = { ...everybody('claim_code_unknown'), stranger: 'claim_code_unknown', operator: 'yes' };

const REVIEW: PostState = { status: 'in_review', since: 0, expiresAt: 8e15 };
const FAILED: PostState = { status: 'failed', failure: { reason: 'spam' }, settledAt: 0 };
const LABEL_REFUSED: PostState = { status: 'failed', failure: { reason: 'ai_label_refused' }, settledAt: 0 };
const ON_HOLD: PostState = {
  status: 'on_hold',
  problem: { code: 'privacy_not_chosen' },
  privacyLevelOptions: ['SELF_ONLY'],
  expiresAt: 8e15,
};
const PUBLISHED: PostState = {
  status: 'published',
  settledAt: 0,
  publishId: 'p1',
  postIds: [],
  checks: 0,
  checkedAt: 0,
};

interface Action {
  readonly row: Row;
  /** What it is done to; a place is always there. */
  readonly about: 'draft' | 'post' | 'place';
  /** How the post stands while it can be done. */
  readonly state?: PostState;
  /** What was rejected by Vera. */
  readonly isRejected?: true;
  /** What its author gets before it exists, and once it has been published, where that is something else. */
  readonly authorGets?: { readonly before: Outcome; readonly after: Outcome };
  readonly event: (frame: Frame, id: string, world: AccessWorld) => Promise<ChatEvent>;
}

const pressOf =
  (
    on: 'draft' | 'post' | 'list' | 'account' | 'settings' | 'access',
    verb: string,
    argument?: string,
    fixedId?: string,
  ) =>
  async (frame: Frame, id: string, world: AccessWorld): Promise<ChatEvent> => ({
    ...frame,
    type: 'press',
    press: encodePress({
      on,
      id: fixedId ?? id,
      verb,
      ...(argument !== undefined && { argument }),
    }),
    message: await world.message(frame.chat),
    isOnMessage: false,
    picked: [],
    answer: async () => {},
  });
const onDraft = (verb: string, argument?: string): Action => ({
  about: 'draft',
  row: OWN_DRAFT,
  event: pressOf('draft', verb, argument),
});
const onPost = (verb: string, row: Row, state: PostState, argument?: string): Action => ({
  about: 'post',
  row,
  state,
  event: pressOf('post', verb, argument),
});
const onPlace = (press: string, row: Row, argument?: string): Action => {
  const [id = '', verb = ''] = press.split(' ');
  return { about: 'place', row, event: pressOf('settings', verb, argument, id) };
};
const command = (name: string, row: Row, argument = ''): Action => ({
  about: 'place',
  row,
  event: async (frame) => ({ ...frame, type: 'command', name, argument }),
});
const answerTo = (
  about: Action['about'],
  row: Row,
  subjectOf: (id: string) => string,
  text: string,
): Action => ({
  about,
  row,
  state: REVIEW,
  event: async (frame, id) => ({ ...frame, type: 'text', text, subject: subjectOf(id) }),
});

const FILE: OfferedFile = { ref: 'nothing', name: 'a.jpg', bytes: 1 };

/** Every button, menu, form, reply, reaction and command that there is, and who may. */
const ACTIONS: Readonly<Record<string, Action>> = {
  'draft privacy': onDraft('privacy', 'SELF_ONLY'),
  'draft set': onDraft('set', 'allowComment'),
  'draft disclose': onDraft('disclose'),
  'draft photos': onDraft('photos'),
  'draft keep': onDraft('keep', '1'),
  'draft file': onDraft('file', '1'),
  'draft first': onDraft('first', '1'),
  'draft earlier': onDraft('earlier', '1'),
  'draft later': onDraft('later', '1'),
  'draft last': onDraft('last', '1'),
  'draft cover_photo': onDraft('cover_photo', '1'),
  'draft drop': onDraft('drop', '1'),
  'draft drop_refused': onDraft('drop_refused'),
  'draft retry_files': onDraft('retry_files'),
  'draft title': onDraft('title'),
  'draft animations': onDraft('animations'),
  'draft animate': onDraft('animate', '1'),
  'draft still': onDraft('still', '1'),
  'draft trim': onDraft('trim'),
  'draft trim_from': onDraft('trim_from'),
  'draft whole': onDraft('whole'),
  'draft frames': onDraft('frames'),
  'draft frame': onDraft('frame', '0'),
  'draft frame_at': onDraft('frame_at'),
  'draft caption': onDraft('caption'),
  'draft when': onDraft('when'),
  'draft zone': onDraft('zone', 'UTC'),
  'draft account': onDraft('account', 'unknown'),
  'draft accounts': onDraft('accounts'),
  'draft again': onDraft('again'),
  'draft files': onDraft('files'),
  'draft upload': onDraft('upload'),
  'draft page': onDraft('page'),
  'draft open': onDraft('open'),
  'draft back': onDraft('back'),
  'draft post': onDraft('post'),
  'draft inbox': onDraft('inbox'),
  'draft discard': onDraft('discard'),
  'draft connect': { ...onDraft('connect'), row: { ...OWN_DRAFT, author: 'not_admin' } },
  'post approve': onPost('approve', VOTE, REVIEW),
  'post reject': onPost('reject', VOTE, REVIEW),
  'post why': { ...onPost('why', REASON, { status: 'rejected', settledAt: 0 }), isRejected: true },
  'post when': onPost('when', CHANGED_POST, REVIEW),
  'post zone': onPost('zone', CHANGED_POST, REVIEW, 'UTC'),
  'post now': onPost('now', CHANGED_POST, REVIEW),
  'post keep': onPost('keep', CHANGED_POST, REVIEW),
  'post cancel': onPost('cancel', CHANGED_POST, REVIEW),
  'post caption': onPost('caption', SEEN_POST, REVIEW),
  'post show': onPost('show', SEEN_POST, REVIEW, '0'),
  'post again': onPost('again', OWN_POST, FAILED),
  'post inbox': onPost('inbox', OWN_POST, FAILED),
  'post privacy': onPost('privacy', OWN_POST, ON_HOLD, 'SELF_ONLY'),
  'post trim': onPost('trim', OWN_POST, FAILED),
  'post unlabel': onPost('unlabel', OWN_POST, LABEL_REFUSED),
  'post edit': onPost('edit', OWN_POST, REVIEW),
  'post recaption': onPost('recaption', OWN_POST, REVIEW, 'unknown'),
  'list queue page': { about: 'place', row: HERE, event: pressOf('list', 'page', '0', 'queue') },
  'post connect': onPost('connect', MANAGED_POST, FAILED),
  'post approver': onPost('approver', MANAGED_POST, REVIEW),
  'post own_vote': onPost('own_vote', MANAGED_POST, REVIEW),
  'account disconnect': {
    about: 'place',
    row: MANAGE,
    event: pressOf('account', 'disconnect', undefined, 'unknown'),
  },
  'account connect': {
    about: 'place',
    row: MANAGE,
    event: pressOf('account', 'connect', undefined, 'unknown'),
  },
  'settings card show': onPlace('card show', MANAGE),
  'settings approvals set': onPlace('approvals set', MANAGE, '1'),
  'settings hours set': onPlace('hours set', MANAGE, '24'),
  'settings managers set': onPlace('managers set', MANAGE, 'yes'),
  'settings author set': onPlace('author set', MANAGE, 'no'),
  'settings rejection set': onPlace('rejection set', MANAGE, 'no'),
  'settings linked set': onPlace('linked set', MANAGE, 'yes'),
  'settings roles pick': onPlace('roles pick', MANAGE),
  'settings roles drop': onPlace('roles drop', MANAGE, 'nobody'),
  'settings people pick': onPlace('people pick', MANAGE),
  'settings people drop': onPlace('people drop', MANAGE, 'nobody'),
  'settings reviews set': onPlace('reviews set', MANAGE, 'here'),
  'settings zone ask': onPlace('zone ask', MANAGE),
  'settings digest set': onPlace('digest set', MANAGE, 'yes'),
  'settings join ask': onPlace('join ask', MANAGE),
  'settings join issue': onPlace('join issue', MANAGE),
  'settings join separate': onPlace('join separate', MANAGE, 'nobody'),
  'settings history export': onPlace('history export', MANAGE),
  'access list': { about: 'place', row: OPERATE, event: pressOf('access', 'list', '0', 'all') },
  'access allow': {
    about: 'place',
    row: OPERATE,
    event: pressOf('access', 'allow', undefined, 'telegram.5'),
  },
  'access postpone': {
    about: 'place',
    row: OPERATE,
    event: pressOf('access', 'postpone', undefined, 'telegram.5'),
  },
  'access withdraw': {
    about: 'place',
    row: OPERATE,
    event: pressOf('access', 'withdraw', undefined, 'telegram.5'),
  },
  'access block': {
    about: 'place',
    row: OPERATE,
    event: pressOf('access', 'block', undefined, 'telegram.5'),
  },
  '/start': command('start', HERE),
  '/claim': command('claim', CLAIM, 'WRONG-CODE'),
  '/help': command('help', HERE),
  '/post': command('post', HERE),
  '/upload': command('upload', HERE),
  '/connect': command('connect', MANAGE),
  '/accounts': command('accounts', HERE),
  '/disconnect': command('disconnect', MANAGE),
  '/results': command('results', HERE),
  '/settings': command('settings', MANAGE),
  '/history': command('history', HERE),
  '/join': command('join', MANAGE),
  '/approver': command('approver', MANAGE),
  '/queue': command('queue', HERE),
  '/link': command('link', SELF),
  '/unlink': command('unlink', SELF),
  '/posts': command('posts', HERE),
  '/quota': command('quota', HERE),
  '/cancel': command('cancel', HERE),
  '/doctor': command('doctor', OPERATE),
  'answer caption': {
    ...answerTo('draft', OWN_DRAFT, (id) => id, 'Another caption'),
    authorGets: { before: 'draft_gone', after: 'yes' },
  },
  'answer title': answerTo('draft', OWN_DRAFT, (id) => `title:${id}`, 'Another title'),
  'answer when_draft': answerTo('draft', OWN_DRAFT, (id) => `when_draft:${id}`, 'now'),
  'answer zone_draft': answerTo('draft', OWN_DRAFT, (id) => `zone_draft:${id}`, 'UTC'),
  'answer trim': answerTo('draft', OWN_DRAFT, (id) => `trim:${id}`, '0:01'),
  'answer cover_moment': answerTo('draft', OWN_DRAFT, (id) => `cover_moment:${id}`, '0:01'),
  'answer zone_post': answerTo('post', CHANGED_POST, (id) => `zone_post:${id}`, 'UTC'),
  'answer when_post': answerTo('post', CHANGED_POST, (id) => `when_post:${id}`, 'now'),
  'answer why': answerTo('post', ASKED, (id) => `why:${id}`, 'Not this one'),
  'answer zone': answerTo('place', MANAGE, () => 'zone:telegram:-5', 'UTC'),
  'answer code': answerTo('place', MANAGE, () => 'code:telegram:-5', 'ABCD-EFGH'),
  reaction: {
    about: 'post',
    row: REACTION,
    state: REVIEW,
    async event(frame, id, { nod, message }) {
      const card = await message(frame.chat);
      const subject = `${id} ${frame.chat}`;
      await nod.stores
        .store<{ version: number; subject: string }>('anchors')
        .create(`${card.chat} ${card.id}`, { subject });
      const isAnonymous = frame.person.id === PEOPLE.editors.id ? { isAnonymous: true as const } : {};
      return { ...frame, type: 'reaction', message: card, marks: { approve: true }, ...isAnonymous };
    },
  },
  media: {
    about: 'place',
    row: HERE,
    event: async (frame, id) => ({ ...frame, type: 'media', messageId: id, order: 1, file: FILE }),
  },
  links: {
    about: 'place',
    row: HERE,
    event: async (frame, id) => ({
      ...frame,
      type: 'text',
      text: 'https://files.example.com/a.jpg',
      messageId: id,
      order: 1,
      isToPost: true,
    }),
  },
  'answer links': {
    about: 'draft',
    row: OWN_DRAFT,
    authorGets: { before: 'draft_gone', after: 'yes' },
    async event(frame, id, { nod, message }) {
      const card = await message(frame.chat);
      await nod.stores
        .store<{ version: number; subject: string }>('anchors')
        .create(`${card.chat} ${card.id}`, { subject: id });
      return {
        ...frame,
        type: 'text',
        text: 'https://files.example.com/a.jpg',
        messageId: '7',
        replyTo: card,
      };
    },
  },
  text: {
    about: 'place',
    row: { ...everybody('ignored'), 'removed, from a private chat': 'own', operator: 'own' },
    event: async (frame) => ({ ...frame, type: 'text', text: 'Hello' }),
  },
  edit: {
    about: 'draft',
    row: { ...everybody('ignored'), stranger: 'ignored', author: 'yes' },
    authorGets: { before: 'ignored', after: 'ignored' },
    event: async (frame) => ({ ...frame, type: 'edit', messageId: '1', text: 'Another caption' }),
  },
  suggestion: {
    about: 'place',
    row: { ...HERE, stranger: 'ignored' },
    event: async (frame) => ({
      ...frame,
      type: 'suggest',
      option: 'account',
      typed: '',
      offer: async () => {},
    }),
  },
};

/** The sentences of the refusals. */
const REFUSALS: readonly Problem[] = [
  ...(['draft_gone', 'post_gone', 'not_shared', 'not_member', 'not_admin'] as const).map((code) => ({
    code,
  })),
  ...(['not_operator', 'own_post', 'claim_code_unknown', 'not_a_person'] as const).map((code) => ({ code })),
  { code: 'draft_already_submitted', status: 'published', links: [] },
  { code: 'not_author', author: 'Ana' },
  { code: 'speaks_as_group', name: 'Editors' },
  { code: 'not_author_or_manager', author: 'Ana' },
  { code: 'may_not_vote', policy: POLICY, chats: [GROUP.chat, SERVER.chat] },
  { code: 'review_over', decision: { outcome: 'rejected', by: [PEOPLE.vera], at: 0 } },
];

function outcomeOf(texts: readonly string[], chat: string): Outcome | undefined {
  if (texts.some((text) => text.startsWith('This Nod is private.'))) return 'stranger';
  if (texts.includes(ANONYMOUS_NOTE)) return 'anonymous';
  const refusal = REFUSALS.find((problem) => texts.includes(problemText(problem, wordingOf(chat))));
  return refusal?.code;
}

const isDenied = (outcome: Outcome): boolean => outcome !== 'yes' && outcome !== 'own';

const TIMES = ['before', 'while', 'after'] as const;
type Time = (typeof TIMES)[number];

/** What the row says before the subject exists, and once it is over. */
function expectedAt({ row, about, authorGets }: Action, name: PersonName, time: Time): Outcome {
  const outcome = row[name];
  if (about === 'place' || time === 'while' || outcome === 'stranger' || outcome === 'ignored')
    return outcome;
  if (row === REACTION) return 'ignored';
  if (authorGets !== undefined && name === 'author') return authorGets[time];
  if (time === 'before') return about === 'draft' ? 'draft_gone' : 'post_gone';
  if (about === 'draft') return name === 'author' ? 'draft_already_submitted' : 'draft_gone';
  // That it is over is told to everybody who sees it.
  if ((row === VOTE || row === ASKED) && (outcome === 'may_not_vote' || outcome === 'own_post')) return 'yes';
  return outcome;
}

const seen = new Map<string, Partial<Record<PersonName, Outcome>>>();

describe.each(TIMES)('%s what it is about exists', (time) => {
  it.each(Object.entries(ACTIONS).filter(([, { about }]) => about !== 'place' || time === 'while'))(
    '%s is for those alone who may',
    async (what, action) => {
      await using world = await createAccessWorld();
      const order = NAMES.toSorted(
        (a, b) => Number(!isDenied(action.row[a])) - Number(!isDenied(action.row[b])),
      );
      const found: Partial<Record<PersonName, Outcome>> = {};
      const denied = order.filter((name) => isDenied(action.row[name]));
      for (const [index, name] of order.entries()) {
        if (index === denied.length) await expectNothingFollows(world);
        found[name] = await attempt(world, action, { name, time, id: `subject${index}` });
      }
      const expected = Object.fromEntries(NAMES.map((name) => [name, expectedAt(action, name, time)]));
      expect(found).toEqual(expected);
      if (time === 'while') seen.set(what, found);
    },
  );
});

/** What was refused has no effect afterwards either. */
async function expectNothingFollows(world: AccessWorld): Promise<void> {
  const seen = async () => ({
    records: await world.cardIndex(),
    messages: world.messages().map(({ ref, versions }) => ({ ref, versions: [...versions] })),
    whispered: [...world.telegram.whispered, ...world.discord.whispered],
  });
  const before = await seen();
  await world.settled();
  expect(await seen()).toEqual(before);
}

async function attempt(
  world: AccessWorld,
  action: Action,
  { name, time, id }: { name: PersonName; time: Time; id: string },
): Promise<Outcome> {
  if (action.about === 'draft') await prepareDraft(world, id, time);
  if (action.about === 'post') await preparePost(world, action, { id, time });
  const frame = PERSONS[name]();
  const notes: string[] = [];
  const given = await action.event(frame, id, world);
  const event: ChatEvent =
    given.type === 'press' ? { ...given, answer: async (note) => void (note && notes.push(note)) } : given;
  const whispered = [world.telegram.whispered.length, world.discord.whispered.length];
  const before = {
    cardIndex: await world.cardIndex(),
    messages: new Map(world.messages().map((message) => [message, message.versions.length])),
  };
  await world.handle(event);
  const said = world
    .messages()
    .flatMap((message) => message.versions.slice(before.messages.get(message) ?? 0))
    .map(({ card }) => textOf(card));
  const alone = [
    ...world.telegram.whispered.slice(whispered[0]),
    ...world.discord.whispered.slice(whispered[1]),
  ].map(({ card }) => textOf(card));
  const refusal = outcomeOf([...notes, ...said, ...alone], frame.chat);
  if (refusal === undefined && isDenied(expectedAt(action, name, time))) {
    return [...notes, ...said].length === 0 && (await world.cardIndex()) === before.cardIndex
      ? 'ignored'
      : 'yes';
  }
  if (refusal !== undefined) {
    // The operator is asked about a stranger, and nothing else is kept or shown.
    const left = refusal === 'stranger' ? withoutRequest(await world.cardIndex()) : await world.cardIndex();
    expect(left, `${name} leaves something behind`).toBe(
      refusal === 'stranger' ? withoutRequest(before.cardIndex) : before.cardIndex,
    );
    expect([...notes, ...said, ...alone].join('\n')).not.toContain('secret');
    return refusal;
  }
  return frame.workspace === GROUP.workspace ||
    frame.workspace === SERVER.workspace ||
    action.row === OPERATE ||
    action.row === CLAIM
    ? 'yes'
    : 'own';
}

const withoutRequest = (cardIndex: string): string =>
  cardIndex
    .split('\n')
    .filter((line) => !line.startsWith(`access ${PEOPLE.mallory.id} `))
    .join('\n');

async function prepareDraft(world: AccessWorld, id: string, time: Time): Promise<void> {
  if (time === 'while') await world.draft(id);
  if (time === 'after') await world.post(id, PUBLISHED);
}

async function preparePost(
  { post, nod }: AccessWorld,
  { state = REVIEW, isRejected }: Action,
  { id, time }: { id: string; time: Time },
): Promise<void> {
  if (time === 'before') return;
  const decision = { outcome: 'rejected' as const, by: [PEOPLE.vera], at: 0 };
  const review = {
    policy: POLICY,
    chats: [GROUP.chat, SERVER.chat],
    places: [GROUP.workspace, SERVER.workspace],
  };
  const isOver = time === 'after' && !isRejected;
  await post(id, isOver ? PUBLISHED : state, isRejected ? { review: { ...review, decision } } : {});
  await nod.ballots.read(id);
}

describe('a draft whose author has left', () => {
  const pressOn = (verb: string) => pressOf('draft', verb);

  it('is taken over by who manages the place, and by nobody else', async () => {
    await using world = await createAccessWorld();
    await world.draft('left');
    world.roles.delete(`${GROUP.chat} ${PEOPLE.ana.id}`);
    for (const name of ['member', 'author', 'removed, from the group', 'manager of another place'] as const)
      await world.handle(await pressOn('set')(PERSONS[name](), 'left', world));
    expect(await world.drafts.get('left')).toMatchObject({ author: PEOPLE.ana, version: 1 });
    await world.handle(await pressOn('open')(PERSONS.manager(), 'left', world));
    expect(await world.drafts.get('left')).toMatchObject({ author: PEOPLE.mia });
  });

  it('stands in the list of who manages the place, and of nobody else', async () => {
    await using world = await createAccessWorld();
    await world.draft('left', { caption: 'Left behind' });
    const posts = ACTIONS['/posts'];
    const seenBy = async (name: PersonName) => {
      const event = await posts?.event(PERSONS[name](), '', world);
      if (event !== undefined) await world.handle(event);
      return JSON.stringify(world.messages().at(-1)?.versions.at(-1)?.card.rows);
    };
    expect(await seenBy('manager')).not.toContain('Left behind');
    world.roles.delete(`${GROUP.chat} ${PEOPLE.ana.id}`);
    for (const name of ['member', 'voter by name'] as const)
      expect(await seenBy(name)).not.toContain('Left behind');
    expect(await seenBy('manager')).toContain('Take over Ana’s draft: Left behind');
  });

  it('is submitted by its author from nowhere', async () => {
    await using world = await createAccessWorld();
    await world.draft('left');
    world.roles.delete(`${GROUP.chat} ${PEOPLE.ana.id}`);
    for (const frame of [inPlace(GROUP, PEOPLE.ana), alone(PEOPLE.ana), inPlace(OTHER, PEOPLE.ana)]) {
      await world.access.admit({ ...frame, title: 'x' });
      for (const verb of ['post', 'inbox']) await world.handle(await pressOn(verb)(frame, 'left', world));
    }
    await world.settled();
    expect(await Array.fromAsync(world.nod.posts.entries())).toEqual([]);
  });

  it('lets who manages the place try its post again', async () => {
    await using world = await createAccessWorld();
    world.roles.delete(`${GROUP.chat} ${PEOPLE.ana.id}`);
    await world.post('ended', { status: 'cancelled', settledAt: 0 }, { media: [] });
    const press = pressOf('post', 'again');
    await world.handle(await press(PERSONS.member(), 'ended', world));
    expect(await world.submission.nextPost(await postOf(world, 'ended'))).toBeUndefined();
    await world.handle(await press(PERSONS.manager(), 'ended', world));
    expect(await world.submission.nextPost(await postOf(world, 'ended'))).toBeDefined();
  });
});

describe('an approval', () => {
  const vote = async (world: AccessWorld, frame: Frame) =>
    world.handle(await pressOf('post', 'approve')(frame, 'post', world));

  it.each([
    ['was removed', undefined],
    ['manages no more', 'member' as const],
  ])('does not count any more when its person %s before the last vote', async (_, left) => {
    await using world = await createAccessWorld();
    await world.post('post', REVIEW);
    await vote(world, PERSONS.manager());
    if (left === undefined) world.roles.delete(`${GROUP.chat} ${PEOPLE.mia.id}`);
    else world.roles.set(`${GROUP.chat} ${PEOPLE.mia.id}`, left);
    await vote(world, PERSONS['voter by name']());
    const acts = await world.nod.ballots.read('post');
    expect(acts.map(({ type, person }) => `${type} ${person.name}`)).toEqual([
      'mark Mia',
      'unmark Mia',
      'mark Vera',
    ]);
    expect(acts[1]).toMatchObject({ isLapsed: true });
    expect(await postOf(world, 'post')).toMatchObject({ status: 'in_review' });
    await vote(world, PERSONS['manager of the joined server']());
    await world.nod.publisher.tick('post');
    expect(await postOf(world, 'post')).not.toMatchObject({ status: 'in_review' });
  });
});

it('counts an approval as it was given where its platform does not answer before the last vote', async () => {
  await using world = await createAccessWorld();
  await world.post('post', REVIEW);
  const vote = async (frame: Frame) => world.handle(await pressOf('post', 'approve')(frame, 'post', world));
  await vote(PERSONS.manager());
  const { fetchMember } = world.telegram.bot;
  world.telegram.bot.fetchMember = async (chat, person) => {
    if (person.id === PEOPLE.mia.id) throw new ChatUnreachableError('Nobody answers.');
    return fetchMember(chat, person);
  };
  await vote(PERSONS['manager of the joined server']());
  await world.nod.publisher.tick('post');
  expect(await postOf(world, 'post')).not.toMatchObject({ status: 'in_review' });
});

/** Puts the cards of a review up; the reactions come last. */
async function showReview({ chats, telegram, discord }: AccessWorld, post: Post): Promise<void> {
  chats.touch(post);
  for (const { until, marks } of [telegram, discord]) await until(() => marks.size || undefined);
}

/** The platform of a bot says that Nod is in none of its chats any more. */
function shutOut({ bot }: Pick<PaperBot, 'bot'>): void {
  bot.fetchMember = async () => {
    throw new ChatClosedError('Nod was thrown out.');
  };
}

describe('a chat that has thrown Nod out', () => {
  it('holds up no review in which somebody approved there', async () => {
    await using world = await createAccessWorld();
    await world.post('post', REVIEW, { workspace: SERVER.workspace, chat: SERVER.chat });
    const vote = async (frame: Frame) => world.handle(await pressOf('post', 'approve')(frame, 'post', world));
    await vote(PERSONS['manager of the joined server']());
    shutOut(world.discord);
    await vote(PERSONS.manager());
    expect(await postOf(world, 'post')).toMatchObject({ status: 'in_review' });
    await vote(PERSONS['voter by name']());
    await world.nod.publisher.tick('post');
    expect(await postOf(world, 'post')).not.toMatchObject({ status: 'in_review' });
  });

  it('keeps its post from nobody who manages a joined place', async () => {
    await using world = await createAccessWorld();
    const ended: PostState = { status: 'cancelled', settledAt: 0 };
    await world.post('ended', ended, { workspace: SERVER.workspace, chat: SERVER.chat, media: [] });
    shutOut(world.discord);
    await world.handle(await pressOf('post', 'again')(PERSONS.manager(), 'ended', world));
    expect(await world.submission.nextPost(await postOf(world, 'ended'))).toBeDefined();
  });

  it('gives its author nothing to do from a joined place', async () => {
    await using world = await createAccessWorld();
    const author = PEOPLE.gus;
    await world.post('post', REVIEW, { workspace: SERVER.workspace, chat: SERVER.chat, author });
    shutOut(world.discord);
    const notes: (string | undefined)[] = [];
    const event = await pressOf('post', 'cancel')(PERSONS.member(), 'post', world);
    await world.handle({ ...event, answer: async (note?: string) => void notes.push(note) } as ChatEvent);
    const refusal: Problem = { code: 'not_author_or_manager', author: author.name };
    expect(notes).toEqual([problemText(refusal, wordingOf(GROUP.chat))]);
  });
});

it('lists the posts of a place in which the channel of a draft is gone', async () => {
  await using world = await createAccessWorld();
  await world.draft('left', { chat: 'telegram:-5:7', caption: 'Left behind' });
  const { fetchMember } = world.telegram.bot;
  world.telegram.bot.fetchMember = async (chat, person) => {
    if (chat === 'telegram:-5:7') throw new ChatClosedError('The topic is gone.');
    return fetchMember(chat, person);
  };
  const event = await ACTIONS['/posts']?.event(PERSONS.manager(), '', world);
  if (event !== undefined) await world.handle(event);
  const rows = JSON.stringify(world.messages().at(-1)?.versions.at(-1)?.card.rows);
  expect(rows).toContain('Take over Ana’s draft: Left behind');
});

describe('a place that shares no more, or may not use Nod any more', () => {
  const leaves = {
    'was separated': (world: AccessWorld) => world.workspaces.separate(SERVER.workspace),
    'was withdrawn': (world: AccessWorld) => world.access.decide(SERVER.workspace, 'withdrawn'),
    'was withdrawn with all that it shares': async (world: AccessWorld) =>
      world.handle(
        await pressOf('access', 'withdraw', undefined, 'discord.1')(PERSONS.operator(), '', world),
      ),
  };

  it.each(Object.entries(leaves))('counts no more with the approvals from before it %s', async (_, leave) => {
    await using world = await createAccessWorld();
    await world.post('post', REVIEW);
    const vote = async (frame: Frame) => world.handle(await pressOf('post', 'approve')(frame, 'post', world));
    await vote(PERSONS['manager of the joined server']());
    await leave(world);
    await vote(PERSONS.manager());
    await world.nod.publisher.tick('post');
    expect(await postOf(world, 'post')).toMatchObject({ status: 'in_review' });
    await vote(PERSONS['voter by name']());
    await world.nod.publisher.tick('post');
    expect(await postOf(world, 'post')).not.toMatchObject({ status: 'in_review' });
  });

  it.each(Object.entries(leaves))('has none of its reactions read back once it %s', async (_, leave) => {
    await using world = await createAccessWorld();
    const post = await world.post('post', REVIEW);
    await showReview(world, post);
    Object.assign(world.discord.bot, {
      fetchReactions: async () => [{ person: PEOPLE.chiara, mark: 'approve' }],
    });
    await leave(world);
    await world.chats.catchUp.reconcile();
    expect(await world.nod.ballots.read('post')).toEqual([]);
  });

  it.each(Object.entries(leaves))('sees nothing of an open review after it %s', async (_, leave) => {
    await using world = await createAccessWorld();
    const post = await world.post('post', REVIEW);
    await showReview(world, post);
    const before = world.discord.messages.length;
    const shown = () => world.discord.messages.slice(0, before).at(-1)?.versions ?? [];
    expect(textOf(shown().at(-1)?.card)).toContain('Our secret');
    await leave(world);
    world.chats.touch(post);
    await world.discord.until(() => (shown().length > 1 ? true : undefined));
    const { lines, rows, attachment } = shown().at(-1)?.card ?? {};
    expect({ lines, rows, attachment }).toEqual({
      lines: [['This chat no longer shares reviews with the one that the post is from.']],
      rows: [],
    });
    await world.handle(await pressOf('post', 'approve')(PERSONS.manager(), 'post', world));
    await world.telegram.until(() => world.telegram.show().find((text) => text.includes('Mia · 1 of 2')));
    expect(shown()).toHaveLength(2);
  });

  it('is told, and the other place as well, when what they share ends with the access', async () => {
    await using world = await createAccessWorld();
    await leaves['was withdrawn with all that it shares'](world);
    expect(await world.workspaces.idsOf(GROUP.workspace)).toEqual([GROUP.workspace]);
    expect(world.telegram.show().join('\n')).toContain('Editors (Telegram) are separate.');
  });

  it('is separated when the operator presses again after a crash', async () => {
    await using world = await createAccessWorld();
    await leaves['was withdrawn'](world);
    await leaves['was withdrawn with all that it shares'](world);
    expect(await world.workspaces.idsOf(GROUP.workspace)).toEqual([GROUP.workspace]);
  });

  it('leaves everybody who has joined it on their own', async () => {
    await using world = await createAccessWorld();
    await world.workspaces.join(OTHER.workspace, OTHER.chat, GROUP.workspace);
    await world.handle(
      await pressOf('access', 'withdraw', undefined, 'telegram.-5')(PERSONS.operator(), '', world),
    );
    for (const { workspace } of [GROUP, SERVER, OTHER])
      expect(await world.workspaces.idsOf(workspace)).toEqual([workspace]);
    expect(await world.workspaces.openIdsOf(SERVER.workspace)).toEqual([]);
  });
});

it('stops what is with TikTok already in a place that is withdrawn', async () => {
  await using world = await createAccessWorld();
  const since = { attemptId: 'a1', since: 0 };
  await world.post('handed over', { status: 'submitting', ...since });
  await world.post('over', PUBLISHED);
  await world.handle(
    await pressOf('access', 'withdraw', undefined, 'telegram.-5')(PERSONS.operator(), '', world),
  );
  expect(await world.nod.signals.read('handed over')).toMatchObject({ cancelled: { by: PEOPLE.olga } });
  expect(await world.nod.signals.read('over')).toBeUndefined();
});

it('cancels what waits in a place that is withdrawn, and nothing else', async () => {
  await using world = await createAccessWorld();
  await world.post('waits', REVIEW);
  await world.post('elsewhere', REVIEW, { workspace: OTHER.workspace, chat: OTHER.chat });
  await world.handle(
    await pressOf('access', 'withdraw', undefined, 'telegram.-5')(PERSONS.operator(), '', world),
  );
  for (const id of ['waits', 'elsewhere']) await world.nod.publisher.tick(id);
  expect(await postOf(world, 'waits')).toMatchObject({ status: 'cancelled', by: PEOPLE.olga });
  expect(await postOf(world, 'elsewhere')).toMatchObject({ status: 'in_review' });
  expect(await world.access.isAllowed(GROUP.workspace)).toBe(false);
});

it('tells the operator once when so many wait that others cannot ask', async () => {
  await using world = await createAccessWorld();
  for (let id = 1_000; id < 1_055; id += 1) {
    const frame = alone({ id: `telegram:${id}`, name: `Stranger ${id}` });
    await world.handle({ ...frame, type: 'text', text: 'Hello' });
  }
  const said = world.telegram.show();
  expect(said.filter((text) => text.includes('would like to use Nod'))).toHaveLength(50);
  expect(said.filter((text) => text.includes('Others cannot ask until'))).toHaveLength(1);
  expect(said.filter((text) => text.includes('Its operator has been asked.'))).toHaveLength(50);
  expect(said.filter((text) => text === 'This Nod is private.')).toHaveLength(5);
});

async function postOf({ nod }: AccessWorld, id: string): Promise<Post> {
  const post = await nod.posts.get(id);
  if (post === undefined) throw new Error(`There is no post ${id}.`);
  return post;
}

it('leaves no verb, command or answer out of the table', () => {
  const named = (prefix: string, rights: object) => Object.keys(rights).map((key) => `${prefix}${key}`);
  const all = [
    ...named('draft ', DRAFT_RIGHTS),
    ...named('post ', POST_RIGHTS),
    ...named('list ', LIST_RIGHTS),
    ...named('account ', ACCOUNT_RIGHTS),
    ...named('settings ', SETTINGS_RIGHTS),
    ...named('access ', ACCESS_RIGHTS),
    ...named('/', COMMANDS),
    ...named('answer ', ANSWER_RIGHTS),
    ...['reaction', 'media', 'links', 'answer links', 'edit', 'text', 'suggestion'],
  ];
  expect(all.toSorted()).toEqual(Object.keys(ACTIONS).toSorted());
});

afterAll(() => {
  const width = Math.max(...[...seen.keys()].map(({ length }) => length));
  const lines = [...seen].map(([what, outcomes]) =>
    [what.padEnd(width), ...NAMES.map((name) => (outcomes[name] ?? '').padEnd(22))].join('  '),
  );
  const head = [''.padEnd(width), ...NAMES.map((name) => name.slice(0, 22).padEnd(22))].join('  ');
  process.stdout.write(`\n${[head, ...lines].join('\n')}\n\n`);
});
