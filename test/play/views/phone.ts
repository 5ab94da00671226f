import type { Publish } from '../../emulators/tiktok/index.ts';
import type { Playground } from '../playground.ts';
import type { PhonePost, PhoneView } from './shapes.ts';

/** What TikTok's app shows on the phone: each account with its posts, newest first, and the drafts in its inbox. */
export function viewPhone({ tiktok }: Playground): PhoneView {
  const { creators, publishes, posts, grants } = tiktok.state;
  const profiles = creators.map(({ username, nickname }) => {
    const own = publishes.filter(({ creator }) => creator === username);
    const mine = posts.filter(({ creator, publishId }) => creator === username && publishId === undefined);
    const shown = own.flatMap((publish) => viewPublish(publish, posts));
    const inApp = mine.map(
      (post): PhonePost => ({
        key: post.id,
        publishId: undefined,
        kind: post.kind,
        title: '',
        caption: post.caption,
        media: [],
        cover: 0,
        state: post.isPublic ? 'public' : 'gone',
        counts: post.counts,
        at: post.createdAt,
        postId: post.id,
      }),
    );
    const all = [...shown, ...inApp].sort((one, other) => other.at - one.at);
    return {
      username,
      nickname,
      isConnected: grants.some(({ creator }) => creator === username),
      likes: all.reduce((sum, { counts }) => sum + (counts?.likes ?? 0), 0),
      views: all.reduce((sum, { counts }) => sum + (counts?.views ?? 0), 0),
      posts: all.filter(({ state }) => state !== 'inbox'),
      inbox: all.filter(({ state }) => state === 'inbox'),
    };
  });
  return { profiles };
}

function viewPublish(publish: Publish, posts: Playground['tiktok']['state']['posts']): PhonePost[] {
  const own = posts.filter(({ publishId }) => publishId === publish.publishId);
  if (own.length > 0) return own.map((post) => viewOne(publish, post.isPublic ? 'public' : 'gone', post));
  const state = stateOf(publish);
  return state === undefined ? [] : [viewOne(publish, state)];
}

/** How far it is; nothing of what came to nothing. */
function stateOf({ status, postInfo }: Publish): PhonePost['state'] | undefined {
  if (status === 'FAILED') return undefined;
  if (status === 'SEND_TO_USER_INBOX') return 'inbox';
  if (status !== 'PUBLISH_COMPLETE') return 'underway';
  const level = postInfo.privacy_level;
  if (level === 'SELF_ONLY') return 'private';
  return level === 'PUBLIC_TO_EVERYONE' || level === undefined ? 'checking' : 'friends';
}

function viewOne(
  publish: Publish,
  state: PhonePost['state'],
  post?: Playground['tiktok']['state']['posts'][number],
): PhonePost {
  const { postInfo, publishId } = publish;
  const text = (name: string): string => (typeof postInfo[name] === 'string' ? String(postInfo[name]) : '');
  const isPhoto = publish.mediaType === 'PHOTO';
  return {
    key: post?.id ?? publishId,
    publishId,
    postId: post?.id,
    kind: isPhoto ? 'photo' : 'video',
    title: isPhoto ? text('title') : '',
    caption: isPhoto ? text('description') : text('title'),
    media: publish.media.map(({ contentType }, index) => ({
      url: `/media/tiktok/${encodeURIComponent(publishId)}/${index}`,
      type: contentType ?? '',
    })),
    cover: isPhoto ? (publish.photoCoverIndex ?? 0) : (publish.videoCoverMs ?? 0) / 1_000,
    state,
    counts: post?.counts,
    at: post?.createdAt ?? publish.createdAt,
  };
}
