import { type Draft, kindOf } from '../../core/compose/draft.ts';
import { disclosureLabel, PRIVACY_NAMES } from '../../core/tiktok/names.ts';
import { draftButton as on } from '../card-buttons.ts';
import type { Choice, Line, Row } from '../platform.ts';
import { capital, listOf } from '../text/format.ts';

/** What TikTok wants a person to choose, as it stands; only what the creator may choose at all. */
export function choiceLines(draft: Draft): Line[] {
  const { settings, creator, account } = draft;
  if (account === undefined || creator === undefined) return [];
  const isVideo = kindOf(draft) === 'video';
  const privacy = settings.privacyLevel === undefined ? 'choose one' : PRIVACY_NAMES[settings.privacyLevel];
  const lines: Line[] = [choice('Who can see it?', privacy)];
  if (!creator.commentDisabled) lines.push(choice('Comments', onOff(settings.allowComment)));
  if (isVideo && !creator.duetDisabled) lines.push(choice('Duet', onOff(settings.allowDuet)));
  if (isVideo && !creator.stitchDisabled) lines.push(choice('Stitch', onOff(settings.allowStitch)));
  lines.push(
    choice('Disclosure', disclosureText(draft)),
    choice('AI-generated', settings.aiGenerated ? 'yes' : 'no'),
  );
  return lines;
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
export function switchedOffText(draft: Draft): string | undefined {
  const off = switchedOff(draft);
  if (off.length === 0) return undefined;
  return `${capital(listOf(off))} ${off.length === 1 && off[0] !== 'comments' ? 'is' : 'are'} off in this account’s settings.`;
}

function switchedOff(draft: Draft): string[] {
  const { creator } = draft;
  if (creator === undefined) return [];
  const isVideo = kindOf(draft) === 'video';
  return [
    ...(creator.commentDisabled ? ['comments'] : []),
    ...(isVideo && creator.duetDisabled ? ['Duet'] : []),
    ...(isVideo && creator.stitchDisabled ? ['Stitch'] : []),
  ];
}

/** The buttons that change the choices. */
export function choiceRows(draft: Draft): Row[] {
  const { creator, settings, disclosing } = draft;
  if (creator === undefined || draft.account === undefined) return [];
  const isVideo = kindOf(draft) === 'video';
  const isBranded = disclosing && settings.brandedContent;
  const levels = creator.privacyLevelOptions.filter((level) => !(isBranded && level === 'SELF_ONLY'));
  const privacy: Choice = {
    prompt: 'Who can see it?',
    options: levels.map((level) => ({
      ...on(draft, PRIVACY_NAMES[level], 'privacy', level),
      isChosen: settings.privacyLevel === level,
    })),
  };
  const interactions = [
    ...(creator.commentDisabled
      ? []
      : [on(draft, `Comments: ${onOff(settings.allowComment)}`, 'set', 'allowComment')]),
    ...(isVideo && !creator.duetDisabled
      ? [on(draft, `Duet: ${onOff(settings.allowDuet)}`, 'set', 'allowDuet')]
      : []),
    ...(isVideo && !creator.stitchDisabled
      ? [on(draft, `Stitch: ${onOff(settings.allowStitch)}`, 'set', 'allowStitch')]
      : []),
  ];
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
  return [privacy, ...[interactions, disclosure, kinds].filter((row) => row.length > 0)];
}

const onOff = (value: boolean): string => (value ? 'on' : 'off');
const tick = (value: boolean): string => (value ? '☑' : '☐');
