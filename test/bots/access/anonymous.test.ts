import { expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import type { ChatEvent, MessageRef } from '../../../src/bots/platform.ts';
import { textOf } from '../paper-bot.ts';
import { type AccessWorld, createAccessWorld, type Frame, GROUP, inPlace, PEOPLE } from './world.ts';

const NEWS = { id: 'telegram:-1000000000777', name: 'News' };
const FILE = { ref: 'nothing', name: 'a.jpg', bytes: 1 };

/** A draft that an administrator has sent in the name of the group, on a card. */
async function startAnonymous() {
  const world = await createAccessWorld();
  const { nod, chats } = world;
  nod.listen({ draftChanged: chats.cardQueue.touch, postChanged: chats.touch });
  const draft = await world.draft('draft', { author: PEOPLE.editors, caption: '' });
  chats.cardQueue.touch(draft.id);
  const card = await world.telegram.until(() => world.telegram.messages[0]?.ref);
  return { world, card };
}

async function press(world: AccessWorld, who: Frame['person'], verb: string, message: MessageRef) {
  const told: (string | undefined)[] = [];
  await world.handle({
    ...inPlace(GROUP, who),
    type: 'press',
    press: encodePress({ on: 'draft', id: 'draft', verb }),
    message,
    isOnMessage: true,
    answer: async (note) => void told.push(note),
  });
  return told[0];
}

const reply = (who: Frame['person'], text: string, replyTo: MessageRef): ChatEvent => ({
  ...inPlace(GROUP, who),
  type: 'text',
  text,
  replyTo,
});

it('says on its card in whose name a draft was sent, and whose it will be', async () => {
  const { world } = await startAnonymous();
  await using _ = world;
  const [shown] = world.telegram.show();
  expect(shown).toContain(
    'Sent in the name of “Editors”: the first of the administrators of this group to tap here becomes its author.',
  );
});

it('gives a draft of the group to the administrator who taps first, and to nobody else', async () => {
  const { world, card } = await startAnonymous();
  await using _ = world;
  expect(await press(world, PEOPLE.gus, 'set', card)).toBe(
    'This was sent in the name of “Editors”, so only administrators of this group can do that: whoever taps first becomes its author.',
  );
  await press(world, PEOPLE.mia, 'back', card);
  expect(await world.drafts.get('draft')).toMatchObject({ author: PEOPLE.mia, sentAs: PEOPLE.editors });
  await world.telegram.until(() =>
    world.telegram.show()[0]?.includes('in the name of') === false ? true : undefined,
  );
  expect(await press(world, PEOPLE.vera, 'back', card)).toBe('Only Mia can do that here.');
});

it('lets nobody approve what they took over from the group', async () => {
  const { world, card } = await startAnonymous();
  await using _ = world;
  await world.drafts.update('draft', (draft) => ({
    ...draft,
    settings: { ...draft.settings, privacyLevel: 'SELF_ONLY' },
  }));
  await press(world, PEOPLE.mia, 'post', card);
  expect(await world.nod.posts.get('draft')).toMatchObject({ author: PEOPLE.mia });
  const told: (string | undefined)[] = [];
  await world.handle({
    ...inPlace(GROUP, PEOPLE.mia),
    type: 'press',
    press: encodePress({ on: 'post', id: 'draft', verb: 'approve' }),
    message: card,
    isOnMessage: false,
    answer: async (note) => void told.push(note),
  });
  expect(told[0]).toMatch(/^A post needs the vote of somebody other than its author here\./);
});

it('takes what the group adds to its draft, before and after an administrator took it over', async () => {
  const { world, card } = await startAnonymous();
  await using _ = world;
  await world.handle(reply(PEOPLE.editors, 'First', card));
  expect(await world.drafts.get('draft')).toMatchObject({ caption: 'First', author: PEOPLE.editors });
  await press(world, PEOPLE.mia, 'caption', card);
  const question = await world.telegram.until(() =>
    world.telegram.messages.find(({ versions }) =>
      textOf(versions[0]?.card).startsWith('Mia, reply to this'),
    ),
  );
  // Whoever writes anonymously always does, and nobody can tell that it is Mia.
  await world.handle(reply(PEOPLE.editors, 'Second', question.ref));
  expect(await world.drafts.get('draft')).toMatchObject({ caption: 'Second', author: PEOPLE.mia });
  await world.handle({
    ...inPlace(GROUP, PEOPLE.editors),
    type: 'media',
    messageId: '77',
    order: 77,
    file: FILE,
    replyTo: card,
  });
  expect((await world.drafts.get('draft'))?.files.map(({ id }) => id)).toEqual(['1', '2', '77']);
  await world.handle(reply(PEOPLE.gus, 'Third', card));
  expect(await world.drafts.get('draft')).toMatchObject({ caption: 'Second' });
});

it('tells a channel at once to write under its person’s own name, and keeps nothing of it', async () => {
  await using world = await createAccessWorld();
  await world.handle({
    ...inPlace(GROUP, NEWS),
    type: 'media',
    messageId: '77',
    order: 77,
    file: FILE,
  });
  expect(world.telegram.show()).toEqual([
    '“News” is a channel, and a post needs a person as its author. Write under your own name: tap the picture beside the text field and choose yourself.',
  ]);
  await world.settled();
  expect(await Array.fromAsync(world.drafts.entries())).toEqual([]);
});

it('says that a reason is one person’s where the group gives it', async () => {
  await using world = await createAccessWorld();
  await world.post('post', { status: 'in_review', since: 0, expiresAt: 8e15 });
  await world.handle({ ...inPlace(GROUP, PEOPLE.editors), type: 'text', text: 'No', subject: 'why:post' });
  expect(world.telegram.show()).toEqual([
    'Nobody can tell who of you writes as “Editors”, and this is for one person to say. Turn off “Remain anonymous” and answer again.',
  ]);
  expect(await world.nod.ballots.read('post')).toEqual([]);
});
