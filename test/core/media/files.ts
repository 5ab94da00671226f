import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { createMediaStore } from '../../../src/core/media/store/local.ts';
import type { MediaStore } from '../../../src/core/media/store/store.ts';
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

/** Makes a video for one test. */
export function make(name: string, parameters: readonly string[]): string {
  const path = join(temporaryDirectory(), name);
  const { stderr } = spawnSync('ffmpeg', ['-v', 'error', '-y', ...parameters, path], { encoding: 'utf8' });
  if (stderr !== '') throw new Error(stderr);
  return path;
}

/** A film without sound in which one picture in the middle is spoiled, by the length of one of its parts. */
export async function filmWithFault(): Promise<Buffer> {
  const content = await readFile(
    make('long.mp4', ['-stream_loop', '3', '-i', fixture('demo/sunset.mp4'), '-c', 'copy', '-an']),
  );
  const start = content.indexOf('mdat') + 4;
  let at = start + 4 + content.readUInt32BE(start);
  for (let unit = 0; unit < 100; unit += 1) at += 4 + content.readUInt32BE(at);
  content.writeUInt32BE(0x7fffffff, at);
  return content;
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
