import type { Account } from '../../core/accounts/accounts.ts';
import {
  captionLimit,
  carriesCaption,
  type Draft,
  kindOf,
  needsPick,
  problemsOf,
  usableFiles,
} from '../../core/compose/draft.ts';
import type { StoredFile } from '../../core/media/types.ts';
import type { ReviewPolicy } from '../../core/review/review.ts';
import { accountKey } from '../buttons.ts';
import { draftButton as on } from '../card-buttons.ts';
import type { Button, Card, Line, Picture } from '../platform.ts';
import { accountName, filesWord, momentOf } from '../text/format.ts';
import { problemText } from '../text/problems.ts';
import { idiomOf } from '../text/wording.ts';
import { choiceLines, choiceRows, switchedOffText } from './draft-choices.ts';
import { fileLines, fileRows } from './draft-files.ts';

const MUSIC_URL = 'https://www.tiktok.com/legal/page/global/music-usage-confirmation/en';
const BRANDED_URL = 'https://www.tiktok.com/legal/page/global/bc-policy/en';

/** The card on which a draft is composed; the choices are those that TikTok demands of a person. */
export function draftCard({
  draft,
  accounts,
  policy,
  timeZone,
  now,
  pictureOf,
  menu,
}: {
  draft: Draft;
  /** Those that the workspace shares. */
  accounts: readonly Account[];
  /** Whose approval the place asks for. */
  policy: ReviewPolicy;
  /** IANA name. */
  timeZone: string;
  now: number;
  pictureOf: (file: StoredFile) => Picture;
  /** A menu of its own in place of the choices. */
  menu?: 'files' | 'accounts';
}): Card {
  const picture = draft.preview && { picture: pictureOf(draft.preview) };
  const title: Line = [
    { text: `${whatOf(draft)} for TikTok`, style: 'bold' },
    draft.account === undefined ? '' : ` · ${accountName(draft.account)}`,
  ];
  const lines = [title, [], ...fileLines(draft)];
  if (menu === 'files') return { ...picture, lines, rows: [...fileRows(draft), backRow(draft)] };
  if (menu === 'accounts')
    return { ...picture, lines, rows: [...accountButtons(draft, accounts), backRow(draft)] };
  if (usableFiles(draft).length === 0 || needsPick(draft)) {
    return { ...picture, lines: [...lines, [], ...pickLines(draft)], rows: pickRows(draft) };
  }
  return {
    ...picture,
    lines: [
      ...lines,
      [],
      ...captionLines(draft),
      [],
      ...choiceLines(draft),
      ...planLines(draft, { timeZone, now }),
      ...noticeLines(draft),
      ...consentLines(draft),
    ],
    rows: [...accountRows(draft, accounts), ...choiceRows(draft), ...endRows(draft, policy)],
  };
}

/** Counts what can be posted, once all of it has been looked at. */
function whatOf(draft: Draft): string {
  const usable = usableFiles(draft).length;
  const isOpen = usable === 0 || draft.files.some((file) => file.state === 'waiting');
  return filesWord(kindOf(draft), isOpen ? draft.files.length : usable);
}

function pickLines(draft: Draft): Line[] {
  if (draft.files.some((file) => file.state === 'waiting'))
    return [['Choices follow once the files are here.']];
  if (usableFiles(draft).length === 0)
    return [[`None of this can be posted. ${idiomOf(draft.chat).toBeginAnew}`]];
  return [[problemText({ code: 'media_mixed' }, idiomOf(draft.chat))]];
}

function pickRows(draft: Draft): Button[][] {
  const usable = usableFiles(draft);
  const photos = usable.filter((file) => file.kind === 'photo').length;
  const rows: Button[][] = [];
  if (needsPick(draft)) {
    if (photos > 0) rows.push([on(draft, filesWord('photo', photos), 'photos')]);
    for (const file of usable) {
      if (file.kind === 'video') rows.push([on(draft, `Video ${file.name}`, 'keep', file.id)]);
    }
  }
  return [...rows, [on(draft, 'Discard', 'discard')]];
}

function backRow(draft: Draft): Button[] {
  return [on(draft, 'Back', 'back')];
}

