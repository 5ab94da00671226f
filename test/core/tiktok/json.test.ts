import { expect, test } from 'vitest';
import { parseJsonLosslessly } from '../../../src/core/tiktok/http.ts';

test('keeps every digit of an integer beyond 2^53 as a string', () => {
  expect(parseJsonLosslessly('{"ids":[7602997517160123666,-9007199254740993,9007199254740992]}')).toEqual({
    ids: ['7602997517160123666', '-9007199254740993', '9007199254740992'],
  });
});

test('leaves all other values as JSON has them', () => {
  const text = '{"a":9007199254740991,"b":0.5,"c":1e30,"d":"7602997517160123666","e":[true,null]}';
  expect(parseJsonLosslessly(text)).toEqual(JSON.parse(text));
});

test('refuses what is not JSON', () => {
  expect(() => parseJsonLosslessly('<html>')).toThrow(SyntaxError);
});
