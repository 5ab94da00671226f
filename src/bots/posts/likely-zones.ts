import { canonicalZone, defaultTimeZone } from '../../core/compose/parse-time.ts';

const MAX_ZONES = 6;

/** Where a language or a country has several zones, or one of its own is not what most of its people mean. */
const ZONES: Readonly<Record<string, readonly string[]>> = {
  '419': ['Mexico_City', 'Bogota', 'Lima', 'Santiago', 'Argentina/Buenos_Aires'].map(
    (city) => `America/${city}`,
  ),
  AU: ['Australia/Sydney', 'Australia/Brisbane', 'Australia/Adelaide', 'Australia/Perth'],
  BR: ['America/Sao_Paulo', 'America/Manaus', 'America/Fortaleza'],
  CA: ['America/Toronto', 'America/Winnipeg', 'America/Edmonton', 'America/Vancouver', 'America/Halifax'],
  CN: ['Asia/Shanghai'],
  DE: ['Europe/Berlin', 'Europe/Vienna', 'Europe/Zurich'],
  ES: ['Europe/Madrid', 'Atlantic/Canary'],
  FR: ['Europe/Paris', 'Europe/Brussels', 'America/Toronto'],
  ID: ['Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura'],
  MX: ['America/Mexico_City', 'America/Cancun', 'America/Tijuana'],
  PT: ['Europe/Lisbon', 'Atlantic/Azores'],
  RU: ['Europe/Moscow', 'Europe/Samara', 'Asia/Yekaterinburg', 'Asia/Novosibirsk', 'Asia/Vladivostok'],
  UA: ['Europe/Kyiv'],
  US: ['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles'],
};

/**
 * The time zones in which somebody most likely lives whose app speaks `locale`, as IANA names; after that of this machine,
 * where it is set to one.
 */
export function likelyZones(locale: string | undefined): string[] {
  const machine = defaultTimeZone();
  const zones = [...(machine === 'UTC' ? [] : [machine]), ...zonesOf(locale), 'UTC'];
  const known = zones.map(canonicalZone).filter((zone) => zone !== undefined);
  return [...new Set(known)].slice(0, MAX_ZONES);
}

function zonesOf(locale = 'en-US'): readonly string[] {
  try {
    const { region = 'US' } = new Intl.Locale(locale).maximize();
    const [first] = new Intl.Locale(`und-${region}`).getTimeZones?.() ?? [];
    return ZONES[region] ?? (first === undefined ? [] : [first]);
  } catch {
    // What an app calls its language may be no tag.
    return [];
  }
}
