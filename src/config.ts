import { z } from 'zod';
import { type ProcessRole, ROLES } from './core/cluster/cluster.ts';
import type { BucketSettings } from './core/media/store/bucket.ts';
import { DEFAULT_PACING } from './core/publish/pacing.ts';
import { VIDEO_TRANSFERS } from './core/publish/transfer/choose.ts';
import { misspeltSettings } from './misspelt-settings.ts';

export type Config = ReturnType<typeof readConfig>;

/** What is missing or wrong in the environment, all of it at once. */
export class ConfigError extends Error {
  override name = 'ConfigError' as const;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `Nod cannot start. Set these in the environment or in .env:\n${problems.map((line) => `  ${line}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

const DATA_DIR_DEFAULT = './data';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

const BYTES_PER_GB = 1_000_000_000;
const MS_PER_DAY = 24 * 3_600_000;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const address = z.url({ protocol: /^https?$/, error: 'must be an address that begins with https://' });
const text = z.string();
const flag = z
  .enum(['true', 'false', '1', '0'], { error: 'must be true or false' })
  .default('false')
  .transform((value) => value === 'true' || value === '1');

const ACCESS = ['invite', 'open'] as const;
const count = number('must be a whole number from 1', (value) => value.int().positive());
const port = number('must be a port number, 0 to 65535', (value) => value.int().min(0).max(65_535));
const gigabytes = number('must be a number of GB above 0', (value) => value.positive());

/** The token itself, the name of the file that TikTok's portal gives, or its content. */
const SITE_VERIFICATION = /^(?:tiktok-developers-site-verification=)?(?:tiktok)?([A-Za-z0-9]{32})(?:\.txt)?$/;

const CHECKSUMS = ['when_required'] as const;

const bucketShape = {
  S3_BUCKET: z
    .string()
    .regex(/^[\w.-]{3,255}$/, 'must be the name of a bucket alone, without s3:// and without a path')
    .optional(),
  S3_ENDPOINT: address.optional(),
  S3_REGION: z
    .string()
    .regex(/^[\w-]+$/, 'must be the name of a region, such as eu-central-1')
    .optional(),
  S3_ACCESS_KEY_ID: text.optional(),
  S3_SECRET_ACCESS_KEY: text.optional(),
  S3_PREFIX: z
    .string()
    .regex(
      /^\w[\w.-]*(\/\w[\w.-]*)*\/?$/,
      'must be a path in the bucket such as nod/, of letters, digits, ., - and _',
    )
    .optional(),
  S3_CHECKSUMS: z.enum(CHECKSUMS, { error: `must be ${CHECKSUMS.join(' or ')}, or be left out` }).optional(),
};

const schema = z.object({
  ...bucketShape,
  TIKTOK_CLIENT_KEY: text,
  TIKTOK_CLIENT_SECRET: text,
  TELEGRAM_TOKEN: z
    .string()
    .regex(/^\d+:[\w-]+$/, 'does not look like a bot token (123456:ABC…); copy it from @BotFather again')
    .optional(),
  DISCORD_TOKEN: z
    .string()
    .regex(
      /^[\w-]+\.[\w-]+\.[\w-]+$/,
      'does not look like a bot token (three parts with dots between); reset it on the Bot page of your application',
    )
    .optional(),
  PUBLIC_URL: z.string().refine(isPublicAddress, {
    error: 'must be https:// and a host name, without a path; http:// only for localhost',
  }),
  MEDIA_BASE_URL: z
    .string()
    .refine(isPublicAddress, {
      error: 'must be https:// and a host name, without a path; http:// only for localhost',
    })
    .optional(),
  HOST: text.default('0.0.0.0'),
  PORT: port.default(8080),
  METRICS: flag,
  METRICS_HOST: text.default('127.0.0.1'),
  METRICS_PORT: port.default(9464),
  DATA_DIR: text.default(DATA_DIR_DEFAULT),
  EXPECT_DATA: flag,
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, {
      error: 'must be redis:// or rediss:// and a host, such as redis://:PASSWORD@127.0.0.1:6379/0',
    })
    .optional(),
  ROLES: z
    .string()
    .transform((value) => value.split(',').map((role) => role.trim()))
    .pipe(
      z.array(z.enum(ROLES, { error: `must be one or more of ${ROLES.join(', ')}, with commas between` })),
    )
    .default([...ROLES]),
  INTERNAL_URL: address.optional(),
  SECRET_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  TIKTOK_API_URL: address.default('https://open.tiktokapis.com'),
  TIKTOK_AUTHORIZE_URL: address.default('https://www.tiktok.com/v2/auth/authorize/'),
  TIKTOK_SITE_VERIFICATION: z
    .string()
    .transform((value) => SITE_VERIFICATION.exec(value)?.[1])
    .pipe(z.string({ error: 'must be the name or the content of TikTok’s verification file, tiktok….txt' }))
    .optional(),
  TIKTOK_STATS: flag,
  VIDEO_TRANSFER: z
    .enum(VIDEO_TRANSFERS, { error: `must be one of ${VIDEO_TRANSFERS.join(', ')}` })
    .default('auto'),
  TELEGRAM_API_URL: address.default('https://api.telegram.org'),
  TELEGRAM_FILES_DIR: text.optional(),
  DISCORD_API_URL: address.default('https://discord.com/api'),
  POLL_INTERVAL_SECONDS: number('must be a number of seconds above 0', (value) => value.positive()).default(
    45,
  ),
  POLL_ATTEMPTS: count.default(3),
  TAKE_BACK_SECONDS: number('must be a number of seconds, 0 or more', (value) => value.nonnegative()).default(
    DEFAULT_PACING.takeBackMs / 1000,
  ),
  ACCESS: z.enum(ACCESS, { error: `must be ${ACCESS.join(' or ')}` }).default('invite'),
  CLAIM_CODE: z
    .string()
    // What a link into a Telegram chat can carry.
    .regex(
      /^(?=(?:[_-]*[A-Za-z0-9]){6})[\w-]{6,64}$/,
      'must have 6 to 64 letters and digits; - and _ may stand between',
    )
    .optional(),
  MAX_FILES_PER_PERSON: count.default(70),
  MAX_FILES_PER_PLACE: count.default(200),
  MAX_DRAFTS_PER_PERSON: count.default(20),
  MAX_DRAFTS_PER_PLACE: count.default(100),
  MAX_GB_PER_PERSON: gigabytes.default(5),
  MAX_GB_PER_PLACE: gigabytes.default(10),
  MEDIA_LIMIT_GB: gigabytes.default(20),
  UPLOAD_LIMIT_GB: gigabytes.default(4),
  KEEP_POSTS_DAYS: number('must be a number of days above 0', (value) => value.positive()).default(365),
  OPERATOR_NAME: text.optional(),
  OPERATOR_CONTACT: text.optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
});

