import type { Account } from '../../core/accounts/accounts.ts';
import {
  INTERACTION_NAMES,
  offeredInteractions,
  offeredLevels,
  policiesOf,
  submitLabel,
} from '../../core/compose/choices.ts';
import {
  canRetry,
  captionLimit,
  carriesCaption,
  chosenAccount,
  creatorOf,
  type Draft,
  type DraftFile,
  kindOf,
  type LeftOut,
  mayComeOtherwise,
  needsPick,
  plannedAt,
  problemsOf,
  titleOf,
  usableFiles,
} from '../../core/compose/draft.ts';
import type { EarlierPost } from '../../core/compose/earlier-post.ts';
import { type DraftNotice, joinedTexts } from '../../core/compose/typed-texts.ts';
import { type StoredFile, TEXT_LIMITS } from '../../core/media/types.ts';
import { isSomebody, type Obstacle } from '../../core/people.ts';
import type { ReviewPolicy } from '../../core/review/review.ts';
import { disclosureLabel, PRIVACY_NAMES } from '../../core/tiktok/codes.ts';
import { endLine } from '../accounts/account-cards.ts';
import { accountKey, draftButton as on } from '../buttons.ts';
import { lengthOf } from '../cards/fit-text.ts';
import {
  type Button,
  buttonColumn,
  buttonRow,
  type Card,
  type Choice,
  type Line,
  type Picture,
  type Row,
} from '../platform.ts';
import {
  accountName,
  capital,
  countOf,
  excerptOf,
  filesWord,
  hashtagNote,
  listOf,
  momentSpan,
  onOff,
} from '../text/format.ts';
import { obstacleText } from '../text/obstacles.ts';
import { problemText } from '../text/problems.ts';
import { wordingOf } from '../text/wording.ts';
import { UPLOAD_LABEL } from '../uploads/upload-link.ts';
import { earlierLines } from './earlier-lines.ts';
import { fileLines, type ProgressOf } from './file-report.ts';
import { PAGE_LABEL } from './page-link.ts';
import { type FileMenu, fileMenu } from './photo-menu.ts';
import {
  canBeMended,
  coverLines,
  isVideoMenu,
  unsettledRows,
  type VideoMenu,
  videoMenu,
  videoRows,
} from './video-menu.ts';

/** What a person can open in place of the choices. */
export type DraftMenu = FileMenu | VideoMenu | 'accounts';

/** The card on which a draft is composed; the choices are those that TikTok demands of a person. */
export function draftCard({
  draft,
  accounts,
  policy,
  timeZone,
  earlier,
  now,
  pictureOf,
  menu,
  obstacle,
  progressOf,
  hasFfmpeg = false,
}: {
  draft: Draft;
  /** Those that the workspace shares. */
  accounts: readonly Account[];
  /** Whose approval the place asks for. */
  policy: ReviewPolicy;
  /** IANA name. */
  timeZone: string;
  /** Another post of the same. */
  earlier?: EarlierPost | undefined;
  now: number;
  pictureOf: (file: StoredFile) => Picture;
  /** The one that is open. */
  menu?: DraftMenu | undefined;
  /** What will keep the card of the post from its chat. */
  obstacle?: Obstacle | undefined;
  progressOf?: ProgressOf | undefined;
  /** Whether the machine has ffmpeg, which makes videos and takes pictures from them. */
  hasFfmpeg?: boolean | undefined;
}): Card {
  const attachment = draft.preview && pictureOf(draft.preview);
  const account = chosenAccount(draft);
  const title: Line = [
    { text: `${mediaName(draft)} for TikTok`, style: 'bold' },
    account === undefined ? '' : ` · ${accountName(account)}`,
  ];
  const isOfFiles = menu !== undefined && menu !== 'accounts' && !isVideoMenu(menu);
  const files = isOfFiles ? fileMenu(draft, menu) : undefined;
  if (files !== undefined)
    return {
      attachment: files.photo === undefined ? attachment : pictureOf(files.photo),
      lines: [title, ...senderLines(draft), [], ...files.lines],
      rows: files.rows,
    };
  const about = [
    ...uploadLines(draft, progressOf),
    ...albumLines(draft),
    ...leftOutLines(draft),
    ...sentWithLines(draft),
  ];
  const lines = [title, ...senderLines(draft), [], ...fileLines(draft, progressOf), ...about];
  if (menu === 'accounts')
    return { attachment, lines, rows: [...accountPicks(draft, accounts), backRow(draft)] };
  if (menu !== undefined && isVideoMenu(menu)) {
    const { picture, ...shown } = videoMenu(draft, menu, { hasFfmpeg });
    return {
      attachment: picture === undefined ? attachment : pictureOf(picture),
      lines: [...lines, ...shown.lines],
      rows: [...shown.rows, backRow(draft)],
    };
  }
  if (usableFiles(draft).length === 0 || needsPick(draft)) {
    return { attachment, lines: [...lines, [], ...pickLines(draft)], rows: pickRows(draft, progressOf) };
  }
  const linesWith = (isCut: boolean): Line[] => [
    ...lines,
    [],
    ...titleLines(draft),
    ...captionLines(draft, { isCut }),
    ...typedLines(draft),
    ...paragraph(choiceLines(draft), coverLines(draft), planLines(draft, accounts, { timeZone, now })),
    ...noticeLines(draft),
    ...(obstacle === undefined ? [] : [[unseenText(draft, obstacle)]]),
    ...(earlier === undefined
      ? []
      : [[], ...earlierLines(earlier, { timeZone, now }), goesOnLine(draft, policy)]),
    ...consentLines(draft),
  ];
  const whole = linesWith(false);
  const isCut = attachment !== undefined && lengthOf(whole) > wordingOf(draft.chat).cardRoom;
  return {
    attachment,
    lines: isCut ? linesWith(true) : whole,
    rows: [
      ...accountRows(draft, accounts),
      ...choiceRows(draft),
      ...videoRows(draft, { hasFfmpeg }),
      ...endRows(draft, policy),
    ],
  };
}

