import { describe, expect, it } from 'vitest';
import { type DraftChoice, decide } from '../../../src/core/compose/choices.ts';
import type { Draft } from '../../../src/core/compose/draft.ts';
import { draftWith, file, refused, waiting } from '../drafts.ts';
import { EVERYONE, namedFile } from '../posts.ts';

const branded = { ...EVERYONE, brandedContent: true };

describe('a choice', () => {
  const preview = namedFile('c', 'jpg');
  const mixed = draftWith({ files: [file('1'), file('2', 'video'), file('3'), waiting, refused], preview });
  const ids = (draft: Draft) => draft.files.map(({ id }) => id);

  const FILES: [DraftChoice, string[]][] = [
    [{ type: 'keep_photos' }, ['1', '3']],
    [{ type: 'keep_file', fileId: '2' }, ['2']],
    [{ type: 'drop_file', fileId: '2' }, ['1', '3', '8', '9']],
    [{ type: 'drop_file', fileId: '77' }, ['1', '2', '3', '8', '9']],
    [{ type: 'drop_refused' }, ['1', '2', '3', '8']],
  ];

  it.each(FILES)('leaves the files that are meant: %j', (choice, left) => {
    const after = decide(mixed, choice);
    expect(ids(after)).toEqual(left);
    expect(after).not.toHaveProperty('preview');
  });

  it('sets the privacy level, the caption and the switches', () => {
    const choices: DraftChoice[] = [
      { type: 'privacy', privacyLevel: 'SELF_ONLY' },
      { type: 'caption', text: '  New \u202Ewords\u0007 \n' },
      { type: 'toggle', setting: 'allowComment' },
      { type: 'toggle', setting: 'aiGenerated' },
    ];
    const after = choices.reduce(decide, draftWith());
    expect(after).toMatchObject({
      caption: 'New words',
      settings: { privacyLevel: 'SELF_ONLY', allowComment: false, aiGenerated: true },
    });
  });

  it('plans, and has a time that cannot be take the place of the one before', () => {
    const problem = { code: 'when_unclear', text: 'soon' } as const;
    const plans = [{ at: 5 }, { problem }, { at: 7 }, undefined];
    for (const plan of plans) {
      const after = decide(draftWith({ plan: { at: 1 } }), { type: 'when', plan });
      expect(after.plan).toEqual(plan);
    }
  });

  it('begins each disclosure with nothing disclosed', () => {
    const on = decide(draftWith({ settings: branded }), { type: 'disclosing' });
    expect(on).toMatchObject({ disclosing: true, settings: { brandedContent: false, yourBrand: false } });
    const told = decide(on, { type: 'toggle', setting: 'yourBrand' });
    expect(decide(told, { type: 'disclosing' })).toMatchObject({
      disclosing: false,
      settings: { yourBrand: false },
    });
  });
});
