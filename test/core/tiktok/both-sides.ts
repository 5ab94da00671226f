import { createServer } from 'node:http';
import sharp from 'sharp';
import { createTikTokClient } from '../../../src/core/tiktok/client.ts';
import { TikTokApiError } from '../../../src/core/tiktok/errors.ts';
import { type TikTokWebhookEvent, verifyWebhook } from '../../../src/core/tiktok/webhook.ts';
import { startTikTokEmulator } from '../../emulators/tiktok/index.ts';

export const REDIRECT_URI = 'https://nod.example.com/oauth/tiktok/callback';

/** Starts TikTok, our side of the internet (a photo for every URL, and the webhook) and a client between them. */
export async function startBothSides() {
  const photo = await sharp({ create: { width: 64, height: 96, channels: 3, background: '#4080c0' } })
    .jpeg()
    .toBuffer();
  const events: TikTokWebhookEvent[] = [];
  const ours = createServer(async (request, response) => {
    if (request.method !== 'POST') {
      const headers = { 'content-type': 'image/jpeg', 'content-length': photo.length };
      response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : photo);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const signature = request.headers['tiktok-signature'];
    events.push(
      verifyWebhook({
        rawBody: Buffer.concat(chunks),
        signatureHeader: typeof signature === 'string' ? signature : undefined,
        clientSecret: tiktok.app.clientSecret,
        now: tiktok.clock.now(),
      }),
    );
    response.end();
  });
  await new Promise<void>((resolve) => ours.listen(0, '127.0.0.1', resolve));
  const address = ours.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const ourUrl = `http://127.0.0.1:${address.port}`;

  const tiktok = await startTikTokEmulator({
    app: {
      redirectUris: [REDIRECT_URI],
      urlProperties: [{ type: 'prefix', value: `${ourUrl}/media/` }],
      webhookUrl: `${ourUrl}/webhook`,
    },
  });
  const client = createTikTokClient({
    apiUrl: tiktok.apiUrl,
    clientKey: tiktok.app.clientKey,
    clientSecret: tiktok.app.clientSecret,
    now: tiktok.clock.now,
  });

  return {
    tiktok,
    client,
    ourUrl,
    /** Webhooks that were verified, in order. */
    events,
    async close() {
      await client.close();
      await tiktok.close();
      ours.closeAllConnections();
      await new Promise((resolve) => ours.close(resolve));
    },
  };
}

export type BothSides = Awaited<ReturnType<typeof startBothSides>>;

/** Gives the refusal that a call ends in. */
export async function refusal(call: Promise<unknown>): Promise<TikTokApiError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof TikTokApiError) return error;
  throw new Error('It was not refused.', { cause: error });
}
