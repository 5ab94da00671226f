import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { codeOf } from '../../start-error.ts';
import { MediaAwayError } from './store.ts';

/** Where a bucket is, and who may use it. */
export interface BucketSettings {
  readonly name: string;
  /** Of a service that is not AWS. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Absent where the machine has its own, as AWS gives them. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** What the names of all objects begin with. */
  readonly prefix: string;
  /** Only where S3 asks for them; older services take no others. */
  readonly checksums?: 'when_required' | undefined;
}

/** What S3 has answered, in a word of its own; no message, for those may quote keys and signatures. */
export class BucketError extends MediaAwayError {
  /** The status of the answer; undefined where there was none. */
  readonly status: number | undefined;
  readonly word: string;

  constructor({ what, word, status }: { what: string; word: string; status: number | undefined }) {
    const isAway = status === undefined || status >= 500 || status === 429;
    super(`The bucket could not ${what} (${word}${status === undefined ? '' : `, ${status}`}).`, {
      code: isAway ? 'MEDIA_AWAY' : 'MEDIA_FAILING',
    });
    this.status = status;
    this.word = word;
  }
}

/** An object in the bucket; `at` is when it was written last, in epoch milliseconds by the clock of S3. */
export interface BucketObject {
  readonly key: string;
  readonly bytes: number;
  readonly at: number;
}

