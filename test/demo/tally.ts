import type { Publish, TikTokEmulator } from '../emulators/tiktok/index.ts';

const INITS = new Set(['video/init', 'inbox/video/init', 'content/init']);

/** Counts what TikTok gets from now on. */
export function startTally({ state }: TikTokEmulator) {
  const before = { publishes: state.publishes.length, inits: countInits() };
  const publishes = () => state.publishes.slice(before.publishes);

  function countInits(): number {
    return state.requests.filter(({ endpoint }) => endpoint !== undefined && INITS.has(endpoint)).length;
  }

  /** What a post of this kind came to. */
  function read(kind: 'photo' | 'video') {
    const all = publishes();
    const publish = all.findLast((one) => one.media.length > 0) ?? all.at(-1);
    return {
      kind: publish === undefined ? kind : publish.mediaType === 'PHOTO' ? 'photo' : 'video',
      published: countPublished(all),
      publishId: publish?.publishId ?? null,
      postIds: publish?.postIds ?? [],
      caption: captionOf(publish),
      inits: countInits() - before.inits,
      media: all
        .flatMap(({ media }) => media)
        .map(({ contentType, bytes, sha256, width, height, durationSeconds, metadata }) => ({
          contentType,
          bytes,
          sha256,
          width,
          height,
          durationSeconds,
          metadata,
        })),
    } as const;
  }

  return { publishes, read };
}

/** A photo post has it as its description, a video as its title. */
function captionOf(publish: Publish | undefined): string | null {
  const { description, title } = publish?.postInfo ?? {};
  return [description, title].find((text) => typeof text === 'string') ?? null;
}

export type Tally = ReturnType<typeof startTally>;

/** How many of them have media and did not fail: each of these is a post, or is about to be one. */
export const countPublished = (publishes: readonly Publish[]): number =>
  publishes.filter(({ status, fetches }) => status !== 'FAILED' && fetches.some(({ bytes }) => bytes > 0))
    .length;
