import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Draft } from '../../../src/core/compose/draft.ts';
import type { Offer } from '../../../src/core/compose/drafts.ts';
import {
  type ComposingWorld,
  type ComposingWorldOptions,
  createComposingWorld,
  isReady,
} from '../composing.ts';
import { problemOf } from '../media/files.ts';
import { ANA, BEN } from '../posts.ts';

const BEN_ALONE = { person: BEN, chat: 'telegram:2:0', workspace: 'telegram:2' };

async function limited(limits: NonNullable<ComposingWorldOptions['limits']>) {
  const chat = await createComposingWorld({ limits });
  const parts = chat.openComposer();
  const photos = (count: number, fields?: Parameters<typeof chat.photo>[1]): Promise<Offer[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => chat.photo(String(index + 1), fields)));
  const all = (): Promise<Draft[]> => Array.fromAsync(parts.drafts.entries(), ([, draft]) => draft);
  return { ...parts, chat, photos, all };
}

/** Files of the chat that do not come before they are let go. */
function holdFiles({ chat }: ComposingWorld) {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const [ref, open] of chat) chat.set(ref, (turn) => promise.then(() => open(turn)));
  return resolve;
}

async function bytesOnDisk({ world }: ComposingWorld): Promise<number> {
  const media = join(world.directory, 'media');
  const sizes = (await readdir(media)).map(async (name) => (await stat(join(media, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

describe('how many drafts may be open', () => {
  it('is limited for a person, and nobody else notices', async () => {
    const { chat, composer, photos, all, whenDraft } = await limited({ person: { drafts: 20 } });
    await using _ = chat;
    const offers = await photos(100);
    const other = await chat.photo('200', BEN_ALONE);
    const outcomes = await Promise.allSettled(offers.map((offer) => composer.offer(offer)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    expect(await all()).toHaveLength(20);
    const problem = { code: 'too_much_at_once', what: 'drafts', who: 'person', max: 20 };
    expect(await problemOf(composer.offer(await chat.photo('101')))).toEqual(problem);
    const taken = await composer.offer(other);
    await whenDraft(taken?.id ?? '', isReady);
    expect([...chat.turns.keys()].length).toBeLessThanOrEqual(21);
  });

  it('is limited for a place, whoever they are of, and for a person in all places together', async () => {
    const { chat, composer } = await limited({ person: { drafts: 2 }, place: { drafts: 3 } });
    await using _ = chat;
    await composer.offer(await chat.photo('1'));
    await composer.offer(await chat.photo('2', { ...BEN_ALONE, person: ANA }));
    const person = { code: 'too_much_at_once', what: 'drafts', who: 'person', max: 2 };
    expect(await problemOf(composer.offer(await chat.photo('3')))).toEqual(person);
    await composer.offer(await chat.photo('4', { person: BEN }));
    await composer.offer(await chat.photo('5', { person: BEN }));
    const place = { code: 'too_much_at_once', what: 'drafts', who: 'place', max: 3 };
    const cara = { id: 'telegram:3', name: 'Cara' };
    expect(await problemOf(composer.offer(await chat.photo('6', { person: cara })))).toEqual(place);
  });

  it('does not matter for a message that comes again, and ends with a draft', async () => {
    const { chat, composer } = await limited({ person: { drafts: 1 } });
    await using _ = chat;
    const first = await composer.offer(await chat.photo('1'));
    expect(await composer.offer(await chat.photo('1'))).toMatchObject({
      id: first?.id,
      files: [{ id: '1' }],
    });
    await composer.discard(first?.id ?? '', ANA);
    expect(await composer.offer(await chat.photo('2'))).toMatchObject({ files: [{ id: '2' }] });
  });
});

describe('how many files may be in work', () => {
  it('is limited also in an album whose files come at once; the card names those that are too many', async () => {
    const { chat, composer, photos, all, whenDraft } = await limited({ person: { files: 6 } });
    await using _ = chat;
    const offers = await photos(10, { album: 'album-1' });
    const handOut = holdFiles(chat);
    await Promise.all(offers.map((offer) => composer.offer(offer)));
    const [draft] = await all();
    const problem = { code: 'too_much_at_once', what: 'files', who: 'person', max: 6 };
    const refused = draft?.files.filter(({ state }) => state === 'refused');
    expect(draft?.files).toHaveLength(10);
    expect(refused).toEqual(Array.from({ length: 4 }, () => expect.objectContaining({ problem })));
    handOut();
    const settled = ({ files }: Draft) =>
      files.every(({ state }) => state === 'ready' || state === 'refused');
    await whenDraft(draft?.id ?? '', settled);
    expect([...chat.turns.keys()]).toHaveLength(6);
    // The others are through, so there is room again.
    const joins = draft?.id ?? '';
    const more = await composer.offer(await chat.photo('50', { joins }));
    expect(more?.files.find(({ id }) => id === '50')).toMatchObject({ state: 'waiting' });
  });

  it('leaves the reason to files that cannot be had at all', async () => {
    const { chat, composer } = await limited({ person: { files: 1 } });
    await using _ = chat;
    const first = await chat.photo('1');
    const handOut = holdFiles(chat);
    const draft = await composer.offer(first);
    const { file, ...offer } = await chat.photo('2', { joins: draft?.id ?? '' });
    const problem = { code: 'file_too_big_for_chat', name: '2.png', bytes: 9, maxBytes: 8 } as const;
    const joined = await composer.offer({ ...offer, file: { ...file, state: 'refused', problem } });
    handOut();
    expect(joined?.files[1]).toMatchObject({ state: 'refused', problem });
  });

  it('keeps the picture of a draft that a file is too many for', async () => {
    const { chat, composer, whenDraft } = await limited({ person: { bytes: 10_000 } });
    await using _ = chat;
    const draft = await composer.offer(await chat.photo('1'));
    const joins = draft?.id ?? '';
    const { preview } = await whenDraft(joins, (one) => one.preview !== undefined);
    const joined = await composer.offer(await chat.photo('2', { joins, file: { bytes: 10_000 } }));
    expect(joined).toMatchObject({ preview, files: [{}, { state: 'refused' }] });
  });
});

describe('how many bytes may be on the disk', () => {
  it('is limited, however many photos somebody offers', async () => {
    const { chat, composer, photos, whenDraft } = await limited({ person: { bytes: 20_000 } });
    await using _ = chat;
    let taken = 0;
    for (const offer of await photos(100)) {
      const draft = await composer.offer(offer).catch(() => undefined);
      if (draft === undefined) continue;
      taken += 1;
      await whenDraft(draft.id, (one) => isReady(one) && one.preview !== undefined);
    }
    expect(taken).toBeGreaterThan(5);
    expect(taken).toBeLessThan(100);
    // The last one that fitted may exceed it by what its conversion and its picture take.
    expect(await bytesOnDisk(chat)).toBeLessThan(22_000);
    const problem = { code: 'too_much_at_once', what: 'bytes', who: 'person', max: 20_000 };
    expect(await problemOf(composer.offer(await chat.photo('101')))).toEqual(problem);
    expect(await composer.offer(await chat.photo('102', BEN_ALONE))).toMatchObject({ author: BEN });
  });

  it('counts what is announced, and not yet copied, for the place as well', async () => {
    const { chat, composer } = await limited({ place: { bytes: 1_000 } });
    await using _ = chat;
    const offers = [
      await chat.photo('1', { file: { bytes: 600 } }),
      await chat.photo('2', { person: BEN, file: { bytes: 600 } }),
    ] as const;
    const handOut = holdFiles(chat);
    const draft = await composer.offer(offers[0]);
    const problem = { code: 'too_much_at_once', what: 'bytes', who: 'place', max: 1_000 };
    expect(await problemOf(composer.offer(offers[1]))).toEqual(problem);
    await composer.discard(draft?.id ?? '', ANA);
    expect(await composer.offer(offers[1])).toMatchObject({ author: BEN });
    handOut();
  });

  it('still counts what was discarded a moment ago, and files that turned out to be unusable', async () => {
    const { chat, composer, usage, whenDraft } = await limited({});
    await using _ = chat;
    const draft = await composer.offer(await chat.photo('1'));
    await whenDraft(draft?.id ?? '', isReady);
    const before = usage.bytesOf({ person: ANA.id, place: draft?.workspace ?? '' }).person;
    await composer.discard(draft?.id ?? '', ANA);
    expect(before).toBeGreaterThan(0);
    expect(usage.bytesOf({ person: ANA.id, place: '' }).person).toBeGreaterThanOrEqual(before);

    const bad = await chat.photo('2', { ...BEN_ALONE, file: { name: 'notes.txt', bytes: 40 } });
    chat.chat.set('ref-2', () => Readable.from([Buffer.alloc(40, 'x')]));
    const refused = await composer.offer(bad);
    await whenDraft(refused?.id ?? '', ({ files }) => files[0]?.state === 'refused');
    expect(usage.bytesOf({ person: BEN.id, place: '' })).toEqual({ person: 40, place: 0 });
  });
});

describe('a file that waits for its turn', () => {
  it('is not copied any more once its draft is discarded', async () => {
    const { chat, composer, photos, whenDraft } = await limited({});
    await using _ = chat;
    const offers = await photos(20);
    const handOut = holdFiles(chat);
    const drafts = await Promise.all(offers.map((offer) => composer.offer(offer)));
    for (const draft of drafts) await composer.discard(draft?.id ?? '', ANA);
    const other = await composer.offer(await chat.photo('100', BEN_ALONE));
    handOut();
    await whenDraft(other?.id ?? '', isReady);
    // Four may have been opened when they were discarded.
    const begun = new Set(['ref-1', 'ref-2', 'ref-3', 'ref-4']);
    expect([...chat.turns.keys()].filter((ref) => !begun.has(ref))).toEqual(['ref-100']);
  });
});
