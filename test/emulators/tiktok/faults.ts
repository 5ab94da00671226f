export type FaultOptions = {
  /** How many matching requests it meets; 1 unless told. */
  times?: number;
  /** For `latency`. */
  ms?: number;
  /** For `error`. */
  status?: number;
  code?: string;
  message?: string;
  /** Narrows it to one endpoint, e.g. `content/init`, `status/fetch`, `oauth/token`. */
  endpoint?: string;
  /** Narrows a fault of uploads to a chunk, from 0, or to the first, the last, or any but these. */
  chunk?: number | 'first' | 'middle' | 'last';
  /** Narrows a fault of webhooks to one event. */
  event?: string;
  /** For faults that replace a reply: the request is carried out all the same. */
  created?: boolean;
};

export type Fault = { name: string; base: string; argument: string; left: number; options: FaultOptions };

/**
 * `instead`: the request is answered like this and not carried out; `reply`: it is carried out and the reply is spoilt;
 * `publish`: it marks the next publish; `chunk`: it meets a chunk of an upload; `webhook`: it spoils the next event.
 */
type Phase = 'instead' | 'reply' | 'publish' | 'chunk' | 'webhook' | 'latency';
type Group = 'init' | 'status' | 'token' | 'api' | 'upload' | 'any';

const phases: Record<string, { phase: Phase; group: Group }> = {
  'drop-init-reply': { phase: 'reply', group: 'init' },
  'drop-status-reply': { phase: 'reply', group: 'status' },
  'drop-token-reply': { phase: 'reply', group: 'token' },
  'drop-reply': { phase: 'reply', group: 'any' },
  'missing-data': { phase: 'reply', group: 'api' },
  'drop-init-request': { phase: 'instead', group: 'init' },
  'drop-request': { phase: 'instead', group: 'any' },
  'init-5xx': { phase: 'instead', group: 'init' },
  'init-html-200': { phase: 'instead', group: 'init' },
  'init-internal-error': { phase: 'instead', group: 'init' },
  'init-429': { phase: 'instead', group: 'init' },
  'init-403': { phase: 'instead', group: 'init' },
  error: { phase: 'instead', group: 'api' },
  'http-200-error': { phase: 'instead', group: 'api' },
  'status-5xx': { phase: 'instead', group: 'status' },
  'status-429': { phase: 'instead', group: 'status' },
  'token-5xx': { phase: 'instead', group: 'token' },
  'token-error': { phase: 'instead', group: 'token' },
  latency: { phase: 'latency', group: 'any' },
  fail: { phase: 'publish', group: 'init' },
  hang: { phase: 'publish', group: 'init' },
  /** Not taken. */
  'chunk-5xx': { phase: 'chunk', group: 'upload' },
  /** The connection is cut in the middle of its bytes; not taken. */
  'chunk-cut': { phase: 'chunk', group: 'upload' },
  /** Taken. */
  'drop-chunk-reply': { phase: 'chunk', group: 'upload' },
  /** Not taken; as in `chunk-refused:403`. */
  'chunk-refused': { phase: 'chunk', group: 'upload' },
  'webhook-duplicate': { phase: 'webhook', group: 'any' },
  'webhook-reorder': { phase: 'webhook', group: 'any' },
  'webhook-bad-signature': { phase: 'webhook', group: 'any' },
  'webhook-old-timestamp': { phase: 'webhook', group: 'any' },
  'webhook-lost': { phase: 'webhook', group: 'any' },
};

/** https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status */
export const failReasons = [
  'file_format_check_failed',
  'duration_check_failed',
  'frame_rate_check_failed',
  'picture_size_check_failed',
  'internal',
  'video_pull_failed',
  'photo_pull_failed',
  'publish_cancelled',
  'auth_removed',
  'spam_risk_too_many_posts',
  'spam_risk_user_banned_from_posting',
  'spam_risk_text',
  'spam_risk',
];

