import { z } from 'zod';
import { UserError } from '../../problems.ts';
import { type Ffmpeg, type FfmpegInput, isFaultOfInput, runFfprobe } from '../ffmpeg.ts';
import { ProgramOutputError } from '../run-program.ts';

const HEADER_TIMEOUT_MS = 20_000;
const MAX_HEADER_BYTES = 4 * 1024 ** 2;
/** Seven hours at 60 frames a second and their sound, a line each. */
const MAX_PACKETS_BYTES = 150 * 1024 ** 2;
const MAX_MOMENTS = 1_500_000;
/** Slower disks than this are out of order. */
const BYTES_PER_MS = 10_000;

const tags = z.record(z.string(), z.string()).optional();
const streamShape = z.object({
  index: z.number(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  profile: z.string().optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  pix_fmt: z.string().optional(),
  sample_aspect_ratio: z.string().optional(),
  field_order: z.string().optional(),
  color_transfer: z.string().optional(),
  sample_rate: z.string().optional(),
  channels: z.number().optional(),
  disposition: z.object({ default: z.number(), attached_pic: z.number() }).optional(),
  side_data_list: z
    .array(z.object({ side_data_type: z.string().optional(), rotation: z.number().optional() }))
    .optional(),
  tags,
});
const headerShape = z.object({
  streams: z.array(streamShape).default([]),
  format: z.object({ duration: z.string().optional(), start_time: z.string().optional(), tags }).optional(),
});

/** A track as ffprobe tells it. */
export type ProbedStream = z.infer<typeof streamShape>;

/** What a file's header says. */
export interface ProbedHeader {
  readonly streams: readonly ProbedStream[];
  readonly durationSeconds: number | undefined;
  readonly tags: readonly string[];
}

const SHOWN =
  'stream=index,codec_type,codec_name,profile,width,height,pix_fmt,sample_aspect_ratio,field_order,' +
  'color_transfer,sample_rate,channels:stream_disposition=default,attached_pic:' +
  'stream_side_data=side_data_type,rotation:stream_tags:format=duration,start_time:format_tags';

/** Reads what a file says about itself; throws a `UserError` for one that says nothing of use. */
export async function probeHeader(
  ffmpeg: Ffmpeg,
  input: FfmpegInput,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<ProbedHeader> {
  const show = ['-show_entries', SHOWN, '-of', 'json'];
  const { stdout } = await orRefused(
    runFfprobe(
      ffmpeg,
      { input, show },
      { signal, timeoutMs: HEADER_TIMEOUT_MS, maxStdoutBytes: MAX_HEADER_BYTES },
    ),
  );
  const header = headerShape.safeParse(parseJson(stdout.toString('utf8')));
  if (!header.success) throw new UserError({ code: 'file_damaged' }, { cause: header.error });
  const { streams, format } = header.data;
  const all = [format?.tags, ...streams.map((stream) => stream.tags)];
  return {
    streams,
    durationSeconds: format?.duration === undefined ? undefined : Number(format.duration),
    tags: all.flatMap((some) => Object.keys(some ?? {})),
  };
}

/** When the packets of the two streams that count are shown, in seconds. */
export interface ProbedPackets {
  /** In the order of showing. */
  readonly moments: Float64Array;
  readonly startSeconds: number;
  readonly pictureEndSeconds: number;
  readonly endSeconds: number;
  /** The file says that it ends before its end. */
  readonly isCutOff: boolean;
}

/** Reads through a whole file, without decoding. */
export async function probePackets(
  ffmpeg: Ffmpeg,
  input: FfmpegInput,
  {
    picture,
    sound,
    bytes,
    signal,
  }: { picture: number; sound?: number | undefined; bytes: number; signal?: AbortSignal | undefined },
): Promise<ProbedPackets> {
  const moments: number[] = [];
  let [start, pictureEnd, end] = [Number.POSITIVE_INFINITY, 0, 0];
  const read = (line: string) => {
    const [stream, shown, decoded, lasting] = line.split(',').map(Number);
    const moment = Number.isFinite(shown) ? shown : decoded;
    if (moment === undefined || !Number.isFinite(moment)) return;
    const until = moment + (Number.isFinite(lasting) ? (lasting ?? 0) : 0);
    if (stream !== picture && stream !== sound) return;
    start = Math.min(start, moment);
    end = Math.max(end, until);
    if (stream !== picture) return;
    pictureEnd = Math.max(pictureEnd, until);
    if (moments.push(moment) > MAX_MOMENTS) throw new UserError({ code: 'file_damaged' });
  };
  const show = ['-show_entries', 'packet=stream_index,pts_time,dts_time,duration_time', '-of', 'csv=p=0'];
  const { stderr } = await orRefused(
    runFfprobe(
      ffmpeg,
      { input, show },
      {
        signal,
        timeoutMs: HEADER_TIMEOUT_MS + bytes / BYTES_PER_MS,
        maxStdoutBytes: MAX_PACKETS_BYTES,
        onStdout: byLine(read),
      },
    ),
  );
  return {
    moments: Float64Array.from(moments).sort(),
    startSeconds: Number.isFinite(start) ? start : 0,
    pictureEndSeconds: pictureEnd,
    endSeconds: end,
    isCutOff: /File ended prematurely|truncat/i.test(stderr),
  };
}

function byLine(read: (line: string) => void) {
  let rest = '';
  return (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) read(line);
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function orRefused<T>(running: Promise<T>): Promise<T> {
  try {
    return await running;
  } catch (error) {
    if (!isFaultOfInput(error) && !(error instanceof ProgramOutputError)) throw error;
    throw new UserError({ code: 'file_damaged' }, { cause: error });
  }
}
