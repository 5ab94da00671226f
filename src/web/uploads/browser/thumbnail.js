/** A small picture of a local file; no byte of it leaves the browser. */

const SIDE = 112;
/** Decoding takes memory by the pixels. */
const MAX_PHOTO_BYTES = 60_000_000;
const PATIENCE_MS = 10_000;
const SEEK_SECONDS = 1;

/**
 * Draws a photo, or a moment near the start of a video; undefined where the browser cannot show it.
 *
 * @param {File} file
 * @returns {Promise<HTMLCanvasElement | undefined>}
 */
export async function drawThumbnail(file) {
  try {
    return file.type.startsWith('image/') ? await drawPhoto(file) : await drawVideo(file);
  } catch {
    return undefined;
  }
}

/** @param {File} file */
async function drawPhoto(file) {
  if (file.size > MAX_PHOTO_BYTES) return undefined;
  const bitmap = await createImageBitmap(file);
  try {
    return draw(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/** @param {File} file */
async function drawVideo(file) {
  const video = document.createElement('video');
  const url = URL.createObjectURL(file);
  try {
    // iOS loads nothing of a video that could play aloud.
    video.muted = true;
    video.playsInline = true;
    video.preload = 'auto';
    video.src = url;
    video.load();
    await heard(video, 'loadeddata');
    const at = Math.min(SEEK_SECONDS, video.duration / 2);
    if (Number.isFinite(at) && at > 0) {
      const sought = heard(video, 'seeked');
      video.currentTime = at;
      await sought;
    }
    return draw(video, video.videoWidth, video.videoHeight);
  } finally {
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(url);
  }
}

/**
 * @param {HTMLVideoElement} video
 * @param {'loadeddata' | 'seeked'} name
 * @returns {Promise<void>}
 */
function heard(video, name) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, PATIENCE_MS);
    const end = (/** @type {() => void} */ settle) => () => {
      clearTimeout(timer);
      settle();
    };
    video.addEventListener(name, end(resolve), { once: true });
    video.addEventListener('error', end(reject), { once: true });
  });
}

/**
 * Fills a square with the middle of a picture.
 *
 * @param {CanvasImageSource} source
 * @param {number} width
 * @param {number} height
 */
function draw(source, width, height) {
  const canvas = document.createElement('canvas');
  canvas.width = SIDE;
  canvas.height = SIDE;
  const side = Math.min(width, height);
  const context = canvas.getContext('2d');
  if (context === null || side === 0) return undefined;
  context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  return canvas;
}
