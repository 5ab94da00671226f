import type { EarlierPost } from '../../core/compose/earlier-post.ts';
import { isTakenDown, linksOf, type Post } from '../../core/publish/post.ts';
import type { Line } from '../platform.ts';
import { agoSpan, momentSpan } from '../text/format.ts';

/** Says on a draft's card that the same has gone to its account before, or is on its way there. */
export function earlierLines(
  { post, isSameFiles, isSameCaption }: EarlierPost,
  when: { timeZone: string; now: number },
): Line[] {
  const file = post.content.sources.length === 1 ? post.content.kind : 'files';
  const same = [...(isSameFiles ? [file] : []), ...(isSameCaption ? ['caption'] : [])].join(' and ');
  const [link] = linksOf(post);
  const text = `A post of ${post.author.name}’s with the same ${same} `;
  const state = stateWords(post, when);
  return link === undefined ? [[text, ...state, '.']] : [[text, ...state, ':'], [link]];
}

function stateWords(post: Post, { timeZone, now }: { timeZone: string; now: number }): Line {
  const { publishAt = 0 } = post;
  switch (post.status) {
    case 'published':
      return [
        'went live on this account ',
        agoSpan(post.settledAt, now),
        isTakenDown(post) ? ' and is no longer public' : '',
      ];
    case 'in_inbox':
      return ['went to the TikTok inbox of this account ', agoSpan(post.settledAt, now)];
    case 'unconfirmed':
      return [
        'went to TikTok ',
        agoSpan(post.createdAt, now),
        ' and was never confirmed: look at the account first',
      ];
    case 'in_review':
      return ['waits for approval'];
    case 'on_hold':
      return ['waits for its author to choose'];
    default:
      return publishAt > now
        ? ['is scheduled for this account, ', momentSpan(publishAt, now, timeZone)]
        : ['is on its way to this account'];
  }
}
