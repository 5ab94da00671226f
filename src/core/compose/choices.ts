import { plainCaption } from '../plain-text.ts';
import type { Problem } from '../problems.ts';
import type { PrivacyLevel } from '../tiktok/types.ts';
import type { Draft, DraftFile } from './draft.ts';

/** A decision that a person takes on a draft. */
export type Choice =
  | { type: 'privacy'; privacyLevel: PrivacyLevel }
  | {
      type: 'toggle';
      setting: 'allowComment' | 'allowDuet' | 'allowStitch' | 'aiGenerated' | 'yourBrand' | 'brandedContent';
    }
  | { type: 'disclosing' }
  | { type: 'caption'; text: string }
  /** Without a time: as soon as it may. */
  | { type: 'when'; publishAt?: number }
  /** It cannot go out when it should. */
  | { type: 'when_refused'; problem: Problem }
  | { type: 'keep_photos' }
  | { type: 'keep_file'; fileId: string }
  | { type: 'drop_file'; fileId: string }
  | { type: 'drop_refused' };

/** What a choice makes of a draft. */
export function decide(draft: Draft, choice: Choice): Draft {
  const { settings } = draft;
  switch (choice.type) {
    case 'privacy':
      return { ...draft, settings: { ...settings, privacyLevel: choice.privacyLevel } };
    case 'toggle':
      return { ...draft, settings: { ...settings, [choice.setting]: !settings[choice.setting] } };
    case 'disclosing':
      return {
        ...draft,
        disclosing: !draft.disclosing,
        settings: { ...settings, yourBrand: false, brandedContent: false },
      };
    case 'caption':
      return { ...draft, caption: plainCaption(choice.text) };
    case 'when': {
      const { publishAt: _, planProblem: __, ...rest } = draft;
      return choice.publishAt === undefined ? rest : { ...rest, publishAt: choice.publishAt };
    }
    case 'when_refused':
      return { ...draft, planProblem: choice.problem };
    case 'keep_photos':
      return withFiles(draft, (file) => file.state !== 'refused' && 'kind' in file && file.kind === 'photo');
    case 'keep_file':
      return withFiles(draft, (file) => file.id === choice.fileId);
    case 'drop_file':
      return withFiles(draft, (file) => file.id !== choice.fileId);
    case 'drop_refused':
      return withFiles(draft, (file) => file.state !== 'refused');
  }
}

function withFiles(draft: Draft, keeps: (file: DraftFile) => boolean): Draft {
  const { preview, ...rest } = draft;
  return { ...rest, files: draft.files.filter(keeps) };
}
