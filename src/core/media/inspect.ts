import { stat } from 'node:fs/promises';
import { UserError } from '../problems.ts';
import type { Ffmpeg } from './ffmpeg.ts';
import { inspectPhoto, type PhotoFacts } from './photo/facts.ts';
import { readFormat } from './sniff.ts';
import { inspectVideo, type VideoFacts } from './video/facts.ts';

export type { PhotoFacts } from './photo/facts.ts';

export type MediaFacts = PhotoFacts | VideoFacts;

/** Says what a file is by its content, never by its name; throws a `UserError` for what we don't take. */
export async function inspectFile(
  path: string,
  {
    ffmpeg,
    signal,
    timeoutMs,
  }: {
    ffmpeg?: Ffmpeg | undefined;
    signal?: AbortSignal | undefined;
    timeoutMs?: number | undefined;
  } = {},
): Promise<MediaFacts> {
  const format = await readFormat(path);
  const { size: bytes } = await stat(path);
  if (format.kind === 'photo') return inspectPhoto(path, { format: format.name, bytes });
  if (format.kind !== 'video') throw new UserError({ code: 'format_not_accepted', format: format.name });
  return inspectVideo({ path, format: format.name, ffmpeg, signal, timeoutMs });
}