const WHERE: Readonly<Record<string, string>> = {
  TIKTOK_CLIENT_KEY: 'from your app at https://developers.tiktok.com/apps',
  TIKTOK_CLIENT_SECRET: 'from the same page as the client key',
  PUBLIC_URL: 'the https address at which TikTok reaches this server, such as https://nod.example.com',
};

const NO_CHAT =
  'TELEGRAM_TOKEN and DISCORD_TOKEN are missing, at least one is needed: from @BotFather in Telegram (/newbot), or from the Bot page of your application at https://discord.com/developers/applications';

const NO_SERVER =
  'TELEGRAM_FILES_DIR is the folder of a Bot API server of your own: set TELEGRAM_API_URL to its address, or leave both out';

const SEVERAL =
  'ROLES divides the work among processes, which need REDIS_URL, S3_BUCKET and SECRET_KEY, the same for all: set them, or take ROLES away';

const SAME_PORT =
  'METRICS_PORT must be another port than PORT, which a reverse proxy makes public: leave it out, or choose one';

/** The names of all settings. */
export const SETTINGS: readonly string[] = Object.keys(schema.shape);

/** Where the data and their key are, for what needs no more than that. */
export function readPlace(environment: NodeJS.ProcessEnv): {
  dataDir: string;
  secretKey: string | undefined;
  redisUrl: string | undefined;
  s3: BucketSettings | undefined;
} {
  const set = withoutEmpty(environment);
  const place = z.object({ ...bucketShape, REDIS_URL: schema.shape.REDIS_URL });
  const parsed = place.safeParse(set);
  const problems = parsed.success
    ? bucketProblems(set)
    : parsed.error.issues.map(({ path, message }) => explain(path, message, set));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return {
    dataDir: set.DATA_DIR ?? DATA_DIR_DEFAULT,
    secretKey: set.SECRET_KEY,
    redisUrl: parsed.data.REDIS_URL,
    s3: bucketOf(parsed.data),
  };
}

