import type { Draft, DraftFile } from '../../src/core/compose/draft.ts';
import type { MediaKind } from '../../src/core/media/types.ts';
import { ANA, CHAT, deepFreeze, EVERYONE, namedFile, namedPhoto, T0, WORKSPACE } from './posts.ts';

export function file(
  id: string,
  kind: MediaKind = 'photo',
  fields: { durationSeconds?: number } = {},
): DraftFile {
  const offered = { id, order: Number(id), name: `${id}.bin`, ref: `ref-${id}` };
  return { ...offered, state: 'ready', source: namedFile('a'), kind, media: namedPhoto('b'), ...fields };
}

export const waiting: DraftFile = { id: '8', order: 8, name: '8', ref: 'r', state: 'waiting' };
export const refused: DraftFile = {
  ...waiting,
  id: '9',
  state: 'refused',
  problem: { code: 'file_unavailable', name: '9' },
};
export const creator = {
  privacyLevelOptions: ['PUBLIC_TO_EVERYONE', 'SELF_ONLY'],
  commentDisabled: false,
  duetDisabled: false,
  stitchDisabled: false,
  maxVideoDurationSeconds: 60,
} as const;
export const granted = { openId: 'open-ana', nickname: 'Ana', scopes: ['video.publish', 'video.upload'] };
export const account = { ...granted, state: 'ready', creator } as const;

export function draftWith(fields: Partial<Draft> = {}): Draft {
  return deepFreeze({
    version: 1,
    id: 'd',
    workspace: WORKSPACE,
    chat: CHAT,
    author: ANA,
    files: [file('1')],
    caption: 'Hello',
    account,
    settings: EVERYONE,
    disclosing: false,
    createdAt: T0,
    updatedAt: T0,
    ...fields,
  });
}
