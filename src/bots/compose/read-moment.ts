import { UserError } from '../../core/problems.ts';

const SECONDS = String.raw`\d+(?:[.,]\d+)?`;
/** `1:05`, `0:01:05`, `1:05.5`. */
const CLOCK = new RegExp(`^(?:(\\d+):)?(\\d+):(${SECONDS})$`);
/** `65`, `65 s`, `1 min 5 s`, `1h 2m`. */
const UNITS = new RegExp(
  `^(?:(\\d+)\\s*h(?:ours?)?\\s*)?(?:(\\d+)\\s*m(?:in(?:ute)?s?)?\\.?\\s*)?(?:(${SECONDS})\\s*(?:s(?:ec(?:ond)?s?)?\\.?)?)?$`,
);

/**
 * The moment of a video that somebody has written, in seconds.
 *
 * @throws UserError `moment_unclear`.
 */
export function readMoment(text: string): number {
  const written = text.trim().toLowerCase();
  const [matched, hours = '0', minutes = '0', seconds = '0'] =
    CLOCK.exec(written) ?? UNITS.exec(written) ?? [];
  const moment = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds.replace(',', '.'));
  if (!matched || !Number.isFinite(moment)) throw new UserError({ code: 'moment_unclear', text });
  return moment;
}
