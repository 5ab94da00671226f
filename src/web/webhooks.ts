import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { Accounts } from '../core/accounts/accounts.ts';
import type { WebhookLog } from '../core/doctor/webhooks.ts';
import type { AccountName, ChatRef } from '../core/people.ts';
import type { PublicNews, Signals } from '../core/publish/signals.ts';
import { type TikTokWebhookEvent, verifyWebhook, WebhookRejectedError } from '../core/tiktok/webhook.ts';

/** Told once an account is gone, with the chats whose people should know, and how it was called. */
export type OnAccountRemoved = (
  openId: string,
  chats: readonly ChatRef[],
  account: AccountName,
) => Promise<void>;

/**
 * `/webhooks/tiktok`. TikTok repeats an event until it gets a 200, in any order, so each one only leaves a note.
 * https://developers.tiktok.com/doc/webhooks-overview
 */
export function createWebhookRoutes({
  clientSecret,
  signals,
  webhookLog,
  accounts,
  onAccountRemoved,
  now,
  log,
}: {
  clientSecret: string;
  signals: Pick<Signals, 'hint'>;
  webhookLog: Pick<WebhookLog, 'note'>;
  accounts: Pick<Accounts, 'get' | 'remove' | 'check'>;
  onAccountRemoved: OnAccountRemoved;
  now: () => number;
  log: Logger;
}) {
  const routes = new Hono();

  routes.post('/webhooks/tiktok', async (c) => {
    // The signature is over the bytes as they came.
    const rawBody = new Uint8Array(await c.req.arrayBuffer());
    const event = read(rawBody, c.req.header('tiktok-signature'));
    if (event === undefined) return c.text('Unauthorized', 401);
    await take(event);
    await webhookLog.note();
    return c.text('OK');
  });

  function read(rawBody: Uint8Array, signatureHeader: string | undefined): TikTokWebhookEvent | undefined {
    try {
      return verifyWebhook({ rawBody, signatureHeader, clientSecret, now: now() });
    } catch (error) {
      if (!(error instanceof WebhookRejectedError)) throw error;
      log.warn({ problem: error.problem }, error.message);
      return undefined;
    }
  }

  async function take(event: TikTokWebhookEvent): Promise<void> {
    if (event.type === 'other') {
      log.debug({ event: event.event }, 'TikTok sent an event that is of no use here');
    } else if (event.type === 'authorization.removed') {
      await removeAccount(event);
    } else {
      const isOurs = await signals.hint(event.publishId, newsOf(event));
      log.info({ event: event.type, publishId: event.publishId, isOurs }, 'TikTok announced news of a post');
    }
  }

  async function removeAccount(event: TikTokWebhookEvent & { type: 'authorization.removed' }) {
    const { openId, reason, createTime } = event;
    const account = await accounts.get(openId);
    // A late or repeated event must not take away what a person has connected since; TikTok knows, whatever our clock says.
    if (account !== undefined && account.connectedAt >= (createTime + 1) * 1000) return checkAccount(openId);
    const chats = await accounts.remove(openId);
    log.info({ openId, reason, chats: chats.length }, 'TikTok ended the access to an account');
    if (account === undefined || chats.length === 0) return;
    // The account is gone by now: a repetition of the event would find nobody to tell.
    await onAccountRemoved(openId, chats, account).catch((error: unknown) => {
      log.error({ err: error, openId }, 'The chats could not be told that an account is gone');
    });
  }

  /** Where it is lost its places are told of it as of every lost access. */
  async function checkAccount(openId: string): Promise<void> {
    await accounts.check(openId).catch((error: unknown) => {
      log.warn(
        { err: error, openId },
        'TikTok has ended an access to an account, and may not give another one',
      );
    });
  }

  return routes;
}

/** What an event tells of a public id. */
function newsOf(event: TikTokWebhookEvent): PublicNews | undefined {
  const isPublic = event.type === 'post.publish.publicly_available';
  if (!isPublic && event.type !== 'post.publish.no_longer_publicly_available') return undefined;
  const { postId, createTime: since } = event;
  return postId === undefined ? undefined : { postId, isPublic, since };
}