/** Lines with a blank one before them; nothing where there are none. */
const paragraph = (...parts: readonly Line[][]): Line[] => {
  const lines = parts.flat();
  return lines.length === 0 ? [] : [[], ...lines];
};

const unseenText = ({ chat }: Draft, obstacle: Obstacle): string =>
  `${obstacleText(obstacle, chat, 'here')} Until then you alone are told how it goes.`;

/** Nobody knows which administrator has sent it. */
function senderLines({ author, chat }: Draft): Line[] {
  if (isSomebody(author)) return [];
  const { managers } = wordingOf(chat);
  return [
    [`Sent in the name of “${author.name}”: the first of the ${managers} to tap here becomes its author.`],
  ];
}

/** Counts what can be posted, once all of it has been looked at. */
function mediaName(draft: Draft): string {
  const usable = usableFiles(draft).length;
  const isOpen = usable === 0 || draft.files.some((file) => file.state === 'waiting');
  return filesWord(kindOf(draft), isOpen ? draft.files.length : usable);
}

/** A big file may take longer than the message that shows its draft can change. */
function uploadLines({ chat, files }: Draft, progressOf: ProgressOf = () => undefined): Line[] {
  const { toFindDraft } = wordingOf(chat);
  const isUploading = files.some((file) => file.state === 'waiting' && progressOf(file) !== undefined);
  return toFindDraft === undefined || !isUploading ? [] : [[], [{ text: toFindDraft, style: 'italic' }]];
}

/** Where the rest of what was sent is. */
function sentWithLines({ sentWith }: Draft): Line[] {
  if (sentWith === undefined) return [];
  const caption = sentWith.hasSameCaption ? ', begun with the same caption' : '';
  return [[], [`A TikTok post is photos or one video: what was sent with this has its own draft${caption}.`]];
}

function pickLines(draft: Draft): Line[] {
  if (draft.files.some((file) => file.state === 'waiting'))
    return [['Choices follow once the files are here.']];
  const canCome = (file: DraftFile) => canRetry(file) || mayComeOtherwise(file);
  if (canBeMended(draft) || (usableFiles(draft).length === 0 && draft.files.some(canCome)))
    return [['Nothing can be posted yet.']];
  if (usableFiles(draft).length === 0)
    return [[`None of this can be posted. ${wordingOf(draft.chat).toBeginAnew}`]];
  return [[problemText({ code: 'media_mixed' }, wordingOf(draft.chat))]];
}

