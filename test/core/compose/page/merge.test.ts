import { describe, expect, it } from 'vitest';
import { mergeFields, openFields, plainFields, seenOf } from '../../../../src/core/compose/page/merge.ts';
import { account, creator, draftWith, file } from '../../drafts.ts';
import { EVERYONE, POLICY } from '../../posts.ts';

const draft = draftWith({ caption: 'Before' });
const rules = { timeZone: 'Europe/Berlin', policy: POLICY };
const seen = seenOf(draft, rules);

describe('what a page has changed', () => {
  it('is told from what was changed elsewhere', () => {
    const now = { ...seen, privacy: 'SELF_ONLY' };
    expect(mergeFields({ seen, wanted: { caption: 'After', privacy: seen.privacy }, now })).toEqual({
      changed: ['caption'],
      conflicts: [],
      changedElsewhere: ['privacy'],
    });
  });

  it('does not write over what was changed elsewhere', () => {
    const now = { ...seen, caption: 'Theirs' };
    expect(mergeFields({ seen, wanted: { caption: 'Mine' }, now })).toEqual({
      changed: [],
      conflicts: [{ field: 'caption', mine: 'Mine' }],
      changedElsewhere: ['caption'],
    });
  });

  it('is nothing where both have come to the same', () => {
    const now = { ...seen, caption: 'Same' };
    expect(mergeFields({ seen, wanted: { caption: 'Same' }, now })).toEqual({
      changed: [],
      conflicts: [],
      changedElsewhere: [],
    });
  });

  it('drops what a disclosure was about that is taken back', () => {
    expect(plainFields({ disclosing: '', yourBrand: 'on', caption: ' A\r\nB ' })).toMatchObject({
      disclosing: '',
      yourBrand: '',
      caption: 'A\nB',
    });
  });
});

describe('a page', () => {
  it('offers no switch that the creator has turned off', () => {
    const off = draftWith({
      files: [file('1', 'video')],
      account: { ...account, creator: { ...creator, duetDisabled: true } },
    });
    expect(openFields(off).has('allowStitch')).toBe(true);
    expect(openFields(off).has('allowDuet')).toBe(false);
  });

  it('shows a time by the clocks of the place', () => {
    const planned = draftWith({ plan: { at: Date.UTC(2026, 11, 1, 17, 0) }, settings: EVERYONE });
    expect(seenOf(planned, rules).when).toBe('2026-12-01T18:00');
  });
});
