import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { MediaStore } from '../../core/media/store/store.ts';
import type { PullCounts } from '../../core/publish/pull-progress.ts';
import type { Admission, ReleaseGate } from '../../core/publish/release-gate.ts';
import { answerMedia, type MediaAnswer } from './byte-range.ts';
import { sendMedia } from './send-file.ts';

type Env = { Bindings: HttpBindings };
type Open = Exclude<Admission, { state: 'gone' }>;

/** Files up to this size are answered from memory. */
const SMALL_BYTES = 1 << 20;
const MEMORY_BYTES = 64 << 20;
const RETRY_AFTER_SECONDS = 2;
/** As long as TikTok takes for its requests: when the files are deleted, no copy is left for long. */
const KEPT_BY_CACHES = 'public, max-age=300, immutable, no-transform';

/**
 * The release gate on HTTP, below `/media`: no byte leaves while an attempt is sealed.
 * https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
 */
export function createMediaRoutes({
  gate,
  pulls,
  mediaStore,
  isMediaCached = false,
  gateWaitMs,
  log,
}: {
  gate: Pick<ReleaseGate, 'admit'>;
  pulls: Pick<PullCounts, 'sent'>;
  mediaStore: Pick<MediaStore, 'find' | 'fetchContent'>;
  /** A cache on the way may keep what is released. */
  isMediaCached?: boolean | undefined;
  gateWaitMs: number;
  log: Logger;
}) {
  const small = new LRUCache<string, Uint8Array<ArrayBuffer>>({
    maxSize: MEMORY_BYTES,
    sizeCalculation: ({ length }) => Math.max(1, length),
    fetchMethod: async (key) => new Uint8Array(await mediaStore.fetchContent(key)),
    // Who asked gets the file, also where it has lost its place before it was read.
    ignoreFetchAbort: true,
  });
  const routes = new Hono<Env>();

  routes.get('/:attempt/:file', async (c) => {
    const admission = await admit(c);
    if (admission.state === 'gone') return refuse(c, admission, 404);
    if (admission.state === 'sealed' && c.req.method !== 'HEAD') return refuse(c, admission, 503);
    const { file } = admission;
    const answer = answerMedia(c.req, file);
    // A gate changes once: what is released stays so. What may become released or revoked is no cache's to keep.
    if (isMediaCached && admission.state === 'released') answer.headers['Cache-Control'] = KEPT_BY_CACHES;
    const isSmall = file.bytes <= SMALL_BYTES || answer.end === answer.start;
    return isSmall ? sendSmall(c, admission, answer) : sendBig(c, admission, answer);
  });

  routes.all('*', (c) => c.text('Not found.', 404, { 'Cache-Control': 'private, no-store' }));

  async function admit(c: Context<Env, '/:attempt/:file'>): Promise<Admission> {
    const { attempt, file } = c.req.param();
    const admission = await gate.admit(attempt, file, { waitMs: 0 });
    if (admission.state !== 'sealed' || c.req.method === 'HEAD') return admission;
    // The signal is only asked for when it is needed: it costs a whole Request object.
    return gate.admit(attempt, file, { waitMs: gateWaitMs, signal: c.req.raw.signal });
  }

  function refuse(c: Context<Env>, admission: Admission, status: 404 | 503) {
    c.env.outgoing.once('close', () => note(c, admission, status, 0));
    c.header('Cache-Control', 'private, no-store');
    if (status === 404) return c.text('Not found.', 404);
    return c.text('Not yet.', 503, { 'Retry-After': String(RETRY_AFTER_SECONDS) });
  }

  async function sendSmall(c: Context<Env>, admission: Open, { status, headers, start, end }: MediaAnswer) {
    const { attempt, file } = admission;
    const body = end > start ? (await small.forceFetch(file.key)).subarray(start, end) : null;
    const { outgoing } = c.env;
    outgoing.once('close', () => {
      const isSent = body !== null && outgoing.writableFinished;
      if (isSent) pulls.sent(attempt, file.name, end);
      note(c, admission, status, isSent ? end - start : 0);
    });
    return new Response(body, { status, headers });
  }

  async function sendBig(c: Context<Env>, admission: Open, answer: MediaAnswer) {
    const { attempt, file } = admission;
    let sentUpTo = answer.start;
    try {
      const source = await mediaStore.find(file.key);
      await sendMedia(c.env, { ...answer, source }, (end) => {
        sentUpTo = end;
        pulls.sent(attempt, file.name, end);
      });
    } catch (error) {
      if (!c.env.outgoing.headersSent) throw error;
      log.error({ err: error, ...aboutFile(admission) }, 'Media could not be sent to its end');
    }
    note(c, admission, answer.status, sentUpTo - answer.start);
    return RESPONSE_ALREADY_SENT;
  }

  /** Without the attempt's id: who knows it can read the media. */
  function note(c: Context<Env>, admission: Admission, status: number, bytes: number) {
    const about = admission.state === 'gone' ? undefined : aboutFile(admission);
    const { method, headers } = c.env.incoming;
    const range = headers.range?.slice(0, 100);
    const userAgent = headers['user-agent']?.slice(0, 200);
    log.info({ ...about, method, status, range, bytes, userAgent }, 'Media was asked for');
  }

  return routes;
}

function aboutFile({ attempt, file }: Open) {
  return { postId: attempt.postId, fileNumber: attempt.files.indexOf(file) + 1, gate: attempt.state };
}
