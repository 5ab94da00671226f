import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import type { Card, MessageRef } from '../../../src/bots/platform.ts';
import { createAccessWorld, GROUP, inPlace, PEOPLE } from '../access/world.ts';

it.each([
  ['files', '✕ 2'],
  ['accounts', 'TikTok account'],
])('keeps the menu %s open when the picture comes later, until it is closed', async (menu, entry) => {
  await using world = await createAccessWorld();
  const { press, shows, drawPicture } = await startDraft(world);
  await press(menu);
  await shows((card) => labelsOf(card).includes('Back') && card.attachment === undefined);
  await drawPicture();
  expect(labelsOf(await shows((card) => card.attachment !== undefined))).toEqual(
    expect.arrayContaining([entry, 'Back']),
  );
  await press('back');
  const closed = await shows((card) => labelsOf(card).includes('Discard'));
  expect(labelsOf(closed)).not.toContain('Back');
});

it('closes a menu with what was pressed in it', async () => {
  await using world = await createAccessWorld();
  const { press, shows } = await startDraft(world);
  await press('files');
  await shows((card) => labelsOf(card).includes('✕ 2'));
  await press('drop', '2');
  expect(labelsOf(await shows((card) => labelsOf(card).includes('Discard')))).not.toContain('Back');
});

it('leaves a menu open whose press was refused', async () => {
  await using world = await createAccessWorld();
  const { press, shows, drawPicture } = await startDraft(world);
  await press('accounts');
  await shows((card) => labelsOf(card).includes('Back'));
  await press('account', 'no-such-one');
  await drawPicture();
  expect(labelsOf(await shows((card) => card.attachment !== undefined))).toContain('Back');
});

/** A draft of Ana's in the group, on a message of the bot's. */
async function startDraft(world: Awaited<ReturnType<typeof createAccessWorld>>) {
  const { telegram, drafts, chats } = world;
  const { id } = await world.draft('draft');
  const message: MessageRef = await world.message(GROUP.chat);

  const press = (verb: string, argument?: string) =>
    world.handle({
      ...inPlace(GROUP, PEOPLE.ana),
      type: 'press',
      press: encodePress({ on: 'draft', id, verb, ...(argument !== undefined && { argument }) }),
      message,
      isOnMessage: true,
      answer: async () => {},
    });

  /** The card as it stands, once it fits. */
  const shows = (fits: (card: Card) => boolean): Promise<Card> =>
    telegram.until(() => {
      const card = telegram.messages.find(({ ref }) => ref.id === message.id)?.versions.at(-1)?.card;
      return card !== undefined && fits(card) ? card : undefined;
    });

  /** As the composer does when the preview is ready. */
  async function drawPicture(): Promise<void> {
    const picture = Readable.from([Buffer.from('picture')]);
    const preview = await world.world.mediaStore.add(picture, { maxBytes: 100, extension: 'jpg' });
    await drafts.update(id, (draft) => ({ ...draft, preview }));
    chats.cardQueue.touch(id);
  }

  return { press, shows, drawPicture };
}

const labelsOf = ({ rows }: Card): string[] =>
  rows.flatMap((row) => (row.type === 'buttons' ? row.buttons.map(({ label }) => label) : []));
