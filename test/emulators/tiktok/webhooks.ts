import { createHmac } from 'node:crypto';
import { Agent, fetch } from 'undici';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { EmulatorOptions } from './options.ts';
import type { Publish, State, WebhookRecord } from './state.ts';

type Parts = { state: State; clock: Clock; options: EmulatorOptions; faults: Faults; changed: () => void };
type Recipient = { clientKey: string; openId: string };
type Delivery = { record: WebhookRecord; url: string; secret: string; sent: () => void };

/** The value of the `TikTok-Signature` header: https://developers.tiktok.com/doc/webhooks-verification */
export function signWebhook({
  secret,
  timestamp,
  body,
}: {
  secret: string;
  timestamp: number;
  body: string;
}) {
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return `t=${timestamp},s=${signature}`;
}

/** Posts events to the webhook URL of the app until it answers 200, at growing intervals. */
export function createWebhooks({ state, clock, options, faults, changed }: Parts) {
  const agent = new Agent();
  const abort = new AbortController();
  let waiting: (() => Promise<void>) | undefined;

  const nowMs = () => (options.webhooks.realTime ? Date.now() : clock.now());

  /** Resolves when the event was sent once, or never will be. */
  async function send(
    { clientKey, openId }: Recipient,
    event: string,
    content: Record<string, unknown>,
    delayMs = options.webhooks.delayMsOf[event] ?? options.webhooks.delayMs,
  ) {
    const app = state.apps.find((one) => one.clientKey === clientKey);
    if (!app?.webhookUrl) return;
    const { webhookUrl, clientSecret } = app;
    const body = JSON.stringify({
      client_key: clientKey,
      event,
      create_time: Math.floor(nowMs() / 1000),
      user_openid: openId,
      content: JSON.stringify(content),
    });
    const record: WebhookRecord = { event, clientKey, body, content, attempts: [], delivered: false };
    state.webhooks.push(record);
    changed();
    if (faults.takeWebhook('webhook-lost', event)) return;
    const { promise: isSent, resolve: sent } = Promise.withResolvers<void>();
    const deliver = () => post({ record, url: webhookUrl, secret: clientSecret, sent });
    const depart = async () => {
      await deliver();
      if (faults.takeWebhook('webhook-duplicate', event)) await deliver();
      const overtaken = waiting;
      waiting = undefined;
      await overtaken?.();
    };
    // A reordered event leaves after the next one has arrived.
    if (!waiting && faults.takeWebhook('webhook-reorder', event)) waiting = deliver;
    else if (delayMs === 0) void depart();
    else clock.after(delayMs, () => void depart());
    return isSent;
  }

  async function post({ record, url, secret, sent }: Delivery) {
    const isForged = faults.takeWebhook('webhook-bad-signature', record.event) !== undefined;
    const ageSeconds = faults.takeWebhook('webhook-old-timestamp', record.event) ? 3600 : 0;
    for (let tries = 0; tries < options.webhooks.attempts; tries += 1) {
      if (tries > 0) await clock.wait(options.webhooks.retryMs * 2 ** (tries - 1));
      if (abort.signal.aborted) return;
      const timestamp = Math.floor(nowMs() / 1000) - ageSeconds;
      const key = isForged ? `${secret}-forged` : secret;
      const signature = signWebhook({ secret: key, timestamp, body: record.body });
      const isDelivered = await attempt(record, url, signature);
      sent();
      if (isDelivered) return;
    }
  }

  async function attempt(record: WebhookRecord, url: string, signature: string) {
    const one: WebhookRecord['attempts'][number] = { at: clock.now(), signature };
    record.attempts.push(one);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'TikTok-Signature': signature },
        body: record.body,
        redirect: 'manual',
        dispatcher: agent,
        signal: abort.signal,
      });
      one.status = response.status;
      await response.arrayBuffer();
    } catch (error) {
      one.error = error instanceof Error ? error.message : String(error);
    }
    if (one.status === 200) record.delivered = true;
    changed();
    return one.status === 200;
  }

  return {
    send,
    /** An event about a publish; direct posts and drafts differ in `publish_type`. */
    announce(publish: Publish, event: string, extra: Record<string, unknown> = {}, delayMs?: number) {
      const publishType = publish.mode === 'DIRECT_POST' ? 'DIRECT_PUBLISH' : 'INBOX_SHARE';
      const content = { publish_id: publish.publishId, publish_type: publishType, ...extra };
      return send(publish, event, content, delayMs);
    },
    async close() {
      abort.abort();
      await agent.destroy();
    },
  };
}

export type Webhooks = ReturnType<typeof createWebhooks>;
