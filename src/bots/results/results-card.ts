import type { Account } from '../../core/accounts/accounts.ts';
import { isTakenDown, latestResults, linksOf, type PostIn } from '../../core/publish/post.ts';
import { mayReadResults, sumOf } from '../../core/results/read-results.ts';
import type { Card, Line } from '../platform.ts';
import { accountName, agoSpan, countOf, excerptOf, momentSpan, postName } from '../text/format.ts';
import { note } from '../text/messages.ts';
import type { Wording } from '../text/wording.ts';
import { countsText, resultsText } from './result-words.ts';

type Live = PostIn<'published'>;

/** With these ten posts stay below the 4,096 characters of a message. */
const NAME_LENGTH = 50;
const ACCOUNT_LENGTH = 40;
/** A longer one would be no link to a post. */
const MAX_LINK_LENGTH = 120;

export interface ResultsView {
  /** Newest first. */
  readonly posts: readonly Live[];
  /** Those that the place shares. */
  readonly accounts: readonly Account[];
  readonly wording: Wording;
  /** IANA name. */
  readonly timeZone: string;
  readonly now: number;
}

/** How the last posts did, what is not known of them, and how to get it. */
export function resultsCard(view: ResultsView): Card {
  const { posts, wording, now } = view;
  if (posts.length === 0) return note(`Nothing has gone live from here yet. ${wording.toPost}`);
  const lines = posts.flatMap((post): Line[] => [
    [],
    [{ text: postName(post, NAME_LENGTH), style: 'bold' }, '  ', agoSpan(post.settledAt, now)],
    [...stateOf(post, view), ` · ${nameOf(post)}`],
    ...linkLines(post),
  ]);
  return {
    lines: [[{ text: 'How your posts did', style: 'bold' }], ...lines, ...missingLines(view)],
    rows: [],
  };
}

/** Says that nothing is known here at all; who manages the place also, what to do about it. */
export const resultsOffCard = ({ isManager }: { isManager: boolean }): Card => ({
  lines: [['This Nod does not read how posts do.'], ...(isManager ? [TO_TURN_ON] : [])],
  rows: [],
});

const TO_TURN_ON: Line = [
  'Its operator turns that on with ',
  { text: 'TIKTOK_STATS=true', style: 'code' },
  ', once TikTok has approved the scope ',
  { text: 'video.list', style: 'code' },
  ' for the app.',
];

function stateOf(post: Live, { accounts, timeZone, now }: ResultsView): Line {
  const results = latestResults(post);
  if (results !== undefined)
    return [`${isTakenDown(post) ? 'no longer public · ' : ''}${resultsText(post, results)}`];
  const { postIds, nextResultsAt, content } = post;
  const { privacyLevel } = content.settings;
  if (isTakenDown(post)) return ['no longer public'];
  if (postIds.length === 0 && privacyLevel !== undefined && privacyLevel !== 'PUBLIC_TO_EVERYONE')
    return ['not public, so there are no numbers'];
  if (!mayReadResults(accounts.find(({ openId }) => openId === content.openId)))
    return ['no numbers, see below'];
  if (nextResultsAt !== undefined && nextResultsAt > now)
    return ['no numbers yet; Nod looks ', momentSpan(nextResultsAt, now, timeZone)];
  return [postIds.length === 0 ? 'TikTok has not told which post it is' : 'TikTok tells no numbers of it'];
}

/** The accounts of these posts that tell no numbers, each once. */
function missingLines({ posts, accounts, wording }: ResultsView): Line[] {
  const { slash, managers } = wording;
  const ids = [...new Set(posts.map(({ content }) => content.openId))];
  const lines = ids.flatMap((openId): Line[] => {
    const account = accounts.find((one) => one.openId === openId);
    const post = posts.find(({ content }) => content.openId === openId);
    if (post === undefined || mayReadResults(account)) return [];
    const why =
      account === undefined || account.expired
        ? 'is not connected any more'
        : 'was connected without the right to read numbers';
    return [[`${nameOf(post)} ${why}. With ${slash}connect, ${managers} can add it.`]];
  });
  return lines.length === 0 ? [] : [[], ...lines];
}

const nameOf = ({ account }: Live): string => excerptOf(accountName(account), ACCOUNT_LENGTH);

function linkLines(post: Live): Line[] {
  const [link] = linksOf(post);
  return link === undefined || link.length > MAX_LINK_LENGTH ? [] : [[link]];
}

/** How the posts of a week did together, and which did best; there is one at least. */
export function digestCard(posts: readonly Live[], { slash }: Wording): Card {
  const known = posts.flatMap((post) => {
    const results = latestResults(post);
    return results === undefined ? [] : [{ post, results }];
  });
  const sum = sumOf(known.map(({ results }) => results));
  const [best] = known.toSorted((a, b) => b.results.views - a.results.views);
  const heading: Line = [
    { text: 'Last week on TikTok', style: 'bold' },
    ` · ${countOf(posts.length, 'post')}`,
  ];
  if (sum === undefined || best === undefined)
    return { lines: [heading, [`No numbers are known of them; ${slash}results says why.`]], rows: [] };
  const of = known.length === posts.length ? '' : ` · of ${countOf(known.length, 'post')}`;
  const { post, results } = best;
  const bestLines: Line[] = [
    [],
    ['Most watched: ', { text: postName(post, NAME_LENGTH), style: 'bold' }, ` · ${nameOf(post)}`],
    [resultsText(post, results)],
    ...linkLines(post),
  ];
  return { lines: [heading, [`${countsText(sum)}${of}`], ...bestLines], rows: [] };
}
