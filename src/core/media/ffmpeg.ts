import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The paths of ffmpeg's two programs. */
export interface Ffmpeg {
  readonly ffmpeg: string;
  readonly ffprobe: string;
}

/** Looks for ffmpeg in the folders of a search path; undefined where this machine has none. */
export function findFfmpeg(searchPath = process.env.PATH ?? ''): Ffmpeg | undefined {
  const folders = searchPath.split(delimiter).filter((folder) => folder !== '');
  const find = (name: string) => folders.map((folder) => join(folder, name)).find(isProgram);
  const [ffmpeg, ffprobe] = [find('ffmpeg'), find('ffprobe')];
  return ffmpeg === undefined || ffprobe === undefined ? undefined : { ffmpeg, ffprobe };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
