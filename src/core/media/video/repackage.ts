import { open } from 'node:fs/promises';
import { Conversion, FilePathTarget, type Input, Mp4OutputFormat, Output } from 'mediabunny';
import { UserError } from '../../problems.ts';
import { isAudioCodecCarried } from './codecs.ts';
import { parseBoxes } from './mp4-boxes.ts';
import { openVideo, readCodec } from './probe.ts';

/**
 * Copies picture and sound of a video into a new MP4 file, without encoding and without metadata such as the place
 * where it was filmed. Equal inputs give equal files. Runs in the worker.
 */
export async function repackageVideo({ path, to }: { path: string; to: string }): Promise<void> {
  const input = openVideo(path);
  const index = { content: Buffer.alloc(0), start: 0 };
  try {
    const conversion = await plan(input, to, (content, start) => {
      index.content = Buffer.from(content);
      index.start = start;
    });
    await conversion.execute();
  } finally {
    input.dispose();
  }
  await clearTimes(to, index);
}

async function plan(input: Input, to: string, onMoov: (content: Uint8Array, start: number) => void) {
  const tracks = await chooseTracks(input);
  const conversion = await Conversion.init({
    input,
    output: new Output({
      format: new Mp4OutputFormat({ fastStart: false, onMoov }),
      target: new FilePathTarget(to),
    }),
    video: (track) => ({ discard: !tracks.includes(track) }),
    audio: (track) => ({ discard: !tracks.includes(track) }),
    copy: { mode: 'forced' },
    tags: {},
    showWarnings: false,
  });
  const isComplete = tracks.every((track) => conversion.utilizedTracks.includes(track));
  if (!conversion.isValid || !isComplete)
    throw new Error('A track of the video cannot be copied into an MP4.');
  return conversion;
}

/** One picture and one sound track; phones add further ones (spatial audio, depth) that only they can play. */
async function chooseTracks(input: Input) {
  const video = await input.getPrimaryVideoTrack();
  if (!video) throw new UserError({ code: 'video_without_picture' });
  for (const audio of await input.getAudioTracks()) {
    if (isAudioCodecCarried(await readCodec(audio))) return [video, audio];
  }
  return [video];
}

/** Sets the file's creation times to 0: they hold the current second, which would make every copy another file. */
async function clearTimes(
  path: string,
  { content, start }: { content: Buffer; start: number },
): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    for (const header of timedHeaders(content, { from: 0, to: content.length })) {
      // Version 1 holds the two times in 64 bits each; both follow the version and three bytes of flags.
      const bytes = content[header] === 1 ? 16 : 8;
      await handle.write(Buffer.alloc(bytes), 0, bytes, start + header + 4);
    }
  } finally {
    await handle.close();
  }
}

function timedHeaders(content: Buffer, range: { from: number; to: number }): number[] {
  return parseBoxes(content, range).flatMap((box) => {
    if (['mvhd', 'tkhd', 'mdhd'].includes(box.type)) return [box.contentStart];
    if (!['moov', 'trak', 'mdia'].includes(box.type)) return [];
    return timedHeaders(content, { from: box.contentStart, to: box.end });
  });
}
