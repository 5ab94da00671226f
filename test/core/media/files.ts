import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { createMediaStore, type MediaStore } from '../../../src/core/media/store.ts';
import { UserError } from '../../../src/core/problems.ts';

/** The path of a committed example file. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
}

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'nod-media-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A store of the test's own. */
export function emptyStore() {
  return createMediaStore({ directory: join(temporaryDirectory(), 'media') });
}

/** Puts an example into a store as a chat's file would be. */
export function addFixture(store: MediaStore, name: string) {
  return store.add(createReadStream(fixture(name)), { maxBytes: 10_000_000, extension: 'bin' });
}

/** Puts bytes into a store. */
export function addBytes(store: MediaStore, content: Uint8Array | string, extension = 'bin') {
  return store.add(chunks(content), { maxBytes: 50_000_000, extension });
}

export async function* chunks(...parts: (Uint8Array | string)[]) {
  for (const part of parts) yield Buffer.from(part);
}

/** The content of an example, changed in place by the test. */
export async function changedFixture(name: string, change: (content: Buffer) => Buffer | undefined) {
  const content = await readFile(fixture(name));
  return change(content) ?? content;
}

/** The problem that a promise is rejected with. */
export async function problemOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof UserError) return error.problem;
  throw new Error('Expected a UserError.', { cause: error });
}