function withoutEmpty(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const trimmed = Object.entries(environment).map(([name, value]) => [name, value?.trim()] as const);
  return Object.fromEntries(trimmed.filter(([, value]) => value !== ''));
}

function bucketOf(values: z.infer<z.ZodObject<typeof bucketShape>>): BucketSettings | undefined {
  const { S3_BUCKET: name, S3_ACCESS_KEY_ID: id, S3_SECRET_ACCESS_KEY: secret, S3_PREFIX: prefix } = values;
  if (name === undefined) return undefined;
  return {
    name,
    endpoint: values.S3_ENDPOINT && trimSlash(values.S3_ENDPOINT),
    region: values.S3_REGION ?? (values.S3_ENDPOINT === undefined ? undefined : 'us-east-1'),
    credentials:
      id === undefined || secret === undefined ? undefined : { accessKeyId: id, secretAccessKey: secret },
    prefix: prefix === undefined ? '' : `${trimSlash(prefix)}/`,
    checksums: values.S3_CHECKSUMS,
  };
}

/** What is missing among the settings of a bucket. */
function bucketProblems(set: NodeJS.ProcessEnv): string[] {
  const problems: string[] = [];
  const lonely = Object.keys(bucketShape).find((name) => set[name] !== undefined);
  if (lonely !== undefined && set.S3_BUCKET === undefined)
    return [`S3_BUCKET is missing: ${lonely} is set, so name the bucket, or leave both out`];
  if (set.S3_BUCKET === undefined) return [];
  if ((set.S3_ACCESS_KEY_ID === undefined) !== (set.S3_SECRET_ACCESS_KEY === undefined))
    problems.push('S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY belong together: set both, or leave both out');
  if (set.S3_ENDPOINT === undefined && set.S3_REGION === undefined && set.AWS_REGION === undefined)
    problems.push('S3_REGION is missing: the region of the bucket, such as eu-central-1');
  return problems;
}

