/*
 * An emulator of TikTok's servers on a loopback port: Login Kit, the Content Posting API and webhooks.
 *
 * Faithful: paths, methods, scopes, rate limits, envelopes, error codes and their HTTP status as documented at
 * https://developers.tiktok.com/doc/; hex PKCE and redirect rules; URL ownership; the audit rules and caps of the
 * sharing guidelines; media that is really pulled and judged by its bytes; ids as bare 64-bit integers in replies and
 * as strings in webhooks; signed webhooks that are repeated until they are answered with 200.
 *
 * Simplified: where TikTok documents nothing, the stricter reading holds and `strict` relaxes it. `allowLoopbackHttp`
 * is the one relaxation that a loopback test needs: http URLs on 127.0.0.1 and localhost pass as source URLs and as
 * redirect URIs of web apps, and still have to be owned or registered. The order of the 403 checks is ours. Photos and videos are decoded with ffmpeg, all of them; on a machine
 * without it they are judged by their headers alone, and stderr says so once. Domain properties are taken from the state
 * without a DNS lookup. A person completes a draft by `completeDraft` and posts without an app by `postInApp`. Numbers of
 * posts are 0 until `setCounts`, and no person looks at a post. What creators and other projects report and TikTok does not
 * document is a switch: on a creator (`statusTellsIds`, `listsPhotos`, caps), in `options` (`flattenCaptions`), `webhooks`
 * (`delayMsOf`, `availableBefore`) or `strict` (`refreshRenewsLifetime`, `photosTakeAigc`).
 *
 * What is pulled or uploaded lies in files on the disk until it is judged, and is never in memory as a whole above 64 MB.
 * An upload takes chunks in order, each as init agreed it, and is judged like a pulled file; the
 * stricter reading of "MB" holds, and nobody else ends an upload that nobody finishes: its status stays PROCESSING_UPLOAD.
 * Videos of more than 64 MB are probed without their frames.
 *
 * Missing: TLS, the QR code flow, the texts of comments, statistics of
 * creators.
 */
import { createAuthorize } from './authorize.ts';
import { createBearer } from './bearer.ts';
import { createChanges } from './changes.ts';
import { createClock } from './clock.ts';
import { createCreatorRules } from './creator-rules.ts';
import { createFaults } from './faults.ts';
import { createLifecycle } from './lifecycle.ts';
import { createLimits } from './limits.ts';
import { createOAuth } from './oauth.ts';
import { resolveOptions, type TikTokEmulatorOptions } from './options.ts';
import { type Visit, visitAuthorizePage } from './person.ts';
import { createPortal } from './portal.ts';
import { createPosts } from './posts.ts';
import { createProfileEndpoints } from './profile.ts';
import { createPublishEndpoints } from './publish.ts';
import { createPuller } from './pull.ts';
import { createReceived } from './received.ts';
import { listRoutes } from './routes.ts';
import { startServer } from './server.ts';
import { type App, allScopes, buildApp, buildCreator, type Creator, createState, openIdOf } from './state.ts';
import { createStatusEndpoints } from './status.ts';
import { createUploads } from './upload.ts';
import { createWebhooks } from './webhooks.ts';

export type { Clock } from './clock.ts';
export type { FaultOptions } from './faults.ts';
export { failReasons } from './faults.ts';
export type { TokenPair } from './oauth.ts';
export type { PullOptions, Strictness, TikTokEmulatorOptions, WebhookOptions } from './options.ts';
export type { Visit } from './person.ts';
export { type ProbedMedia, probeMedia } from './probe/index.ts';
export type {
  App,
  Chunk,
  Creator,
  Post,
  Publish,
  ReceivedMedia,
  RequestRecord,
  State,
  WebhookRecord,
} from './state.ts';
export { signWebhook } from './webhooks.ts';

export type TikTokEmulator = Awaited<ReturnType<typeof startTikTokEmulator>>;

