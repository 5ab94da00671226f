import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { DataStore, ERRORS, type Locker, Server, Upload } from '@tus/server';
import type { Logger } from 'pino';
import { UserError } from '../../core/problems.ts';
import { UploadGoneError } from '../../core/uploads/tickets.ts';
import { UploadBusyError, type Uploads } from '../../core/uploads/uploads.ts';
import { refusalText, statusOf } from './words.ts';

/** `/<token>/files/<id>`, or without the id; below `/upload`. */
const PATH = /\/upload\/([\w-]+)\/files(?:\/([\w-]+))?\/?(?:\?.*)?$/;
/** How long a part that is coming may go on after the client asks again, which it does when its connection was cut. */
const LOCK_DRAIN_MS = 500;
const LOCK_WAIT_MS = 10_000;
const RETRY_AFTER_SECONDS = 5;

type TusUploads = Pick<Uploads, 'begin' | 'find' | 'receive' | 'abandon'>;

/**
 * tus 1.0 over the uploads: creation, with or without its first part, and termination. What the protocol calls the id of an
 * upload is here the secret of its page and the id of its file, so that each step asks for permission anew.
 * https://tus.io/protocols/resumable-upload
 */
export function createTus({ uploads, log }: { uploads: TusUploads; log: Logger }) {
  /** Bodies go around the package's web streams, which cost three times the processor. */
  const bodies = new AsyncLocalStorage<IncomingMessage>();
  const datastore = Object.assign(new DataStore(), {
    extensions: ['creation', 'creation-with-upload', 'termination'],
    async getUpload(ref: string): Promise<Upload> {
      const { bytes, received } = await uploads.find(...partsOf(ref));
      return new Upload({ id: ref, size: bytes, offset: received });
    },
    async write(empty: Readable, ref: string): Promise<number> {
      empty.resume();
      const incoming = bodies.getStore();
      if (incoming === undefined) throw new Error('A part of an upload has no request.');
      try {
        return await uploads.receive(...partsOf(ref), incoming);
      } catch (error) {
        if (incoming.errored !== null && !isOurs(error)) throw ERRORS.ABORTED;
        throw error;
      }
    },
    remove: (ref: string) => uploads.abandon(...partsOf(ref)),
  });
  const server = new Server({
    path: '/upload',
    datastore,
    locker: createLocker({ cut: () => bodies.getStore()?.destroy() }),
    lockDrainTimeout: LOCK_DRAIN_MS,
    getFileIdFromRequest(request) {
      const [, token, id] = PATH.exec(request.url) ?? [];
      return token === undefined || id === undefined ? undefined : `${token}/${id}`;
    },
    async namingFunction(request, metadata) {
      const [, token = ''] = PATH.exec(request.url) ?? [];
      const bytes = Number(request.headers.get('upload-length'));
      if (!Number.isSafeInteger(bytes)) throw ERRORS.INVALID_LENGTH;
      const { id } = await uploads.begin(token, { name: metadata?.filename ?? metadata?.name ?? '', bytes });
      return `${token}/${id}`;
    },
    generateUrl(_, { id: ref }) {
      const [token, id] = partsOf(ref);
      return `/upload/${token}/files/${id}`;
    },
    async onResponseError(request, error) {
      if (error instanceof UserError)
        return { status_code: statusOf(error.problem), body: refusalText(error.problem) };
      if (error instanceof UploadGoneError) return ERRORS.FILE_NOT_FOUND;
      if (error instanceof UploadBusyError)
        return { status_code: 503, body: 'Not now. Go on in a moment.\n' };
      if (error instanceof Error && !('status_code' in error)) {
        log.error({ err: error }, 'A part of an upload could not be taken');
        return ERRORS.UNKNOWN_ERROR;
      }
      if ('status_code' in error && error.status_code === 413) await endLiar(request);
      return undefined;
    },
  });

  /** More came than was announced. */
  async function endLiar({ url }: Request): Promise<void> {
    const [, token, id] = PATH.exec(url) ?? [];
    if (token === undefined || id === undefined) return;
    await uploads.abandon(token, id, 'upload_wrong_length').catch((error) => {
      if (!(error instanceof UploadGoneError)) throw error;
    });
  }

  /** Answers a request of a tus client of ours; other sites are told nothing. */
  async function answer(
    { url, method, headers: asked }: Request,
    incoming: IncomingMessage,
  ): Promise<Response> {
    const request = new Request(url, { method, headers: asked });
    const response = await bodies.run(incoming, () => server.handleWeb(request));
    const headers = new Headers(response.headers);
    for (const name of [...headers.keys()]) if (name.startsWith('access-control-')) headers.delete(name);
    if (response.status === 503) headers.set('Retry-After', String(RETRY_AFTER_SECONDS));
    return new Response(response.body, { status: response.status, headers });
  }

  return { answer };
}

const isOurs = (error: unknown): boolean =>
  error instanceof UserError || error instanceof UploadGoneError || error instanceof UploadBusyError;

function partsOf(ref: string): [token: string, id: string] {
  const [token = '', id = ''] = ref.split('/');
  return [token, id];
}

interface Holder {
  readonly cancel: () => Promise<void> | void;
  readonly released: Promise<void>;
  readonly release: () => void;
}

/**
 * One request at a time for each file; whoever comes has the one before cut. (The package's own waits in a busy loop.)
 */
function createLocker({ cut }: { cut: () => void }): Locker {
  const holders = new Map<string, Holder>();

  async function lock(id: string, signal: AbortSignal, cancel: Holder['cancel']): Promise<void> {
    const end = AbortSignal.any([signal, AbortSignal.timeout(LOCK_WAIT_MS)]);
    const { promise: ended, resolve: give } = Promise.withResolvers<void>();
    end.addEventListener('abort', () => give(), { once: true });
    for (let holder = holders.get(id); holder !== undefined; holder = holders.get(id)) {
      await holder.cancel();
      await Promise.race([holder.released, ended]);
      if (end.aborted) throw new UploadBusyError('Another request goes on with this file.');
    }
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    // Bound to the request that holds it.
    const cutThis = AsyncResource.bind(cut);
    signal.addEventListener('abort', cutThis, { once: true });
    holders.set(id, {
      cancel,
      released,
      release() {
        signal.removeEventListener('abort', cutThis);
        release();
      },
    });
  }

  async function unlock(id: string): Promise<void> {
    holders.get(id)?.release();
    holders.delete(id);
  }

  return {
    newLock: (id) => ({ lock: (signal, cancel) => lock(id, signal, cancel), unlock: () => unlock(id) }),
  };
}
