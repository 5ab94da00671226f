import type { PostStatus } from '../publish/post.ts';

/**
 * Told of what can be counted. Nothing in it names a person, a place, a post or a file, and each of its words is one of a
 * few. What it is told must not throw.
 */
export interface Observer {
  /** A post has come to this status from another. */
  readonly postCame?: (status: PostStatus) => void;
  /** All media of an attempt have left, so long after their first byte. */
  readonly mediaLeft?: (tookMs: number) => void;
  readonly filePrepared?: (prepared: PreparedFile) => void;
  readonly entryCast?: (entry: CastEntry) => void;
  /** A file that came through an upload page is whole, or the code of why it will not be. */
  readonly uploadEnded?: (outcome: string) => void;
}

/** Work on a file that is over, with its wait for its turn. */
export interface PreparedFile {
  /** What was made of it, as far as it is known. */
  readonly kind: 'photo' | 'video' | 'video_encoded' | 'animation' | 'unknown';
  /** `refused` by the file's own fault. */
  readonly outcome: 'ok' | 'refused' | 'failed';
  readonly tookMs: number;
}

/** What somebody has added to a ballot, or tried to. */
export interface CastEntry {
  readonly platform: string;
  readonly vote: 'approve' | 'reject' | 'withdraw' | 'explain';
  readonly result: 'counted' | 'known' | 'late';
}
