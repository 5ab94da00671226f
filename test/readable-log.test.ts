import { expect, it } from 'vitest';
import { readableLine } from '../src/readable-log.ts';

const line = (fields: object) =>
  readableLine(JSON.stringify({ level: 30, time: Date.now(), pid: 1, hostname: 'a', ...fields }));

it('has the time, the level, the sentence and what belongs to it', () => {
  expect(line({ msg: 'Nod is ready', url: 'http://a' })).toMatch(
    /^\d\d:\d\d:\d\d {2}info {3}Nod is ready {2}url="http:\/\/a"\n$/,
  );
});

it('has the stack of an error below, indented', () => {
  const err = { type: 'Error', message: 'no', stack: 'Error: no\n    at a' };
  expect(line({ level: 50, msg: 'It failed', err })).toMatch(
    /ERROR {2}It failed\n {4}Error: no\n {8}at a\n$/,
  );
});

it('steers no terminal by what others have written', () => {
  const evil = '\u001b[2J\u009b31m\u202e';
  const text = line({ msg: evil, userAgent: evil, err: { stack: evil } });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
  expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
});