/** What stands behind the colon of a fault that needs it. */
const ARGUMENTS: Record<string, readonly string[]> = {
  fail: failReasons,
  // https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
  'init-403': [
    'spam_risk_too_many_posts',
    'spam_risk_too_many_pending_share',
    'spam_risk_user_banned_from_posting',
    'spam_risk_text',
    'spam_risk',
    'reached_active_user_cap',
    'unaudited_client_can_only_post_to_private_accounts',
    'url_ownership_unverified',
    'privacy_level_option_mismatch',
    'scope_not_authorized',
    'invalid_params',
    'something_new',
  ],
  'token-error': ['invalid_grant', 'invalid_request', 'invalid_client', 'server_error'],
  'chunk-refused': ['400', '403', '416'],
  error: ['internal_error', 'access_token_invalid', 'rate_limit_exceeded'],
  'http-200-error': ['internal_error', 'access_token_invalid', 'rate_limit_exceeded'],
};

/** Every fault that there is, in all the ways in which a test can name it. */
export const listFaults = (): { name: string; phase: Phase; group: Group }[] =>
  Object.entries(phases).flatMap(([base, { phase, group }]) =>
    (ARGUMENTS[base] ?? ['']).map((argument) => ({
      name: argument === '' ? base : `${base}:${argument}`,
      phase,
      group,
    })),
  );

/** Faults that tests arm by name; each meets the next requests it fits, oldest first. */
export function createFaults() {
  const armed: Fault[] = [];

  function arm(name: string, options: FaultOptions = {}) {
    const [base = '', argument = ''] = name.split(/:(.*)/s);
    if (!phases[base]) throw new Error(`The TikTok emulator has no fault named "${name}".`);
    if (base === 'fail' && !failReasons.includes(argument)) {
      throw new Error(`"${argument}" is no fail_reason of TikTok. Use one of: ${failReasons.join(', ')}.`);
    }
    if (base === 'chunk-refused' && !/^4\d\d$/.test(argument)) {
      throw new Error('Name the HTTP status, as in "chunk-refused:403".');
    }
    if ((base === 'init-403' || base === 'token-error') && !argument) {
      throw new Error('Name the code, as in "init-403:spam_risk_text" or "token-error:invalid_grant".');
    }
    const fault: Fault = { name, base, argument, left: options.times ?? 1, options };
    armed.push(fault);
    return {
      fault,
      disarm: () => {
        fault.left = 0;
      },
    };
  }

  function take(endpoint: string, fits: (fault: Fault) => boolean) {
    const fault = armed.find((one) => one.left > 0 && reaches(one, endpoint) && fits(one));
    if (fault) fault.left -= 1;
    return fault;
  }

  const inPhase = (fault: Fault, phase: Phase) => phases[fault.base]?.phase === phase;

  return {
    armed,
    arm,
    /** What was armed and never met: its test would pass without it. */
    unmet: (): string[] =>
      armed
        .filter(({ left, options }) => left > 0 && left === (options.times ?? 1))
        .map(({ name }) => `The fault ${name} was never met.`),
    takeLatency: (endpoint: string) => take(endpoint, (fault) => inPhase(fault, 'latency')),
    takeInstead: (endpoint: string) => take(endpoint, (fault) => inPhase(fault, 'instead')),
    takeReply: (endpoint: string) => take(endpoint, (fault) => inPhase(fault, 'reply')),
    takePublish: (endpoint: string) => take(endpoint, (fault) => inPhase(fault, 'publish')),
    /** For a chunk, by its number from 0. */
    takeChunk: (index: number, count: number) =>
      take('upload', (fault) => inPhase(fault, 'chunk') && isMeant(fault.options.chunk, index, count)),
    takeWebhook: (base: string, event: string) =>
      take('webhook', ({ base: name, options }) => name === base && (options.event ?? event) === event),
  };
}

export type Faults = ReturnType<typeof createFaults>;

function isMeant(chunk: FaultOptions['chunk'], index: number, count: number) {
  const isFirst = index === 0;
  const isLast = index === count - 1;
  if (chunk === 'first') return isFirst;
  if (chunk === 'last') return isLast;
  if (chunk === 'middle') return !isFirst && !isLast;
  return chunk === undefined || chunk === index;
}

function reaches(fault: Fault, endpoint: string) {
  if (fault.options.endpoint !== undefined && fault.options.endpoint !== endpoint) return false;
  const group = phases[fault.base]?.group;
  if (group === 'init') return endpoint.endsWith('/init');
  if (group === 'status') return endpoint === 'status/fetch';
  if (group === 'token') return endpoint === 'oauth/token';
  if (group === 'api')
    return !endpoint.startsWith('oauth/') && !['authorize', 'webhook', 'upload'].includes(endpoint);
  return true;
}
