/*
 * FILE_UPLOAD: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
 *
 * Faithful: the chunks that init agreed, in their order and one after the other; 206, 201, 400, 403, 404 and 416; the
 * progress in `Content-Range` of what was taken; the hour of an `upload_url`.
 * Simplified: part of a chunk counts for nothing; a chunk that comes once more gets 416, also after the last one.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Clock } from './clock.ts';
import type { Fault, Faults } from './faults.ts';
import type { EmulatorOptions } from './options.ts';
import { type Received, typeOf } from './received.ts';
import { gatewayPage, plain, type Reply } from './replies.ts';
import { dropped, type Exchange } from './server.ts';
import type { Chunk, Publish, ReceivedMedia, State, Upload } from './state.ts';

type Parts = {
  state: State;
  clock: Clock;
  options: EmulatorOptions;
  faults: Faults;
  storage: Received;
  changed: () => void;
  /** Told when all bytes are here. */
  received: (publish: Publish) => void;
};

const CONTENT_TYPES = ['video/mp4', 'video/quicktime', 'video/webm'];

/** Takes videos chunk by chunk into files, so that none of them lies in memory. */
export function createUploads({ state, clock, options, faults, storage, changed, received }: Parts) {
  const paths = new Map<string, string>();
  /** Chunks of one upload are taken one after the other. */
  const turns = new Map<string, Promise<unknown>>();

  /** What init answers with. */
  function open(
    publishId: string,
    asked: Pick<Upload, 'size' | 'chunkSize' | 'count'>,
    { headers }: Exchange,
  ): Upload {
    const query = new URLSearchParams({
      upload_id: publishId.split('.').at(-1) ?? '',
      upload_token: randomBytes(24).toString('base64url'),
    });
    const url = `http://${headers.host}/upload/?${query}`;
    return { ...asked, url, expiresAt: clock.now() + options.uploadUrlSeconds * 1000, chunks: [] };
  }

  function answerChunk(exchange: Exchange): Promise<Reply> {
    const { search } = new URL(exchange.incoming.url ?? '/', 'http://emulator');
    const publish = state.publishes.find(
      ({ upload }) => upload !== undefined && new URL(upload.url).search === search,
    );
    if (!publish) return Promise.resolve(refuse(404, 'upload task not found'));
    const turn = (turns.get(publish.publishId) ?? Promise.resolve()).then(() => take(publish, exchange));
    turns.set(
      publish.publishId,
      turn.catch(() => {}),
    );
    return turn;
  }

  async function take(publish: Publish, exchange: Exchange): Promise<Reply> {
    const { upload } = publish;
    if (!upload) throw new Error('Only an upload has chunks.');
    const chunk = readChunk(exchange);
    const index = Math.min(Math.floor(chunk.first / upload.chunkSize), upload.count - 1);
    upload.chunks.push(chunk);
    const fault = faults.takeChunk(index, upload.count);
    if (fault) {
      chunk.fault = fault.name;
      exchange.record.fault = fault.name;
    }
    const reply = await takeWith(fault, { publish, upload, chunk, index, exchange });
    if (reply.status > 0) chunk.status = reply.status;
    changed();
    return reply;
  }

  type Taking = { publish: Publish; upload: Upload; chunk: Chunk; index: number; exchange: Exchange };

  async function takeWith(fault: Fault | undefined, taking: Taking): Promise<Reply> {
    const { exchange } = taking;
    if (fault?.base === 'chunk-refused') return refuse(Number(fault.argument), 'refused');
    if (fault?.base === 'chunk-5xx' && !fault.options.created)
      return gatewayPage(fault.options.status ?? 502);
    if (fault?.base === 'chunk-cut') {
      await readSome(exchange);
      return dropped(exchange.record);
    }
    const reply = refusal(taking) ?? (await store(taking));
    if (fault?.base === 'drop-chunk-reply') return dropped(exchange.record);
    if (fault?.base === 'chunk-5xx') return gatewayPage(fault.options.status ?? 502);
    return reply;
  }

  function refusal({ publish, upload, chunk, index, exchange }: Taking): Reply | undefined {
    if (clock.now() >= upload.expiresAt) return refuse(403, 'upload url has expired');
    const { headers } = exchange;
    const { first, last } = chunk;
    const total = /^bytes \d+-\d+\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
    const isWellFormed =
      CONTENT_TYPES.includes(chunk.contentType) &&
      Number(total) === upload.size &&
      Number(headers['content-length']) === last - first + 1;
    if (!isWellFormed) return refuse(400, 'invalid headers');
    if (publish.stage !== 'uploading' || first !== publish.uploadedBytes) {
      return refuse(416, 'range does not match the progress');
    }
    const isLast = index === upload.count - 1;
    const agreed = isLast ? upload.size - 1 : first + upload.chunkSize - 1;
    return last === agreed ? undefined : refuse(400, 'invalid chunk size');
  }

  async function store({ publish, upload, chunk, exchange }: Taking): Promise<Reply> {
    const path = await pathOf(publish);
    const file = createWriteStream(path, { flags: chunk.first === 0 ? 'w' : 'r+', start: chunk.first });
    try {
      await pipeline(exchange.incoming, (parts) => count(parts, chunk), file);
    } catch {
      return dropped(exchange.record);
    }
    // A settled one has failed meanwhile, as by a removed authorization.
    if (publish.stage !== 'uploading') return refuse(404, 'upload task not found');
    chunk.isTaken = true;
    publish.uploadedBytes = chunk.last + 1;
    const isComplete = publish.uploadedBytes === upload.size;
    if (isComplete) {
      // From here on it becomes a post, whatever becomes of the reply.
      publish.stage = 'processing';
      const media = await describe(path, chunk.contentType);
      publish.media.push(media);
      await storage.decode(media, path);
      await rm(path, { force: true });
      received(publish);
    }
    return {
      ...plain(isComplete ? 201 : 206, ''),
      headers: { 'content-range': `bytes 0-${chunk.last}/${upload.size}` },
    };
  }

  async function* count(parts: AsyncIterable<Buffer>, chunk: Chunk) {
    for await (const part of parts) {
      chunk.received += part.length;
      changed();
      yield part;
    }
  }

  async function pathOf({ publishId }: Publish): Promise<string> {
    const known = paths.get(publishId);
    if (known !== undefined) return known;
    const path = await storage.newPath();
    paths.set(publishId, path);
    return path;
  }

  async function describe(path: string, contentType: string): Promise<ReceivedMedia> {
    const media = await storage.describe(path, { url: 'upload', contentType });
    const expected = typeOf[media.kind];
    if (options.strict.lint && expected !== undefined && expected !== contentType)
      state.lint.push(`upload: a video is ${expected} but is sent as ${contentType}.`);
    return media;
  }

  return {
    open,
    answerChunk,
    async close() {
      await Promise.all(turns.values());
    },
  };

  /** `first` and `last` as the request names them; -1 where it names none. */
  function readChunk({ headers }: Exchange): Chunk {
    const [, first = -1, last = -1] = /^bytes (\d+)-(\d+)\/\d+$/.exec(headers['content-range'] ?? '') ?? [];
    const contentType = headers['content-type'] ?? '';
    return {
      first: Number(first),
      last: Number(last),
      at: clock.now(),
      contentType,
      received: 0,
      isTaken: false,
    };
  }
}

export type Uploads = ReturnType<typeof createUploads>;

const refuse = (status: number, text: string): Reply => plain(status, text);

/** Some bytes have come when the connection breaks. */
async function readSome({ incoming }: Exchange) {
  for await (const _ of incoming) return;
}