/** Reads the settings; throws a `ConfigError` that lists every problem. Empty variables count as unset. */
export function readConfig(environment: NodeJS.ProcessEnv) {
  const set = withoutEmpty(environment);
  const parsed = schema.safeParse(set);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => explain(path, message, set));
  if (set.TELEGRAM_TOKEN === undefined && set.DISCORD_TOKEN === undefined)
    problems.push(`${NO_CHAT}${misspeltFor(['TELEGRAM_TOKEN', 'DISCORD_TOKEN'], set)}`);
  problems.push(...bucketProblems(set));
  if (set.TELEGRAM_FILES_DIR !== undefined && set.TELEGRAM_API_URL === undefined) problems.push(NO_SERVER);
  const isDivided = (parsed.data?.ROLES.length ?? ROLES.length) < ROLES.length;
  const isMissing = [set.REDIS_URL, set.S3_BUCKET, set.SECRET_KEY].includes(undefined);
  if (isDivided && isMissing) problems.push(SEVERAL);
  if (parsed.data?.METRICS && parsed.data.METRICS_PORT === parsed.data.PORT && parsed.data.PORT !== 0)
    problems.push(SAME_PORT);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const values = parsed.data;
  return {
    tiktok: {
      clientKey: values.TIKTOK_CLIENT_KEY,
      clientSecret: values.TIKTOK_CLIENT_SECRET,
      apiUrl: values.TIKTOK_API_URL,
      authorizeUrl: values.TIKTOK_AUTHORIZE_URL,
      siteVerification: values.TIKTOK_SITE_VERIFICATION,
      stats: values.TIKTOK_STATS,
    },
    telegram: telegram(values),
    discord: chat(values.DISCORD_TOKEN, values.DISCORD_API_URL),
    publicUrl: trimSlash(values.PUBLIC_URL),
    mediaBaseUrl: values.MEDIA_BASE_URL && trimSlash(values.MEDIA_BASE_URL),
    videoTransfer: values.VIDEO_TRANSFER,
    host: values.HOST,
    port: values.PORT,
    metrics: values.METRICS ? { host: values.METRICS_HOST, port: values.METRICS_PORT } : undefined,
    dataDir: values.DATA_DIR,
    isDataExpected: values.EXPECT_DATA,
    redisUrl: values.REDIS_URL,
    s3: bucketOf(values),
    roles: new Set<ProcessRole>(values.ROLES),
    internalUrl: values.INTERNAL_URL === undefined ? undefined : trimSlash(values.INTERNAL_URL),
    secretKey: values.SECRET_KEY,
    pollIntervalMs: values.POLL_INTERVAL_SECONDS * 1000,
    pollAttempts: values.POLL_ATTEMPTS,
    takeBackMs: values.TAKE_BACK_SECONDS * 1000,
    access: { isOpen: values.ACCESS === 'open', claimCode: values.CLAIM_CODE },
    limits: {
      person: {
        files: values.MAX_FILES_PER_PERSON,
        drafts: values.MAX_DRAFTS_PER_PERSON,
        bytes: values.MAX_GB_PER_PERSON * BYTES_PER_GB,
      },
      place: {
        files: values.MAX_FILES_PER_PLACE,
        drafts: values.MAX_DRAFTS_PER_PLACE,
        bytes: values.MAX_GB_PER_PLACE * BYTES_PER_GB,
      },
    },
    uploadLimitBytes: values.UPLOAD_LIMIT_GB * BYTES_PER_GB,
    mediaLimitBytes: values.MEDIA_LIMIT_GB * BYTES_PER_GB,
    keepPostsMs: values.KEEP_POSTS_DAYS * MS_PER_DAY,
    operator: { name: values.OPERATOR_NAME, contact: values.OPERATOR_CONTACT },
    logLevel: values.LOG_LEVEL,
  };
}

function telegram(values: z.infer<typeof schema>) {
  const connection = chat(values.TELEGRAM_TOKEN, values.TELEGRAM_API_URL);
  return connection && { ...connection, filesDir: values.TELEGRAM_FILES_DIR };
}

const chat = (token: string | undefined, apiUrl: string) =>
  token === undefined ? undefined : { token, apiUrl: trimSlash(apiUrl) };

function explain(path: readonly PropertyKey[], message: string, set: NodeJS.ProcessEnv): string {
  const name = String(path[0]);
  if (set[name] !== undefined) return `${name} ${message}`;
  const where = WHERE[name];
  const missing = where === undefined ? `${name} is missing` : `${name} is missing: ${where}`;
  return `${missing}${misspeltFor([name], set)}`;
}

/** What seems to stand for a setting that is missing. */
function misspeltFor(names: readonly string[], set: NodeJS.ProcessEnv): string {
  const misspelt = misspeltSettings(set, SETTINGS).find(({ meant }) => names.includes(meant));
  return misspelt === undefined ? '' : ` (${misspelt.name} is set: is it misspelt?)`;
}

/** A number with one sentence for everything that may be wrong with it. */
function number(error: string, check: (value: z.ZodNumber) => z.ZodNumber) {
  return z
    .string()
    .transform(Number)
    .pipe(z.custom<number>((value) => check(z.number()).safeParse(value).success, { error }));
}

function isPublicAddress(value: string): boolean {
  const url = URL.parse(value);
  if (url === null) return false;
  const isBare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname)));
}

function isRedisUrl(value: string): boolean {
  const url = URL.parse(value);
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '') return false;
  // The client reads them so, and would fail on a % that stands for itself.
  const isDecodable = [url.username, url.password].every((part) => !/%(?![0-9a-f]{2})/i.test(part));
  return isDecodable && /^\/?\d*$/.test(url.pathname) && url.search === '' && url.hash === '';
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
