import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { routePath } from 'hono/route';
import { secureHeaders } from 'hono/secure-headers';
import type { Logger } from 'pino';
import type { Accounts } from '../core/accounts/accounts.ts';
import type { Avatars } from '../core/accounts/avatars.ts';
import type { ConsentOutcome, Consents } from '../core/accounts/consent.ts';
import type { Probe } from '../core/doctor/probe.ts';
import type { WebhookLog } from '../core/doctor/webhooks.ts';
import { MediaAwayError, type MediaStore } from '../core/media/store/store.ts';
import { VIDEO_LIMITS } from '../core/media/types.ts';
import type { ChatRef } from '../core/people.ts';
import type { Post } from '../core/publish/post.ts';
import type { PreviewLinks } from '../core/publish/preview-links.ts';
import type { PullCounts } from '../core/publish/pull-progress.ts';
import type { ReleaseGate } from '../core/publish/release-gate.ts';
import type { Signals } from '../core/publish/signals.ts';
import { createAssetRoutes } from './assets.ts';
import { createAvatarRoutes } from './avatars.ts';
import { createBrowserProof } from './browser-proof.ts';
import type { Explain } from './compose/page.ts';
import { createComposeFileRoutes, createComposeRoutes } from './compose/routes.ts';
import type { ChatLink } from './connect/outcome-page.ts';
import { createConnectRoutes } from './connect/routes.ts';
import { LED_PATHS } from './forward.ts';
import { createHealthRoutes, type Health } from './health.ts';
import { createMediaRoutes } from './media/routes.ts';
import { createLayoutRoutes } from './pages/layout.ts';
import type { Operator } from './pages/legal.ts';
import { createPageRoutes, failure, notFound } from './pages/pages.ts';
import type { ChatDoor } from './pages/start.ts';
import { createSmallPictures } from './preview/small-pictures.ts';
import { createProbeRoutes } from './probe.ts';
import { createLookFileRoutes, createLookRoutes } from './review/routes.ts';
import type { PostStory } from './review/story.ts';
import type { Pace } from './uploads/pace.ts';
import { createUploadRoutes } from './uploads/routes.ts';
import { createScriptRoutes } from './uploads/scripts.ts';
import { createVerificationRoutes } from './verification.ts';
import { createWebhookRoutes, type OnAccountRemoved } from './webhooks.ts';

export { createForwarding } from './forward.ts';
export { type Health, healthOf } from './health.ts';
export type { Operator } from './pages/legal.ts';
export { createProbeRoutes } from './probe.ts';
export { type Server, startServer } from './server.ts';
export { createVerificationRoutes } from './verification.ts';
export type { OnAccountRemoved } from './webhooks.ts';

const MAX_BODY_BYTES = 64 << 10;

