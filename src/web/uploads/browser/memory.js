/**
 * Remembers in the browser where a file is being uploaded to, so that choosing it again after a reload goes on with it.
 * tus-js-client calls it its URL storage. A browser that keeps nothing begins anew.
 */

const PREFIX = 'nod-upload:';
/** No link is good for longer. */
const LIFE_MS = 24 * 3_600_000;
const SAMPLE_BYTES = 65_536;

/** @type {import('tus-js-client').UrlStorage} */
export const memory = {
  async findAllUploads() {
    return [];
  },
  async findUploadsByFingerprint(fingerprint) {
    const found = read(PREFIX + fingerprint);
    return found === undefined ? [] : [{ ...found, urlStorageKey: PREFIX + fingerprint }];
  },
  async removeUpload(key) {
    attempt(() => localStorage.removeItem(key));
  },
  async addUpload(fingerprint, upload) {
    attempt(() => localStorage.setItem(PREFIX + fingerprint, JSON.stringify(upload)));
    return PREFIX + fingerprint;
  },
};

/** Forgets what no link can go on with any more. */
export function sweepMemory() {
  const keys = attempt(() => Object.keys(localStorage)) ?? [];
  for (const key of keys.filter((one) => one.startsWith(PREFIX))) {
    const begunAt = Date.parse(read(key)?.creationTime ?? '');
    if (!(Date.now() - begunAt < LIFE_MS)) attempt(() => localStorage.removeItem(key));
  }
}

/**
 * Names a file by what it is, as phones give the same file another date each time it is chosen; and by its page, so that no
 * other draft goes on with it.
 *
 * @param {File} file
 * @param {string} endpoint
 */
export async function fingerprintOf(file, endpoint) {
  const { name, size } = file;
  const samples = [0, Math.floor(size / 2), Math.max(0, size - SAMPLE_BYTES)].map((from) =>
    file.slice(from, from + SAMPLE_BYTES),
  );
  const content = await new Blob([JSON.stringify([endpoint, name, size]), ...samples]).arrayBuffer();
  // Only a page by https, or of this machine, may hash.
  if (!isSecureContext) return JSON.stringify([endpoint, name, size, file.lastModified]);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  return btoa(String.fromCharCode(...hash));
}

/**
 * @param {string} key
 * @returns {import('tus-js-client').PreviousUpload | undefined}
 */
function read(key) {
  return attempt(() => JSON.parse(localStorage.getItem(key) ?? 'null')) ?? undefined;
}

/**
 * Private windows and full disks refuse.
 *
 * @template T
 * @param {() => T} run
 */
function attempt(run) {
  try {
    return run();
  } catch {
    return undefined;
  }
}
