import type { Post } from '../publish/post.ts';
import { lastPublished } from '../publish/posts.ts';
import type { PostSignals } from '../publish/signals.ts';
import type { Store, Versioned } from '../storage/database.ts';
import { type Finding, ok, toDo, unknown } from './check.ts';

/** When TikTok's last webhook came that was signed with our secret. */
export interface WebhookRecord extends Versioned {
  /** Epoch milliseconds. */
  readonly at: number;
}

const KEY = 'tiktok';
/** It need not be known to the minute. */
const STEP_MS = 10 * 60_000;
/** TikTok repeats a webhook for a while until it is taken. */
const DELAY_MS = 3_600_000;

/** Remembers when TikTok's webhooks came, for whoever asks why posts are slow to be told of. */
export function createWebhookLog({ webhooks, now }: { webhooks: Store<WebhookRecord>; now: () => number }) {
  let noted: number | undefined;

  /** Takes note of one that is proven to be TikTok's. */
  async function note(): Promise<void> {
    const at = now();
    if (noted !== undefined && Math.abs(at - noted) < STEP_MS) return;
    noted = at;
    await webhooks.upsert(KEY, () => ({ at }));
  }

  const lastAt = async (): Promise<number | undefined> => (await webhooks.get(KEY))?.at;

  return { note, lastAt };
}

export type WebhookLog = ReturnType<typeof createWebhookLog>;

/** Whether TikTok tells of posts, as far as there were any to tell of. */
export async function checkWebhooks({
  webhookLog,
  posts,
  signals,
  publicUrl,
  now,
}: {
  webhookLog: Pick<WebhookLog, 'lastAt'>;
  posts: Pick<Store<Post>, 'find'>;
  signals: Pick<Store<PostSignals>, 'get'>;
  publicUrl: string;
  now: () => number;
}): Promise<Finding> {
  const post = await lastPublished(posts);
  const lastAt = await webhookLog.lastAt();
  // An older Nod counted those of each post, and kept no time.
  const isTold = post !== undefined && ((await signals.get(post.id))?.hints ?? 0) > 0;
  const since =
    lastAt === undefined ? undefined : new Date(lastAt).toISOString().slice(0, 16).replace('T', ' ');
  const isMissed =
    post !== undefined &&
    !isTold &&
    (lastAt === undefined || post.settledAt - lastAt > DELAY_MS) &&
    // One that has just gone out may still be told of.
    now() - post.settledAt > STEP_MS;
  if (isMissed)
    return toDo(
      `TikTok has told Nod of no post ${since === undefined ? 'yet' : `since ${since} UTC`}, though some went out: set the webhook callback URL to ${publicUrl}/webhooks/tiktok in TikTok’s developer portal.`,
    );
  if (since === undefined && isTold) return ok('TikTok has told Nod of its last post');
  if (since === undefined)
    return unknown('none has come yet, and nothing was posted that would have brought one');
  return ok(`the last one came at ${since} UTC`);
}