interface FileContent {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

const STRANGER = 'answer a stranger';
const READ_BYTES = 256 << 10;
const CONNECT_MS = 5_000;
const STALL_MS = 30_000;
/** A copy says nothing before its end. */
const COPY_STALLS = 20;
/** TikTok fetches many files at once. */
const SOCKETS = 256;
const PAGE = 1_000;
const QUIET = { debug() {}, info() {}, warn() {}, error() {}, trace() {} };

/**
 * The objects of a bucket, by S3's protocol.
 *
 * All that it throws are `BucketError`s, the reasons of signals, and what our own disk fails with.
 */
export function createBucket(
  settings: BucketSettings,
  { stallMs = STALL_MS, onFailure = () => {} }: BucketOptions = {},
) {
  const { name: Bucket, prefix } = settings;
  const client = new S3Client(clientOptions(settings));
  const nameOf = (key: string): string => `${prefix}${key}`;

  /** Runs a request that ends when nothing moves for too long, and says in our words what came of it. */
  async function ask<T>(
    what: string,
    run: (options: { abortSignal: AbortSignal; moved: () => void }) => Promise<T>,
    { signal, patienceMs = stallMs }: { signal?: AbortSignal | undefined; patienceMs?: number } = {},
  ): Promise<T> {
    const stall = new AbortController();
    const timer = setTimeout(() => stall.abort(), patienceMs);
    const abortSignal = signal === undefined ? stall.signal : AbortSignal.any([signal, stall.signal]);
    try {
      return await run({ abortSignal, moved: () => void timer.refresh() });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const failure = bucketErrorOf(error, what, stall.signal.aborted);
      if (failure instanceof BucketError && what !== STRANGER && !isAnswer(failure)) onFailure(failure);
      throw failure;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes an object from a file or from memory; false where there is one already and it is only to be new. */
  async function put(
    key: string,
    content: FileContent | Uint8Array,
    { isNew = false }: { isNew?: boolean } = {},
  ): Promise<boolean> {
    const common = { Bucket, Key: nameOf(key), ContentType: 'application/octet-stream' };
    const condition = isNew ? { IfNoneMatch: '*' } : {};
    return ask('take a file', async ({ abortSignal, moved }) => {
      if (content instanceof Uint8Array) {
        await client.send(new PutObjectCommand({ ...common, ...condition, Body: content }), { abortSignal });
        return true;
      }
      const { path, bytes, sha256 } = content;
      const file = createReadStream(path, { highWaterMark: READ_BYTES });
      const broken = new AbortController();
      // The client listens to none of it.
      file.on('error', (error) => broken.abort(error));
      file.on('data', moved).pause();
      const sum = { ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') };
      const command = new PutObjectCommand({
        ...common,
        ...condition,
        ...sum,
        Body: file,
        ContentLength: bytes,
      });
      // The hash of what is sent is signed with the request, so that other bytes are refused wherever they change.
      command.middlewareStack.add(
        (next) => (args) => {
          Object.assign(headersOf(args.request), { 'x-amz-content-sha256': sha256 });
          return next(args);
        },
        { step: 'build', name: 'knownHash' },
      );
      try {
        await client.send(command, { abortSignal: AbortSignal.any([abortSignal, broken.signal]) });
        return true;
      } catch (error) {
        throw broken.signal.aborted ? broken.signal.reason : error;
      } finally {
        file.destroy();
      }
    }).catch((error) => {
      if (isNew && error instanceof BucketError && error.status === 412) return false;
      throw error;
    });
  }

  /** What is known of an object; undefined where there is none. */
  const head = (key: string): Promise<BucketObject | undefined> =>
    ask('say what it has', async ({ abortSignal }) => {
      const found = await client.send(new HeadObjectCommand({ Bucket, Key: nameOf(key) }), { abortSignal });
      return { key, bytes: found.ContentLength ?? 0, at: found.LastModified?.getTime() ?? 0 };
    }).catch(unlessMissing(undefined));

  /** The bytes of an object, or of a part of it (`end` exclusive). */
  async function get(
    key: string,
    { start, end, signal }: { start?: number; end?: number; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const range = end === undefined ? {} : { Range: `bytes=${start ?? 0}-${end - 1}` };
    const body = await ask(
      'give a file',
      async ({ abortSignal }) => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: nameOf(key), ...range }), {
          abortSignal,
        });
        if (!(Body instanceof Readable)) throw new TypeError('S3 has given no stream.');
        return Body;
      },
      { signal },
    );
    // Also where nobody reads it any more.
    body.on('error', () => {});
    signal?.addEventListener('abort', () => body.destroy(), { once: true });
    if (signal?.aborted) body.destroy();
    return flowing(body, { stallMs, signal, onFailure });
  }

  /** Makes an object as new as one that was just written; false where there is none. */
  const touch = (key: string): Promise<boolean> =>
    ask(
      'renew a file',
      async ({ abortSignal }) => {
        const CopySource = `${Bucket}/${nameOf(key).split('/').map(encodeURIComponent).join('/')}`;
        await client.send(
          new CopyObjectCommand({
            Bucket,
            Key: nameOf(key),
            CopySource,
            MetadataDirective: 'REPLACE',
            ContentType: 'application/octet-stream',
          }),
          { abortSignal },
        );
        return true;
      },
      { patienceMs: stallMs * COPY_STALLS },
    ).catch(unlessMissing(false));

  /** Deletes an object; one that is not there is fine. */
  const remove = (key: string): Promise<void> =>
    ask('delete a file', async ({ abortSignal }) => {
      await client.send(new DeleteObjectCommand({ Bucket, Key: nameOf(key) }), { abortSignal });
    });

  /** All objects whose keys begin so, page after page. */
  async function* list(beginning: string): AsyncGenerator<BucketObject, void> {
    let ContinuationToken: string | undefined;
    do {
      const page = await ask('list its files', ({ abortSignal }) =>
        client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: nameOf(beginning),
            MaxKeys: PAGE,
            ...(ContinuationToken !== undefined && { ContinuationToken }),
          }),
          { abortSignal },
        ),
      );
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
        yield { key: Key.slice(prefix.length), bytes: Size, at: LastModified?.getTime() ?? 0 };
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  /** Whether everybody may read an object, or see what there is: asked without a signature. */
  async function isPublic(key: string): Promise<boolean> {
    const stranger = new S3Client({
      ...clientOptions(settings),
      signer: { sign: async (request) => request },
    });
    const isTold = (command: GetObjectCommand | ListObjectsV2Command) =>
      ask(STRANGER, async ({ abortSignal }) => {
        const answer = await stranger.send(command as GetObjectCommand, { abortSignal });
        if (answer.Body instanceof Readable) answer.Body.destroy();
        return true;
      }).catch((error) => {
        if (error instanceof BucketError && error.status !== undefined && error.status < 500) return false;
        throw error;
      });
    try {
      return (
        (await isTold(new GetObjectCommand({ Bucket, Key: nameOf(key) }))) ||
        (await isTold(new ListObjectsV2Command({ Bucket, MaxKeys: 1 })))
      );
    } finally {
      stranger.destroy();
    }
  }

