import { expect, it } from 'vitest';
import { problemText } from '../../../src/bots/text/problems.ts';
import { wordingOf } from '../../../src/bots/text/wording.ts';
import type { Problem } from '../../../src/core/problems.ts';

type Excess = Extract<Problem, { code: 'too_much_at_once' }>;

it.each<[Pick<Excess, 'what' | 'who' | 'max'>, string]>([
  [
    { what: 'drafts', who: 'person', max: 20 },
    'This was not taken: you have 20 open drafts, the most one person may have here. Post or discard some, then send it again; /tiktok cancel shows them.',
  ],
  [
    { what: 'drafts', who: 'place', max: 100 },
    'This was not taken: this place has 100 open drafts, the most one place may have. Some have to be posted or discarded first; /tiktok cancel shows yours. Then send it again.',
  ],
  [
    { what: 'files', who: 'person', max: 1 },
    'You have 1 file in work, the most one person may have at once. Send this again when some are done.',
  ],
  [
    { what: 'files', who: 'place', max: 200 },
    'This place has 200 files in work, the most one place may have at once. Send this again when some are done.',
  ],
  [
    { what: 'bytes', who: 'person', max: 1.5e9 },
    'Nod keeps up to 1.5 GB for one person, and this is more. Post or discard drafts first; their files are gone within two hours.',
  ],
  [
    { what: 'bytes', who: 'place', max: 5e8 },
    'Nod keeps up to 500.0 MB for one place, and this is more. Post or discard drafts first; their files are gone within two hours.',
  ],
])('says what to do about too much at once: %j', (excess, words) => {
  expect(problemText({ code: 'too_much_at_once', ...excess }, wordingOf('discord:1'))).toBe(words);
});

it('says where a code for joined chats is made', () => {
  const problem = { code: 'not_root' as const, root: 'Studio (Discord)' };
  expect(problemText(problem, wordingOf('telegram:-5'))).toBe(
    'Codes are made in Studio (Discord), whose rules hold here. Ask somebody who manages it.',
  );
});
