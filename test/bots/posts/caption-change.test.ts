import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import type { MessageRef } from '../../../src/bots/platform.ts';
import type { Person } from '../../../src/core/people.ts';
import type { PostMessage, PostState } from '../../../src/core/publish/post.ts';
import { contentWith } from '../../core/posts.ts';
import { type AccessWorld, createAccessWorld, GROUP, inPlace, PEOPLE } from '../access/world.ts';
import { pressesOf, printed } from '../cards/subjects.ts';

const { ana, gus, vera } = PEOPLE;
const REVIEW = { status: 'in_review', since: 0, expiresAt: 9e12 } as const;
const MESSAGES: readonly PostMessage[] = [
  { messageId: '41', order: 41, text: 'Our secret', use: 'joined', file: { ref: 'ref-41', key: 'photo' } },
];

it('offers another caption to the author who answers the card of a review, and changes nothing before the tap', async () => {
  await using world = await createAccessWorld();
  const { approve, reply, tap, post, offered } = await startPost(world, REVIEW);
  await approve(vera);
  await reply('Our news');
  expect(printed(offered())).toBe(
    [
      'Use this as the caption of the post?',
      '',
      'Our news',
      '',
      'The post goes back into a draft: its 1 approval no longer counts, and the team is asked again when you submit it.',
      'Nothing has changed yet. To keep the caption as it is, do nothing.',
      '[Change the caption]',
    ].join('\n'),
  );
  expect(await post()).toMatchObject({ status: 'in_review' });
  expect(await tap(gus)).toBe('Only Ana can do that here.');
  await tap();
  expect(await post()).toMatchObject({ status: 'withdrawn' });
  const [draft] = await Array.fromAsync(world.drafts.entries());
  expect(draft?.[1]).toMatchObject({ caption: 'Our news', author: ana });
});

it('offers it below the card on which a post was composed as well', async () => {
  await using world = await createAccessWorld();
  const { reply, offered } = await startPost(world, REVIEW, { subject: 'post' });
  await reply('Our news');
  expect(printed(offered())).toContain('nobody has approved it yet');
});

it('takes no text with a button under which another one stood', async () => {
  await using world = await createAccessWorld();
  const { reply, tap, post, offered } = await startPost(world, REVIEW);
  await reply('Our news');
  const older = offered();
  await reply('Our other news');
  expect(await tap(ana, older)).toBe('You have written another caption since: its button is below.');
  expect(await post()).toMatchObject({ status: 'in_review' });
});

it('leaves what others answer to the card of a review to them', async () => {
  await using world = await createAccessWorld();
  const { reply } = await startPost(world, REVIEW);
  const before = world.telegram.show();
  await reply('Nice', gus);
  expect(world.telegram.show()).toEqual(before);
});

it.each([
  ['published', 'It is live already. What is posted is changed or deleted in the TikTok app.'],
  ['in_inbox', 'It is in the TikTok inbox already. Finish or delete it there, in the TikTok app.'],
] as const)('says of a post that is %s that an edit came too late', async (status, words) => {
  await using world = await createAccessWorld();
  const settled = { status, settledAt: 0, publishId: 'p', postIds: [], checks: 1, checkedAt: 0 } as PostState;
  const { edit, offered } = await startPost(world, settled);
  await edit('Our news');
  expect(printed(offered())).toBe(
    `You edited your message after this was submitted: the post still has the old caption.\n${words}`,
  );
});

it('offers the text of a message that was edited after the post was submitted', async () => {
  await using world = await createAccessWorld();
  const { edit, tap, post, offered } = await startPost(world, REVIEW);
  await edit('Our secret');
  await edit('Our news', { key: 'photo' }, gus);
  expect(world.telegram.show()).toHaveLength(1);
  await edit('Our news');
  expect(printed(offered())).toMatch(/^You edited your message after this was submitted.*\n\nOur news\n/);
  await tap();
  expect(await post()).toMatchObject({ status: 'withdrawn' });
});

it('says that a picture was replaced too late, and how the new one gets in', async () => {
  await using world = await createAccessWorld();
  const { edit, offered } = await startPost(world, REVIEW);
  await edit('Our secret', { key: 'another photo' });
  expect(printed(offered())).toBe(
    [
      'You replaced the file in your message after this was submitted: the post still has the old one.',
      'To use the new one, tap Edit, which takes the post back into a draft, and send the file as a reply to its card.',
      '[Edit]',
    ].join('\n'),
  );
});

/** A post of Ana's in the group, made of her message 41, on a card in the group. */
async function startPost(
  world: AccessWorld,
  state: PostState,
  { subject = `post ${GROUP.chat}` }: { subject?: string } = {},
) {
  const file = await world.world.mediaStore.add(Readable.from([Buffer.from('photo')]), {
    maxBytes: 100,
    extension: 'jpg',
  });
  const content = contentWith({
    openId: world.openId,
    caption: 'Our secret',
    sources: [{ name: 'a.jpg', file }],
  });
  await world.post('post', state, { messages: MESSAGES, content });
  const card = await world.message(GROUP.chat);
  await world.nod.stores
    .store<{ version: number; subject: string }>('anchors')
    .create(`${card.chat} ${card.id}`, { subject });
  const newest = () => {
    const message = world.telegram.messages.findLast(({ ref }) => ref.chat === GROUP.chat);
    const shown = message?.versions.at(-1);
    if (message === undefined || shown === undefined) throw new Error('Nothing was said.');
    return { message: message.ref, card: shown.card };
  };

  const reply = (text: string, who: Person = ana) =>
    world.handle({ ...inPlace(GROUP, who), type: 'text', text, replyTo: card });

  const edit = (text: string, { key } = { key: 'photo' }, who: Person = ana) =>
    world.handle({
      ...inPlace(GROUP, who),
      type: 'edit',
      messageId: '41',
      text,
      file: { ref: 'ref', key, name: 'a.jpg' },
    });

  async function approve(who: Person) {
    const press = encodePress({ on: 'post', id: 'post', verb: 'approve' });
    const answer = async () => {};
    await world.handle({
      ...inPlace(GROUP, who),
      type: 'press',
      press,
      message: card,
      isOnMessage: false,
      answer,
    });
  }

  async function tap(who: Person = ana, offer = newest().card, message: MessageRef = newest().message) {
    const [press = ''] = pressesOf(offer);
    const notes: string[] = [];
    const answer = async (note?: string) => void (note && notes.push(note));
    await world.handle({ ...inPlace(GROUP, who), type: 'press', press, message, isOnMessage: true, answer });
    return notes[0];
  }

  return { approve, reply, edit, tap, offered: () => newest().card, post: () => world.nod.posts.get('post') };
}
