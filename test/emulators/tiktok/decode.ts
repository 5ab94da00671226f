import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSteadiness } from './steadiness.ts';

/** What decoding shows of received bytes; ffmpeg's programs do it, which share no code with Nod's own photo decoder. */
export type DecodedMedia = {
  /** What the decoder complained about; absent where every picture and sound decoded. */
  problem?: string;
  /** ffmpeg's name of it: `h264`, `hevc`, `mjpeg`; empty where there is no picture. */
  codec: string;
  pixelFormat: string;
  /** Coded pixels, before any rotation. */
  width: number;
  height: number;
  audioCodecs: string[];
  /** Pictures that came out of the decoder. */
  frames: number;
  durationSeconds: number;
  /** What the intervals between frames come to; 0 for a single picture. */
  frameRate: number;
  /** False where the intervals between frames vary more than a camera's clock does. */
  isSteady: boolean;
  /** Names of tags that tell something about the person, the place or the device, such as `location`. */
  tags: string[];
};

const TIMEOUT_MS = 120_000;
const MAX_COMPLAINT = 300;

/** Decodes are the same for the same bytes, and tests send the same few files thousands of times. */
const decodes = new Map<string, Promise<DecodedMedia | undefined>>();
const warned = { once: false };

/** `path` is for what may be bigger than memory. */
type Received = ({ body: Buffer } | { path: string }) & { sha256: string; isPhoto: boolean };

/** Decodes all of a file; undefined on a machine without ffmpeg, which is said once on stderr. */
export function decodeMedia(media: Received): Promise<DecodedMedia | undefined> {
  const { sha256 } = media;
  const known = decodes.get(sha256);
  if (known) return known;
  const decoding = decode(media).catch((error: unknown) => {
    decodes.delete(sha256);
    if (!isMissing(error)) throw error;
    if (!warned.once)
      process.stderr.write('TikTok’s emulator does not play what it receives: ffmpeg is missing.\n');
    warned.once = true;
    return undefined;
  });
  decodes.set(sha256, decoding);
  return decoding;
}

async function decode(received: Received): Promise<DecodedMedia> {
  if ('path' in received) return decodeFile(received.path, received.isPhoto);
  const folder = await mkdtemp(join(tmpdir(), 'tiktok-emulator-'));
  try {
    // An index may stand at the end, so a pipe would not do.
    const path = join(folder, 'received');
    await writeFile(path, received.body);
    return await decodeFile(path, received.isPhoto);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function decodeFile(path: string, isPhoto: boolean): Promise<DecodedMedia> {
  const [found, played] = await Promise.all([describe(path), play(path, isPhoto)]);
  const complaint = found.complaint ?? played.complaint;
  const problem = complaint ?? (played.frames === 0 ? 'There is no picture in it.' : undefined);
  return { ...found.media, frames: played.frames, ...(problem !== undefined && { problem }) };
}

type Stream = {
  index?: number;
  codec_type?: string;
  codec_name?: string;
  pix_fmt?: string;
  width?: number;
  height?: number;
  duration?: string;
  tags?: Record<string, string>;
};
type Described = {
  streams?: Stream[];
  format?: { duration?: string; tags?: Record<string, string> };
  packets?: { stream_index?: number; pts_time?: string }[];
};

const entries = [
  'packet=stream_index,pts_time',
  'stream=index,codec_type,codec_name,pix_fmt,width,height,duration',
  'stream_tags',
  'format=duration',
  'format_tags',
].join(':');

async function describe(path: string) {
  const { code, stdout, stderr } = await run('ffprobe', [
    ...['-v', 'error', '-show_entries', entries, '-of', 'json', path],
  ]);
  const { streams = [], format = {}, packets = [] } = parse(stdout);
  const video = streams.find(({ codec_type }) => codec_type === 'video');
  const times = packets
    .filter(({ stream_index }) => stream_index === video?.index)
    .map(({ pts_time }) => Number(pts_time));
  return {
    complaint: code === 0 ? undefined : shorten(stderr, path),
    media: {
      codec: video?.codec_name ?? '',
      pixelFormat: video?.pix_fmt ?? '',
      width: video?.width ?? 0,
      height: video?.height ?? 0,
      audioCodecs: streams.filter((one) => one.codec_type === 'audio').map((one) => one.codec_name ?? ''),
      durationSeconds: Number(format.duration ?? video?.duration ?? 0) || 0,
      ...readSteadiness(times.filter(Number.isFinite)),
      tags: listTags(format.tags, streams),
    },
  };
}

function listTags(tags: Stream['tags'], streams: Stream[]): string[] {
  const others = streams.filter(isData).map(({ codec_name, codec_type }) => codec_name ?? codec_type);
  const all = [tags, ...streams.map((one) => one.tags)].flatMap(tellingTags);
  return [...new Set([...all, ...others.map((name) => `track of ${name}`)])].sort();
}

const isData = ({ codec_type }: Stream) => codec_type !== 'video' && codec_type !== 'audio';

/** Every frame and all sound; the first error ends it, which several threads of ffmpeg's miss now and then. */
async function play(path: string, isPhoto: boolean) {
  // Only so does ffmpeg complain about a JPEG that lacks data.
  const detection = isPhoto ? ['-err_detect', 'explode'] : [];
  const strict = ['-v', 'error', '-nostdin', '-threads', '1', '-xerror', ...detection];
  const output = ['-map', '0:v:0', '-map', '0:a?', '-fps_mode', 'passthrough', '-f', 'framecrc', '-'];
  const { code, stdout, stderr } = await run('ffmpeg', [...strict, '-i', path, ...output]);
  const frames = stdout.split('\n').filter((line) => line.startsWith('0,')).length;
  return { frames, complaint: code === 0 ? undefined : shorten(stderr, path) };
}

/** What containers and encoders write for themselves says nothing about anybody. */
const structural = new Set([
  'major_brand',
  'minor_version',
  'compatible_brands',
  'language',
  'vendor_id',
  'encoder',
  'duration',
  'handler_name',
]);
const plainHandlers = /^(VideoHandler|SoundHandler|)$/;

function tellingTags(tags: Record<string, string> = {}): string[] {
  return Object.entries(tags).flatMap(([name, value]) => {
    const isPlain =
      name.toLowerCase() === 'handler_name' ? plainHandlers.test(value) : structural.has(name.toLowerCase());
    return isPlain ? [] : [name];
  });
}

function run(program: string, parameters: string[]) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const child = spawn(program, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // The timer of spawn's own time-out would hold up the end of the process.
      signal: AbortSignal.timeout(TIMEOUT_MS),
      killSignal: 'SIGKILL',
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    // What takes too long is ended, and then has not decoded.
    child.once('error', (error) => (isMissing(error) ? reject(error) : resolve({ code: null, ...output })));
    child.once('close', (code) => resolve({ code, ...output }));
  });
}

const isMissing = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT';

function parse(text: string): Described {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

const shorten = (text: string, path: string) =>
  text
    .replaceAll(path, 'it')
    .replace(/ @ 0x[0-9a-f]+/g, '')
    .trim()
    .slice(0, MAX_COMPLAINT) || 'It does not decode.';
