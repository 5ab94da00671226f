import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** What each folder of src may import: other folders, and packages by a pattern of those that it may not. */
const RULES: Record<string, { folders: readonly string[]; not?: RegExp }> = {
  core: { folders: ['core'], not: /^(prom-client|grammy|discord\.js|@discordjs\/|hono|@hono\/|@fastify\/)/ },
  bots: { folders: ['bots', 'core'], not: /^(prom-client|hono|@hono\/|@fastify\/)/ },
  web: { folders: ['web', 'core'], not: /^(grammy|discord\.js|@discordjs\/)/ },
};

/** Where the chat side is built from its settings, with a bot for each platform. */
const CHATS = 'bots/index.ts';
const CHATS_RULE: (typeof RULES)[string] = { folders: ['bots', 'core', '.'] };

const IMPORT =
  /^\s*(?:import|export)\s(?:[^;]*?\sfrom\s)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm;

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));

function importsOf(file: string): string[] {
  const text = readFileSync(resolve(src, file), 'utf8');
  return [...text.matchAll(IMPORT)].map(([, fixed, dynamic]) => fixed ?? dynamic ?? '');
}

/** The folder of src that a relative import leads to, or the package. */
function targetOf(file: string, specifier: string): { folder: string } | { packageName: string } {
  if (!specifier.startsWith('.')) return { packageName: specifier };
  const path = relative(src, resolve(src, dirname(file), specifier));
  return { folder: path.includes('/') ? (path.split('/')[0] ?? '') : '.' };
}

function violationsIn(file: string): string[] {
  const rule = file === CHATS ? CHATS_RULE : RULES[file.split('/')[0] ?? ''];
  if (rule === undefined) return [];
  return importsOf(file).filter((specifier) => {
    const target = targetOf(file, specifier);
    return 'folder' in target ? !rule.folders.includes(target.folder) : rule.not?.test(target.packageName);
  });
}

it('finds the imports of a file', () => {
  const found = importsOf(CHATS);
  expect(found).toContain('./cards/card-queue.ts');
  expect(found).toContain('pino');
});

it('knows every folder of src', () => {
  const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]));
  expect([...folders].sort()).toEqual(Object.keys(RULES).sort());
});

it.each(files)('%s imports only what its folder may', (file) => {
  expect(violationsIn(file)).toEqual([]);
});

it.each(files.filter((file) => !/^bots\/(telegram|discord)\//.test(file) && file !== CHATS))(
  '%s knows no chat platform by name',
  (file) => {
    expect(
      importsOf(file).filter((specifier) => /^(grammy|discord\.js)|\/(telegram|discord)\//.test(specifier)),
    ).toEqual([]);
  },
);

/** What a module loads when it runs; types are gone by then. */
function loadedBy(file: string): string[] {
  const text = readFileSync(resolve(src, file), 'utf8');
  const imports = text.matchAll(/^(?:import|export)\s+(type\s)?([^;'"]*?)\s*from\s+['"](\.[^'"]+)['"]/gm);
  return [...imports]
    .filter(([, type, names = '']) => type === undefined && !isOfTypes(names))
    .map(([, , , path = '']) => relative(src, resolve(src, dirname(file), path)));
}

const isOfTypes = (names: string): boolean =>
  /^\{[^}]*\}$/.test(names) && namesIn(names).every((name) => name.startsWith('type '));

const namesIn = (list: string): string[] =>
  list
    .replaceAll(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

/** All that a module loads, and what that loads. */
function reachedFrom(file: string): Set<string> {
  const reached = new Set<string>();
  const waiting = loadedBy(file);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    waiting.push(...loadedBy(next));
  }
  return reached;
}

it.each(files)('%s loads nothing that loads it', (file) => {
  expect([...reachedFrom(file)]).not.toContain(file);
});

it('takes the index of a video apart in the threads alone, where it holds up nobody and finds no secret', () => {
  const readers = files.filter((file) =>
    importsOf(file).some((specifier) => specifier.endsWith('/boxes.ts')),
  );
  expect(readers).not.toEqual([]);
  expect([...reachedFrom('main.ts')].filter((file) => readers.includes(file))).toEqual([]);
});

it('loads the metrics and their library only where they are wanted', () => {
  expect([...reachedFrom('main.ts')].filter((file) => file.startsWith('web/metrics/'))).toEqual([]);
  const users = files.filter((file) => importsOf(file).includes('prom-client'));
  expect(users).toEqual(['web/metrics/metrics.ts']);
});

it('loads Redis only where the records are there', () => {
  const loaded = [...reachedFrom('main.ts')];
  expect(loaded.filter((file) => /^core\/storage\/(redis|move)\//.test(file))).toEqual([]);
  const users = files.filter((file) => importsOf(file).includes('@keyv/redis'));
  expect(users).toEqual(['core/storage/redis/connection.ts']);
});

it('loads BullMQ and its client only where the records are in Redis', () => {
  const isShared = (path: string) =>
    /^core\/(publish\/engine\/bullmq|media\/conversions\/|storage\/redis\/|cluster\/redis\/)/.test(path);
  expect([...reachedFrom('main.ts')].filter(isShared)).toEqual([]);
  const users = files.filter((file) => importsOf(file).some((name) => /^(bullmq|ioredis)$/.test(name)));
  expect(users).not.toEqual([]);
  expect(users.filter((file) => !isShared(file))).toEqual([]);
});

it('loads the client of S3 only where the media are there', () => {
  const loaded = [...reachedFrom('main.ts')];
  expect(
    loaded.filter((file) => /^core\/media\/store\/(bucket|s3|try-bucket|move-media)\.ts$/.test(file)),
  ).toEqual([]);
  const users = files.filter((file) => importsOf(file).some((name) => name.startsWith('@aws-sdk/')));
  expect(users).toEqual(['core/media/store/bucket.ts']);
});

it('exports no name twice but from the two adapters', () => {
  const EXPORT = /^export (?:async )?(?:function\*?|const|class|interface|type) (\w+)/gm;
  const all = files
    .filter((file) => !/^bots\/(telegram|discord)\//.test(file))
    .flatMap((file) =>
      [...readFileSync(resolve(src, file), 'utf8').matchAll(EXPORT)].map(([, name]) => name),
    );
  expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
});

it.each(['', 'bots/telegram', 'bots/discord'])('keeps its folders small: %s', (adapter) => {
  const sizes = Map.groupBy(files, dirname);
  for (const [folder, { length }] of sizes)
    if (adapter === '' ? !/^bots\/(telegram|discord)$/.test(folder) : folder === adapter)
      expect.soft(length, folder).toBeLessThanOrEqual(adapter === '' ? 12 : 18);
});

it.each(files)('%s spreads no object that it writes itself', (file) => {
  expect(readFileSync(resolve(src, file), 'utf8')).not.toContain('...{');
});

const KNOWS_IDS = /^(bots\/(telegram|discord)\/|bots\/text\/wording\.ts|core\/people\.ts)/;

it.each(files.filter((file) => !KNOWS_IDS.test(file)))('%s takes no id of a chat platform apart', (file) => {
  expect(readFileSync(resolve(src, file), 'utf8')).not.toMatch(
    /['"](telegram|discord):|chat\.(split|startsWith)\(/,
  );
});
