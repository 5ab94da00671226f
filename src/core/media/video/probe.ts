import { ALL_FORMATS, FilePathSource, Input, type InputTrack, type InputVideoTrack } from 'mediabunny';
import { UserError } from '../../problems.ts';
import { readTopLevelBoxes } from './mp4-boxes.ts';

/** What is inside a video file. */
export interface VideoContent {
  /** Mediabunny's name for the codec, or the file's own four letters for one that it doesn't know. */
  readonly codec: string;
  /** One for each audio track, in the file's order. */
  readonly audioCodecs: readonly string[];
  /** As shown: after rotation, in square pixels. */
  readonly width: number;
  readonly height: number;
  /** The average over the whole file. */
  readonly framesPerSecond: number;
  readonly durationSeconds: number;
}

/** Reads a video's facts; throws a `UserError` for a damaged file or one without a picture. Runs in the worker. */
export async function probeVideo(path: string): Promise<VideoContent> {
  await checkWhole(path);
  const input = openVideo(path);
  try {
    const track = await input.getPrimaryVideoTrack();
    if (!track) throw new UserError({ code: 'video_without_picture' });
    const content = await readContent(input, track);
    const isPlausible = content.durationSeconds > 0 && content.framesPerSecond > 0 && content.width > 0;
    if (!isPlausible || !Number.isFinite(content.durationSeconds))
      throw new UserError({ code: 'file_damaged' });
    return content;
  } finally {
    input.dispose();
  }
}

/** The file as mediabunny's input; whoever opens it disposes it. */
export function openVideo(path: string) {
  return new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
}

/** The name of a track's codec. */
export async function readCodec(track: InputTrack): Promise<string> {
  return (await track.getCodec()) ?? String((await track.getInternalCodecId()) ?? 'unknown');
}

async function readContent(input: Input, track: InputVideoTrack): Promise<VideoContent> {
  const audioTracks = await input.getAudioTracks();
  return {
    codec: await readCodec(track),
    audioCodecs: await Promise.all(audioTracks.map(readCodec)),
    width: Math.round(await track.getDisplayWidth()),
    height: Math.round(await track.getDisplayHeight()),
    framesPerSecond: (await track.computePacketStats()).averagePacketRate,
    durationSeconds: await input.computeDuration(),
  };
}

/** A file whose index comes first probes as healthy when its end is missing, so its boxes are counted. */
async function checkWhole(path: string): Promise<void> {
  const { boxes, bytes } = await readTopLevelBoxes(path);
  const isCut = boxes.some((box) => box.end > bytes && (box.type === 'mdat' || box.type === 'moov'));
  if (isCut || !boxes.some((box) => box.type === 'moov')) throw new UserError({ code: 'file_damaged' });
}
