import { describe, expect, it } from 'vitest';
import { problemText } from '../../../src/bots/text/problems.ts';
import { wordingOf } from '../../../src/bots/text/wording.ts';
import { APPLIES, notNow, type PostVerb } from '../../../src/core/publish/verbs.ts';
import { POSTS } from '../../core/posts.ts';

const VERBS = Object.keys(APPLIES) as PostVerb[];
const LINK = 'https://www.tiktok.com/@studio.ana/photo/7602997517160123666';

const said = (verb: PostVerb, status: keyof typeof POSTS): string =>
  problemText(notNow(verb, POSTS[status]).problem, wordingOf('telegram:1'));

describe.each(VERBS)('to %s', (verb) => {
  const others = Object.values(POSTS).filter(({ status }) => !APPLIES[verb].some((one) => one === status));

  it.each(others.map(({ status }) => status))('says how a post is that is %s, and what to do', (status) => {
    expect(said(verb, status)).toMatch(/^[A-Z][^.]+\. [A-Z“].+\.$/);
  });
});

it('gives the link of a post that is live instead of changing it', () => {
  const post = { ...POSTS.published, postIds: ['7602997517160123666'] };
  expect(problemText(notNow('edit', post).problem, wordingOf('telegram:1'))).toBe(
    `It is live already: ${LINK} What is posted is changed or deleted in the TikTok app.`,
  );
  expect(said('edit', 'in_inbox')).toBe(
    'It is in the TikTok inbox already. Finish or delete it there, in the TikTok app.',
  );
  expect(said('cancel', 'rejected')).toBe('It was not approved. There is nothing to cancel.');
  expect(said('vote', 'withdrawn')).toBe('It was taken back to change it. This is no longer open for votes.');
});

it.each([
  ['published', `It is live already: ${LINK}`],
  ['rejected', 'It was not approved.'],
  ['processing', 'This is on its way already.'],
] as const)('says of a draft whose post is %s how that is', (status, words) => {
  const links = status === 'published' ? [LINK] : [];
  const problem = { code: 'draft_already_submitted', status, links } as const;
  expect(problemText(problem, wordingOf('telegram:1'))).toBe(words);
});

it('says how the post is in which another one goes on', () => {
  const problem = { code: 'goes_on', status: 'published', links: [LINK] } as const;
  expect(problemText(problem, wordingOf('telegram:1'))).toBe(
    `It is live already: ${LINK} It went on in a newer card.`,
  );
});
