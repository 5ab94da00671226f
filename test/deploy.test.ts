import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS } from '../src/config.ts';
import { temporaryDirectory } from './core/media/files.ts';
import { type NodProcess, runNod } from './e2e/process.ts';
import { LINK, startStage } from './e2e/stage.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const isThere = (name: string): boolean =>
  spawnSync(name, ['--help'], { stdio: 'ignore' }).error === undefined;

interface ComposeFile {
  readonly services: Record<string, { readonly environment?: Record<string, unknown> }>;
}

it.each(['compose.yaml', 'deploy/compose.telegram-bot-api.yaml'])('sets what Nod knows in %s', (file) => {
  const { services } = parse(read(file)) as ComposeFile;
  const set = Object.keys(services.nod?.environment ?? {});
  expect(set.length).toBeGreaterThan(0);
  expect(set.filter((name) => !SETTINGS.includes(name))).toEqual([]);
});

it('divides the work in deploy/compose.scaled.yaml, with what Nod knows', () => {
  const { services } = parse(read('deploy/compose.scaled.yaml'), { merge: true }) as ComposeFile;
  const nods = Object.values(services).filter(({ environment = {} }) => 'ROLES' in environment);
  expect(nods.map(({ environment }) => environment?.ROLES).toSorted()).toEqual(['bots', 'web', 'worker']);
  for (const { environment = {} } of nods)
    expect(Object.keys(environment).filter((name) => !SETTINGS.includes(name))).toEqual([]);
});

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Record<string, string>;
  readonly spec?: {
    readonly replicas: number;
    readonly strategy: { readonly rollingUpdate: Record<string, number> };
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly { readonly env: readonly { name: string; value?: string }[] }[];
      };
    };
  };
}

