import { readFileSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Problem, UserError } from '../../../problems.ts';
import type { HeicJob, HeicJobAnswer } from './decode.ts';
import { iccOfNclx } from './icc.ts';
import { type HeicTile, HeifError, openHeic } from './libheif.ts';
import { createTiff } from './tiff-file.ts';

const END_OF_DATA = 100;
const OUT_OF_MEMORY = 6;
/** Such as a picture that is bigger than it is said to be. */
const BEYOND_LIMITS = 1000;

/** The thread that decodes one HEIC and ends. */
function run(job: HeicJob, port: MessagePort): void {
  const answer = answerOf(job);
  port.postMessage(answer, 'tiff' in answer ? [answer.tiff.buffer] : []);
}

function answerOf(job: HeicJob): HeicJobAnswer {
  try {
    return { tiff: decode(job) };
  } catch (error) {
    if (isOurs(error)) throw error;
    return { problem: problemOf(error, job), cause: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether the system failed us, or libheif is not installed. */
const isOurs = (error: unknown): boolean =>
  error instanceof Error && ('syscall' in error || ('code' in error && error.code === 'MODULE_NOT_FOUND'));

function decode({ path, maxPixels, maxBytes }: HeicJob): Uint8Array<ArrayBuffer> {
  const picture = openHeic(readFileSync(path), { maxBytes });
  const { width, height, channels, icc = picture.nclx && iccOfNclx(picture.nclx) } = picture;
  const pixelCount = width * height;
  // Its header said something else to whoever gave the memory.
  if (pixelCount > maxPixels)
    throw new UserError({ code: 'photo_too_many_pixels', pixels: pixelCount, maxPixels });
  const { file, pixels } = createTiff({ width, height, channels, icc });
  for (const tile of picture.tiles()) place(tile, { pixels, width, height, channels });
  if (picture.isPremultiplied && channels === 4) divideByAlpha(pixels);
  return file;
}

/** Copies the part of a tile that lies in the picture. */
function place(
  tile: HeicTile,
  {
    pixels,
    width,
    height,
    channels,
  }: { pixels: Uint8Array; width: number; height: number; channels: number },
): void {
  const [left, right] = [Math.max(0, tile.left), Math.min(width, tile.left + tile.width)];
  const [top, bottom] = [Math.max(0, tile.top), Math.min(height, tile.top + tile.height)];
  if (left >= right) return;
  for (let y = top; y < bottom; y += 1) {
    const from = (y - tile.top) * tile.stride + (left - tile.left) * channels;
    const row = tile.pixels.subarray(from, from + (right - left) * channels);
    pixels.set(row, (y * width + left) * channels);
  }
}

function divideByAlpha(pixels: Uint8Array): void {
  for (let at = 0; at < pixels.length; at += 4) {
    const alpha = pixels[at + 3] ?? 255;
    if (alpha === 0 || alpha === 255) continue;
    for (let channel = at; channel < at + 3; channel += 1)
      pixels[channel] = Math.min(255, Math.round(((pixels[channel] ?? 0) * 255) / alpha));
  }
}

function problemOf(error: unknown, { maxPixels }: HeicJob): Problem {
  if (error instanceof UserError) return error.problem;
  if (error instanceof HeifError && error.subcode === END_OF_DATA) return { code: 'file_incomplete' };
  // Its data need more than its header lets expect.
  if (error instanceof HeifError && error.code === OUT_OF_MEMORY && error.subcode !== BEYOND_LIMITS)
    return { code: 'photo_too_many_pixels', pixels: maxPixels, maxPixels: Math.floor(maxPixels / 2) };
  return { code: 'file_damaged' };
}

if (parentPort) run(workerData, parentPort);