function pickRows(draft: Draft, progressOf: ProgressOf = () => undefined): Row[] {
  const usable = usableFiles(draft);
  const photos = usable.filter((file) => file.kind === 'photo').length;
  const isForUpload = (file: DraftFile) =>
    mayComeOtherwise(file) || (file.state === 'waiting' && progressOf(file) !== undefined);
  const picks: Button[] = [];
  if (needsPick(draft)) {
    if (photos > 0) picks.push(on(draft, filesWord('photo', photos), 'photos'));
    for (const file of usable) {
      if (file.kind === 'video') picks.push(on(draft, `Video ${file.name}`, 'keep', file.id));
    }
  }
  return [
    ...buttonColumn(picks),
    ...unsettledRows(draft),
    ...retryRows(draft),
    buttonRow(
      ...(draft.files.some(isForUpload) ? [uploadButton(draft)] : []),
      on(draft, 'Discard', 'discard'),
    ),
  ];
}

/** The way in for what is too big for the chat. */
const uploadButton = (draft: Draft): Button => on(draft, UPLOAD_LABEL, 'upload');

const retryRows = (draft: Draft): Row[] =>
  draft.files.some(canRetry) ? [buttonRow(on(draft, 'Try again', 'retry_files'))] : [];

function backRow(draft: Draft): Row {
  return buttonRow(on(draft, 'Back', 'back'));
}

/** From here on a person who writes on wants to know how much is left. */
const NEAR_LIMIT = 0.9;

/** Of a photo post that has one. */
function titleLines(draft: Draft): Line[] {
  const title = titleOf(draft);
  if (title === undefined) return [];
  const max = TEXT_LIMITS.photoTitle;
  const count = title.length > max * NEAR_LIMIT ? `  ${title.length} of ${max} characters` : '';
  return [[{ text: 'Title', style: 'bold' }, count], [title], []];
}

/** As it will stand on TikTok; what would not fit there, or not work, is said beside it. */
function captionLines(draft: Draft, { isCut }: { isCut: boolean }): Line[] {
  const heading: Line = [{ text: 'Caption', style: 'bold' }];
  if (draft.caption === '') return [heading, [{ text: wordingOf(draft.chat).noCaption, style: 'italic' }]];
  const kind = kindOf(draft);
  const limit = kind === undefined ? Number.POSITIVE_INFINITY : captionLimit(kind);
  const { length } = draft.caption;
  const hashtags = hashtagNote(draft.caption);
  const notes = [
    ...(length > limit * NEAR_LIMIT ? [`${length} of ${limit} characters`] : []),
    ...(hashtags === undefined ? [] : [hashtags]),
    ...(isCut ? ['shortened here, posted whole'] : []),
  ];
  const noted: Line = notes.length === 0 ? heading : [...heading, `  ${notes.join(' · ')}`];
  return [noted, ...draft.caption.split('\n').map((line): Line => [line])];
}

/** Where the caption comes from, and what a message has changed. */
function typedLines(draft: Draft): Line[] {
  const joined = joinedTexts(draft).length;
  const { notices = [] } = draft;
  const said = [
    ...(joined > 0 ? [`Joined from the texts of ${joined} messages.`] : []),
    ...notices.map(noticeText),
  ];
  return said.map((text): Line => [{ text, style: 'italic' }]);
}

function noticeText(notice: DraftNotice): string {
  switch (notice.type) {
    case 'caption_followed':
      return 'It follows your message, which you have edited.';
    case 'text_left_out':
      return `Not in it, because it was chosen otherwise: “${excerptOf(notice.text, 80)}”.`;
    case 'file_gone':
      return `${notice.name} is left out: your message does not link to it any more.`;
    case 'file_replaced':
      return `${notice.name} takes the place of what your message showed before.`;
  }
}

/** How the rest of an album can be sent of which the chat has shown a part. */
function albumLines({ chat, files }: Draft): Line[] {
  const parts = files.filter(({ isAlbumPart }) => isAlbumPart);
  if (parts.length === 0) return [];
  const { slash } = wordingOf(chat);
  const count = files.filter(({ album }) => parts.some((part) => part.album === album)).length;
  return [
    [],
    [
      `Nod has ${countOf(count, 'file')} of this album: it is shown only the message that you reply to. To add the others, reply to each with ${slash}post, or send them as a reply to this card.`,
    ],
  ];
}

