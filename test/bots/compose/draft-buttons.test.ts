import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { encodePress } from '../../../src/bots/buttons.ts';
import type { Card, MessageRef } from '../../../src/bots/platform.ts';
import { lineText } from '../../../src/bots/text/format.ts';
import type { Draft } from '../../../src/core/compose/draft.ts';
import { file } from '../../core/drafts.ts';
import { createAccessWorld, GROUP, inPlace, PEOPLE } from '../access/world.ts';

it.each([
  ['files', '2'],
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
  await press('accounts');
  await shows((card) => labelsOf(card).includes('Back'));
  await press('set', 'allowComment');
  expect(labelsOf(await shows((card) => labelsOf(card).includes('Discard')))).not.toContain('Back');
});

it('keeps a photo open that is moved or made the cover, and the others when it is left out', async () => {
  await using world = await createAccessWorld();
  const { press, shows } = await startDraft(world, { files: [file('1'), file('2'), file('3')] });
  await press('files');
  await shows((card) => labelsOf(card).includes('1 ★'));
  await press('file', '2');
  await shows((card) => linesOf(card).includes('Photo 2 of 3'));
  await press('first', '2');
  await shows((card) => linesOf(card).includes('Photo 1 of 3'));
  await press('later', '2');
  await shows((card) => linesOf(card).includes('Photo 2 of 3'));
  await press('cover_photo', '2');
  await shows((card) => labelsOf(card).includes('★ cover'));
  await press('files');
  await shows((card) => labelsOf(card).includes('2 ★'));
  await press('drop', '2');
  await shows((card) => labelsOf(card).join() === '1 ★,2,Back');
  await press('drop', '1');
  expect(labelsOf(await shows((card) => labelsOf(card).includes('Discard')))).not.toContain('Back');
});

it('shows all photos again where the one that is open has gone', async () => {
  await using world = await createAccessWorld();
  const { press, shows } = await startDraft(world);
  await press('file', 'gone');
  expect(labelsOf(await shows((card) => labelsOf(card).includes('Back')))).toContain('1 ★');
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
async function startDraft(world: Awaited<ReturnType<typeof createAccessWorld>>, fields: Partial<Draft> = {}) {
  const { telegram, drafts, chats } = world;
  const { id } = await world.draft('draft', fields);
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

const linesOf = ({ lines }: Card): string => lines.map(lineText).join('\n');

const labelsOf = ({ rows }: Card): string[] =>
  rows.flatMap((row) => (row.type === 'buttons' ? row.buttons.map(({ label }) => label) : []));
