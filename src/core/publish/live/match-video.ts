import type { Video } from '../../tiktok/types.ts';
import type { Post } from '../post.ts';

/** TikTok tells of a text no more than 150 characters; one that is nearly as long may have been cut. */
const CUT_FROM = 140;
/** With so many characters a cut may end. */
const DOTS = 3;
const WINDOW_MS = 3_600_000;
/** By how much TikTok's clock and ours may differ. */
const CLOCKS_APART_MS = 5 * 60_000;
/** TikTok tells whole seconds, and may round them either way. */
const DURATION_TOLERANCE_SECONDS = 1.5;
/** Line breaks and other spaces of a caption do not all survive, nor do invisible characters but those that emoji are made of. */
const LOST = /[[\s\p{Cf}\p{DI}\u2800]--[\u200D\u{E0020}-\u{E007F}]]/gv;
const SEEN = /[^\s\p{Cf}\p{DI}\u2800]/v;

/**
 * The one video of a creator's list that is the post; undefined where there is none, or where it could be another.
 *
 * It has the post's caption and length, was created within an hour of when the post went live but not before it could go to
 * TikTok, and belongs to no other post of ours. `rivals` are our posts to the same account that have no id yet and may be in the list as well.
 */
export function matchVideo(
  post: Post & { readonly settledAt: number },
  videos: readonly Video[],
  { taken, rivals }: { taken: ReadonlySet<string>; rivals: readonly Post[] },
): Video | undefined {
  const begunAt = (post.readyAt ?? post.createdAt) - CLOCKS_APART_MS;
  const isNear = ({ createdAt }: Video) =>
    createdAt !== undefined && createdAt >= begunAt && Math.abs(createdAt - post.settledAt) <= WINDOW_MS;
  const found = videos.filter((video) => isNear(video) && !taken.has(video.id) && isAlike(post, video));
  const [video, ...others] = new Map(found.map((one) => [one.id, one])).values();
  if (video === undefined || others.length > 0) return undefined;
  return rivals.some((rival) => isAlike(rival, video)) ? undefined : video;
}

function isAlike({ content: { kind, caption }, media = [] }: Post, video: Video): boolean {
  return (
    hasText(caption, video.description ?? video.title ?? '') &&
    hasKind(kind, video) &&
    (kind === 'photo' || hasDuration(media[0]?.durationSeconds, video.durationSeconds))
  );
}

/** A post without words is like any other without words. */
function hasText(caption: string, shown: string): boolean {
  const [ours, theirs] = [bare(caption), bare(shown.replace(/(…|\.\.\.)$/, ''))];
  if (!SEEN.test(ours) || !SEEN.test(theirs)) return false;
  if (shown.length < CUT_FROM) return ours === bare(shown);
  // What has been cut shows no less than the beginning of ours: spaces and invisible characters alone do not make it long.
  return ours.startsWith(theirs) && theirs.length >= bare(caption.slice(0, CUT_FROM - DOTS)).length;
}

const bare = (text: string): string => text.normalize('NFKC').replace(LOST, '').toLowerCase();

/** A link names the kind; a photo post has no length. */
function hasKind(kind: 'photo' | 'video', { shareUrl = '', durationSeconds = 0 }: Video): boolean {
  const [, named] = /\/(photo|video)\/\d/.exec(shareUrl) ?? [];
  if (named !== undefined) return named === kind;
  return kind === 'video' || durationSeconds === 0;
}

const hasDuration = (ours: number | undefined, theirs: number | undefined): boolean =>
  ours === undefined || theirs === undefined || Math.abs(ours - theirs) <= DURATION_TOLERANCE_SECONDS;