/** What keeps the draft from being posted beyond the choices, and what the creator has switched off. */
function noticeLines(draft: Draft): Line[] {
  const notices: string[] = [];
  const chosenOnTheCard = new Set(['privacy_not_chosen', 'account_not_chosen', 'media_not_ready']);
  for (const problem of problemsOf(draft, 'DIRECT_POST')) {
    if (!chosenOnTheCard.has(problem.code)) notices.push(problemText(problem, wordingOf(draft.chat)));
  }
  if (draft.account.state === 'unchosen') notices.push('Choose the TikTok account.');
  const switchedOff = switchedOffText(draft);
  if (switchedOff !== undefined) notices.push(switchedOff);
  return paragraph(notices.map((notice): Line => [notice]));
}

/** The wording is TikTok's: https://developers.tiktok.com/doc/content-sharing-guidelines */
function consentLines(draft: Draft): Line[] {
  if (draft.account.state !== 'ready') return [];
  const policies = policiesOf(draft).flatMap(({ name, url }, index) => [
    ...(index === 0 ? [] : [' and ']),
    { text: name, href: url },
  ]);
  return [
    [],
    ['By posting, you agree to TikTok’s ', ...policies, '.'],
    ['TikTok may take some minutes to process it.'],
  ];
}

function accountRows(draft: Draft, accounts: readonly Account[]): Row[] {
  if (accounts.length === 0)
    return [buttonRow(connectButton(draft), on(draft, 'I have connected one', 'again'))];
  if (chosenAccount(draft) === undefined) return accountPicks(draft, accounts);
  const rows: Row[] = [];
  if (accounts.length > 1) rows.push(buttonRow(on(draft, 'Other account', 'accounts')));
  if (needsConsent(draft)) rows.push(buttonRow(connectButton(draft)));
  if (draft.account.state === 'unavailable') rows.push(buttonRow(on(draft, 'Ask TikTok again', 'again')));
  return rows;
}

const connectButton = (draft: Draft): Button => ({
  ...on(draft, 'Connect TikTok', 'connect'),
  tone: 'main',
});

/** Whether only connecting the account anew helps. */
const needsConsent = ({ account }: Draft): boolean =>
  account.state === 'not_granted' ||
  (account.state === 'unavailable' && account.problem.code === 'account_disconnected');

const accountPicks = (draft: Draft, accounts: readonly Account[]): Row[] =>
  buttonColumn(
    accounts.map((account) => on(draft, accountName(account), 'account', accountKey(account.openId))),
  );

/** When it shall go out, where that is not at once. */
function planLines(
  draft: Draft,
  accounts: readonly Account[],
  { timeZone, now }: { timeZone: string; now: number },
): Line[] {
  const publishAt = plannedAt(draft);
  if (publishAt === undefined) return [];
  const openId = chosenAccount(draft)?.openId;
  const account = accounts.find((one) => one.openId === openId);
  const end = endLine(account, publishAt, { timeZone, now });
  return [
    ['Goes out  ', { ...momentSpan(publishAt, now, timeZone), style: 'bold' }],
    ...(end === undefined ? [] : [end]),
  ];
}

/** That the same was posted before keeps nobody from posting it again. */
const goesOnLine = (draft: Draft, policy: ReviewPolicy): Line => [
  `“${submitLabel(draft, policy)}” goes on all the same.`,
];

function endRows(draft: Draft, policy: ReviewPolicy): Row[] {
  const isAlbum = draft.files.length > 1;
  const kind = kindOf(draft);
  const refused = draft.files.some((file) => file.state === 'refused');
  const caption = on(draft, draft.caption === '' ? 'Add caption' : 'Edit caption', 'caption');
  const title = on(draft, draft.title === undefined ? 'Add title' : 'Edit title', 'title');
  const files = isAlbum ? [on(draft, kind === 'photo' ? 'Photos…' : 'Files…', 'files')] : [];
  const when = on(draft, 'When…', 'when');
  const texts = kind === 'photo' ? [title, caption] : [caption];
  const editing =
    files.length === 0 ? [buttonRow(...texts, when)] : [buttonRow(...texts), buttonRow(...files, when)];
  const inboxLabel =
    kind !== undefined && !carriesCaption(kind, 'MEDIA_UPLOAD') && draft.caption !== ''
      ? 'To my inbox, without caption'
      : 'To my TikTok inbox';
  return [
    ...retryRows(draft),
    ...(refused ? [buttonRow(on(draft, 'Leave out what cannot be used', 'drop_refused'))] : []),
    ...editing,
    buttonRow(
      { ...on(draft, submitLabel(draft, policy), 'post'), tone: 'main' },
      on(draft, inboxLabel, 'inbox'),
    ),
    buttonRow(uploadButton(draft), on(draft, PAGE_LABEL, 'page')),
    buttonRow({ ...on(draft, 'Discard', 'discard'), tone: 'bad' }),
  ];
}

