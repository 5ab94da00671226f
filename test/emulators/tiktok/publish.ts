import type { Bearer } from './bearer.ts';
import type { Clock } from './clock.ts';
import { type CreatorRules, readParties } from './creator-rules.ts';
import type { Faults } from './faults.ts';
import { type InitRequest, readDirectVideo, readDraftVideo, readPhotoMode, readPhotos } from './init-body.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Limits } from './limits.ts';
import type { EmulatorOptions } from './options.ts';
import { ApiRefusal, apiSuccess, type Reply } from './replies.ts';
import type { Exchange } from './server.ts';
import { type Grant, type InitEndpoint, type Publish, randomInt64, type State } from './state.ts';
import type { Uploads } from './upload.ts';

type Parts = {
  state: State;
  clock: Clock;
  options: EmulatorOptions;
  bearer: Bearer;
  limits: Limits;
  rules: CreatorRules;
  faults: Faults;
  lifecycle: Lifecycle;
  uploads: Uploads;
};

const idPrefixes: Record<InitEndpoint, string> = {
  'video/init': 'v_pub_url~v2-1.',
  'inbox/video/init': 'v_inbox_url~v2.',
  'content/init': 'p_pub_url~v2.',
};

/** The three endpoints that begin a publish. They are not idempotent. */
export function createPublishEndpoints(parts: Parts) {
  const { state, clock, options, bearer, limits, rules, faults, lifecycle, uploads } = parts;

  async function answer(endpoint: InitEndpoint, exchange: Exchange): Promise<Reply> {
    const grant = bearer.readGrant(exchange);
    const body = readJson(exchange);
    bearer.needScope(grant, scopeFor(endpoint, body));
    limits.count(endpoint, grant);
    const request = readRequest(endpoint, body);
    const { app, creator } = readParties(state, grant);
    rules.check(app, creator, request);

    const publish = build(endpoint, grant, request, body);
    if (request.upload) publish.upload = uploads.open(publish.publishId, request.upload, exchange);
    state.publishes.push(publish);
    state.inits[endpoint] += 1;
    const isPublic = request.privacyLevel === 'PUBLIC_TO_EVERYONE';
    if (isPublic && options.webhooks.availableBefore === 'reply') await lifecycle.announceEarly(publish);
    if (publish.upload) return apiSuccess({ publish_id: publish.publishId, upload_url: publish.upload.url });
    if (options.pull.beforeReply) {
      // The bound is for sources that leave the HEAD before it unanswered.
      await Promise.race([lifecycle.begin(publish).firstGetSent, clock.wait(1000)]);
      return apiSuccess({ publish_id: publish.publishId });
    }
    return apiSuccess({ publish_id: publish.publishId }, () => void lifecycle.begin(publish));
  }

  function readRequest(endpoint: InitEndpoint, body: unknown): InitRequest {
    const lint = (remark: string) => {
      if (options.strict.lint) state.lint.push(`${endpoint}: ${remark}`);
    };
    if (endpoint === 'video/init') return readDirectVideo({ body, options, lint });
    if (endpoint === 'inbox/video/init') return readDraftVideo({ body, options, lint });
    return readPhotos({ body, options, lint });
  }

  function build(endpoint: InitEndpoint, grant: Grant, request: InitRequest, body: unknown): Publish {
    const { privacyLevel: _, upload, ...asked } = request;
    const status = upload ? 'PROCESSING_UPLOAD' : 'PROCESSING_DOWNLOAD';
    const planned = faults.takePublish(endpoint);
    return {
      ...asked,
      publishId: `${upload ? idPrefixes[endpoint].replace('_url', '_file') : idPrefixes[endpoint]}${randomInt64()}`,
      endpoint,
      creator: grant.creator,
      clientKey: grant.clientKey,
      openId: grant.openId,
      body,
      createdAt: clock.now(),
      status,
      stage: upload ? 'uploading' : 'pulling',
      downloadedBytes: 0,
      uploadedBytes: 0,
      postIds: [],
      fetches: [],
      media: [],
      history: [{ status, at: clock.now() }],
      hangs: planned?.base === 'hang',
      ...(planned?.base === 'fail' && { plannedFailure: planned.argument }),
    };
  }

  return {
    answerDirectVideo: (exchange: Exchange) => answer('video/init', exchange),
    answerDraftVideo: (exchange: Exchange) => answer('inbox/video/init', exchange),
    answerPhotos: (exchange: Exchange) => answer('content/init', exchange),
  };
}

function scopeFor(endpoint: InitEndpoint, body: unknown) {
  if (endpoint === 'video/init') return 'video.publish';
  if (endpoint === 'inbox/video/init') return 'video.upload';
  return readPhotoMode(body) === 'DIRECT_POST' ? 'video.publish' : 'video.upload';
}

/** The JSON body of an API call; creator_info takes none as well. */
export function readJson({ headers, body }: Exchange, emptyIsFine = false): unknown {
  if (emptyIsFine && body.length === 0) return {};
  const refusal = new ApiRefusal(400, 'invalid_params', 'The request body is not valid JSON');
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) throw refusal;
  try {
    return JSON.parse(body.toString());
  } catch {
    throw refusal;
  }
}