it.skipIf(!isThere('kubectl'))('has manifests for Kubernetes that fit together, with what Nod knows', () => {
  const { stdout, stderr, status } = spawnSync('kubectl', ['kustomize', join(root, 'deploy/kubernetes')], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  const all = parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
  const deployments = all.filter(({ kind }) => kind === 'Deployment');
  const names = deployments.map(({ metadata }) => metadata.name).toSorted();
  expect(names).toEqual(['nod-bots', 'nod-web', 'nod-worker']);
  const budgets = all.filter(({ kind }) => kind === 'PodDisruptionBudget');
  expect(budgets.map(({ metadata }) => metadata.name).toSorted()).toEqual(names);
  const settings = all.flatMap(({ kind, data = {} }) => (kind === 'ConfigMap' ? Object.keys(data) : []));
  for (const { metadata, spec } of deployments) {
    const env = spec?.template.spec.containers[0]?.env ?? [];
    expect(env.find(({ name }) => name === 'ROLES')?.value).toBe(metadata.name.replace('nod-', ''));
    settings.push(...env.map(({ name }) => name));
    // Longer than Nod takes to end what is under way.
    expect(spec?.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(40);
    expect(spec?.replicas).toBeGreaterThanOrEqual(2);
  }
  expect(settings.filter((name) => !SETTINGS.includes(name) && name !== 'POD_IP')).toEqual([]);
});

it('sets what Nod knows in the unit of systemd', () => {
  const [, line = ''] = /^Environment=(.*)$/m.exec(read('deploy/nod.service')) ?? [];
  const set = line.split(' ').map((pair) => pair.split('=')[0] ?? '');
  expect(set.filter((name) => !SETTINGS.includes(name))).toEqual(['NODE_ENV', 'NODE_COMPILE_CACHE']);
});

interface LockedPackage {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}
const { packages: locked } = JSON.parse(read('package-lock.json')) as {
  packages: Record<string, LockedPackage>;
};

it.each(['x64', 'arm64'])('has what is compiled in the locked packages for Linux on %s', (arch) => {
  const names = [`@img/sharp-linux-${arch}`, `@img/sharp-libvips-linux-${arch}`, `node-linux-${arch}`];
  for (const name of names) expect(Object.keys(locked)).toContain(`node_modules/${name}`);
  accessSync(join(root, `node_modules/better-sqlite3/prebuilds/linux-${arch}.node`));
});

const dockerfile = read('Dockerfile').replaceAll(/\\\n/g, ' ');
const [, image = ''] = dockerfile.split(/^FROM .*$/m).slice(1);

/** The folder of the image, as the Dockerfile fills it. */
function makeImage() {
  // Links to the files of packages can only be made beside them.
  mkdirSync(join(root, '.vitest'), { recursive: true });
  const folder = mkdtempSync(join(root, '.vitest', 'image-'));
  chmodSync(folder, 0o755);
  for (const [, copied = ''] of image.matchAll(/^COPY (?!--from)(.*)$/gm)) {
    const names = copied.split(' ');
    const to = names.pop() ?? '';
    for (const name of names)
      cpSync(join(root, name), join(folder, to === './' ? name : to), { recursive: true });
  }
  for (const [path, { dev, devOptional }] of Object.entries(locked)) {
    const isLeftOut = path === '' || dev || devOptional || /\/node-linux-\w+$/.test(path);
    if (!isLeftOut) linkPackage(join(root, path), join(folder, path));
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

/** A package without those that lie in it, which are locked by themselves; one of another platform is not there. */
function linkPackage(from: string, to: string): void {
  const entries = entriesOf(from);
  if (entries.length > 0) mkdirSync(to, { recursive: true });
  for (const entry of entries) {
    if (entry.isDirectory() && entry.name !== 'node_modules')
      linkPackage(join(from, entry.name), join(to, entry.name));
    else if (entry.isFile()) linkSync(join(from, entry.name), join(to, entry.name));
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

const NOBODY = 65_534;
const canMount =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'mount', '-o', 'remount,bind,ro', '/']).status === 0;

/** As compose.yaml has it: nobody's process, without any rights, may write to the data and to /tmp. */
function withinImage(folder: string, dataDir: string): string[] {
  if (!canMount) return ['sh', '-c', `cd "${folder}" && exec "$@"`, 'sh'];
  for (const name of ['', ...readdirSync(dataDir)]) chownSync(join(dataDir, name), NOBODY, NOBODY);
  // What lies in another of them comes after it.
  const mounts = [
    ...[...new Set(['/tmp', dataDir, folder])].map((each) => `mount --bind "${each}" "${each}"`),
    `mount -o remount,bind,ro "${folder}"`,
    'mount -o remount,bind,ro /',
  ];
  const steps = [...mounts, `cd "${folder}"`, 'exec "$@"'].join(' && ');
  const without = ['--clear-groups', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
  return [
    ...['unshare', '-m', 'sh', '-c', steps, 'sh'],
    ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, ...without],
  ];
}

const readProcess = (nod: NodProcess | undefined, name: string): string[] =>
  readFileSync(`/proc/${nod?.pid}/${name}`, 'utf8').split('\0');

it('runs from what the Dockerfile copies, where only the data and /tmp can be written, and says that it is well', async () => {
  using made = makeImage();
  const run = /^RUN \["node", (.*)\]$/m.exec(image)?.[1] ?? '';
  const ran = spawnSync(process.execPath, JSON.parse(`[${run}]`), { cwd: made.folder, encoding: 'utf8' });
  expect([ran.status, ran.stderr]).toEqual([0, '']);
  let nod: NodProcess | undefined;
  let environment: Record<string, string> = {};
  await using stage = await startStage({
    async launch(world) {
      environment = { ...world.environment, NODE_ENV: 'production', TMPDIR: '/tmp' };
      nod = runNod({ environment, within: withinImage(made.folder, world.dataDir) });
      await nod.logged('Nod is ready');
      return nod;
    },
  });
  const [, check = '[]'] = /^HEALTHCHECK .*CMD (\[.*\])$/m.exec(image) ?? [];
  const [, ...args] = JSON.parse(check) as string[];
  const healthCheck = () =>
    spawnSync(process.execPath, args, { env: { PATH: process.env.PATH, PORT: environment.PORT } });
  expect([healthCheck().status, healthCheck().stderr.toString()]).toEqual([0, '']);
  // The image sets nothing for memory, because Nod does so itself.
  expect(readProcess(nod, 'environ')).toContain('MALLOC_ARENA_MAX=2');
  expect(readProcess(nod, 'cmdline')).toContain('--max-semi-space-size=1');
  expect(readProcess(nod, 'cmdline')).toContain('--initial-old-space-size=64');
  // sharp, WebAssembly in a thread of its own, and ffmpeg.
  await stage.sendAlbum(['phone.jpg', 'phone.heic']);
  const photos = await stage.draft('2 photos for TikTok');
  await stage.post(photos);
  await stage.shows(photos, LINK);
  await stage.sendFile('video.avi');
  const video = await stage.draft('Video for TikTok');
  await stage.post(video);
  await stage.shows(video, LINK);
  await nod?.end('SIGTERM');
  expect(healthCheck().status).toBe(1);
});

/** A copy of what starts Nod elsewhere, whose folder nothing needs to be added to. */
/** What an operator chooses for the compose files. */
const CHOSEN = {
  TELEGRAM_API_ID: '1',
  TELEGRAM_API_HASH: 'hash',
  SECRET_KEY: 'a key for all of them',
  REDIS_PASSWORD: 'password',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'secret',
};

function copyDeploy(): string {
  const folder = temporaryDirectory();
  for (const name of ['compose.yaml', 'deploy', '.env.example'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  const settings = read('.env.example').replace(/^PUBLIC_URL=$/m, 'PUBLIC_URL=https://nod.example.com');
  writeFileSync(join(folder, '.env'), settings);
  return folder;
}

it.skipIf(!isThere('docker-compose')).each([
  ['Nod', [], ['nod']],
  ['Nod and Caddy', ['--profile', 'https'], ['caddy', 'nod']],
  [
    'Nod, Caddy and a Bot API server',
    ['--profile', 'https', '-f', 'compose.yaml', '-f', 'deploy/compose.telegram-bot-api.yaml'],
    ['caddy', 'nod', 'telegram-bot-api'],
  ],
  [
    'several processes',
    ['-f', 'deploy/compose.scaled.yaml', '--env-file', '.env'],
    ['bots', 'caddy', 'redis', 's3', 's3-bucket', 'web', 'worker'],
  ],
])('composes %s, none of which may take more rights', (_, options, names) => {
  const { stdout, stderr, status } = spawnSync('docker-compose', [...options, 'config'], {
    cwd: copyDeploy(),
    env: { PATH: process.env.PATH, ...CHOSEN },
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  const { services } = parse(stdout) as { services: Record<string, { profiles?: string[] }> };
  const started = Object.entries(services).filter(
    ([, { profiles = [] }]) => profiles.length === 0 || options.includes('https'),
  );
  expect(started.map(([name]) => name).toSorted()).toEqual(names);
  for (const [, service] of started)
    expect(service).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  for (const name of ['nod', 'web', 'bots', 'worker'].filter((one) => names.includes(one)))
    expect(services[name]).toMatchObject({ read_only: true, tmpfs: ['/tmp'] });
});

it.skipIf(!isThere('systemd-analyze'))('is a service that systemd takes, and finds well shut in', () => {
  const file = join(temporaryDirectory(), 'nod.service');
  writeFileSync(file, read('deploy/nod.service').replaceAll('/opt/nod', root.replace(/\/$/, '')));
  const analyze = (...args: string[]) => spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' });
  expect(analyze('verify')).toMatchObject({ status: 0, stderr: '' });
  // From 0 to 100; a plain service has 96.
  const security = analyze('security', '--offline=true', '--threshold=15', '--no-pager');
  expect([security.status, security.stdout]).toEqual([0, expect.stringContaining('exposure level')]);
});

it('installs without a warning on the Node of the machine, which may be an older one', () => {
  const folder = temporaryDirectory();
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    cpSync(join(root, name), join(folder, name));
  const path = (process.env.PATH ?? '').split(delimiter).filter((each) => !each.includes('node_modules'));
  const npm = spawnSync('npm', ['ci', '--dry-run', '--offline'], {
    cwd: folder,
    env: { PATH: path.join(delimiter), HOME: folder, npm_config_update_notifier: 'false' },
    encoding: 'utf8',
  });
  expect([npm.status, npm.stderr]).toEqual([0, '']);
});
