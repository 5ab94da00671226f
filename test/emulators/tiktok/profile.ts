import { createHash } from 'node:crypto';
import type { Bearer } from './bearer.ts';
import { readParties } from './creator-rules.ts';
import { isRecord } from './fields.ts';
import type { Limits } from './limits.ts';
import { readJson } from './publish.ts';
import { ApiRefusal, apiSuccess, type Reply } from './replies.ts';
import type { Exchange } from './server.ts';
import type { Creator, Grant, Publish, State } from './state.ts';

type Parts = { state: State; bearer: Bearer; limits: Limits };

const fieldScopes: Record<string, string[]> = {
  'user.info.basic': [
    'open_id',
    'union_id',
    'avatar_url',
    'avatar_url_100',
    'avatar_large_url',
    'display_name',
  ],
  'user.info.profile': ['username', 'bio_description', 'profile_deep_link', 'is_verified'],
  'user.info.stats': ['follower_count', 'following_count', 'likes_count', 'video_count'],
};

const badParams = (message: string) => new ApiRefusal(400, 'invalid_params', message);

/** `user/info`, `video/list` and `video/query`: what an app may read about a creator. */
export function createProfileEndpoints({ state, bearer, limits }: Parts) {
  /** https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info */
  function answerUser(exchange: Exchange): Reply {
    const grant = bearer.readGrant(exchange);
    bearer.needScope(grant, ...Object.keys(fieldScopes));
    limits.count('user/info', grant);
    const { creator } = readParties(state, grant);
    const all = describeUser(grant, creator, publicPosts(grant).length);
    const fields = readFieldNames(exchange);
    for (const field of fields) {
      const scope = Object.keys(fieldScopes).find((one) => fieldScopes[one]?.includes(field));
      if (!scope) throw badParams(`The field ${field} does not exist`);
      if (!grant.scopes.includes(scope)) {
        throw new ApiRefusal(400, 'scope_permission_missed', `Additional scope ${scope} is needed`);
      }
    }
    return apiSuccess({ user: pick(all, fields) });
  }

  function answerVideoList(exchange: Exchange): Reply {
    const grant = bearer.readGrant(exchange);
    bearer.needScope(grant, 'video.list');
    limits.count('video/list', grant);
    const fields = readFieldNames(exchange);
    const body = readJson(exchange, true);
    const count = isRecord(body) ? (body.max_count ?? 10) : undefined;
    const cursor = isRecord(body) ? (body.cursor ?? Number.MAX_SAFE_INTEGER) : undefined;
    if (!Number.isInteger(count) || Number(count) < 1 || Number(count) > 20 || !Number.isInteger(cursor)) {
      throw badParams('The max_count or cursor is incorrect');
    }
    const older = publicPosts(grant).filter(({ publish }) => (publish.postedAt ?? 0) < Number(cursor));
    const page = older.slice(0, Number(count));
    return apiSuccess({
      videos: page.map((post) => pick(describeVideo(post), fields)),
      cursor: page.at(-1)?.publish.postedAt ?? 0,
      has_more: older.length > page.length,
    });
  }

  function answerVideoQuery(exchange: Exchange): Reply {
    const grant = bearer.readGrant(exchange);
    bearer.needScope(grant, 'video.list');
    limits.count('video/query', grant);
    const fields = readFieldNames(exchange);
    const body = readJson(exchange);
    const filters = isRecord(body) && isRecord(body.filters) ? body.filters : {};
    const ids: unknown = filters.video_ids;
    const isFine = Array.isArray(ids) && ids.length <= 20 && ids.every((id) => typeof id === 'string');
    if (!isFine) throw badParams('The video_ids are incorrect');
    const posts = publicPosts(grant).filter(({ postId }) => ids.includes(postId));
    return apiSuccess({ videos: posts.map((post) => pick(describeVideo(post), fields)) });
  }

  /** Newest first. */
  function publicPosts(grant: Grant) {
    return state.publishes
      .filter((publish) => publish.creator === grant.creator)
      .flatMap((publish) => publish.postIds.map((postId) => ({ postId, publish })))
      .reverse();
  }

  return { answerUser, answerVideoList, answerVideoQuery };
}

function describeUser(grant: Grant, creator: Creator, videos: number): Record<string, unknown> {
  return {
    open_id: grant.openId,
    union_id: createHash('sha256').update(creator.username).digest('hex').slice(0, 32),
    avatar_url: creator.avatarUrl,
    avatar_url_100: creator.avatarUrl,
    avatar_large_url: creator.avatarUrl,
    display_name: creator.nickname,
    username: creator.username,
    bio_description: '',
    profile_deep_link: `https://www.tiktok.com/@${creator.username}`,
    is_verified: false,
    follower_count: 0,
    following_count: 0,
    likes_count: 0,
    video_count: videos,
  };
}

function describeVideo({ postId, publish }: { postId: string; publish: Publish }): Record<string, unknown> {
  const kind = publish.mediaType === 'PHOTO' ? 'photo' : 'video';
  const [media] = publish.media;
  const { title = '', description = title } = publish.postInfo;
  return {
    id: postId,
    create_time: Math.floor((publish.postedAt ?? 0) / 1000),
    cover_image_url: `https://p16-sign.tiktokcdn.example/${postId}.jpeg`,
    share_url: `https://www.tiktok.com/@${publish.creator}/${kind}/${postId}`,
    title,
    video_description: description,
    duration: Math.round(media?.durationSeconds ?? 0),
    width: media?.width ?? 0,
    height: media?.height ?? 0,
    embed_html: '',
    embed_link: `https://www.tiktok.com/static/profile-video?id=${postId}`,
    like_count: 0,
    comment_count: 0,
    share_count: 0,
    view_count: 0,
  };
}

function readFieldNames({ query }: Exchange) {
  const fields = (query.get('fields') ?? '').split(',').filter((field) => field !== '');
  if (fields.length === 0) throw badParams('Fields is required');
  return fields;
}

function pick(all: Record<string, unknown>, fields: string[]) {
  return Object.fromEntries(fields.filter((field) => field in all).map((field) => [field, all[field]]));
}
