/**
 * Remembers in the browser where a file is being uploaded to, so that choosing it again after a reload goes on with it.
 * tus-js-client calls it its URL storage. A browser that keeps nothing begins anew.
 */

const PREFIX = 'nod-upload:';
/** No link is good for longer. */
const LIFE_MS = 24 * 3_600_000;
const SAMPLE_BYTES = 65_536;

/**
 * The link to the page is a secret, so only the id of the file is kept, which leads nowhere without it.
 *
 * @param {string} endpoint
 * @returns {import('tus-js-client').UrlStorage}
 */
export function createMemory(endpoint) {
  return {
    async findAllUploads() {
      return [];
    },
    async findUploadsByFingerprint(fingerprint) {
      const key = PREFIX + fingerprint;
      const found = read(key);
      if (typeof found?.id !== 'string') return [];
      const { id, size, creationTime } = found;
      return [
        {
          size,
          creationTime,
          metadata: {},
          urlStorageKey: key,
          uploadUrl: `${endpoint}/${id}`,
          parallelUploadUrls: null,
        },
      ];
    },
    async removeUpload(key) {
      attempt(() => localStorage.removeItem(key));
    },
    async addUpload(fingerprint, { size, creationTime, uploadUrl }) {
      const key = PREFIX + fingerprint;
      const id = uploadUrl?.split('/').at(-1);
      attempt(() => localStorage.setItem(key, JSON.stringify({ id, size, creationTime })));
      return key;
    },
  };
}

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
 * other draft goes on with it. Empty where the browser hashes nothing, which is neither by https nor on its own machine.
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
  if (!isSecureContext) return '';
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  return btoa(String.fromCharCode(...hash));
}

/**
 * @param {string} key
 * @returns {{ id: string, size: number, creationTime: string } | undefined}
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
