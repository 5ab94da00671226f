import { createHash } from 'node:crypto';
import type { Bearer } from './bearer.ts';
import { readParties } from './creator-rules.ts';
import { isRecord } from './fields.ts';
import type { Limits } from './limits.ts';
import type { Posts } from './posts.ts';
import { readJson } from './publish.ts';
import { ApiRefusal, apiSuccess, type Reply } from './replies.ts';
import type { Exchange } from './server.ts';
import type { Creator, Grant, Post, State } from './state.ts';

type Parts = { state: State; bearer: Bearer; limits: Limits; posts: Posts };

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
export function createProfileEndpoints({ state, bearer, limits, posts }: Parts) {
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
    const fields = readVideoFields(exchange);
    const body = readJson(exchange, true);
    const count = isRecord(body) ? (body.max_count ?? 10) : undefined;
    const cursor = isRecord(body) ? (body.cursor ?? Number.MAX_SAFE_INTEGER) : undefined;
    if (!Number.isInteger(count) || Number(count) < 1 || Number(count) > 20 || !Number.isInteger(cursor)) {
      throw badParams('The max_count or cursor is incorrect');
    }
    const older = publicPosts(grant).filter(({ createdAt }) => createdAt < Number(cursor));
    const page = older.slice(0, Number(count));
    return apiSuccess({
      videos: page.map((post) => pick(describeVideo(post), fields)),
      cursor: page.at(-1)?.createdAt ?? 0,
      has_more: older.length > page.length,
    });
  }

  function answerVideoQuery(exchange: Exchange): Reply {
    const grant = bearer.readGrant(exchange);
    bearer.needScope(grant, 'video.list');
    limits.count('video/query', grant);
    const fields = readVideoFields(exchange);
    const body = readJson(exchange);
    const filters = isRecord(body) && isRecord(body.filters) ? body.filters : {};
    const ids: unknown = filters.video_ids;
    const isFine = Array.isArray(ids) && ids.length <= 20 && ids.every((id) => typeof id === 'string');
    if (!isFine) throw badParams('The video_ids are incorrect');
    const found = publicPosts(grant).filter(({ id }) => ids.includes(id));
    return apiSuccess({ videos: found.map((post) => pick(describeVideo(post), fields)) });
  }

  const publicPosts = (grant: Grant) => posts.listPublic(readParties(state, grant).creator);

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

/** https://developers.tiktok.com/doc/tiktok-api-v2-video-object */
function describeVideo(post: Post) {
  const { id, creator, kind, counts } = post;
  return {
    id,
    create_time: Math.floor(post.createdAt / 1000),
    cover_image_url: `https://p16-sign.tiktokcdn.example/${id}.jpeg`,
    share_url: `https://www.tiktok.com/@${creator}/${kind}/${id}`,
    title: cut(post.title),
    video_description: cut(post.caption),
    duration: post.durationSeconds,
    width: post.width,
    height: post.height,
    embed_html: '',
    embed_link: `https://www.tiktok.com/static/profile-video?id=${id}`,
    like_count: counts.likes,
    comment_count: counts.comments,
    share_count: counts.shares,
    view_count: counts.views,
  };
}

const videoFields = [
  ...['id', 'create_time', 'cover_image_url', 'share_url', 'title', 'video_description', 'duration'],
  ...['width', 'height', 'embed_html', 'embed_link'],
  ...['like_count', 'comment_count', 'share_count', 'view_count'],
];

/** At most 150 UTF-16 units, and no half of a surrogate pair; how TikTok counts here is not documented. */
function cut(text: string) {
  return text.slice(0, 150).replace(/[\ud800-\udbff]$/, '');
}

function readVideoFields(exchange: Exchange) {
  const fields = readFieldNames(exchange);
  const unknown = fields.find((field) => !videoFields.includes(field));
  if (unknown !== undefined) throw badParams(`The field ${unknown} does not exist`);
  return fields;
}

function readFieldNames({ query }: Exchange) {
  const fields = (query.get('fields') ?? '').split(',').filter((field) => field !== '');
  if (fields.length === 0) throw badParams('Fields is required');
  return fields;
}

function pick(all: Record<string, unknown>, fields: string[]) {
  return Object.fromEntries(fields.filter((field) => field in all).map((field) => [field, all[field]]));
}
