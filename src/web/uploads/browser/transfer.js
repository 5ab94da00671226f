import { createMemory, fingerprintOf } from './memory.js';
import { BUSY, ENDED, GONE, OFFLINE, refusedWith, UNREADABLE } from './words.js';

/** Pauses before it is tried again; the last one for as long as it takes. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/** Nothing moves on a connection for so long: it is dead, and the browser does not know. */
const STALL_MS = 45_000;
/** The same once the phone has woken up, or was given another network. */
const WAKING_STALL_MS = 6_000;
const LOOK_EVERY_MS = 2_000;
const SPEED_WINDOW_MS = 8_000;

/**
 * - `waiting`: nothing has begun.
 * - `held_up`: it failed in a way that passes, and is tried again by itself.
 * - `refused`: the server does not want it, or it cannot be read; `problem` says so.
 *
 * @typedef {'waiting' | 'sending' | 'held_up' | 'paused' | 'here' | 'refused'} TransferState
 */

/** @typedef {ReturnType<typeof createTransfer>} Transfer */

/**
 * Uploads one file by tus, and goes on after whatever may pass: no network, a sleeping phone, a restart of Nod.
 *
 * @param {{ tus: typeof import('tus-js-client'), file: File, endpoint: string, chunkBytes: number, changed: () => void }} options
 */
