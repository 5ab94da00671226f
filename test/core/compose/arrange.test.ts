import { describe, expect, it } from 'vitest';
import { decide, type FileMove } from '../../../src/core/compose/choices.ts';
import {
  contentOf,
  continuesAlbum,
  coverOf,
  type Draft,
  followEdit,
  withLateFile,
} from '../../../src/core/compose/draft.ts';
import { draftWith, file, waiting } from '../drafts.ts';
import { namedFile } from '../posts.ts';

const photos = (...ids: number[]) => ids.map((id) => file(String(id)));
const idsOf = ({ files }: Pick<Draft, 'files'>) => files.map(({ id }) => id).join('');
const move = (draft: Draft, fileId: string, to: FileMove) => decide(draft, { type: 'move_file', fileId, to });
const choose = (draft: Draft, fileId: string) => decide(draft, { type: 'cover_photo', fileId });

describe('moving a photo', () => {
  it.each([
    ['3', 'first', '31245'],
    ['3', 'earlier', '13245'],
    ['3', 'later', '12435'],
    ['3', 'last', '12453'],
    ['1', 'earlier', '12345'],
    ['1', 'first', '12345'],
    ['5', 'later', '12345'],
    ['5', 'last', '12345'],
    ['5', 'first', '51234'],
    ['1', 'last', '23451'],
    ['9', 'first', '12345'],
  ] as const)('puts photo %s %s: %s', (id, to, order) => {
    expect(idsOf(move(draftWith({ files: photos(1, 2, 3, 4, 5) }), id, to))).toBe(order);
  });

  it('takes the picture away that shows the old order, and no other', () => {
    const draft = draftWith({ files: photos(1, 2), preview: namedFile('e', 'jpg') });
    expect(move(draft, '1', 'last').preview).toBeUndefined();
    expect(move(draft, '1', 'first').preview).toEqual(draft.preview);
    expect(choose(draft, '2').preview).toEqual(draft.preview);
  });

  it('orders what is posted', () => {
    const { sources } = contentOf(move(draftWith({ files: photos(1, 2, 3) }), '3', 'first'), 'DIRECT_POST');
    expect(sources.map(({ name }) => name)).toEqual(['3.bin', '1.bin', '2.bin']);
  });
});

describe('a photo that comes late', () => {
  it.each([
    [[1, 2, 4], 3, '1234'],
    [[2, 3], 1, '123'],
    [[3, 1, 2], 4, '3124'],
    [[3, 1], 2, '312'],
    [[4, 1, 2], 3, '4123'],
    [[2, 3, 1], 4, '2314'],
    [[], 1, '1'],
  ])('has its place behind what came before it, where a person has put that: %j and %i', (ids, id, order) => {
    expect(idsOf({ files: withLateFile(photos(...ids), file(String(id))) })).toBe(order);
  });

  it('continues a full album also where its last photo was moved', () => {
    const album = Array.from({ length: 10 }, (_, index) => ({ ...file(String(index + 1)), album: 'a' }));
    const draft = draftWith({ files: album });
    const next = { ...waiting, id: '11', order: 11, album: 'b' };
    expect(continuesAlbum(draft, next)).toBe(true);
    expect(continuesAlbum(move(draft, '10', 'first'), next)).toBe(true);
    expect(continuesAlbum(move(draft, '10', 'first'), { ...next, order: 21 })).toBe(false);
  });
});

describe('the cover', () => {
  const draft = draftWith({ files: photos(1, 2, 3) });

  it('is the first photo, whichever that is, until one is chosen', () => {
    expect(coverOf(draft)?.id).toBe('1');
    const moved = move(draft, '3', 'first');
    expect(coverOf(moved)?.id).toBe('3');
    expect(contentOf(moved, 'DIRECT_POST').coverIndex).toBeUndefined();
  });

  it('stays the photo that was chosen, wherever that goes and whatever is left out', () => {
    const chosen = choose(draft, '2');
    expect(contentOf(chosen, 'DIRECT_POST').coverIndex).toBe(1);
    expect(contentOf(move(chosen, '2', 'last'), 'DIRECT_POST').coverIndex).toBe(2);
    const fewer = decide(chosen, { type: 'drop_file', fileId: '1' });
    expect([coverOf(fewer)?.id, contentOf(fewer, 'DIRECT_POST').coverIndex]).toEqual(['2', undefined]);
  });

  it('stays, as the order does, when a message shows another photo', () => {
    const chosen = move(choose(draft, '2'), '2', 'last');
    const files = [{ ...waiting, id: '2', ref: 'other', order: 2 }];
    const edited = followEdit(chosen, { messageId: '2', text: '', files });
    expect(edited.files.map(({ id, ref }) => [id, ref])).toEqual([
      ['1', 'ref-1'],
      ['3', 'ref-3'],
      ['2', 'other'],
    ]);
    expect(edited.coverFileId).toBe('2');
  });

  it('goes with a photo that its message shows no more, but the last one of a draft stays', () => {
    const edited = followEdit(choose(draft, '2'), { messageId: '2', text: '', gone: ['2'] });
    expect(edited.files.map(({ id }) => id)).toEqual(['1', '3']);
    expect(edited.notices).toMatchObject([{ type: 'file_gone' }]);
    expect(coverOf(edited)?.id).toBe('1');
    const single = draftWith({ files: photos(1) });
    expect(followEdit(single, { messageId: '1', text: '', gone: ['1'] })).toBe(single);
  });

  it('is the first again once its photo is left out', () => {
    const without = decide(choose(draft, '2'), { type: 'drop_file', fileId: '2' });
    expect(coverOf(without)?.id).toBe('1');
    expect(contentOf(without, 'DIRECT_POST').coverIndex).toBeUndefined();
  });

  it('is no file that is not there', () => {
    expect(choose(draft, '9')).toEqual(draft);
  });

  it('is nothing that a single photo has', () => {
    expect(coverOf(draftWith({ files: photos(1), coverFileId: '1' }))).toBeUndefined();
  });
});

describe('a title', () => {
  const titled = (text: string) => decide(draftWith({ title: 'Old' }), { type: 'title', text }).title;

  it('is one line without what hides or turns around', () => {
    expect(titled('  First \n\u202E light\t #surf ')).toBe('First light #surf');
  });

  it('can be emptied', () => {
    expect(titled(' \n ')).toBeUndefined();
  });
});
