import type { PostSettings, PublishRequest } from '../../../src/core/tiktok/types.ts';

/** Everything off, for oneself alone. */
export const quiet: PostSettings = {
  privacyLevel: 'SELF_ONLY',
  allowComment: false,
  allowDuet: false,
  allowStitch: false,
  yourBrand: false,
  brandedContent: false,
  aiGenerated: false,
};

/** A direct post of one video, but for what is given. */
export const publish = (overrides: Partial<PublishRequest> = {}): PublishRequest => ({
  kind: 'video',
  postMode: 'DIRECT_POST',
  caption: 'Hello',
  settings: quiet,
  mediaUrls: ['https://nod.example.com/m/1.mp4'],
  ...overrides,
});
