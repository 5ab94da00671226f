import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';

/** The form was cut off, or is none. */
export class BadFormError extends Error {
  override name = 'BadFormError' as const;
}

const LIMITS = {
  files: 1,
  fields: 4,
  fieldSize: 1_000,
  fieldNameSize: 100,
  parts: 6,
  headerPairs: 20,
  headerSize: 8_192,
};

/**
 * Hands the first file of a form to `take` while it comes, and resolves with what that made of it once the form has come to
 * its end; undefined for a form without a file.
 *
 * @throws BadFormError
 */
export async function readForm<T>(
  incoming: IncomingMessage,
  contentType: string,
  take: (file: { name: string; content: Readable }) => Promise<T>,
): Promise<T | undefined> {
  const parser = parserFor(contentType);
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  let taken: Promise<T> | undefined;
  let content: Readable | undefined;
  parser.once('finish', resolve);
  parser.once('error', (cause) => fail(new BadFormError('A form could not be read.', { cause })));
  parser.on('file', (_, file, name) => {
    // Who reads it hears of an error as well.
    file.on('error', () => {});
    // A browser sends a field without a file as a file without a name.
    if (!name) return void file.resume();
    content = file;
    taken = take({ name, content: file });
    taken.catch(fail);
  });
  function closed(): void {
    if (!incoming.complete) fail(new BadFormError('A form was cut off.'));
  }
  incoming.once('close', closed);
  incoming.pipe(parser);

  /** The rest is not read, so that the answer can be. */
  function fail(error: unknown): void {
    incoming.unpipe(parser);
    content?.destroy(error instanceof Error ? error : undefined);
    reject(error);
  }

  try {
    await ended;
    return await taken;
  } finally {
    incoming.off('close', closed);
    await taken?.catch(() => {});
  }
}

function parserFor(contentType: string) {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
  } catch (cause) {
    throw new BadFormError('This is no form with a file.', { cause });
  }
}