  return { put, head, get, touch, remove, list, isPublic, close: () => client.destroy() };
}

export type Bucket = ReturnType<typeof createBucket>;

export interface BucketOptions {
  /** How long nothing may move. */
  readonly stallMs?: number | undefined;
  /** Told of every request that S3 does not answer, or refuses. */
  readonly onFailure?: ((error: BucketError) => void) | undefined;
}

function clientOptions({ endpoint, region, credentials, checksums }: BucketSettings): S3ClientConfig {
  const agent = { keepAlive: true, maxSockets: SOCKETS };
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(credentials !== undefined && { credentials }),
    forcePathStyle: endpoint !== undefined,
    requestHandler: { connectionTimeout: CONNECT_MS, httpAgent: agent, httpsAgent: agent },
    requestChecksumCalculation: checksums === 'when_required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED',
    responseChecksumValidation: checksums === 'when_required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED',
    logger: QUIET,
  };
}

function headersOf(request: unknown): object {
  if (
    typeof request === 'object' &&
    request !== null &&
    'headers' in request &&
    request.headers instanceof Object
  )
    return request.headers;
  throw new TypeError('A request has headers.');
}

/** What S3 has said on purpose: there is no such thing, or there is one already. */
const isAnswer = ({ status, word }: BucketError): boolean =>
  status === 412 || (status === 404 && word !== 'NoSuchBucket');

const unlessMissing =
  <T>(otherwise: T) =>
  (error: unknown): T => {
    if (error instanceof BucketError && error.status === 404 && error.word !== 'NoSuchBucket')
      return otherwise;
    throw error;
  };

function bucketErrorOf(error: unknown, what: string, isStalled: boolean): unknown {
  if (isStalled) return new BucketError({ what, word: 'no answer in time', status: undefined });
  const answer = error as { name?: unknown; $metadata?: { httpStatusCode?: number }; syscall?: unknown };
  const status = answer.$metadata?.httpStatusCode;
  if (status !== undefined) return new BucketError({ what, word: plain(answer.name), status });
  // Our own disk names the call that failed, and no address.
  const code = codeOf(error);
  if (['open', 'read', 'fstat'].includes(String(answer.syscall))) return error;
  return new BucketError({ what, word: plain(code || answer.name), status: undefined });
}

/** A word of an answer, without anything that could end a line. */
const plain = (word: unknown): string =>
  String(word)
    .replace(/[^\w.-]/g, '')
    .slice(0, 60);

/** What comes, which ends with an error when nothing comes for too long while it is waited for. */
async function* flowing(
  body: Readable,
  {
    stallMs,
    signal,
    onFailure,
  }: { stallMs: number; signal: AbortSignal | undefined; onFailure: (error: BucketError) => void },
): AsyncGenerator<Uint8Array, void> {
  const what = 'give a file to its end';
  const stalled = new BucketError({ what, word: 'no answer in time', status: undefined });
  const parts: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
  try {
    while (true) {
      const timer = setTimeout(() => body.destroy(stalled), stallMs);
      const part = await parts.next().finally(() => clearTimeout(timer));
      if (part.done) return;
      yield part.value;
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const failure = error instanceof BucketError ? error : bucketErrorOf(error, what, false);
    if (failure instanceof BucketError) onFailure(failure);
    throw failure;
  } finally {
    body.destroy();
  }
}
