import { TEXT_LIMITS } from '../../media/types.ts';
import { clockOf, plainCaption, plainTitle } from '../../plain-text.ts';
import { UserError } from '../../problems.ts';
import type { ReviewPolicy } from '../../review/review.ts';
import { isPrivacyLevel } from '../../tiktok/types.ts';
import { type DraftChoice, offeredInteractions, offeredLevels } from '../choices.ts';
import {
  captionLimit,
  chosenAccount,
  coverMsOf,
  coverOf,
  type Draft,
  kindOf,
  usableFiles,
  versionOf,
} from '../draft.ts';
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

/** What else a person sees who submits: nothing of it is a field, and all of it counts. */
type Shown = 'account' | 'files' | 'review' | 'zone';
const SHOWN: readonly Shown[] = ['account', 'files', 'review', 'zone'];

/** The keys of what a page has shown. */
export const SEEN_KEYS: readonly (keyof Seen)[] = [...FIELD_NAMES, ...SHOWN];

/** A draft as a page has shown it. */
export type Seen = Readonly<Record<FieldName | Shown, string>>;

const ON = 'on';
export const OFF = '';
/** A time that cannot be was asked for. */
export const UNCLEAR = 'unclear';

const onOff = (value: boolean | undefined): string => (value === true ? ON : OFF);

/** The rules of a place that a page shows. */
interface PlaceRules {
  readonly timeZone: string | undefined;
  readonly policy: Pick<ReviewPolicy, 'approvals'>;
}

/** The draft as a page shows it now; times are by the clocks of its place. */
export function seenOf(draft: Draft, { timeZone: zone = 'UTC', policy }: PlaceRules): Seen {
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
    when: plan === undefined ? '' : 'at' in plan ? formatLocal(plan.at, zone) : UNCLEAR,
    account: chosenAccount(draft)?.openId ?? '',
    files: usableFiles(draft).map(versionOf).join(' '),
    review: onOff(policy.approvals > 0),
    zone,
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
  const changedElsewhere = SEEN_KEYS.filter(
    (field) => now[field] !== seen[field] && now[field] !== wanted[field as FieldName],
  );
  return { changed, conflicts, changedElsewhere };
}

/**
 * The choice that a field stands for; undefined where it stands for none, and for a time, which is read first.
 *
 * @throws UserError `moment_unclear`; `caption_too_long` or `title_too_long` for a text that is too long to be kept at all.
 */
export function choiceOfField(draft: Draft, field: FieldName, value: string): DraftChoice | undefined {
  switch (field) {
    case 'title':
    case 'caption':
      checkCanBeKept(draft, field, value);
      return { type: field, text: value };
    case 'privacy':
      return isPrivacyLevel(value) ? { type: 'privacy', privacyLevel: value } : undefined;
    case 'disclosing':
      return { type: 'disclosing', to: value === ON };
    case 'cover':
      if (kindOf(draft) === 'photo') return { type: 'cover_photo', fileId: value };
      return { type: 'cover_moment', ms: value === '' ? 0 : Math.round(readMoment(value) * 1000) };
    case 'when':
      return undefined;
    default:
      return { type: 'toggle', setting: field, to: value === ON };
  }
}

/** No chat has room for more, and every card would carry it. */
const MAX_TEXT = 10_000;

function checkCanBeKept(draft: Draft, field: 'title' | 'caption', { length }: string): void {
  if (length <= MAX_TEXT) return;
  if (field === 'title') throw new UserError({ code: 'title_too_long', length, max: TEXT_LIMITS.photoTitle });
  const kind = kindOf(draft) ?? 'photo';
  throw new UserError({ code: 'caption_too_long', length, max: captionLimit(kind), kind });
}