export function createTransfer({ tus, file, endpoint, chunkBytes, changed }) {
  /** @type {TransferState} */
  let state = 'waiting';
  let sent = 0;
  /** Why it is held up or refused. */
  let problem = '';
  let isWorthAnotherTry = false;
  let failures = 0;
  /** What the server was known to have. */
  let confirmed = 0;
  /** It was begun before the page was loaded. */
  let isFromMemory = false;
  let movedAt = 0;
  let stallMs = STALL_MS;
  /** @type {{ at: number, sent: number }[]} */
  let samples = [];
  /** Counts starts and stops; whoever awaits something looks whether it is still meant. */
  let run = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<import('tus-js-client').Upload> | undefined} */
  let preparing;
  /** @type {import('tus-js-client').Upload | undefined} */
  let upload;
  let isFirstProgress = false;
  const memory = createMemory(endpoint);

  async function prepare() {
    const fingerprint = await fingerprintOf(file, endpoint);
    const prepared = new tus.Upload(file, {
      endpoint,
      chunkSize: chunkBytes,
      retryDelays: null,
      metadata: { filename: file.name },
      fingerprint: async () => fingerprint,
      urlStorage: memory,
      removeFingerprintOnSuccess: true,
      onUploadUrlAvailable: hasBegun,
      onProgress: progressed,
      onChunkComplete: () => {
        failures = 0;
      },
      onSuccess: () => {
        stop('here');
        sent = file.size;
        changed();
      },
      onError: (error) => void failed(error, run),
    });
    const [previous] = await prepared.findPreviousUploads();
    isFromMemory = previous !== undefined;
    if (previous !== undefined) {
      prepared.resumeFromPreviousUpload(previous);
      hasBegun();
    }
    return prepared;

    /** Without the endpoint, one that is gone is an error instead of a new one. */
    function hasBegun() {
      prepared.options.endpoint = null;
    }
  }

  /** Begins, or goes on. */
  async function start() {
    stop('sending');
    const own = run;
    isFirstProgress = true;
    stallMs = STALL_MS;
    movedAt = performance.now();
    changed();
    try {
      preparing ??= prepare();
      upload = await preparing;
    } catch {
      preparing = undefined;
      if (own === run) refuse(UNREADABLE);
      return;
    }
    if (own !== run) return;
    upload.start();
    timer = setInterval(() => {
      if (performance.now() - movedAt >= stallMs) start();
    }, LOOK_EVERY_MS);
  }

  /** @param {TransferState} next */
  function stop(next) {
    run += 1;
    clearTimeout(timer);
    upload?.abort();
    samples = [];
    state = next;
  }

  /** @param {number} bytes */
  function progressed(bytes) {
    const at = performance.now();
    // What comes next may only lie in the buffers of the browser.
    if (isFirstProgress && bytes > confirmed) {
      confirmed = bytes;
      failures = 0;
    }
    isFirstProgress = false;
    if (bytes !== sent) {
      movedAt = at;
      stallMs = STALL_MS;
    }
    sent = bytes;
    samples.push({ at, sent });
    while (samples[1] !== undefined && at - samples[1].at > SPEED_WINDOW_MS) samples.shift();
    changed();
  }

  /**
   * @param {Error | import('tus-js-client').DetailedError} error
   * @param {number} own
   */
  async function failed(error, own) {
    const response = 'originalResponse' in error ? error.originalResponse : null;
    const status = response?.getStatus() ?? 0;
    if (status === 404 || status === 410) return lost(own);
    if (isRefusal(status)) {
      // Nod keeps nothing of what it has refused.
      await forget();
      if (own !== run) return;
      // The room, or what waits in the chat, may be another one later; the file stays as big as it is.
      return refuse(refusedWith(status, (response?.getBody() ?? '').trim()), status !== 413);
    }
    if (!(await isReadable(file))) {
      if (own === run) refuse(UNREADABLE);
      return;
    }
    if (own === run) holdUp(status === 0 ? OFFLINE : BUSY, Number(response?.getHeader('Retry-After') ?? 0));
  }

  /** @param {number} own */
  async function lost(own) {
    await forget();
    const status = await fetch(endpoint).then(
      (response) => response.status,
      () => 0,
    );
    if (own !== run) return;
    if (status === 404) refuse(GONE);
    else if (status !== 200) holdUp(OFFLINE, 0);
    // It was ended before its file was chosen again: whoever does that wants it anew.
    else if (isFromMemory && confirmed === 0) start();
    else refuse(ENDED, true);
  }

  /** The next start is a new upload. */
  async function forget() {
    const fingerprint = await preparing?.then(({ options }) => options.fingerprint?.(file, options));
    if (fingerprint !== undefined)
      for (const { urlStorageKey } of await memory.findUploadsByFingerprint(fingerprint))
        await memory.removeUpload(urlStorageKey);
    preparing = undefined;
  }

  /**
   * @param {string} why
   * @param {number} seconds that the server asks for
   */
  function holdUp(why, seconds) {
    stop('held_up');
    problem = why;
    const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 0;
    failures += 1;
    timer = setTimeout(start, Math.max(pause, Math.min(seconds, 60) * 1_000));
    changed();
  }

  /**
   * @param {string} why
   * @param {boolean} again
   */
  function refuse(why, again = false) {
    stop('refused');
    problem = why;
    isWorthAnotherTry = again;
    confirmed = 0;
    sent = 0;
    changed();
  }

  function pause() {
    stop('paused');
    changed();
  }

  /** Ends it; the server keeps nothing of it. */
  async function abandon() {
    run += 1;
    clearTimeout(timer);
    const begun = upload;
    // Where there is no network, the server ends it by itself.
    await begun?.abort(true).catch(() => {});
    await forget();
  }

  /** Goes on at once: the network is back or another one, or somebody looks at the page again. */
  function wake() {
    if (state === 'held_up') start();
    else stallMs = WAKING_STALL_MS;
  }

  return {
    file,
    start,
    pause,
    abandon,
    wake,
    get state() {
      return state;
    },
    get sent() {
      return sent;
    },
    get problem() {
      return problem;
    },
    get isWorthAnotherTry() {
      return isWorthAnotherTry;
    },
    /** Bytes per second, once that can be told. */
    get speed() {
      const first = samples[0];
      const last = samples.at(-1);
      if (first === undefined || last === undefined || last.at - first.at < 1_000) return undefined;
      return ((last.sent - first.sent) * 1_000) / (last.at - first.at);
    },
    /** Its address at the server. */
    get url() {
      return upload?.url ?? undefined;
    },
  };
}

/**
 * Whether the same request would be answered in the same way.
 *
 * @param {number} status
 */
const isRefusal = (status) =>
  status === 507 || (status >= 400 && status < 500 && ![408, 409, 423, 425, 429].includes(status));

/** @param {File} file */
const isReadable = (file) =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );
