import { setImmediate as nextTurn } from 'node:timers/promises';
import pino from 'pino';
import { encodePress } from '../../../src/bots/buttons.ts';
import { createChats } from '../../../src/bots/index.ts';
import type { ChatEvent, ChatEventOf, MessageRef } from '../../../src/bots/platform.ts';
import type { Draft } from '../../../src/core/compose/draft.ts';
import type { Person } from '../../../src/core/people.ts';
import type { Post, PostState, PreparedBase } from '../../../src/core/publish/post.ts';
import {
  defaultPolicy,
  type Electorate,
  type Member,
  type ReviewPolicy,
  votesOf,
} from '../../../src/core/review/review.ts';
import type { Fresh } from '../../../src/core/storage/database.ts';
import { createCoreWorld } from '../../core/core-world.ts';
import { account, draftWith, file } from '../../core/drafts.ts';
import type { Nod } from '../../core/nod.ts';
import { baseWith, contentWith } from '../../core/posts.ts';
import { createPaperBot } from '../paper-bot.ts';

export type Frame = Pick<ChatEvent, 'id' | 'chat' | 'workspace' | 'chatTitle' | 'isPrivate' | 'person'>;

const CLAIM_CODE = 'K7QM-2F4D';

/** The group in which everything belongs to Ana, the server that is joined with it, and a group of others. */
export const GROUP = {
  chat: 'telegram:-5',
  workspace: 'telegram:-5',
  chatTitle: 'Editors',
  isPrivate: false,
};
export const SERVER = { chat: 'discord:10', workspace: 'discord:1', chatTitle: 'Studio', isPrivate: false };
export const OTHER = { chat: 'telegram:-6', workspace: 'telegram:-6', chatTitle: 'Others', isPrivate: false };

const person = (id: string, name: string): Person => ({ id, name });

export const PEOPLE = {
  ana: person('telegram:1', 'Ana'),
  gus: person('telegram:2', 'Gus'),
  vera: person('telegram:3', 'Vera'),
  mia: person('telegram:4', 'Mia'),
  rex: person('telegram:5', 'Rex'),
  elsa: person('telegram:7', 'Elsa'),
  olga: person('telegram:9', 'Olga'),
  mallory: person('telegram:66', 'Mallory'),
  editors: person('telegram:-5', 'Editors'),
  chiara: person('discord:30', 'Chiara'),
  finn: person('discord:31', 'Finn'),
} as const;

let events = 0;

export const inPlace = (place: typeof GROUP, who: Person): Frame => {
  events += 1;
  return { ...place, id: String(events), person: who };
};

/** In the private chat of this person with the bot. */
export const alone = (who: Person): Frame =>
  inPlace({ chat: who.id, workspace: who.id, chatTitle: who.name, isPrivate: true }, who);

/** Vera has a say by her name, and Mia and Chiara because they manage. */
export const POLICY: ReviewPolicy = {
  ...defaultPolicy({ isPrivate: false }),
  approvals: 2,
  people: [PEOPLE.vera],
};

