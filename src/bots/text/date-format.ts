import { LRUCache } from 'lru-cache';

// A formatter holds tens of kilobytes that V8 does not see, so that thousands of them stay for long. What is kept here changes
// nothing but that.
const formats = new LRUCache<string, Intl.DateTimeFormat>({ max: 200 });

/** The formatter of a language for these options, made once. */
export function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([locale, options]);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formats.set(key, known);
  return known;
}