/** Starts the emulator on a free loopback port with one app and one creator. */
export async function startTikTokEmulator(given: TikTokEmulatorOptions = {}) {
  const options = resolveOptions(given);
  const state = createState();
  const app = buildApp(given.app);
  const creator = buildCreator(given.creator);
  state.apps.push(app);
  state.creators.push(creator);

  const clock = createClock({ startAt: given.startAt ?? Date.now(), frozen: given.frozenClock ?? false });
  const changes = createChanges();
  const faults = createFaults();
  const common = { state, clock, options, faults, changed: changes.announce };
  const webhooks = createWebhooks(common);
  const storage = createReceived(options);
  const puller = createPuller({ ...common, storage });
  const posts = createPosts(common);
  const lifecycle = createLifecycle({ ...common, puller, posts, webhooks });
  const bearer = createBearer(common);
  const limits = createLimits(common);
  const rules = createCreatorRules(common);
  const oauth = createOAuth({ ...common, removeAuthorization: lifecycle.removeAuthorization });
  const portal = createPortal(options);
  const uploads = createUploads({ ...common, storage, received: lifecycle.process });
  const routes = listRoutes({
    authorize: createAuthorize(common),
    oauth,
    publish: createPublishEndpoints({ ...common, bearer, limits, rules, lifecycle, uploads }),
    status: createStatusEndpoints({ ...common, bearer, limits, rules, lifecycle }),
    profile: createProfileEndpoints({ ...common, bearer, limits, posts }),
    uploads,
  });
  const server = await startServer({ ...common, routes, port: given.port ?? 0 });

  async function close() {
    state.lint.push(...faults.unmet());
    lifecycle.close();
    clock.stop();
    puller.close();
    await Promise.all([webhooks.close(), server.close()]);
    await uploads.close();
    await storage.close();
    changes.close();
  }

  return {
    apiUrl: server.url,
    authorizeUrl: `${server.url}/v2/auth/authorize/`,
    /** The app and the creator that are there from the start. */
    app,
    creator,
    state,
    /** As given and filled in; a test may change them midway. */
    options,
    clock: { now: clock.now, advance: clock.advance },

    seedApp(fields: Partial<App>): App {
      const seeded = buildApp({ clientKey: `awtestclientkey${state.apps.length + 1}`, ...fields });
      state.apps.push(seeded);
      return seeded;
    },
    seedCreator(fields: Partial<Creator> & { username: string }): Creator {
      const seeded = buildCreator({ nickname: fields.username, ...fields });
      state.creators.push(seeded);
      return seeded;
    },
    openIdOf: (username = creator.username, clientKey = app.clientKey) => openIdOf(clientKey, username),

    /** Opens an authorize URL and answers the consent form like a person in a browser; the redirect URL comes back. */
    authorize: (visit: Visit) => visitAuthorizePage(visit),
    /** Tokens without the consent page. */
    grant: ({ creator: username = creator.username, scopes = allScopes, clientKey = app.clientKey } = {}) =>
      oauth.grant(clientKey, username, scopes),
    /** The creator takes the app's access back in TikTok's settings. */
    removeAuthorization: ({
      creator: username = creator.username,
      clientKey = app.clientKey,
      reason = 1,
    } = {}) =>
      lifecycle.removeAuthorization(
        { clientKey, creator: username, openId: openIdOf(clientKey, username) },
        reason,
      ),

    /** Asks the portal for the signature file of a URL prefix. */
    requestPrefix: (prefix: string, { token, of = app }: { token?: string; of?: App } = {}) =>
      portal.requestPrefix(of, prefix, token),
    /** Verifies a requested prefix by fetching its signature file, and adds it to the app's URL properties. */
    verifyPrefix: (prefix: string, { of = app }: { of?: App } = {}) =>
      portal.verifyPrefix(of, prefix, options.pull.origins),

    fault: faults.arm,
    completeDraft: lifecycle.completeDraft,
    setModeration: lifecycle.setModeration,
    postInApp: posts.postInApp,
    setCounts: posts.setCounts,
    /** Other apps post for the creator, which counts towards the daily cap of all apps together. */
    postElsewhere: (count: number, of: Creator = creator) =>
      of.postsElsewhere.push(...Array.from({ length: count }, clock.now)),

    /** Calls a listener at every change of the state, until the function that comes back is called. */
    onChange: changes.listen,
    /** Resolves with the first publish that fits, now or later; rejects when the emulator closes. */
    whenPublish: (fits: (publish: (typeof state.publishes)[number]) => boolean) =>
      changes.when(() => state.publishes.find(fits)),
    whenRequest: (fits: (request: (typeof state.requests)[number]) => boolean) =>
      changes.when(() => state.requests.find(fits)),
    whenWebhook: (fits: (webhook: (typeof state.webhooks)[number]) => boolean) =>
      changes.when(() => state.webhooks.find(fits)),
    /** Resolves when no publish waits for media. */
    whenNothingIsPulled: () =>
      changes.when(() => state.publishes.every(({ stage }) => stage !== 'pulling') || undefined),

    close,
    [Symbol.asyncDispose]: close,
  };
}
