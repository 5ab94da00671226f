import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { parseJsonLosslessly } from './http.ts';
import { readPostIds } from './replies.ts';

interface About {
  openId?: string | undefined;
  /** When it happened, in seconds since 1970. */
  createTime: number;
}

type AccessRemovedReason =
  | 'unknown'
  | 'user_disconnected'
  | 'account_deleted'
  | 'age_changed'
  | 'account_banned'
  | 'developer_revoked';

export type TikTokWebhookEvent =
  | (About & { type: 'post.publish.failed'; publishId: string; reason?: string | undefined })
  | (About & { type: 'post.publish.complete' | 'post.publish.inbox_delivered'; publishId: string })
  | (About & {
      type: 'post.publish.publicly_available' | 'post.publish.no_longer_publicly_available';
      publishId: string;
      postId?: string | undefined;
    })
  | (About & { type: 'authorization.removed'; openId: string; reason: AccessRemovedReason })
  /** An event that Nod has no use for, or one of the above that lacks what it is about. */
  | (About & { type: 'other'; event: string });

/** A webhook that is not proven to be TikTok's, not fresh, or not readable: answer it with 4xx. */
export class WebhookRejectedError extends Error {
  override readonly name = 'WebhookRejectedError';
  readonly problem: 'signature' | 'age' | 'body';

  constructor(problem: 'signature' | 'age' | 'body') {
    super(SENTENCES[problem]);
    this.problem = problem;
  }
}

const SENTENCES = {
  signature:
    'The webhook is not signed with the client secret; check that the secret is that of the TikTok app.',
  age: 'The webhook was signed too long ago or ahead of now; check the clock of this machine.',
  body: 'The webhook is signed well but is not an event; look into the TikTok changelog.',
};

/**
 * Verifies a webhook on its raw bytes and says what happened. TikTok delivers at least once and in any order.
 * Throws `WebhookRejectedError`. https://developers.tiktok.com/doc/webhooks-verification
 */
export function verifyWebhook({
  rawBody,
  signatureHeader,
  clientSecret,
  now,
  toleranceSeconds = 300,
}: {
  rawBody: Uint8Array | string;
  /** The header `TikTok-Signature`: `t=<seconds>,s=<hex>`. */
  signatureHeader: string | undefined;
  clientSecret: string;
  /** Milliseconds since 1970. */
  now: number;
  toleranceSeconds?: number;
}): TikTokWebhookEvent {
  const { t, s } = readSignature(signatureHeader ?? '');
  const expected = createHmac('sha256', clientSecret).update(`${t}.`).update(rawBody).digest();
  if (!timingSafeEqual(expected, Buffer.from(s, 'hex'))) throw new WebhookRejectedError('signature');
  if (Math.abs(now / 1000 - Number(t)) > toleranceSeconds) throw new WebhookRejectedError('age');
  return readEvent(typeof rawBody === 'string' ? rawBody : Buffer.from(rawBody).toString('utf8'));
}

function readSignature(header: string) {
  const parts = new Map(
    header.split(',').map((part) => {
      const [name = '', ...value] = part.trim().split('=');
      return [name, value.join('=')] as const;
    }),
  );
  const t = parts.get('t') ?? '';
  const s = parts.get('s') ?? '';
  if (!/^\d{1,12}$/.test(t) || !/^[0-9a-f]{64}$/i.test(s)) throw new WebhookRejectedError('signature');
  return { t, s };
}

const envelope = z.object({
  event: z.string().min(1),
  create_time: z.number(),
  user_openid: z.string().min(1).optional().catch(undefined),
  content: z.string().catch('{}'),
});

const content = z
  .object({
    publish_id: z.string().min(1).optional().catch(undefined),
    post_id: z.unknown().optional(),
    reason: z
      .union([z.string().min(1), z.number()])
      .optional()
      .catch(undefined),
  })
  .catch({});

/** https://developers.tiktok.com/doc/webhooks-events */
function readEvent(body: string): TikTokWebhookEvent {
  const outer = envelope.safeParse(tryParse(body));
  if (!outer.success) throw new WebhookRejectedError('body');
  const { event, create_time: createTime, user_openid: openId } = outer.data;
  const inner = content.parse(tryParse(outer.data.content));
  const { publish_id: publishId, reason } = inner;
  const about: About = { createTime, openId };
  const other = { ...about, type: 'other', event } as const;

  switch (event) {
    case 'authorization.removed':
      return openId === undefined ? other : { ...about, type: event, openId, reason: whyRemoved(reason) };
    case 'post.publish.complete':
    case 'post.publish.inbox_delivered':
      return publishId === undefined ? other : { ...about, type: event, publishId };
    case 'post.publish.failed':
      if (publishId === undefined) return other;
      return { ...about, type: event, publishId, reason: typeof reason === 'string' ? reason : undefined };
    case 'post.publish.publicly_available':
    // TikTok spells it `publicaly` here and `publicly` in its Business API.
    case 'post.publish.no_longer_publicaly_available':
    case 'post.publish.no_longer_publicly_available': {
      if (publishId === undefined) return other;
      const [postId] = readPostIds(inner.post_id);
      const type =
        event === 'post.publish.publicly_available' ? event : 'post.publish.no_longer_publicly_available';
      return { ...about, type, publishId, postId };
    }
    default:
      return other;
  }
}

const REMOVED_REASONS: readonly AccessRemovedReason[] = [
  'unknown',
  'user_disconnected',
  'account_deleted',
  'age_changed',
  'account_banned',
  'developer_revoked',
];

function whyRemoved(reason: string | number | undefined): AccessRemovedReason {
  return REMOVED_REASONS[Number(reason ?? 0)] ?? 'unknown';
}

function tryParse(text: string): unknown {
  try {
    return parseJsonLosslessly(text);
  } catch {
    return undefined;
  }
}
