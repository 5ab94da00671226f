import { expect, it } from 'vitest';
import { ConfigError, readConfig, readPlace } from '../src/config.ts';

const COMPLETE = {
  TIKTOK_CLIENT_KEY: 'key',
  TIKTOK_CLIENT_SECRET: 'secret',
  TELEGRAM_TOKEN: '123456:ABC-def_1',
  PUBLIC_URL: 'https://nod.example.com',
};

function problemsOf(changes: Record<string, string>): readonly string[] {
  try {
    readConfig({ ...COMPLETE, ...changes });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

it('needs four settings and knows the others by itself', () => {
  expect(readConfig(COMPLETE)).toMatchObject({
    tiktok: { clientKey: 'key', clientSecret: 'secret', apiUrl: 'https://open.tiktokapis.com' },
    telegram: { token: '123456:ABC-def_1', apiUrl: 'https://api.telegram.org' },
    publicUrl: 'https://nod.example.com',
    host: '0.0.0.0',
    port: 8080,
    dataDir: './data',
    pollIntervalMs: 45_000,
    pollAttempts: 3,
    logLevel: 'info',
  });
});

it('lists everything that is missing at once, with where it comes from', () => {
  expect(() => readConfig({})).toThrow(
    /TIKTOK_CLIENT_KEY is missing: [\s\S]*TIKTOK_CLIENT_SECRET is missing: [\s\S]*PUBLIC_URL is missing: [\s\S]*TELEGRAM_TOKEN and DISCORD_TOKEN are missing, at least one is needed: /,
  );
});

it('takes a variable that is empty or blank for one that is not set', () => {
  expect(problemsOf({ TIKTOK_CLIENT_KEY: '', TELEGRAM_TOKEN: '  ' })).toEqual([
    expect.stringMatching(/^TIKTOK_CLIENT_KEY is missing/),
    expect.stringMatching(/^TELEGRAM_TOKEN and DISCORD_TOKEN are missing/),
  ]);
  expect(readConfig({ ...COMPLETE, PORT: ' ', SECRET_KEY: '' })).toMatchObject({
    port: 8080,
    secretKey: undefined,
  });
});

it('takes the folder of a Bot API server only with the server', () => {
  const set = { TELEGRAM_FILES_DIR: '/telegram' };
  expect(problemsOf(set)).toEqual([expect.stringMatching(/^TELEGRAM_FILES_DIR .* set TELEGRAM_API_URL/)]);
  const server = { ...set, TELEGRAM_API_URL: 'http://telegram-bot-api:8081' };
  expect(readConfig({ ...COMPLETE, ...server }).telegram).toMatchObject({ filesDir: '/telegram' });
});

it('bounds a file by 4 GB, or by what is set', () => {
  expect(readConfig(COMPLETE).uploadLimitBytes).toBe(4_000_000_000);
  expect(readConfig({ ...COMPLETE, UPLOAD_LIMIT_GB: '0.5' }).uploadLimitBytes).toBe(500_000_000);
});

const SITE_TOKEN = 'abcdefghijklmnopqrstuvwxyz012345';

it.each([
  SITE_TOKEN,
  `tiktok${SITE_TOKEN}.txt`,
  `tiktok-developers-site-verification=${SITE_TOKEN}`,
  ` tiktok-developers-site-verification=${SITE_TOKEN}\n`,
])('reads TikTok’s verification from %j', (value) => {
  const config = readConfig({ ...COMPLETE, TIKTOK_SITE_VERIFICATION: value });
  expect(config.tiktok.siteVerification).toBe(SITE_TOKEN);
});

it.each(['tiktok', SITE_TOKEN.slice(1), `${SITE_TOKEN}x`, `../${SITE_TOKEN}.txt`])(
  'reads no verification from %j',
  (value) => expect(problemsOf({ TIKTOK_SITE_VERIFICATION: value })).toHaveLength(1),
);

it.each([
  [undefined, false],
  ['false', false],
  ['true', true],
])('takes TIKTOK_STATS=%s as %s', (value, stats) => {
  expect(readConfig({ ...COMPLETE, TIKTOK_STATS: value }).tiktok.stats).toBe(stats);
});

it('is content with either chat', () => {
  const { TELEGRAM_TOKEN: _, ...withoutChat } = COMPLETE;
  const config = readConfig({ ...withoutChat, DISCORD_TOKEN: 'abc.def.ghi_1' });
  expect(config).toMatchObject({
    telegram: undefined,
    discord: { token: 'abc.def.ghi_1', apiUrl: 'https://discord.com/api' },
  });
});

it('forgives blanks around a value and slashes behind an address', () => {
  const config = readConfig({
    ...COMPLETE,
    TIKTOK_CLIENT_KEY: ' key\n',
    PUBLIC_URL: 'https://nod.example.com/',
  });
  expect(config).toMatchObject({ tiktok: { clientKey: 'key' }, publicUrl: 'https://nod.example.com' });
});

it.each([
  ['PUBLIC_URL', 'nonsense', 'must be https:// and a host name'],
  ['PUBLIC_URL', 'http://nod.example.com', 'must be https:// and a host name'],
  ['PUBLIC_URL', 'ftp://localhost', 'must be https:// and a host name'],
  ['PUBLIC_URL', 'https://nod.example.com/nod', 'must be https:// and a host name, without a path'],
  ['TELEGRAM_TOKEN', 'abc', 'does not look like a bot token'],
  ['DISCORD_TOKEN', 'abc', 'does not look like a bot token'],
  ['TIKTOK_API_URL', 'nonsense', 'must be an address'],
  ['TIKTOK_SITE_VERIFICATION', 'page.html', 'must be the name or the content of TikTok’s verification file'],
  ['TIKTOK_STATS', 'yes', 'must be true or false'],
  ['PORT', '70000', 'must be a port number, 0 to 65535'],
  ['PORT', 'http', 'must be a port number, 0 to 65535'],
  ['METRICS', 'yes', 'must be true or false'],
  ['METRICS_PORT', '-1', 'must be a port number, 0 to 65535'],
  ['POLL_INTERVAL_SECONDS', '0', 'must be a number of seconds above 0'],
  ['TAKE_BACK_SECONDS', '-1', 'must be a number of seconds, 0 or more'],
  ['POLL_ATTEMPTS', '1.5', 'must be a whole number from 1'],
  ['MAX_FILES_PER_PERSON', '0', 'must be a whole number from 1'],
  ['MAX_DRAFTS_PER_PLACE', '2.5', 'must be a whole number from 1'],
  ['MAX_GB_PER_PLACE', '0', 'must be a number of GB above 0'],
  ['MAX_GB_PER_PERSON', 'all', 'must be a number of GB above 0'],
  ['MEDIA_LIMIT_GB', '-1', 'must be a number of GB above 0'],
  ['KEEP_POSTS_DAYS', '0', 'must be a number of days above 0'],
  ['KEEP_POSTS_DAYS', 'for ever', 'must be a number of days above 0'],
  ['SECRET_KEY', 'short', 'must have at least 16 characters'],
  ['LOG_LEVEL', 'loud', 'must be one of fatal, error, warn, info, debug, trace, silent'],
])('refuses %s=%s in one sentence', (name, value, sentence) => {
  expect(problemsOf({ [name]: value })).toEqual([expect.stringContaining(`${name} ${sentence}`)]);
});

it('repeats no secret in what it complains about', () => {
  expect(problemsOf({ SECRET_KEY: 'tooshort', TELEGRAM_TOKEN: 'sosecret' }).join()).not.toMatch(
    /tooshort|sosecret/,
  );
});

it.each(['http://localhost:8080', 'http://127.0.0.1:8080', 'http://[::1]:8080'])(
  'lets %s be for a try',
  (url) => {
    expect(readConfig({ ...COMPLETE, PUBLIC_URL: url }).publicUrl).toBe(url);
  },
);

it('takes fractions of a second between two checks', () => {
  expect(readConfig({ ...COMPLETE, POLL_INTERVAL_SECONDS: '0.05' }).pollIntervalMs).toBe(50);
});

it('leaves three seconds to take a post back, or as many as are set', () => {
  expect(readConfig(COMPLETE).takeBackMs).toBe(3_000);
  expect(readConfig({ ...COMPLETE, TAKE_BACK_SECONDS: '0' }).takeBackMs).toBe(0);
});

it('limits all media on the disk to 20 GB, or to as many as are set', () => {
  expect(readConfig(COMPLETE).mediaLimitBytes).toBe(20e9);
  expect(readConfig(COMPLETE).uploadLimitBytes).toBe(4e9);
  expect(readConfig({ ...COMPLETE, MEDIA_LIMIT_GB: '0.5' }).mediaLimitBytes).toBe(500_000_000);
});

it('limits what a person and a place have at once, in files, drafts and GB', () => {
  expect(readConfig(COMPLETE).limits).toEqual({
    person: { files: 70, drafts: 20, bytes: 5e9 },
    place: { files: 200, drafts: 100, bytes: 10e9 },
  });
  const limits = { MAX_FILES_PER_PERSON: '1', MAX_DRAFTS_PER_PLACE: '7', MAX_GB_PER_PERSON: '0.5' };
  expect(readConfig({ ...COMPLETE, ...limits }).limits).toMatchObject({
    person: { files: 1, drafts: 20, bytes: 500_000_000 },
    place: { drafts: 7 },
  });
});

it('serves metrics to this machine alone, and only where they are wanted', () => {
  expect(readConfig(COMPLETE).metrics).toBeUndefined();
  expect(readConfig({ ...COMPLETE, METRICS: '0', METRICS_PORT: '9000' }).metrics).toBeUndefined();
  for (const METRICS of ['1', 'true'])
    expect(readConfig({ ...COMPLETE, METRICS }).metrics).toEqual({ host: '127.0.0.1', port: 9464 });
  const elsewhere = { METRICS: '1', METRICS_HOST: '10.0.0.5', METRICS_PORT: '9000' };
  expect(readConfig({ ...COMPLETE, ...elsewhere }).metrics).toEqual({ host: '10.0.0.5', port: 9000 });
});

it('serves no metrics on the port that is public', () => {
  const same = { PORT: '9464', METRICS: 'true' };
  expect(problemsOf(same)).toEqual([expect.stringMatching(/^METRICS_PORT must be another port than PORT/)]);
  expect(problemsOf({ ...same, METRICS: 'false' })).toEqual([]);
});

it.each(['redis://127.0.0.1:6379/2', 'rediss://nod:geheim%21@redis.example.com', 'redis://:geheim@[::1]'])(
  'takes %s for a Redis',
  (url) => {
    expect(readConfig({ ...COMPLETE, REDIS_URL: url }).redisUrl).toBe(url);
    expect(readPlace({ REDIS_URL: ` ${url} ` }).redisUrl).toBe(url);
  },
);

it.each([
  'http://:geheim@localhost',
  'redis://',
  'geheim',
  'redis://:geheim%@localhost',
  'redis://localhost/geheim',
])('takes %s for no Redis, and says nothing of what is in it', (url) => {
  const problem =
    'REDIS_URL must be redis:// or rediss:// and a host, such as redis://:PASSWORD@127.0.0.1:6379/0';
  expect(problemsOf({ REDIS_URL: url })).toEqual([problem]);
  expect(() => readPlace({ REDIS_URL: url })).toThrow(problem);
});

const SHARED = {
  REDIS_URL: 'redis://127.0.0.1:6379/0',
  SECRET_KEY: 'a key for all of them',
  S3_BUCKET: 'nod-media',
  S3_REGION: 'eu-central-1',
};

it('does everything in one process, or what its roles say', () => {
  expect([...readConfig(COMPLETE).roles]).toEqual(['web', 'bots', 'worker']);
  const { roles } = readConfig({ ...COMPLETE, ...SHARED, ROLES: ' worker, web ' });
  expect([...roles]).toEqual(['worker', 'web']);
});

it.each([
  [
    { ROLES: 'web' },
    'ROLES divides the work among processes, which need REDIS_URL, S3_BUCKET and SECRET_KEY',
  ],
  [{ ...SHARED, SECRET_KEY: '', ROLES: 'bots' }, 'ROLES divides the work among processes'],
  [{ ...SHARED, ROLES: 'web,cook' }, 'ROLES must be one or more of web, bots, worker, with commas between'],
  [{ ...SHARED, INTERNAL_URL: '10.0.0.5:8080' }, 'INTERNAL_URL must be an address'],
])('refuses roles that cannot work: %j', (changes, problem) => {
  expect(problemsOf(changes)).toEqual([expect.stringContaining(problem)]);
});

const BUCKET = { S3_BUCKET: 'nod-media', S3_ENDPOINT: 'https://s3.example.com/' };
const S3_KEY = { S3_ACCESS_KEY_ID: 'AKIA', S3_SECRET_ACCESS_KEY: 'geheim' };

it('reads where a bucket is, also alone', () => {
  const environment = { ...BUCKET, ...S3_KEY, S3_PREFIX: 'team/nod' };
  const expected = {
    name: 'nod-media',
    endpoint: 'https://s3.example.com',
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'geheim' },
    prefix: 'team/nod/',
    checksums: undefined,
  };
  expect(readConfig({ ...COMPLETE, ...environment }).s3).toEqual(expected);
  expect(readPlace(environment).s3).toEqual(expected);
  const onAws = readConfig({ ...COMPLETE, S3_BUCKET: 'nod-media', S3_REGION: 'eu-central-1' }).s3;
  expect(onAws).toMatchObject({
    region: 'eu-central-1',
    endpoint: undefined,
    credentials: undefined,
    prefix: '',
  });
  expect(readConfig(COMPLETE).s3).toBeUndefined();
});

it.each([
  [{ S3_ENDPOINT: 'https://s3.example.com' }, 'S3_BUCKET is missing: S3_ENDPOINT is set, so name the bucket'],
  [{ S3_BUCKET: 'nod-media' }, 'S3_REGION is missing'],
  [
    { ...BUCKET, S3_SECRET_ACCESS_KEY: 'geheim' },
    'S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY belong together',
  ],
  [{ ...BUCKET, S3_BUCKET: 's3://geheim' }, 'S3_BUCKET must be the name of a bucket alone'],
  [{ ...BUCKET, S3_PREFIX: '../geheim' }, 'S3_PREFIX must be a path in the bucket'],
  [{ ...BUCKET, S3_CHECKSUMS: 'geheim' }, 'S3_CHECKSUMS must be when_required, or be left out'],
  [{ MEDIA_BASE_URL: 'https://geheim.example.com/path' }, 'MEDIA_BASE_URL must be https:// and a host name'],
])('says what is wrong with a bucket, and nothing of its key: %o', (environment, problem) => {
  const [said = '', ...more] = problemsOf(environment);
  expect(said).toContain(problem);
  expect(said).not.toContain('geheim');
  expect(more).toEqual([]);
});
