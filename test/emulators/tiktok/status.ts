import type { Bearer } from './bearer.ts';
import { type CreatorRules, privacyOptions, readParties } from './creator-rules.ts';
import { isRecord, readFields } from './fields.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Limits } from './limits.ts';
import type { EmulatorOptions } from './options.ts';
import { readJson } from './publish.ts';
import { ApiRefusal, apiSuccess, int64, type Reply } from './replies.ts';
import type { Exchange } from './server.ts';
import type { Grant, Publish, State } from './state.ts';

type Parts = {
  state: State;
  options: EmulatorOptions;
  bearer: Bearer;
  limits: Limits;
  rules: CreatorRules;
  lifecycle: Lifecycle;
};

/** creator_info, status and cancel. */
export function createStatusEndpoints({ state, options, bearer, limits, rules, lifecycle }: Parts) {
  /** https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info */
  function answerCreatorInfo(exchange: Exchange): Reply {
    const grant = bearer.readGrant(exchange);
    bearer.needScope(grant, 'video.publish');
    limits.count('creator_info/query', grant);
    const body = readJson(exchange, true);
    if (!isRecord(body)) throw new ApiRefusal(400, 'invalid_params', 'The request body is incorrect');
    const { app, creator } = readParties(state, grant);
    const refusal = rules.creatorInfoRefusal(app, creator);
    // A creator who may not post now is told so with HTTP 200.
    if (refusal) throw new ApiRefusal(200, refusal, 'The creator cannot post at the moment');
    const info: Record<string, unknown> = {
      creator_avatar_url: creator.avatarUrl,
      creator_username: creator.username,
      creator_nickname: creator.nickname,
      privacy_level_options: privacyOptions(creator),
      comment_disabled: creator.commentDisabled,
      duet_disabled: creator.private || creator.duetDisabled,
      stitch_disabled: creator.private || creator.stitchDisabled,
      max_video_post_duration_sec: creator.maxVideoPostDurationSec,
    };
    for (const field of creator.creatorInfoOmits) delete info[field];
    return apiSuccess(info);
  }

  /** https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status */
  function answerStatus(exchange: Exchange): Reply {
    const grant = bearer.readGrant(exchange);
    bearer.needScope(grant, 'video.publish', 'video.upload');
    limits.count('status/fetch', grant);
    const publish = findPublish(exchange, grant, 'status/fetch');
    const { creator } = readParties(state, grant);
    const ids = creator.statusTellsIds ? publish.postIds.map(int64) : [];
    const { failReason: reason } = publish;
    const isFull = !options.strict.omitEmptyFields;
    return apiSuccess({
      status: publish.status,
      ...((isFull || reason !== undefined) && { fail_reason: reason ?? '' }),
      ...((isFull || ids.length > 0) && { publicaly_available_post_id: ids }),
      ...((isFull || publish.downloadedBytes > 0) && { downloaded_bytes: publish.downloadedBytes }),
      ...((isFull || publish.uploadedBytes > 0) && { uploaded_bytes: publish.uploadedBytes }),
    });
  }

  /** Best effort and only while the pull runs. */
  function answerCancel(exchange: Exchange): Reply {
    const grant = bearer.readGrant(exchange);
    bearer.needScope(grant, 'video.publish', 'video.upload');
    const publish = findPublish(exchange, grant, 'cancel');
    if (publish.stage !== 'pulling') {
      throw new ApiRefusal(400, 'publish_not_cancellable', 'The publish can no longer be cancelled');
    }
    lifecycle.fail(publish, 'publish_cancelled');
    return apiSuccess();
  }

  function findPublish(exchange: Exchange, grant: Grant, endpoint: string): Publish {
    const refuse = () => new ApiRefusal(400, 'invalid_publish_id', 'The publish_id is invalid');
    const lint = (remark: string) => {
      if (options.strict.lint) state.lint.push(`${endpoint}: ${remark}`);
    };
    const body = readFields({ value: readJson(exchange), where: '', refuse, lint });
    const publishId = body.text('publish_id', 64);
    body.finish();
    const publish = state.publishes.find((one) => one.publishId === publishId);
    if (!publish) throw refuse();
    if (publish.clientKey !== grant.clientKey || publish.creator !== grant.creator) {
      throw new ApiRefusal(
        400,
        'token_not_authorized_for_specified_publish_id',
        'The access token does not belong to the creator of this publish_id',
      );
    }
    return publish;
  }

  return { answerCreatorInfo, answerStatus, answerCancel };
}
