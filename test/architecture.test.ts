import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** What each folder of src may import: other folders, and packages by a pattern of those that it may not. */
const RULES: Record<string, { folders: readonly string[]; not?: RegExp }> = {
  core: { folders: ['core'], not: /^(grammy|discord\.js|@discordjs\/|hono|@hono\/|@fastify\/)/ },
  bots: { folders: ['bots', 'core'], not: /^(hono|@hono\/|@fastify\/)/ },
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
