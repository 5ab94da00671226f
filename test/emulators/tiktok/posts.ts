/*
 * The posts on creators' profiles, as `video.list` lets an app read them.
 *
 * Faithful: newest first, public posts only, also those that no app made; an id stays when a post is public again.
 * Simplified: numbers change by `setCounts` only; posts that were made in the app have the size of a phone's video.
 * Missing: private posts that never were public, deleted posts, pinned posts.
 */
import type { Clock } from './clock.ts';
import type { EmulatorOptions } from './options.ts';
import { type Creator, type Post, type PostCounts, type Publish, randomInt64, type State } from './state.ts';

type Parts = { state: State; clock: Clock; options: EmulatorOptions; changed: () => void };

const noCounts: PostCounts = { views: 0, likes: 0, comments: 0, shares: 0 };

/** What stands on the creators' profiles. */
export function createPosts({ state, clock, options, changed }: Parts) {
  function find(postId: string) {
    const post = state.posts.find((one) => one.id === postId);
    if (!post) throw new Error(`The emulator has no post "${postId}".`);
    return post;
  }

  return {
    /** The post that a publish becomes. */
    addOf(publish: Publish, id: string, createdAt: number) {
      const kind = publish.mediaType === 'PHOTO' ? 'photo' : 'video';
      const { title = '', description = title } = publish.postInfo;
      const [media] = publish.media;
      const flat = (text: unknown) => (options.flattenCaptions ? flatten(String(text)) : String(text));
      state.posts.push({
        id,
        creator: publish.creator,
        kind,
        title: flat(title),
        caption: flat(description),
        durationSeconds: Math.round(media?.durationSeconds ?? 0),
        width: media?.width ?? 0,
        height: media?.height ?? 0,
        createdAt,
        isPublic: true,
        counts: { ...noCounts },
        publishId: publish.publishId,
      });
      changed();
    },

    /** The person posts in TikTok's own app; no app hears of it. */
    postInApp({
      creator = state.creators[0]?.username ?? '',
      caption = '',
      kind = 'video',
      durationSeconds = 10,
      createdAt = clock.now(),
    }: {
      creator?: string;
      caption?: string;
      kind?: 'video' | 'photo';
      durationSeconds?: number;
      createdAt?: number;
    } = {}): Post {
      const post: Post = {
        id: randomInt64(),
        creator,
        kind,
        title: kind === 'video' ? caption : '',
        caption,
        durationSeconds: kind === 'video' ? durationSeconds : 0,
        width: 1080,
        height: 1920,
        createdAt,
        isPublic: true,
        counts: { ...noCounts },
      };
      state.posts.push(post);
      changed();
      return post;
    },

    setCounts(postId: string, counts: Partial<PostCounts>) {
      Object.assign(find(postId).counts, counts);
      changed();
    },

    /** What an app with `video.list` may read, newest first. */
    listPublic({ username, listsPhotos }: Creator): Post[] {
      return state.posts
        .filter(
          (post) => post.creator === username && post.isPublic && (listsPhotos || post.kind === 'video'),
        )
        .reverse()
        .sort((one, other) => other.createdAt - one.createdAt);
    },
  };
}

export type Posts = ReturnType<typeof createPosts>;

function flatten(text: string) {
  return text.replace(/\s*\n\s*/g, ' ');
}
