import type { App, Creator } from './state.ts';

/** How the puller behaves; TikTok documents none of this, so tests try every way. */
export type PullOptions = {
  /** Send a HEAD before each GET. */
  head: boolean;
  /** Fetch in ranges of `rangeBytes` instead of one GET. */
  ranges: boolean;
  rangeBytes: number;
  /** Fetch every file a second time. */
  twice: boolean;
  /** Read the body no faster than this. */
  slowBytesPerSecond?: number;
  /** The first GET is on its way before the reply to init is sent. */
  beforeReply: boolean;
  /** Never fetch; the publish times out after an hour. */
  never: boolean;
  /** Wait this long after the reply to init. */
  delayMs: number;
  /** How often a 5xx is tried again before the pull counts as failed. */
  retries: number;
  /** How often a connection that cannot be opened, or is cut, is tried again from the beginning of its range or file. */
  cutRetries: number;
  retryMs: number;
  timeoutMs: number;
  /** Where public origins really are: `{ 'https://media.example.test': 'http://127.0.0.1:8080' }`. */
  origins: Record<string, string>;
  userAgent: string;
};

/** Each rule of the emulator that a test may relax. */
export type Strictness = {
  /** A path without its trailing slash does not exist. */
  trailingSlash: boolean;
  /** The OAuth endpoints refuse a JSON body. */
  formBodies: boolean;
  /** The redirect URI of the exchange equals that of the authorize URL. */
  sameRedirectUri: boolean;
  pkce: boolean;
  refreshRotates: boolean;
  oldRefreshTokenDies: boolean;
  oldAccessTokenDies: boolean;
  /** A refresh restarts the life of the refresh token. */
  refreshRenewsLifetime: boolean;
  /** Photo posts have `is_aigc`, as TikTok's page says; one product's source says that they have none. */
  photosTakeAigc: boolean;
  /** A sandbox app cannot refresh (one operator's measurement). */
  sandboxRefreshFails: boolean;
  oauthErrorStatus: 400 | 200;
  invalidParamsCode: 'invalid_params' | 'invalid_param';
  /** Errors carry an empty `data` instead of none. */
  errorsCarryData: boolean;
  rateLimits: boolean;
  /** The three init endpoints share one bucket of six. */
  sharedInitLimit: boolean;
  /** Bans, caps and pending drafts are enforced. */
  creatorCaps: boolean;
  /** An app that is not audited posts to private accounts as SELF_ONLY. */
  auditRules: boolean;
  urlOwnership: boolean;
  /** Received media is judged by content. */
  checkMedia: boolean;
  /** It is decoded as well; off where a measurement should not pay for it. */
  decodeMedia: boolean;
  refuseAnimatedWebp: boolean;
  refuseCmykJpeg: boolean;
  /** Status replies leave empty fields out. */
  omitEmptyFields: boolean;
  /** Collect what the real API ignores silently in `state.lint`. */
  lint: boolean;
};

export type WebhookOptions = {
  delayMs: number;
  /** Other delays by event: `{ 'post.publish.publicly_available': 3_600_000 }`. */
  delayMsOf: Record<string, number>;
  /** `publicly_available` arrives before the reply to init, or before `complete`; neither needs the moderation. */
  availableBefore?: 'reply' | 'complete';
  /** First pause after a reply other than 200; doubles each time. */
  retryMs: number;
  attempts: number;
  /** Stamp and sign with the real time instead of the virtual clock. */
  realTime: boolean;
};

export type EmulatorOptions = {
  processingMs: number;
  moderationMs: number;
  /** Line breaks of captions become spaces, as three vendors report. */
  flattenCaptions: boolean;
  accessTokenSeconds: number;
  refreshTokenSeconds: number;
  codeSeconds: number;
  /** Lets http URLs and redirect URIs on 127.0.0.1 and localhost pass; TikTok demands https and a DNS name. */
  allowLoopbackHttp: boolean;
  /** How far TikTok's `Date` header is from the clock, in place of a machine whose clock is wrong. */
  dateSkewMs: number;
  /** Keep the received bytes in `media[].body`. */
  keepMedia: boolean;
  pull: PullOptions;
  /** How long an `upload_url` lives. */
  uploadUrlSeconds: number;
  webhooks: WebhookOptions;
  strict: Strictness;
};

export type TikTokEmulatorOptions = Partial<Omit<EmulatorOptions, 'pull' | 'webhooks' | 'strict'>> & {
  /** A fixed port for demos; tests leave it out and get a free one. */
  port?: number;
  /** Where the clock starts, in milliseconds since 1970. */
  startAt?: number;
  /** Time passes by `clock.advance` only. */
  frozenClock?: boolean;
  webhookDelayMs?: number;
  app?: Partial<App>;
  creator?: Partial<Creator>;
  pull?: Partial<PullOptions>;
  webhooks?: Partial<WebhookOptions>;
  strict?: Partial<Strictness>;
};

/** Fills in what a test leaves out; the result stays mutable so that a test can change its mind midway. */
export function resolveOptions(given: TikTokEmulatorOptions): EmulatorOptions {
  return {
    processingMs: given.processingMs ?? 10,
    moderationMs: given.moderationMs ?? 20,
    flattenCaptions: given.flattenCaptions ?? false,
    // https://developers.tiktok.com/doc/oauth-user-access-token-management, as of November 2026
    accessTokenSeconds: given.accessTokenSeconds ?? 2 * 3600,
    refreshTokenSeconds: given.refreshTokenSeconds ?? 180 * 86_400,
    codeSeconds: given.codeSeconds ?? 60,
    allowLoopbackHttp: given.allowLoopbackHttp ?? true,
    dateSkewMs: given.dateSkewMs ?? 0,
    keepMedia: given.keepMedia ?? false,
    uploadUrlSeconds: given.uploadUrlSeconds ?? 3600,
    // A test may add to these, for its own world alone.
    pull: { ...defaultPull, origins: {}, ...given.pull },
    webhooks: { ...defaultWebhooks, delayMsOf: {}, delayMs: given.webhookDelayMs ?? 5, ...given.webhooks },
    strict: { ...defaultStrictness, ...given.strict },
  };
}

const defaultPull: Omit<PullOptions, 'origins'> = {
  head: true,
  ranges: false,
  rangeBytes: 65_536,
  twice: false,
  beforeReply: false,
  never: false,
  delayMs: 0,
  retries: 0,
  cutRetries: 0,
  retryMs: 20,
  timeoutMs: 3_600_000,
  userAgent: 'TikTokEmulator/1.0 (pull)',
};

const defaultWebhooks: Omit<WebhookOptions, 'delayMsOf'> = {
  delayMs: 5,
  retryMs: 20,
  attempts: 8,
  realTime: false,
};

const defaultStrictness: Strictness = {
  trailingSlash: true,
  formBodies: true,
  sameRedirectUri: true,
  pkce: true,
  refreshRotates: true,
  oldRefreshTokenDies: true,
  oldAccessTokenDies: false,
  refreshRenewsLifetime: false,
  photosTakeAigc: true,
  sandboxRefreshFails: false,
  oauthErrorStatus: 400,
  invalidParamsCode: 'invalid_params',
  errorsCarryData: false,
  rateLimits: true,
  sharedInitLimit: false,
  creatorCaps: true,
  auditRules: true,
  urlOwnership: true,
  checkMedia: true,
  decodeMedia: true,
  refuseAnimatedWebp: true,
  refuseCmykJpeg: true,
  omitEmptyFields: true,
  lint: true,
};
