import { isIP } from 'node:net';
import type { Store, Versioned } from '../../storage/database.ts';
import type { Post } from '../post.ts';

export const VIDEO_TRANSFERS = ['pull', 'upload', 'auto'] as const;

/** How videos get to TikTok: it pulls them from us, they are uploaded, or whichever of the two goes. */
export type VideoTransfer = (typeof VIDEO_TRANSFERS)[number];

/** TikTok has refused to pull from an address. */
export type UnverifiedAddress = Versioned & {
  /** Epoch milliseconds. */
  readonly at: number;
};

/** Why TikTok cannot pull from us, as far as is known. */
export type PullObstacle = 'not_public' | 'not_verified';

export const FETCHED_ALONE = 'TikTok takes photos in no other way than by fetching them from there.';

/** What an obstacle means for photos, and what the operator does. */
export const PHOTO_OBSTACLES: Readonly<Record<PullObstacle, string>> = {
  not_public:
    'TikTok fetches photos from this Nod, and takes them in no other way, but its address is not public. ' +
    'The operator sets PUBLIC_URL to a public https address and verifies it in TikTok’s developer portal.',
  not_verified:
    'TikTok has not verified the address that Nod serves media from. ' +
    `The operator verifies it in TikTok’s developer portal under “URL properties”. ${FETCHED_ALONE}`,
};

/** The operator may verify it at any time, which nobody tells us. */
const REMEMBERED_MS = 24 * 3_600_000;

/** Decides by which way the media of an attempt get to TikTok, from what its answers have taught. */
export function createTransferChoice({
  mode,
  publicUrl,
  addresses,
  now,
}: {
  mode: VideoTransfer;
  publicUrl: string;
  addresses: Store<UnverifiedAddress>;
  now: () => number;
}) {
  /** Photos are always pulled, for TikTok takes them in no other way; undefined is a pull. */
  async function choose({ content, pullFailed }: Post): Promise<'upload' | undefined> {
    if (content.kind === 'photo' || mode === 'pull') return undefined;
    if (mode === 'upload' || pullFailed) return 'upload';
    return (await obstacle()) === undefined ? undefined : 'upload';
  }

  /** Why TikTok will pull nothing from us; undefined where nothing is known to be in its way. */
  async function obstacle(): Promise<PullObstacle | undefined> {
    if (!isPullable(publicUrl)) return 'not_public';
    const refused = await addresses.get(publicUrl);
    const holds = refused !== undefined && refused.at <= now() && now() - refused.at < REMEMBERED_MS;
    return holds ? 'not_verified' : undefined;
  }

  /** Notes that TikTok has refused to pull from our address; whether another attempt at the post goes another way. */
  async function learnUnverified({ content }: Post): Promise<boolean> {
    await addresses.upsert(publicUrl, () => ({ at: now() }));
    return mode === 'auto' && content.kind === 'video';
  }

  /** What an obstacle means for posts, as a sentence. */
  const consequence =
    mode === 'pull'
      ? 'Neither photos nor videos can be posted until then.'
      : 'Videos are uploaded; photos, which TikTok takes in no other way, cannot be posted until then.';

  return { choose, obstacle, learnUnverified, consequence };
}

export type TransferChoice = ReturnType<typeof createTransferChoice>;

/** Names that lead nowhere from outside: https://www.iana.org/assignments/special-use-domain-names */
const LOCAL_NAME = /\.(?:local|localhost|internal|test|example|invalid|onion|home\.arpa)\.?$/;

/**
 * Whether TikTok would pull from an address: https, and a public name, no IP.
 * https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
 */
export function isPullable(publicUrl: string): boolean {
  const url = URL.parse(publicUrl);
  if (url === null || url.protocol !== 'https:') return false;
  const { hostname } = url;
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
  return !isAddress && hostname.includes('.') && !LOCAL_NAME.test(hostname);
}
