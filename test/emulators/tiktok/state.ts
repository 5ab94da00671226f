import { createHash, randomBytes } from 'node:crypto';
import type { DecodedMedia } from './decode.ts';
import type { ProbedMedia } from './probe/index.ts';

export type UrlProperty = { type: 'prefix' | 'domain'; value: string };

export type App = {
  clientKey: string;
  clientSecret: string;
  kind: 'web' | 'desktop';
  audited: boolean;
  sandbox: boolean;
  /** Usernames that may use a sandbox app. */
  targetUsers: string[];
  redirectUris: string[];
  scopes: string[];
  urlProperties: UrlProperty[];
  /** Signature files that the portal handed out and that are not verified yet. */
  signatureFiles: { prefix: string; token: string }[];
  webhookUrl?: string;
  /** Creators who may post through this app in 24 hours, once it is audited. */
  activeCreatorCap: number;
  /** The same until it is audited: https://developers.tiktok.com/doc/content-sharing-guidelines */
  unauditedCreatorCap: number;
};

export type Creator = {
  username: string;
  nickname: string;
  avatarUrl: string;
  private: boolean;
  commentDisabled: boolean;
  duetDisabled: boolean;
  stitchDisabled: boolean;
  maxVideoPostDurationSec: number;
  banned: boolean;
  /** Posts per 24 hours over all apps. */
  postCap: number;
  /** Times of posts that other apps made for this creator. */
  postsElsewhere: number[];
  /** Drafts that may wait in the inbox, of the last 24 hours. */
  pendingCap: number;
  /** False leaves `publicaly_available_post_id` empty for ever, as other projects report. */
  statusTellsIds: boolean;
  /** False leaves photo posts out of video/list and video/query. */
  listsPhotos: boolean;
  /** False answers drafts of photos with `app_version_check_failed`. */
  appIsCurrent: boolean;
  /** Answers creator_info with this code and HTTP 200. */
  creatorInfoRefusal?: string;
  /** Fields that creator_info leaves out. */
  creatorInfoOmits: string[];
};

export type Grant = { clientKey: string; openId: string; creator: string; scopes: string[]; at: number };

export type Code = {
  code: string;
  clientKey: string;
  creator: string;
  scopes: string[];
  redirectUri: string;
  codeChallenge?: string;
  expiresAt: number;
  used: boolean;
};

export type Token = {
  value: string;
  kind: 'access' | 'refresh' | 'client';
  /** Empty for a client token. */
  grant?: Grant;
  clientKey: string;
  expiresAt: number;
  revoked: boolean;
};

export type InitEndpoint = 'video/init' | 'inbox/video/init' | 'content/init';

export type PublishStatus =
  | 'PROCESSING_DOWNLOAD'
  | 'PROCESSING_UPLOAD'
  | 'SEND_TO_USER_INBOX'
  | 'PUBLISH_COMPLETE'
  | 'FAILED';

/** One request to an `upload_url`. */
export type Chunk = {
  first: number;
  last: number;
  at: number;
  contentType: string;
  /** Bytes that have come, whether they count or not. */
  received: number;
  /** Missing while it runs and where the socket was destroyed. */
  status?: number;
  /** Its bytes count as progress. */
  isTaken: boolean;
  fault?: string;
};

/** What an init with FILE_UPLOAD has agreed. */
export type Upload = {
  size: number;
  chunkSize: number;
  count: number;
  url: string;
  expiresAt: number;
  chunks: Chunk[];
};

export type Fetch = {
  url: string;
  method: 'HEAD' | 'GET';
  at: number;
  requestHeaders: Record<string, string>;
  range?: string;
  status?: number;
  responseHeaders?: Record<string, string>;
  bytes: number;
  error?: string;
};

export type ReceivedMedia = ProbedMedia & {
  url: string;
  contentType: string | undefined;
  bytes: number;
  sha256: string;
  /** Absent until it is decoded, where media is not judged, and on a machine without ffmpeg. */
  decoded?: DecodedMedia;
  /** What it tells about the person, the place or the device: `GPS`, `XMP`, or a tag such as `location`. */
  metadata: string[];
  body?: Buffer;
};

