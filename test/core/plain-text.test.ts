import { describe, expect, it } from 'vitest';
import { plainCaption, plainFileName, plainName, plainText } from '../../src/core/plain-text.ts';

describe('a name', () => {
  it.each([
    ['a right-to-left override', 'Ana\u202Eneb', 'Ananeb'],
    ['isolates and embeddings', '\u2066An\u2067a\u2069 \u202AB\u202Ben\u202C', 'Ana Ben'],
    ['marks of direction', '\u200EAna\u200F\u061C', 'Ana'],
    ['control characters', 'A\0n\u0007a\u001b[31m\u0085', 'Ana[31m'],
    ['invisible characters', 'A\u200Bn\u00ADa\u2060\uFEFF\u034F\u180E\u3164\uFFA0', 'Ana'],
    ['notes between lines', 'A\uFFF9n\uFFFAa\uFFFB', 'Ana'],
    ['hidden letters', `Ana\u{E0041}\u{E0042}\u{E007F}`, 'Ana'],
    ['half characters', 'Ana\uD83D', 'Ana'],
  ])('loses %s', (_, text, plain) => expect(plainName(text)).toBe(plain));

  it.each([
    ['families and flags', 'Ana 👩‍👩‍👧 🏳️‍🌈 ❤️ 🇩🇪 👍🏽'],
    ['the flags that are spelled with tags', '🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} Isla'],
    ['joiners of Persian and Indic scripts', 'می‌خواهم क्‍ष'],
    ['variants of Han characters', '葛\u{E0100}城'],
    ['other scripts', 'Ñandú Šárka Ωmega Мир 小林 עידו سارة'],
    ['signs around Arabic numbers', '\u06DD\u0661'],
  ])('keeps %s', (_, text) => expect(plainName(text)).toBe(text));

  it('is one line with single blanks', () => {
    expect(plainName('  Ana\t\r\n of\u2028the\u00A0\u3000\u2800 Studio \u200B ')).toBe('Ana of the Studio');
  });

  it('has at most a hundred whole characters, and none that joins what was cut off', () => {
    expect(plainName('🦊'.repeat(200))).toBe('🦊'.repeat(100));
    expect(plainName(`${'a'.repeat(99)}‍👧`)).toBe('a'.repeat(99));
    expect(plainName(`${'a'.repeat(99)} b`)).toBe('a'.repeat(99));
    expect(plainName('a'.repeat(100))).toBe('a'.repeat(100));
  });

  it.each(['', '  ', '\u200B', '\u200D\uFE0F', '\u3164', '\u2800', '\u202E\u202C', '\0'])(
    'is empty where nothing can be seen: %j',
    (text) => expect(plainName(text)).toBe(''),
  );

  it('takes no time over a very long one', () => {
    for (const part of [' \u200D', '\u200D', ' \u200B', '.', '\u202E'])
      expect(plainName(`a${part.repeat(200_000)}a`).length).toBeLessThan(102);
  });
});

describe('the name of a file', () => {
  it.each([
    ['../../etc/a\u202Egnp.jpg', 'agnp.jpg'],
    ['C:\\photos\\a.png', 'a.png'],
    ['a\nb.png', 'a b.png'],
    ['/', ''],
    [`${'a'.repeat(300)}.jpeg`, `${'a'.repeat(95)}.jpeg`],
    ['b'.repeat(300), 'b'.repeat(100)],
  ])('%j becomes %j', (text, plain) => expect(plainFileName(text)).toBe(plain));
});

describe('a caption', () => {
  it('loses what turns it around, and control characters', () => {
    const text = ' \u202Egnihton\u202C ever \u2067buy\u2069\u0007 \u001b[1mnow\u0000\u0085 ';
    expect(plainCaption(text)).toBe('gnihton ever buy [1mnow');
  });

  it('keeps lines, tabs, emoji, and the marks that scripts from right to left need', () => {
    const text = 'One\n\n\ttwo 👩‍👧 \u200E!\u200F \u061C سلام\u200Cها';
    expect(plainCaption(text)).toBe(text);
  });

  it('has one kind of line breaks', () => {
    expect(plainText('a\r\nb\rc\n')).toBe('a\nb\nc\n');
  });
});
