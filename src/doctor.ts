import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Hono } from 'hono';
import pino from 'pino';
import { z } from 'zod';
import { chatChecks } from './bots/doctor/chat-checks.ts';
import { createBots } from './bots/index.ts';
import type { Config } from './config.ts';
import { createPlaceAccess, type PlaceAccess } from './core/access/place-access.ts';
import { type Account, readAccount } from './core/accounts/accounts.ts';
import { wrongKey } from './core/accounts/key-check.ts';
import { createWorkspaces, type Workspace } from './core/accounts/workspaces.ts';
import {
  type Check,
  type CheckResult,
  type Finding,
  ok,
  PATIENCE_MS,
  runChecks,
  toDo,
  unknown,
} from './core/doctor/check.ts';
import { type CheckParts, coreChecks } from './core/doctor/checks.ts';
import { createProbe, type Probe } from './core/doctor/probe.ts';
import { createWebhookLog, type WebhookRecord } from './core/doctor/webhooks.ts';
import type { LinkNetwork } from './core/links/connect.ts';
import { findFfmpeg } from './core/media/ffmpeg.ts';
import type { BucketSettings } from './core/media/store/bucket.ts';
import type { Post } from './core/publish/post.ts';
import { type PostSignals, upgradeSignals } from './core/publish/signals.ts';
import { createTransferChoice, type UnverifiedAddress } from './core/publish/transfer/choose.ts';
import type { Lesson } from './core/quotas/quotas.ts';
import { diskProblem, StartError } from './core/start-error.ts';
import { openStores, type Stores } from './core/storage/database.ts';
import { hasDatabase, pathsIn } from './core/storage/folder.ts';
import { createSecrets, readKeyFile } from './core/storage/secrets.ts';
import { createTikTokClient } from './core/tiktok/client.ts';
import { openRecords } from './open-records.ts';
import { createProbeRoutes, createVerificationRoutes, type Server, startServer } from './web/index.ts';

/** The checks of what is below the chats, for a Nod that runs and for the command alike. */
export function checksOf(
  {
    config,
    stores,
    ...parts
  }: { config: Config; stores: Stores } & Pick<
    CheckParts,
    'client' | 'secrets' | 'posts' | 'transfers' | 'webhookLog' | 'probe' | 'network' | 'now'
  >,
  options: { isPull?: boolean } = {},
): Check[] {
  const { publicUrl, mediaBaseUrl, port, tiktok } = config;
  // In front of a bucket the disk is a cache, which may be full.
  const mediaLimitBytes = config.s3 === undefined ? config.mediaLimitBytes : Number.POSITIVE_INFINITY;
  const folder = resolve(config.dataDir);
  const accounts = stores.store<Account>('accounts', { upgrade: readAccount });
  const lessons = stores.store<Lesson>('quotas');
  const signals = stores.store<PostSignals>('notes', { upgrade: upgradeSignals });
  const disk = { folder, media: pathsIn(folder).media, mediaLimitBytes };
  const checks = coreChecks(
    { ...parts, accounts, lessons, signals, publicUrl, mediaBaseUrl, port, tiktok, disk, findFfmpeg },
    options,
  );
  return config.s3 === undefined ? checks : [...checks, bucketCheck(config.s3)];
}

/** Whether the bucket does what Nod needs of it, with a small object that is taken away again, and is closed to strangers. */
function bucketCheck(settings: BucketSettings): Check {
  const { name } = settings;
  return {
    name: 'bucket',
    async run(signal) {
      const { createBucket } = await import('./core/media/store/bucket.ts');
      const { tryBucket } = await import('./core/media/store/try-bucket.ts');
      const bucket = createBucket(settings);
      signal.addEventListener('abort', bucket.close, { once: true });
      try {
        await tryBucket(bucket, settings);
        return ok(`${name} keeps media, and is closed to the public`);
      } catch (error) {
        if (!(error instanceof StartError) || signal.aborted) throw error;
        return toDo(error.message);
      } finally {
        bucket.close();
      }
    },
    late: `No answer in time from the bucket ${name}: look into the log of its service, or set S3_ENDPOINT to where that is.`,
  };
}

/**
 * Looks at everything that can keep Nod from working, as a command beside a Nod that runs on the same folder or without
 * one. The database is only read. Where nothing listens on our port, a server that sends the doctor's own bytes and nothing
 * else stands in for Nod while the public address is looked at.
 */
export async function runDoctor({
  config,
  misspelt = [],
  isPull = false,
  patienceMs = PATIENCE_MS,
  network,
  now = Date.now,
}: {
  config: Config;
  /** Variables that may be misspelt settings, as sentences. */
  misspelt?: readonly string[];
  isPull?: boolean;
  /** How long a check may take, in place of the usual time. */
  patienceMs?: number | undefined;
  network?: LinkNetwork | undefined;
  now?: () => number;
}): Promise<CheckResult[]> {
  await using stack = new AsyncDisposableStack();
  const log = pino({ level: 'silent' });
  const { publicUrl, mediaBaseUrl = publicUrl, videoTransfer: mode } = config;
  const data = await openData(config);
  const stores = stack.use(data.stores);
  const secrets = createSecrets({ key: data.key });
  const probe = createProbe({ key: secrets.keyFor('probe') });
  const running = await lookForNod(config, { probe, patienceMs });
  if (running.server !== undefined) stack.defer(running.server.close);
  const client = createTikTokClient({ ...config.tiktok, timeoutMs: patienceMs, now });
  // It would wait for calls that hang.
  stack.defer(() => void client.close().catch(() => {}));
  const places = stores.store<Workspace>('workspaces');
  const access = createPlaceAccess({
    places: stores.store<PlaceAccess>('access'),
    isOpen: config.access.isOpen,
    now,
  });
  const bots = await createBots({ config, stores, log, now, onLost: () => {} });
  const parts = {
    config,
    stores,
    client,
    secrets,
    posts: stores.store<Post>('posts'),
    transfers: createTransferChoice({
      mode,
      publicUrl: mediaBaseUrl,
      addresses: stores.store<UnverifiedAddress>('unverified-addresses'),
      now,
    }),
    webhookLog: createWebhookLog({ webhooks: stores.store<WebhookRecord>('webhooks'), now }),
    probe,
    network,
    now,
  };
  const checks = [
    ...checksOf(parts, { isPull }),
    ...chatChecks({
      bots,
      places,
      workspaces: createWorkspaces({ workspaces: places }),
      access,
      connectionOf: ({ platform }) => running.chats?.[platform],
    }),
  ];
  const own: CheckResult[] = [
    { check: 'settings', ...settingsFinding(misspelt) },
    { check: 'data', ...data.finding },
    { check: 'Nod', ...running.finding },
  ];
  return [...own, ...(await runChecks(checks, { log, patienceMs }))];
}