export type Publish = {
  publishId: string;
  endpoint: InitEndpoint;
  mode: 'DIRECT_POST' | 'MEDIA_UPLOAD';
  mediaType: 'VIDEO' | 'PHOTO';
  /** Username. */
  creator: string;
  clientKey: string;
  openId: string;
  /** As sent; empty where the endpoint ignores it. */
  postInfo: Record<string, unknown>;
  isAigc: boolean;
  /** Empty for an upload. */
  sourceUrls: string[];
  upload?: Upload;
  photoCoverIndex?: number;
  /** Milliseconds from the start of a video, once it is here; 0 for the first frame. */
  videoCoverMs?: number;
  body: unknown;
  createdAt: number;
  finishedAt?: number;
  status: PublishStatus;
  failReason?: string;
  /** `pulling` or `uploading` until all bytes are here: it cannot become a post before that. */
  stage: 'pulling' | 'uploading' | 'processing' | 'settled';
  downloadedBytes: number;
  uploadedBytes: number;
  /** Ids of its posts that are public now, decimal. */
  postIds: string[];
  postedAt?: number;
  /** The id of its post, where a webhook told it ahead. */
  earlyPostId?: string;
  fetches: Fetch[];
  media: ReceivedMedia[];
  history: { status: PublishStatus; at: number; failReason?: string }[];
  /** From the faults `fail:…` and `hang`. */
  plannedFailure?: string;
  hangs: boolean;
};

export type PostCounts = { views: number; likes: number; comments: number; shares: number };

/** A post on a creator's profile, made by an app or by the person in TikTok's own app. */
export type Post = {
  id: string;
  /** Username. */
  creator: string;
  kind: 'video' | 'photo';
  title: string;
  caption: string;
  /** 0 for photos. */
  durationSeconds: number;
  width: number;
  height: number;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** False once it was taken down or made private. */
  isPublic: boolean;
  counts: PostCounts;
  /** Missing where no app made it. */
  publishId?: string;
};

export type RequestRecord = {
  method: string;
  path: string;
  /** Short name such as `video/init` or `oauth/token`; missing where no route matched. */
  endpoint?: string;
  at: number;
  /** Missing while it runs and where the socket was destroyed. */
  status?: number;
  errorCode?: string;
  /** Username behind the bearer token. */
  creator?: string;
  clientKey?: string;
  grantType?: string;
  fault?: string;
  dropped: boolean;
};

export type WebhookRecord = {
  event: string;
  clientKey: string;
  body: string;
  content: Record<string, unknown>;
  attempts: { at: number; status?: number; error?: string; signature: string }[];
  delivered: boolean;
};

export const allScopes = [
  'user.info.basic',
  'user.info.profile',
  'user.info.stats',
  'video.publish',
  'video.upload',
  'video.list',
];

/** Everything the emulator knows, empty; plain arrays for tests to read and to seed. */
export function createState() {
  return {
    apps: [] as App[],
    creators: [] as Creator[],
    grants: [] as Grant[],
    codes: [] as Code[],
    tokens: [] as Token[],
    publishes: [] as Publish[],
    /** All that became public, also what was taken down since. */
    posts: [] as Post[],
    requests: [] as RequestRecord[],
    webhooks: [] as WebhookRecord[],
    /** Accepted init calls per endpoint. */
    inits: { 'video/init': 0, 'inbox/video/init': 0, 'content/init': 0 } as Record<InitEndpoint, number>,
    /** What the real API ignores and a careful client does not do. */
    lint: [] as string[],
  };
}

export type State = ReturnType<typeof createState>;

/** An app as the portal makes it: audited, with all scopes, without redirect URIs and URL properties. */
export function buildApp(given: Partial<App> = {}): App {
  return {
    clientKey: 'awtestclientkey',
    clientSecret: 'test-client-secret-0123456789abcdef',
    kind: 'web',
    audited: true,
    sandbox: false,
    targetUsers: [],
    redirectUris: [],
    scopes: [...allScopes],
    urlProperties: [],
    signatureFiles: [],
    activeCreatorCap: 1000,
    unauditedCreatorCap: 5,
    ...given,
  };
}

/** A public creator with everything switched on. */
export function buildCreator(given: Partial<Creator> = {}): Creator {
  return {
    username: 'studio.ana',
    nickname: 'Studio Ana',
    avatarUrl: 'https://p16-sign.tiktokcdn.example/studio-ana.jpeg',
    private: false,
    commentDisabled: false,
    duetDisabled: false,
    stitchDisabled: false,
    maxVideoPostDurationSec: 600,
    banned: false,
    postCap: 15,
    postsElsewhere: [],
    pendingCap: 5,
    statusTellsIds: true,
    listsPhotos: true,
    appIsCurrent: true,
    creatorInfoOmits: [],
    ...given,
  };
}

/** The id of a creator within an app; it holds `-` and `_` as real ones do. */
export function openIdOf(clientKey: string, username: string) {
  return `-000_${createHash('sha256').update(`${clientKey} ${username}`).digest('base64url')}`;
}

/** A random 19-digit id that a double cannot hold. */
export function randomInt64() {
  const low = BigInt(`0x${randomBytes(7).toString('hex')}`) % 10n ** 14n;
  return String(((76_029n * 10n ** 14n + low) & ~1023n) + 666n);
}