/** Builds everything that Nod serves over HTTP. */
export function createWeb({
  gate,
  pulls,
  mediaStore,
  previewLinks,
  consents,
  accounts,
  avatars,
  signals,
  probe,
  webhookLog,
  uploads,
  composePages,
  explain,
  uploadPace,
  publicUrl,
  isMediaCached = false,
  authorizePage,
  clientSecret,
  siteVerification,
  operator = {},
  gateWaitMs = 10_000,
  health,
  storyOf,
  chatLink = () => undefined,
  chats = () => [],
  forwarding,
  uploadLimitBytes = VIDEO_LIMITS.maxBytes,
  onConsent,
  onAccountRemoved,
  now,
  log,
}: {
  gate: Pick<ReleaseGate, 'admit'>;
  pulls: Pick<PullCounts, 'sent'>;
  mediaStore: Pick<MediaStore, 'find' | 'fetch' | 'fetchContent' | 'has'>;
  previewLinks: PreviewLinks;
  consents: Pick<Consents, 'readInvitation' | 'begin' | 'finish'>;
  accounts: Pick<Accounts, 'get' | 'remove' | 'check'>;
  avatars: Pick<Avatars, 'read' | 'urlPath'>;
  signals: Pick<Signals, 'hint'>;
  probe: Probe;
  webhookLog: Pick<WebhookLog, 'note'>;
  uploads: Parameters<typeof createUploadRoutes>[0]['uploads'];
  composePages: Parameters<typeof createComposeRoutes>[0]['composePages'];
  /** The sentence for what a person can put right, in the words of a chat. */
  explain: Explain;
  /** Other patience with slow uploads than usual. */
  uploadPace?: Pace | undefined;
  publicUrl: string;
  /** A cache on the way may keep what the gate has released. */
  isMediaCached?: boolean | undefined;
  /** The address of TikTok's consent page, for the content security policy. */
  authorizePage: string;
  clientSecret: string;
  /** The token of TikTok's signature file. */
  siteVerification?: string | undefined;
  operator?: Operator;
  /** How long a request for sealed media waits for the release. */
  gateWaitMs?: number;
  health: () => Health;
  /** How a post stands, in the words of its cards; absent where there are none. */
  storyOf?: ((post: Post) => Promise<PostStory>) | undefined;
  /** The way into a chat, for whoever is in it. */
  chatLink?: ((chat: ChatRef) => ChatLink | undefined) | undefined;
  /** The chats that this Nod serves. */
  chats?: (() => readonly ChatDoor[]) | undefined;
  /** Passes on what another process does; absent where there is none. */
  forwarding?: MiddlewareHandler<{ Bindings: HttpBindings }> | undefined;
  /** How big one file may be that comes by an upload page. */
  uploadLimitBytes?: number | undefined;
  /** Tells the chat. Its failure does not break the page. */
  onConsent: (outcome: ConsentOutcome) => Promise<void>;
  onAccountRemoved: OnAccountRemoved;
  now: () => number;
  log: Logger;
}) {
  const web = new Hono<{ Bindings: HttpBindings }>();
  const browserProof = createBrowserProof({ publicUrl });
  const smallPictures = createSmallPictures();
  // Files come first, so that nothing stands between them and TikTok, or the socket that they are written to.
  if (siteVerification !== undefined) web.route('/', createVerificationRoutes({ token: siteVerification }));
  web.route('/', createProbeRoutes({ probe }));
  if (forwarding !== undefined) for (const path of LED_PATHS) web.use(path, forwarding);
  web.route('/media', createMediaRoutes({ gate, pulls, mediaStore, isMediaCached, gateWaitMs, log }));
  web.route('/look', createLookFileRoutes({ previewLinks, mediaStore, smallPictures, log }));
  web.route(
    '/compose',
    createComposeFileRoutes({ composePages, browserProof, mediaStore, smallPictures, log }),
  );
  const protection = protect({ publicUrl, authorizePage });
  web.use('/upload/*', protection);
  web.route('/upload', createScriptRoutes());
  web.route('/upload', createUploadRoutes({ uploads, pace: uploadPace, log }));
  web.use('/compose/*', protection);
  web.route('/compose', createComposeRoutes({ composePages, browserProof, avatars, explain }));
  web.use(protection, bodyLimit({ maxSize: MAX_BODY_BYTES }));
  web.route('/assets', createAssetRoutes());
  web.route('/avatars', createAvatarRoutes({ avatars }));
  web.route('/', createHealthRoutes({ health }));
  web.route(
    '/',
    createWebhookRoutes({ clientSecret, signals, webhookLog, accounts, onAccountRemoved, now, log }),
  );
  web.route('/', createConnectRoutes({ consents, avatars, chatLink, browserProof, onConsent, log }));
  web.route('/look', createLookRoutes({ previewLinks, mediaStore, avatars, storyOf }));
  web.route('/', createPageRoutes({ operator, chats, uploadLimitBytes }));
  web.route('/', createLayoutRoutes());
  web.notFound((c) => c.html(notFound(), 404));
  web.onError((error, c) => answerError(error, c, log));
  return web;
}

export type Web = ReturnType<typeof createWeb>;

/** No script, no frame, nothing from elsewhere. */
function protect({ publicUrl, authorizePage }: { publicUrl: string; authorizePage: string }) {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      formAction: ["'self'", ...consentOrigins(authorizePage)],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    referrerPolicy: 'same-origin',
    strictTransportSecurity: publicUrl.startsWith('https:') ? 'max-age=15552000' : false,
    // A header that a route has set itself stays.
    overwrite: false,
  });
}

/** Browsers hold a form's redirects to `form-action`, and TikTok redirects among its own hosts. */
function consentOrigins(authorizePage: string): string[] {
  const { origin, hostname } = new URL(authorizePage);
  return hostname.endsWith('.tiktok.com') ? [origin, 'https://*.tiktok.com'] : [origin];
}

function answerError(error: Error, c: Context, log: Logger) {
  const status = error instanceof HTTPException ? error.status : error instanceof MediaAwayError ? 503 : 500;
  // The path of a request may be a secret; that of its route is not.
  const about = { method: c.req.method, route: routePath(c), status };
  if (status >= 500) log.error({ err: error, ...about }, 'A web request failed');
  else log.info(about, 'A web request was refused');
  // Not even a failure may stay in a cache on the way.
  c.header('Cache-Control', 'private, no-store');
  if (status === 503) c.header('Retry-After', '2');
  if (c.req.path.startsWith('/media/')) return c.text('The file cannot be sent.', status);
  return c.html(failure(status), status);
}
