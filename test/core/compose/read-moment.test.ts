import { expect, it } from 'vitest';
import { readMoment } from '../../../src/core/compose/parse-time.ts';
import { UserError } from '../../../src/core/problems.ts';

it.each([
  ['1:05', 65],
  ['65', 65],
  ['1 min 5 s', 65],
  ['0:01:05', 65],
  ['01:05', 65],
  ['1:05.5', 65.5],
  ['7,25', 7.25],
  ['65s', 65],
  ['65 sec.', 65],
  [' 2 MIN ', 120],
  ['1m5s', 65],
  ['1 h 2 min', 3720],
  ['1 minute 5 seconds', 65],
  ['0', 0],
  ['0:00', 0],
])('reads %s as %d seconds', (text, seconds) => {
  expect(readMoment(text)).toBe(seconds);
});

it.each([
  '',
  ' ',
  'soon',
  '1:',
  ':05',
  '-5',
  '1:05:',
  '1:2:3:4',
  '5 apples',
  '1 min 5 min',
  '1e3',
  '0x10',
  '∞',
])('asks again about “%s”', (text) => {
  expect(() => readMoment(text)).toThrow(UserError);
});

it('takes no endless number for a moment, and reads a long text at once', () => {
  expect(() => readMoment('9'.repeat(400))).toThrow(UserError);
  expect(() => readMoment(`${'1 '.repeat(5_000)}x`)).toThrow(UserError);
});
