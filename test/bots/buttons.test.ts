import { expect, it } from 'vitest';
import { accountKey, decodePress, encodePress, type Press } from '../../src/bots/buttons.ts';

it.each<Press>([
  { on: 'draft', id: 'abc-_123', verb: 'privacy', argument: 'PUBLIC_TO_EVERYONE' },
  { on: 'post', id: 'abc', verb: 'cancel' },
  { on: 'list', id: 'queue', verb: 'page', argument: '2' },
  { on: 'account', id: accountKey('-000_long-open-id'), verb: 'disconnect' },
])('brings $on $verb back as it was sent', (press) => {
  expect(decodePress(encodePress(press))).toEqual(press);
});

it.each(['', 'x', 'd', 'd:', 'd::post', 'z:abc:post'])('does not know "%s"', (data) => {
  expect(decodePress(data)).toBeUndefined();
});

it('stands for an account in a few letters', () => {
  expect(accountKey('one')).toMatch(/^[\w-]{10}$/);
  expect(accountKey('one')).not.toBe(accountKey('two'));
});
