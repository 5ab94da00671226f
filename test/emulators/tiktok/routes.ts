import type { createAuthorize } from './authorize.ts';
import type { createOAuth } from './oauth.ts';
import type { createProfileEndpoints } from './profile.ts';
import type { createPublishEndpoints } from './publish.ts';
import type { Route } from './server.ts';
import type { createStatusEndpoints } from './status.ts';
import type { Uploads } from './upload.ts';

type Endpoints = {
  authorize: ReturnType<typeof createAuthorize>;
  oauth: ReturnType<typeof createOAuth>;
  publish: ReturnType<typeof createPublishEndpoints>;
  status: ReturnType<typeof createStatusEndpoints>;
  profile: ReturnType<typeof createProfileEndpoints>;
  uploads: Uploads;
};

/** Every path that exists, on `www.tiktok.com` (authorize), `open-upload.tiktokapis.com` (upload) or `open.tiktokapis.com`. */
export function listRoutes({ authorize, oauth, publish, status, profile, uploads }: Endpoints): Route[] {
  const route = (method: string, path: string, endpoint: string, answer: Route['answer']) => ({
    method,
    path,
    endpoint,
    answer,
  });
  return [
    route('GET', '/v2/auth/authorize/', 'authorize', authorize.answerPage),
    route('POST', '/v2/auth/authorize/', 'authorize', authorize.answerDecision),
    route('POST', '/v2/oauth/token/', 'oauth/token', oauth.answerToken),
    route('POST', '/v2/oauth/revoke/', 'oauth/revoke', oauth.answerRevoke),
    route('POST', '/v2/post/publish/creator_info/query/', 'creator_info/query', status.answerCreatorInfo),
    route('POST', '/v2/post/publish/video/init/', 'video/init', publish.answerDirectVideo),
    route('POST', '/v2/post/publish/inbox/video/init/', 'inbox/video/init', publish.answerDraftVideo),
    route('POST', '/v2/post/publish/content/init/', 'content/init', publish.answerPhotos),
    route('POST', '/v2/post/publish/status/fetch/', 'status/fetch', status.answerStatus),
    route('POST', '/v2/post/publish/cancel/', 'cancel', status.answerCancel),
    route('GET', '/v2/user/info/', 'user/info', profile.answerUser),
    route('POST', '/v2/video/list/', 'video/list', profile.answerVideoList),
    route('POST', '/v2/video/query/', 'video/query', profile.answerVideoQuery),
    { ...route('PUT', '/upload/', 'upload', uploads.answerChunk), takesStream: true },
  ];
}
