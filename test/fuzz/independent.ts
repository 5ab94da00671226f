import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { PreparedMedia } from '../../src/core/media/types.ts';
import { SECRET } from './seeds.ts';

/** What decoders that are not Nod's say against a result; undefined where they take it. */
export async function complaintOf(path: string, media: PreparedMedia): Promise<string | undefined> {
  if ((await readFile(path)).includes(SECRET)) return 'It tells what the file said about its maker.';
  return media.kind === 'photo' ? complaintOfPhoto(path, media) : complaintOfVideo(path, media);
}

async function complaintOfPhoto(path: string, { width, height }: PreparedMedia) {
  const identified = await run('identify', ['-regard-warnings', '-format', '%m %wx%h', path]);
  if (identified.complaint !== undefined) return identified.complaint;
  const expected = `JPEG ${width}x${height}`;
  if (identified.stdout !== expected) return `It is ${identified.stdout}, and not ${expected}.`;
  return (await run('convert', ['-regard-warnings', path, 'null:'])).complaint;
}

async function complaintOfVideo(path: string, { width, height, durationSeconds = 0 }: PreparedMedia) {
  const entries = 'stream=width,height,codec_name:stream_side_data=rotation:format=duration';
  const probed = await run('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v:0', '-show_entries', entries, '-of', 'json', path],
  ]);
  if (probed.complaint !== undefined) return probed.complaint;
  const { streams: [video] = [], format } = JSON.parse(probed.stdout);
  const turn = video?.side_data_list?.find((one: { rotation?: number }) => one.rotation !== undefined);
  const isTurned = Math.abs(turn?.rotation ?? 0) % 180 === 90;
  const shown = isTurned ? [video?.height, video?.width] : [video?.width, video?.height];
  if (shown[0] !== width || shown[1] !== height)
    return `It is ${shown.join('×')}, and not ${width}×${height}.`;
  if (Math.abs(Number(format?.duration) - durationSeconds) > 0.5)
    return `It is ${format?.duration} s long, and not ${durationSeconds} s.`;
  // With several threads -xerror misses an error now and then.
  const options = ['-v', 'error', '-nostdin', '-threads', '1', '-xerror'];
  const played = await run('ffmpeg', [...options, '-i', path, '-f', 'null', '-']);
  return played.complaint;
}

/** Runs a program to its end; what it says against the file where it fails. */
function run(program: string, parameters: string[]) {
  return new Promise<{ stdout: string; complaint: string | undefined }>((resolve) => {
    execFile(program, parameters, { timeout: 60_000 }, (error, stdout, stderr) => {
      const lines = stderr.trim().split('\n').slice(0, 2).join(' | ');
      resolve({ stdout, complaint: error === null ? undefined : `${program}: ${lines || error.message}` });
    });
  });
}