/** What TikTok wants a person to choose, as it stands; only what the creator may choose at all. */
function choiceLines(draft: Draft): Line[] {
  const { settings } = draft;
  const creator = creatorOf(draft);
  if (creator === undefined) return [];
  const privacy = settings.privacyLevel === undefined ? 'choose one' : PRIVACY_NAMES[settings.privacyLevel];
  return [
    choice('Who can see it?', privacy),
    ...openInteractions(draft).map(({ setting, isOn }) => choice(INTERACTION_NAMES[setting], onOff(isOn))),
    choice('Disclosure', disclosureText(draft)),
    choice('AI-generated', settings.aiGenerated ? 'yes' : 'no'),
  ];
}

function choice(name: string, value: string): Line {
  return [`${name}  `, { text: value, style: 'bold' }];
}

function disclosureText({ disclosing, settings }: Draft): string {
  if (!disclosing) return 'none';
  const label = disclosureLabel(settings);
  return label === undefined ? 'choose what it promotes' : `labelled “${label}”`;
}

/** One line about what the creator has switched off, so that nobody looks for it; undefined when nothing is. */
function switchedOffText(draft: Draft): string | undefined {
  const off = switchedOff(draft);
  if (off.length === 0) return undefined;
  return `${capital(listOf(off))} ${off.length === 1 && off[0] !== 'comments' ? 'is' : 'are'} off in this account’s settings.`;
}

const switchedOff = (draft: Draft): string[] =>
  offeredInteractions(draft)
    .filter(({ isSwitchedOff }) => isSwitchedOff)
    .map(({ setting }) => (setting === 'allowComment' ? 'comments' : INTERACTION_NAMES[setting]));

const openInteractions = (draft: Draft) =>
  offeredInteractions(draft).filter(({ isSwitchedOff }) => !isSwitchedOff);

/** The buttons that change the choices. */
function choiceRows(draft: Draft): Row[] {
  const { settings, disclosing } = draft;
  const creator = creatorOf(draft);
  if (creator === undefined) return [];
  const levels = offeredLevels(draft).filter(({ isOpen }) => isOpen);
  const privacy: Choice = {
    type: 'choice',
    prompt: 'Who can see it?',
    options: levels.map(({ level }) => ({
      ...on(draft, PRIVACY_NAMES[level], 'privacy', level),
      isChosen: settings.privacyLevel === level,
    })),
  };
  const interactions = openInteractions(draft).map(({ setting, isOn }) =>
    on(draft, `${INTERACTION_NAMES[setting]}: ${onOff(isOn)}`, 'set', setting),
  );
  const disclosure = [
    on(draft, `Disclosure: ${onOff(disclosing)}`, 'disclose'),
    on(draft, `AI label: ${onOff(settings.aiGenerated)}`, 'set', 'aiGenerated'),
  ];
  const kinds = disclosing
    ? [
        on(draft, `${tick(settings.yourBrand)} Your brand`, 'set', 'yourBrand'),
        on(draft, `${tick(settings.brandedContent)} Branded content`, 'set', 'brandedContent'),
      ]
    : [];
  const toggles = [interactions, disclosure, kinds].filter((row) => row.length > 0);
  return [privacy, ...toggles.map((row) => buttonRow(...row))];
}

const tick = (value: boolean): string => (value ? '☑' : '☐');

const LEFT_OUT: Readonly<Record<LeftOut['what'], string>> = {
  preview: 'preview of a link',
  embed: 'embed',
  sticker: 'sticker',
  poll: 'poll',
};

/** What stood in the message beside its files; nothing where that was all. */
function leftOutLines({ leftOut = [] }: Draft): Line[] {
  if (leftOut.length === 0) return [];
  const named = leftOut.map(({ what, count }) =>
    what === 'preview' && count > 1 ? `${count} previews of links` : countOf(count, LEFT_OUT[what]),
  );
  return [[`Left out: ${listOf(named)}. Only attached files are posted.`]];
}