/** A private Nod with its operator Olga, over real records and with both chats on paper. */
export async function createAccessWorld() {
  const world = await createCoreWorld();
  const { now } = world;
  const log = pino({ level: 'silent' });
  const roles = startingParts();

  /** In a private chat there is its person alone. */
  function standingOf({ id }: Person, chat: string): Member {
    const part = chat === id ? 'manager' : roles.get(`${chat} ${id}`);
    return { isMember: part !== undefined, isManager: part === 'manager', roles: [] };
  }

  /** Everybody who manages the chat, by the table of roles. */
  const managers = (chat: string): Electorate => ({
    people: Object.values(PEOPLE).filter(
      (one) => one.id !== chat && roles.get(`${chat} ${one.id}`) === 'manager',
    ),
    isComplete: true,
  });
  const telegram = createPaperBot({ standingOf, managers });
  const discord = createPaperBot({ platform: 'discord', standingOf, managers });
  // Whoever wakes a post goes on once it has gone a step; no engine runs here.
  const nod: Nod = world.openAnother({
    access: { isOpen: false, claimCode: CLAIM_CODE },
    wake: async (postId) => void (await nod.publisher.tick(postId)),
    chats: {
      fetchObstacle: (chat) => (chat.startsWith('discord:') ? discord : telegram).bot.fetchObstacle(chat),
    },
  });
  const { stores, access, operators, workspaces, drafts, posts, previewLinks } = nod;
  const chats = createChats({
    core: nod,
    bots: [telegram.bot, discord.bot],
    previewUrl: (post) => `https://nod.example${previewLinks.urlPath(post)}`,
    cardIntervalMs: 0,
    stores,
    publicUrl: 'http://127.0.0.1',
    isOpen: false,
    now,
    log,
  });

  const openId = await world.connect();
  for (const place of [GROUP, SERVER, OTHER]) {
    const newcomer = { ...place, title: place.chatTitle };
    await access.admit(newcomer);
    await workspaces.meet(place);
  }
  await workspaces.share(GROUP.workspace, GROUP.chat, openId);
  await workspaces.join(SERVER.workspace, SERVER.chat, GROUP.workspace);
  await workspaces.change(GROUP.workspace, () => ({ policy: POLICY }));
  for (const who of [PEOPLE.rex, PEOPLE.olga]) await access.admit({ ...alone(who), title: who.name });
  await operators.claim(CLAIM_CODE, PEOPLE.olga, async () => PEOPLE.olga.id);

  /** A draft of Ana's in the group that could be posted. */
  async function draft(id: string, fields: Partial<Draft> = {}): Promise<Draft> {
    const { version: _, ...whole } = draftWith({
      id,
      workspace: GROUP.workspace,
      chat: GROUP.chat,
      author: PEOPLE.ana,
      caption: 'Our secret',
      files: [file('1'), file('2')],
      account: { ...account, openId, nickname: 'Studio Ana' },
      ...fields,
    });
    const created = await drafts.create(id, whole);
    if (created === undefined) throw new Error(`There is a draft ${id} already.`);
    return created;
  }

  /** A post of Ana's in the group, in the review of both places. */
  async function post(id: string, state: PostState, fields: Partial<PreparedBase> = {}): Promise<Post> {
    const { version: _, ...base } = baseWith({
      id,
      draftId: id,
      workspace: GROUP.workspace,
      chat: GROUP.chat,
      author: PEOPLE.ana,
      content: contentWith({ openId, caption: 'Our secret' }),
      review: {
        policy: POLICY,
        chats: [GROUP.chat, SERVER.chat],
        places: [GROUP.workspace, SERVER.workspace],
      },
      ...fields,
    });
    const created = await posts.create(id, { ...base, ...state } as Fresh<Post>);
    if (created === undefined) throw new Error(`There is a post ${id} already.`);
    return created;
  }

  /** Everything that is on the disk, but for what only counts. */
  async function cardIndex(): Promise<string> {
    const all: string[] = [];
    for (const namespace of NAMESPACES)
      for await (const [key, value] of stores.store(namespace).entries())
        all.push(`${namespace} ${key} ${JSON.stringify(value)}`);
    return all.join('\n');
  }

  const messages = () => [...telegram.messages, ...discord.messages];
  const botOf = (chat: string) => (chat.startsWith('discord:') ? discord : telegram);

  /** A message of the bot's in a chat. */
  const message = (chat: string): Promise<MessageRef> =>
    botOf(chat).bot.send(chat, { lines: [['Hello']], rows: [] });

  /** Ends all that still is under way, cards that are to be drawn among it: what is missing then would not have come later. */
  async function settled(): Promise<void> {
    await nextTurn();
    await chats.catchUp.stop();
    await nod.stop();
    await chats.cardQueue.stop();
    await nextTurn();
  }

  return {
    nod,
    drafts,
    submission: nod.submission,
    access,
    operators,
    workspaces,
    chats,
    telegram,
    discord,
    openId,
    roles,
    previewLinks,
    world,
    draft,
    post,
    cardIndex,
    messages,
    message,
    settled,
    handle: chats.conversation.handle,
    [Symbol.asyncDispose]: async () => {
      await chats.catchUp.stop();
      await chats.cardQueue.stop();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** Who is what in which chat, to be changed by tests; who is missing is nobody there. */
const startingParts = () =>
  new Map<string, 'member' | 'manager'>([
    ...[PEOPLE.ana, PEOPLE.gus, PEOPLE.vera].map(({ id }) => [`${GROUP.chat} ${id}`, 'member'] as const),
    ...[PEOPLE.mia, PEOPLE.editors].map(({ id }) => [`${GROUP.chat} ${id}`, 'manager'] as const),
    [`${SERVER.chat} ${PEOPLE.finn.id}`, 'member'],
    [`${SERVER.chat} ${PEOPLE.chiara.id}`, 'manager'],
    [`${OTHER.chat} ${PEOPLE.elsa.id}`, 'manager'],
  ]);

export type AccessWorld = Awaited<ReturnType<typeof createAccessWorld>>;

/** Somebody presses a button of the post `one`, on a message that shows none; what the presser is told. */
export async function pressOnPost(
  world: AccessWorld,
  frame: Frame,
  verb: string,
  more: Partial<ChatEventOf<'press'>> = {},
): Promise<string | undefined> {
  const notes: (string | undefined)[] = [];
  await world.handle({
    ...frame,
    type: 'press',
    press: encodePress({ on: 'post', id: 'one', verb }),
    message: await world.message(frame.chat),
    isOnMessage: false,
    answer: async (note) => void notes.push(note),
    ...more,
  });
  return notes[0];
}

/** What stands on the ballot of the post `one`. */
export async function readVotesOnPost({ nod }: AccessWorld): Promise<string[]> {
  const post = await nod.posts.get('one');
  const all = votesOf(await nod.ballots.read('one'), post?.contentHash ?? '');
  return all.map(({ person, mark }) => `${person.name} ${mark}`);
}

const NAMESPACES = [
  ...['drafts', 'posts', 'cards', 'anchors', 'ballots', 'notes', 'workspaces', 'accounts', 'invitations'],
  ...['history', 'join-codes', 'random-ids', 'access', 'operators', 'claims', 'questions'],
  'proposed-captions',
  ...['person-links', 'link-codes'],
];
