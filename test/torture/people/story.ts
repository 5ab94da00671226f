import { DetailedError } from 'tus-js-client';
import type { Random } from '../../fuzz/random.ts';
import { uploadWith } from '../../web/uploads/upload-stage.ts';
import type { World } from '../../world.ts';
import type { Made } from './files.ts';
import type { Persist } from './persist.ts';

/** What somebody posts, and what has to come of it. */
export interface Story {
  readonly caption: string;
  readonly files: readonly Made[];
  readonly what: string;
  /** `either` where it is cancelled so late that it may go out before; its card says which. */
  readonly end: 'published' | 'rejected' | 'cancelled' | 'discarded' | 'either';
}

export interface Telling {
  readonly world: World;
  readonly random: Random;
  readonly persist: Persist;
}

/** What the cards of posts say. */
export const LIVE = /✓ (Live on TikTok|Posted)/;
export const UNDER_WAY = /✓ (Live on TikTok|Posted)|^\**(Posting|Scheduled|Waiting)|wants to post/m;
export const CANCELLED = /^\**Cancelled/m;
export const ASKS = /wants to post/;

/** The link to the upload page. */
export const LINK = /https?:[^"\s]+\/upload\/[\w-]{32}/;

/** Whether all files are there. */
export const isFresh = (text: string): boolean => !/ {2}(on the way|being prepared)/.test(text);

/** Uploads as the page does, over all lives of Nod; begins again where another machine leads that has nothing of the file. */
export async function uploadTo(page: string, file: Made): Promise<void> {
  for (;;) {
    try {
      await uploadOnce(page, file);
      return;
    } catch (error) {
      if (!(error instanceof DetailedError) || error.originalResponse?.getStatus() !== 404) throw error;
    }
  }
}

async function uploadOnce(page: string, { bytes, name }: Made): Promise<void> {
  const { upload, done } = uploadWith(bytes, {
    endpoint: `${page}/files`,
    name,
    chunkSize: 4_000,
    retryDelays: Array.from({ length: 2_000 }, () => 200),
    // As the page does: what cannot be resumed just now is not begun anew.
    onUploadUrlAvailable: () => {
      upload.options.endpoint = null;
    },
  });
  upload.start();
  await done;
}