function captionLines(draft: Draft): Line[] {
  const heading: Line = [{ text: 'Caption', style: 'bold' }];
  if (draft.caption === '') return [heading, [{ text: idiomOf(draft.chat).noCaption, style: 'italic' }]];
  const kind = kindOf(draft);
  const limit = kind === undefined ? undefined : captionLimit(kind);
  const count =
    limit !== undefined && draft.caption.length > limit * 0.9 ? ` ${draft.caption.length} of ${limit}` : '';
  return [[...heading, count], ...draft.caption.split('\n').map((line): Line => [line])];
}

/** What keeps the draft from being posted beyond the choices, and what the creator has switched off. */
function noticeLines(draft: Draft): Line[] {
  const notices: string[] = [];
  const chosenOnTheCard = new Set(['privacy_not_chosen', 'account_not_chosen', 'media_not_ready']);
  for (const problem of problemsOf(draft, 'DIRECT_POST')) {
    if (!chosenOnTheCard.has(problem.code)) notices.push(problemText(problem, idiomOf(draft.chat)));
  }
  if (draft.account === undefined && draft.creatorProblem === undefined)
    notices.push('Choose the TikTok account.');
  const switchedOff = switchedOffText(draft);
  if (switchedOff !== undefined) notices.push(switchedOff);
  return notices.length === 0 ? [] : [[], ...notices.map((notice): Line => [notice])];
}

/** The wording is TikTok's: https://developers.tiktok.com/doc/content-sharing-guidelines */
function consentLines(draft: Draft): Line[] {
  if (draft.creator === undefined) return [];
  const music = { text: 'Music Usage Confirmation', href: MUSIC_URL };
  const branded = { text: 'Branded Content Policy', href: BRANDED_URL };
  const policies = draft.disclosing && draft.settings.brandedContent ? [branded, ' and ', music] : [music];
  return [
    [],
    ['By posting, you agree to TikTok’s ', ...policies, '.'],
    ['TikTok may take some minutes to process it.'],
  ];
}

function accountRows(draft: Draft, accounts: readonly Account[]): Button[][] {
  if (accounts.length === 0) return [[on(draft, 'I have connected one', 'again')]];
  if (draft.account === undefined) return accountButtons(draft, accounts);
  const rows: Button[][] = [];
  if (accounts.length > 1) rows.push([on(draft, 'Other account', 'accounts')]);
  if (draft.creatorProblem !== undefined) rows.push([on(draft, 'Ask TikTok again', 'again')]);
  return rows;
}

function accountButtons(draft: Draft, accounts: readonly Account[]): Button[][] {
  return accounts.map((account) => [on(draft, accountName(account), 'account', accountKey(account.openId))]);
}

/** When it shall go out, where that is not at once. */
function planLines({ publishAt }: Draft, { timeZone, now }: { timeZone: string; now: number }): Line[] {
  if (publishAt === undefined) return [];
  return [['Goes out  ', { text: `${momentOf(publishAt, now, timeZone)} (${timeZone})`, style: 'bold' }]];
}

/** What the button does that submits. */
function postLabel({ publishAt }: Draft, { approvals }: ReviewPolicy): string {
  if (approvals > 0) return 'Ask for approval';
  return publishAt === undefined ? 'Post now' : 'Schedule';
}

function endRows(draft: Draft, policy: ReviewPolicy): Button[][] {
  const isAlbum = draft.files.length > 1;
  const kind = kindOf(draft);
  const refused = draft.files.some((file) => file.state === 'refused');
  const editing = [
    on(draft, draft.caption === '' ? 'Add caption' : 'Edit caption', 'caption'),
    ...(isAlbum ? [on(draft, kind === 'photo' ? 'Photos…' : 'Files…', 'files')] : []),
    on(draft, 'When…', 'when'),
  ];
  const inboxLabel =
    kind !== undefined && !carriesCaption(kind, 'MEDIA_UPLOAD') && draft.caption !== ''
      ? 'To my inbox, without caption'
      : 'To my TikTok inbox';
  return [
    ...(refused ? [[on(draft, 'Leave out what cannot be used', 'drop_refused')]] : []),
    editing,
    [
      { ...on(draft, postLabel(draft, policy), 'post'), tone: 'main' as const },
      on(draft, inboxLabel, 'inbox'),
    ],
    [{ ...on(draft, 'Discard', 'discard'), tone: 'bad' as const }],
  ];
}