/** What the terminal says: a line for each finding, in columns. */
export function doctorText(results: readonly CheckResult[]): string {
  const width = Math.max(...results.map(({ check }) => check.length));
  const lines = results.map(({ state, check, text }) => `${MARKS[state]}  ${check.padEnd(width)}  ${text}`);
  const count = (state: CheckResult['state']) => results.filter((result) => result.state === state).length;
  return [...lines, '', `${count('to_do')} to do, ${count('ok')} ok, ${count('unknown')} not known.`].join(
    '\n',
  );
}

const MARKS: Readonly<Record<CheckResult['state'], string>> = {
  ok: '✓ ok       ',
  to_do: '✗ to do    ',
  unknown: '– not known',
};

function settingsFinding(misspelt: readonly string[]): Finding {
  const [first] = misspelt;
  return first === undefined ? ok('all that Nod needs is set') : toDo(first);
}

/** The data as they are, and the key; empty ones where they cannot be read, which is a finding. */
async function openData(config: Config): Promise<{ stores: Stores; key: string; finding: Finding }> {
  const folder = resolve(config.dataDir);
  const paths = pathsIn(folder);
  // Whoever knew it could answer in our place.
  const noKey = randomBytes(32).toString('base64url');
  let stores: Stores | undefined;
  try {
    const { redisUrl } = config;
    const isThere = redisUrl !== undefined || hasDatabase(folder);
    stores = isThere
      ? await openRecords({ config, file: paths.database, isReadOnly: true })
      : openStores({ file: ':memory:' });
    const accounts = stores.store<Account>('accounts', { upgrade: readAccount });
    const readKey = (file: string) => readKeyFile(file, { isLeftAlone: true });
    const { secretKey: configured } = config;
    const key = configured ?? readKey(paths.key);
    const problem = await wrongKey({ accounts, key, configured, file: paths.key, readKeyFile: readKey });
    const finding = isThere
      ? ok(redisUrl === undefined ? `${folder} can be read` : 'the records in Redis can be read')
      : unknown(`${folder} has none yet, as before the first start`);
    return { stores, key: key ?? noKey, finding: problem === undefined ? finding : toDo(problem) };
  } catch (error) {
    await stores?.close();
    const said = error instanceof StartError ? error : diskProblem(error, folder);
    if (said === undefined) throw error;
    const key = config.secretKey ?? noKey;
    return { stores: openStores({ file: ':memory:' }), key, finding: toDo(said.message) };
  }
}

/** How the Nod on our port is, where one runs. */
interface Running {
  readonly finding: Finding;
  /** In its place, where nothing listens there. */
  readonly server?: Server | undefined;
  /** How each chat stands with it, by its platform. */
  readonly chats?: Readonly<Record<string, unknown>> | undefined;
}

/** Whether Nod runs on this machine; where nothing listens on its port, a server in its place. */
async function lookForNod(
  config: Config,
  { probe, patienceMs }: { probe: Probe; patienceMs: number },
): Promise<Running> {
  const { host, port } = config;
  try {
    const server = await startServer({ app: standIn(config, probe), host, port, drainMs: 500 });
    return {
      server,
      finding: unknown(`does not run; the doctor stands in for it on port ${port} while it looks`),
    };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return (await fetchHealth(config, { patienceMs })) ?? { finding: toDo(error.message) };
  }
}

/** What TikTok and the doctor ask for, and no media: to those who want some it says to come again. */
function standIn(config: Config, probe: Probe): Hono {
  const { siteVerification: token } = config.tiktok;
  const app = new Hono();
  if (token !== undefined) app.route('/', createVerificationRoutes({ token }));
  app.route('/', createProbeRoutes({ probe }));
  app.all('*', (c) => c.text('Nod does not run now.', 503, { 'Retry-After': '30' }));
  return app;
}

const health = z.object({ status: z.string(), chats: z.record(z.string(), z.unknown()).optional() });

/** How the Nod on this port says that it is; undefined where that is none. */
async function fetchHealth(
  { host, port }: Pick<Config, 'host' | 'port'>,
  { patienceMs }: { patienceMs: number },
): Promise<Running | undefined> {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}/healthz`;
  try {
    const answer = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(Math.ceil(patienceMs / 4)),
    });
    const { status, chats } = health.parse(await answer.json());
    return { finding: healthFinding(status, port), chats };
  } catch {
    return undefined;
  }
}

function healthFinding(status: string, port: number): Finding {
  if (status === 'starting') return unknown(`is starting on port ${port}; look again in a minute`);
  if (status === 'broken')
    return toDo(`Nod runs on port ${port} and cannot write: free some space on its disk, and see its log.`);
  return ok(`runs on port ${port}`);
}
