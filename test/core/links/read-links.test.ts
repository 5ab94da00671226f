import { describe, expect, it } from 'vitest';
import { fileOfLink, isLinkRef, readLinks } from '../../../src/core/links/read-links.ts';

const A = 'https://files.example.com/a.mp4';
const B = 'https://files.example.com/b.jpg';

describe('the links of a text', () => {
  it.each([
    [A, [A], ''],
    [`  ${A}\n`, [A], ''],
    [`${A} ${B}`, [A, B], ''],
    [`${A}\n${B}\n${A}`, [A, B], ''],
    [`First light\n${A}`, [A], 'First light'],
    [`First ${A} light #surf`, [A], 'First light #surf'],
    [`${A}\n\nFirst light\nat sea`, [A], 'First light\nat sea'],
    [`See ${A}.`, [A], 'See .'],
    [`(${A})`, [A], ''],
    [`<${A}>`, [A], ''],
    [`||${A}||`, [A], ''],
    ['https://files.example.com/a_(1).mp4', ['https://files.example.com/a_(1).mp4'], ''],
    ['HTTPS://FILES.example.com/a.mp4', ['HTTPS://FILES.example.com/a.mp4'], ''],
    ['http://files.example.com/a.mp4', ['http://files.example.com/a.mp4'], ''],
    ['www.example.com/a.mp4', ['www.example.com/a.mp4'], ''],
    ['Read http://example.com today', [], 'Read http://example.com today'],
    [`http://example.com and ${A}`, [A], 'http://example.com and'],
    ['[clip](https://files.example.com/a.mp4)', [], '[clip](https://files.example.com/a.mp4)'],
    ['First light', [], 'First light'],
    ['me@www.example.com', [], 'me@www.example.com'],
    ['🌊', [], '🌊'],
    [`🌊 ${A}`, [A], '🌊'],
    ['', [], ''],
  ])('%j', (text, links, rest) => {
    expect(readLinks(text)).toEqual({ links, rest });
  });
});

describe('a link as a file', () => {
  it('has a name that people know it by, and no part that may keep strangers out', () => {
    expect(fileOfLink(`${A}?sig=secret`).name).toBe('a.mp4');
    expect(fileOfLink('https://files.example.com/x/My%20clip%2Fa.mov').name).toBe('a.mov');
    expect(fileOfLink('https://1drv.ms/v/s!Secret-token').name).toBe('1drv.ms');
    expect(fileOfLink('https://drive.google.com/file/d/Secret/view').name).toBe('drive.google.com');
    expect(fileOfLink('hello').name).toBe('link');
  });

  it('is known by a name from which nobody finds the link', () => {
    const { ref } = fileOfLink(A);
    expect(isLinkRef(ref)).toBe(true);
    expect(ref).not.toContain('example');
    expect(fileOfLink(A).ref).toBe(ref);
    expect(fileOfLink(B).ref).not.toBe(ref);
  });
});
