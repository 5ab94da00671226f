import { clockOf, plainCaption, plainTitle } from '../../plain-text.ts';
import { isPrivacyLevel } from '../../tiktok/types.ts';
import { type DraftChoice, offeredInteractions, offeredLevels } from '../choices.ts';
import { chosenAccount, coverMsOf, coverOf, type Draft, kindOf, usableFiles, versionOf } from '../draft.ts';
import { formatLocal, readMoment } from '../parse-time.ts';

/** The choices of a draft as plain values, by the field of the page that shows each. */
export type Fields = Readonly<Record<FieldName, string>>;

export const FIELD_NAMES = [
  'title',
  'caption',
  'privacy',
  'allowComment',
  'allowDuet',
  'allowStitch',
  'autoAddMusic',
  'disclosing',
  'yourBrand',
  'brandedContent',
  'aiGenerated',
  'cover',
  'when',
] as const;

export type FieldName = (typeof FIELD_NAMES)[number];

/** What else a person sees who submits: nothing of it is a field, and all of it goes out. */
type Shown = 'account' | 'files';

/** A draft as a page has shown it. */
export type Seen = Readonly<Record<FieldName | Shown, string>>;

const ON = 'on';
export const OFF = '';
/** A time that cannot be was asked for. */
export const UNCLEAR = 'unclear';

const onOff = (value: boolean | undefined): string => (value === true ? ON : OFF);

/** The draft as a page shows it now; times are those of a zone. */
export function seenOf(draft: Draft, timeZone: string): Seen {
  const { settings, plan } = draft;
  const isOn = new Map(offeredInteractions(draft).map((one) => [one.setting, one.isOn]));
  return {
    title: draft.title ?? '',
    caption: draft.caption,
    privacy: settings.privacyLevel ?? '',
    allowComment: onOff(isOn.get('allowComment')),
    allowDuet: onOff(isOn.get('allowDuet')),
    allowStitch: onOff(isOn.get('allowStitch')),
    autoAddMusic: onOff(isOn.get('autoAddMusic')),
    disclosing: onOff(draft.disclosing),
    yourBrand: onOff(draft.disclosing && settings.yourBrand),
    brandedContent: onOff(draft.disclosing && settings.brandedContent),
    aiGenerated: onOff(settings.aiGenerated),
    cover: coverField(draft),
    when: plan === undefined ? '' : 'at' in plan ? formatLocal(plan.at, timeZone) : UNCLEAR,
    account: chosenAccount(draft)?.openId ?? '',
    files: usableFiles(draft).map(versionOf).join(' '),
  };
}

/** Of photos which one, of a video which moment, as people write it. */
function coverField(draft: Draft): string {
  if (kindOf(draft) === 'photo') return coverOf(draft)?.id ?? '';
  const ms = coverMsOf(draft);
  return ms === undefined ? '' : clockOf(ms / 1000);
}

/** The fields that a page of this draft lets a person change. */
export function openFields(draft: Draft): ReadonlySet<FieldName> {
  const kind = kindOf(draft);
  const isReady = offeredLevels(draft).length > 0;
  const interactions = offeredInteractions(draft).filter(({ isSwitchedOff }) => !isSwitchedOff);
  return new Set<FieldName>([
    ...(kind === 'photo' ? (['title'] as const) : []),
    'caption',
    'when',
    'cover',
    ...(isReady ? (['privacy', 'disclosing', 'yourBrand', 'brandedContent', 'aiGenerated'] as const) : []),
    ...interactions.map(({ setting }) => setting),
  ]);
}

/** What a page wants, in the form in which drafts have it. */
export function plainFields(wanted: Partial<Fields>): Partial<Fields> {
  const { title, caption, disclosing } = wanted;
  // What is hidden while nothing is disclosed may still be ticked.
  const kinds = disclosing === OFF ? { yourBrand: OFF, brandedContent: OFF } : {};
  return {
    ...wanted,
    ...kinds,
    ...(title !== undefined && { title: plainTitle(title) }),
    ...(caption !== undefined && { caption: plainCaption(caption) }),
  };
}

/** A field that was changed on the page and meanwhile elsewhere, to something else. */
export interface Conflict {
  readonly field: FieldName;
  readonly mine: string;
}

export interface Merged {
  /** What the page has changed. */
  readonly changed: readonly FieldName[];
  /** What it has not taken, because it was changed elsewhere as well. */
  readonly conflicts: readonly Conflict[];
  /** What was changed elsewhere since the page was drawn. */
  readonly changedElsewhere: readonly (FieldName | Shown)[];
}

/** Tells a page's changes from those that came meanwhile: a field that both have changed stays as it is. */
export function mergeFields({
  seen,
  wanted,
  now,
}: {
  seen: Seen;
  wanted: Partial<Fields>;
  now: Seen;
}): Merged {
  const changed: FieldName[] = [];
  const conflicts: Conflict[] = [];
  for (const field of FIELD_NAMES) {
    const mine = wanted[field];
    if (mine === undefined || mine === seen[field] || mine === now[field]) continue;
    if (now[field] === seen[field]) changed.push(field);
    else conflicts.push({ field, mine });
  }
  const all: readonly (FieldName | Shown)[] = [...FIELD_NAMES, 'account', 'files'];
  const changedElsewhere = all.filter(
    (field) => now[field] !== seen[field] && now[field] !== wanted[field as FieldName],
  );
  return { changed, conflicts, changedElsewhere };
}

/**
 * The choice that a field stands for; undefined where it stands for none, and for a time, which is read first.
 *
 * @throws UserError `moment_unclear`
 */
export function choiceOfField(draft: Draft, field: FieldName, value: string): DraftChoice | undefined {
  switch (field) {
    case 'title':
    case 'caption':
      return { type: field, text: value };
    case 'privacy':
      return isPrivacyLevel(value) ? { type: 'privacy', privacyLevel: value } : undefined;
    case 'disclosing':
      return { type: 'disclosing', to: value === ON };
    case 'cover':
      if (kindOf(draft) === 'photo') return { type: 'cover_photo', fileId: value };
      return value === '' ? undefined : { type: 'cover_moment', ms: Math.round(readMoment(value) * 1000) };
    case 'when':
      return undefined;
    default:
      return { type: 'toggle', setting: field, to: value === ON };
  }
}
